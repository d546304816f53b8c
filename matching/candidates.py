"""The candidates: every pair that breaks no rule and reaches the fit floor, or the best of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from embeddings import CachedEncoder, Encoder, SentenceEncoder
from matching.district import District
from matching.facts import Facts, facts_of
from matching.fit import FitParts, Partnership, fit_parts, partnership_of
from matching.policy import Policy
from matching.rules import eligible_pairs
from matching.texts import PairTexts, Texts

Index = NDArray[np.int64]
Progress = Callable[[str, float], None]

ALL = "all"
"""What the bounds hold for where the problem holds every candidate."""
BLOCK_PAIRS = 8_000_000
"""Pairs judged at once: bounds the memory of the search, about 50 bytes a pair."""


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """Everything that gives a pair of a district its fit."""

    district: District
    facts: Facts
    texts: Texts
    partnership: Partnership
    policy: Policy

    def score(self, need: Index, offer: Index) -> "ScoredPairs":
        """Return the given pairs with their text scores, parts and fit."""
        texts = self.texts.pairs(need, offer)
        parts = fit_parts(self.facts, self.partnership, texts, need, offer, self.policy.fit)
        return ScoredPairs(need, offer, texts, parts, parts.total(self.policy.fit.weights))


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPairs:
    """Pairs with their scores, arrays of shape ``(num_pairs,)``; ``fit`` in millionths."""

    need: Index
    offer: Index
    texts: PairTexts
    parts: FitParts
    fit: Index


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The pairs that the optimizer may use, ordered by need, then offer.

    ``bounds_over`` tells what the bounds hold for: ``all`` candidates or the ``k best`` a side.
    """

    need: Index
    offer: Index
    fit: Index
    bounds_over: str


def scorer_of(
    district: District,
    policy: Policy,
    on: date,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> Scorer:
    """Return the scorer of a district on a date, by default with the bundled model and its cached vectors."""
    facts = facts_of(district, policy.rules, on)
    texts = Texts(district, encoder or CachedEncoder(SentenceEncoder()), progress)
    return Scorer(district, facts, texts, partnership_of(district, facts, policy.fit), policy)


def find_candidates(scorer: Scorer, progress: Progress | None = None) -> Candidates:
    """Return all candidates, or beyond the policy's ``max_pairs`` the best of each need and each offer.

    The needs are worked off in blocks, so that memory grows with a block and with what is kept, not with
    needs times offers; time grows with the pairs that share a kind and a grade.
    """
    facts, settings = scorer.facts, scorer.policy.candidates
    rows = max(1, BLOCK_PAIRS // max(facts.num_offers, 1))
    found = _Pool(facts.num_offers, settings.max_pairs, settings.per_side)
    for start in range(0, facts.num_needs, rows):
        stop = min(start + rows, facts.num_needs)
        found.add(*_block(scorer, start, stop))
        if progress:
            progress("candidates", stop / facts.num_needs)
    return found.candidates()


def _block(scorer: Scorer, start: int, stop: int) -> tuple[Index, Index, Index]:
    """Return the candidates of needs `start` to `stop`; the floor comes first, as it leaves the fewest pairs."""
    scores = scorer.texts.block(start, stop)
    similarity = scores.similarity
    is_likely = similarity >= np.float32(scorer.policy.fit.floor)
    need, offer = eligible_pairs(scorer.facts, np.arange(start, stop), is_likely, scorer.policy.rules)
    dense, lexical, similarity = (x[need - start, offer] for x in (scores.dense, scores.lexical, similarity))
    texts = PairTexts(dense, lexical, similarity, scorer.texts.priorities(need, offer))
    parts = fit_parts(scorer.facts, scorer.partnership, texts, need, offer, scorer.policy.fit)
    return need, offer, parts.total(scorer.policy.fit.weights)


class _Pool:
    """Pairs found so far: all of them while they fit, then the best of each side."""

    def __init__(self, num_offers: int, max_pairs: int, per_side: int) -> None:
        self._max_pairs, self._per_side = max_pairs, per_side
        self._blocks: list[tuple[Index, Index, Index]] = []
        self._num_held = 0
        self._holds_all = True
        self._least_of_offer = np.full(num_offers, -1, dtype=np.int64)

    def add(self, need: Index, offer: Index, fit: Index) -> None:
        """Take a block's pairs in; once there are too many, drop what is among the best of neither side.

        All pairs of a need come in one block, so the best of each need are known at once; of an offer's, those that
        do not reach the least of its best so far can be left out.
        """
        if not self._holds_all:
            wanted = fit > self._least_of_offer[offer]
            wanted |= _is_among_best(need, offer, fit, self._per_side)
            need, offer, fit = need[wanted], offer[wanted], fit[wanted]
        self._blocks.append((need, offer, fit))
        self._num_held += len(need)
        if self._num_held > self._max_pairs:
            self._holds_all = False
            self._prune()

    def candidates(self) -> Candidates:
        """Return what the pool holds, ordered by need, then offer."""
        if not self._holds_all:
            self._prune()
        need, offer, fit = self._joined()
        order = np.lexsort((offer, need))
        bounds_over = ALL if self._holds_all else f"{self._per_side} best"
        return Candidates(need[order], offer[order], fit[order], bounds_over)

    def _prune(self) -> None:
        need, offer, fit = self._joined()
        best_of_offer = _is_among_best(offer, need, fit, self._per_side)
        kept = best_of_offer | _is_among_best(need, offer, fit, self._per_side)
        full = np.bincount(offer[best_of_offer], minlength=len(self._least_of_offer)) == self._per_side
        least = np.full(len(self._least_of_offer), np.iinfo(np.int64).max)
        np.minimum.at(least, offer[best_of_offer], fit[best_of_offer])
        self._least_of_offer = np.where(full, least, -1)
        self._blocks = [(need[kept], offer[kept], fit[kept])]
        self._num_held = int(kept.sum())

    def _joined(self) -> tuple[Index, Index, Index]:
        empty = np.empty(0, dtype=np.int64)
        columns = zip(*self._blocks, strict=True) if self._blocks else [(empty,)] * 3
        need, offer, fit = (np.concatenate(column) for column in columns)
        return need, offer, fit


def _is_among_best(side: Index, other: Index, fit: Index, count: int) -> NDArray[np.bool_]:
    """Whether each pair is among the `count` fittest of its `side`; ties go to the lower index of the other."""
    order = np.lexsort((other, -fit, side))
    ordered = side[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.empty(0, int)
    rank = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    best = np.empty(len(ordered), dtype=bool)
    best[order] = rank < count
    return best
