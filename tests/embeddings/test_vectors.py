"""Vectors of edited texts: what is known is not read again, and nothing is taken for another's."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from embeddings import PairScorer, WordHashEncoder
from embeddings.vectors import GRID, Vectors

TEXTS = ["reading mentors", "warm coats", "garden beds"]


class Noting:
    """A hashing encoder that notes what it reads."""

    def __init__(self, name: str = "noting") -> None:
        self.name, self.read = name, list[str]()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.read += texts
        return WordHashEncoder().encode(texts)


def test_only_new_texts_are_read() -> None:
    encoder = Noting()
    earlier = Vectors(TEXTS, encoder)
    encoder.read.clear()
    later = Vectors(["chess club", TEXTS[2], TEXTS[0], TEXTS[2]], encoder, earlier=earlier)
    assert encoder.read == ["chess club"]
    assert np.array_equal(later.parts[0][1:], earlier.parts[0][[2, 0, 2]])
    assert np.array_equal(later.parts[0][:1], Vectors(["chess club"], encoder).parts[0])


def test_the_same_texts_share_their_array() -> None:
    earlier = Vectors(TEXTS, Noting())
    assert Vectors(list(TEXTS), Noting(), earlier=earlier).parts is earlier.parts


def test_vectors_of_another_model_are_not_taken() -> None:
    encoder = Noting("another")
    Vectors(TEXTS, encoder, earlier=Vectors(TEXTS, Noting()))
    assert encoder.read == TEXTS


@pytest.mark.parametrize("num_parts", [1, 4])
def test_parts_stand_side_by_side_and_on_the_grid(num_parts: int) -> None:
    vectors = Vectors(TEXTS, Noting(), num_parts=num_parts)
    later = Vectors([*TEXTS[1:], "new"], Noting(), num_parts=num_parts, earlier=vectors)
    whole = np.concatenate(later.parts, axis=1)
    assert len(later.parts) == num_parts
    assert np.array_equal(whole, np.rint(WordHashEncoder().encode([*TEXTS[1:], "new"]) / GRID) * GRID)


@pytest.mark.parametrize("texts", [([], []), (TEXTS, []), ([], TEXTS), (TEXTS[:1], TEXTS[:2])])
def test_a_scorer_that_knows_an_earlier_one_scores_as_a_fresh_one(texts: tuple[list[str], list[str]]) -> None:
    queries, documents = texts
    earlier = PairScorer(TEXTS[::-1], TEXTS, Noting())
    fresh = PairScorer(queries, documents, Noting()).with_queries(["mentors"]).block(slice(0, 1))
    later = PairScorer(queries, documents, Noting(), earlier=earlier).with_queries(["mentors"])
    assert np.array_equal(later.block(slice(0, 1)).total, fresh.total)
