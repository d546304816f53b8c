"""The lines after the levels, each on the face that the lines before it leave: keep, even, fit."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from optimizer.faces import face, least_cost, reduced_cost
from optimizer.network import Network, flow_of
from optimizer.problem import Ints, Problem
from optimizer.values import even_floor, even_value, fit_value, keep_value, unevenness

_PIECES = 64


class Bounds(NamedTuple):
    """What no allocation can better."""

    keep: int
    even: int
    fit: int


def best_lines(problem: Problem, network: Network, slots: Ints, *, even: bool) -> Ints:
    """Return the best slots in ``network`` among those that fill each level as ``slots`` does."""
    network = fix_levels(network, flow_of(network, problem, slots))
    if problem.pair_incumbent is not None:
        network, _ = keep_face(network, problem.pair_incumbent)
    if even:
        network, _ = even_face(network)
    return _fittest(problem, network)


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
        levelled, flow = even_face(network)
        least_even = even_value(problem, levelled.slots(flow, problem.num_pairs))
        network = levelled if least_even == even_value(problem, slots) else network
    return Bounds(keep, least_even, fit_value(problem, _fittest(problem, network)))


def fix_levels(network: Network, flow: Ints) -> Network:
    """Return the network in which each level has exactly the slots it has in ``flow``."""
    low, high = network.low.copy(), network.high.copy()
    low[network.at.levels] = high[network.at.levels] = flow[network.at.levels]
    return replace(network, low=low, high=high)


def keep_face(network: Network, incumbent: Ints) -> tuple[Network, Ints]:
    """Return the network of the flows that take the fewest slots from incumbents, and one of them.

    The first slots of a match, as many as the incumbent has, move to an arc of their own that earns one each.
    """
    rest = network.at.pairs[incumbent[network.pair] > 0]
    pair = network.pair[incumbent[network.pair] > 0]
    kept_low, kept_high = (np.minimum(bound[rest], incumbent[pair]) for bound in (network.low, network.high))
    low, high = network.low.copy(), network.high.copy()
    low[rest] -= kept_low
    high[rest] -= kept_high
    network, kept = _with_arcs(replace(network, low=low, high=high), rest, kept_low, kept_high)
    at = network.at._replace(pairs=np.concatenate([network.at.pairs, kept]))
    network = replace(network, at=at, pair=np.concatenate([network.pair, pair]))
    cost = np.zeros(len(network.tail), np.int64)
    cost[kept] = -1
    flow = least_cost(network, cost)
    return face(network, cost, flow), flow


def even_face(network: Network) -> tuple[Network, Ints]:
    """Return the network of the flows with the least unevenness over all (school, level), and one of them.

    A group gets one arc for each run of its slots. Runs of several slots that the optimum may still cut are
    split until none is left: from there on the pieces are as good as one arc a slot.
    """
    needed = network.group_needed
    runs = _split(np.arange(len(needed)), np.zeros_like(needed), needed, np.minimum(needed, _PIECES))
    while True:
        split, first, last = _with_runs(network, *runs)
        cost = np.zeros(len(split.tail), np.int64)
        group, start, end = runs
        cost[split.at.groups] = _cost(needed[group], start, end) // (end - start)
        flow = least_cost(split, cost)
        reduced = reduced_cost(split, cost, flow)[split.at.groups] - cost[split.at.groups]
        at_low, at_high = (
            flow[split.at.groups] == bound[split.at.groups] for bound in (split.low, split.high)
        )
        is_settled = (at_low & (first + reduced > 0)) | (at_high & (last + reduced < 0)) | (end - start == 1)
        if is_settled.all():
            return face(split, cost, flow), flow
        runs = _split(*runs, np.where(is_settled, 1, np.minimum(end - start, _PIECES)))


def _fittest(problem: Problem, network: Network) -> Ints:
    cost = np.zeros(len(network.tail), np.int64)
    cost[network.at.pairs] = -problem.pair_fit[network.pair]
    return network.slots(least_cost(network, cost), problem.num_pairs)


def _with_runs(network: Network, group: Ints, start: Ints, end: Ints) -> tuple[Network, Ints, Ints]:
    """Return the network with an arc a run, and the costs of the first and of the last slot of each run."""
    old = network.at.groups
    high = network.high.copy()
    high[old] = 0
    split, arcs = _with_arcs(replace(network, high=high), old[group], np.zeros_like(start), end - start)
    split = replace(split, at=split.at._replace(groups=arcs), group=group)
    needed = network.group_needed[group]
    return split, _cost(needed, start, start + 1), _cost(needed, end - 1, end)


def _cost(needed: Ints, start: Ints, end: Ints) -> Ints:
    """Return what it costs (never more than 0) to fill the slots from ``start`` to ``end`` of a group."""
    return unevenness(needed, needed - end) - unevenness(needed, needed - start)


def _split(group: Ints, start: Ints, end: Ints, pieces: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the runs with each cut into so many pieces of about the same width."""
    run = np.repeat(np.arange(len(group)), pieces)
    piece = np.arange(len(run)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    width = (end - start)[run]
    return (
        group[run],
        start[run] + width * piece // pieces[run],
        start[run] + width * (piece + 1) // pieces[run],
    )


def _with_arcs(network: Network, like: Ints, low: Ints, high: Ints) -> tuple[Network, Ints]:
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
