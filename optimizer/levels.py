"""The most slots of each level, strictly in order, by maximum flows.

References
----------
Megiddo (1974), Optimal flows in networks with multiple sources and sinks: what a set of sinks can receive
together is a polymatroid, so filling one level after the other never costs an earlier one.
"""

from __future__ import annotations

import numpy as np
from ortools.graph.python import max_flow

from optimizer.network import POOL, Network
from optimizer.problem import NUM_LEVELS, Ints


def fill_levels(network: Network, flow: Ints) -> Ints:
    """Return a flow with the lexicographically most slots by level, grown from a possible ``flow``.

    The result only ever moves slots along the arcs of ``network``, within their bounds.
    """
    flow = flow.copy()
    for level in range(NUM_LEVELS):
        if network.high[network.at.levels[level]] > flow[network.at.levels[level]]:
            fill_level(network, flow, level)
    return flow


def fill_level(network: Network, flow: Ints, level: int, *, alone: bool = False) -> None:
    """Grow one level to its most, in place, at the cost of later levels alone.

    With ``alone`` the arcs of all other levels are left out; they may have no flow above their least.
    """
    forward, backward = _residual(network, flow, level)
    if alone:
        forward = forward[(network.level[forward] < 0) | (network.level[forward] == level)]
    solver = max_flow.SimpleMaxFlow()
    forth = solver.add_arcs_with_capacity(*network.ends(forward), network.high[forward] - flow[forward])
    tail, head = network.ends(backward)
    back = solver.add_arcs_with_capacity(head, tail, flow[backward] - network.low[backward])
    own = network.at.levels[level]
    source, sink = network.place[[POOL, network.tail[own]]].tolist()
    if not len(forward) or solver.num_nodes() <= max(source, sink):
        return
    status = solver.solve(source, sink)
    if status != max_flow.SimpleMaxFlow.OPTIMAL:
        raise RuntimeError(f"Maximum flow of level {level}: expected OPTIMAL, got {status}.")
    flow[forward] += solver.flows(forth)
    flow[backward] -= solver.flows(back)
    flow[own] += solver.optimal_flow()


def _residual(network: Network, flow: Ints, level: int) -> tuple[Ints, Ints]:
    """Arcs that may carry more and arcs that may carry less while ``level`` grows and those before it stay.

    A need of a later level without flow can give nothing, so its arcs are left out.
    """
    through = np.zeros(network.num_nodes, np.bool_)
    through[network.tail[network.at.needs]] = flow[network.at.needs] > 0
    is_live = (network.level <= level) | (flow > 0)
    is_live[network.at.pairs] |= through[network.head[network.at.pairs]]
    more = is_live & (flow < network.high)
    more[network.at.levels] = False
    less = flow > network.low
    less[network.at.offers] = False
    less[network.at.levels[: level + 1]] = False
    return np.flatnonzero(more), np.flatnonzero(less)
