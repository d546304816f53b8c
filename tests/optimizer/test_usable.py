"""What the rules leave of pairs and needs before anything is solved, with numbers worked by hand."""

import numpy as np
import pytest

from optimizer import NO_LIMIT, Problem, allocate
from optimizer.locks import fitting_locks
from optimizer.problem import Ints
from optimizer.rules import group_rules
from optimizer.usable import need_reach, offer_reach, usable_slots
from tests.optimizer.exact import Model, exact_levels
from tests.optimizer.problems import draw_problem, make_problem


def usable(problem: Problem) -> Ints:
    locks = fitting_locks(problem)
    return usable_slots(problem, group_rules(problem, locks), locks)


@pytest.mark.parametrize(("partners", "slots"), [(1, [0, 0]), (2, [9, 7])])
def test_need_that_its_partners_cannot_fill_is_dropped(partners: int, slots: list[int]) -> None:
    # At least 15 slots: the best partner has 9, both together 16.
    problem = make_problem([20], [9, 7], need_min_slots=[15], need_max_partners=[partners])
    assert usable(problem).tolist() == slots


def test_two_offers_of_the_one_partner_fill_a_need_together() -> None:
    problem = make_problem([20], [9, 7], need_min_slots=[15], need_max_partners=[1], offer_partner=[0, 0])
    assert usable(problem).tolist() == [9, 7]


def test_need_that_cannot_be_filled_is_no_part_of_the_bound() -> None:
    # Need 0 would take all 9 slots of the first offer and still not have its 15.
    problem = make_problem([20, 3], [9], need_min_slots=[15, 0], need_max_partners=[1, 1])
    allocation = allocate(problem, effort="quick")
    assert allocation.slots.tolist() == [0, 3]
    assert (allocation.levels[0].bound, allocation.levels[0].proven) == (3, True)


@pytest.mark.parametrize(("least", "slots"), [(3, 0), (2, 2)])
def test_pair_without_room_for_its_least_beside_a_lock_is_dropped(least: int, slots: int) -> None:
    # The lock of need 0 leaves 2 of the 6 slots.
    problem = make_problem([4, 4], [6], pair_locked=[4, 0], offer_min_slots=[least])
    assert usable(problem).tolist() == [4, slots]


@pytest.mark.parametrize(("least", "slots"), [(3, 0), (2, 2)])
def test_pair_without_room_for_its_least_in_its_need_beside_a_lock_is_dropped(least: int, slots: int) -> None:
    # The lock leaves 2 of the 6 slots that the need asks for.
    problem = make_problem([6], [4, 4], pair_locked=[4, 0], offer_min_slots=[least, least])
    assert usable(problem).tolist() == [4, slots]


@pytest.mark.parametrize(("least", "slots"), [(3, 0), (2, 2)])
def test_pair_without_room_for_its_least_in_trained_slots_beside_a_lock_is_dropped(
    least: int, slots: int
) -> None:
    # The lock leaves 2 of the 6 trained slots, though the offer has 9.
    trained = {"offer_trained_slots": [6], "need_uses_trained": [True, True]}
    problem = make_problem([4, 4], [9], pair_locked=[4, 0], offer_min_slots=[least], **trained)
    assert usable(problem).tolist() == [4, slots]


def test_locks_that_take_all_partners_shut_out_others() -> None:
    problem = make_problem([9], [4, 4], pair_locked=[1, 0], need_max_partners=[1])
    assert usable(problem).tolist() == [4, 0]


def test_reach_is_the_best_links_that_a_limit_allows() -> None:
    problem = make_problem([4, 6, 5], [20, 3], need_max_partners=[NO_LIMIT, 1, 0], partner_max_schools=[2, 1])
    rules, slots = group_rules(problem, np.zeros(6, np.int64)), np.array([4, 3, 6, 3, 5, 3])
    assert need_reach(problem, rules, slots).tolist() == [4, 6, 0]
    # The first offer at its best two schools: 6 + 5; the second at one: 3.
    assert offer_reach(problem, rules, slots).tolist() == [11, 3]


@pytest.mark.parametrize("seed", range(60))
def test_what_is_dropped_costs_no_slot(seed: int) -> None:
    problem = draw_problem(7000 + seed, rules=True)
    locks = fitting_locks(problem)
    best = exact_levels(Model(problem, locks, rules=True), 3)
    model = Model(problem, locks, rules=True)
    for pair, most in enumerate(usable(problem).tolist()):
        model.upper[model.slots[pair]] = min(model.upper[model.slots[pair]], most)
    assert exact_levels(model, 3) == best
