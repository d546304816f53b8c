"""What a first trial did, as a baseline: flow, drop what breaks a rule and reflow, then CP-SAT on 14 needs at a time.

Written for the generated problems alone (max_partners of a need, max_schools of a partner, min_slots of an
offer); shares no code with the optimizer.
"""

from __future__ import annotations

import time
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow
from ortools.sat.python import cp_model

from optimizer import Problem

Ints = NDArray[np.int64]

NEEDS = 14
SECONDS_EACH = 2.0
LEVELS = 10


def trial(problem: Problem, seconds: float, seed: int = 0) -> tuple[Ints, int]:
    """Return the slots of each pair after so many seconds of processor time, and the neighbourhoods solved.

    The first level short of what a flow can fill is improved as long as that pays, then the next one.
    """
    started, rng = time.process_time(), np.random.default_rng(seed)
    most, slots = _repaired(problem)
    level_of_pair, solved = problem.need_level[problem.pair_need], 0
    while True:
        for level in range(LEVELS):
            idle = 0
            while time.process_time() - started < seconds:
                filled = np.bincount(level_of_pair, slots, LEVELS)
                got = np.bincount(problem.pair_need, slots, problem.num_needs)
                short = np.flatnonzero((problem.need_level == level) & (got < problem.need_slots))
                if filled[: level + 1].sum() >= most[level] or idle > 2 * len(short):
                    break
                slots = _rematched(
                    problem, slots, _around(problem, slots, int(rng.choice(short)), rng), level
                )
                idle = 0 if np.bincount(level_of_pair, slots, LEVELS)[level] > filled[level] else idle + 1
                solved += 1
        if time.process_time() - started >= seconds or not solved:
            return slots, solved


def _repaired(problem: Problem) -> tuple[Ints, Ints]:
    """Return the most slots that levels fill together without group rules, and slots that keep the rules."""
    can_use = np.ones(problem.num_pairs, np.bool_)
    slots = _flow(problem, can_use)
    most = np.bincount(problem.need_level[problem.pair_need], slots, LEVELS).cumsum().astype(np.int64)
    while True:
        broken = _broken(problem, slots)
        if not broken.any():
            return most, slots
        can_use &= ~broken
        slots = _flow(problem, can_use)


def _flow(problem: Problem, can_use: NDArray[np.bool_]) -> Ints:
    """Return the most slots of each level in turn: a maximum flow of least cost, each level dearer than the last."""
    need, offer = problem.pair_need, problem.pair_offer
    source, sink = problem.num_needs + problem.num_offers, problem.num_needs + problem.num_offers + 1
    needs, offers = np.arange(problem.num_needs), np.arange(problem.num_offers)
    solver = min_cost_flow.SimpleMinCostFlow()
    add = solver.add_arcs_with_capacity_and_unit_cost
    arcs = add(problem.num_needs + offer, need, np.where(can_use, problem.need_slots[need], 0), 0 * need)
    add(0 * offers + source, problem.num_needs + offers, problem.offer_slots, 0 * offers)
    add(needs, 0 * needs + sink, problem.need_slots, problem.need_level)
    total = int(problem.need_slots.sum())
    solver.set_nodes_supplies(np.array([source, sink]), np.array([total, -total]))
    assert solver.solve_max_flow_with_min_cost() == solver.OPTIMAL
    slots: Ints = np.asarray(solver.flows(arcs), np.int64)
    return slots


def _broken(problem: Problem, slots: Ints) -> NDArray[np.bool_]:
    """Return matches to drop: the smallest beyond a limit, and those below their least."""
    need, offer = problem.pair_need, problem.pair_offer
    used = np.flatnonzero(slots)
    broken = (slots > 0) & (slots < _least(problem, np.arange(problem.num_pairs)))
    links: dict[tuple[str, int], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for pair in used.tolist():
        partner, school = int(problem.offer_partner[offer[pair]]), int(problem.need_school[need[pair]])
        links["need", int(need[pair])][partner].append(pair)
        links["partner", partner][school].append(pair)
    for (kind, owner), pairs_of in links.items():
        limits = problem.need_max_partners if kind == "need" else problem.partner_max_schools
        assert limits is not None
        order = sorted(pairs_of.values(), key=lambda pairs: -int(slots[pairs].sum()))
        for pairs in order[int(limits[owner]) :]:
            broken[pairs] = True
    return broken


def _least(problem: Problem, pairs: Ints) -> Ints:
    need, offer = problem.pair_need[pairs], problem.pair_offer[pairs]
    assert problem.offer_min_slots is not None
    return np.minimum(
        np.minimum(problem.offer_min_slots[offer], problem.need_slots[need]), problem.offer_slots[offer]
    )


def _around(problem: Problem, slots: Ints, need: int, rng: np.random.Generator) -> set[int]:
    """Return a short need with needs that hold its offers, then with needs that hold theirs."""
    chosen, ring = {need}, [need]
    while len(chosen) < NEEDS and ring:
        offers = problem.pair_offer[np.isin(problem.pair_need, ring)]
        holders = np.unique(problem.pair_need[np.isin(problem.pair_offer, offers) & (slots > 0)])
        ring = [need for need in rng.permutation(holders).tolist() if need not in chosen]
        ring = ring[: NEEDS - len(chosen)]
        chosen.update(ring)
    return chosen


def _rematched(problem: Problem, slots: Ints, needs: set[int], level: int) -> Ints:
    """Return slots with some needs matched anew: more at ``level``, as many before it, then the most after it."""
    is_free = np.isin(problem.pair_need, list(needs))
    free, kept = np.flatnonzero(is_free), np.where(is_free, 0, slots)
    model = cp_model.CpModel()
    offer_left = problem.offer_slots - np.bincount(problem.pair_offer, kept, problem.num_offers).astype(int)
    x, y = {}, {}
    by: dict[tuple[str, int], list[int]] = defaultdict(list)
    for pair, least in zip(free.tolist(), _least(problem, free).tolist(), strict=True):
        need, offer = int(problem.pair_need[pair]), int(problem.pair_offer[pair])
        most = min(int(problem.need_slots[need]), int(offer_left[offer]))
        if most >= least:
            x[pair], y[pair] = model.new_int_var(0, most, ""), model.new_bool_var("")
            model.add(x[pair] <= most * y[pair])
            model.add(x[pair] >= least * y[pair])
            model.add_hint(x[pair], int(slots[pair]))
            by["need", need].append(pair)
            by["offer", offer].append(pair)
            by["level", int(problem.need_level[need])].append(pair)
    for (kind, owner), pairs in by.items():
        total = sum(x[pair] for pair in pairs)
        if kind != "level":
            model.add(total <= int(problem.need_slots[owner] if kind == "need" else offer_left[owner]))
        elif owner <= level:
            model.add(total >= int(slots[pairs].sum()))
    _limit_links(problem, model, y, kept)
    later = [pair for pair in x if problem.need_level[problem.pair_need[pair]] >= level]
    worth = [1000 if problem.need_level[problem.pair_need[pair]] == level else 1 for pair in later]
    model.maximize(sum(weight * x[pair] for weight, pair in zip(worth, later, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = SECONDS_EACH
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return slots
    found = kept.copy()
    found[list(x)] = [solver.value(variable) for variable in x.values()]
    return found


def _limit_links(
    problem: Problem, model: cp_model.CpModel, y: dict[int, cp_model.IntVar], kept: Ints
) -> None:
    """Limit the partners of each free need and the schools of each partner, beside those of the other matches."""
    partner = problem.offer_partner[problem.pair_offer]
    school = problem.need_school[problem.pair_need]
    held: dict[int, set[int]] = defaultdict(set)
    for pair in np.flatnonzero(kept).tolist():
        held[int(partner[pair])].add(int(school[pair]))
    links: dict[tuple[str, int], dict[int, cp_model.IntVar]] = defaultdict(dict)
    for pair, is_used in y.items():
        of_need, of_partner = ("need", int(problem.pair_need[pair])), ("partner", int(partner[pair]))
        for owner, other in ((of_need, int(partner[pair])), (of_partner, int(school[pair]))):
            if owner[0] == "need" or other not in held[owner[1]]:
                link = links[owner].setdefault(other, model.new_bool_var(""))
                model.add_implication(is_used, link)
    for (kind, index), of_other in links.items():
        limits = problem.need_max_partners if kind == "need" else problem.partner_max_schools
        assert limits is not None
        beside = 0 if kind == "need" else len(held[index])
        model.add(sum(of_other.values()) <= int(limits[index]) - beside)
