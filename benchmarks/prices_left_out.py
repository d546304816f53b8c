"""The optimum over all pairs from a few of each need: solve, price what was left out, add what could better it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer import Allocation, LeftOut, Prices, Problem, allocate, negative_pairs, prices_of
from optimizer.problem import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """The last problem of a pricing loop, its answer, and how it came about."""

    problem: Problem
    allocation: Allocation
    prices: Prices
    left_out: LeftOut
    pairs_by_round: tuple[int, ...]


def solve_by_pricing(problem: Problem, best: int) -> Priced:
    """Return the optimum over all pairs, found from the ``best`` fits of each need and what pricing adds."""
    chosen = best_pairs(problem, best)
    rounds = []
    while True:
        rounds.append(len(chosen))
        smaller = with_pairs(problem, chosen)
        allocation = allocate(smaller)
        prices = prices_of(smaller, allocation)
        rest = np.setdiff1d(np.arange(problem.num_pairs), chosen)
        left_out = LeftOut(problem.pair_need[rest], problem.pair_offer[rest], problem.pair_fit[rest])
        added = rest[negative_pairs(smaller, prices, left_out)]
        if not len(added):
            return Priced(smaller, allocation, prices, left_out, tuple(rounds))
        chosen = np.union1d(chosen, added)


def best_pairs(problem: Problem, best: int) -> Ints:
    """Return the pairs of the most fit of each need, so many of each."""
    order = np.lexsort((-problem.pair_fit, problem.pair_need))
    need = problem.pair_need[order]
    place = np.arange(len(order)) - np.searchsorted(need, need)
    chosen: Ints = np.sort(order[place < best])
    return chosen


def with_pairs(problem: Problem, pairs: Ints) -> Problem:
    """Return the problem of some pairs alone, without limits of a match, locks and incumbents."""
    return replace(
        problem,
        pair_need=problem.pair_need[pairs],
        pair_offer=problem.pair_offer[pairs],
        pair_fit=problem.pair_fit[pairs],
    )
