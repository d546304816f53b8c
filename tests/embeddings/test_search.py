from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from embeddings import CachedEncoder, PairScorer, Search, WordHashEncoder, top_k
from embeddings.encoder import DEFAULT_NAME, MultilingualEncoder

OFFERS = [
    "Volunteers read with third graders",
    "Winter coats for families",
    "Math tutors for middle school",
    "Winter coats for families",
    "",
]
NEEDS = ["Reading volunteers for third grade", "Coats for winter", "Math tutors", ""]


def test_total_is_two_thirds_of_cosine_and_twice_the_coverage_without_calibration() -> None:
    scores = PairScorer(["coats and boots"], ["coats", "boots boots"], WordHashEncoder()).block(slice(None))
    # Two documents, each word in one: idf = ln(1 + 1.5 / 1.5) = 0.6931. Lengths 1 and 2, average 1.5:
    # coats 0.6931 * 1 / (1 + 1.5 * (0.25 + 0.75 / 1.5)) = 0.3262, boots 0.6931 * 2 / (2 + 1.5 * 1.25) = 0.3578.
    # Both at their best are 0.6839: coverages 0.3262 / 8.6839 and 0.3578 / 8.6839.
    assert scores.lexical == pytest.approx(np.array([[0.03756, 0.04120]]), abs=1e-4)
    assert scores.total == pytest.approx((scores.dense + 2 * scores.lexical) * 2 / 3)
    assert scores.similarity.tolist() == scores.total.tolist()


def test_pairs_are_the_blocks_entries_to_the_last_bit() -> None:
    random = np.random.default_rng(5)
    words = random.choice(["read", "math", "coat", "garden", "music", "chess"], (300, 7))
    texts = [" ".join(row[: 1 + i % 7]) for i, row in enumerate(words)]
    scorer = PairScorer(texts[:100], texts[100:], WordHashEncoder())
    rows, columns = random.integers(0, 100, 9000), random.integers(0, 200, 9000)
    whole, single = scorer.block(slice(None)), scorer.pairs(rows, columns)
    assert (single.dense == whole.dense[rows, columns]).all()
    assert (single.lexical == whole.lexical[rows, columns]).all()
    part = scorer.block(slice(30, 33))
    assert (part.total == whole.total[30:33]).all()
    assert part.total.dtype == single.total.dtype == np.float32


def test_blank_texts_score_zero() -> None:
    scorer = PairScorer(NEEDS, OFFERS, WordHashEncoder())
    assert not scorer.block(slice(None)).total[3].any()
    assert not scorer.block(slice(None)).total[:, 4].any()


def test_no_queries_no_documents_and_no_pairs_are_fine() -> None:
    nothing = np.array([], np.int64)
    assert PairScorer([], OFFERS, WordHashEncoder()).block(slice(0, 5)).total.shape == (0, 5)
    assert PairScorer(NEEDS, [], WordHashEncoder()).block(slice(0, 5)).total.shape == (4, 0)
    assert PairScorer([], [], WordHashEncoder()).pairs(nothing, nothing).total.shape == (0,)


def test_other_queries_against_the_same_documents_score_as_if_they_had_been_the_first() -> None:
    scorer = PairScorer(NEEDS, OFFERS, WordHashEncoder())
    anew = PairScorer(["Math and coats"], OFFERS, WordHashEncoder()).block(slice(None))
    before = scorer.block(slice(None)).total.tolist()
    assert scorer.with_queries(["Math and coats"]).block(slice(None)).total.tolist() == anew.total.tolist()
    assert scorer.block(slice(None)).total.tolist() == before


def test_search_finds_the_offer_and_breaks_ties_by_the_lower_index() -> None:
    indices, scores = Search(OFFERS, WordHashEncoder()).top(NEEDS, 2)
    assert indices[:, 0].tolist() == [0, 1, 2, 0]
    assert indices[1].tolist() == [1, 3]
    assert scores[1, 0] == scores[1, 1]


@pytest.mark.parametrize("k", [0, 6])
def test_number_of_documents_that_cannot_be_had_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match=rf"k: must be from 1 to the 5 documents, got {k}\."):
        Search(OFFERS, WordHashEncoder()).top(NEEDS, k)


def test_search_for_nothing_finds_nothing() -> None:
    indices, scores = Search(OFFERS, WordHashEncoder()).top([], 3)
    assert indices.shape == scores.shape == (0, 3)


def test_search_reads_its_documents_once() -> None:
    encoder = Counting()
    search = Search(OFFERS, encoder)
    assert encoder.num_texts == len(OFFERS)
    first, second = search.top(NEEDS[:1], 5), search.top(NEEDS[1:], 5)
    assert encoder.num_texts == len(OFFERS) + len(NEEDS)
    together = Search(OFFERS, WordHashEncoder()).top(NEEDS, 5)
    assert np.vstack([first[0], second[0]]).tolist() == together[0].tolist()
    assert np.vstack([first[1], second[1]]).tolist() == together[1].tolist()


def test_less_than_one_best_is_refused() -> None:
    with pytest.raises(ValueError, match=r"k: must be >= 1, got 0\."):
        top_k(np.zeros((1, 2), np.float32), 0)


@given(st.lists(st.lists(st.integers(-2, 2), min_size=6, max_size=6), max_size=4), st.integers(1, 8))
def test_top_k_is_a_stable_sort_cut_off(rows: list[list[int]], k: int) -> None:
    scores = np.array(rows, np.float32).reshape(-1, 6)
    columns, values = top_k(scores, k)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert columns.tolist() == expected.tolist()
    assert values.tolist() == np.take_along_axis(scores, expected, axis=1).tolist()


class Counting(WordHashEncoder):
    """Hashed words that count the texts they were asked for."""

    num_texts = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.num_texts += len(texts)
        return super().encode(texts)


class Named(WordHashEncoder):
    """Hashed words under the bundled model's name, so that a multilingual model stands beside it."""

    name = DEFAULT_NAME

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().encode(texts)


SPANISH = [
    "Voluntarios que lean con los niños",
    "Coats for winter",
    "Abrigos para las familias en el invierno",
]


def test_spanish_need_finds_the_english_offer(tmp_path: Path) -> None:
    scores = PairScorer(SPANISH, OFFERS[:3], CachedEncoder(Named(), tmp_path / "v")).block(slice(None))
    assert scores.total.argmax(axis=1).tolist() == [0, 1, 1]
    assert scores.calibration.is_probability


def test_what_is_only_asked_for_scores_the_same_and_is_not_stored(tmp_path: Path) -> None:
    scorer = PairScorer(SPANISH, OFFERS, CachedEncoder(Named(), tmp_path / "v"))
    before = (tmp_path / "v").read_bytes()
    texts = ["Lean con los nin\u0303os", "Winter reading"]
    asked = scorer.with_queries(texts, stored=False).block(slice(None))
    assert (tmp_path / "v").read_bytes() == before
    assert asked.total.tolist() == scorer.with_queries(texts).block(slice(None)).total.tolist()
    assert (tmp_path / "v").read_bytes() != before


def test_first_spanish_query_is_scored_as_if_it_had_been_there_from_the_start(tmp_path: Path) -> None:
    encoder = CachedEncoder(Named(), tmp_path / "v")
    later = PairScorer(SPANISH[1:2], OFFERS, encoder).with_queries(SPANISH).block(slice(None))
    assert later.total.tolist() == PairScorer(SPANISH, OFFERS, encoder).block(slice(None)).total.tolist()
    assert PairScorer(SPANISH, [], encoder).block(slice(None)).total.shape == (3, 0)


def test_pairs_in_other_languages_are_the_blocks_entries_to_the_last_bit(tmp_path: Path) -> None:
    scorer = PairScorer(SPANISH, [*OFFERS, *SPANISH], CachedEncoder(Named(), tmp_path / "v"))
    rows, columns = np.divmod(np.arange(24), 8)
    whole, single = scorer.block(slice(None)), scorer.pairs(rows, columns)
    assert single.dense.tolist() == whole.dense.ravel().tolist()
    assert single.total.tolist() == whole.total.ravel().tolist()
    assert scorer.block(slice(1, 3)).total.tolist() == whole.total[1:].tolist()


def test_scores_among_some_documents_are_those_among_all_to_the_last_bit(tmp_path: Path) -> None:
    scorer = PairScorer(SPANISH, [*OFFERS, *SPANISH], CachedEncoder(Named(), tmp_path / "v"))
    rows, few = np.array([2, 0]), np.array([6, 1, 2])
    whole, part = scorer.block(slice(None)), scorer.among(few)
    assert part.block(rows).total.tolist() == whole.total[np.ix_(rows, few)].tolist()
    assert part.pairs(rows, np.array([2, 0])).total.tolist() == whole.total[rows, few[[2, 0]]].tolist()
    anew = scorer.with_queries(NEEDS).block(slice(None)).total
    assert part.with_queries(NEEDS).block(slice(None)).total.tolist() == anew[:, few].tolist()
    assert scorer.block(slice(None)).total.tolist() == whole.total.tolist()


def test_pairs_of_english_texts_do_not_change_with_spanish_ones_beside_them(tmp_path: Path) -> None:
    encoder = CachedEncoder(Named(), tmp_path / "v")
    mixed = PairScorer(SPANISH, OFFERS, encoder).block(slice(1, 2))
    assert mixed.total.tolist() == PairScorer(SPANISH[1:2], OFFERS, encoder).block(slice(None)).total.tolist()


def test_multilingual_model_is_not_loaded_for_cached_texts(tmp_path: Path) -> None:
    encoder = CachedEncoder(Named(), tmp_path / "v")
    first = PairScorer(SPANISH, OFFERS, encoder).block(slice(None)).total
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MultilingualEncoder, "encode", None)
        assert PairScorer(SPANISH, OFFERS, encoder).block(slice(None)).total.tolist() == first.tolist()


def test_cosines_to_other_vectors_are_those_of_the_texts() -> None:
    encoder = WordHashEncoder()
    texts = ["reading mentors", "math", "bus passes"]
    queries, documents = PairScorer(texts[:1], texts[1:], encoder).cosines_to(encoder.encode(texts))
    exact = encoder.encode(texts) @ encoder.encode(texts).T
    np.testing.assert_allclose(np.concatenate([queries, documents]), exact, atol=5e-3)
