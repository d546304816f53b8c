"""A neighbourhood matched anew for one aim after the other, each on what the aims before it leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from optimizer.neighbourhood import Neighbourhood, model_of, small_solver
from optimizer.network import groups
from optimizer.problem import NUM_LEVELS, Ints, Problem, sum_by
from optimizer.rules import Rules
from optimizer.values import MILLION, levels_filled, unevenness

if TYPE_CHECKING:
    from ortools.sat.python.cp_model import IntVar, LinearExprT

_LARGEST = 2**40
"""The largest weight of a level where several share an objective: it stays exact in the solver's floats."""
_PIECES = 32
"""How far from the present the unmet slots of a (school, level) have a cost of their own each."""


class Aims:
    """The pairs of a neighbourhood under all rules, and the best slots of the whole problem by the aims so far.

    Parameters
    ----------
    slots
        Present slots of all pairs of the problem.
    work
        The solver's deterministic time at most for each aim.
    """

    def __init__(self, problem: Problem, rules: Rules, near: Neighbourhood, slots: Ints, work: float) -> None:
        self.problem, self.near, self.slots = problem, near, slots.copy()
        self._model, self._variables = model_of(problem, rules, near)
        self._solver = small_solver(work)

    def fill(self, ceiling: Ints | None) -> None:
        """Fill the levels in order, in the whole problem lexicographically no more than ``ceiling``."""
        problem, pairs = self.problem, self.near.pairs
        level = problem.need_level[problem.pair_need[pairs]]
        needs = np.unique(problem.pair_need[pairs])
        needed = sum_by(problem.need_level[needs], problem.need_slots[needs], NUM_LEVELS)
        for weights in _weights(needed):
            worth = self._sum(weights[level])
            if ceiling is not None:
                self._model.add(worth <= int(weights @ self._reachable(ceiling, level, needed)))
            self._raise(worth, int(weights[level] @ self.slots[pairs]))

    def limit_moves(self, incumbent: Ints, most: int) -> None:
        """Take at most ``most`` slots from incumbents in the whole problem, as many as are taken now at least."""
        pairs = self.near.pairs
        taken = np.maximum(incumbent - self.slots, 0)
        room = most - int(taken.sum()) + int(taken[pairs].sum())
        self._model.add(self._taken(incumbent[pairs]) <= room)

    def stay(self, present: Ints) -> None:
        """Take the fewest slots from incumbents, then from the matches that are ``present``."""
        pairs, incumbent = self.near.pairs, self.problem.pair_incumbent
        counted = [(1, present[pairs])]
        if incumbent is not None:
            counted.append((int(present[pairs].sum()) + 1, incumbent[pairs]))
        worth: LinearExprT = 0
        now = 0
        for cost, held in counted:
            now -= cost * int(np.maximum(held - self.slots[pairs], 0).sum())
            worth -= cost * self._taken(held)
        self._raise(worth, now)

    def _taken(self, held: Ints) -> LinearExprT:
        """Return the slots taken from what each pair holds."""
        total: LinearExprT = 0
        for place in np.flatnonzero(held).tolist():
            taken = self._model.new_int_var(0, int(held[place]), "")
            self._model.add(taken >= int(held[place]) - self._variables[place])
            total += taken
        return total

    def spread(self) -> None:
        """Spread the unmet slots most evenly over (school, level)."""
        group = groups(self.problem)[1]
        filled = sum_by(group[self.problem.pair_need], self.slots, int(group.max()) + 1)
        needed = sum_by(group, self.problem.need_slots, len(filled))
        of_pair = group[self.problem.pair_need[self.near.pairs]]
        worth: LinearExprT = 0
        now = 0
        for touched in np.unique(of_pair).tolist():
            members = np.flatnonzero(of_pair == touched)
            whole, unmet = int(needed[touched]), int(needed[touched] - filled[touched])
            now -= int(unevenness(needed[[touched]], needed[[touched]] - filled[[touched]])[0])
            left = unmet + int(self.slots[self.near.pairs[members]].sum()) - self._sum_of(members)
            worth -= self._uneven(left, whole, unmet)
        self._raise(worth, now)

    def fit(self) -> None:
        """Give the slots to the pairs that fit best."""
        worth = self.problem.pair_fit[self.near.pairs]
        self._raise(self._sum(worth), int(worth @ self.slots[self.near.pairs]))

    def _uneven(self, left: LinearExprT, needed: int, unmet: int) -> IntVar:
        """Return a variable no less than what ``left`` unmet slots cost, by the tangents around the present."""
        low, high = max(unmet - _PIECES, 0), min(unmet + _PIECES, needed)
        steps = np.arange(low, high + 1)
        costs = unevenness(np.full(len(steps), needed), steps)
        cost = self._model.new_int_var(0, needed * MILLION, "")
        for step, base, slope in zip(steps.tolist(), costs.tolist(), np.diff(costs).tolist(), strict=False):
            self._model.add(cost >= base + slope * (left - step))
        return cost

    def _reachable(self, ceiling: Ints, level: Ints, needed: Ints) -> Ints:
        """Return the slots by level here at which the whole problem comes to ``ceiling``.

        A level that cannot come so far is below it anyhow, and the levels after it are free.
        """
        near = sum_by(level, self.slots[self.near.pairs], NUM_LEVELS)
        wanted = near + ceiling - levels_filled(self.problem, self.slots)
        free = np.cumsum(wanted > needed) > 0
        reachable: Ints = np.where(free, needed, np.clip(wanted, 0, needed))
        return reachable

    def _sum(self, factors: Ints) -> LinearExprT:
        return sum(f * slots for f, slots in zip(factors.tolist(), self._variables, strict=True) if f)

    def _sum_of(self, places: Ints) -> LinearExprT:
        return sum(self._variables[place] for place in places.tolist())

    def _raise(self, worth: LinearExprT, now: int) -> None:
        """Find slots of the most ``worth``, no less than ``now``, and keep it from then on."""
        self._model.add(worth >= now)
        self._model.maximize(worth)
        self._model.clear_hints()
        for variable, value in zip(self._variables, self.slots[self.near.pairs].tolist(), strict=True):
            self._model.add_hint(variable, value)
        if self._solver.solve(self._model).name in ("OPTIMAL", "FEASIBLE"):
            self.slots[self.near.pairs] = [self._solver.value(variable) for variable in self._variables]
            self._model.add(worth >= self._solver.value(worth))


def _weights(needed: Ints) -> Iterator[Ints]:
    """Yield weights of the levels that have needs, by which the first counts more than all later ones together.

    Where these would become too large, several sets of weights share the levels.
    """
    weights, largest = np.zeros(NUM_LEVELS, np.int64), 1
    for level in np.flatnonzero(needed).tolist():
        if largest * int(needed[level] + 1) > _LARGEST:
            yield weights
            weights, largest = np.zeros(NUM_LEVELS, np.int64), 1
        weights *= int(needed[level] + 1)
        weights[level] = 1
        largest *= int(needed[level] + 1)
    yield weights
