import numpy as np
import pytest

from optimizer import Problem, allocate
from optimizer.newcomers import NewOffer, refilled, with_offer, without_last
from optimizer.values import levels_filled
from tests.optimizer.problems import Ints, broken_rules, draw_problem, make_problem


def new_offer(slots: int, *needs: int) -> NewOffer:
    return NewOffer(slots, np.array(needs, np.int64), np.full(len(needs), 500_000))


def gains(problem: Problem, slots: Ints, offer: NewOffer) -> list[int]:
    """Return what each level gains with the offer, from a plan that no round can better."""
    slots = refilled(problem, slots)
    larger = with_offer(problem, offer)
    after = levels_filled(larger, refilled(larger, slots))
    return [int(gain) for gain in after - levels_filled(problem, slots)]


def plan_of(problem: Problem) -> Ints:
    return allocate(problem, effort="quick").slots


def test_new_offer_fills_what_is_short_where_it_can_come() -> None:
    problem = make_problem([5, 4], [3], pair_need=[0], pair_offer=[0])
    assert gains(problem, plan_of(problem), new_offer(9, 0))[0] == 2
    assert gains(problem, plan_of(problem), new_offer(9, 0, 1))[0] == 6


def test_new_offer_helps_a_need_it_cannot_come_to_by_freeing_the_offer_that_can() -> None:
    # Offer 0 is at need 1; the new one takes that over, and offer 0 goes to need 0.
    problem = make_problem([2, 2], [2], need_level=[1, 0])
    assert gains(problem, plan_of(problem), new_offer(2, 1))[:2] == [0, 2]


@pytest.mark.parametrize(("slots", "gain"), [(14, 0), (15, 15)])
def test_need_that_takes_one_partner_or_none_is_filled_by_a_large_enough_one(slots: int, gain: int) -> None:
    problem = make_problem([15], [9], need_min_slots=[15], need_max_partners=[1])
    assert gains(problem, plan_of(problem), new_offer(slots, 0))[0] == gain


def test_need_with_all_the_partners_it_takes_has_no_place_for_a_new_one() -> None:
    problem = make_problem([5], [3], need_max_partners=[1])
    # The one place goes to the larger partner only if it alone does better than the one there.
    assert gains(problem, plan_of(problem), new_offer(2, 0))[0] == 0


def test_new_partner_comes_after_partners_that_have_a_limit_but_no_offer() -> None:
    problem = make_problem([5, 5], [3], partner_max_schools=[1, 0, 0])
    assert gains(problem, plan_of(problem), new_offer(7, 0, 1))[0] == 7


def test_new_offer_needs_a_slot() -> None:
    with pytest.raises(ValueError, match="slots must be 1"):
        new_offer(0, 1)


@pytest.mark.parametrize("seed", range(80))
def test_without_group_rules_the_gain_is_that_of_the_two_optima(seed: int) -> None:
    problem = draw_problem(8000 + seed)
    offer = new_offer(3, *range(0, problem.num_needs, 2))
    before, after = (allocate(p).levels for p in (problem, with_offer(problem, offer)))
    best = [b.filled - a.filled for a, b in zip(before, after, strict=True)]
    assert gains(problem, allocate(problem).slots, offer) == best


@pytest.mark.parametrize("seed", range(80))
def test_plan_with_the_new_offer_keeps_all_rules_and_never_falls_behind(seed: int) -> None:
    problem = draw_problem(9000 + seed, rules=True)
    answer = allocate(problem, effort="quick")
    larger = with_offer(problem, new_offer(4, *range(problem.num_needs)))
    slots = refilled(larger, answer.slots)
    locks = np.zeros(problem.num_pairs, np.int64) if problem.pair_locked is None else problem.pair_locked
    held = np.append(locks - answer.locks_cut, np.zeros(problem.num_needs, np.int64))
    assert broken_rules(larger, slots, held) == []
    assert broken_rules(problem, without_last(problem, slots), held[: problem.num_pairs]) == []
    assert levels_filled(larger, slots).tolist() >= levels_filled(problem, answer.slots).tolist()
