"""The lines after the levels, each on the face that the lines before it leave: keep, even, fit."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from optimizer.even import spread
from optimizer.faces import face, least_cost
from optimizer.network import Network, flow_of, with_arcs
from optimizer.problem import NUM_LEVELS, Ints, Problem
from optimizer.runs import face_of, least_uneven
from optimizer.values import even_floor, even_value, fit_value, keep_value


class Bounds(NamedTuple):
    """What no allocation can better."""

    keep: int
    even: int
    fit: int


def best_lines(problem: Problem, network: Network, slots: Ints, *, even: bool) -> Ints:
    """Return the best slots in ``network`` among those that fill each level as ``slots`` does, the most it can."""
    return fittest(problem, even_face(problem, network, slots, even=even))


def even_face(problem: Problem, network: Network, slots: Ints, *, even: bool) -> Network:
    """Return the network of the flows that fill each level as ``slots`` does, and are best in keep and even then."""
    flow = flow_of(network, problem, slots)
    network = level_face(network, flow)
    if problem.pair_incumbent is not None:
        network, flow = keep_face(network, problem.pair_incumbent)
    if even:
        flow = spread(network, flow)
        network = face_of(network, flow)
    return network


def line_bounds(problem: Problem, network: Network, slots: Ints, *, even: bool) -> Bounds:
    """Return what no allocation in ``network`` that fills each level as ``slots`` does can better.

    The lines are bounded in their order, each among the allocations as good as ``slots`` in those before
    it. After one in which ``slots`` falls short the rest is bounded without it, which only widens a bound.
    """
    network = fix_levels(network, flow_of(network, problem, slots))
    keep, least_even = 0, even_floor(problem, slots)
    if problem.pair_incumbent is not None:
        kept, flow = keep_face(network, problem.pair_incumbent)
        keep = keep_value(problem, kept.slots(flow, problem.num_pairs))
        network = kept if keep == keep_value(problem, slots) else network
    if even:
        flow = least_uneven(network)
        least_even = even_value(problem, network.slots(flow, problem.num_pairs))
        network = face_of(network, flow) if least_even == even_value(problem, slots) else network
    return Bounds(keep, least_even, fit_value(problem, fittest(problem, network)))


def level_face(network: Network, flow: Ints) -> Network:
    """Return the network of all flows with the lexicographically most slots by level, as ``flow`` has.

    Any weights that fall from level to level have their optima just there, as coverage is a polymatroid.
    """
    cost = np.zeros(len(network.tail), np.int64)
    cost[network.at.levels] = np.arange(-NUM_LEVELS, 0)
    return fix_levels(face(network, cost, flow), flow)


def fix_levels(network: Network, flow: Ints) -> Network:
    """Return the network in which each level has exactly the slots it has in ``flow``."""
    low, high = network.low.copy(), network.high.copy()
    low[network.at.levels] = high[network.at.levels] = flow[network.at.levels]
    return replace(network, low=low, high=high)


def keep_face(network: Network, incumbent: Ints) -> tuple[Network, Ints]:
    """Return the network of the flows that take the fewest slots from incumbents, and one of them."""
    network, cost = with_incumbents(network, incumbent)
    flow = least_cost(network, cost)
    return face(network, cost, flow), flow


def with_incumbents(network: Network, incumbent: Ints) -> tuple[Network, Ints]:
    """Return the network with the slots of incumbents on arcs of their own, and costs at which each earns one.

    These are the first slots of a match, as many as the incumbent has; where a pair has several arcs, on the last.
    """
    held = _held(network, incumbent)
    rest, pair = network.at.pairs[held > 0], network.pair[held > 0]
    kept_low, kept_high = (np.minimum(bound[rest], held[held > 0]) for bound in (network.low, network.high))
    low, high = network.low.copy(), network.high.copy()
    low[rest] -= kept_low
    high[rest] -= kept_high
    network, kept = with_arcs(replace(network, low=low, high=high), rest, kept_low, kept_high)
    at = network.at._replace(pairs=np.concatenate([network.at.pairs, kept]))
    network = replace(network, at=at, pair=np.concatenate([network.pair, pair]))
    cost = np.zeros(len(network.tail), np.int64)
    cost[kept] = -1
    return network, cost


def _held(network: Network, incumbent: Ints) -> Ints:
    """Return the slots of an incumbent that each arc of its pair is to hold, the last arc first."""
    order = np.lexsort((-np.arange(len(network.pair)), network.pair))
    high, pair = network.high[network.at.pairs[order]], network.pair[order]
    before = np.cumsum(high) - high
    if len(order):
        starts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
        before -= np.repeat(before[starts], np.diff(np.r_[starts, len(pair)]))
    held = np.zeros(len(order), np.int64)
    held[order] = np.maximum(incumbent[pair] - before, 0)
    return held


def fittest(problem: Problem, network: Network) -> Ints:
    """Return the slots with the most fit that ``network`` allows."""
    cost = np.zeros(len(network.tail), np.int64)
    cost[network.at.pairs] = -problem.pair_fit[network.pair]
    return network.slots(least_cost(network, cost), problem.num_pairs)
