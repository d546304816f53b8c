"""What one slot is worth everywhere, and what it costs to force a match: prices that prove an allocation.

A price is what one slot more at a need, an offer or a level adds to the objective, in every line of it. Prices
under which no slot can gain by moving are a proof that no better allocation exists, which `optimizer.verify`
checks without any solver. They are shortest distances in the residual network, so they tell exactly what one
slot changes.

References
----------
Ahuja, Magnanti, Orlin (1993), Network Flows, chapters 9.3 to 9.5 (node potentials, reduced costs).
Edmonds (1970), Submodular functions, matroids, and certain polyhedra; Gale (1968), Optimal assignments in an
ordered set: one slot more adds at most one slot, at one level, and takes none from another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimizer.allocation import Allocation
from optimizer.network import POOL
from optimizer.paths import (
    FAR,
    Arcs,
    NegativeCycleError,
    distances,
    is_negative,
    merge,
    parts,
    potentials,
)
from optimizer.problem import Bools, Ints, Problem
from optimizer.residual import (
    EVEN,
    FIT,
    KEEP,
    LEVEL_WORTH,
    LEVELS,
    LINES,
    NOWHERE,
    Residual,
    binding_rules,
    residual,
)

_NOT_THE_BEST = "allocation: expected the best there is, but a better one exists."


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """What one slot more is worth at each place, by line: ``levels, keep, even, fit``, more is better.

    ``levels`` counts a slot of level l (from 0) as 3 ** (9 - l), ``keep`` slots left to incumbents, ``even`` and
    ``fit`` millionths. Lines compare in this order. A price far below 0 in ``levels`` is that of a place from
    where a slot reaches no need.

    Parameters
    ----------
    offer, trained, need, group, level
        Prices at each offer, of its trained slots, at each need, at each (school, level) with needs in their
        order, and at each level, of shape ``(n, 4)``.
    even
        Whether the line ``even`` counts; if not its prices are 0.
    is_exact
        Whether they hold for the whole problem. Where group rules can bind they hold among the matches that the
        allocation has, each at least at its least: nothing is said of other matches then.
    """

    offer: Ints
    trained: Ints
    need: Ints
    group: Ints
    level: Ints
    even: bool
    is_exact: bool


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What every line of the objective gains, for each of several changes of one slot.

    Parameters
    ----------
    levels
        Slots more (or less) at each level, of shape ``(n, 10)``.
    keep, even, fit
        Slots more taken from incumbents, more unevenness and more fit, of shape ``(n,)``.
    is_possible
        Whether the change can be made at all; without it the others are 0.
    """

    levels: Ints
    keep: Ints
    even: Ints
    fit: Ints
    is_possible: Bools


def prices_of(problem: Problem, allocation: Allocation, *, even: bool = True) -> Prices:
    """Return prices that prove ``allocation``, the best there is.

    Parameters
    ----------
    even
        As it was for `allocate`.

    Raises
    ------
    ValueError
        A better allocation exists, or this one breaks a capacity or a lock.
    """
    return Pricing(problem, allocation, even=even).prices()


def worth_of_slots(prices: Prices, *, trained: bool = False) -> Effects:
    """Return what one more slot at each offer adds: one that is not trained, or one that is.

    Exact wherever ``prices.is_exact``, as long as the slot makes no lock whole that had to be cut and no least
    match larger; elsewhere what it adds at least.
    """
    return _effects(_first_best(prices.offer, prices.trained) if trained else prices.offer)


class Pricing:
    """The residual network of one allocation, ready to be asked what one slot costs.

    Parameters
    ----------
    problem, allocation, even
        As of `prices_of`.

    Raises
    ------
    ValueError
        A better allocation exists, or this one breaks a capacity or a lock.
    """

    def __init__(self, problem: Problem, allocation: Allocation, *, even: bool = True) -> None:
        if allocation.slots.shape != (problem.num_pairs,):
            raise ValueError(f"slots: expected {problem.num_pairs} entries, got {allocation.slots.shape}.")
        self.problem, self.slots, self.even = problem, allocation.slots, even
        locks = np.zeros(problem.num_pairs, np.int64)
        if problem.pair_locked is not None:
            locks = problem.pair_locked - allocation.locks_cut
        self.is_exact = binding_rules(problem, locks) is None
        self._residual = residual(problem, self.slots, locks, even=even)
        self._stages = self._residual.stages
        self._ways = _ways(self._residual)
        self._to_pool = self._distances_to_pool()

    def prices(self) -> Prices:
        """Return the prices of all places."""
        network, num_offers = self._residual.network, self.problem.num_offers
        worth = -self._stages.unfold(self._to_pool).T
        offer = worth[1 : 1 + num_offers]
        # Offers and trained slots that give nothing may be priced at the least they could be had for.
        offer = np.where(is_negative(offer.T)[:, None], 0, offer)
        trained, owner = offer.copy(), network.tail[network.at.trained] - 1
        is_idle = self._residual.can_grow & ~self._residual.can_shrink
        trained[owner] = np.where(
            is_idle[network.at.trained, None], offer[owner], worth[network.head[network.at.trained]]
        )
        places = (network.tail[arcs] for arcs in (network.at.needs, network.at.groups, network.at.levels))
        need, group, level = (worth[nodes] for nodes in places)
        return Prices(offer, trained, need, group, level, self.even, self.is_exact)

    def forced(self, need: int, offers: Ints, new_fit: Ints | None = None) -> Effects:
        """Return what it changes to force one slot more of ``need`` onto each of ``offers``, all else at its best.

        Exact wherever ``is_exact``; elsewhere the slot moves others among the matches that there are, and no
        group rule is asked about a new match.

        Parameters
        ----------
        new_fit
            Fit of each pair with ``offers`` that the problem does not hold, which are impossible without.

        Raises
        ------
        ValueError
            There is no such need or offer.
        """
        problem, offers = self.problem, np.asarray(offers, np.int64)
        if not 0 <= need < problem.num_needs:
            raise ValueError(f"need: expected 0 to {problem.num_needs - 1}, got {need}.")
        unknown = offers[(offers < 0) | (offers >= problem.num_offers)]
        if len(unknown):
            raise ValueError(f"offers: expected 0 to {problem.num_offers - 1}, got {unknown[0]}.")
        entry = self._entries(need, offers)
        pair = self._pairs(need, offers)
        length = np.full((len(self._stages.lines), len(offers)), FAR)
        is_held = (pair >= 0) & (self.slots[pair] > 0) if problem.num_pairs else pair >= 0
        reached = np.flatnonzero(~is_held & (entry >= 0))
        if len(reached):
            length[:, reached] = self._from_need(need, entry[reached], self._ways)
        for index in np.flatnonzero(is_held):
            # The slots that the pair has must stay, or one of them would just come back.
            ways = self._ways.without(self._need_node(need), int(entry[index]))
            length[:, [index]] = self._from_need(need, entry[[index]], ways)
        is_possible = (length < FAR).all(axis=0) & ((pair >= 0) | (new_fit is not None))
        cost = self._stages.unfold(np.where(is_possible, length, 0))
        cost += self._own_cost(pair, new_fit)
        return _effects(np.where(is_possible, -cost, 0).T, is_possible)

    def _distances_to_pool(self) -> Ints:
        """Return the least length from each node to the pool, `NOWHERE` where there is no path."""
        ways = self._ways
        start = np.zeros((len(ways.potential), int(ways.part.max()) + 1), np.int64)
        start[0] = NOWHERE * self._stages.worth[0][LEVELS]
        start[0, ways.part[POOL]] = 0
        try:
            to_part = distances(ways.between.reverse(), start)
        except NegativeCycleError as error:
            raise ValueError(_NOT_THE_BEST) from error
        return to_part[:, ways.part] + ways.potential - ways.potential[:, [POOL]]

    def _from_need(self, need: int, nodes: Ints, ways: _Ways) -> Ints:
        """Return the least length from a need to each of ``nodes``."""
        source = self._need_node(need)
        start = np.full((len(ways.potential), int(ways.part.max()) + 1), FAR)
        start[:, ways.part[source]] = 0
        to_part = distances(ways.between, start)[:, ways.part[nodes]]
        length = to_part - ways.potential[:, nodes] + ways.potential[:, [source]]
        return np.where((to_part < FAR).all(axis=0), length, FAR)

    def _need_node(self, need: int) -> int:
        network = self._residual.network
        return int(network.tail[network.at.needs[need]])

    def _pairs(self, need: int, offers: Ints) -> Ints:
        """Return the pair of a need with each of ``offers``, -1 where the problem has none."""
        pair = np.full(self.problem.num_offers, -1)
        own = np.flatnonzero(self.problem.pair_need == need)
        pair[self.problem.pair_offer[own]] = own
        return pair[offers]

    def _entries(self, need: int, offers: Ints) -> Ints:
        """Return the node that slots of each offer come from to a need, -1 where none can."""
        network, problem = self._residual.network, self.problem
        node = 1 + offers
        if problem.offer_trained_slots is None or problem.need_uses_trained is None:
            return node
        if not problem.need_uses_trained[need]:
            return node
        entry = np.where(problem.offer_trained_slots > 0, np.arange(1, 1 + problem.num_offers), -1)
        entry[network.tail[network.at.trained] - 1] = network.head[network.at.trained]
        found: Ints = entry[offers]
        return found

    def _own_cost(self, pair: Ints, new_fit: Ints | None) -> Ints:
        """Return what one slot more of each pair costs by itself, by line."""
        problem, cost = self.problem, np.zeros((len(LINES), len(pair)), np.int64)
        if new_fit is not None:
            cost[FIT] = -new_fit
        known = np.flatnonzero(pair >= 0)
        cost[FIT, known] = -problem.pair_fit[pair[known]]
        if problem.pair_incumbent is not None:
            cost[KEEP, known] = -(self.slots < problem.pair_incumbent)[pair[known]].astype(np.int64)
        return cost


class _Ways(NamedTuple):
    """Ways that one slot can go, between the parts of a network within which it moves freely.

    Parameters
    ----------
    part, potential
        The part of each node, and potentials that reduce all lengths within a part to 0 or more.
    arcs, rigid
        The ways between nodes, and those that make the parts.
    between
        The shortest ways between parts at reduced lengths.
    """

    part: Ints
    potential: Ints
    arcs: Arcs
    rigid: Arcs
    between: Arcs

    def without(self, tail: int, head: int) -> _Ways:
        """Return the ways without the one from ``tail`` to ``head``; only their parts are looked at anew."""
        own, new = self.part[tail], int(self.part.max()) + 1
        rigid = self.rigid.take(self.part[self.rigid.tail] == own)
        rigid = rigid.take((rigid.tail != head) | (rigid.head != tail))
        side = parts(rigid, len(self.part))
        part = np.where((self.part == own) & (side != side[tail]), new, self.part)
        near = self.arcs.take((self.part[self.arcs.tail] == own) | (self.part[self.arcs.head] == own))
        near = near.take((near.tail != tail) | (near.head != head))
        rest = self.between.take((self.between.tail != own) & (self.between.head != own))
        return self._replace(part=part, between=rest.join(merge(near, part, self.potential)))


def _ways(residual: Residual) -> _Ways:
    arcs, rigid = residual.arcs(), residual.rigid()
    part = parts(rigid, residual.network.num_nodes)
    potential = potentials(rigid, part)
    try:
        between = merge(arcs, part, potential)
    except NegativeCycleError as error:
        raise ValueError(_NOT_THE_BEST) from error
    return _Ways(part, potential, arcs, rigid, between)


def _first_best(first: Ints, second: Ints) -> Ints:
    """Return the better of two prices each."""
    return np.where(is_negative((first - second).T)[:, None], second, first)


def _effects(worth: Ints, is_possible: Bools | None = None) -> Effects:
    """Return what the rows of ``worth``, by line, change."""
    digits = worth[:, [LEVELS]] + LEVEL_WORTH.sum()
    return Effects(
        levels=digits // LEVEL_WORTH % 3 - 1,
        keep=-worth[:, KEEP],
        even=-worth[:, EVEN],
        fit=worth[:, FIT],
        is_possible=np.ones(len(worth), np.bool_) if is_possible is None else is_possible,
    )
