"""After the levels, under group rules: more even and fitter at no slot's cost to any level or incumbent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimizer.exchange import exchange
from optimizer.lines import best_lines
from optimizer.neighbourhood import STEPS, Answer, Neighbourhood, solve_even, solve_fit
from optimizer.network import groups
from optimizer.plan import Plan
from optimizer.problem import Ints, sum_by
from optimizer.repair import firm_network
from optimizer.search import PAIR_WORK, SOLVER_WORK, Search
from optimizer.values import even_value, fit_value, keep_value, levels_filled, unevenness

_SIZE = 6
_SOLVER_WORK = 0.05
"""Many small neighbourhoods gain more than few large ones here: most of what a need wants lies close by."""
_Value = tuple[list[int], int, int, int]


class Polish:
    """Improves the lines after the levels, with what a search works on.

    Flows choose among the matches that are there, exchanges join them otherwise, and neighbourhoods are matched
    anew: first for evenness, then for fit.
    """

    def __init__(self, search: Search, *, even: bool) -> None:
        self.search, self.even = search, even
        self.problem, self.rules, self.locks = search.problem, search.rules, search.locks
        level_of_group, self.group = groups(search.problem)
        self.needed = sum_by(self.group, self.problem.need_slots, len(level_of_group))

    def improve(self, slots: Ints) -> Ints:
        """Return slots that keep all rules and are no worse in any level nor, in their order, in any line."""
        slots = self._flow(slots)
        for rematch in (self._more_even, self._fitter) if self.even else (self._fitter,):
            if self.search.budget.line_work and not self.search.should_stop():
                slots = self._flow(self._climb(slots, rematch))
        return slots

    def value(self, slots: Ints) -> _Value:
        """Return what is better the more it is: the levels, then each line."""
        problem = self.problem
        evenness = even_value(problem, slots) if self.even else 0
        filled = levels_filled(problem, slots).tolist()
        return filled, -keep_value(problem, slots), -evenness, fit_value(problem, slots)

    def _flow(self, slots: Ints) -> Ints:
        """Let slots flow among the matches, and join these otherwise, as long as that gains."""
        slots = self._best(slots)
        for _ in range(self.search.budget.repairs):
            trial = self._best(exchange(self.problem, self.rules, self.locks, slots))
            if self.value(trial) <= self.value(slots):
                break
            slots = trial
        return slots

    def _best(self, slots: Ints) -> Ints:
        support, slots = firm_network(self.problem, self.rules, self.locks, slots)
        return best_lines(self.problem, support, slots, even=self.even)

    def _climb(self, slots: Ints, rematch: Callable[[Plan, Neighbourhood], tuple[Answer, int]]) -> Ints:
        """Match the needs around each need anew, until the work is spent or a whole round gains nothing."""
        search = self.search
        plan, steps = (
            Plan(self.problem, self.rules, self.locks, slots),
            np.zeros(self.problem.num_needs, np.int64),
        )
        has_pairs = np.unique(self.problem.pair_need)
        queue: list[int] = []
        spent, gained = 0.0, 1
        while spent < search.budget.line_work and not search.should_stop():
            if not queue:
                queue = search.rng.permutation(has_pairs).tolist() if gained else []
                gained = 0
            if not queue:
                break
            near = plan.around(plan.neighbours(queue.pop(), _SIZE, search.rng, steps))
            answer, gain = rematch(plan, near)
            search.work["neighbourhoods"] += 1
            spent += SOLVER_WORK * answer.work + PAIR_WORK * len(near.pairs)
            if gain > 0:
                plan.update(near.pairs, answer.slots)
                gained += 1
        return plan.slots

    def _fitter(self, plan: Plan, near: Neighbourhood) -> tuple[Answer, int]:
        need = self.problem.pair_need[near.pairs]
        owner = self.group[need] if self.even else self.problem.need_level[need]
        answer = solve_fit(self.problem, self.rules, near, owner, work=_SOLVER_WORK)
        return answer, int(self.problem.pair_fit[near.pairs] @ (answer.slots - near.slots))

    def _more_even(self, plan: Plan, near: Neighbourhood) -> tuple[Answer, int]:
        group = self.group[self.problem.pair_need[near.pairs]]
        filled = sum_by(self.group, plan.need_filled, len(self.needed))
        inside = sum_by(group, near.slots, len(self.needed))
        gains = {}
        for owner in np.unique(group).tolist():
            least = filled[owner] - min(STEPS, inside[owner])
            unmet = self.needed[owner] - np.arange(least, min(filled[owner] + STEPS, self.needed[owner]) + 1)
            gains[owner] = -np.diff(unevenness(self.needed[owner], unmet))
        answer = solve_even(self.problem, self.rules, near, group, gains, work=_SOLVER_WORK)
        after = filled + sum_by(group, answer.slots - near.slots, len(self.needed))
        change = unevenness(self.needed, self.needed - filled) - unevenness(self.needed, self.needed - after)
        return answer, int(change.sum())
