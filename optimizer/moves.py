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

from optimizer.allocation import Allocation, Progress, part_of
from optimizer.bounds import LevelBounds, fit_ceiling
from optimizer.climb import Climb
from optimizer.faces import face, least_cost
from optimizer.incumbents import fitting_incumbents
from optimizer.judge import judged
from optimizer.levels import fill_level
from optimizer.lines import Bounds, fittest, line_bounds, with_incumbents
from optimizer.network import Network, flow_of
from optimizer.prepared import Prepared
from optimizer.problem import NUM_LEVELS, Ints, Problem
from optimizer.rules import Rules
from optimizer.runs import face_of, least_uneven
from optimizer.solve import Effort, allocate
from optimizer.values import even_floor, even_value, fit_value, keep_value, levels_filled

_TRIES: Mapping[Effort, int] = {"quick": 20, "standard": 60, "thorough": 300}
"""Neighbourhoods at most for each level and point."""
_FREE_SHARE = 0.4
"""Of the work of a curve: about what its plan without a limit takes."""
_MOST_AFRESH = 3_000
"""With more needs, and at quick effort, the plan without a limit starts from the incumbents alone."""


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

    prepared: Prepared
    incumbent: Ints
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
        prepared = Prepared.of(problem)
        return cls(prepared, incumbent, *with_incumbents(prepared.network, incumbent))

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self.prepared.problem

    @property
    def locks(self) -> Ints:
        """The locks that fit."""
        return self.prepared.locks

    @property
    def rules(self) -> Rules:
        """The group rules."""
        return self.prepared.rules

    @property
    def network(self) -> Network:
        """The network without arcs of incumbents."""
        return self.prepared.network

    @property
    def level_bounds(self) -> LevelBounds:
        """What no plan can exceed, however many slots it moves."""
        return self.prepared.level_bounds(self.prepared.filled())

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
        least, most, step = int(flow[arc]), int(grown[arc]), 1
        total = most
        # The most is often within the moves, and else seldom far from the least.
        while least < most:
            trial = least_cost(_fix(network, level, total), self.cost)
            if self.moves(trial) <= max_moves:
                flow, least, step = trial, total, 2 * step
            else:
                most = total - 1
            total = min(least + step, (least + most + 1) // 2)
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
        if max_moves >= self.incumbent.sum():
            return self.level_bounds.of(levels_filled(self.problem, slots))
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
    planner = _Planner(_Budgets.of(problem), even, effort, seed)
    if max_moves is None:
        return planner.free(progress).allocation
    return planner.point(max_moves, None, progress).allocation


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
    return tuple(_Planner(_Budgets.of(problem), even, effort, seed).curve(progress))


@dataclass(frozen=True, slots=True, eq=False)
class _Planner:
    """How the points of one curve are planned."""

    budgets: _Budgets
    even: bool
    effort: Effort
    seed: int

    def curve(self, progress: Progress | None) -> Iterator[Point]:
        """Yield the points of the curve, fewest moves first."""
        free = self.free(part_of(progress, 0.0, _FREE_SHARE))
        last: Point | None = None
        steps = tuple(_steps(free.max_moves))
        points = part_of(progress, _FREE_SHARE, 1.0, "moves")
        for done, max_moves in enumerate(steps, start=1):
            last = self.point(max_moves, last, part_of(points, (done - 1) / len(steps), done / len(steps)))
            if points:
                points("moves", done / len(steps), last.allocation.levels)
            yield last
        if free.max_moves:
            yield free

    def free(self, progress: Progress | None = None) -> Point:
        """Return the best plan found without a limit, which moves no more than its levels are found to ask for."""
        budgets = self.budgets
        every = int(budgets.incumbent.sum())
        if not budgets.rules.can_bind:
            found = self._afresh(progress)
            return Point(found.keep.value, found)
        is_all = self.effort == "quick" or budgets.problem.num_needs > _MOST_AFRESH
        climbing = part_of(progress, 0.0, 1.0 if is_all else 0.4)
        still = self._still(part_of(climbing, 0.0, 0.4), "quick")
        best = self._climb().fill(still, every, part_of(climbing, 0.4, 1.0))
        if is_all:
            return self._result(best, every)
        found = self._afresh(part_of(progress, 0.4, 1.0))
        best = max([best, self._climb().stay(found.slots)], key=self._worth)
        point = self._result(best, every)
        if levels_filled(budgets.problem, best).tolist() != _filled(found):
            return point
        return replace(point, allocation=replace(point.allocation, levels=found.levels))

    def _still(self, progress: Progress | None, effort: Effort | None = None) -> Ints:
        """Return the best plan found that moves nothing; as a start to climb from, a quick one will do."""
        budgets = self.budgets
        held = replace(budgets.problem, pair_locked=np.maximum(budgets.locks, budgets.incumbent))
        return allocate(
            held, even=self.even, effort=effort or self.effort, seed=self.seed, progress=progress
        ).slots

    def point(self, max_moves: int, last: Point | None, progress: Progress | None = None) -> Point:
        """Return the best plan found within the moves, no worse than the ``last`` one, which has fewer."""
        budgets = self.budgets
        if not budgets.rules.can_bind:
            return self._result(self._exactly(max_moves), max_moves)
        start = 0.5 if last is None else 0.0
        slots = self._still(part_of(progress, 0.0, start)) if last is None else last.allocation.slots
        if max_moves:
            slots = self._climb().fill(slots, max_moves, part_of(progress, start, 1.0))
        return self._result(slots, max_moves)

    def _climb(self) -> Climb:
        budgets = self.budgets
        return Climb(
            budgets.problem,
            budgets.rules,
            budgets.locks,
            budgets.incumbent,
            budgets.level_bounds,
            _TRIES[self.effort],
            self.even,
            self.seed,
        )

    def _afresh(self, progress: Progress | None) -> Allocation:
        return allocate(
            self.budgets.problem, even=self.even, effort=self.effort, seed=self.seed, progress=progress
        )

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
        allocation = judged(
            problem,
            slots,
            budgets.locks,
            budgets.bounds(slots, max_moves),
            self._line_bounds(slots),
            even=self.even,
        )
        has_limit = max_moves < budgets.incumbent.sum()
        return Point(max_moves if has_limit else allocation.keep.value, allocation)

    def _line_bounds(self, slots: Ints) -> Bounds:
        """Return what no plan with these levels can better: for large problems without a solver, so less tight."""
        problem, budgets = self.budgets.problem, self.budgets
        if problem.num_needs <= _MOST_AFRESH or not budgets.rules.can_bind:
            return line_bounds(problem, budgets.network, slots, even=self.even)
        ceiling = fit_ceiling(problem, budgets.prepared.usable, levels_filled(problem, slots))
        return Bounds(0, even_floor(problem, slots), ceiling)


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
