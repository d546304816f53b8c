"""The real model: the only tests that import torch, through one encoder."""

from pathlib import Path

import numpy as np
import pytest

from embeddings import CachedEncoder, Search, SentenceEncoder
from embeddings.encoder import installed_model

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


def test_model_in_a_folder_gives_its_vectors(encoder: SentenceEncoder, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    folder.symlink_to(installed_model(), target_is_directory=True)
    copy = SentenceEncoder(str(folder))
    assert copy.name != encoder.name
    np.testing.assert_allclose(copy.encode(OFFERS), encoder.encode(OFFERS), atol=1e-6)
