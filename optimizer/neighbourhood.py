"""One neighbourhood: some needs are matched anew by an exact model while all other matches stay."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from optimizer.problem import NUM_LEVELS, Bools, Ints, Problem
from optimizer.rules import Rules

if TYPE_CHECKING:
    from ortools.sat.python.cp_model import CpModel, CpSolver, IntVar, LinearExprT

STEPS = 8
"""How many slots a (school, level) may win or lose at most in one solve for evenness."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """New slots of the pairs of a neighbourhood, whether no better are possible in it, and the work it took."""

    slots: Ints
    is_optimal: bool
    work: float


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """The pairs of some needs, with what all other matches leave them.

    Parameters
    ----------
    pairs
        All pairs of the needs that are matched anew.
    slots
        Their present slots.
    most
        The most slots each may have.
    least
        The least slots each may have: its lock.
    offer_left, trained_left
        Slots that other needs leave of each pair's offer.
    open_links
        Whether the (school, partner) of each pair has slots at other needs.
    school_left, partner_left
        How many further partners each pair's school, and schools each pair's partner, may still have.
    """

    pairs: Ints
    slots: Ints
    most: Ints
    least: Ints
    offer_left: Ints
    trained_left: Ints
    open_links: Bools
    school_left: Ints
    partner_left: Ints

    def keep(self, is_kept: Bools) -> Neighbourhood:
        """Return the neighbourhood of some of its pairs; the others have to be without slots."""
        return Neighbourhood(*(getattr(self, field.name)[is_kept] for field in fields(self)))


def solve(problem: Problem, rules: Rules, near: Neighbourhood, level: int, *, work: float) -> Answer:
    """Return the most slots for ``level`` that keep those of the levels before it.

    Where that is more than now, a second solve then takes as little as it can from the levels after it. Both
    in one objective would take several times as long, most of it where nothing can be gained.

    Parameters
    ----------
    work
        The solver's deterministic time at most, for each solve.
    """
    model, slots = model_of(problem, rules, near)
    total = _total(model, slots, near, problem, level)
    model.maximize(total)
    solver = _solver(work)
    found, is_optimal = _solution(model, solver, slots, near.slots)
    spent = solver.deterministic_time
    aimed = problem.need_level[problem.pair_need[near.pairs]] == level
    if found[aimed].sum() > near.slots[aimed].sum():
        model.add(total >= int(found[aimed].sum()))
        model.maximize(_later(slots, near, problem, level))
        found, _ = _solution(model, solver, slots, found)
        spent += solver.deterministic_time
    return Answer(found, is_optimal, spent)


def solve_fit(problem: Problem, rules: Rules, near: Neighbourhood, owner: Ints, *, work: float) -> Answer:
    """Return the fittest slots that take none from any ``owner`` of pairs or from incumbents."""
    model, slots = model_of(problem, rules, near)
    _hold(model, slots, near, problem, owner)
    model.maximize(
        sum(fit * slot for fit, slot in zip(problem.pair_fit[near.pairs].tolist(), slots, strict=True))
    )
    solver = _solver(work)
    found, is_optimal = _solution(model, solver, slots, near.slots)
    return Answer(found, is_optimal, solver.deterministic_time)


def solve_even(
    problem: Problem, rules: Rules, near: Neighbourhood, group: Ints, gains: dict[int, Ints], *, work: float
) -> Answer:
    """Return slots of the most gain that take none from any level or from incumbents.

    Parameters
    ----------
    group
        The (school, level) of each pair.
    gains
        What each slot of a group gains, ever less, from the first of those that may be taken from it.
    """
    model, slots = model_of(problem, rules, near)
    _hold(model, slots, near, problem, problem.need_level[problem.pair_need[near.pairs]])
    worth = []
    for members, key in _members(group, group):
        steps = [model.new_bool_var("") for _ in gains[key]]
        present = int(near.slots[members].sum())
        taken = min(STEPS, present)
        model.add(sum(slots[member] for member in members) == present - taken + sum(steps))
        worth += [gain * step for gain, step in zip(gains[key].tolist(), steps, strict=True)]
    model.maximize(sum(worth))
    solver = _solver(work)
    found, is_optimal = _solution(model, solver, slots, near.slots)
    return Answer(found, is_optimal, solver.deterministic_time)


def model_of(problem: Problem, rules: Rules, near: Neighbourhood) -> tuple[CpModel, list[IntVar]]:
    """Return a model of all rules, with a variable for the slots of each pair."""
    # The model is wanted by a search alone, and takes a third of a second to import.
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    slots = [
        model.new_int_var(least, most, "")
        for least, most in zip(near.least.tolist(), near.most.tolist(), strict=True)
    ]
    used = _use(model, slots, near, rules)
    _limit_slots(model, slots, near, problem)
    _limit_links(model, used, near, rules)
    _limit_needs(model, slots, near, problem, rules)
    return model, slots


def _solver(work: float) -> CpSolver:
    solver = small_solver(work)
    solver.parameters.cut_level = 0
    return solver


def small_solver(work: float) -> CpSolver:
    """Return a solver for models that are small and solved once or twice, with so much deterministic time."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    # A caller stops the search, not the solver in it: Ctrl-C has to reach Python.
    solver.parameters.catch_sigint_signal = False
    solver.parameters.linearization_level = 2
    solver.parameters.max_presolve_iterations = 1
    # Models this small are solved sooner than they are analysed.
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    solver.parameters.max_deterministic_time = work
    return solver


def _hold(model: CpModel, slots: list[IntVar], near: Neighbourhood, problem: Problem, owner: Ints) -> None:
    """Let each owner of pairs keep as many slots as it has, and incumbents as many of theirs."""
    for members, _ in _members(owner, owner):
        model.add(sum(slots[member] for member in members) >= int(near.slots[members].sum()))
    if problem.pair_incumbent is None or not problem.pair_incumbent[near.pairs].any():
        return
    had = problem.pair_incumbent[near.pairs]
    kept = []
    for pair in np.flatnonzero(had).tolist():
        kept.append(model.new_int_var(0, int(had[pair]), ""))
        model.add(kept[-1] <= slots[pair])
    model.add(sum(kept) >= int(np.minimum(had, near.slots).sum()))


def _solution(model: CpModel, solver: CpSolver, slots: list[IntVar], hint: Ints) -> tuple[Ints, bool]:
    """Return the slots that the solver finds, or the possible ``hint`` where it finds none, and whether optimal."""
    model.clear_hints()
    for variable, value in zip(slots, hint.tolist(), strict=True):
        model.add_hint(variable, value)
    status = solver.solve(model).name
    if status not in ("OPTIMAL", "FEASIBLE"):
        return hint, False
    return np.array([solver.value(variable) for variable in slots], np.int64), status == "OPTIMAL"


def _use(model: CpModel, slots: list[IntVar], near: Neighbourhood, rules: Rules) -> list[IntVar]:
    """Return a variable for each pair that is 1 where it has slots, which are enough for a match then."""
    used = []
    for variable, most, least in zip(
        slots, near.most.tolist(), rules.min_match[near.pairs].tolist(), strict=True
    ):
        is_used = model.new_bool_var("")
        model.add(variable <= most * is_used)
        model.add(variable >= least * is_used)
        used.append(is_used)
    return used


def _limit_slots(model: CpModel, slots: list[IntVar], near: Neighbourhood, problem: Problem) -> None:
    need, offer = problem.pair_need[near.pairs], problem.pair_offer[near.pairs]
    for members, limit in _members(need, problem.need_slots[need]):
        model.add(sum(slots[member] for member in members) <= limit)
    for members, limit in _members(offer, near.offer_left):
        model.add(sum(slots[member] for member in members) <= limit)
    if problem.need_uses_trained is not None and problem.offer_trained_slots is not None:
        trained = np.flatnonzero(problem.need_uses_trained[need])
        for members, limit in _members(offer[trained], near.trained_left[trained]):
            model.add(sum(slots[trained[member]] for member in members) <= limit)


def _limit_links(model: CpModel, used: list[IntVar], near: Neighbourhood, rules: Rules) -> None:
    partners, of_pair = rules.need_partners, rules.need_partners.of_pair[near.pairs]
    closed = np.flatnonzero(~near.open_links)
    _limit(model, used, of_pair, [(partners.owner[of_pair], partners.limit[partners.owner[of_pair]])])
    schools, of_pair = rules.school_partners, rules.school_partners.of_pair[near.pairs[closed]]
    _limit(
        model,
        [used[pair] for pair in closed],
        of_pair,
        [
            (schools.owner[of_pair], near.school_left[closed]),
            (rules.partner_schools.owner[of_pair], near.partner_left[closed]),
        ],
    )


def _limit(model: CpModel, used: list[IntVar], link: Ints, owners: list[tuple[Ints, Ints]]) -> None:
    """Limit how many distinct ``link`` of each owner are used; a link counts once whatever its pairs."""
    _, first = np.unique(link, return_index=True)
    binding = np.zeros(len(link), np.bool_)
    for owner, limit in owners:
        count = np.bincount(owner[first], minlength=int(owner.max()) + 1) if len(owner) else owner
        binding |= count[owner] > limit
    kept = np.flatnonzero(binding)
    of_link = {}
    for members, key in _members(link[kept], link[kept]):
        variables = [used[kept[member]] for member in members]
        of_link[key] = variables[0] if len(variables) == 1 else model.new_bool_var("")
        for variable in variables if len(variables) > 1 else []:
            model.add_implication(variable, of_link[key])
    is_first = np.isin(kept, first)
    for owner, limit in owners:
        chosen = kept[is_first]
        for members, most in _members(owner[chosen], limit[chosen]):
            if len(members) > most:
                model.add(sum(of_link[int(link[chosen[member]])] for member in members) <= most)


def _limit_needs(
    model: CpModel, slots: list[IntVar], near: Neighbourhood, problem: Problem, rules: Rules
) -> None:
    need = problem.pair_need[near.pairs]
    for members, least in _members(need, rules.min_need[need]):
        if least > 1:
            total = sum(slots[member] for member in members)
            is_used = model.new_bool_var("")
            model.add(total <= int(problem.need_slots[need[members[0]]]) * is_used)
            model.add(total >= least * is_used)


def _total(model: CpModel, slots: list[IntVar], near: Neighbourhood, problem: Problem, level: int) -> IntVar:
    """Return the slots of ``level``, which may not fall, like those of the levels before it."""
    need = problem.pair_need[near.pairs]
    level_of_pair = problem.need_level[need]
    for members, key in _members(level_of_pair, level_of_pair):
        if key < level:
            model.add(sum(slots[member] for member in members) >= int(near.slots[members].sum()))
    aimed = np.flatnonzero(level_of_pair == level)
    # The solver stops as soon as all needs of the level are full: its bound is told to it.
    most = int(problem.need_slots[np.unique(need[aimed])].sum())
    total = model.new_int_var(int(near.slots[aimed].sum()), most, "")
    model.add(sum(slots[pair] for pair in aimed) == total)
    return total


def _later(slots: list[IntVar], near: Neighbourhood, problem: Problem, level: int) -> LinearExprT:
    """Return the slots of the levels after ``level``, each level worth four times the next."""
    level_of_pair = problem.need_level[problem.pair_need[near.pairs]]
    worth = np.where(level_of_pair > level, 4 ** (NUM_LEVELS - 1 - level_of_pair), 0)
    return sum(weight * slots[pair] for pair, weight in enumerate(worth.tolist()) if weight)


def _members(key: Ints, value: Ints) -> list[tuple[Ints, int]]:
    """Return the positions of each distinct key, with the value of the first."""
    if not len(key):
        return []
    order = np.argsort(key, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(key[order])) + 1)
    return [(part, int(value[part[0]])) for part in parts]
