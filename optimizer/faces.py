"""Least-cost circulations, and the face of all of them: what the next objective may still choose from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from ortools.graph.python import min_cost_flow

from optimizer.network import Network
from optimizer.problem import Ints


def least_cost(network: Network, cost: Ints) -> Ints:
    """Return a flow of least cost within the bounds of ``network``, which must allow one."""
    free = np.flatnonzero(network.low < network.high)
    balance = _balance(network)
    flow = network.low.copy()
    if not len(free):
        return flow
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        *network.ends(free), network.high[free] - network.low[free], cost[free]
    )
    nodes = np.flatnonzero(balance)
    solver.set_nodes_supplies(network.nodes(nodes), balance[nodes])
    status = solver.solve()
    if status != min_cost_flow.SimpleMinCostFlow.OPTIMAL:
        raise RuntimeError(f"Minimum-cost flow: expected OPTIMAL, got {status}.")
    flow[free] += solver.flows(arcs)
    return flow


def face(network: Network, cost: Ints, flow: Ints) -> Network:
    """Return the network of exactly the flows that cost as little as ``flow``, which is of least cost.

    Raises
    ------
    RuntimeError
        ``flow`` is not of least cost.
    """
    reduced = reduced_cost(network, cost, flow)
    if ((reduced > 0) & (flow > network.low)).any() or ((reduced < 0) & (flow < network.high)).any():
        raise RuntimeError("The flow is not of least cost: its reduced costs contradict it.")
    is_fixed = reduced != 0
    return replace(
        network, low=np.where(is_fixed, flow, network.low), high=np.where(is_fixed, flow, network.high)
    )


def reduced_cost(network: Network, cost: Ints, flow: Ints) -> Ints:
    """Return cost + potential of tail - potential of head; for a flow of least cost, a proof of it."""
    potential = potentials(network, cost, flow)
    return cost + potential[network.tail] - potential[network.head]


def potentials(network: Network, cost: Ints, flow: Ints) -> Ints:
    """Return shortest distances to each node in the residual network, by Bellman and Ford in numpy."""
    more = np.flatnonzero(flow < network.high)
    less = np.flatnonzero(flow > network.low)
    tail = np.concatenate([network.tail[more], network.head[less]])
    head = np.concatenate([network.head[more], network.tail[less]])
    length = np.concatenate([cost[more], -cost[less]])
    order = np.argsort(head, kind="stable")
    tail, head, length = tail[order], head[order], length[order]
    starts = np.flatnonzero(np.r_[True, head[1:] != head[:-1]]) if len(head) else np.zeros(0, np.int64)
    heads = head[starts]
    distance = np.zeros(network.num_nodes, np.int64)
    for _ in range(network.num_nodes + 1):
        if not len(heads):
            return distance
        found = np.minimum.reduceat(distance[tail] + length, starts)
        nearer = found < distance[heads]
        if not nearer.any():
            return distance
        distance[heads[nearer]] = found[nearer]
    raise RuntimeError(
        "The flow is not of least cost: a cycle of its residual network has a negative length."
    )


def _balance(network: Network) -> Ints:
    balance = np.zeros(network.num_nodes, np.int64)
    np.add.at(balance, network.head, network.low)
    np.subtract.at(balance, network.tail, network.low)
    return balance
