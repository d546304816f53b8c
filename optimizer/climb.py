"""From one allocation under the group rules to a better one that takes few slots from incumbents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.aims import Aims
from optimizer.allocation import Progress
from optimizer.bounds import LevelBounds
from optimizer.plan import Plan
from optimizer.problem import NUM_LEVELS, Ints, Problem
from optimizer.rules import Rules
from optimizer.values import levels_filled

_SIZE = 10
"""Needs of a neighbourhood."""
_WORK = 0.1
"""The solver's deterministic time at most for each aim of a neighbourhood."""


@dataclass(frozen=True, slots=True, eq=False)
class Climb:
    """A search from neighbourhood to neighbourhood that fills levels in order and then lets incumbents stay.

    Parameters
    ----------
    incumbent
        Slots of each pair already running.
    bounds
        What no allocation can exceed at each level.
    tries
        Neighbourhoods at most for each level.
    """

    problem: Problem
    rules: Rules
    locks: Ints
    incumbent: Ints
    bounds: LevelBounds
    tries: int
    even: bool
    seed: int

    def fill(self, slots: Ints, max_moves: int, progress: Progress | None = None) -> Ints:
        """Return slots lexicographically no worse by level, with at most ``max_moves`` taken from incumbents."""
        plan = Plan(self.problem, self.rules, self.locks, slots)
        rng = np.random.default_rng(self.seed)
        for level in range(NUM_LEVELS):
            self._fill_level(plan, level, max_moves, rng)
            if progress:
                progress("moves", (level + 1) / NUM_LEVELS)
        return self._settled(plan, slots, max_moves, rng)

    def stay(self, slots: Ints) -> Ints:
        """Return slots no worse by level that take fewer from incumbents, where some are found."""
        plan = Plan(self.problem, self.rules, self.locks, slots)
        rng = np.random.default_rng(self.seed)
        taken = np.maximum(self.incumbent - slots, 0)
        most = int(taken.sum())
        no_steps = np.zeros(self.problem.num_needs, np.int64)
        for need in np.unique(self.problem.pair_need[taken > 0]).tolist():
            self._rematch(plan, plan.neighbours(need, _SIZE, rng, no_steps), most)
        return self._settled(plan, slots, most, rng)

    def _fill_level(self, plan: Plan, level: int, max_moves: int, rng: np.random.Generator) -> None:
        problem = self.problem
        at_level = np.flatnonzero(problem.need_level == level)
        queue: list[int] = []
        idle = 0
        for _ in range(self.tries):
            short = at_level[plan.need_filled[at_level] < problem.need_slots[at_level]]
            filled = levels_filled(problem, plan.slots)
            if filled[level] >= self.bounds.of(filled)[level] or idle > len(short):
                return
            queue = queue or rng.permutation(short).tolist()
            near = plan.neighbours(queue.pop(), _SIZE, rng, plan.steps_to_spare(level))
            idle = 0 if self._rematch(plan, near, max_moves) else idle + 1

    def _settled(self, plan: Plan, before: Ints, max_moves: int, rng: np.random.Generator) -> Ints:
        """Return the plan with what has changed spread evenly and by fit, levels and moves kept."""
        changed = np.unique(self.problem.pair_need[plan.slots != before])
        for start in range(0, len(changed), _SIZE):
            self._rematch(plan, changed[start : start + _SIZE], max_moves, lines=True)
        return plan.slots

    def _rematch(self, plan: Plan, needs: Ints, max_moves: int, *, lines: bool = False) -> bool:
        """Match needs anew and return whether a level gained."""
        near = plan.around(needs)
        if not len(near.pairs):
            return False
        before = plan.slots.copy()
        aims = Aims(self.problem, self.rules, near, plan.slots, _WORK)
        aims.limit_moves(self.incumbent, max_moves)
        aims.fill(None)
        aims.stay(before)
        if lines:
            if self.even:
                aims.spread()
            aims.fit()
        plan.update(near.pairs, aims.slots[near.pairs])
        filled = [levels_filled(self.problem, one).tolist() for one in (plan.slots, before)]
        return bool(filled[0] > filled[1])
