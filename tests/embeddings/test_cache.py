import logging
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from embeddings import CachedEncoder, SentenceEncoder, WordHashEncoder
from embeddings.cache import BATCH

TEXTS = ["Reading mentors", "", "Winter coats", "Mentores de lectura"]


class Recorder:
    """A word-hash encoder that remembers its texts, under any name, and is interrupted after some batches."""

    def __init__(self, name: str = "recorder", batches: int = 1000):
        self.name = name
        self.texts: list[str] = []
        self.batches = batches

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.batches == 0:
            raise KeyboardInterrupt
        self.batches -= 1
        self.texts.extend(texts)
        return WordHashEncoder().encode(texts)


def test_vectors_are_those_of_the_encoder_in_order(tmp_path: Path) -> None:
    cached = CachedEncoder(WordHashEncoder(), tmp_path / "new" / "vectors.sqlite")
    expected = WordHashEncoder().encode(TEXTS).tolist()
    assert cached.encode(TEXTS).tolist() == expected
    assert cached.encode(TEXTS).tolist() == expected
    assert cached.name == "word-hash-256"


def test_only_new_texts_are_embedded_and_each_once(tmp_path: Path) -> None:
    encoder = Recorder()
    CachedEncoder(encoder, tmp_path / "v").encode(TEXTS[:2])
    CachedEncoder(encoder, tmp_path / "v").encode([*TEXTS, *TEXTS])
    assert sorted(encoder.texts) == sorted(TEXTS)


def test_accents_composed_differently_are_one_text(tmp_path: Path) -> None:
    encoder = Recorder()
    CachedEncoder(encoder, tmp_path / "v").encode(["ni\u00f1os", "nin\u0303os"])
    assert encoder.texts == ["ni\u00f1os"]


def test_another_model_has_its_own_vectors(tmp_path: Path) -> None:
    other = Recorder("other")
    CachedEncoder(Recorder("one"), tmp_path / "v").encode(TEXTS)
    CachedEncoder(other, tmp_path / "v").encode(TEXTS)
    assert len(other.texts) == len(TEXTS)


def test_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    texts = [f"text {i}" for i in range(BATCH + 10)]
    with pytest.raises(KeyboardInterrupt):
        CachedEncoder(Recorder(batches=1), tmp_path / "v").encode(texts)
    rest = Recorder()
    vectors = CachedEncoder(rest, tmp_path / "v").encode(texts)
    assert len(rest.texts) == 10
    assert vectors.tolist() == WordHashEncoder().encode(texts).tolist()


def test_progress_is_told_a_batch_and_ends_at_one(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    cached = CachedEncoder(WordHashEncoder(), tmp_path / "v")
    for _ in range(2):
        cached.encode([f"{i:03}" for i in range(BATCH + BATCH // 2)], lambda *call: told.append(call))
    # All texts are equally long: the first of one and a half batches is two thirds. The second time none is new.
    assert told == [("embedding", pytest.approx(2 / 3)), ("embedding", 1.0)]


def test_no_texts_ask_nothing_of_the_encoder(tmp_path: Path) -> None:
    assert CachedEncoder(Recorder(batches=0), tmp_path / "v").encode([]).shape == (0, 0)


def test_several_writers_share_one_file(tmp_path: Path) -> None:
    def embed(start: int) -> NDArray[np.float32]:
        cached = CachedEncoder(WordHashEncoder(), tmp_path / "v")
        return np.vstack([cached.encode([f"text {i}"]) for i in range(start, start + 20)])

    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(embed, [0, 10, 20, 30]))
    unused = Recorder("word-hash-256")
    texts = [f"text {i}" for i in range(50)]
    assert (
        CachedEncoder(unused, tmp_path / "v").encode(texts).tolist()
        == WordHashEncoder().encode(texts).tolist()
    )
    assert unused.texts == []
    assert vectors[0][10:].tolist() == vectors[1][:10].tolist()


@pytest.mark.parametrize("name", ["garbage", "file/below"])
def test_unusable_cache_is_no_error(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "garbage").write_bytes(b"not a database at all" * 100)
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING, logger="embeddings.cache"):
        vectors = CachedEncoder(WordHashEncoder(), tmp_path / name).encode(TEXTS)
    assert vectors.tolist() == WordHashEncoder().encode(TEXTS).tolist()
    assert "cannot be written" in caplog.text


def test_cached_run_imports_no_model_library(tmp_path: Path) -> None:
    CachedEncoder(Recorder(SentenceEncoder().name), tmp_path / "v").encode(TEXTS)
    code = f"""
import sys
from embeddings import CachedEncoder, Search, SentenceEncoder
Search({TEXTS[1:3]!r}, CachedEncoder(SentenceEncoder(), sys.argv[1], closely=False)).top({TEXTS[:2]!r}, 2)
heavy = {{"torch", "transformers", "sentence_transformers", "tokenizers", "sklearn", "numba", "pandas"}}
print(heavy & set(sys.modules))
"""
    assert subprocess.check_output([sys.executable, "-c", code, tmp_path / "v"], text=True) == "set()\n"
