"""Every rule alone, once allowed and once refused, with numbers worked by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from optimizer import NO_LIMIT, Allocation, Level, allocate
from tests.optimizer.problems import make_problem


def solve(needs: list[int], offers: list[int], **arrays: Any) -> Allocation:  # Any: whatever Problem takes
    return allocate(make_problem(needs, offers, **arrays))


def test_offer_is_never_overdrawn() -> None:
    assert solve([3, 3], [4]).slots.sum() == 4


def test_need_gets_no_more_than_it_asks() -> None:
    assert solve([3], [4, 4]).slots.sum() == 3


@pytest.mark.parametrize(("limit", "filled"), [(2, 2), (5, 4)])
def test_pair_max_slots_limits_a_match(limit: int, filled: int) -> None:
    assert solve([4], [6], pair_max_slots=[limit]).slots.tolist() == [filled]


@pytest.mark.parametrize(("uses_trained", "filled"), [(True, 2), (False, 5)])
def test_trained_slots_limit_only_needs_that_use_them(uses_trained: bool, filled: int) -> None:
    allocation = solve([5], [6], offer_trained_slots=[2], need_uses_trained=[uses_trained])
    assert allocation.slots.tolist() == [filled]


def test_trained_slots_are_shared_by_all_needs_of_an_offer() -> None:
    allocation = solve([3, 3, 3], [9], offer_trained_slots=[4], need_uses_trained=[True, True, False])
    assert allocation.slots[:2].sum() == 4
    assert allocation.slots[2] == 3


@pytest.mark.parametrize(("least", "filled"), [(3, 3), (4, 0)])
def test_match_below_the_least_of_its_offer_is_refused(least: int, filled: int) -> None:
    # The first offer gives 3 at most, by pair_max_slots.
    assert solve([5], [6], pair_max_slots=[3], offer_min_slots=[least]).slots.tolist() == [filled]


def test_least_of_an_offer_never_exceeds_what_the_need_asks() -> None:
    assert solve([2], [6], offer_min_slots=[4]).slots.tolist() == [2]


def test_least_of_an_offer_never_exceeds_its_trained_slots() -> None:
    allocation = solve([5], [6], offer_min_slots=[4], offer_trained_slots=[2], need_uses_trained=[True])
    assert allocation.slots.tolist() == [2]


@pytest.mark.parametrize(("least", "filled"), [(4, 4), (5, 0)])
def test_need_gets_nothing_or_its_least(least: int, filled: int) -> None:
    assert solve([6], [4], need_min_slots=[least]).slots.tolist() == [filled]


@pytest.mark.parametrize(("limit", "filled"), [(1, 3), (2, 5), (NO_LIMIT, 6)])
def test_need_has_at_most_its_partners(limit: int, filled: int) -> None:
    assert solve([6], [3, 2, 1], need_max_partners=[limit]).slots.sum() == filled


def test_two_offers_of_one_partner_count_once() -> None:
    assert solve([6], [3, 3], offer_partner=[0, 0], need_max_partners=[1]).slots.tolist() == [3, 3]


@pytest.mark.parametrize(("limit", "filled"), [(1, 3), (2, 5)])
def test_school_has_at_most_its_partners(limit: int, filled: int) -> None:
    allocation = solve([3, 3], [3, 2], need_school=[0, 0], school_max_partners=[limit])
    assert allocation.slots.sum() == filled


@pytest.mark.parametrize(("limit", "filled"), [(1, 3), (2, 5)])
def test_partner_goes_to_at_most_its_schools(limit: int, filled: int) -> None:
    assert solve([3, 2], [6], partner_max_schools=[limit]).slots.sum() == filled


def test_two_needs_of_one_school_count_once() -> None:
    allocation = solve([3, 2], [6], need_school=[0, 0], partner_max_schools=[1])
    assert allocation.slots.tolist() == [3, 2]


def test_limit_of_no_partner_refuses_all() -> None:
    assert solve([3], [6], need_max_partners=[0]).slots.tolist() == [0]


def test_partner_goes_to_the_school_of_the_earlier_level() -> None:
    # 5 slots at level 1 would be more in all than 2 at level 0.
    allocation = solve([5, 2], [6], need_level=[1, 0], partner_max_schools=[1])
    assert allocation.slots.tolist() == [0, 2]


def test_earlier_level_takes_slots_from_a_later_one() -> None:
    assert solve([4, 4], [5], need_level=[1, 0]).slots.tolist() == [1, 4]


def test_fewer_slots_in_all_are_better_if_the_first_level_has_more() -> None:
    # Need 0 (level 0) can only have 2 slots by the one partner it may have at all; needs 1 and 2 share its school's
    # other partner: with at most one partner at the school, level 0 costs them 4 slots.
    pairs = {"pair_need": [0, 1, 2], "pair_offer": [0, 1, 1]}
    allocation = solve(
        [2, 2, 2], [2, 4], need_level=[0, 1, 1], need_school=[0, 0, 0], school_max_partners=[1], **pairs
    )
    assert allocation.slots.tolist() == [2, 0, 0]


def test_lock_is_kept_where_another_need_comes_first() -> None:
    allocation = solve([4, 4], [4], need_level=[0, 1], pair_locked=[0, 3])
    assert allocation.slots.tolist() == [1, 3]


def test_locked_match_may_grow() -> None:
    assert solve([4], [4], pair_locked=[1]).slots.tolist() == [4]


def test_lock_overrides_every_pair_and_count_rule() -> None:
    allocation = solve(
        [4, 4],
        [1, 9],
        pair_locked=[1, 0, 0, 3],
        pair_max_slots=[0, 0, 0, 2],
        offer_min_slots=[1, 4],
        need_min_slots=[4, 4],
        need_max_partners=[0, 0],
        school_max_partners=[0, 0],
        partner_max_schools=[0, 0],
    )
    assert allocation.slots.tolist() == [1, 0, 0, 3]
    assert allocation.locks_cut.tolist() == [0, 0, 0, 0]


def test_locked_partner_takes_the_place_of_another() -> None:
    # One partner only: without the lock the second offer, with 5 slots, would be better.
    assert solve([5], [2, 5], pair_locked=[1, 0], need_max_partners=[1]).slots.tolist() == [2, 0]


def test_locks_over_capacity_are_cut_from_the_latest_level() -> None:
    allocation = solve([4, 4, 4], [9], need_level=[2, 0, 1], pair_locked=[4, 4, 4])
    assert allocation.slots.tolist() == [1, 4, 4]
    assert allocation.locks_cut.tolist() == [3, 0, 0]


def test_locks_of_one_level_are_cut_from_the_last_index() -> None:
    allocation = solve([4, 4], [5], pair_locked=[4, 4])
    assert allocation.locks_cut.tolist() == [0, 3]


def test_locks_over_trained_slots_and_needs_are_cut() -> None:
    trained = solve([4, 4], [9], pair_locked=[3, 3], offer_trained_slots=[5], need_uses_trained=[True, True])
    assert trained.locks_cut.tolist() == [0, 1]
    assert solve([4], [9, 9], pair_locked=[3, 3]).locks_cut.tolist() == [0, 2]


def test_incumbent_stays_before_even_and_fit() -> None:
    # Equal levels either way; even wants 2 and 2, the fit wants the first.
    arrays = {"pair_fit": [900_000, 100_000], "pair_incumbent": [0, 4]}
    kept = solve([4, 4], [4], **arrays)
    assert kept.slots.tolist() == [0, 4]
    assert kept.keep.value == 0


def test_incumbent_gives_way_to_an_earlier_level() -> None:
    moved = solve([3, 4], [4], need_level=[0, 1], pair_incumbent=[0, 4])
    assert moved.slots.tolist() == [3, 1]
    assert (moved.keep.value, moved.keep.bound, moved.keep.proven) == (3, 3, True)


def test_unmet_slots_are_spread_in_proportion_to_needed() -> None:
    # Least of u^2/6 + v^2/3 with u + v = 3 is u = 2, v = 1: 4/6 + 1/3 = 1.
    allocation = solve([6, 3], [6], pair_fit=[0, 1_000_000])
    assert allocation.slots.tolist() == [4, 2]
    assert allocation.even.value == 666_666 + 333_333


def test_needs_of_one_school_and_level_share_one_unevenness() -> None:
    # One group of 9 slots with 3 unmet, however they fall: 9/9 = 1; so the fit decides.
    allocation = solve([6, 3], [6], need_school=[0, 0], pair_fit=[0, 1_000_000])
    assert allocation.slots.tolist() == [3, 3]
    assert allocation.even.value == 1_000_000


def test_fit_decides_without_even() -> None:
    allocation = allocate(make_problem([6, 3], [6], pair_fit=[1_000_000, 0]), even=False)
    assert allocation.slots.tolist() == [6, 0]
    assert allocation.fit.value == 6_000_000
    assert allocation.status == "optimal"


def test_fit_never_costs_a_slot() -> None:
    # The best pair alone would leave need 1 without its only offer.
    pairs = {"pair_need": [0, 0, 1], "pair_offer": [0, 1, 0], "pair_fit": [1_000_000, 0, 0]}
    assert solve([2, 2], [2, 2], **pairs).slots.tolist() == [0, 2, 2]


def test_empty_problem_has_an_answer() -> None:
    allocation = solve([], [])
    assert allocation.status == "optimal"
    assert [level.needed for level in allocation.levels] == [0] * 10


def test_needs_without_pairs_are_unmet() -> None:
    allocation = solve([3], [3], pair_need=[], pair_offer=[])
    assert allocation.even.value == 3_000_000
    assert allocation.levels[0].bound == 0


def test_large_needs_are_spread_exactly() -> None:
    # u/1000 = v/500 with u + v = 600: u = 400, v = 200.
    allocation = solve([1000, 500], [900])
    assert allocation.slots.tolist() == [600, 300]
    assert allocation.even.value == 160_000_000 + 80_000_000


def test_bound_counts_what_a_level_can_fill_alone() -> None:
    # With one partner level 0 fills 2 of the 4 slots that K(1) has for it; K(2) = 5 would leave 3 for level 1, but
    # alone it fills only the last offer's one.
    pairs = {"pair_need": [0, 0, 1], "pair_offer": [0, 1, 2], "need_max_partners": [1, 1]}
    levels = solve([4, 3], [2, 2, 1], need_level=[0, 1], **pairs).levels
    assert [level.filled for level in levels[:2]] == [2, 1]
    assert levels[1].bound == 1
    assert levels[1].proven


def test_small_problem_is_proven_under_group_rules() -> None:
    # The plain bound of level 0 is 4, but one partner gives 2.
    pairs = {"pair_need": [0, 0, 1], "pair_offer": [0, 1, 2], "need_max_partners": [1, 1]}
    levels = solve([4, 3], [2, 2, 1], need_level=[0, 1], **pairs).levels
    assert [(level.bound, level.proven) for level in levels[:2]] == [(2, True), (1, True)]


def test_pair_that_a_rule_alone_refuses_is_no_part_of_the_bound() -> None:
    assert solve([5], [6], pair_max_slots=[3], offer_min_slots=[4]).levels[0].bound == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"effort": "hasty"}, r"effort: expected one of quick, standard, thorough, got 'hasty'\."),
        ({"seed": -1}, r"seed: expected 0 or more, got -1\."),
        ({"max_seconds": 0}, r"max_seconds: expected more than 0, got 0\."),
    ],
)
def test_unknown_option_is_refused(options: dict[str, Any], message: str) -> None:  # Any: wrong on purpose
    with pytest.raises(ValueError, match=message):
        allocate(make_problem([1], [1]), **options)


def test_progress_only_grows_and_ends_with_one() -> None:
    shares: list[float] = []
    allocate(
        make_problem([6], [3, 2, 1], need_max_partners=[2]),
        progress=lambda _, share, *levels: shares.append(share),
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_progress_tells_what_the_levels_reach_and_ends_with_the_result() -> None:
    told: list[Sequence[Level]] = []
    found = allocate(
        make_problem([6], [3, 2, 1], need_max_partners=[2]),
        progress=lambda _phase, _share, levels=(): told.append(levels),
    )
    # Two of the three offers fill 5 of 6 slots, and no plan can fill more.
    assert [level.filled for level in told[-2]][:1] == [5]
    assert tuple(told[-1]) == found.levels


def test_problem_is_left_as_it_was() -> None:
    problem = make_problem([4, 4, 4], [9], pair_locked=[4, 4, 4], partner_max_schools=[2])
    before = [np.array(array) for array in (problem.pair_locked, problem.offer_slots, problem.need_slots)]
    allocate(problem)
    after = [problem.pair_locked, problem.offer_slots, problem.need_slots]
    assert all(
        np.array_equal(one, other) for one, other in zip(before, after, strict=True) if other is not None
    )
