"""What is improved after the levels under group rules, and what it must not cost."""

import numpy as np
import pytest

from optimizer.exchange import exchange
from optimizer.locks import fitting_locks
from optimizer.polish import Polish
from optimizer.problem import Ints, Problem, sum_by
from optimizer.repair import repair
from optimizer.rules import group_rules
from optimizer.search import Budget, Search
from optimizer.usable import refuse, usable_slots
from optimizer.values import even_value, fit_value
from tests.optimizer.problems import broken_rules, draw_problem, make_problem
from tests.optimizer.test_search import loose

BUDGET = Budget(1, 1, 0.0, 6, 0.1, bounded_pairs=0, whole_pairs=0, nodes=0, line_work=0.2)


def polish(problem: Problem) -> Polish:
    locks = fitting_locks(problem)
    rules = group_rules(problem, locks)
    rules = refuse(rules, usable_slots(problem, rules, locks))
    bounds, rng = loose(problem.level_needed), np.random.default_rng(0)
    search = Search(problem, rules, locks, bounds, BUDGET, rng, lambda: False, lambda *_: None)
    return Polish(search, even=True)


def first_plan(line: Polish) -> Ints:
    return repair(line.problem, line.rules, line.locks, line.locks, 0)


def test_matches_of_one_size_are_joined_by_fit() -> None:
    problem = make_problem([3, 3, 4], [3, 3, 4], pair_fit=[1, 5, 9, 5, 1, 9, 9, 9, 1])
    line = polish(problem)
    # The third, of four slots, has no other of its size.
    found = exchange(problem, line.rules, line.locks, np.array([3, 0, 0, 0, 3, 0, 0, 0, 4]))
    assert found.tolist() == [0, 3, 0, 3, 0, 0, 0, 0, 4]


def test_match_with_a_limit_of_its_own_takes_no_second() -> None:
    # Each need has matches of two and three slots; the fittest pair may have but three.
    problem = make_problem([5, 5], [5, 5], pair_fit=[9, 1, 1, 9], pair_max_slots=[3, 5, 5, 3])
    line = polish(problem)
    assert exchange(problem, line.rules, line.locks, np.array([3, 2, 2, 3])).tolist() == [3, 2, 2, 3]


def test_match_is_not_joined_to_an_offer_that_asks_for_more() -> None:
    # The second offer gives need 0 four slots or none, need 1 the two it asks for.
    problem = make_problem([5, 2], [2, 4], offer_min_slots=[2, 4], pair_fit=[1, 9, 9, 1])
    line = polish(problem)
    assert exchange(problem, line.rules, line.locks, np.array([2, 0, 0, 2])).tolist() == [2, 0, 0, 2]


def test_incumbents_are_not_given_up_for_fit() -> None:
    problem = make_problem([2, 2], [2, 2], pair_incumbent=[2, 0, 0, 2], pair_fit=[1, 9, 9, 1])
    assert polish(problem).improve(np.array([2, 0, 0, 2])).tolist() == [2, 0, 0, 2]


@pytest.mark.parametrize("seed", range(60))
def test_exchange_keeps_all_rules_and_the_slots_of_everyone(seed: int) -> None:
    problem = draw_problem(8000 + seed, num_needs=30, num_offers=20, rules=True)
    line = polish(problem)
    slots = first_plan(line)
    found = exchange(problem, line.rules, line.locks, slots)
    assert broken_rules(problem, found, line.locks) == []
    for owner, size in ((problem.pair_need, problem.num_needs), (problem.pair_offer, problem.num_offers)):
        assert sum_by(owner, found, size).tolist() == sum_by(owner, slots, size).tolist()
    assert fit_value(problem, found) >= fit_value(problem, slots)


def test_matches_are_made_anew_for_evenness() -> None:
    # With matches of two or more, 4 + 2 + 2 is the most even of three needs: unmet 0 + 4/4 + 4/4.
    problem = make_problem([4, 4, 4], [4, 4], offer_min_slots=[2, 2])
    assert even_value(problem, polish(problem).improve(np.array([4, 0, 0, 4, 0, 0]))) == 2_000_000


def test_matches_are_made_anew_for_fit() -> None:
    # The fittest join matches of unlike sizes: 4 with 2 + 2.
    problem = make_problem(
        [4, 2, 2],
        [4, 2, 2],
        need_level=[0, 1, 1],
        partner_max_schools=[2] * 3,
        pair_fit=[1, 9, 9, 9, 1, 1, 9, 1, 1],
    )
    line = polish(problem)
    found = line.improve(np.array([4, 0, 0, 0, 2, 0, 0, 0, 2]))
    assert found.tolist() == [0, 2, 2, 2, 0, 0, 2, 0, 0]


@pytest.mark.parametrize("seed", range(40))
def test_nothing_before_a_line_is_lost_to_it(seed: int) -> None:
    problem = draw_problem(9000 + seed, num_needs=30, num_offers=20, rules=True)
    line = polish(problem)
    slots = first_plan(line)
    found = line.improve(slots)
    assert broken_rules(problem, found, line.locks) == []
    assert line.value(found) >= line.value(slots)
