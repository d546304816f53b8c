"""The best plan with a floor under every need, by `optimizer.allocate` alone.

A `Problem` has no floor under the fit of a need, so this searches: solve without it, take a need under its floor and
branch on which of its pairs has to go. `allocate` solves every branch exactly, and branches wait in order of what
they reach, so the first plan that keeps every floor is the best there is.

References
----------
Land and Doig (1960), An automatic method of solving discrete programming problems.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.peers_problems import Bools, Case, Floats, Plan, lines

ROUNDING = 1e-9
"""What a sum of scores may miss the floor by, for it depends on their order."""
Solve = Callable[[Bools, Plan], Plan]
"""The best plan over allowed pairs that keeps the locked ones."""


def best_with_floor(case: Case, solve: Solve) -> tuple[Plan, int]:
    """Return the best plan that keeps the floor, and how many problems it took; an empty plan where there is none."""
    locked = np.zeros(case.scores.shape, np.int64)
    queue: list[tuple[float, int, Plan, Bools, Plan]] = []
    num_solved = 0
    waiting = [(usable(case, case.allowed, locked), locked)]
    while True:
        for branch_allowed, branch_locked in waiting:
            plan = solve(branch_allowed, branch_locked)
            num_solved += 1
            if plan.sum() == case.demand.sum():
                heapq.heappush(
                    queue, (-lines(case, plan)[-1], num_solved, plan, branch_allowed, branch_locked)
                )
        if not queue:
            return np.zeros_like(locked), num_solved
        _, _, plan, allowed, locked = heapq.heappop(queue)
        total = (case.scores * plan).sum(axis=1)
        if total.min() >= case.floor - ROUNDING:
            return plan, num_solved
        waiting = list(branches(case, int(total.argmin()), plan, allowed, locked))


def branches(case: Case, need: int, plan: Plan, allowed: Bools, locked: Plan) -> Iterator[tuple[Bools, Plan]]:
    """Yield problems that share no plan, each without one of the pairs of ``need`` and with those before it."""
    allowed, locked = allowed.copy(), locked.copy()
    for offer in np.flatnonzero((plan[need] > 0) & (locked[need] == 0)).tolist():
        without = allowed.copy()
        without[need, offer] = False
        yield usable(case, without, locked, need), locked.copy()
        locked[need, offer] = 1


def usable(case: Case, allowed: Bools, locked: Plan, need: int | None = None) -> Bools:
    """Return the pairs with which a need can reach the floor at all, of every need or of one."""
    kept = allowed.copy()
    for row in range(len(allowed)) if need is None else [need]:
        own = locked[row] > 0
        others = np.where(allowed[row] & ~own, case.scores[row], -np.inf)
        kept[row] &= own | (others + _best_of_rest(others, case, row, own) >= case.floor - ROUNDING)
    return kept


def _best_of_rest(others: Floats, case: Case, need: int, own: Bools) -> Floats:
    """Return the most that the slots of a need can hold beside each pair, locked ones first."""
    rest = int(case.demand[need]) - int(own.sum()) - 1
    base = case.scores[need][own].sum()
    if rest < 0:
        return np.full(len(others), -np.inf)
    order = np.argsort(-others, kind="stable")
    best = others[order]
    beside = np.full(len(others), best[:rest].sum())
    beside[order[:rest]] = best[: rest + 1].sum() - best[:rest]
    result: Floats = base + beside
    return result
