"""What one slot more or less on each arc of the network costs, in every line of the objective at once.

A slot can move along an arc with room and back along an arc with flow; costs are rows ``levels, keep, even, fit``,
less is better. Even is convex, so its cost depends on the direction. An allocation is the best there is just if no
cycle of such moves has a negative cost, lines compared in their order.

References
----------
Ahuja, Magnanti, Orlin (1993), Network Flows, chapters 9.3 (optimality conditions) and 14 (convex costs).
Edmonds (1970), Submodular functions, matroids, and certain polyhedra; Gale (1968), Optimal assignments in an
ordered set: with any weights that fall from level to level, the most weight fills the levels in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimizer.network import Network, build, flow_of
from optimizer.paths import Arcs, Stages
from optimizer.problem import NO_LIMIT, NUM_LEVELS, Bools, Ints, Problem
from optimizer.rules import Rules, group_rules
from optimizer.values import unevenness

LINES = ("levels", "keep", "even", "fit")
LEVELS, KEEP, EVEN, FIT = range(len(LINES))
LEVEL_WORTH = 3 ** np.arange(NUM_LEVELS - 1, -1, -1)
"""What a slot of each level counts in the line ``levels``: one move gains and loses one slot at most, so the
digits of a balanced ternary number tell any change, and numbers compare as the levels do."""
NOWHERE = 2**16
"""What it costs, in ``levels``, to bring a slot where it can serve nothing: more than any level counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """The network at an allocation, with what one slot more and one less on each arc costs.

    Parameters
    ----------
    stages
        How the lines make up the costs; it holds any path without a cycle.
    more, less
        Costs by stage, of shape ``(num_stages, num_arcs)``; without meaning where an arc cannot change so.
    can_grow, can_shrink
        Whether each arc may carry one slot more, one less.
    """

    network: Network
    stages: Stages
    more: Ints
    less: Ints
    can_grow: Bools
    can_shrink: Bools

    def rigid(self) -> Arcs:
        """Return the arcs along which a slot moves both ways, at no cost there and back."""
        arcs = np.flatnonzero(self.can_grow & self.can_shrink)
        more = self.more[:, arcs]
        is_rigid = (more == -self.less[:, arcs]).all(axis=0)
        arcs = arcs[is_rigid]
        return Arcs(self.network.tail[arcs], self.network.head[arcs], more[:, is_rigid])

    def arcs(self) -> Arcs:
        """Return the moves of one slot."""
        forth, back = np.flatnonzero(self.can_grow), np.flatnonzero(self.can_shrink)
        network = self.network
        return Arcs(
            np.concatenate([network.tail[forth], network.head[back]]),
            np.concatenate([network.head[forth], network.tail[back]]),
            np.concatenate([self.more[:, forth], self.less[:, back]], axis=1),
        )


def residual(problem: Problem, slots: Ints, locks: Ints, *, even: bool) -> Residual:
    """Return what one slot more or less costs at ``slots``, which keep ``locks``.

    Raises
    ------
    ValueError
        The slots are not within the capacities and locks of the problem.
    """
    low, high = limits(problem, locks, slots)
    network = build(problem, low, high, for_flows=False)
    flow = flow_of(network, problem, slots)
    if (flow < network.low).any() or (flow > network.high).any() or (slots > high).any():
        raise ValueError(
            "slots: expected an allocation within all capacities and locks, got one that is not."
        )
    lines = _lines(problem, network, flow, even=even)
    stages = _stages(network, lines)
    more = stages.fold([(line.arcs, line.more) for line in lines], len(flow))
    less = stages.fold([(line.arcs, line.less) for line in lines], len(flow))
    return Residual(network, stages, more, less, flow < network.high, flow > network.low)


def binding_rules(problem: Problem, locks: Ints) -> Rules | None:
    """Return the group rules of a problem where they can bind."""
    limits = (problem.need_max_partners, problem.school_max_partners, problem.partner_max_schools)
    if all(limit is None for limit in (*limits, problem.offer_min_slots, problem.need_min_slots)):
        return None
    rules = group_rules(problem, locks)
    return rules if rules.can_bind else None


def limits(problem: Problem, locks: Ints, slots: Ints) -> tuple[Ints, Ints]:
    """Return the least and most slots of each pair between which no rule but a capacity can be broken.

    Where group rules can bind these are the matches that ``slots`` has, each with its least.
    """
    most = np.full(problem.num_pairs, NO_LIMIT)
    if problem.pair_max_slots is not None:
        most = np.maximum(problem.pair_max_slots, locks)
    rules = binding_rules(problem, locks)
    if rules is None:
        return locks, most
    low = np.where(rules.min_match > 1, np.maximum(rules.min_match, locks), locks)
    low = np.where(rules.min_need[problem.pair_need] > 1, slots, low)
    return np.where(slots > 0, low, 0), np.where(slots > 0, most, 0)


class _Line(NamedTuple):
    """What one slot more and one less on some arcs costs in one line."""

    arcs: Ints
    more: Ints
    less: Ints

    @property
    def largest(self) -> int:
        """The most that one slot costs or gains."""
        return max(int(np.abs(part).max(initial=0)) for part in (self.more, self.less))


def _lines(problem: Problem, network: Network, flow: Ints, *, even: bool) -> list[_Line]:
    nothing = np.zeros(0, np.int64)
    lines = [_Line(nothing, nothing, nothing)] * len(LINES)
    lines[LEVELS] = _Line(network.at.levels, -LEVEL_WORTH, LEVEL_WORTH)
    fit = problem.pair_fit[network.pair]
    lines[FIT] = _Line(network.at.pairs, -fit, fit)
    if problem.pair_incumbent is not None:
        incumbent = problem.pair_incumbent[network.pair]
        arcs, incumbent = network.at.pairs[incumbent > 0], incumbent[incumbent > 0]
        is_missing, is_not_more = (flow[arcs] < incumbent), (flow[arcs] <= incumbent)
        lines[KEEP] = _Line(arcs, -is_missing.astype(np.int64), is_not_more.astype(np.int64))
    if even:
        needed, unmet = network.group_needed, network.group_needed - flow[network.at.groups]
        here = unevenness(needed, unmet)
        more, less = unevenness(needed, np.maximum(unmet - 1, 0)), unevenness(needed, unmet + 1)
        lines[EVEN] = _Line(network.at.groups, more - here, less - here)
    return lines


def _stages(network: Network, lines: list[_Line]) -> Stages:
    """Return stages that hold the cost of any path without a cycle.

    Such a path passes the pool, and so arcs of levels, once; each level, and so two arcs of groups, once; each
    need and each offer, and so two arcs of pairs, once.
    """
    num_pairs = 2 * min(len(network.at.needs), len(network.at.offers)) + 2
    return Stages.of(
        (
            2 * NOWHERE,
            min(num_pairs, 2 * len(lines[KEEP].arcs)),
            2 * NUM_LEVELS * lines[EVEN].largest,
            num_pairs * lines[FIT].largest,
        )
    )
