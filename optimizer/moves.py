"""What each number of moves reaches: plans that take at most so many slots from incumbents.

Without group rules every level is exact: the fewest moves that a total of a level asks for, earlier totals being fixed,
is a minimum-cost flow and convex in the total, so the largest total within the budget is found by bisection. With
group rules that network tells which incumbents are worth moving and bounds every level; the search then matches the
rest anew around the incumbents that stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from optimizer.allocation import Allocation, Level, Line
from optimizer.bounds import LevelBounds, most_alone
from optimizer.climb import Climb
from optimizer.faces import face, least_cost
from optimizer.incumbents import fitting_incumbents
from optimizer.levels import fill_level, fill_levels
from optimizer.lines import fittest, line_bounds, with_incumbents
from optimizer.locks import fitting_locks
from optimizer.network import Network, flow_of
from optimizer.problem import NUM_LEVELS, Ints, Problem
from optimizer.rules import Rules, group_rules
from optimizer.runs import face_of, least_uneven
from optimizer.solve import Effort, Progress, allocate
from optimizer.usable import usable_network, usable_slots
from optimizer.values import even_value, fit_value, keep_value, levels_filled

_TRIES: Mapping[Effort, int] = {"quick": 20, "standard": 60, "thorough": 300}
"""Neighbourhoods at most for each level and point."""
_MOST_AFRESH = 3_000
"""With more needs the plan without a limit too starts from the incumbents, and nothing is matched afresh."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The best plan found that takes at most ``max_moves`` slots from incumbents.

    The bounds of its levels and lines hold for all plans within that budget.
    """

    max_moves: int
    allocation: Allocation


@dataclass(frozen=True, slots=True, eq=False)
class _Budgets:
    """A problem with incumbents that fit, and its network with the slots of incumbents on arcs of their own.

    Each of these, ``kept``, stands for the incumbent of a pair and costs -1 a slot, so that a least-cost flow of
    ``split`` takes the fewest slots from incumbents.
    """

    problem: Problem
    incumbent: Ints
    locks: Ints
    rules: Rules
    network: Network
    split: Network
    cost: Ints

    @classmethod
    def of(cls, problem: Problem) -> _Budgets:
        incumbent = np.zeros(problem.num_pairs, np.int64)
        if problem.pair_incumbent is not None:
            incumbent = problem.pair_incumbent
        if (fitting_incumbents(problem) < incumbent).any():
            raise ValueError(
                "pair_incumbent: expected incumbents that keep all rules; see fitting_incumbents."
            )
        locks = fitting_locks(problem)
        rules = group_rules(problem, locks)
        network = usable_network(problem, rules, locks, usable_slots(problem, rules, locks))
        split, cost = with_incumbents(network, incumbent)
        return cls(problem, incumbent, locks, rules, network, split, cost)

    def moves(self, flow: Ints) -> int:
        """Return the slots that a flow takes from incumbents."""
        return int(self.incumbent.sum() + self.cost @ flow)

    def flow(self, slots: Ints) -> Ints:
        """Return the flow of ``split`` that gives each pair these slots."""
        flow = flow_of(self.network, self.problem, slots)
        arcs = self.network.at.pairs[self.incumbent[self.network.pair] > 0]
        kept = np.minimum(
            flow[arcs], self.incumbent[self.network.pair[self.incumbent[self.network.pair] > 0]]
        )
        flow[arcs] -= kept
        return np.concatenate([flow, kept])

    def raise_level(self, network: Network, flow: Ints, level: int, max_moves: int) -> Ints:
        """Return a flow with the most slots at ``level`` within the moves, from one within them.

        ``network`` is ``split`` with the totals of earlier levels fixed.
        """
        arc, grown = network.at.levels[level], flow.copy()
        fill_level(network, grown, level)
        least, most = int(flow[arc]), int(grown[arc])
        total = most
        while least < most:
            trial = least_cost(_fix(network, level, total), self.cost)
            if self.moves(trial) <= max_moves:
                flow, least = trial, total
            else:
                most = total - 1
            total = (least + most + 1) // 2
        return flow

    def best(self, max_moves: int) -> tuple[Network, Ints]:
        """Return the flow with the lexicographically most slots by level, and ``split`` with its totals fixed."""
        network, flow = self.split, least_cost(self.split, self.cost)
        for level in range(NUM_LEVELS):
            flow = self.raise_level(network, flow, level, max_moves)
            network = _fix(network, level, int(flow[network.at.levels[level]]))
        return network, flow

    def bounds(self, slots: Ints, max_moves: int) -> Ints:
        """Return what no plan within the moves can exceed at each level, given what ``slots`` fill before it."""
        network, flow = self.split, self.flow(slots)
        bounds = np.zeros(NUM_LEVELS, np.int64)
        for level, arc in enumerate(network.at.levels):
            bounds[level] = self.raise_level(network, flow, level, max_moves)[arc]
            network = _fix(network, level, int(flow[arc]))
        return bounds


def allocate_within(
    problem: Problem,
    max_moves: int | None,
    *,
    even: bool = True,
    effort: Effort = "standard",
    seed: int = 0,
    progress: Progress | None = None,
) -> Allocation:
    """Return the best allocation found that takes at most ``max_moves`` slots from incumbents.

    Parameters are those of `allocate`. Without group rules it is exact. With None there is no limit, but nothing moves
    unless a level gains by it.

    Raises
    ------
    ValueError
        The incumbents together break a rule, the budget is negative, or as `allocate` says.
    """
    if max_moves is not None and max_moves < 0:
        raise ValueError(f"max_moves: expected 0 or more, got {max_moves}.")
    planner = _Planner(_Budgets.of(problem), even, effort, seed, progress)
    return (planner.free() if max_moves is None else planner.point(max_moves, None)).allocation


def move_curve(
    problem: Problem,
    *,
    even: bool = True,
    effort: Effort = "standard",
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Point, ...]:
    """Return the best plans found for 0, 1, 2, 5, 10, 20, 50, ... moves, the last without a limit.

    A later point is never worse at the first level where it differs from an earlier one, and the last has no more
    moves than its levels are found to ask for. Parameters are those of `allocate`.

    Raises
    ------
    ValueError
        The incumbents together break a rule, or as `allocate` says.
    """
    planner = _Planner(_Budgets.of(problem), even, effort, seed, progress)
    return tuple(planner.curve())


@dataclass(frozen=True, slots=True, eq=False)
class _Planner:
    """How the points of one curve are planned."""

    budgets: _Budgets
    even: bool
    effort: Effort
    seed: int
    progress: Progress | None

    def curve(self) -> Iterator[Point]:
        """Yield the points of the curve, fewest moves first."""
        free = self.free()
        last: Point | None = None
        for max_moves in _steps(free.max_moves):
            last = self.point(max_moves, last)
            yield last
        if free.max_moves:
            yield free

    def free(self) -> Point:
        """Return the best plan found without a limit, which moves no more than its levels are found to ask for."""
        budgets = self.budgets
        if budgets.rules.can_bind and budgets.problem.num_needs > _MOST_AFRESH:
            return self._from_incumbents()
        found = self._allocate(budgets.problem, self.progress)
        if not budgets.rules.can_bind or not found.keep.value:
            return Point(found.keep.value, found)
        climbed = self._from_incumbents().allocation.slots
        best = max([climbed, self._climb().stay(found.slots)], key=self._worth)
        point = self._result(best, keep_value(budgets.problem, best))
        if levels_filled(budgets.problem, best).tolist() != _filled(found):
            return point
        # What was shown without counting moves holds here: this is the last point of all.
        return replace(point, allocation=replace(point.allocation, levels=found.levels))

    def _from_incumbents(self) -> Point:
        """Return the best plan found from the one that moves nothing."""
        budgets = self.budgets
        still = self.point(0, None).allocation.slots
        best = self._climb().fill(still, int(budgets.incumbent.sum()))
        return self._result(best, keep_value(budgets.problem, best))

    def point(self, max_moves: int, last: Point | None) -> Point:
        """Return the best plan found within the moves, no worse than the ``last`` one, which has fewer."""
        budgets = self.budgets
        if not budgets.rules.can_bind:
            return self._result(self._exactly(max_moves), max_moves)
        if last is None:
            held = replace(budgets.problem, pair_locked=np.maximum(budgets.locks, budgets.incumbent))
            slots = self._allocate(held, None).slots
        else:
            slots = last.allocation.slots
        if max_moves:
            slots = self._climb().fill(slots, max_moves)
        return self._result(slots, max_moves)

    def _climb(self) -> Climb:
        budgets = self.budgets
        locked = flow_of(budgets.network, budgets.problem, budgets.locks)
        filled = fill_levels(budgets.network, locked)[budgets.network.at.levels]
        bounds = LevelBounds(
            budgets.problem.level_needed, most_alone(budgets.network, locked), np.cumsum(filled)
        )
        return Climb(
            budgets.problem,
            budgets.rules,
            budgets.locks,
            budgets.incumbent,
            bounds,
            _TRIES[self.effort],
            self.even,
            self.seed,
        )

    def _allocate(self, problem: Problem, progress: Progress | None) -> Allocation:
        return allocate(problem, even=self.even, effort=self.effort, seed=self.seed, progress=progress)

    def _exactly(self, max_moves: int) -> Ints:
        """Return the optimum within the moves of a problem without group rules."""
        budgets = self.budgets
        network, _ = budgets.best(max_moves)
        network = face(network, budgets.cost, least_cost(network, budgets.cost))
        if self.even:
            network = face_of(network, least_uneven(network))
        return fittest(budgets.problem, network)

    def _worth(self, slots: Ints) -> list[int]:
        problem = self.budgets.problem
        evenness = even_value(problem, slots) if self.even else 0
        worth = (-keep_value(problem, slots), -evenness, fit_value(problem, slots))
        return [*levels_filled(problem, slots).tolist(), *worth]

    def _result(self, slots: Ints, max_moves: int) -> Point:
        problem, budgets = self.budgets.problem, self.budgets
        filled = levels_filled(problem, slots)
        bounds = budgets.bounds(slots, max_moves)
        levels = tuple(
            Level(needed, got, bound, proven=got == bound)
            for needed, got, bound in zip(
                problem.level_needed.tolist(), filled.tolist(), bounds.tolist(), strict=True
            )
        )
        values = (keep_value(problem, slots), even_value(problem, slots), fit_value(problem, slots))
        best = line_bounds(problem, budgets.network, slots, even=self.even)
        keep, evenness, fit = (
            Line(value, bound, proven=value == bound) for value, bound in zip(values, best, strict=True)
        )
        asked = (keep, evenness, fit) if self.even else (keep, fit)
        is_proven = all(level.proven for level in levels) and all(line.proven for line in asked)
        locked = 0 * slots if problem.pair_locked is None else problem.pair_locked
        allocation = Allocation(
            slots=slots,
            levels=levels,
            keep=keep,
            even=evenness,
            fit=fit,
            locks_cut=locked - budgets.locks,
            status="optimal" if is_proven else "feasible",
            stopped_by_clock=False,
            work={},
        )
        return Point(max_moves, allocation)


def _steps(end: int) -> Iterator[int]:
    """Yield 0, 1, 2, 5, 10, 20, 50, ... below ``end``; 0 in any case."""
    yield 0
    unit = 1
    while unit < end:
        yield from (step * unit for step in (1, 2, 5) if step * unit < end)
        unit *= 10


def _filled(allocation: Allocation) -> list[int]:
    return [level.filled for level in allocation.levels]


def _fix(network: Network, level: int, total: int) -> Network:
    low, high = network.low.copy(), network.high.copy()
    low[network.at.levels[level]] = high[network.at.levels[level]] = total
    return replace(network, low=low, high=high)
