"""The candidates: every pair that breaks no rule and reaches the fit floor, or the best of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from embeddings import CachedEncoder, Encoder, PairScorer, SentenceEncoder
from matching.district import District
from matching.facts import Facts, facts_of
from matching.fit import MILLION, FitParts, Partnership, fit_parts, partnership_of
from matching.kept import Kept
from matching.learning import Learning, decisions_of, learn
from matching.policy import Policy, Weights
from matching.rules import eligible_pairs
from matching.texts import TEXT_COLUMNS, PairTexts, Texts
from matching.vocabulary import KINDS

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
    learning: Learning
    kept: Kept

    @property
    def weights(self) -> Weights:
        """The weights of the fit: the policy's, or those that the district's decisions taught."""
        return self.learning.weights

    @property
    def settled_policy(self) -> Policy:
        """The policy with these weights and nothing more to learn, for a district that differs in its offers."""
        fit = replace(self.policy.fit, weights=self.weights)
        return replace(self.policy, fit=fit, learning=replace(self.policy.learning, use=False))

    def score(self, need: Index, offer: Index) -> "ScoredPairs":
        """Return the given pairs with their text scores, parts and fit."""
        texts = self.texts.pairs(need, offer)
        parts = fit_parts(self.facts, self.partnership, texts, need, offer, self.policy.fit)
        return ScoredPairs(need, offer, texts, parts, parts.total(self.weights))


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
    earlier: Scorer | None = None,
) -> Scorer:
    """Return the scorer of a district on a date, by default with the bundled model and its cached vectors.

    Parameters
    ----------
    earlier
        That of an earlier version of the district: what depends only on what has stayed is taken from it.
    """
    kept = Kept(district, earlier.kept if earlier else None)
    facts = facts_of(district, policy.rules, on, kept)
    texts = _texts(district, encoder or CachedEncoder(SentenceEncoder()), progress, kept, earlier)
    partnership = partnership_of(district, facts, policy.fit, kept)

    def parts_of(need: Index, offer: Index) -> FitParts:
        return fit_parts(facts, partnership, texts.pairs(need, offer), need, offer, policy.fit)

    learning = learn(decisions_of(district), parts_of, policy, kept)
    return Scorer(district, facts, texts, partnership, policy, learning, kept)


def _texts(
    district: District, encoder: Encoder, progress: Progress | None, kept: Kept, earlier: Scorer | None
) -> Texts:
    before = earlier.texts if earlier else None
    if before and before.model == encoder.name and kept.are_same(TEXT_COLUMNS):
        return before
    return Texts(district, encoder, progress, earlier=before)


def find_candidates(scorer: Scorer, progress: Progress | None = None) -> Candidates:
    """Return all candidates, or beyond the policy's ``max_pairs`` the best of each need and each offer.

    The needs of a kind meet the offers of that kind, in blocks: memory grows with a block and with what is kept, not
    with needs times offers; time grows with the pairs that share a kind.
    """
    facts, settings = scorer.facts, scorer.policy.candidates
    found = _Pool(facts.num_offers, settings.max_pairs, settings.per_side)
    kinds = [(facts.needs.kind == kind, facts.offers.kinds >> kind & 1 == 1) for kind in range(len(KINDS))]
    done, num_pairs = 0, sum(int(needs.sum()) * int(offers.sum()) for needs, offers in kinds)
    for needs, offers in kinds:
        offer = np.flatnonzero(offers)
        texts = scorer.texts.with_offers(offer)
        for need in _blocks(np.flatnonzero(needs), len(offer)):
            found.add(*_block(scorer, texts, need, offer))
            done += len(need) * len(offer)
            if progress:
                progress("candidates", done / num_pairs)
    return found.candidates()


def _blocks(need: Index, num_offers: int) -> Iterator[Index]:
    """Yield as many needs at once as may meet that many offers; none where there is no offer."""
    rows = max(1, BLOCK_PAIRS // max(num_offers, 1))
    for start in range(0, len(need) if num_offers else 0, rows):
        yield need[start : start + rows]


def _block(scorer: Scorer, texts: PairScorer, needs: Index, offers: Index) -> tuple[Index, Index, Index]:
    """Return the candidates among needs and offers; the floor comes first, as it leaves the fewest pairs.

    ``texts`` scores all needs with `offers`.
    """
    scores = texts.block(needs)
    similarity = scores.similarity
    is_likely = similarity >= np.float32(scorer.policy.fit.floor)
    need, offer = eligible_pairs(scorer.facts, needs, offers, is_likely, scorer.policy.rules)
    cell = np.searchsorted(needs, need), np.searchsorted(offers, offer)
    dense, lexical, similarity = (x[cell] for x in (scores.dense, scores.lexical, similarity))
    said = PairTexts(dense, lexical, similarity, scorer.texts.priorities(need, offer))
    parts = fit_parts(scorer.facts, scorer.partnership, said, need, offer, scorer.policy.fit)
    return need, offer, parts.total(scorer.weights)


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
            wanted = fit >= self._least_of_offer[offer]
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
    if len(side) == 0:
        return np.empty(0, np.bool_)
    # Side, fit and other as the digits of one number: numpy sorts plain numbers many times faster than by three keys.
    num_others = int(other.max()) + 1
    place = (side * (MILLION + 1) + (MILLION - fit)) * num_others + other
    ordered = np.sort(place)
    end = np.cumsum(np.bincount(side))
    start = np.r_[0, end[:-1]]
    last = ordered[np.minimum(start + count, end) - 1]
    is_best: NDArray[np.bool_] = place <= last[side]
    return is_best
