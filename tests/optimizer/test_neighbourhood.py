"""A neighbourhood of all needs, solved alone: every rule holds in it, and its first level is the exact model's."""

import numpy as np
import pytest

from optimizer.neighbourhood import solve
from tests.optimizer.exact import Model
from tests.optimizer.problems import broken_rules, draw_problem, make_problem
from tests.optimizer.test_mip import empty_plan


@pytest.mark.parametrize("seed", range(60))
def test_first_level_is_that_of_the_exact_model_and_keeps_all_rules(seed: int) -> None:
    problem = draw_problem(11_000 + seed, rules=True)
    plan = empty_plan(problem)
    level = int(problem.need_level.min())
    near = plan.around(np.arange(problem.num_needs))
    answer = solve(problem, plan.rules, near, level, work=5.0)
    plan.update(near.pairs, answer.slots)
    assert broken_rules(problem, plan.slots, plan.locks) == []
    model = Model(problem, plan.locks, rules=True)
    is_level = problem.need_level[problem.pair_need] == level
    most = model.solve(dict.fromkeys(model.of(is_level), 1.0), most=True)
    assert plan.slots[is_level].sum() == most


def test_lock_of_a_later_level_stays_though_an_earlier_one_could_use_its_slots() -> None:
    problem = make_problem([4, 4], [5], need_level=[0, 1], pair_locked=[0, 3], need_max_partners=[1, 1])
    plan = empty_plan(problem)
    near = plan.around(np.arange(2))
    assert solve(problem, plan.rules, near, 0, work=1.0).slots.tolist() == [2, 3]


@pytest.mark.parametrize(("most", "slots"), [(1, 3), (2, 5)])
def test_school_has_at_most_its_partners_in_a_neighbourhood(most: int, slots: int) -> None:
    problem = make_problem([9], [3, 2], school_max_partners=[most])
    plan = empty_plan(problem)
    assert solve(problem, plan.rules, plan.around(np.array([0])), 0, work=1.0).slots.sum() == slots
