"""Least-cost circulations, and the face of all of them: what the next objective may still choose from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy import sparse

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
    """Return shortest distances to each node in the residual network."""
    return shortest(network, cost, flow)[0]


def shortest(network: Network, cost: Ints, flow: Ints) -> tuple[Ints, int]:
    """Return the potentials, and the rounds that Bellman and Ford's method takes for them in numpy.

    A round looks only at the arcs out of nodes that came nearer in the one before: most rounds have few.

    Raises
    ------
    RuntimeError
        ``flow`` is not of least cost.
    """
    more, less = np.flatnonzero(flow < network.high), np.flatnonzero(flow > network.low)
    tail = np.concatenate([network.tail[more], network.head[less]])
    head = np.concatenate([network.head[more], network.tail[less]])
    length = np.concatenate([cost[more], -cost[less]])
    start, by_tail = _outgoing(tail, network.num_nodes)
    distance = np.zeros(network.num_nodes, np.int64)
    arcs = np.flatnonzero(length < 0)
    for rounds in range(network.num_nodes + 1):
        found = distance[tail[arcs]] + length[arcs]
        nearer = np.flatnonzero(found < distance[head[arcs]])
        if not len(nearer):
            return distance, rounds
        moved = head[arcs[nearer]]
        np.minimum.at(distance, moved, found[nearer])
        is_moved = np.zeros(network.num_nodes, np.bool_)
        is_moved[moved] = True
        nodes = np.flatnonzero(is_moved)
        counts = start[nodes + 1] - start[nodes]
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        arcs = by_tail[np.repeat(start[nodes], counts) + offsets]
    raise RuntimeError(
        "The flow is not of least cost: a cycle of its residual network has a negative length."
    )


def _outgoing(tail: Ints, num_nodes: int) -> tuple[Ints, Ints]:
    """Return where the arcs of each node start, and the arcs in that order; sooner than by sorting."""
    rows = (np.ones(len(tail), np.bool_), tail, np.arange(len(tail) + 1))
    columns = sparse.csr_array(rows, shape=(len(tail), num_nodes)).tocsc()
    return columns.indptr.astype(np.int64), columns.indices.astype(np.int64)


def _balance(network: Network) -> Ints:
    balance = np.zeros(network.num_nodes, np.int64)
    np.add.at(balance, network.head, network.low)
    np.subtract.at(balance, network.tail, network.low)
    return balance
