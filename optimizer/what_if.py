"""What a change would do to an allocation: what every level loses or gains, and which matches move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.aftermath import Aftermath
from optimizer.allocation import Allocation
from optimizer.bounds import LevelBounds, fit_ceiling
from optimizer.changes import (
    Change,
    ChangeSlots,
    Forbid,
    Force,
    Settle,
    changed,
    only_restricts,
    reachable_levels,
)
from optimizer.drop import drop
from optimizer.faces import face, least_cost
from optimizer.judge import judged
from optimizer.levels import fill_levels
from optimizer.lines import Bounds, even_face, with_incumbents
from optimizer.locks import fitting_locks
from optimizer.network import flow_of
from optimizer.prepared import Prepared
from optimizer.problem import Ints, Problem, sum_by
from optimizer.rules import Rules, group_rules
from optimizer.usable import refuse, usable_slots
from optimizer.values import even_floor, even_value, fit_value, keep_value, levels_filled

_MOST_TOUCHED = 16
"""Needs at most around which slots are looked for besides those that lost some, the first levels first."""


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """The pairs whose slots change, in order, with their slots before and after."""

    pair: Ints
    before: Ints
    after: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What every line of the objective gains, in its own unit; a loss is negative.

    Parameters
    ----------
    levels
        More slots filled at each of the ten levels.
    keep
        More slots taken from incumbents: more is worse, as it is for ``even``.
    even, fit
        Change of the unevenness and of the fit, in millionths.
    moves
        The matches that change.
    """

    levels: tuple[int, ...]
    keep: int
    even: int
    fit: int
    moves: Moves

    @property
    def rank(self) -> tuple[int, ...]:
        """What the outcome is compared by, in the order of the objective: more is better."""
        return (*self.levels, -self.keep, -self.even, self.fit)


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """A problem after changes, the best allocation of it that is found, and what that does to the one before."""

    problem: Problem
    allocation: Allocation
    outcome: Outcome


def what_if(
    problem: Problem, allocation: Allocation | Ints, changes: Sequence[Change], *, even: bool = True
) -> WhatIf:
    """Return what ``changes`` would do to an allocation, solved anew from it.

    Without group rules that can bind it is exact: as good in every line as `allocate` of the changed problem,
    and of all such plans the one that takes the fewest slots from present matches. With them the needs around
    the changes are matched anew and all others stay: in order of the levels, then with the fewest slots
    moved, then even and fit.

    Parameters
    ----------
    allocation
        What `allocate` returned of ``problem``, or the slots of each pair alone; it has to keep all rules.
    changes
        Any number of `Force`, `Forbid`, `Settle`, `ChangeSlots` and `DropPartner`.
    even
        As in `allocate`.

    Raises
    ------
    ValueError
        A change is impossible, or the allocation breaks a rule of the problem.
    """
    after = changed(problem, changes)
    slots = present_slots(problem, allocation)
    trial = _Trial.of(after)
    ceiling = reachable_levels(problem, after, slots)
    bounds = trial.bounds()
    if ceiling is not None and isinstance(allocation, Allocation) and only_restricts(problem, after):
        for level, known in enumerate(allocation.levels):
            bounds.show(level, ceiling, known.bound)
    found = trial.settled(slots, _touched(after, slots, changes), bounds, ceiling, even=even)
    return WhatIf(after, trial.judged(found, bounds, even=even), outcome_of(problem, slots, found))


def present_slots(problem: Problem, allocation: Allocation | Ints) -> Ints:
    """Return the slots of an allocation, which has to keep all rules of the problem.

    Raises
    ------
    ValueError
        It has another shape, or breaks a rule.
    """
    slots = np.asarray(allocation.slots if isinstance(allocation, Allocation) else allocation, dtype=np.int64)
    if slots.shape != (problem.num_pairs,):
        raise ValueError(f"Allocation: expected slots of {problem.num_pairs} pairs, got shape {slots.shape}.")
    locks = fitting_locks(problem)
    kept = drop(problem, group_rules(problem, locks), locks, slots)
    if (kept != slots).any():
        pair = int(np.argmax(kept != slots))
        raise ValueError(
            f"Allocation: pair {pair} (need {problem.pair_need[pair]}, offer {problem.pair_offer[pair]}) breaks a "
            f"rule: it has {slots[pair]} slots, of which the rules leave {kept[pair]}."
        )
    return slots


def outcome_of(problem: Problem, before: Ints, after: Ints) -> Outcome:
    """Return what every line gains from one allocation to another."""
    moved = np.flatnonzero(before != after)
    return Outcome(
        levels=tuple((levels_filled(problem, after) - levels_filled(problem, before)).tolist()),
        keep=keep_value(problem, after) - keep_value(problem, before),
        even=even_value(problem, after) - even_value(problem, before),
        fit=fit_value(problem, after) - fit_value(problem, before),
        moves=Moves(moved, before[moved], after[moved]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """A changed problem with all that its solution starts from."""

    prepared: Prepared
    rules: Rules

    @classmethod
    def of(cls, problem: Problem) -> _Trial:
        prepared = Prepared.of(problem)
        return cls(prepared, refuse(prepared.rules, prepared.usable))

    @property
    def problem(self) -> Problem:
        return self.prepared.problem

    @property
    def locks(self) -> Ints:
        return self.prepared.locks

    def bounds(self) -> LevelBounds:
        """Return what no allocation can exceed at each level."""
        return self.prepared.level_bounds(self.prepared.filled())

    def settled(
        self, present: Ints, needs: Ints, bounds: LevelBounds, ceiling: Ints | None, *, even: bool
    ) -> Ints:
        """Return the best slots that are found from those that are present."""
        start = drop(self.problem, self.rules, self.locks, present)
        if self.is_network:
            return self._exactly(start, present, even=even)
        # Those whose slots broke a rule may be others than those that are best to give way.
        lost = np.unique(self.problem.pair_need[start < present])
        aftermath = Aftermath(self.problem, self.rules, self.locks, present, bounds, ceiling, even)
        return aftermath.settle(start, np.concatenate([needs, np.setdiff1d(lost, needs)]))

    @property
    def is_network(self) -> bool:
        return not self.prepared.rules.can_bind

    def _exactly(self, start: Ints, present: Ints, *, even: bool) -> Ints:
        problem, network = self.problem, self.prepared.network
        slots = network.slots(fill_levels(network, flow_of(network, problem, start)), problem.num_pairs)
        network = even_face(problem, network, slots, even=even)
        cost = np.zeros(len(network.tail), np.int64)
        cost[network.at.pairs] = -problem.pair_fit[network.pair]
        network, cost = with_incumbents(face(network, cost, least_cost(network, cost)), present)
        return network.slots(least_cost(network, cost), problem.num_pairs)

    def judged(self, slots: Ints, level_bounds: LevelBounds, *, even: bool) -> Allocation:
        """Return the slots as an allocation; under group rules its lines have bounds that take no solver."""
        problem, filled = self.problem, levels_filled(self.problem, slots)
        if self.is_network:
            least_even = even_value(problem, slots) if even else even_floor(problem, slots)
            bounds = Bounds(keep_value(problem, slots), least_even, fit_value(problem, slots))
        else:
            usable = usable_slots(problem, self.rules, self.locks)
            bounds = Bounds(0, even_floor(problem, slots), fit_ceiling(problem, usable, filled))
        return judged(problem, slots, self.locks, level_bounds.of(filled), bounds, even=even)


def _touched(problem: Problem, slots: Ints, changes: Sequence[Change]) -> Ints:
    """Return the needs that changes are about: those of their pairs, and those that a larger offer could serve.

    Around a forced or settled pair these are all that hold slots of its offer: one of them may have to give way.
    """
    is_touched = np.zeros(problem.num_pairs, np.bool_)
    is_short = sum_by(problem.pair_need, slots, problem.num_needs) < problem.need_slots
    for change in changes:
        if isinstance(change, Settle) and slots[change.pair] == change.slots:
            continue
        if isinstance(change, Force | Forbid | Settle):
            is_touched[change.pair] = True
        if isinstance(change, Force | Settle):
            is_touched |= (problem.pair_offer == problem.pair_offer[change.pair]) & (slots > 0)
        if isinstance(change, ChangeSlots):
            is_touched |= (problem.pair_offer == change.offer) & is_short[problem.pair_need]
    needs = np.unique(problem.pair_need[is_touched])
    return needs[np.argsort(problem.need_level[needs], kind="stable")][:_MOST_TOUCHED]
