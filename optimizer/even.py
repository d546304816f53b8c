"""Unmet slots spread as evenly as the levels allow, by maximum flows that split what cannot be equal.

What each (school, level) can be given, all lines before being kept, is the base of a polymatroid. So the least
of a separable convex cost is found by decomposition: spread each block as if nothing stood in the way, test
that with one maximum flow, and where it fails split the blocks at the minimum cut, across which no slot can
move any more. All blocks are tested by the same flow.

References
----------
Groenevelt (1991), Two algorithms for maximizing a separable concave function over a polymatroid feasible region.
"""

from __future__ import annotations

import numpy as np
from ortools.graph.python import max_flow
from scipy import sparse
from scipy.sparse import csgraph

from optimizer.network import Network
from optimizer.problem import NUM_LEVELS, Bools, Ints, sum_by
from optimizer.values import unevenness


def spread(network: Network, flow: Ints) -> Ints:
    """Return the flow of ``network`` with the least unevenness over all (school, level), found from ``flow``.

    ``network`` has to be the face of a linear cost that fixes each level, as that of `level_face` and what
    `keep_face` leaves of it.
    """
    flow = flow.copy()
    arcs = network.at.groups
    is_free = network.low < network.high
    groups = np.flatnonzero(is_free[arcs])
    live = np.concatenate(network.at[:4])
    live = live[is_free[live]]
    # Every round settles or splits what is left, so there are no more rounds than groups.
    for _ in range(len(groups) + 1):
        if not len(groups):
            return flow
        part = _components(network, live)
        part_of_group = part[network.tail[arcs[groups]]]
        filled = flow[arcs[groups]]
        targets = even_targets(
            part_of_group * NUM_LEVELS + network.level[arcs[groups]], network.group_needed[groups], filled
        )
        excess = np.zeros_like(arcs)
        excess[groups] = filled - targets
        live = live[_has(part, part_of_group[excess[groups] != 0])[network.tail[live]]]
        is_source, moved = _move(network, flow, live, excess)
        flow[arcs] -= moved
        # What could not be moved stays on its side of the cut; parts where all could are done.
        is_open = _has(part, part_of_group[(moved != excess)[groups]])
        groups = groups[is_open[network.tail[arcs[groups]]]]
        is_inside = is_source[network.tail[live]] == is_source[network.head[live]]
        live = live[is_inside & is_open[network.tail[live]]]
    raise RuntimeError("The levels are not fixed: the flow is not within the bounds of its network.")


def _components(network: Network, live: Ints) -> Ints:
    """Return the part of each node, in which slots can move along the arcs ``live``."""
    ends = (network.tail[live], network.head[live])
    size = network.num_nodes
    graph = sparse.coo_array((np.ones(len(live), np.int8), ends), shape=(size, size))
    return csgraph.connected_components(graph, directed=False)[1].astype(np.int64)


def _has(part: Ints, wanted: Ints) -> Bools:
    """Whether each node is in one of the ``wanted`` parts."""
    is_wanted = np.zeros(len(part), np.bool_)
    is_wanted[wanted] = True
    found: Bools = is_wanted[part]
    return found


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


def _move(network: Network, flow: Ints, arcs: Ints, excess: Ints) -> tuple[Bools, Ints]:
    """Move slots along ``arcs``, in place, from groups with ``excess`` to those that lack some.

    Returns the nodes on the source side of the minimum cut, and the slots moved out of (or into) each group.
    """
    more = arcs[flow[arcs] < network.high[arcs]]
    less = arcs[flow[arcs] > network.low[arcs]]
    source, sink = network.num_nodes, network.num_nodes + 1
    nodes = network.nodes(network.tail[network.at.groups])
    out, into = np.flatnonzero(excess > 0), np.flatnonzero(excess < 0)
    solver = max_flow.SimpleMaxFlow()
    added = [
        solver.add_arcs_with_capacity(tail, head, room)
        for tail, head, room in (
            (*network.ends(more), network.high[more] - flow[more]),
            (*network.ends(less)[::-1], flow[less] - network.low[less]),
            (np.full(len(out), source, np.int32), nodes[out], excess[out]),
            (nodes[into], np.full(len(into), sink, np.int32), -excess[into]),
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
    return is_source[network.place], moved
