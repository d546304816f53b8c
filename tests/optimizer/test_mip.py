"""Levels by HiGHS: its bounds against the independent model, and what it is not trusted with."""

import numpy as np
import pytest

from optimizer.locks import fitting_locks
from optimizer.mip import prove
from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.rules import group_rules
from optimizer.usable import refuse, usable_slots
from tests.optimizer.exact import Model
from tests.optimizer.problems import broken_rules, draw_problem, make_problem


def empty_plan(problem: Problem) -> Plan:
    locks = fitting_locks(problem)
    rules = group_rules(problem, locks)
    return Plan(problem, refuse(rules, usable_slots(problem, rules, locks)), locks, locks)


@pytest.mark.parametrize("seed", range(100))
def test_first_level_and_its_bounds_agree_with_the_exact_model(seed: int) -> None:
    problem = draw_problem(6000 + seed, rules=True)
    plan = empty_plan(problem)
    level = int(problem.need_level.min())
    near = plan.around(np.flatnonzero(problem.need_level == level))
    if not len(near.pairs):
        return
    model = Model(problem, plan.locks, rules=True)
    is_level = problem.need_level[problem.pair_need] == level
    most = model.solve(dict.fromkeys(model.of(is_level), 1.0), most=True)
    proof = prove(problem, plan.rules, near, level, nodes=1000)
    linear = prove(problem, plan.rules, near, level, nodes=0)
    assert proof.slots is not None
    assert linear.bound is not None
    assert most == proof.bound == proof.slots.sum() <= linear.bound
    plan.update(near.pairs, proof.slots)
    assert broken_rules(problem, plan.slots, plan.locks) == []


def test_linear_program_bounds_and_finds_nothing() -> None:
    # Two of three partners, at 2 and 3 slots of 5 asked: the fraction of the third is no use.
    problem = make_problem([5], [2, 2, 3], need_max_partners=[2])
    plan = empty_plan(problem)
    proof = prove(problem, plan.rules, plan.around(np.array([0])), 0, nodes=0)
    assert proof.slots is None
    assert proof.bound == 5
    assert proof.nodes == 0


def test_slots_let_through_by_a_tolerance_are_refused() -> None:
    # A switch of a millionth would let a slot of a million through; whatever is found keeps the rules.
    problem = make_problem([10**6] * 3, [10**6] * 2, need_max_partners=[1] * 3, partner_max_schools=[1, 1])
    plan = empty_plan(problem)
    near = plan.around(np.arange(3))
    proof = prove(problem, plan.rules, near, 0, nodes=100)
    assert proof.bound is not None
    assert proof.bound >= 2 * 10**6
    if proof.slots is not None:
        plan.update(near.pairs, proof.slots)
        assert broken_rules(problem, plan.slots) == []
