"""How the search spends its work."""

import numpy as np

from optimizer.bounds import LevelBounds
from optimizer.locks import fitting_locks
from optimizer.plan import Plan
from optimizer.problem import Ints
from optimizer.rules import group_rules
from optimizer.search import Budget, Search
from optimizer.values import levels_filled
from tests.optimizer.problems import draw_problem, make_problem

BUDGET = Budget(
    repairs=1, growths=1, work=0.2, size=4, solver_work=0.1, bounded_pairs=0, whole_pairs=0, nodes=0
)


def loose(needed: Ints) -> LevelBounds:
    return LevelBounds(needed, needed, needed.cumsum())


def test_level_that_cannot_reach_its_bound_leaves_work_to_later_ones() -> None:
    problem = draw_problem(13, num_needs=90, num_offers=60, rules=True)
    locks = fitting_locks(problem)
    rules, first = group_rules(problem, locks), problem.level_needed * (np.arange(10) == 0)
    bounds = LevelBounds(problem.level_needed, first, first.cumsum())  # all but level 0 seem proven
    search = Search(
        problem, rules, locks, bounds, BUDGET, np.random.default_rng(0), lambda: False, lambda *_: None
    )
    search.improve(locks)
    assert search.work["neighbourhoods"] > 0
    assert search.spent < BUDGET.work


def test_later_level_is_improved_after_one_whose_bound_is_out_of_reach() -> None:
    # Level 0 has one slot of 9 and no way to more; level 1 fills both of its slots.
    problem = make_problem([9, 2], [1, 2], need_level=[0, 1], pair_need=[0, 1], pair_offer=[0, 1])
    locks = np.zeros(2, np.int64)
    search = Search(
        problem,
        group_rules(problem, locks),
        locks,
        loose(problem.level_needed),
        BUDGET,
        np.random.default_rng(0),
        lambda: False,
        lambda *_: None,
    )
    assert levels_filled(problem, search.improve(locks))[:2].tolist() == [1, 2]


def test_bound_is_renewed_where_an_earlier_level_gained() -> None:
    # Shown for no slots at level 0: with its one slot there, level 1 has 2 of the 3 slots.
    problem = make_problem([1, 3], [3], need_level=[0, 1])
    locks, budget = np.zeros(2, np.int64), Budget(1, 0, 0.0, 2, 0.1, bounded_pairs=9, whole_pairs=0, nodes=0)
    bounds = loose(problem.level_needed)
    bounds.show(1, np.zeros(10, np.int64), 3)
    rules = group_rules(problem, locks)
    search = Search(
        problem, rules, locks, bounds, budget, np.random.default_rng(0), lambda: False, lambda *_: None
    )
    search.bound(np.array([1, 1]))
    assert bounds.of(np.array([1, 1, *[0] * 8]))[1] == 2


def test_steps_to_spare_count_the_needs_that_would_move() -> None:
    # Offer 1 is free: need 1 goes there at once, need 0 once that has left offer 0. Need 2 is of a later level.
    problem = make_problem(
        [2, 2, 2], [2, 2, 2], need_level=[0, 0, 1], pair_need=[0, 1, 1, 2], pair_offer=[0, 0, 1, 2]
    )
    locks = np.zeros(4, np.int64)
    plan = Plan(problem, group_rules(problem, locks), locks, np.array([0, 2, 0, 2]))
    assert plan.steps_to_spare(0).tolist() == [2, 1, 0]
