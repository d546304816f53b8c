"""What one slot is worth and what a forced match costs: by hand, and against solving anew."""

import numpy as np
import pytest

from benchmarks.prices_resolves import one_forced_slot, one_more_slot
from optimizer import Effects, Pricing, Problem, allocate, prices_of, worth_of_slots
from optimizer.paths import Arcs, NegativeCycleError, Stages, distances, merge
from tests.optimizer.problems import draw_problem, make_problem


def lines(effects: Effects, index: int) -> tuple[list[int], int, int, int]:
    return (
        effects.levels[index].tolist(),
        int(effects.keep[index]),
        int(effects.even[index]),
        int(effects.fit[index]),
    )


def urgent_and_later() -> Problem:
    return make_problem([2, 2], [2], need_level=[0, 1], pair_fit=[300_000, 500_000])


def test_one_more_slot_fills_the_first_level_that_is_short() -> None:
    problem = urgent_and_later()
    worth = worth_of_slots(prices_of(problem, allocate(problem)))
    # The urgent need has both slots. The other's unmet fall from 2 of 2 (2^2 / 2 = 2) to 1 of 2 (1/2).
    assert lines(worth, 0) == ([0, 1] + [0] * 8, 0, -1_500_000, 500_000)


def test_forced_slot_is_taken_from_the_more_urgent_need() -> None:
    problem = urgent_and_later()
    forced = Pricing(problem, allocate(problem)).forced(1, np.array([0]))
    # The urgent need falls to 1 unmet of 2: 1/2 more, while the other gains 3/2; fit 0.5 for 0.3.
    assert lines(forced, 0) == ([-1, 1] + [0] * 8, 0, -1_000_000, 200_000)


def test_idle_slot_is_worth_nothing_unless_it_is_trained() -> None:
    problem = make_problem([3], [3], offer_trained_slots=[1], need_uses_trained=[True])
    prices = prices_of(problem, allocate(problem))
    assert lines(worth_of_slots(prices), 0) == ([0] * 10, 0, 0, 0)
    # Unmet from 2 of 3 (4/3) to 1 of 3 (1/3).
    assert lines(worth_of_slots(prices, trained=True), 0) == ([1] + [0] * 9, 0, -1_000_000, 500_000)


def test_slot_forced_onto_a_match_does_not_come_from_that_match() -> None:
    # The need takes 2 slots of the first offer, its most, and 1 of the second, which the third has to give up.
    problem = make_problem([3], [9, 9], pair_max_slots=[2, 9], pair_fit=[900_000, 500_000])
    allocation = allocate(problem)
    assert allocation.slots.tolist() == [2, 1]
    forced = Pricing(problem, allocation).forced(0, np.array([0, 1]))
    assert forced.fit.tolist() == [400_000, -400_000]


def test_slot_of_a_lock_is_not_moved_for_a_forced_one() -> None:
    problem = make_problem([1], [1, 1], pair_locked=[1, 0])
    forced = Pricing(problem, allocate(problem)).forced(0, np.array([0, 1]))
    assert forced.is_possible.tolist() == [False, False]


def test_slot_forced_away_from_an_incumbent_is_counted_in_keep() -> None:
    problem = make_problem([1], [1, 1], pair_incumbent=[1, 0], pair_fit=[100_000, 300_000])
    forced = Pricing(problem, allocate(problem)).forced(0, np.array([1]))
    assert lines(forced, 0) == ([0] * 10, 1, 0, 200_000)


def test_new_pair_needs_a_fit() -> None:
    problem = make_problem([1], [1, 1], pair_need=[0], pair_offer=[0], pair_fit=[100_000])
    pricing = Pricing(problem, allocate(problem))
    assert pricing.forced(0, np.array([1])).is_possible.tolist() == [False]
    assert pricing.forced(0, np.array([1]), np.array([400_000])).fit.tolist() == [300_000]


@pytest.mark.parametrize("seed", range(60))
def test_prices_say_what_solving_anew_finds(seed: int) -> None:
    more, forced = one_more_slot(seed), one_forced_slot(seed)
    assert more.by_prices == more.by_solving
    assert forced.by_prices == forced.by_solving


@pytest.mark.parametrize("seed", range(40))
def test_one_more_slot_adds_at_most_one_slot_at_one_level(seed: int) -> None:
    problem = draw_problem(seed)
    worth = worth_of_slots(prices_of(problem, allocate(problem)), trained=True)
    assert (worth.levels >= 0).all()
    assert (worth.levels.sum(axis=1) <= 1).all()


@pytest.mark.parametrize("seed", range(30))
def test_prices_among_the_matches_are_not_called_exact(seed: int) -> None:
    problem = make_problem([3, 3], [2, 2], need_max_partners=[1, 1])
    assert not prices_of(problem, allocate(problem)).is_exact
    problem = draw_problem(seed, rules=True)
    assert prices_of(problem, allocate(problem, effort="quick")).offer.shape == (problem.num_offers, 4)


def test_allocation_that_could_be_better_has_no_prices() -> None:
    problem = make_problem([1, 1], [1], need_level=[1, 0])
    better = allocate(problem)
    worse = allocate(make_problem([1, 1], [1], need_level=[0, 1]))
    assert prices_of(problem, better).is_exact
    with pytest.raises(ValueError, match="a better one exists"):
        prices_of(problem, worse)


def test_allocation_beyond_its_capacities_has_no_prices() -> None:
    problem = make_problem([2], [1])
    with pytest.raises(ValueError, match="within all capacities"):
        prices_of(problem, allocate(make_problem([2], [2])))
    with pytest.raises(ValueError, match="need: expected 0 to 0, got 1"):
        Pricing(problem, allocate(problem)).forced(1, np.array([0]))


@pytest.mark.parametrize(("most", "num_stages"), [(5, 1), (2**20, 2), (2**58, 4)])
def test_lines_that_do_not_share_an_integer_take_another_stage(most: int, num_stages: int) -> None:
    stages = Stages.of([most] * 4)
    values = np.array(
        [[most, -most, 0, 1], [-most, most, 3, 0], [2, most, -1, -most], [-most, -most, 0, most]]
    )
    assert len(stages.lines) == num_stages
    folded = stages.fold([(np.arange(4), line) for line in values], 4)
    assert (stages.unfold(folded) == values).all()


def test_first_line_decides_and_later_ones_only_where_it_ties() -> None:
    # From 0 to 2 by node 1 the first line costs 1 + 1 and the second -9, directly 2 and 5, or 1 and 99 to node 3.
    arcs = Arcs(np.array([0, 0, 1, 0]), np.array([1, 2, 2, 3]), np.array([[1, 2, 1, 1], [0, 5, -9, 99]]))
    start = np.full((2, 4), 2**62)
    start[:, 0] = 0
    assert distances(arcs, start).T.tolist() == [[0, 0], [1, 0], [2, -9], [1, 99]]


def test_negative_cycle_is_found_between_parts_and_within_one() -> None:
    arcs = Arcs(np.array([1, 0]), np.array([0, 1]), np.array([[1, -2]]))
    with pytest.raises(NegativeCycleError):
        distances(arcs, np.zeros((1, 2), np.int64))
    with pytest.raises(NegativeCycleError):
        merge(arcs, np.array([0, 0]), np.zeros((1, 2), np.int64))


@pytest.mark.parametrize("offer", [-1, 2])
def test_slot_cannot_be_forced_onto_an_offer_that_is_not_there(offer: int) -> None:
    problem = make_problem([1], [1, 1])
    with pytest.raises(ValueError, match=f"offers: expected 0 to 1, got {offer}"):
        Pricing(problem, allocate(problem)).forced(0, np.array([0, offer]))
