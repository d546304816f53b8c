"""Why not this pair: what it would cost, what stands in its way, and the smallest change that brings it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimizer.allocation import Allocation
from optimizer.changes import Change, ChangeSlots, Force, least_slots
from optimizer.locks import fitting_locks
from optimizer.network import uses_trained
from optimizer.problem import Ints, Problem
from optimizer.rules import Links, group_rules
from optimizer.what_if import WhatIf, present_slots, what_if

Smallest = Literal["nothing", "fit", "slots", "levels", "locks"]
_TRIES = (1, 2, 4)
"""How many times the slots of the match an offer is tried with on top."""


@dataclass(frozen=True, slots=True, eq=False)
class FullRule:
    """A rule that has no place left for a pair, and the pairs whose matches take the places.

    Parameters
    ----------
    rule
        ``need_max_partners``, ``school_max_partners`` or ``partner_max_schools``.
    """

    rule: str
    pairs: Ints


@dataclass(frozen=True, slots=True, eq=False)
class WhyNot:
    """Why a pair has no slots, with the smallest change that would bring it in.

    Parameters
    ----------
    pair, slots
        The pair, and the fewest slots that make a match of it.
    smallest
        The first of these that suffices: ``"nothing"``, it could be had at no cost in any line; ``"fit"``, its
        fit would have to rise; ``"slots"``, its offer would need more slots; ``"levels"``, others would have to
        give way at a cost in the levels or in even; ``"locks"``, locked matches leave it no room at all.
    forced
        What comes of forcing it, ``None`` for ``"locks"``.
    fit_rise
        For ``"fit"``: by how many millionths a slot its fit has to rise until it is no worse than what is
        there. Without group rules no less will do.
    more_slots
        For ``"slots"``: with so many slots more at its offer, forcing it costs nothing any more.
    full_rules
        The count rules that have no place left.
    """

    pair: int
    slots: int
    smallest: Smallest
    forced: WhatIf | None
    fit_rise: int | None = None
    more_slots: int | None = None
    full_rules: tuple[FullRule, ...] = ()


def why_not(problem: Problem, allocation: Allocation | Ints, pair: int, *, even: bool = True) -> WhyNot:
    """Return why a pair has no slots in an allocation, and the smallest change that would bring it in.

    Raises
    ------
    ValueError
        There is no such pair, it has slots already, or the allocation breaks a rule.
    """
    present = present_slots(problem, allocation)
    if not 0 <= pair < problem.num_pairs:
        raise ValueError(f"Pair {pair}: expected one of 0 to {problem.num_pairs - 1}.")
    if present[pair]:
        raise ValueError(f"Pair {pair}: expected one without slots, has {present[pair]}.")
    slots, full = least_slots(problem, pair), _full_rules(problem, present, pair)
    try:
        forced = what_if(problem, allocation, [Force(pair)], even=even)
    except ValueError:
        return WhyNot(pair, slots, "locks", None, full_rules=full)
    lost = _losses(forced, even=even)
    if not any(lost):
        return WhyNot(pair, slots, "nothing", forced, full_rules=full)
    if not any(lost[:-1]):
        given = int(forced.allocation.slots[pair])
        return WhyNot(pair, slots, "fit", forced, fit_rise=-(-lost[-1] // given), full_rules=full)
    more = _more_slots(problem, allocation, pair, slots, even=even)
    return WhyNot(pair, slots, "slots" if more else "levels", forced, more_slots=more, full_rules=full)


def _losses(found: WhatIf, *, even: bool) -> list[int]:
    """Return what the first line that changes loses, 0 for all others; the fit comes last."""
    rank = list(found.outcome.rank)
    if not even:
        rank[-2] = 0
    first = next((line for line, gain in enumerate(rank) if gain), None)
    return [max(-gain, 0) if line == first else 0 for line, gain in enumerate(rank)]


def _more_slots(
    problem: Problem, allocation: Allocation | Ints, pair: int, slots: int, *, even: bool
) -> int | None:
    """Return with how many slots more at its offer the pair can have its own at no cost to others."""
    offer, is_trained = int(problem.pair_offer[pair]), bool(uses_trained(problem)[pair])
    for more in (slots * times for times in _TRIES):
        larger: list[Change] = [ChangeSlots(offer, more, more if is_trained else 0)]
        try:
            without = what_if(problem, allocation, larger, even=even).outcome.rank
            with_it = what_if(problem, allocation, [*larger, Force(pair)], even=even).outcome.rank
        except ValueError:
            continue  # A larger offer may ask for a larger match, for which locks or the need have no room.
        if with_it >= without:
            return more
    return None


def _full_rules(problem: Problem, present: Ints, pair: int) -> tuple[FullRule, ...]:
    rules = group_rules(problem, fitting_locks(problem))
    named = (
        ("need_max_partners", rules.need_partners),
        ("school_max_partners", rules.school_partners),
        ("partner_max_schools", rules.partner_schools),
    )
    return tuple(
        FullRule(rule, holders) for rule, links in named if len(holders := _holders(links, present, pair))
    )


def _holders(links: Links, present: Ints, pair: int) -> Ints:
    """Return the pairs that take all places of the owner of this pair's link, none where it has one or one is left."""
    link = links.of_pair[pair]
    owner = links.owner[link]
    held = np.flatnonzero((present > 0) & (links.owner[links.of_pair] == owner))
    taken = np.unique(links.of_pair[held])
    is_full = len(taken) >= links.limit[owner] and link not in taken
    return held if is_full else held[:0]
