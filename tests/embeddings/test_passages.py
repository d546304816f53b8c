"""The real model, read passage by passage."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from embeddings import CachedEncoder, PairScorer, SentenceEncoder, WordHashEncoder, search
from embeddings.passages import NUM_PASSAGES, PassageEncoder

FILLER = (
    "Our parish runs a food pantry, a thrift shop, a choir, a prayer group and a yearly bazaar for the poor. "
)
LONG = FILLER + "On Tuesdays two engineers teach teenagers to build and program robots. " + FILLER
OFFERS = [LONG, FILLER * 2, "Winter coats", ""]
NEEDS = ["robotics club", "coats for winter", "Una despensa para las familias"]


@pytest.fixture(scope="module")
def encoder() -> PassageEncoder:
    return PassageEncoder()


def blocks(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors.reshape(len(vectors), 1 + NUM_PASSAGES, -1)


def test_first_vector_is_that_of_the_whole_text(encoder: PassageEncoder) -> None:
    texts = [*OFFERS, "word " * 600]
    whole = blocks(encoder.encode(texts))[:, 0]
    np.testing.assert_allclose(whole, SentenceEncoder().encode(texts), atol=1e-5)


def test_a_text_has_a_passage_for_eight_tokens_at_most_eight(encoder: PassageEncoder) -> None:
    texts = ["Winter coats", "reading " * 20, "reading " * 300, "", "of the"]
    lengths = np.linalg.norm(blocks(encoder.encode(texts))[:, 1:], axis=2)
    # Twenty words are twenty tokens: two passages. Stop words alone say nothing.
    assert (lengths > 0).sum(axis=1).tolist() == [1, 2, 8, 0, 0]
    np.testing.assert_allclose(lengths[lengths > 0], 1, atol=1e-5)


def test_what_a_text_says_in_passing_stands_out_in_one_passage(encoder: PassageEncoder) -> None:
    cosines = blocks(encoder.encode([LONG]))[0, 1:] @ SentenceEncoder().encode(["robotics club"])[0]
    second, best = np.sort(cosines)[-2:]
    # The robots stand in the middle of the text.
    assert cosines.argmax() in (3, 4)
    assert best > second + 0.1


def test_cosine_is_the_mean_of_the_whole_and_the_best_passage(tmp_path: Path) -> None:
    cached = CachedEncoder(SentenceEncoder(), tmp_path / "v")
    close = PairScorer(NEEDS[:2], OFFERS, cached).block(slice(None))
    cosines = np.einsum("qd,opd->qop", cached.encode(NEEDS[:2]), blocks(PassageEncoder().encode(OFFERS)))
    expected = (cosines[..., 0] + cosines[..., 1:].max(axis=2)) / 2
    np.testing.assert_allclose(close.dense, expected, atol=5e-3)
    assert close.calibration.is_probability


def test_pairs_read_closely_are_the_blocks_entries_to_the_last_bit(tmp_path: Path) -> None:
    scorer = PairScorer(NEEDS, OFFERS, CachedEncoder(SentenceEncoder(), tmp_path / "v"))
    whole = scorer.block(slice(None))
    single = scorer.pairs(*np.divmod(np.arange(12), 4))
    assert single.dense.tolist() == whole.dense.ravel().tolist()
    assert single.total.tolist() == whole.total.ravel().tolist()
    some = np.array([2, 0])
    assert scorer.among(some).block(slice(None)).total.tolist() == whole.total[:, some].tolist()


def test_as_many_documents_as_a_state_has_are_compared_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = PairScorer(NEEDS, OFFERS, CachedEncoder(SentenceEncoder(), tmp_path / "v", closely=False))
    monkeypatch.setattr(search, "MOST_READ_CLOSELY", 3)
    many = PairScorer(NEEDS, OFFERS, CachedEncoder(SentenceEncoder(), tmp_path / "v"))
    assert many.block(slice(None)).total.tolist() == plain.block(slice(None)).total.tolist()
    assert many.calibration.is_probability


def test_only_the_bundled_model_reads_closely(tmp_path: Path) -> None:
    assert CachedEncoder(WordHashEncoder(), tmp_path / "v").close is None
    assert CachedEncoder(SentenceEncoder(), tmp_path / "v", closely=False).close is None
