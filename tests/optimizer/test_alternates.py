"""Alternates: the best replacements come first, each with what it costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import Forbid, Force, allocate, alternates, what_if
from tests.optimizer.problems import draw_problem, make_problem


def test_a_free_offer_comes_before_one_that_another_need_holds() -> None:
    # The need of 1 slot has offer 0; offer 1 fits better than offer 2 but serves the other need.
    problem = make_problem(
        [1, 1],
        [1, 1, 1],
        pair_need=[0, 0, 0, 1],
        pair_offer=[0, 1, 2, 1],
        pair_fit=[900_000, 800_000, 500_000, 900_000],
    )
    found = alternates(problem, allocate(problem), 0)
    assert [(one.pair, one.slots, one.outcome.levels[0]) for one in found] == [(2, 1, 0), (1, 1, -1)]
    assert found[0].outcome.fit == -400_000


def test_an_offer_can_look_for_another_need() -> None:
    problem = make_problem([2, 2, 2], [2], need_level=[0, 1, 2])
    found = alternates(problem, allocate(problem), 0, same="offer")
    assert [(one.pair, one.outcome.levels[:3]) for one in found] == [(1, (-2, 2, 0)), (2, (-2, 0, 2))]


def test_no_more_than_asked_for_are_returned() -> None:
    problem = make_problem([1], [1, 1, 1, 1])
    assert [one.pair for one in alternates(problem, np.array([1, 0, 0, 0]), 0, 2)] == [1, 2]


@pytest.mark.parametrize("pair", [1, 5])
def test_only_a_match_can_be_replaced(pair: int) -> None:
    problem = make_problem([1], [1, 1])
    with pytest.raises(ValueError, match="expected one with slots"):
        alternates(problem, np.array([1, 0]), pair)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["need", "offer"]))
def test_without_group_rules_the_best_of_all_replacements_comes_first(seed: int, same: str) -> None:
    problem = draw_problem(seed)
    present = allocate(problem)
    matched = np.flatnonzero(present.slots)
    if not len(matched):
        return
    pair = int(matched[seed % len(matched)])
    found = alternates(problem, present, pair, same="need" if same == "need" else "offer")
    ranks = [one.outcome.rank for one in found]
    assert ranks == sorted(ranks, reverse=True)
    for one in found:
        tried = what_if(problem, present, [Forbid(pair), Force(one.pair, one.slots)])
        assert tried.outcome.rank == one.outcome.rank
        assert tried.allocation.slots[pair] == 0
        assert tried.allocation.slots[one.pair] >= one.slots


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"k": 0}, "k: expected 1 or more, got 0"), ({"same": "school"}, "same: expected one of need, offer")],
)
def test_no_replacements_and_unknown_sides_are_refused(
    asked: dict[str, Any], said: str
) -> None:  # Any: wrong
    problem = make_problem([1], [1, 1])
    with pytest.raises(ValueError, match=said):
        alternates(problem, allocate(problem), 0, **asked)
