"""The network against an exact model by SciPy's HiGHS, line by line on generated problems."""

import numpy as np
import pytest

from optimizer import allocate
from optimizer.bounds import fit_ceiling
from optimizer.locks import fitting_locks
from optimizer.rules import group_rules
from optimizer.usable import usable_slots
from optimizer.values import even_floor, levels_filled
from tests.optimizer.exact import Model, exact_even, exact_fit, exact_keep, exact_levels
from tests.optimizer.problems import broken_rules, draw_problem


@pytest.mark.parametrize("seed", range(80))
def test_network_answer_is_exact_in_every_line(seed: int) -> None:
    problem = draw_problem(seed)
    allocation = allocate(problem)
    locks = problem.pair_locked if problem.pair_locked is not None else np.zeros(problem.num_pairs, np.int64)
    model = Model(problem, locks - allocation.locks_cut, rules=False)
    assert broken_rules(problem, allocation.slots, locks - allocation.locks_cut) == []
    assert [level.filled for level in allocation.levels] == exact_levels(model)
    assert allocation.keep.value == exact_keep(model)
    assert allocation.even.value == exact_even(model)
    assert allocation.fit.value == exact_fit(model)
    assert allocation.status == "optimal"


@pytest.mark.parametrize("seed", range(80))
def test_network_answer_without_even_has_the_most_fit(seed: int) -> None:
    problem = draw_problem(1000 + seed)
    allocation = allocate(problem, even=False)
    locks = problem.pair_locked if problem.pair_locked is not None else np.zeros(problem.num_pairs, np.int64)
    model = Model(problem, locks - allocation.locks_cut, rules=False)
    exact_levels(model), exact_keep(model)
    assert allocation.fit.value == exact_fit(model)
    assert allocation.even.bound <= allocation.even.value


@pytest.mark.parametrize("seed", range(80))
def test_group_rules_hold_and_bounds_are_never_too_tight(seed: int) -> None:
    problem = draw_problem(2000 + seed, rules=True)
    allocation = allocate(problem, effort="quick")
    locks = problem.pair_locked if problem.pair_locked is not None else np.zeros(problem.num_pairs, np.int64)
    held = locks - allocation.locks_cut
    model = Model(problem, held, rules=True)
    assert broken_rules(problem, allocation.slots, held) == []
    for index, level in enumerate(allocation.levels):
        terms = dict.fromkeys(model.of(problem.need_level[problem.pair_need] == index), 1.0)
        best = model.solve(terms, most=True, fix=level.filled)
        assert level.filled <= best <= level.bound
    assert allocation.keep.bound <= exact_keep(model) <= allocation.keep.value


@pytest.mark.parametrize("seed", range(50))
def test_line_bounds_hold_for_the_levels_reached(seed: int) -> None:
    problem = draw_problem(3000 + seed, rules=True)
    allocation = allocate(problem)
    locks = problem.pair_locked if problem.pair_locked is not None else np.zeros(problem.num_pairs, np.int64)
    model = Model(problem, locks - allocation.locks_cut, rules=True)
    level_of_pair = problem.need_level[problem.pair_need]
    for index, level in enumerate(allocation.levels):
        model.solve(dict.fromkeys(model.of(level_of_pair == index), 1.0), most=True, fix=level.filled)
    keep = exact_keep(model)
    assert allocation.keep.bound <= keep <= allocation.keep.value
    if keep == allocation.keep.value:
        even = exact_even(model)
        assert allocation.even.bound <= even <= allocation.even.value
        if even == allocation.even.value:
            assert allocation.fit.value <= exact_fit(model) <= allocation.fit.bound


@pytest.mark.parametrize("seed", range(50))
def test_bounds_without_a_solver_are_never_too_tight(seed: int) -> None:
    problem = draw_problem(4000 + seed)
    allocation = allocate(problem)
    locks = fitting_locks(problem)
    most = usable_slots(problem, group_rules(problem, locks), locks)
    ceiling = fit_ceiling(problem, most, levels_filled(problem, allocation.slots))
    assert ceiling >= allocation.fit.value
    assert even_floor(problem, allocation.slots) <= allocation.even.value
