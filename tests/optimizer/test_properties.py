"""What holds for every problem, told by all allocations of a tiny one, by HiGHS, and by changing the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from optimizer import Allocation, Problem, allocate
from optimizer.problem import Ints
from tests.optimizer.brute_force import Plans
from tests.optimizer.exact import Model, exact_even, exact_fit, exact_keep, exact_levels
from tests.optimizer.problems import broken_rules
from tests.optimizer.strategies import always_alike, problems


def held(problem: Problem, allocation: Allocation) -> Ints:
    locked = np.zeros(problem.num_pairs, np.int64) if problem.pair_locked is None else problem.pair_locked
    return locked - allocation.locks_cut


def values(allocation: Allocation) -> list[int]:
    levels = [level.filled for level in allocation.levels]
    return [*levels, allocation.keep.value, allocation.even.value, allocation.fit.value]


@always_alike(100)
@given(problems())
def test_network_answer_is_the_best_of_all_allocations(problem: Problem) -> None:
    allocation = allocate(problem)
    plans, best = Plans(problem, held(problem, allocation)), []
    for level in range(10):
        best.append(plans.filled(level).max())
        plans = plans.having(plans.filled(level), best[-1])
    for least in (Plans.taken, Plans.unevenness):
        best.append(least(plans).min())
        plans = plans.having(least(plans), best[-1])
    assert [*best, plans.fit().max()] == values(allocation)
    assert allocation.status == "optimal"


@always_alike(200)
@given(problems(rules=True), st.booleans(), st.integers(0, 3))
def test_bounds_and_proofs_agree_with_all_allocations(problem: Problem, even: bool, seed: int) -> None:
    allocation = allocate(problem, even=even, effort="quick", seed=seed)
    plans = Plans(problem, held(problem, allocation))
    assert (plans.slots == allocation.slots).all(axis=1).any()
    for index, level in enumerate(allocation.levels):
        most = plans.filled(index).max()
        assert level.filled <= most <= level.bound
        assert not level.proven or level.filled == most
        plans = plans.having(plans.filled(index), level.filled)
    for line, least in ((allocation.keep, Plans.taken), (allocation.even, Plans.unevenness)):
        assert line.bound <= least(plans).min() <= line.value
        assert not line.proven or line.value == least(plans).min()
        plans = plans.having(least(plans), line.value) if even or least is Plans.taken else plans
    assert allocation.fit.value <= plans.fit().max() <= allocation.fit.bound
    assert not allocation.fit.proven or allocation.fit.value == plans.fit().max()


@always_alike(60)
@given(problems(most=6, most_slots=7, most_pairs=24))
def test_network_answer_is_that_of_highs_in_every_line(problem: Problem) -> None:
    allocation = allocate(problem)
    model = Model(problem, held(problem, allocation), rules=False)
    exact = [*exact_levels(model, 3), exact_keep(model), exact_even(model), exact_fit(model)]
    assert exact == [*values(allocation)[:3], *values(allocation)[10:]]


@always_alike(60)
@given(problems(most=5, most_slots=5, most_pairs=14, rules=True), st.sampled_from(["quick", "standard"]))
def test_no_rule_is_broken_and_no_lock_is_cut_in_vain(problem: Problem, effort: str) -> None:
    allocation = allocate(problem, effort=effort)  # type: ignore[arg-type]  # both are efforts
    locks = held(problem, allocation)
    assert broken_rules(problem, allocation.slots, locks) == []
    for pair in np.flatnonzero(allocation.locks_cut):
        more = locks.copy()
        more[pair] += 1
        assert broken_rules(problem, more, more) != []


@always_alike(60)
@given(problems(most=6, most_slots=7, most_pairs=24), st.randoms(use_true_random=False))
def test_names_of_needs_offers_and_pairs_change_no_value(problem: Problem, random: Random) -> None:
    allocation = allocate(problem)
    # Which of too many locks is cut is told by their order.
    assume(not allocation.locks_cut.any())
    sizes = (problem.num_needs, problem.num_offers, problem.num_pairs)
    orders = [np.array(random.sample(range(size), size), np.int64) for size in sizes]
    assert values(allocate(renamed(problem, orders))) == values(allocation)


def renamed(problem: Problem, orders: Sequence[Ints]) -> Problem:
    """Return the problem with needs, offers and pairs in other orders, and schools and partners swapped."""
    need, offer, pair = orders
    arrays = {}
    for name in problem.__slots__:
        array = getattr(problem, name)
        order = {"need": need, "offer": offer, "pair": pair}.get(name.split("_")[0])
        arrays[name] = array if array is None or order is None else array[order]
    arrays["pair_need"] = np.argsort(need)[arrays["pair_need"]]
    arrays["pair_offer"] = np.argsort(offer)[arrays["pair_offer"]]
    arrays["need_school"], arrays["offer_partner"] = 1 - arrays["need_school"], 1 - arrays["offer_partner"]
    return Problem(**arrays)


@always_alike(60)
@given(problems(most=6, most_slots=7, most_pairs=24), st.integers(1, 7))
def test_one_offer_more_never_makes_the_levels_worse(problem: Problem, slots: int) -> None:
    longer = {name: getattr(problem, name) for name in problem.__slots__}
    added = {"offer_slots": slots, "offer_partner": 0, "offer_trained_slots": slots}
    pairs = {"pair_fit": 5, "pair_max_slots": 2, "pair_locked": 0, "pair_incumbent": 0}
    pairs["pair_offer"] = problem.num_offers
    for name, value in added.items():
        longer[name] = None if longer[name] is None else np.append(longer[name], value)
    for name, value in pairs.items():
        if longer[name] is not None:
            longer[name] = np.append(longer[name], np.full(problem.num_needs, value))
    longer["pair_need"] = np.append(problem.pair_need, np.arange(problem.num_needs))
    assert values(allocate(Problem(**longer)))[:10] >= values(allocate(problem))[:10]


@always_alike(60)
@given(problems(most=6, most_slots=7, most_pairs=24), st.data())
def test_one_slot_more_never_makes_the_levels_worse(problem: Problem, data: st.DataObject) -> None:
    offer = data.draw(st.integers(0, problem.num_offers - 1))
    allocation = allocate(problem)
    assume(not allocation.locks_cut.any())
    more = problem.offer_slots.copy()
    more[offer] += 1
    assert values(allocate(replace(problem, offer_slots=more)))[:10] >= values(allocation)[:10]
