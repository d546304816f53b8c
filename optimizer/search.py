"""Search for more slots under the group rules: the first level short of its bound first, strictly in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optimizer.bounds import LevelBounds
from optimizer.mip import prove
from optimizer.neighbourhood import Neighbourhood, solve
from optimizer.plan import Plan
from optimizer.problem import NUM_LEVELS, Ints, Problem, sum_by
from optimizer.repair import grow
from optimizer.rules import Rules
from optimizer.values import levels_filled

_SMALL = 3_000
"""With more needs the flows alone take all the time that is meant for a quick effort."""
_SHARE = 0.6
"""Share of the work left that a level may take for its neighbourhoods."""
PAIR_WORK = 1e-4
"""What a pair of a neighbourhood costs, mostly to build its model."""
SOLVER_WORK = 1.8
"""What a unit of the solver's deterministic time costs."""

_FEWEST_NODES = 200
"""A smaller tree settles little, and most of its time goes to the first node."""
_IDLE = 2
"""Tries at each short need without a gain that end a climb, or widen it."""
_WIDEST = 4
"""How many times the size of its first neighbourhoods a level may come to."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much work a search may do, in units that do not depend on the machine.

    Parameters
    ----------
    repairs
        Rounds of drop and reflow before the search.
    growths
        Rounds of growth by flows after the repair; one more follows each level that changed.
    work
        Work of all neighbourhoods, about a second each unit; a level may take a share of what is left.
    size
        Needs of a neighbourhood.
    solver_work
        The solver's deterministic time at most for a neighbourhood.
    bounded_pairs, whole_pairs
        A level is bounded by a linear program, or solved whole, where it and the levels before it have at most
        so many pairs.
    nodes
        Nodes of the search trees of all levels solved whole; a level may take most of what is left.
    line_work
        Work of the neighbourhoods of each line after the levels.
    """

    repairs: int
    growths: int
    work: float
    size: int
    solver_work: float
    bounded_pairs: int
    whole_pairs: int
    nodes: int
    line_work: float = 0.0


def budget_for(effort: str, problem: Problem) -> Budget:
    """Return the work of an effort for a problem of this size."""
    needs, pairs = problem.num_needs, problem.num_pairs
    if effort == "quick":
        work = 0.5 if needs <= _SMALL else 0.0
        return Budget(3, 1, work, 10, 0.1, 600, 150, 600)
    if effort == "standard":
        work = min(1.0 + pairs / 1_600, 0.2 + needs / 120, 30.0 + needs / 400)
        return Budget(6, 3, work, 10, 0.3, 1_500, 1_500, 1_500, line_work=work / 7)
    work = 40.0 + needs / 20
    return Budget(8, 6, work, 18, 1.0, 6_000, 4_000, 20_000, line_work=work / 4)


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
    tell: Callable[[float, Ints], None]
    work: Counter[str] = field(default_factory=Counter)
    spent: float = 0.0
    is_stuck: bool = False

    def improve(self, slots: Ints) -> Ints:
        """Return slots that keep all rules and are no worse, level by level."""
        slots = self._grow(slots, slots, rounds=self.budget.growths)
        for level in range(NUM_LEVELS):
            self.tell(level / NUM_LEVELS, slots)
            before = slots
            for improve_level in (self._bound, self._climb, self._solve_whole, self._climb_wide):
                if self._is_short(slots, level) and not self.should_stop():
                    slots = improve_level(slots, level)
            if (slots != before).any():
                slots = self._grow(slots, before, rounds=1)
        return slots

    def bound(self, slots: Ints) -> None:
        """Bound all levels that are short of their bounds: an earlier one may have gained since that was done."""
        for level in range(NUM_LEVELS):
            if self._is_short(slots, level) and not self.should_stop():
                self._bound(slots, level)

    def _is_short(self, slots: Ints, level: int) -> bool:
        filled = levels_filled(self.problem, slots)
        return bool(filled[level] < self.bounds.of(filled)[level])

    def _bound(self, slots: Ints, level: int) -> Ints:
        """Bound the level by its linear program, which finds no slots."""
        if not self.bounds.is_shown(level, levels_filled(self.problem, slots)):
            self._prove(slots, level, most_pairs=self.budget.bounded_pairs, nodes=0)
        return slots

    def _solve_whole(self, slots: Ints, level: int) -> Ints:
        """Match all needs up to ``level`` anew in one exact model, and remember what it shows.

        Where that gains slots, the later levels lose all but their locks. After a level that could not be
        settled the later ones, with larger models, are not tried.
        """
        nodes = 0 if self.is_stuck else (self.budget.nodes - self.work["nodes"]) * 5 // 6
        if nodes >= _FEWEST_NODES:
            slots = self._prove(slots, level, most_pairs=self.budget.whole_pairs, nodes=nodes)
            self.is_stuck = self._is_short(slots, level)
        return slots

    def _prove(self, slots: Ints, level: int, *, most_pairs: int, nodes: int) -> Ints:
        problem = self.problem
        is_later = (problem.need_level > level)[problem.pair_need]
        plan = Plan(problem, self.rules, self.locks, np.where(is_later, self.locks, slots))
        near = plan.around(np.flatnonzero(problem.need_level <= level))
        if not 0 < len(near.pairs) <= most_pairs:
            return slots
        proof = prove(problem, self.rules, near, level, nodes=nodes)
        self.work["programs"] += 1
        self.work["nodes"] += proof.nodes
        if proof.slots is not None and _gain(problem, near, proof.slots) > 0:
            plan.update(near.pairs, proof.slots)
            slots = self._grow(plan.slots, slots, rounds=self.budget.growths)
        if proof.bound is not None:
            self.bounds.show(level, levels_filled(problem, slots), proof.bound)
        return slots

    def _climb_wide(self, slots: Ints, level: int) -> Ints:
        """Climb on in neighbourhoods that become larger where nothing is gained at any short need."""
        return self._climb(slots, level, widest=_WIDEST)

    def _climb(self, slots: Ints, level: int, *, widest: int = 1) -> Ints:
        """Match the short needs of one level anew, each with some that hold what it could have."""
        problem, needed = self.problem, self.problem.need_slots
        plan = Plan(problem, self.rules, self.locks, slots)
        at_level = np.flatnonzero(problem.need_level == level)
        bound = int(self.bounds.of(levels_filled(problem, slots))[level])
        end = self.spent + (self.budget.work - self.spent) * _SHARE
        queue: list[int] = []
        steps = problem.need_level
        size, idle = self.budget.size, 0
        while self.spent < end and size <= widest * self.budget.size and not self.should_stop():
            short = at_level[plan.need_filled[at_level] < needed[at_level]]
            if plan.need_filled[at_level].sum() >= bound:
                break
            while queue and plan.need_filled[queue[-1]] == needed[queue[-1]]:
                queue.pop()
            if not queue:
                queue, steps = self.rng.permutation(short).tolist(), plan.steps_to_spare(level)
            needs = plan.neighbours(queue.pop(), size, self.rng, steps)
            gain = self._rematch(plan, plan.around(needs), level)
            idle = 0 if gain > 0 else idle + 1
            if idle > _IDLE * len(short):
                size, idle = size + (size + 1) // 2, 0
        return plan.slots

    def _rematch(self, plan: Plan, near: Neighbourhood, level: int) -> int:
        """Solve one neighbourhood, and return what it gains."""
        answer = solve(self.problem, self.rules, near, level, work=self.budget.solver_work)
        self.work["neighbourhoods"] += 1
        self.spent += SOLVER_WORK * answer.work + PAIR_WORK * len(near.pairs)
        gain = _gain(self.problem, near, answer.slots)
        if gain >= 0:
            plan.update(near.pairs, answer.slots)
        return gain

    def _grow(self, slots: Ints, liked: Ints, *, rounds: int) -> Ints:
        """Let new matches grow by flows, as long as no level before the first that changes loses."""
        best = levels_filled(self.problem, slots).tolist()
        for _ in range(rounds):
            if self.should_stop() or best == self.bounds.of(np.array(best)).tolist():
                break
            trial = grow(self.problem, self.rules, self.locks, slots, self.rng, liked)
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
