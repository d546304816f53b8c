"""A slice of the cases of `benchmarks.audited_cases`, and that its checks can fail."""

from dataclasses import replace

import pytest

from benchmarks.audited_cases import audit_districts, audit_problems, check_matching, check_problem
from optimizer import allocate
from tests.districts import make_district, make_need, make_offer
from tests.matching.cases import run_match
from tests.optimizer.problems import make_problem


def test_no_rule_is_broken_in_drawn_problems_of_every_sort() -> None:
    counts = audit_problems(80)
    assert counts["cases"] == 80
    assert {"with locks", "with locks cut", "with incumbents", "with gaps"} <= set(counts)


def test_the_audit_passes_on_drawn_districts_of_every_sort() -> None:
    counts = audit_districts(20)
    assert counts["cases"] >= 20
    assert {"with matches", "with gaps", "with locks"} <= set(counts)


def test_an_allocation_that_states_another_value_is_noticed() -> None:
    problem = make_problem([5], [3])
    good = allocate(problem)
    check_problem(problem, good)
    for name in ("keep", "even", "fit"):
        wrong = replace(getattr(good, name), value=getattr(good, name).value + 1)
        with pytest.raises(AssertionError):
            check_problem(problem, replace(good, **{name: wrong}))


def test_a_level_that_states_more_than_it_fills_is_noticed() -> None:
    good = run_match(make_district([make_need(slots=5)], [make_offer(slots=3)]))
    levels = tuple(replace(level, filled=level.needed) for level in good.allocation.levels)
    check_matching(good)
    with pytest.raises(AssertionError):
        check_matching(replace(good, allocation=replace(good.allocation, levels=levels)))
