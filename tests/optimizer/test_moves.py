"""Plans within a budget of moves, against an exact model that counts the slots taken from incumbents."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from optimizer import NO_LIMIT, Level, Problem, allocate_within, fitting_incumbents, move_curve
from optimizer.incumbents import take_in_order
from optimizer.locks import fitting_locks
from optimizer.solve import Effort
from tests.optimizer.exact import Model, exact_even, exact_fit, exact_keep, exact_levels, fix_levels
from tests.optimizer.problems import Ints, broken_rules, draw_problem, make_problem


def with_incumbents(seed: int, *, rules: bool) -> Problem:
    """Return a random problem with incumbents that keep all rules."""
    problem = draw_problem(seed, rules=rules)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 5, problem.num_pairs) * (rng.random(problem.num_pairs) < 0.5)
    problem = replace(problem, pair_incumbent=drawn)
    return replace(problem, pair_incumbent=fitting_incumbents(problem))


def within(problem: Problem, max_moves: int, locks: Ints, *, rules: bool) -> Model:
    """Return the exact model in which at most so many slots are taken from incumbents."""
    model, taken = Model(problem, locks, rules=rules), {}
    assert problem.pair_incumbent is not None
    for pair in np.flatnonzero(problem.pair_incumbent):
        held = float(problem.pair_incumbent[pair])
        variable = model.variable(0, held)
        model.row({variable: 1.0, model.slots[pair]: 1.0}, held, np.inf)
        taken[variable] = 1.0
    if taken:
        model.row(taken, 0, max_moves)
    return model


@pytest.mark.parametrize("seed", range(40))
def test_every_point_of_a_network_is_exact_in_every_line(seed: int) -> None:
    problem = with_incumbents(seed, rules=False)
    locks = fitting_locks(problem)
    for point in move_curve(problem):
        model, found = within(problem, point.max_moves, locks, rules=False), point.allocation
        assert broken_rules(problem, found.slots, locks) == []
        assert [level.filled for level in found.levels] == exact_levels(model)
        assert found.keep.value == exact_keep(model) <= point.max_moves
        assert found.even.value == exact_even(model)
        assert found.fit.value == exact_fit(model)
        assert found.status == "optimal"


@pytest.mark.parametrize("seed", range(40))
def test_every_point_under_group_rules_keeps_them_and_its_bounds_hold(seed: int) -> None:
    problem = with_incumbents(500 + seed, rules=True)
    locks = fitting_locks(problem)
    for point in move_curve(problem, effort="quick"):
        model, found = within(problem, point.max_moves, locks, rules=True), point.allocation
        assert broken_rules(problem, found.slots, locks) == []
        assert found.keep.value <= point.max_moves
        for index, level in enumerate(found.levels):
            terms = dict.fromkeys(model.of(problem.need_level[problem.pair_need] == index), 1.0)
            assert level.filled <= model.solve(terms, most=True, fix=level.filled) <= level.bound


@pytest.mark.parametrize("rules", [False, True])
@pytest.mark.parametrize("seed", range(30))
def test_a_later_point_is_never_worse_at_the_first_level_where_it_differs(seed: int, rules: bool) -> None:
    points = move_curve(with_incumbents(900 + seed, rules=rules), effort="quick")
    filled = [[level.filled for level in point.allocation.levels] for point in points]
    assert filled == sorted(filled)
    budgets = [point.max_moves for point in points]
    assert budgets == sorted(set(budgets))
    assert budgets[0] == 0


@pytest.mark.parametrize("seed", range(505, 530))
def test_under_group_rules_the_last_point_takes_the_fewest_slots_that_its_levels_ask_for(seed: int) -> None:
    problem = with_incumbents(seed, rules=True)
    last = move_curve(problem, effort="quick")[-1]
    model = within(problem, last.max_moves, fitting_locks(problem), rules=True)
    fix_levels(model, last.allocation)
    assert last.allocation.keep.value == exact_keep(model)


def better_elsewhere() -> Problem:
    """Four slots that an incumbent of a late level holds and an early level lacks."""
    return make_problem([4, 4], [4], need_level=[0, 5], pair_incumbent=[0, 4])


@pytest.mark.parametrize("max_moves", [0, 1, 3, 4, 9])
def test_only_so_many_slots_are_taken_from_incumbents(max_moves: int) -> None:
    found = allocate_within(better_elsewhere(), max_moves)
    assert found.slots.tolist() == [min(max_moves, 4), 4 - min(max_moves, 4)]


def test_without_a_limit_nothing_moves_for_even_or_fit_alone() -> None:
    problem = make_problem([2, 2], [2], pair_fit=[900_000, 100_000], pair_incumbent=[0, 2])
    assert allocate_within(problem, None).slots.tolist() == [0, 2]


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="max_moves: expected 0 or more, got -1"):
        allocate_within(better_elsewhere(), -1)


def test_incumbents_that_break_a_rule_are_refused() -> None:
    problem = make_problem([4, 4], [4], pair_incumbent=[4, 4])
    with pytest.raises(ValueError, match="pair_incumbent"):
        allocate_within(problem, 0)


@pytest.mark.parametrize("seed", range(150))
def test_fitting_incumbents_keep_all_rules_and_what_keeps_them_is_left_alone(seed: int) -> None:
    problem = with_incumbents(2000 + seed, rules=True)
    assert problem.pair_incumbent is not None
    assert broken_rules(problem, problem.pair_incumbent, fitting_locks(problem)) == []
    assert fitting_incumbents(problem).tolist() == problem.pair_incumbent.tolist()


def test_incumbents_are_cut_from_the_latest_level_first() -> None:
    problem = make_problem([4, 4], [6], need_level=[7, 2], pair_incumbent=[4, 4])
    assert fitting_incumbents(problem).tolist() == [2, 4]


def test_an_incumbent_too_many_for_its_partner_goes_whole() -> None:
    problem = make_problem(
        [2, 2],
        [4],
        need_level=[0, 1],
        partner_max_schools=[1],
        pair_incumbent=[2, 2],
        need_max_partners=[NO_LIMIT] * 2,
    )
    assert fitting_incumbents(problem).tolist() == [2, 0]


def test_what_is_held_counts_against_the_limits_of_what_is_taken() -> None:
    problem = make_problem([2, 2], [4], partner_max_schools=[1])
    taken = take_in_order(problem, np.array([0, 2]), np.array([0, 1]), np.array([2, 2]))
    assert taken.tolist() == [0, 2]


def test_a_curve_tells_how_far_it_is_and_what_its_levels_reach() -> None:
    told: list[tuple[str, float, Sequence[Level]]] = []
    # The urgent need gains 2 slots by two moves; a point for 0, one for 1, then the last without a limit.
    points = move_curve(
        make_problem([2, 2], [2], need_level=[0, 1], pair_incumbent=[0, 2]),
        progress=lambda phase, share, levels=(): told.append((phase, share, levels)),
    )
    moves = [
        (round(share, 3), [level.filled for level in levels[:2]])
        for name, share, levels in told
        if name == "moves"
    ]
    # The plan without a limit comes first, 0.4 of the work; the two points share what is left.
    assert moves == [(0.7, [0, 2]), (1.0, [1, 1])]
    assert [level.filled for level in points[-1].allocation.levels[:2]] == [2, 0]


@pytest.mark.parametrize("effort", ["quick", "standard"])
def test_progress_under_group_rules_grows_through_all_parts_of_the_work(effort: Effort) -> None:
    shares: list[float] = []
    problem = make_problem(
        [2, 2, 2],
        [2, 2],
        need_level=[0, 1, 2],
        need_max_partners=[1, 1, 1],
        pair_incumbent=[0, 0, 2, 0, 0, 2],
    )
    move_curve(problem, effort=effort, progress=lambda _, share, *levels: shares.append(round(share, 6)))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert any(0.0 < share < 0.4 for share in shares)
