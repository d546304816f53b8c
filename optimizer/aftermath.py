"""What a change does under the group rules: the needs around it are matched anew, all others stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.aims import Aims
from optimizer.bounds import LevelBounds
from optimizer.plan import Plan
from optimizer.problem import Ints, Problem, sum_by
from optimizer.repair import grow
from optimizer.rules import Rules
from optimizer.values import levels_filled

_PAIRS = 90
"""Pairs of a neighbourhood, more or less."""
_FEWEST, _MOST = 8, 16
"""Needs of a neighbourhood."""
_ROUNDS = 6
"""Neighbourhoods at most that are matched anew for more slots."""
_WORK = 0.1
"""The solver's deterministic time at most for each aim of a neighbourhood."""


@dataclass(frozen=True, slots=True, eq=False)
class Aftermath:
    """The search near a change for the best that it leaves possible.

    Parameters
    ----------
    present
        The slots before the change; as few as possible of them move.
    bounds
        What no allocation can exceed after it.
    ceiling
        What the change lets the levels reach, None where that is not known: what exceeds it is none of its doing.
    """

    problem: Problem
    rules: Rules
    locks: Ints
    present: Ints
    bounds: LevelBounds
    ceiling: Ints | None
    even: bool

    def settle(self, slots: Ints, needs: Ints) -> Ints:
        """Return slots lexicographically no worse by level than ``slots``, matched anew around ``needs``.

        Only where that leaves a level short are slots looked for far away: that moves many matches, and may fill
        levels that the change has nothing to do with.
        """
        rng = np.random.default_rng(0)
        found = self._near(slots, needs, rng)
        if not self._is_best(found):
            grown = grow(self.problem, self.rules, self.locks, slots, rng, self.present)
            found = max(found, self._near(self._allowed(grown, slots), needs, rng), key=self._worth)
        plan, size = Plan(self.problem, self.rules, self.locks, found), self._size()
        moved = np.flatnonzero(
            sum_by(self.problem.pair_need, np.abs(plan.slots - self.present), self.problem.num_needs)
        )
        for start in range(0, len(moved), size):
            self._rematch(plan, self._around(plan, moved[start : start + size], size, rng), lines=True)
        return plan.slots

    def _near(self, slots: Ints, needs: Ints, rng: np.random.Generator) -> Ints:
        """Return slots matched anew around needs, then around those that are short still."""
        plan, size = Plan(self.problem, self.rules, self.locks, slots), self._size()
        waiting = np.split(needs, range(size, len(needs), size)) if len(needs) else []
        for _ in range(_ROUNDS + len(waiting)):
            if self._is_best(plan.slots):
                break
            waiting = waiting or self._short(plan, rng)
            if not waiting:
                break
            self._rematch(plan, self._around(plan, waiting.pop(0), size, rng))
        return plan.slots

    def _allowed(self, grown: Ints, slots: Ints) -> Ints:
        """Return grown slots where they are better by level than ``slots`` and within the ceiling, else these."""
        now, then = (levels_filled(self.problem, plan).tolist() for plan in (slots, grown))
        is_allowed = then > now and (self.ceiling is None or then <= self.ceiling.tolist())
        return grown if is_allowed else slots

    def _worth(self, slots: Ints) -> tuple[list[int], int]:
        """Return what slots are chosen by: the levels up to the ceiling, then the fewest slots moved."""
        filled = levels_filled(self.problem, slots)
        counted = filled if self.ceiling is None else np.minimum(filled, self.ceiling)
        return counted.tolist(), -int(np.abs(slots - self.present).sum())

    def _is_best(self, slots: Ints) -> bool:
        filled = levels_filled(self.problem, slots)
        if self.ceiling is not None and (filled == self.ceiling).all():
            return True
        return bool((filled == self.bounds.of(filled)).all())

    def _size(self) -> int:
        pairs_each = self.problem.num_pairs / max(self.problem.num_needs, 1)
        return int(np.clip(_PAIRS / max(pairs_each, 1), _FEWEST, _MOST))

    def _short(self, plan: Plan, rng: np.random.Generator) -> list[Ints]:
        """Return the needs, each for itself, that are worth another try: short at the first level that is."""
        problem = self.problem
        filled = levels_filled(problem, plan.slots)
        wanted = self.bounds.of(filled)
        if self.ceiling is not None:
            wanted = np.where(np.cumsum(filled != self.ceiling) > 1, wanted, np.minimum(wanted, self.ceiling))
        short = np.flatnonzero(filled < wanted)
        if not len(short):
            return []
        at_level = (problem.need_level == short[0]) & (plan.need_filled < problem.need_slots)
        return [np.array([need]) for need in rng.permutation(np.flatnonzero(at_level))]

    def _around(self, plan: Plan, needs: Ints, size: int, rng: np.random.Generator) -> Ints:
        """Return ``needs`` and needs that hold slots of partners they may have, at random but the nearest first."""
        problem, chosen, ring = self.problem, needs, needs
        while len(chosen) < size and len(ring):
            offers = np.unique(problem.pair_offer[plan.by_need.entries(ring)])
            offers = plan.by_partner.entries(np.unique(plan.offer_partner[offers]))
            pairs = plan.by_offer.entries(offers)
            holders = np.setdiff1d(problem.pair_need[pairs[plan.slots[pairs] > 0]], chosen)
            ring = rng.permutation(holders)[: size - len(chosen)]
            chosen = np.union1d(chosen, ring)
        return np.unique(chosen)

    def _rematch(self, plan: Plan, needs: Ints, *, lines: bool = False) -> None:
        near = plan.around(needs)
        if not len(near.pairs):
            return
        aims = Aims(self.problem, self.rules, near, plan.slots, _WORK)
        aims.fill(self.ceiling)
        aims.stay(self.present)
        if lines:
            if self.even:
                aims.spread()
            aims.fit()
        plan.update(near.pairs, aims.slots[near.pairs])
