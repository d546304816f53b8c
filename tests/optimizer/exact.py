"""An exact model of the whole problem for SciPy's HiGHS, solved line by line: slow, and nothing like the network."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from optimizer import Allocation, Problem
from tests.optimizer.problems import Ints


class Model:
    """A mixed-integer program that grows by rows, with its objectives solved in order and then fixed."""

    def __init__(self, problem: Problem, locks: Ints, *, rules: bool) -> None:
        self.problem, self.locks = problem, locks
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.rows: list[tuple[dict[int, float], float, float]] = []
        self.slots = [self._slots(pair) for pair in range(problem.num_pairs)]
        self._capacities()
        if rules:
            self._least()
            self._counts()

    def variable(self, lower: float, upper: float) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.lower) - 1

    def row(self, terms: dict[int, float], lower: float, upper: float) -> None:
        self.rows.append((terms, lower, upper))

    def solve(self, terms: dict[int, float], *, most: bool, fix: int | None = None) -> int:
        """Return the best value of the sum of ``terms``, fixed there (or at ``fix``) from then on."""
        if not terms:
            return 0
        cost = np.zeros(len(self.lower))
        for variable, factor in terms.items():
            cost[variable] = -factor if most else factor
        result = milp(
            cost,
            integrality=np.ones(len(cost), np.int64),
            bounds=Bounds(self.lower, self.upper),
            constraints=self._all(),
        )
        assert result.status == 0, result.message
        value = round(-result.fun if most else result.fun)
        fixed = value if fix is None else fix
        self.row(terms, fixed - 0.5, fixed + 0.5)
        return value

    def _all(self) -> list[LinearConstraint]:
        if not self.rows:
            return []
        matrix: NDArray[np.float64] = np.zeros((len(self.rows), len(self.lower)))
        for index, (terms, _, _) in enumerate(self.rows):
            matrix[index, list(terms)] = list(terms.values())
        return [LinearConstraint(matrix, [row[1] for row in self.rows], [row[2] for row in self.rows])]

    def _slots(self, pair: int) -> int:
        lock = int(self.locks[pair])
        limit = 10**6 if self.problem.pair_max_slots is None else int(self.problem.pair_max_slots[pair])
        need, offer = self.problem.pair_need[pair], self.problem.pair_offer[pair]
        slots = min(int(self.problem.need_slots[need]), int(self.problem.offer_slots[offer]))
        return self.variable(lock, max(lock, min(limit, slots)))

    def _capacities(self) -> None:
        problem = self.problem
        trained_of_need = problem.need_uses_trained
        for need in range(problem.num_needs):
            self.row(dict.fromkeys(self.of(problem.pair_need == need), 1.0), 0, int(problem.need_slots[need]))
        for offer in range(problem.num_offers):
            is_pair = problem.pair_offer == offer
            self.row(dict.fromkeys(self.of(is_pair), 1.0), 0, int(problem.offer_slots[offer]))
            if problem.offer_trained_slots is not None and trained_of_need is not None:
                trained = self.of(is_pair & trained_of_need[problem.pair_need])
                self.row(dict.fromkeys(trained, 1.0), 0, int(problem.offer_trained_slots[offer]))

    def of(self, is_pair: NDArray[np.bool_]) -> list[int]:
        return [self.slots[pair] for pair in np.flatnonzero(is_pair)]

    def _used(self, slots: list[int], least: int) -> int:
        """Return a binary: 0 allows no slots, 1 asks for at least ``least``."""
        used = self.variable(0, 1)
        total = dict.fromkeys(slots, 1.0)
        self.row({**total, used: -1e4}, -np.inf, 0)
        self.row({**total, used: -float(least)}, 0, np.inf)
        return used

    def _least(self) -> None:
        problem = self.problem
        for pair in range(problem.num_pairs if problem.offer_min_slots is not None else 0):
            need, offer = problem.pair_need[pair], problem.pair_offer[pair]
            assert problem.offer_min_slots is not None
            least = [problem.offer_min_slots[offer], problem.need_slots[need], problem.offer_slots[offer]]
            if problem.need_uses_trained is not None and problem.need_uses_trained[need]:
                least += [] if problem.offer_trained_slots is None else [problem.offer_trained_slots[offer]]
            if not self.locks[pair]:
                self._used([self.slots[pair]], max(int(min(least)), 0))
        for need in range(problem.num_needs if problem.need_min_slots is not None else 0):
            assert problem.need_min_slots is not None
            pairs = problem.pair_need == need
            if not self.locks[pairs].any() and pairs.any():
                self._used(self.of(pairs), int(problem.need_min_slots[need]))

    def _counts(self) -> None:
        problem = self.problem
        partner, school = problem.offer_partner[problem.pair_offer], problem.need_school[problem.pair_need]
        for owner, other, limits in [
            (problem.pair_need, partner, problem.need_max_partners),
            (school, partner, problem.school_max_partners),
            (partner, school, problem.partner_max_schools),
        ]:
            for index, limit in enumerate([] if limits is None else limits):
                links = defaultdict(list)
                for pair in np.flatnonzero(owner == index):
                    links[int(other[pair])].append(pair)
                held = sum(bool(self.locks[pairs].any()) for pairs in links.values())
                used = {self._used([self.slots[pair] for pair in pairs], 0): 1.0 for pairs in links.values()}
                for binary, pairs in zip(used, links.values(), strict=True):
                    self.lower[binary] = float(self.locks[pairs].any())
                if used:
                    self.row(used, 0, max(int(limit), held))


def exact_levels(model: Model, count: int = 10) -> list[int]:
    """Return the lexicographically most slots of the first ``count`` levels."""
    level = model.problem.need_level[model.problem.pair_need]
    return [model.solve(dict.fromkeys(model.of(level == index), 1.0), most=True) for index in range(count)]


def fix_levels(model: Model, allocation: Allocation) -> None:
    """Hold each level at what an allocation fills there."""
    level = model.problem.need_level[model.problem.pair_need]
    for index, reached in enumerate(allocation.levels):
        model.solve(dict.fromkeys(model.of(level == index), 1.0), most=True, fix=reached.filled)


def exact_keep(model: Model) -> int:
    """Return the fewest slots taken from incumbents."""
    incumbent = model.problem.pair_incumbent
    terms = {}
    for pair in np.flatnonzero(incumbent) if incumbent is not None else []:
        assert incumbent is not None
        taken = model.variable(0, float(incumbent[pair]))
        model.row({taken: 1.0, model.slots[pair]: 1.0}, float(incumbent[pair]), np.inf)
        terms[taken] = 1.0
    return model.solve(terms, most=False)


def exact_even(model: Model) -> int:
    """Return the least sum over (school, level) of unmet squared / needed in whole millionths.

    One binary for every possible number of unmet slots, so nothing rests on convexity.
    """
    problem = model.problem
    terms: dict[int, float] = {}
    for school in np.unique(problem.need_school):
        for level in np.unique(problem.need_level):
            is_need = (problem.need_school == school) & (problem.need_level == level)
            needed = int(problem.need_slots[is_need].sum())
            unmet = [model.variable(0, 1) for _ in range(needed + 1)]
            filled = dict.fromkeys(model.of(is_need[problem.pair_need]), 1.0)
            model.row(dict.fromkeys(unmet, 1.0), 1, 1)
            model.row(filled | {binary: float(count) for count, binary in enumerate(unmet)}, needed, needed)
            terms |= {binary: float(c * c * 1_000_000 // needed) for c, binary in enumerate(unmet) if needed}
    return model.solve(terms, most=False)


def exact_fit(model: Model) -> int:
    """Return the most fit."""
    fit = model.problem.pair_fit
    return model.solve({model.slots[p]: float(fit[p]) for p in range(model.problem.num_pairs)}, most=True)
