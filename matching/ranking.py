"""The best of a list of pairs, and the most similar of those that a rule keeps apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from matching.candidates import ScoredPairs, Scorer
from matching.facts import Facts
from matching.fit import FitParts, fit_parts
from matching.occupancy import Occupancy
from matching.rules import PAIR_RULES
from matching.texts import PairTexts
from matching.vocabulary import Rule

Index = NDArray[np.int64]
Bools = NDArray[np.bool_]
Scores = NDArray[np.float32]
Broken = Mapping[Rule, Bools]

NEAR_MISSES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs that share a kind of help, with the scores of their texts, arrays of shape ``(num_pairs,)``.

    ``priorities`` gives the needs' similarity to the partners' own priorities, for the pairs in some rows.
    """

    facts: Facts
    need: Index
    offer: Index
    dense: Scores
    lexical: Scores
    similarity: Scores
    priorities: Callable[[Index], Scores]

    def among(self, rows: Index) -> "Pairs":
        """Return the pairs in these rows alone."""
        return Pairs(
            facts=self.facts,
            need=self.need[rows],
            offer=self.offer[rows],
            dense=self.dense[rows],
            lexical=self.lexical[rows],
            similarity=self.similarity[rows],
            priorities=lambda some: self.priorities(rows[some]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The best pairs, best first, with the group rules that block each, and the near misses with all their rules."""

    best: ScoredPairs
    blocked_by: Sequence[tuple[Rule, ...]]
    missed_need: Index
    missed_offer: Index
    missed_similarity: Scores
    missed_rules: Sequence[tuple[Rule, ...]]


def rank_offers(scorer: Scorer, occupancy: Occupancy, pairs: Pairs, limit: int) -> Ranking:
    """Return the best pairs of one need. That its own slots are all filled would block all of them and is left out."""
    return _ranked(scorer, occupancy, pairs, limit, of_one_need=True)


def rank_needs(scorer: Scorer, occupancy: Occupancy, pairs: Pairs, limit: int) -> Ranking:
    """Return the best pairs of different needs."""
    return _ranked(scorer, occupancy, pairs, limit, of_one_need=False)


def _ranked(scorer: Scorer, occupancy: Occupancy, pairs: Pairs, limit: int, *, of_one_need: bool) -> Ranking:
    broken = _broken(scorer, pairs)
    is_allowed = ~np.logical_or.reduce(list(broken.values()))
    rows = np.flatnonzero(is_allowed)
    allowed = _scored(scorer, pairs, rows)
    blocks = dict(occupancy.blocks(pairs.facts, allowed.need, allowed.offer))
    if of_one_need:
        del blocks[Rule.NEED_SLOTS]
    is_blocked = np.logical_or.reduce(list(blocks.values()))
    # Stable, so ties stay in the order of the tables.
    order = np.lexsort((-allowed.fit, is_blocked))
    best = (order if of_one_need else _first_of_each(allowed.need, order))[:limit]

    is_apart = ~is_allowed
    is_apart[rows] = is_blocked
    is_apart[rows[best]] = False
    if of_one_need:
        missed = _most_similar(pairs, is_apart, NEAR_MISSES)
    else:
        is_apart &= ~np.isin(pairs.need, allowed.need[best])
        num_offers = len(np.unique(pairs.offer))
        missed = _first_of_each(pairs.need, _most_similar(pairs, is_apart, NEAR_MISSES * num_offers))
    missed = missed[: min(limit, NEAR_MISSES)]
    in_way = dict(broken) | {rule: _spread(blocked, rows, len(is_apart)) for rule, blocked in blocks.items()}
    return Ranking(
        best=_taken(allowed, best),
        blocked_by=_rules_at(blocks, best),
        missed_need=pairs.need[missed],
        missed_offer=pairs.offer[missed],
        missed_similarity=pairs.similarity[missed],
        missed_rules=_rules_at(in_way, missed),
    )


def _broken(scorer: Scorer, pairs: Pairs) -> Broken:
    """Return for each rule which pairs break it; all are of the same kind."""
    rules = scorer.policy.rules
    broken: dict[Rule, Bools] = {
        rule: ~allows(pairs.facts, pairs.need, pairs.offer, rules)
        for rule, allows in PAIR_RULES.items()
        if rule is not Rule.KIND
    }
    return broken | {Rule.FIT_FLOOR: pairs.similarity < np.float32(scorer.policy.fit.floor)}


def _scored(scorer: Scorer, pairs: Pairs, rows: Index) -> ScoredPairs:
    """Return the pairs in these rows with their fit."""
    need, offer = pairs.need[rows], pairs.offer[rows]
    texts = PairTexts(pairs.dense[rows], pairs.lexical[rows], pairs.similarity[rows], pairs.priorities(rows))
    parts = fit_parts(pairs.facts, scorer.partnership, texts, need, offer, scorer.policy.fit)
    return ScoredPairs(need, offer, texts, parts, parts.total(scorer.weights))


def _most_similar(pairs: Pairs, mask: Bools, count: int) -> Index:
    """Return the rows of at least `count` pairs where the mask holds, most similar first, ties by the lower row."""
    rows = np.flatnonzero(mask)
    if len(rows) > count:
        similarity = pairs.similarity[rows]
        rows = rows[similarity >= np.partition(similarity, -count)[-count]]
    return rows[np.argsort(-pairs.similarity[rows], kind="stable")]


def _taken(pairs: ScoredPairs, rows: Index) -> ScoredPairs:
    texts = PairTexts(*(getattr(pairs.texts, side.name)[rows] for side in fields(PairTexts)))
    parts = FitParts(*(getattr(pairs.parts, part.name)[rows] for part in fields(FitParts)))
    return ScoredPairs(pairs.need[rows], pairs.offer[rows], texts, parts, pairs.fit[rows])


def _first_of_each(need: Index, order: Index) -> Index:
    """Return an order of pairs with the first of each need alone."""
    _, first = np.unique(need[order], return_index=True)
    return order[np.sort(first)]


def _spread(mask: Bools, rows: Index, size: int) -> Bools:
    spread = np.zeros(size, dtype=bool)
    spread[rows] = mask
    return spread


def _rules_at(masks: Broken, rows: Index) -> list[tuple[Rule, ...]]:
    return [tuple(rule for rule, mask in masks.items() if mask[row]) for row in rows.tolist()]
