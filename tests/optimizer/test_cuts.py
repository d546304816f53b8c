from dataclasses import replace

import numpy as np
import pytest

from optimizer import Problem, allocate
from optimizer.cuts import Cut, cut_capacity, minimum_cuts
from tests.optimizer.exact import Model
from tests.optimizer.problems import draw_problem, make_problem


def the_cut(problem: Problem) -> Cut:
    (cut,) = minimum_cuts(problem)
    return cut


def test_level_that_can_be_filled_has_no_cut() -> None:
    assert minimum_cuts(make_problem([3, 2], [5])) == ()


def test_cut_names_the_needs_that_share_the_offers_all_of_whose_slots_are_taken() -> None:
    # Needs 0 and 1 ask 4 + 3 of offer 0 with 5; need 2 has offer 1 for itself, which has 6 for its 2.
    problem = make_problem([4, 3, 2], [5, 6], pair_need=[0, 1, 2], pair_offer=[0, 0, 1])
    cut = the_cut(problem)
    assert (cut.needs.tolist(), cut.offers.tolist(), cut.slots_missing) == ([0, 1], [0], 2)
    assert cut.most == cut_capacity(problem, cut) == 7  # 5 of offer 0, 2 of need 2


def test_cut_reaches_needs_that_are_filled_but_hold_an_offer_the_short_one_could_use() -> None:
    # Needs 0 and 1 share offer 0, needs 1 and 2 share offer 1: 3 + 4 + 2 slots are asked of 4 + 4.
    problem = make_problem([3, 4, 2], [4, 4], pair_need=[0, 1, 1, 2], pair_offer=[0, 0, 1, 1])
    cut = the_cut(problem)
    assert (cut.needs.tolist(), cut.offers.tolist()) == ([0, 1, 2], [0, 1])
    assert (cut.slots_missing, cut.most) == (1, 8)


def test_need_whose_offers_are_too_few_for_it_alone_is_limited_and_does_not_compete() -> None:
    # Nothing can come to need 0, and to need 1 only offer 0 with 2 of 3 slots.
    cut = the_cut(make_problem([4, 3], [2], pair_need=[1], pair_offer=[0]))
    assert (cut.needs.tolist(), cut.limited.tolist(), cut.slots_missing) == ([], [0, 1], 5)
    assert cut.closed.tolist() == [0]


def test_earlier_levels_count_and_later_ones_only_keep_their_locks() -> None:
    # Offer 0 has 6: need 2 of the last level holds 1 by a lock, need 0 takes 3, so 2 are left for the 4 of need 1.
    problem = make_problem([3, 4, 5], [6], need_level=[0, 1, 2], pair_locked=[0, 0, 1])
    middle, last = minimum_cuts(problem)
    assert (middle.level, middle.needs.tolist(), middle.most, middle.slots_missing) == (1, [0, 1], 5, 2)
    assert (last.level, last.needs.tolist(), last.most, last.slots_missing) == (2, [0, 1, 2], 6, 4)
    assert [cut_capacity(problem, cut) for cut in (middle, last)] == [5, 6]


def test_trained_slots_run_out_while_the_offer_has_others() -> None:
    problem = make_problem([2, 2, 2], [9], offer_trained_slots=[3], need_uses_trained=[True, True, False])
    cut = the_cut(problem)
    assert (cut.needs.tolist(), cut.offers.tolist(), cut.trained.tolist()) == ([0, 1], [], [0])
    assert cut.most == cut_capacity(problem, cut) == 5


def test_sets_that_are_no_minimum_cut_prove_a_weaker_bound() -> None:
    problem = make_problem([4, 3, 2], [5, 6], pair_need=[0, 1, 2], pair_offer=[0, 0, 1])
    nobody = np.zeros(0, np.int64)
    assert cut_capacity(problem, replace(the_cut(problem), needs=nobody, offers=nobody)) == 9


@pytest.mark.parametrize("seed", range(150))
def test_capacity_of_each_cut_is_the_most_that_its_levels_can_fill(seed: int) -> None:
    problem = draw_problem(5000 + seed)
    levels = allocate(problem).levels
    held = np.zeros(problem.num_pairs, np.int64)
    if problem.pair_locked is not None:
        held = problem.pair_locked - allocate(problem).locks_cut
    cuts = minimum_cuts(problem)
    assert [cut.level for cut in cuts] == [i for i, level in enumerate(levels) if level.filled < level.needed]
    for cut in cuts:
        upto = Model(problem, held, rules=False)
        pairs = np.flatnonzero(problem.need_level[problem.pair_need] <= cut.level)
        terms = {upto.slots[pair]: 1.0 for pair in pairs.tolist()}
        assert cut.most == cut_capacity(problem, cut) == upto.solve(terms, most=True)
        assert cut.slots_missing == levels[cut.level].needed - levels[cut.level].filled


@pytest.mark.parametrize("seed", range(60))
def test_new_offer_lifts_the_bound_just_where_it_can_come_to_a_need_of_the_cut(seed: int) -> None:
    problem = draw_problem(6000 + seed)
    for cut in minimum_cuts(problem):
        for need in np.flatnonzero(problem.need_level <= cut.level).tolist():
            levels = allocate(_with_slot_for(problem, need)).levels
            gained = sum(level.filled for level in levels[: cut.level + 1]) - cut.most
            assert gained == (need in cut.needs or need in cut.limited)


@pytest.mark.parametrize("seed", range(100))
def test_cut_bounds_what_the_group_rules_allow(seed: int) -> None:
    problem = draw_problem(7000 + seed, rules=True)
    levels = allocate(problem, effort="quick").levels
    for cut in minimum_cuts(problem):
        assert cut.most == cut_capacity(problem, cut)
        assert sum(level.filled for level in levels[: cut.level + 1]) <= cut.most


def _with_slot_for(problem: Problem, need: int) -> Problem:
    """Return the problem with an offer of one slot, trained, for one need."""
    added = {
        "offer_slots": 1,
        "offer_partner": problem.num_partners,
        "offer_trained_slots": 1,
        "pair_need": need,
        "pair_offer": problem.num_offers,
        "pair_fit": 0,
        "pair_max_slots": 1,
        "pair_locked": 0,
        "pair_incumbent": 0,
    }
    arrays = {name: getattr(problem, name) for name in added}
    longer = {name: np.append(a, added[name]) for name, a in arrays.items() if a is not None}
    return replace(problem, **longer)
