"""Why not this pair: each answer, and that the change it names brings the pair in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import Change, ChangeSlots, Force, allocate, what_if, why_not
from optimizer.network import uses_trained
from tests.optimizer.problems import draw_problem, make_problem


def test_a_pair_that_ties_costs_nothing() -> None:
    problem = make_problem([1], [1, 1])
    assert why_not(problem, np.array([1, 0]), 1).smallest == "nothing"


def test_a_pair_that_fits_worse_is_told_by_how_much() -> None:
    problem = make_problem([1], [1, 1], pair_fit=[900_000, 650_000])
    found = why_not(problem, allocate(problem), 1)
    assert (found.smallest, found.fit_rise) == ("fit", 250_000)


def test_an_offer_that_an_urgent_need_takes_up_is_told_how_many_slots_more_it_takes() -> None:
    problem = make_problem([2, 3], [2], need_level=[0, 1])
    found = why_not(problem, allocate(problem), 1)
    # The first slot more goes to the later need: it is the only one still short.
    assert (found.smallest, found.more_slots) == ("slots", 1)
    assert found.forced is not None
    assert found.forced.outcome.levels[:2] == (-1, 1)


def test_a_partner_with_all_its_schools_is_told_as_a_full_rule_that_more_slots_do_not_open() -> None:
    problem = make_problem([3, 2], [9], partner_max_schools=[1])
    found = why_not(problem, allocate(problem), 1)
    assert (found.smallest, found.more_slots) == ("levels", None)
    assert [(full.rule, full.pairs.tolist()) for full in found.full_rules] == [("partner_max_schools", [0])]


def test_an_offer_whose_least_match_grows_with_its_slots_is_still_answered() -> None:
    # A match gives at least both slots of the offer, and 3 once it has more: more than the second pair may have.
    problem = make_problem([3, 3], [2], need_level=[0, 1], offer_min_slots=[3], pair_max_slots=[3, 2])
    found = why_not(problem, allocate(problem), 1)
    assert (found.smallest, found.more_slots) == ("levels", None)


def test_locks_that_leave_no_room_are_told() -> None:
    problem = make_problem([2, 2], [2], pair_locked=[2, 0])
    found = why_not(problem, allocate(problem), 1)
    assert (found.smallest, found.forced) == ("locks", None)


@pytest.mark.parametrize(("pair", "said"), [(7, "Pair 7: expected one of"), (0, "without slots, has 1")])
def test_only_a_pair_without_slots_can_be_asked_for(pair: int, said: str) -> None:
    problem = make_problem([1], [1, 1])
    with pytest.raises(ValueError, match=said):
        why_not(problem, np.array([1, 0]), pair)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_without_group_rules_the_smallest_change_suffices_and_no_less_fit_does(seed: int, even: bool) -> None:
    problem = draw_problem(seed)
    present = allocate(problem, even=even)
    unused = np.flatnonzero(present.slots == 0)
    if not len(unused):
        return
    pair = int(unused[seed % len(unused)])
    found = why_not(problem, present, pair, even=even)
    if found.fit_rise is not None:
        for rise, brings_in in ((found.fit_rise + 1, True), (found.fit_rise - 1, False)):
            fit = problem.pair_fit.copy()
            fit[pair] += rise
            assert (allocate(replace(problem, pair_fit=fit), even=even).slots[pair] > 0) == brings_in
    if found.more_slots is not None:
        trained = found.more_slots * int(uses_trained(problem)[pair])
        larger: list[Change] = [ChangeSlots(int(problem.pair_offer[pair]), found.more_slots, trained)]
        without = what_if(problem, present, larger, even=even).outcome.rank
        assert what_if(problem, present, [*larger, Force(pair)], even=even).outcome.rank >= without
