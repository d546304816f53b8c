"""The best replacements for a match, each with what it would cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from optimizer.allocation import Allocation
from optimizer.changes import Forbid, Force, changed, least_slots
from optimizer.locks import fitting_locks
from optimizer.network import most_slots, uses_trained
from optimizer.problem import Ints, Problem, sum_by
from optimizer.rules import group_rules
from optimizer.usable import usable_slots
from optimizer.what_if import Outcome, present_slots, what_if

Side = Literal["need", "offer"]
_TRIED_MORE = 3
"""So many replacements are tried beyond those asked for under group rules: the ones most likely to be cheap."""
_TRIED = 24
"""Without group rules, where a trial is quick, so many are tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Alternate:
    """A pair that could take the place of another, the slots it would have at least, and what comes of it."""

    pair: int
    slots: int
    outcome: Outcome


def alternates(
    problem: Problem,
    allocation: Allocation | Ints,
    pair: int,
    k: int = 5,
    *,
    same: Side = "need",
    even: bool = True,
) -> tuple[Alternate, ...]:
    """Return the at most ``k`` best replacements for a match, best first.

    Each is tried: the match is forbidden, the other pair forced to as many slots as it can take over, and all
    else settled as `what_if` does. Tried are those most likely to be cheap: whose offer has slots to spare, else
    holds some of the latest level, then by fit.

    Parameters
    ----------
    same
        Whether the need looks for another offer, or the offer for another need.

    Raises
    ------
    ValueError
        There is no such pair, it has no slots, the allocation breaks a rule, ``k`` is below 1 or ``same`` unknown.
    """
    if k < 1:
        raise ValueError(f"k: expected 1 or more, got {k}.")
    if same not in get_args(Side):
        raise ValueError(f"same: expected one of {', '.join(get_args(Side))}, got {same!r}.")
    present = present_slots(problem, allocation)
    if not 0 <= pair < problem.num_pairs or not present[pair]:
        raise ValueError(f"Pair {pair}: expected one with slots.")
    without = changed(problem, [Forbid(pair)])
    is_network = not group_rules(without, fitting_locks(without)).can_bind
    wanted = _wanted(without, present, pair, same)
    likely = _by_likelihood(without, present, pair, wanted)
    found = []
    for other in likely[: max(k, _TRIED) if is_network else k + _TRIED_MORE]:
        slots = int(wanted[other])
        try:
            trial = what_if(problem, allocation, [Forbid(pair), Force(other, slots)], even=even)
        except ValueError:
            continue  # Locked matches leave it no room.
        found.append(Alternate(other, slots, trial.outcome))
    # Ties go to the pair that comes first.
    found.sort(key=lambda one: (*(-gain for gain in one.outcome.rank), one.pair))
    return tuple(found[:k])


def _wanted(problem: Problem, present: Ints, pair: int, same: Side) -> Ints:
    """Return the slots that each pair would have in place of ``pair``, 0 where it can take none of its slots."""
    locks = fitting_locks(problem)
    side = problem.pair_need if same == "need" else problem.pair_offer
    usable = usable_slots(problem, group_rules(problem, locks), locks)
    others = np.flatnonzero((side == side[pair]) & (usable > present))
    wanted = np.zeros(problem.num_pairs, np.int64)
    wanted[others] = np.minimum(usable, present + present[pair])[others]
    least = np.array([least_slots(problem, int(other)) for other in others], np.int64)
    wanted[others] = np.maximum(wanted[others], least)
    return np.where(wanted <= most_slots(problem), wanted, 0)


def _by_likelihood(problem: Problem, present: Ints, pair: int, wanted: Ints) -> list[int]:
    """Return the pairs with wanted slots: those whose need and offer have them free first, then by level and fit."""
    offer, need = problem.pair_offer, problem.pair_need
    present = present.copy()
    present[pair] = 0
    free = problem.offer_slots - sum_by(offer, present, problem.num_offers)
    if problem.offer_trained_slots is not None:
        trained = sum_by(offer, present * uses_trained(problem), problem.num_offers)
        left = problem.offer_trained_slots - trained
        free = np.where(uses_trained(problem), np.minimum(free[offer], left[offer]), free[offer])
    else:
        free = free[offer]
    open_slots = (problem.need_slots - sum_by(need, present, problem.num_needs))[need]
    lacking = np.maximum(wanted - present - np.minimum(free, open_slots), 0)
    # The latest level that holds slots of the offer is what gives way for the least.
    latest = np.full(problem.num_offers, -1)
    held = np.flatnonzero(present)
    np.maximum.at(latest, offer[held], problem.need_level[need[held]])
    pairs = np.flatnonzero(wanted)
    order = np.lexsort(
        (pairs, -problem.pair_fit[pairs], -latest[offer[pairs]] * (lacking[pairs] > 0), lacking[pairs] > 0)
    )
    return [int(other) for other in pairs[order]]
