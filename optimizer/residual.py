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
    """The network at an allocation, with what one slot more and one less on each arc costs, by line.

    Parameters
    ----------
    more, less
        Of shape ``(num_lines, num_arcs)``; without meaning where the arc cannot change so.
    can_grow, can_shrink
        Whether each arc may carry one slot more, one less.
    """

    network: Network
    more: Ints
    less: Ints
    can_grow: Bools
    can_shrink: Bools

    def rigid(self, stages: Stages) -> Arcs:
        """Return the arcs along which a slot moves both ways, at no cost there and back."""
        arcs = np.flatnonzero(self.can_grow & self.can_shrink)
        arcs = arcs[(self.more[:, arcs] == -self.less[:, arcs]).all(axis=0)]
        return Arcs(self.network.tail[arcs], self.network.head[arcs], stages.fold(self.more[:, arcs]))

    def arcs(self, stages: Stages) -> Arcs:
        """Return the moves of one slot."""
        forth, back = np.flatnonzero(self.can_grow), np.flatnonzero(self.can_shrink)
        network = self.network
        return Arcs(
            np.concatenate([network.tail[forth], network.head[back]]),
            np.concatenate([network.head[forth], network.tail[back]]),
            np.concatenate([stages.fold(self.more[:, forth]), stages.fold(self.less[:, back])], axis=1),
        )

    def stages(self) -> Stages:
        """Return stages that hold the length of any path without a cycle.

        Such a path passes the pool, and so arcs of levels, once; each level, and so two arcs of groups, once;
        each need and each offer, and so two arcs of pairs, once.
        """
        at = self.network.at
        num_pairs = 2 * min(len(at.needs), len(at.offers)) + 2
        keep, even, fit = (
            np.maximum(np.abs(self.more[line, arcs]), np.abs(self.less[line, arcs]))
            for line, arcs in ((KEEP, at.pairs), (EVEN, at.groups), (FIT, at.pairs))
        )
        return Stages.of(
            (
                2 * NOWHERE,
                min(num_pairs, 2 * int(np.count_nonzero(keep))),
                2 * NUM_LEVELS * int(even.max(initial=0)),
                num_pairs * int(fit.max(initial=0)),
            )
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
    more, less = _costs(problem, network, flow, slots, even)
    return Residual(network, more, less, flow < network.high, flow > network.low)


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


def _costs(problem: Problem, network: Network, flow: Ints, slots: Ints, even: bool) -> tuple[Ints, Ints]:
    more = np.zeros((len(LINES), len(flow)), np.int64)
    less = np.zeros_like(more)
    more[LEVELS, network.at.levels] = -LEVEL_WORTH
    less[LEVELS, network.at.levels] = LEVEL_WORTH
    more[FIT, network.at.pairs] = -problem.pair_fit[network.pair]
    less[FIT, network.at.pairs] = problem.pair_fit[network.pair]
    if problem.pair_incumbent is not None:
        incumbent, given = problem.pair_incumbent[network.pair], slots[network.pair]
        more[KEEP, network.at.pairs] = -(given < incumbent).astype(np.int64)
        less[KEEP, network.at.pairs] = (given <= incumbent) & (incumbent > 0)
    if even:
        needed, unmet = network.group_needed, network.group_needed - flow[network.at.groups]
        here = unevenness(needed, unmet)
        more[EVEN, network.at.groups] = unevenness(needed, np.maximum(unmet - 1, 0)) - here
        less[EVEN, network.at.groups] = unevenness(needed, unmet + 1) - here
    return more, less
