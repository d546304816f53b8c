"""All rules on some pairs as a mixed-integer program: for whole problems a better proof than CP-SAT's.

The linear program beneath is nearly the network of flows, which is why its bounds are close.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor, isfinite
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from optimizer.neighbourhood import Neighbourhood
from optimizer.problem import NUM_LEVELS, Bools, Ints, Problem, sum_by
from optimizer.rules import Rules

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_NONE = -1
_TOLERANCE = 1e-3
"""How far the solver's bound may be wrong, taken to its disadvantage: its own tolerance is a thousandth of this."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a solve shows of a level.

    Parameters
    ----------
    slots
        New slots of the pairs, ``None`` where the solver found none within its work.
    bound
        The most slots the level can have, ``None`` where nothing is shown.
    nodes
        Nodes of the search tree.
    """

    slots: Ints | None
    bound: int | None
    nodes: int


def prove(problem: Problem, rules: Rules, near: Neighbourhood, level: int, *, nodes: int) -> Proof:
    """Return the most slots for ``level`` that keep those of the levels before it, and a bound.

    Parameters
    ----------
    near
        Pairs of needs of this level and those before it.
    nodes
        Nodes of the search tree at most: nothing here depends on the clock. With 0 only the linear program is
        solved, which finds no slots.
    """
    # Wanted by a search alone, and slow to import.
    from scipy.optimize import Bounds, LinearConstraint, milp

    program = program_of(problem, rules, near)
    level_of_pair = problem.need_level[problem.pair_need[near.pairs]]
    filled = sum_by(level_of_pair, near.slots, NUM_LEVELS)
    earlier, aimed = np.flatnonzero(level_of_pair < level), np.flatnonzero(level_of_pair == level)
    program.limit(level_of_pair[earlier], earlier, filled[level_of_pair[earlier]], np.inf)
    cost = np.zeros(program.num_columns)
    cost[aimed] = -1.0
    low, high = program.bounds()
    matrix, least, most = program.matrix(), np.concatenate(program.least), np.concatenate(program.most)
    answer = milp(
        cost,
        integrality=np.full(program.num_columns, int(nodes > 0)),
        bounds=Bounds(low, high),
        constraints=LinearConstraint(matrix, least, most),
        options={"node_limit": nodes, "mip_rel_gap": 0.0},
    )
    if answer.x is None:
        return Proof(None, None, nodes)
    if not nodes:
        return Proof(None, floor(_TOLERANCE - answer.fun), 0)
    found = np.round(answer.x).astype(np.int64)
    # Within the solver's tolerance a switch that is off lets through a millionth of a million slots.
    sums = matrix @ found
    is_possible = ((sums >= least) & (sums <= most)).all() and ((found >= low) & (found <= high)).all()
    slots = found[: len(near.pairs)] if is_possible else None
    bound = floor(_TOLERANCE - answer.mip_dual_bound) if isfinite(answer.mip_dual_bound) else None
    return Proof(slots, bound, int(answer.mip_node_count))


@dataclass(slots=True, eq=False)
class Program:
    """Columns and sparse rows that grow a block at a time.

    The first columns are the slots of the pairs of a neighbourhood; all others are switches, 0 or 1.
    """

    near: Neighbourhood
    num_columns: int
    num_rows: int = 0
    entries: list[tuple[Ints, Ints, Ints]] = field(default_factory=list)
    least: list[NDArray[np.float64]] = field(default_factory=list)
    most: list[NDArray[np.float64]] = field(default_factory=list)

    def switches(self, count: int) -> Ints:
        """Return so many new columns."""
        self.num_columns += count
        return np.arange(self.num_columns - count, self.num_columns)

    def limit(self, owner: Ints, columns: Ints, least: Ints | float, most: Ints | float) -> None:
        """Keep the sum of ``columns`` of each owner within the limits at its first entry."""
        _, first, row = np.unique(owner, return_index=True, return_inverse=True)
        self.entries.append((row + self.num_rows, columns, np.ones_like(columns)))
        for rows, limits in ((self.least, least), (self.most, most)):
            rows.append(np.broadcast_to(np.asarray(limits, np.float64), owner.shape)[first])
        self.num_rows += len(first)

    def switch(
        self, owner: Ints, columns: Ints, switch: Ints, factor: Ints, *, on_least: bool = False
    ) -> None:
        """Keep the sum of ``columns`` of each owner to ``factor`` times its switch, or above it with ``on_least``."""
        _, first, row = np.unique(owner, return_index=True, return_inverse=True)
        self.entries.append((row + self.num_rows, columns, np.ones_like(columns)))
        self.entries.append((np.arange(len(first)) + self.num_rows, switch[first], -factor[first]))
        self.least.append(np.full(len(first), 0.0 if on_least else -np.inf))
        self.most.append(np.full(len(first), np.inf if on_least else 0.0))
        self.num_rows += len(first)

    def bounds(self) -> tuple[Ints, Ints]:
        """Return the least and the most of each column."""
        switches = self.num_columns - len(self.near.pairs)
        least = np.concatenate([self.near.least, np.zeros(switches, np.int64)])
        return least, np.concatenate([self.near.most, np.ones(switches, np.int64)])

    def matrix(self) -> csr_array:
        """Return the rows."""
        from scipy.sparse import csr_array

        row, column, factor = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        return csr_array((factor.astype(np.float64), (row, column)), shape=(self.num_rows, self.num_columns))


def program_of(problem: Problem, rules: Rules, near: Neighbourhood) -> Program:
    """Return all rules on the pairs of a neighbourhood."""
    slots = np.arange(len(near.pairs))
    program = Program(near, len(slots))
    need, offer = problem.pair_need[near.pairs], problem.pair_offer[near.pairs]
    program.limit(need, slots, -np.inf, problem.need_slots[need])
    program.limit(offer, slots, -np.inf, near.offer_left)
    if problem.need_uses_trained is not None and problem.offer_trained_slots is not None:
        trained = np.flatnonzero(problem.need_uses_trained[need])
        program.limit(offer[trained], trained, -np.inf, near.trained_left[trained])
    inner = _least_matches(program, rules)
    inner = _count_partners(program, problem, rules, inner)
    _count_schools(program, problem, rules, inner)
    _least_needs(program, problem, rules, inner)
    return program


def _least_matches(program: Program, rules: Rules) -> Ints:
    """Give pairs that have a least no slot or that; return the switch of each, `_NONE` where there is none."""
    near = program.near
    least = rules.min_match[near.pairs]
    pairs = np.flatnonzero(least > 1)
    switch = np.full(len(near.pairs), _NONE)
    switch[pairs] = program.switches(len(pairs))
    program.switch(pairs, pairs, switch[pairs], near.most[pairs])
    program.switch(pairs, pairs, switch[pairs], least[pairs], on_least=True)
    return switch


def _count_partners(program: Program, problem: Problem, rules: Rules, inner: Ints) -> Ints:
    """Limit the partners of each need; return the outermost switch of each pair."""
    links, of_pair = rules.need_partners, rules.need_partners.of_pair[program.near.pairs]
    owner = links.owner[of_pair]
    limits = [(owner, links.limit[owner])]
    switch = _link(program, of_pair, limits, np.ones(len(of_pair), np.bool_), inner)
    used = np.flatnonzero(switch != _NONE)
    slots = problem.need_slots[problem.pair_need[program.near.pairs]]
    program.switch(of_pair[used], used, switch[used], slots[used])
    return np.where(switch == _NONE, inner, switch)


def _count_schools(program: Program, problem: Problem, rules: Rules, inner: Ints) -> None:
    """Limit the partners of each school and the schools of each partner."""
    near, schools, partners = program.near, rules.school_partners, rules.partner_schools
    of_pair = schools.of_pair[near.pairs]
    limits = [(schools.owner[of_pair], near.school_left), (partners.owner[of_pair], near.partner_left)]
    switch = _link(program, of_pair, limits, ~near.open_links, inner)
    used = np.flatnonzero(switch != _NONE)
    link_and_offer = of_pair * problem.num_offers + problem.pair_offer[near.pairs]
    program.switch(link_and_offer[used], used, switch[used], near.offer_left[used])


def _link(
    program: Program, of_pair: Ints, limits: list[tuple[Ints, Ints]], is_counted: Bools, inner: Ints
) -> Ints:
    """Switch on links that count against a limit, by owner, that could be exceeded; return that of each pair.

    A link has to be on where one of its pairs has slots or an ``inner`` switch of it is on.
    """
    switch = np.full(len(of_pair), _NONE)
    used = np.flatnonzero(is_counted & _can_exceed(of_pair, limits, is_counted))
    _, place = np.unique(of_pair[used], return_inverse=True)
    switch[used] = program.switches(int(place.max(initial=_NONE)) + 1)[place]
    program.switch(used, used, switch[used], program.near.most[used])
    _nest(program, inner[used], switch[used])
    first = used[np.unique(switch[used], return_index=True)[1]]
    for owner, limit in limits:
        program.limit(owner[first], switch[first], -np.inf, limit[first])
    return switch


def _can_exceed(of_pair: Ints, limits: list[tuple[Ints, Ints]], is_counted: Bools) -> Bools:
    counted = np.flatnonzero(is_counted)
    first = counted[np.unique(of_pair[counted], return_index=True)[1]]
    can_exceed = np.zeros(len(of_pair), np.bool_)
    for owner, limit in limits:
        can_exceed |= np.bincount(owner[first], minlength=int(owner.max(initial=0)) + 1)[owner] > limit
    return can_exceed


def _nest(program: Program, inner: Ints, outer: Ints) -> None:
    """Let each inner switch be on only where its outer one is."""
    nested = np.flatnonzero(inner != _NONE)
    nested = nested[np.unique(inner[nested], return_index=True)[1]]
    program.switch(inner[nested], inner[nested], outer[nested], np.ones_like(nested))


def _least_needs(program: Program, problem: Problem, rules: Rules, inner: Ints) -> None:
    """Give needs that have a least no slot or that."""
    need = problem.pair_need[program.near.pairs]
    pairs = np.flatnonzero(rules.min_need[need] > 1)
    _, place = np.unique(need[pairs], return_inverse=True)
    switch = program.switches(int(place.max(initial=_NONE)) + 1)[place]
    program.switch(need[pairs], pairs, switch, rules.min_need[need[pairs]], on_least=True)
    program.switch(need[pairs], pairs, switch, problem.need_slots[need[pairs]])
    program.switch(pairs, pairs, switch, program.near.most[pairs])
    _nest(program, inner[pairs], switch)
