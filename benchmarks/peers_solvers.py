"""Ways to solve a capacitated assignment: ours, what people write by hand, and general solvers.

Each takes the matrices of a `Case` and returns a plan; building its own model is part of its time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow
from ortools.sat.python import cp_model
from scipy import optimize, sparse

from benchmarks.peers_floor import best_with_floor
from benchmarks.peers_problems import MILLION, Bools, Case, Plan
from optimizer import Problem, allocate

OURS = "partnermatch"
CP_SAT_SECONDS = 60
"""More than any case needs; CP-SAT keeps its best answer when it is over."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A way to solve a case; ``keeps_floors`` where it can hold a floor under every need."""

    name: str
    solve: Callable[[Case], Plan]
    keeps_floors: bool = False

    def suits(self, case: Case) -> bool:
        """Whether it can express every rule of the case."""
        return self.keeps_floors or not case.floor


def ours(case: Case) -> Plan:
    """Return the plan of `optimizer.allocate`, with a search around it where there is a floor."""
    if case.floor:
        return best_with_floor(case, lambda allowed, locked: allocated(case, allowed, locked))[0]
    return allocated(case, case.allowed, np.zeros(case.scores.shape, np.int64))


def allocated(case: Case, allowed: Bools, locked: Plan) -> Plan:
    """Return the best plan over these pairs: all needs of one level, a slot a match at most."""
    needs, offers = np.nonzero(allowed)
    problem = Problem(
        need_slots=case.demand,
        need_level=np.zeros(len(case.demand), np.int64),
        need_school=np.arange(len(case.demand)),
        offer_slots=case.load,
        offer_partner=np.arange(len(case.load)),
        pair_need=needs,
        pair_offer=offers,
        pair_fit=case.worth[needs, offers],
        pair_max_slots=np.ones(len(needs), np.int64),
        pair_locked=locked[needs, offers] if locked.any() else None,
    )
    plan = np.zeros(case.scores.shape, np.int64)
    plan[needs, offers] = allocate(problem, even=False).slots
    return plan


def greedy(case: Case) -> Plan:
    """Return the best pair first, then the next best that still fits."""
    needs, offers = case.pairs
    demand, load, plan = case.demand.tolist(), case.load.tolist(), np.zeros(case.scores.shape, np.int64)
    for pair in np.argsort(-case.worth[needs, offers], kind="stable").tolist():
        need, offer = int(needs[pair]), int(offers[pair])
        if demand[need] and load[offer]:
            plan[need, offer] = 1
            demand[need] -= 1
            load[offer] -= 1
    return plan


def deferred_acceptance(case: Case) -> Plan:
    """Return the stable matching best for needs: they apply in order of worth, offers keep who scores best.

    References
    ----------
    Gale and Shapley (1962), College admissions and the stability of marriage.
    """
    order = np.argsort(-np.where(case.allowed, case.worth, -1), axis=1, kind="stable")
    choices = [row[: int(some)].tolist() for row, some in zip(order, case.allowed.sum(axis=1), strict=True)]
    next_choice, waiting = [0] * len(choices), np.repeat(np.arange(len(choices)), case.demand).tolist()
    held: list[list[tuple[float, int]]] = [[] for _ in case.load]
    while waiting:
        need = waiting.pop()
        if next_choice[need] == len(choices[need]):
            continue
        offer = choices[need][next_choice[need]]
        next_choice[need] += 1
        heapq.heappush(held[offer], (float(case.scores[need, offer]), -need))
        if len(held[offer]) > case.load[offer]:
            waiting.append(-heapq.heappop(held[offer])[1])
    plan = np.zeros(case.scores.shape, np.int64)
    for offer, kept in enumerate(held):
        plan[[-need for _, need in kept], offer] = 1
    return plan


def assignment_in_rounds(case: Case) -> Plan:
    """Return an optimal assignment of one more offer to every need, round by round.

    The matrix has a column for each slot of an offer. Rows for all slots of a need at once would give it the
    same offer twice, so with one slot a need this is exact and with more it is not.
    """
    plan = np.zeros(case.scores.shape, np.int64)
    for done in range(int(case.demand.max())):
        needs = np.flatnonzero(case.demand > done)
        offers = np.repeat(np.arange(len(case.load)), case.load - plan.sum(axis=0))
        allowed = case.allowed & (plan == 0)
        worth = np.where(allowed, case.worth, -1 - int(case.worth.sum(axis=0).max()) * len(needs))
        rows, columns = optimize.linear_sum_assignment(worth[needs][:, offers].astype(float), maximize=True)
        fits = allowed[needs[rows], offers[columns]]
        plan[needs[rows[fits]], offers[columns[fits]]] = 1
    return plan


def cp_sat(case: Case) -> Plan:
    """Return what CP-SAT makes of one model with a Boolean a pair; nothing if it finds none in time."""
    model, (needs, offers), worth = cp_model.CpModel(), case.pairs, case.worth
    takes = [model.new_bool_var("") for _ in needs]
    of_need: list[list[int]] = [[] for _ in case.demand]
    of_offer: list[list[int]] = [[] for _ in case.load]
    for pair, (need, offer) in enumerate(zip(needs.tolist(), offers.tolist(), strict=True)):
        of_need[need].append(pair)
        of_offer[offer].append(pair)
    for need, mine in enumerate(of_need):
        model.add(sum(takes[pair] for pair in mine) == int(case.demand[need]))
        if case.floor:
            scores = worth[need, offers[mine]].tolist()
            total = cp_model.LinearExpr.weighted_sum([takes[pair] for pair in mine], scores)
            model.add(total >= round(case.floor * MILLION))
    for offer, theirs in enumerate(of_offer):
        model.add(sum(takes[pair] for pair in theirs) <= int(case.load[offer]))
    model.maximize(cp_model.LinearExpr.weighted_sum(takes, worth[needs, offers].tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = CP_SAT_SECONDS
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return np.zeros(case.scores.shape, np.int64)
    return case.plan(np.array([solver.boolean_value(take) for take in takes], np.int64))


def highs_mip(case: Case) -> Plan:
    """Return the plan of HiGHS as a mixed-integer program."""
    return _highs(case, whole=1)


def highs_lp(case: Case) -> Plan:
    """Return the plan of HiGHS as a linear program: a vertex, which is whole because the problem is a network."""
    return _highs(case, whole=0)


def flow(case: Case) -> Plan:
    """Return the minimum-cost flow of OR-Tools over scores in millionths."""
    return _flow(case, 1)


def flow_in_hundredths(case: Case) -> Plan:
    """Return the same over scores cut to hundredths, as a conference-scale matcher has it."""
    return _flow(case, MILLION // 100)


PEERS = (
    Peer(OURS, ours, keeps_floors=True),
    Peer("greedy", greedy),
    Peer("stable matching", deferred_acceptance),
    Peer("SciPy linear_sum_assignment", assignment_in_rounds),
    Peer("OR-Tools flow", flow),
    Peer("flow in hundredths", flow_in_hundredths),
    Peer("HiGHS LP", highs_lp),
    Peer("HiGHS MIP", highs_mip, keeps_floors=True),
    Peer("CP-SAT", cp_sat, keeps_floors=True),
)


def _flow(case: Case, unit: int) -> Plan:
    needs, offers = case.pairs
    source, sink = 0, 1 + len(case.demand) + len(case.load)
    need_nodes = 1 + np.arange(len(case.demand))
    offer_nodes = 1 + len(case.demand) + np.arange(len(case.load))
    ones = np.ones(len(needs), np.int64)
    arcs = [
        (need_nodes * 0 + source, need_nodes, case.demand, need_nodes * 0),
        (offer_nodes, offer_nodes * 0 + sink, case.load, offer_nodes * 0),
        (need_nodes[needs], offer_nodes[offers], ones, -(case.worth[needs, offers] // unit)),
    ]
    network = min_cost_flow.SimpleMinCostFlow()
    added = [network.add_arcs_with_capacity_and_unit_cost(*columns) for columns in arcs]
    network.set_nodes_supplies(np.array([source, sink]), np.array([1, -1]) * int(case.demand.sum()))
    status = network.solve_max_flow_with_min_cost()
    if status != network.OPTIMAL:
        raise RuntimeError(f"Flow: expected OPTIMAL, got {status}.")
    return case.plan(network.flows(added[-1]))


def _highs(case: Case, whole: int) -> Plan:
    (needs, offers), worth = case.pairs, case.worth[case.pairs] / MILLION
    ones, pairs = np.ones(len(needs)), np.arange(len(needs))
    by_need = sparse.csr_array((ones, (needs, pairs)), shape=(len(case.demand), len(needs)))
    by_offer = sparse.csr_array((ones, (offers, pairs)), shape=(len(case.load), len(needs)))
    limits = [
        optimize.LinearConstraint(by_need, case.demand, case.demand),
        optimize.LinearConstraint(by_offer, 0, case.load),
    ]
    if case.floor:
        limits.append(optimize.LinearConstraint(by_need.multiply(case.scores[case.pairs]), case.floor))
    found = optimize.milp(
        -worth,
        integrality=np.full(len(needs), whole),
        bounds=optimize.Bounds(0, 1),
        constraints=limits,
        options={"mip_rel_gap": 0.0},
    )
    if not found.success:
        raise RuntimeError(f"HiGHS: expected an optimum, got {found.message}")
    return case.plan(found.x)
