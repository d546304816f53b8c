"""Prices prove an allocation without a solver, and whatever is tampered with is named."""

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import optimizer
from benchmarks.allocation_problems import generate
from benchmarks.prices_left_out import best_pairs, solve_by_pricing, with_pairs
from optimizer import Allocation, LeftOut, Prices, Problem, allocate, negative_pairs, prices_of, verify
from optimizer.locks import fitting_locks
from optimizer.problem import Ints
from optimizer.values import even_value, fit_value, keep_value, levels_filled
from tests.optimizer.problems import draw_problem, make_problem

LINES = ("levels", "keep", "even", "fit")
Tamper = Callable[[Allocation, Prices], tuple[Allocation, Prices]]


def slots_by(change: list[int]) -> Tamper:
    return lambda allocation, prices: (replace(allocation, slots=allocation.slots + np.array(change)), prices)


def price_by(place: str, index: int, line: str, change: int) -> Tamper:
    def tamper(allocation: Allocation, prices: Prices) -> tuple[Allocation, Prices]:
        changed = getattr(prices, place).copy()
        changed[index, LINES.index(line)] += change
        return allocation, replace(prices, **{place: changed})

    return tamper


def valued(problem: Problem, allocation: Allocation, slots: Ints) -> Allocation:
    """Return the allocation of these slots with the values that are theirs."""
    levels = zip(allocation.levels, levels_filled(problem, slots).tolist(), strict=True)
    return replace(
        allocation,
        slots=slots,
        levels=tuple(replace(level, filled=filled) for level, filled in levels),
        keep=replace(allocation.keep, value=keep_value(problem, slots)),
        even=replace(allocation.even, value=even_value(problem, slots)),
        fit=replace(allocation.fit, value=fit_value(problem, slots)),
    )


def rank(allocation: Allocation) -> tuple[tuple[int, ...], int, int, int]:
    """Return what the lines amount to, less is better."""
    filled = tuple(-level.filled for level in allocation.levels)
    return filled, allocation.keep.value, allocation.even.value, -allocation.fit.value


@pytest.mark.parametrize("seed", range(80))
def test_prices_prove_every_line_of_the_network(seed: int) -> None:
    problem = draw_problem(seed)
    allocation = allocate(problem, even=seed % 3 > 0)
    verdict = verify(problem, allocation, prices_of(problem, allocation, even=seed % 3 > 0))
    assert verdict.is_valid
    assert verdict.is_exact
    assert verdict.proven == (LINES if seed % 3 > 0 else ("levels", "keep", "fit"))


@pytest.mark.parametrize("seed", range(80))
def test_prices_under_group_rules_prove_the_best_use_of_the_matches(seed: int) -> None:
    problem = draw_problem(seed, rules=True)
    allocation = allocate(problem, effort="quick")
    assert verify(problem, allocation, prices_of(problem, allocation)).is_valid


@pytest.mark.parametrize("seed", range(80))
def test_nothing_proves_an_allocation_that_is_not_the_best(seed: int) -> None:
    problem, rng = draw_problem(seed), np.random.default_rng(seed)
    problem = replace(problem, pair_locked=fitting_locks(problem))
    twisted = replace(problem, pair_fit=rng.permutation(problem.pair_fit.copy()))
    if seed % 2:
        twisted = replace(twisted, pair_incumbent=None, need_level=9 - problem.need_level)
    best = allocate(problem)
    worse = valued(problem, best, allocate(twisted).slots)
    verdict = verify(problem, worse, prices_of(problem, best))
    assert verdict.broken == ()
    first = [a == b for a, b in zip(rank(best), rank(worse), strict=True)]
    assert verdict.is_valid == all(first)
    assert set(verdict.proven) <= set(LINES[: (*first, False).index(False)])


TAMPERED: list[tuple[str, Tamper]] = [
    ("Pair 0: locked slots", slots_by([-2, 0, 0, 0])),
    ("Pair 1: slots below 0", slots_by([0, -9, 0, 0])),
    ("Pair 3: pair_max_slots", slots_by([0, 0, 0, 5])),
    ("Need 1: need_slots", slots_by([0, 0, 0, 1])),
    ("Offer 0: capacity", slots_by([0, 0, 9, 0])),
    ("Offer 0: trained_capacity", slots_by([1, 0, 0, 0])),
    ("slots: expected numbers within", slots_by([2**40, 0, 0, 0])),
    ("slots: expected whole numbers", lambda a, p: (replace(a, slots=a.slots[:3]), p)),
    ("Pair 0: locks_cut", lambda a, p: (replace(a, locks_cut=a.locks_cut + 1), p)),
    ("Level 0: the slots make 3, not 4", lambda a, p: (replace(a, levels=(a.levels[1], *a.levels[1:])), p)),
    ("keep: the slots make 0, not 1", lambda a, p: (replace(a, keep=replace(a.keep, value=1)), p)),
    ("even: the slots make 250000, not 1", lambda a, p: (replace(a, even=replace(a.even, value=1)), p)),
    ("fit: the slots make 19, not 7", lambda a, p: (replace(a, fit=replace(a.fit, value=7)), p)),
    ("need: expected whole numbers", lambda a, p: (a, replace(p, need=p.need[:, :2]))),
    ("offer: expected numbers within", lambda a, p: (a, replace(p, offer=p.offer - 2**62))),
    ("Need 0: one slot more gains in fit", price_by("group", 0, "fit", 9)),
    ("Pair 2: one slot more gains in levels", price_by("need", 1, "levels", 9)),
    ("Pair 0: one slot more gains in keep", price_by("trained", 0, "keep", -9)),
    ("Pair 3: one slot less gains in even", price_by("offer", 1, "even", 9)),
    ("Offer 1: one slot more gains in even", price_by("offer", 1, "even", 9)),
    ("Trained slots of offer 0: one slot less gains in levels", price_by("trained", 0, "levels", -20_000)),
    ("Group 0: one slot more gains in fit", price_by("level", 0, "fit", 9)),
    ("Level 1: one slot less gains in levels", price_by("level", 1, "levels", 9_999)),
]


GROUP_RULES = [
    ("Pair 1: min_match", {"offer_min_slots": [1, 2]}),
    ("Need 0: min_need", {"need_min_slots": [4]}),
    ("Pair 0: max_partners of its need (and 1 more)", {"need_max_partners": [1]}),
    ("Pair 0: max_partners of its school", {"school_max_partners": [1]}),
    ("Pair 0: max_schools of its partner", {"partner_max_schools": [0, 1]}),
]


@pytest.mark.parametrize(("message", "rule"), GROUP_RULES)
def test_group_rule_that_is_broken_is_named(message: str, rule: dict[str, list[int]]) -> None:
    # Without the rule the need takes 2 slots of the first offer and 1 of the second.
    free, bound = (make_problem([4], [2, 2], pair_max_slots=[2, 1], **more) for more in ({}, rule))
    allocation = allocate(free)
    verdict = verify(bound, allocation, prices_of(free, allocation))
    assert [found.startswith(message) for found in verdict.broken] == [True]
    assert verdict.proven == ()


def test_nothing_is_said_of_what_is_whole() -> None:
    problem, allocation = to_tamper_with()
    verdict = verify(problem, allocation, prices_of(problem, allocation))
    assert (verdict.broken, verdict.unproven, verdict.proven) == ((), (), LINES)


@pytest.mark.parametrize(("message", "tamper"), TAMPERED)
def test_what_is_tampered_with_is_named(message: str, tamper: Tamper) -> None:
    problem, allocation = to_tamper_with()
    verdict = verify(problem, *tamper(allocation, prices_of(problem, allocation)))
    assert not verdict.is_valid
    assert any(found.startswith(message) for found in verdict.broken + verdict.unproven)


def to_tamper_with() -> tuple[Problem, Allocation]:
    """Return a mentoring need that gets the 3 trained slots of its 4, and one that gets all 4."""
    problem = make_problem(
        [4, 4],
        [9, 9],
        need_level=[0, 1],
        pair_locked=[2, 0, 0, 0],
        pair_max_slots=[9, 0, 9, 4],
        pair_fit=[1, 2, 3, 4],
        offer_trained_slots=[3, 0],
        need_uses_trained=[True, False],
    )
    return problem, allocate(problem)


@pytest.mark.parametrize("seed", range(3))
def test_a_few_pairs_and_pricing_reach_the_optimum_of_all(seed: int) -> None:
    problem = generate(120, seed, group_rules=False)
    priced, best = solve_by_pricing(problem, 4), allocate(problem)
    assert rank(priced.allocation) == rank(best)
    assert priced.problem.num_pairs < problem.num_pairs
    assert verify(priced.problem, priced.allocation, priced.prices, priced.left_out).is_valid
    few = with_pairs(problem, best_pairs(problem, 4))
    assert rank(allocate(few)) > rank(best)


def test_left_out_pair_that_would_better_the_plan_is_named() -> None:
    problem = make_problem([1, 1], [1, 1], pair_need=[0, 1], pair_offer=[0, 1], pair_fit=[500_000, 600_000])
    allocation = allocate(problem)
    prices = prices_of(problem, allocation)
    # Crosswise the two would make 100,000 and 1,000,000 + 1 more than a slot that no one takes is worth.
    crosswise = LeftOut(np.array([0, 1]), np.array([1, 0]), np.array([100_000, 1_000_001]))
    verdict = verify(problem, allocation, prices, crosswise)
    assert verdict.proven == ("levels", "keep", "even")
    assert verdict.unproven == ("Left-out pair 1: one slot more gains in fit.",)
    assert negative_pairs(problem, prices, crosswise).tolist() == [1]


def test_left_out_pair_without_trained_slots_can_better_nothing() -> None:
    problem = make_problem(
        [1, 1], [1], pair_need=[1], pair_offer=[0], offer_trained_slots=[0], need_uses_trained=[True, False]
    )
    prices = prices_of(problem, allocate(problem))
    left_out = LeftOut(np.array([0]), np.array([0]), np.array([900_000]))
    assert negative_pairs(problem, prices, left_out).tolist() == []
    untrained = replace(problem, offer_trained_slots=None)
    assert negative_pairs(untrained, prices_of(untrained, allocate(untrained)), left_out).tolist() == [0]


@pytest.mark.parametrize("is_trained", [True, False])
def test_left_out_pair_of_an_idle_offer_has_to_better_the_match_that_stands(is_trained: bool) -> None:
    # Both needs have 900,000 and the third offer is idle: 600,000 is less, though more than its 500,000.
    problem = make_problem(
        [1, 1],
        [1, 1, 1],
        pair_need=[0, 1, 0],
        pair_offer=[0, 1, 2],
        pair_fit=[900_000, 900_000, 500_000],
        offer_trained_slots=[1, 1, 1],
        need_uses_trained=[is_trained, is_trained],
    )
    prices = prices_of(problem, allocate(problem))
    left_out = LeftOut(np.array([1, 1]), np.array([2, 2]), np.array([600_000, 900_001]))
    assert negative_pairs(problem, prices, left_out).tolist() == [1]


def test_need_keeps_its_least_while_its_matches_are_priced() -> None:
    # Slots of the first offer fit the second need better, but the first takes none where it cannot have 2.
    problem = make_problem(
        [2, 3],
        [3, 1],
        pair_need=[0, 1, 1],
        pair_offer=[0, 0, 1],
        pair_fit=[100_000, 900_000, 100_000],
        need_min_slots=[2, 0],
    )
    allocation = allocate(problem, even=False)
    assert allocation.slots.tolist() == [2, 1, 1]
    assert verify(problem, allocation, prices_of(problem, allocation, even=False)).is_valid


def test_verifying_asks_no_solver() -> None:
    folder = Path(optimizer.__file__).parent
    waiting, seen = ["optimizer.verify"], set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        if name.startswith("optimizer."):
            tree = ast.parse((folder / f"{name.split('.')[1]}.py").read_text(encoding="utf-8"))
            froms = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            names = [
                alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
            ]
            waiting += [found for found in froms + names if found not in seen]
    assert not any(name.startswith(("ortools", "scipy.optimize")) for name in seen)
    assert "optimizer.solve" not in seen
