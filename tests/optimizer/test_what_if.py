"""What-ifs: impossible changes are refused, the network's are as good as a fresh solve, all keep every rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import (
    NO_LIMIT,
    Change,
    ChangeSlots,
    DropPartner,
    Forbid,
    Force,
    Problem,
    Settle,
    allocate,
    what_if,
)
from optimizer.changes import changed
from optimizer.drop import drop
from optimizer.locks import fitting_locks
from optimizer.rules import group_rules
from optimizer.values import levels_filled
from tests.optimizer.exact import Model, exact_keep, fix_levels
from tests.optimizer.problems import broken_rules, draw_problem, make_problem

SEEDS = st.integers(0, 10**6)


def draw_changes(problem: Problem, seed: int) -> list[Change]:
    """Return one to three changes at random, whether they are possible or not."""
    rng = np.random.default_rng(seed)
    kinds: list[Callable[[], Change]] = [
        lambda: Force(int(rng.integers(problem.num_pairs)), int(rng.integers(1, 4))),
        lambda: Force(int(rng.integers(problem.num_pairs))),
        lambda: Forbid(int(rng.integers(problem.num_pairs))),
        lambda: ChangeSlots(int(rng.integers(problem.num_offers)), int(rng.integers(-3, 4))),
        lambda: DropPartner(int(rng.integers(problem.num_partners))),
    ]
    return [kinds[rng.integers(len(kinds))]() for _ in range(int(rng.integers(1, 4)))]


def possible_changes(seed: int, *, rules: bool) -> tuple[Problem, list[Change], Problem]:
    """Return a problem with changes that are possible, and what it is after them, from the first seed that has any."""
    while True:
        problem = draw_problem(seed, num_needs=8, num_offers=7, rules=rules)
        try:
            changes = draw_changes(problem, seed)
            return problem, changes, changed(problem, changes)
        except ValueError:
            seed += 1


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.booleans())
def test_without_group_rules_a_what_if_is_as_good_as_a_fresh_solve(seed: int, even: bool) -> None:
    problem, changes, after = possible_changes(seed, rules=False)
    found = what_if(problem, allocate(problem, even=even), changes, even=even).allocation
    fresh = allocate(after, even=even)
    assert broken_rules(after, found.slots, fitting_locks(after)) == []
    assert (found.levels, found.keep, found.even) == (fresh.levels, fresh.keep, fresh.even)
    assert (found.fit, found.status) == (fresh.fit, fresh.status)


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_under_group_rules_it_keeps_them_all_and_is_no_worse_than_what_a_change_leaves(seed: int) -> None:
    problem, changes, after = possible_changes(seed, rules=True)
    present = allocate(problem, effort="quick")
    found = what_if(problem, present, changes)
    locks = fitting_locks(after)
    left = drop(after, group_rules(after, locks), locks, present.slots)
    assert broken_rules(after, found.allocation.slots, locks) == []
    assert levels_filled(after, found.allocation.slots).tolist() >= levels_filled(after, left).tolist()
    assert all(level.filled <= level.bound for level in found.allocation.levels)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.booleans())
def test_nothing_moves_where_nothing_changes(seed: int, rules: bool) -> None:
    problem = draw_problem(seed, rules=rules)
    found = what_if(problem, allocate(problem, effort="quick"), [])
    assert len(found.outcome.moves.pair) == 0
    assert not any(found.outcome.rank)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_a_proof_under_group_rules_holds_against_a_fresh_solve(seed: int) -> None:
    problem, changes, after = possible_changes(seed, rules=True)
    found = what_if(problem, allocate(problem, effort="quick"), changes).allocation
    fresh = allocate(after, effort="standard")
    for ours, theirs in zip(found.levels, fresh.levels, strict=True):
        if not ours.proven or ours.filled != theirs.filled:
            assert theirs.filled <= ours.bound
            break


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.booleans())
def test_settled_pairs_have_exactly_their_slots_and_the_rest_is_matched_anew(seed: int, rules: bool) -> None:
    problem, rng = draw_problem(seed, num_needs=8, num_offers=7, rules=rules), np.random.default_rng(seed)
    plan = allocate(problem)
    pairs = rng.choice(problem.num_pairs, min(3, problem.num_pairs), replace=False)
    changes = [Settle(int(pair), int(rng.integers(0, plan.slots[pair] + 1))) for pair in pairs]
    found = what_if(problem, plan, changes)
    assert found.allocation.slots[pairs].tolist() == [change.slots for change in changes]
    after = changed(problem, changes)
    assert broken_rules(after, found.allocation.slots, fitting_locks(after)) == []
    if not rules:
        assert found.allocation.levels == allocate(after).levels


def test_what_is_settled_may_exceed_the_partners_of_its_need_but_not_the_slots_of_its_offer() -> None:
    problem = make_problem([4], [2, 2], need_max_partners=[1])
    plan = allocate(problem)
    found = what_if(problem, plan, [Settle(0, 1), Settle(1, 2)])
    assert found.allocation.slots.tolist() == [1, 2]
    with pytest.raises(ValueError, match="leaves no room"):
        what_if(problem, plan, [Settle(0, 3)])
    with pytest.raises(ValueError, match="cannot be settled and taken away"):
        what_if(problem, plan, [Settle(0, 1), Forbid(0)])


def two_schools() -> Problem:
    """Return two urgent slots and three later ones of another school, which share an offer of three."""
    return make_problem([2, 3], [3], need_level=[0, 1])


def test_forcing_a_later_need_takes_the_slots_from_the_urgent_one() -> None:
    # Urgent 2, later 1 as it is; two forced on the later need leave the urgent one a single slot.
    found = what_if(two_schools(), allocate(two_schools()), [Force(1, 2)])
    assert found.outcome.levels[:2] == (-1, 1)
    moves = found.outcome.moves
    assert (moves.pair.tolist(), moves.before.tolist(), moves.after.tolist()) == ([0, 1], [2, 1], [1, 2])


def test_more_slots_go_where_they_are_missing() -> None:
    found = what_if(two_schools(), allocate(two_schools()), [ChangeSlots(0, 5)])
    assert found.outcome.levels[:2] == (0, 2)
    assert found.allocation.status == "optimal"


def test_trained_slots_without_a_limit_stay_without() -> None:
    problem = make_problem([3], [1], offer_trained_slots=[NO_LIMIT], need_uses_trained=[True])
    assert what_if(problem, allocate(problem), [ChangeSlots(0, 2, 2)]).outcome.levels[0] == 2


def test_an_offer_may_lose_all_of_its_slots() -> None:
    found = what_if(two_schools(), allocate(two_schools()), [ChangeSlots(0, -3)])
    assert found.outcome.levels[:2] == (-2, -1)


def test_a_dropped_partner_takes_locked_matches_along() -> None:
    problem = make_problem([2], [2, 2], pair_locked=[2, 0])
    found = what_if(problem, allocate(problem), [DropPartner(0)])
    assert found.allocation.slots.tolist() == [0, 2]


def test_of_plans_as_good_the_one_with_the_fewest_moves_is_taken() -> None:
    # Two needs and two offers that all fit the same: the first match can end without touching the second.
    problem = make_problem([1, 1], [1, 1, 1])
    present = np.array([1, 0, 0, 0, 1, 0])
    found = what_if(problem, present, [Forbid(0)])
    assert found.allocation.slots.tolist() == [0, 0, 1, 0, 1, 0]


def test_a_partner_at_its_most_schools_leaves_another_for_a_forced_one() -> None:
    problem = make_problem([2, 2], [4], partner_max_schools=[1])
    found = what_if(problem, np.array([2, 0]), [Force(1)])
    assert found.allocation.slots.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([Force(9)], "Pair 9: expected one of 0 to 1"),
        ([ChangeSlots(1, 1)], "Offer 1: expected one of 0 to 0"),
        ([DropPartner(4)], "Partner 4: expected one of 0 to 0"),
        ([Force(0, 3)], "expected 1 to 2 slots, got 3"),
        ([Force(0), Forbid(0)], "cannot be forced and taken away at once"),
        ([Force(0, 2), Force(1, 2)], "leave no room"),
        ([ChangeSlots(0, -4)], "has 3 slots, cannot lose 4"),
        ([ChangeSlots(0, 0, 1)], "counts no trained slots"),
    ],
)
def test_an_impossible_change_is_refused(changes: list[Change], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        what_if(two_schools(), allocate(two_schools()), changes)


def test_a_forced_match_never_cuts_a_lock() -> None:
    problem = make_problem([2, 2], [2], pair_locked=[2, 0])
    with pytest.raises(ValueError, match="leave no room"):
        what_if(problem, allocate(problem), [Force(1)])


def test_locks_that_take_all_schools_of_a_partner_leave_none_to_force() -> None:
    problem = make_problem([2, 2], [4], pair_locked=[2, 0], partner_max_schools=[1])
    with pytest.raises(ValueError, match="all schools its partner may have"):
        what_if(problem, allocate(problem), [Force(1)])


def test_a_forced_match_below_its_least_is_refused() -> None:
    problem = make_problem([5], [5], offer_min_slots=[3])
    with pytest.raises(ValueError, match="expected 3 to 5 slots, got 2"):
        what_if(problem, allocate(problem), [Force(0, 2)])


def test_an_allocation_that_breaks_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="breaks a rule: it has 3 slots"):
        what_if(two_schools(), np.array([3, 0]), [])


@pytest.mark.parametrize("seed", [1, 5, 9, 31, 39, 43, 56])
def test_under_group_rules_a_change_moves_the_fewest_slots_that_its_levels_ask_for(seed: int) -> None:
    problem = replace(draw_problem(seed, rules=True), pair_incumbent=None)
    present = allocate(problem, effort="quick").slots
    found = what_if(problem, present, [Forbid(int(np.flatnonzero(present)[0]))])
    as_running = replace(found.problem, pair_incumbent=present)
    model = Model(as_running, fitting_locks(as_running), rules=True)
    fix_levels(model, found.allocation)
    assert int(np.maximum(present - found.allocation.slots, 0).sum()) == exact_keep(model)


def test_what_was_possible_before_a_change_is_not_told_as_its_doing() -> None:
    """Need 1 could have had offer 2 all along; only need 0 is concerned."""
    problem = make_problem(
        [2, 2],
        [2, 1, 2],
        need_level=[0, 5],
        pair_need=[0, 0, 1],
        pair_offer=[0, 1, 2],
        need_max_partners=[1, 1],
    )
    found = what_if(problem, np.array([2, 0, 0]), [Forbid(0)])
    assert found.allocation.slots.tolist() == [0, 1, 0]


def test_a_forced_match_beyond_a_rule_may_fill_its_need_alone() -> None:
    """Need 0 may have one partner; the second is forced on it. Offer 2 was free before as it is after."""
    problem = make_problem(
        [3, 2],
        [1, 1, 2, 1],
        need_level=[0, 5],
        pair_need=[0, 0, 0, 1],
        pair_offer=[0, 1, 3, 2],
        need_max_partners=[1, 1],
        pair_locked=[1, 0, 0, 0],
    )
    found = what_if(problem, np.array([1, 0, 0, 0]), [Settle(1, 1)])
    assert found.allocation.slots.tolist() == [1, 1, 0, 0]


def test_a_partner_forced_to_another_school_leaves_the_one_it_is_at() -> None:
    # Partner 0 serves one school; its second offer is forced to the other.
    arrays = {"pair_need": [0, 1], "pair_offer": [0, 1], "offer_partner": [0, 0], "partner_max_schools": [1]}
    problem = make_problem([2, 2], [2, 2], need_level=[0, 1], **arrays)
    found = what_if(problem, np.array([2, 0]), [Force(1, 2)])
    assert found.allocation.slots.tolist() == [0, 2]


def test_a_plan_with_more_schools_than_a_partner_may_have_is_refused() -> None:
    problem = make_problem([2, 2], [4], partner_max_schools=[1])
    with pytest.raises(ValueError, match="breaks a rule"):
        what_if(problem, np.array([2, 2]), [Forbid(0)])
