import numpy as np

from optimizer.bounds import LevelBounds
from optimizer.rules import group_rules
from optimizer.search import Budget, Search
from optimizer.values import levels_filled
from tests.optimizer.problems import Ints, make_problem


def levels(*values: int) -> Ints:
    return np.array([*values, *[0] * (10 - len(values))], np.int64)


def test_level_bound_is_the_least_of_needed_alone_and_left_together() -> None:
    bounds = LevelBounds(needed=levels(4, 3, 9), alone=levels(4, 9, 2), together=levels(3, 9, 12).cumsum())
    # Level 0: K(1) = 3. Level 1: needed 3. Level 2: alone 2.
    assert bounds.of(levels(3, 3, 1))[:3].tolist() == [3, 3, 2]


def test_shown_bound_holds_only_after_the_same_earlier_levels() -> None:
    bounds = LevelBounds(levels(4, 4), levels(4, 4), levels(4, 8))
    bounds.show(1, levels(3, 2), 2)
    assert bounds.of(levels(3, 1))[1] == 2
    assert bounds.of(levels(2, 1))[1] == 4


def test_solver_that_runs_out_of_work_shows_no_bound() -> None:
    problem = make_problem([4, 4], [2, 2, 2], need_max_partners=[1, 1], offer_min_slots=[2, 2, 2])
    locks = np.zeros(problem.num_pairs, np.int64)
    plain = LevelBounds(levels(8), levels(6), np.full(10, 6))
    budget = Budget(
        repairs=1, growths=0, work=1.0, size=2, solver_work=0.0, bounded_pairs=0, whole_pairs=0, nodes=0
    )
    rng = np.random.default_rng(0)
    search = Search(
        problem, group_rules(problem, locks), locks, plain, budget, rng, lambda: False, lambda *_: None
    )
    assert plain.of(levels_filled(problem, search.improve(locks)))[0] == 6
