"""Unevenness as linear costs: an arc for each run of slots of a (school, level)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer.faces import face, least_cost, reduced_cost
from optimizer.network import Network, with_arcs
from optimizer.problem import Bools, Ints
from optimizer.values import unevenness

_PIECES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Runs of slots, from ``start`` to ``end`` of a group; together they cover every group once."""

    group: Ints
    start: Ints
    end: Ints

    @property
    def width(self) -> Ints:
        """How many slots each run has."""
        return self.end - self.start

    def split(self, pieces: Ints) -> Runs:
        """Return the runs with each cut into so many pieces of about the same width."""
        run = np.repeat(np.arange(len(self.group)), pieces)
        piece = np.arange(len(run)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        start = self.start[run] + self.width[run] * piece // pieces[run]
        end = self.start[run] + self.width[run] * (piece + 1) // pieces[run]
        return Runs(self.group[run], start, end)


def runs_around(needed: Ints, filled: Ints) -> Runs:
    """Return runs in which the last filled and the first unmet slot of each group stand alone."""
    edges = np.clip(
        np.stack([0 * filled, filled - 1, filled, filled + 1, needed], axis=1), 0, needed[:, None]
    )
    group, start, end = np.repeat(np.arange(len(needed)), 4), edges[:, :-1].ravel(), edges[:, 1:].ravel()
    is_run = end > start
    return Runs(group[is_run], start[is_run], end[is_run])


def even_runs(needed: Ints) -> Runs:
    """Return runs of about the same width in each group, single slots where there are few."""
    return Runs(np.arange(len(needed)), 0 * needed, needed).split(np.minimum(needed, _PIECES))


def face_of(network: Network, flow: Ints) -> Network:
    """Return the network of all flows as even as ``flow``, the most even one that ``network`` allows."""
    runs = runs_around(network.group_needed, network.group_filled(flow))
    while True:
        split, split_flow = _with_runs(network, flow, runs)
        cost = _costs(split, runs)
        is_settled = _is_settled(split, runs, cost, split_flow)
        if is_settled.all():
            return face(split, cost, split_flow)
        runs = runs.split(np.where(is_settled, 1, np.minimum(runs.width, _PIECES)))


def least_uneven(network: Network) -> Ints:
    """Return the most even flow of any network, by minimum-cost flows; slower than the way of `spread`."""
    runs = even_runs(network.group_needed)
    while True:
        split, _ = _with_runs(network, network.low, runs)
        cost = _costs(split, runs)
        flow = least_cost(split, cost)
        is_settled = _is_settled(split, runs, cost, flow)
        if is_settled.all():
            whole = flow[: len(network.tail)].copy()
            whole[network.at.groups] = split.group_filled(flow)
            return whole
        runs = runs.split(np.where(is_settled, 1, np.minimum(runs.width, _PIECES)))


def _is_settled(split: Network, runs: Runs, cost: Ints, flow: Ints) -> Bools:
    """Whether each run is whole in every optimum, or a single slot, so that its pieces need no cost of their own."""
    arcs, needed = split.at.groups, split.group_needed[runs.group]
    rest = reduced_cost(split, cost, flow)[arcs] - cost[arcs]
    first = _cost(needed, runs.start, runs.start + 1) + rest
    last = _cost(needed, runs.end - 1, runs.end) + rest
    is_empty, is_full = (flow[arcs] == split.low[arcs]), (flow[arcs] == split.high[arcs])
    is_single = (runs.width == 1) | (split.low[arcs] == split.high[arcs])
    is_settled: Bools = is_single | (is_empty & (first > 0)) | (is_full & (last < 0))
    return is_settled


def _with_runs(network: Network, flow: Ints, runs: Runs) -> tuple[Network, Ints]:
    """Return the network with an arc for each run, and the same flow in it."""
    old = network.at.groups
    low, high, run_flow = (
        np.clip(part[old][runs.group] - runs.start, 0, runs.width)
        for part in (network.low, network.high, flow)
    )
    blocked_low, blocked_high, blocked_flow = network.low.copy(), network.high.copy(), flow.copy()
    blocked_low[old] = blocked_high[old] = blocked_flow[old] = 0
    split, arcs = with_arcs(replace(network, low=blocked_low, high=blocked_high), old[runs.group], low, high)
    split = replace(split, at=split.at._replace(groups=arcs), group=runs.group)
    return split, np.concatenate([blocked_flow, run_flow])


def _costs(split: Network, runs: Runs) -> Ints:
    """Return the cost of each arc: of a run its average, rounded down."""
    cost = np.zeros(len(split.tail), np.int64)
    cost[split.at.groups] = _cost(split.group_needed[runs.group], runs.start, runs.end) // runs.width
    return cost


def _cost(needed: Ints, start: Ints, end: Ints) -> Ints:
    """Return what it costs (never more than 0) to fill the slots from ``start`` to ``end`` of a group."""
    return unevenness(needed, needed - end) - unevenness(needed, needed - start)
