"""Minimum cuts: which needs compete for which offers where a level cannot be filled, with a proof anyone can add up.

References
----------
Ford and Fulkerson (1956), Maximal flow through a network: what flows equals the capacity of the smallest cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

from optimizer.levels import fill_levels
from optimizer.network import Network, flow_of
from optimizer.prepared import Prepared
from optimizer.problem import Bools, Ints, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Why the levels up to ``level`` cannot fill more together, whatever is moved.

    All slots of ``offers`` go to ``needs``, which could take more, and no other offer can come to these needs
    with more than it gives. Every further slot for one of the needs is taken from another of them. An offer that
    can come to one of ``needs`` with slots of its own lifts the bound.

    Parameters
    ----------
    level
        Index of the level, 0 to 9.
    needs
        The needs that compete, of this level and those before it: the smallest such set.
    offers
        The offers with all their slots in use for ``needs`` and locks.
    trained
        The offers with all their trained slots in use so.
    limited
        Needs outside that get fewer slots than they ask for even if all others got none: no offer may come, those
        that may have too few slots, or the need takes too few partners.
    closed
        Those of ``limited`` that can have no slot at all.
    most
        The most slots that the levels up to this one can fill together, which is the capacity of the cut.
    slots_missing
        Slots of this level that stay unmet once the levels before it have the most they can have.
    """

    level: int
    needs: Ints
    offers: Ints
    trained: Ints
    limited: Ints
    closed: Ints
    most: int
    slots_missing: int


def minimum_cuts(problem: Problem) -> tuple[Cut, ...]:
    """Return the minimum cut of each level that cannot be filled once those before it have the most they can.

    The group rules count as far as they limit a single need, offer or pair. Locks are kept.
    """
    network, locks = _network(problem)
    flow = fill_levels(network, flow_of(network, problem, locks))
    filled = flow[network.at.levels]
    short = np.flatnonzero(filled < problem.level_needed)
    return tuple(_cut(problem, network, flow, int(level)) for level in short)


def cut_capacity(problem: Problem, cut: Cut) -> int:
    """Return what the levels up to that of a cut can fill together at most, by adding up alone.

    It is a bound for any sets of needs and offers, and the best one where it equals ``cut.most``.
    """
    network, _ = _network(problem)
    is_short = np.zeros(network.num_nodes, np.bool_)
    is_short[network.tail[network.at.needs][cut.needs]] = True
    is_short[1 + cut.offers] = True
    is_short[_trained_nodes(network, cut.trained)] = True
    into = ~is_short[network.tail] & is_short[network.head]
    out_of = is_short[network.tail] & ~is_short[network.head]
    # What the other needs of these levels can have by themselves counts too; later ones only keep their locks.
    others = network.at.needs[~is_short[network.tail[network.at.needs]] & (problem.need_level <= cut.level)]
    inner = np.concatenate([network.at.offers, network.at.trained, network.at.pairs])
    cost = np.where(into[inner], network.high[inner], 0) - np.where(out_of[inner], network.low[inner], 0)
    return int(cost.sum() + network.high[others].sum())


def _network(problem: Problem) -> tuple[Network, Ints]:
    prepared = Prepared.of(problem)
    return prepared.network, prepared.locks


def _cut(problem: Problem, network: Network, flow: Ints, level: int) -> Cut:
    flow = _without_later(network, flow, level)
    is_short = _short_side(network, flow, level)
    filled = flow[network.at.levels]
    reach = network.high[network.at.needs]
    needs = is_short[network.tail[network.at.needs]]
    is_limited = (reach < problem.need_slots) & (problem.need_level <= level) & ~needs
    trained = network.tail[network.at.trained] - 1
    return Cut(
        level=level,
        needs=np.flatnonzero(needs),
        offers=np.flatnonzero(is_short[network.head[network.at.offers]]),
        trained=trained[is_short[network.head[network.at.trained]]],
        limited=np.flatnonzero(is_limited),
        closed=np.flatnonzero(is_limited & (reach == 0)),
        most=int(filled[: level + 1].sum()),
        slots_missing=int(problem.level_needed[level] - filled[level]),
    )


def _without_later(network: Network, flow: Ints, level: int) -> Ints:
    """Return the flow of the levels up to ``level`` alone; later ones keep what locks hold."""
    pairs, offers, trained = network.at.pairs, network.at.offers, network.at.trained
    freed = np.where(network.level[pairs] > level, flow[pairs] - network.low[pairs], 0)
    flow = flow.copy()
    flow[pairs] -= freed
    by_node = np.zeros(network.num_nodes, np.int64)
    np.add.at(by_node, network.tail[pairs], freed)
    flow[trained] -= by_node[network.head[trained]]
    np.add.at(by_node, network.tail[trained], by_node[network.head[trained]])
    flow[offers] -= by_node[network.head[offers]]
    return flow


def _short_side(network: Network, flow: Ints, level: int) -> Bools:
    """Whether more slots at each node would reach a need of these levels that could take them."""
    needs = network.at.needs
    wanting = needs[(network.level[needs] <= level) & (flow[needs] < network.high[needs])]
    inner = np.concatenate([network.at.trained, network.at.pairs])
    inner = inner[network.level[inner] <= level]
    more, less = inner[flow[inner] < network.high[inner]], inner[flow[inner] > network.low[inner]]
    # Against the direction in which slots would move, from one start before all needs that want some.
    start = network.num_nodes
    tail = np.concatenate([np.full(len(wanting), start), network.head[more], network.tail[less]])
    head = np.concatenate([network.tail[wanting], network.tail[more], network.head[less]])
    graph = coo_array((np.ones(len(tail), np.int8), (tail, head)), shape=(start + 1, start + 1)).tocsr()
    is_short = np.zeros(start + 1, np.bool_)
    is_short[breadth_first_order(graph, start, return_predecessors=False)] = True
    return is_short[:start]


def _trained_nodes(network: Network, offers: Ints) -> Ints:
    arcs = network.at.trained
    return network.head[arcs][np.searchsorted(network.tail[arcs] - 1, offers)]
