"""Unmet slots spread as evenly as the levels allow, by maximum flows that split what cannot be equal.

What each (school, level) can be given, all lines before being kept, is the base of a polymatroid. So the least
of a separable convex cost is found by decomposition: spread each block as if nothing stood in the way, test
that with one maximum flow, and where it fails split the blocks at the minimum cut, across which no slot can
move any more.

References
----------
Groenevelt (1991), Two algorithms for maximizing a separable concave function over a polymatroid feasible region.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from ortools.graph.python import max_flow

from optimizer.network import Network
from optimizer.problem import NUM_LEVELS, Bools, Ints, sum_by
from optimizer.values import unevenness


def spread(network: Network, flow: Ints) -> Ints:
    """Return the flow of ``network`` with the least unevenness over all (school, level), found from ``flow``.

    ``network`` has to be the face of a linear cost that fixes each level, as that of `level_face` and what
    `keep_face` leaves of it.
    """
    flow, low, high = flow.copy(), network.low.copy(), network.high.copy()
    arcs, nodes = network.at.groups, network.tail[network.at.groups]
    is_fixed = low[arcs] == high[arcs]
    # A group that cannot change is a block of its own.
    block = np.where(is_fixed, NUM_LEVELS + np.arange(len(arcs)), network.level[arcs])
    while True:
        excess = flow[arcs] - even_targets(block, network.group_needed, flow[arcs])
        if not excess.any():
            return flow
        is_source, moved = _move(replace(network, low=low, high=high), flow, excess)
        flow[arcs] -= moved
        if (moved == excess).all():
            return flow
        is_cut = is_source[network.tail] != is_source[network.head]
        low, high = np.where(is_cut, flow, low), np.where(is_cut, flow, high)
        low[arcs], high[arcs] = network.low[arcs], network.high[arcs]
        block = block * 2 + is_source[nodes]
        block = np.unique(block, return_inverse=True)[1]


def even_targets(block: Ints, needed: Ints, filled: Ints) -> Ints:
    """Return the slots filled in each group when those of a block are spread with the least unevenness.

    The best share is the same in a whole block but for rounding, so only the unmet slots around it are
    weighed one by one.
    """
    _, block = np.unique(block, return_inverse=True)
    size = int(block.max()) + 1 if len(block) else 0
    whole, unmet = sum_by(block, needed, size), sum_by(block, needed - filled, size)
    share = needed / whole[block]
    middle = unmet[block] * share
    reach = 3 + np.bincount(block, minlength=size)[block] * share / 2
    low = np.clip(np.floor(middle - reach), 0, needed).astype(np.int64)
    high = np.clip(np.ceil(middle + reach), 0, needed).astype(np.int64)
    group = np.repeat(np.arange(len(block)), high - low)
    slot = np.arange(len(group)) - np.repeat(np.cumsum(high - low) - high, high - low) + 1
    cost = unevenness(needed[group], slot) - unevenness(needed[group], slot - 1)
    order = np.lexsort((slot, group, cost, block[group]))
    ordered = block[group[order]]
    place = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    taken = order[place < (unmet - sum_by(block, low, size))[ordered]]
    return needed - low - np.bincount(group[taken], minlength=len(block))


def _move(network: Network, flow: Ints, excess: Ints) -> tuple[Bools, Ints]:
    """Move slots in place from groups with ``excess`` to those that lack some; all arcs before groups change.

    Returns the nodes on the source side of the minimum cut, and the slots moved out of (or into) each group.
    """
    arcs = np.concatenate(network.at[:4])
    more = arcs[flow[arcs] < network.high[arcs]]
    less = arcs[flow[arcs] > network.low[arcs]]
    source, sink = network.num_nodes, network.num_nodes + 1
    nodes = network.tail[network.at.groups]
    out, into = np.flatnonzero(excess > 0), np.flatnonzero(excess < 0)
    solver = max_flow.SimpleMaxFlow()
    added = [
        solver.add_arcs_with_capacity(tail.astype(np.int32), head.astype(np.int32), room)
        for tail, head, room in (
            (network.tail[more], network.head[more], network.high[more] - flow[more]),
            (network.head[less], network.tail[less], flow[less] - network.low[less]),
            (np.full(len(out), source), nodes[out], excess[out]),
            (nodes[into], np.full(len(into), sink), -excess[into]),
        )
    ]
    status = solver.solve(source, sink)
    if status != max_flow.SimpleMaxFlow.OPTIMAL:
        raise RuntimeError(f"Maximum flow between groups: expected OPTIMAL, got {status}.")
    forth, back, left, came = (solver.flows(arcs) for arcs in added)
    flow[more] += forth
    flow[less] -= back
    moved = np.zeros_like(excess)
    moved[out], moved[into] = left, -came
    is_source = np.zeros(sink + 1, np.bool_)
    is_source[solver.get_source_side_min_cut()] = True
    return is_source[:source], moved
