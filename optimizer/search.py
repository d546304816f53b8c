"""Search for more slots under the group rules: the first level short of its bound first, strictly in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optimizer.bounds import LevelBounds
from optimizer.neighbourhood import Neighbourhood, solve
from optimizer.plan import Plan
from optimizer.problem import NUM_LEVELS, Ints, Problem, sum_by
from optimizer.repair import grow
from optimizer.rules import Rules
from optimizer.values import levels_filled

_SMALL = 3_000
"""Up to so many needs a few neighbourhoods are worth the while of a quick effort."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much work a search may do, in units that do not depend on the machine.

    Parameters
    ----------
    repairs
        Rounds of drop and reflow before the search.
    growths
        Rounds of growth by flows after the repair; one more follows each level that changed.
    tries
        Neighbourhoods in all.
    size
        Needs of a neighbourhood.
    whole_pairs
        Problems of at most so many pairs are one neighbourhood, and may be proven so.
    work, whole_work
        Deterministic time of the solver for a neighbourhood, and for a whole problem.
    """

    repairs: int
    growths: int
    tries: int
    size: int
    whole_pairs: int
    work: float
    whole_work: float


def budget_for(effort: str, num_needs: int) -> Budget:
    """Return the work of an effort for a problem of so many needs."""
    if effort == "quick":
        return Budget(3, 1, 12 if num_needs <= _SMALL else 0, 12, 150, 0.1, 0.5)
    if effort == "standard":
        return Budget(6, 3, 100 + num_needs // 30, 14, 400, 0.3, 2.0)
    return Budget(8, 6, 400 + num_needs // 3, 18, 1500, 1.0, 20.0)


@dataclass(slots=True, eq=False)
class Search:
    """The best allocation so far under all rules, and the work it took."""

    problem: Problem
    rules: Rules
    locks: Ints
    bounds: LevelBounds
    budget: Budget
    rng: np.random.Generator
    should_stop: Callable[[], bool]
    tell: Callable[[float], None]
    work: Counter[str] = field(default_factory=Counter)

    def improve(self, slots: Ints) -> Ints:
        """Return slots that keep all rules and are no worse, level by level."""
        slots = self._grow(slots, rounds=self.budget.growths)
        for level in range(NUM_LEVELS):
            self.tell(level / NUM_LEVELS)
            filled = levels_filled(self.problem, slots)
            is_whole = self.problem.num_pairs <= self.budget.whole_pairs
            has_work = is_whole or self.work["neighbourhoods"] < self.budget.tries
            if not has_work or self.should_stop() or filled[level] == self.bounds.of(filled)[level]:
                continue
            plan = Plan(self.problem, self.rules, self.locks, slots)
            if is_whole:
                self._solve_whole(plan, level)
            else:
                self._climb(plan, level)
            if (plan.slots != slots).any():
                slots = self._grow(plan.slots, rounds=1)
        return slots

    def _solve_whole(self, plan: Plan, level: int) -> None:
        """Match all needs anew in one exact model, and remember what it shows."""
        near = plan.around(np.arange(self.problem.num_needs))
        answer = solve(self.problem, self.rules, near, level, work=self.budget.whole_work)
        self.work["wholes"] += 1
        gain = _gain(self.problem, near, answer.slots)
        if gain > 0:
            plan.update(near.pairs, answer.slots)
        if answer.is_optimal:
            self.bounds.show(level, levels_filled(self.problem, plan.slots))

    def _climb(self, plan: Plan, level: int) -> None:
        """Match the short needs of one level anew, each with some that hold what it could have."""
        problem, needed = self.problem, self.problem.need_slots
        at_level = np.flatnonzero(problem.need_level == level)
        bound = int(self.bounds.of(levels_filled(problem, plan.slots))[level])
        queue: list[int] = []
        idle = 0
        for _ in range((self.budget.tries - self.work["neighbourhoods"] + 1) // 2):
            short = at_level[plan.need_filled[at_level] < needed[at_level]]
            is_done = plan.need_filled[at_level].sum() >= bound or idle > 4 * len(short)
            if is_done or self.should_stop():
                break
            queue = [need for need in queue if plan.need_filled[need] < needed[need]]
            queue = queue or self.rng.permutation(short).tolist()
            near = plan.around(plan.neighbours(queue.pop(), self.budget.size, self.rng))
            answer = solve(problem, self.rules, near, level, work=self.budget.work)
            self.work["neighbourhoods"] += 1
            gain = _gain(problem, near, answer.slots)
            idle = 0 if gain > 0 else idle + 1
            if gain >= 0:
                plan.update(near.pairs, answer.slots)

    def _grow(self, slots: Ints, *, rounds: int) -> Ints:
        """Let new matches grow by flows, as long as no level before the first that changes loses."""
        best = levels_filled(self.problem, slots).tolist()
        for _ in range(rounds):
            if self.should_stop() or best == self.bounds.of(np.array(best)).tolist():
                break
            trial = grow(self.problem, self.rules, self.locks, slots, self.rng)
            filled = levels_filled(self.problem, trial).tolist()
            self.work["growths"] += 1
            if filled >= best:
                best, slots = filled, trial
        return slots


def _gain(problem: Problem, near: Neighbourhood, slots: Ints) -> int:
    """Return the first difference by level that new slots make, positive where they are better."""
    change = sum_by(problem.need_level[problem.pair_need[near.pairs]], slots - near.slots, NUM_LEVELS)
    first = np.flatnonzero(change)
    return int(change[first[0]]) if len(first) else 0
