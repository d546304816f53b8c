"""The problem without its group rules as a network: a circulation through one pool node.

Pool -> offer (-> its trained slots) -> need -> (school, level) -> level -> pool. Every arc has a lower and an
upper bound, so locks, chosen supports and the faces that earlier objectives leave are all bounds on arcs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from optimizer.problem import NUM_LEVELS, Ints, Problem, sum_by

POOL = 0
_FEW_PAIRS = 20_000
"""Networks of fewer pairs fit into the caches of a processor whatever the order of their nodes."""


class Layers(NamedTuple):
    """Indices of the arcs of each layer, from the pool and back to it."""

    offers: Ints
    trained: Ints
    pairs: Ints
    needs: Ints
    groups: Ints
    levels: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Arcs with bounds on their flow, and what they stand for.

    Parameters
    ----------
    num_nodes
        The pool is node 0.
    tail, head, low, high
        Ends of each arc and the least and most flow on it.
    level
        Level whose needs an arc serves, -1 for the arcs of offers.
    at
        The arcs of each layer. A pair and a group may have several arcs.
    pair
        The pair of each of ``at.pairs``.
    group
        The group, a (school, level) with needs, of each of ``at.groups``.
    group_needed
        Slots needed in each group.
    place
        A numbering of the nodes, for solvers, in which neighbours lie close to each other in memory.
    """

    num_nodes: int
    tail: Ints
    head: Ints
    low: Ints
    high: Ints
    level: Ints
    at: Layers
    pair: Ints
    group: Ints
    group_needed: Ints
    place: Ints

    def ends(self, arcs: Ints) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return tail and head of ``arcs`` as solvers take them."""
        return self.nodes(self.tail[arcs]), self.nodes(self.head[arcs])

    def nodes(self, nodes: Ints) -> NDArray[np.int32]:
        """Return ``nodes`` as solvers take them."""
        return self.place[nodes].astype(np.int32)

    def slots(self, flow: Ints, num_pairs: int) -> Ints:
        """Return the slots of each pair."""
        return sum_by(self.pair, flow[self.at.pairs], num_pairs)

    def group_filled(self, flow: Ints) -> Ints:
        """Return the slots filled in each (school, level)."""
        return sum_by(self.group, flow[self.at.groups], len(self.group_needed))


def groups(problem: Problem) -> tuple[Ints, Ints]:
    """Return the level of each (school, level) with needs, and the group of each need."""
    _, school = np.unique(problem.need_school, return_inverse=True)
    key, group = np.unique(school * NUM_LEVELS + problem.need_level, return_inverse=True)
    return (key % NUM_LEVELS).astype(np.int64), group.astype(np.int64)


def build(problem: Problem, low: Ints, high: Ints, *, for_flows: bool = True) -> Network:
    """Return the network of the pairs whose most slots, ``high``, are positive.

    Parameters
    ----------
    low, high
        Least and most slots of each pair; all pairs together must be able to have their least.
    for_flows
        Whether flows are to be found in it, which takes less time once the nodes have their places.
    """
    pair = np.flatnonzero(high)
    need, offer = problem.pair_need[pair], problem.pair_offer[pair]
    group_level, group = groups(problem)
    needs_trained = uses_trained(problem)[pair]
    trained = np.unique(offer[needs_trained])
    first_trained = 1 + problem.num_offers
    first_need = first_trained + len(trained)
    first_group = first_need + problem.num_needs
    first_level = first_group + len(group_level)
    trained_node = np.zeros(problem.num_offers, np.int64)
    trained_node[trained] = first_trained + np.arange(len(trained))
    pair_tail = np.where(needs_trained, trained_node[offer], 1 + offer)
    group_needed = sum_by(group, problem.need_slots, len(group_level))
    trained_slots = (
        problem.offer_slots if problem.offer_trained_slots is None else problem.offer_trained_slots
    )
    offers, needs = np.arange(problem.num_offers), np.arange(problem.num_needs)
    group_ids, levels = np.arange(len(group_level)), np.arange(NUM_LEVELS)
    layers: list[tuple[Ints, Ints, Ints, Ints]] = [
        (0 * offers + POOL, 1 + offers, problem.offer_slots, 0 * offers - 1),
        (1 + trained, trained_node[trained], trained_slots[trained], 0 * trained - 1),
        (pair_tail, first_need + need, high[pair], problem.need_level[need]),
        (first_need + needs, first_group + group, problem.need_slots, problem.need_level),
        (first_group + group_ids, first_level + group_level, group_needed, group_level),
        (first_level + levels, 0 * levels + POOL, problem.level_needed, levels),
    ]
    tail, head, arc_high, level = (np.concatenate(column) for column in zip(*layers, strict=True))
    ends = np.cumsum([len(layer[0]) for layer in layers])
    at = Layers(*(np.arange(end - len(layer[0]), end) for layer, end in zip(layers, ends, strict=True)))
    arc_low = np.zeros_like(arc_high)
    arc_low[at.pairs] = low[pair]
    num_nodes = first_level + NUM_LEVELS
    place = _places(pair_tail, first_need + need, num_nodes) if for_flows else np.arange(num_nodes)
    return Network(num_nodes, tail, head, arc_low, arc_high, level, at, pair, group_ids, group_needed, place)


def _places(tail: Ints, head: Ints, num_nodes: int) -> Ints:
    """Return the nodes' places in the order of Cuthill and McKee, by which large flows take a quarter less time."""
    place = np.arange(num_nodes)
    if len(tail) >= _FEW_PAIRS:
        ends = (np.concatenate([tail, head]), np.concatenate([head, tail]))
        graph = sparse.csr_array((np.ones(len(ends[0]), np.int8), ends), shape=(num_nodes, num_nodes))
        place[csgraph.reverse_cuthill_mckee(graph, symmetric_mode=True)] = np.arange(num_nodes)
    return place


def uses_trained(problem: Problem) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each pair draws on the trained slots of its offer."""
    if problem.offer_trained_slots is None or problem.need_uses_trained is None:
        return np.zeros(problem.num_pairs, np.bool_)
    return problem.need_uses_trained[problem.pair_need]


def most_slots(problem: Problem) -> Ints:
    """Return the most slots of each pair by itself: of the match, its need and its offer."""
    need, offer = problem.pair_need, problem.pair_offer
    most = np.minimum(problem.need_slots[need], problem.offer_slots[offer])
    if problem.offer_trained_slots is not None:
        most = np.where(uses_trained(problem), np.minimum(most, problem.offer_trained_slots[offer]), most)
    return most if problem.pair_max_slots is None else np.minimum(most, problem.pair_max_slots)


def flow_of(network: Network, problem: Problem, slots: Ints) -> Ints:
    """Return the flow that gives each pair these slots, in a network fresh from `build`."""
    flow = np.zeros(len(network.tail), np.int64)
    flow[network.at.pairs] = slots[network.pair]
    flow[network.at.needs] = sum_by(problem.pair_need, slots, problem.num_needs)
    flow[network.at.groups] = sum_by(groups(problem)[1], flow[network.at.needs], len(network.at.groups))
    flow[network.at.levels] = sum_by(problem.need_level, flow[network.at.needs], NUM_LEVELS)
    flow[network.at.offers] = sum_by(problem.pair_offer, slots, problem.num_offers)
    trained = sum_by(problem.pair_offer, slots * uses_trained(problem), problem.num_offers)
    flow[network.at.trained] = trained[network.tail[network.at.trained] - 1]
    return flow


def with_arcs(network: Network, like: Ints, low: Ints, high: Ints) -> tuple[Network, Ints]:
    """Return the network with arcs parallel to those of ``like`` at its end, and their indices."""
    longer = replace(
        network,
        tail=np.concatenate([network.tail, network.tail[like]]),
        head=np.concatenate([network.head, network.head[like]]),
        low=np.concatenate([network.low, low]),
        high=np.concatenate([network.high, high]),
        level=np.concatenate([network.level, network.level[like]]),
    )
    return longer, np.arange(len(network.tail), len(longer.tail))
