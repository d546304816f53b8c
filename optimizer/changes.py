"""Changes that someone may want to think through: to a pair, an offer or a partner of a problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.locks import fitting_locks
from optimizer.network import most_slots
from optimizer.problem import NO_LIMIT, NUM_LEVELS, Bools, Ints, Problem, sum_by
from optimizer.rules import Links, group_rules
from optimizer.values import levels_filled


@dataclass(frozen=True, slots=True)
class Force:
    """Give a pair at least so many slots, as a lock would; by default the fewest that make a match."""

    pair: int
    slots: int | None = None


@dataclass(frozen=True, slots=True)
class Forbid:
    """Give a pair no slots, even where it is locked."""

    pair: int


@dataclass(frozen=True, slots=True)
class ChangeSlots:
    """Let an offer have more slots, or fewer, and so many more or fewer trained ones."""

    offer: int
    slots: int = 0
    trained: int = 0


@dataclass(frozen=True, slots=True)
class DropPartner:
    """Take all offers of a partner away, locked matches included."""

    partner: int


@dataclass(frozen=True, slots=True)
class Settle:
    """Give a pair exactly so many slots, as decided: no rule counts but the slots of its need and its offer."""

    pair: int
    slots: int


Change = Force | Forbid | ChangeSlots | DropPartner | Settle


def changed(problem: Problem, changes: Sequence[Change]) -> Problem:
    """Return the problem after all changes; its pairs keep their places.

    What is taken away comes first, so that the order of ``changes`` is of no account.

    Raises
    ------
    ValueError
        A change names what is not there, takes more slots than there are, or forces what the rules and the
        locks of others leave no room for.
    """
    for change in changes:
        _check_index(problem, change)
    forbidden = _is_forbidden(problem, changes)
    problem = _with_offers(problem, [change for change in changes if isinstance(change, ChangeSlots)])
    if forbidden.any():
        most = (
            np.full(problem.num_pairs, NO_LIMIT) if problem.pair_max_slots is None else problem.pair_max_slots
        )
        locked = None if problem.pair_locked is None else np.where(forbidden, 0, problem.pair_locked)
        problem = replace(problem, pair_max_slots=np.where(forbidden, 0, most), pair_locked=locked)
    problem = _with_forced(problem, [change for change in changes if isinstance(change, Force)], forbidden)
    return _with_settled(
        problem, [change for change in changes if isinstance(change, Settle) and change.slots], forbidden
    )


def only_restricts(before: Problem, after: Problem) -> bool:
    """Whether everything possible after some changes was surely possible before them."""
    return _keeps_supply(before, after) and not _frees(before, fitting_locks(before), fitting_locks(after))


def reachable_levels(before: Problem, after: Problem, slots: Ints) -> Ints | None:
    """Return what the changes themselves let the levels reach in their order, where ``slots`` are there before them.

    What exceeds it would have been possible before, so it is none of their doing. None where they add slots or take
    locks away: anyone may gain by that. A lock that frees a match from a rule lets its need be filled, not others.
    """
    if not _keeps_supply(before, after):
        return None
    reached = levels_filled(before, slots)
    if only_restricts(before, after):
        return reached
    grown = np.unique(before.pair_need[fitting_locks(after) > fitting_locks(before)])
    short = before.need_slots[grown] - sum_by(before.pair_need, slots, before.num_needs)[grown]
    return reached + sum_by(before.need_level[grown], short, NUM_LEVELS)


def _keeps_supply(before: Problem, after: Problem) -> bool:
    """Whether no offer has more slots, nor fewer where these allow it smaller matches, and no lock is gone."""
    was, now = fitting_locks(before), fitting_locks(after)
    slots = [(before.offer_slots, after.offer_slots)]
    if before.offer_trained_slots is not None and after.offer_trained_slots is not None:
        slots.append((before.offer_trained_slots, after.offer_trained_slots))
    if (now < was).any() or any((new > old).any() for old, new in slots):
        return False
    # An offer with fewer slots may give smaller matches.
    return before.offer_min_slots is None or not any((new < old).any() for old, new in slots)


def _frees(problem: Problem, was: Ints, now: Ints) -> bool:
    """Whether locks free a match or a need from its least slots, or take more partners or schools than allowed."""
    old, new = group_rules(problem, was), group_rules(problem, now)
    is_small = (now > was) & (now < old.min_match)
    held = sum_by(problem.pair_need, now, problem.num_needs)
    is_short = (new.min_need < old.min_need) & (held < old.min_need)
    links = (
        (old.need_partners, new.need_partners),
        (old.school_partners, new.school_partners),
        (old.partner_schools, new.partner_schools),
    )
    is_over = any((then.limit > first.limit).any() for first, then in links)
    return bool(is_small.any() or (now > most_slots(problem)).any() or is_short.any() or is_over)


def _check_index(problem: Problem, change: Change) -> None:
    if isinstance(change, Force | Forbid | Settle):
        name, index, size = "Pair", change.pair, problem.num_pairs
    elif isinstance(change, ChangeSlots):
        name, index, size = "Offer", change.offer, problem.num_offers
    else:
        name, index, size = "Partner", change.partner, problem.num_partners
    if not 0 <= index < size:
        raise ValueError(f"{name} {index}: expected one of 0 to {size - 1}.")


def _is_forbidden(problem: Problem, changes: Sequence[Change]) -> Bools:
    """Whether each pair is taken away: by itself, with its partner, or with the last slot of its offer."""
    forbidden = np.zeros(problem.num_pairs, np.bool_)
    lost = np.zeros(problem.num_offers, np.int64)
    for change in changes:
        if isinstance(change, Forbid) or (isinstance(change, Settle) and change.slots == 0):
            forbidden[change.pair] = True
        elif isinstance(change, DropPartner):
            forbidden |= problem.offer_partner[problem.pair_offer] == change.partner
        elif isinstance(change, ChangeSlots):
            lost[change.offer] -= change.slots
    forbidden |= (lost == problem.offer_slots)[problem.pair_offer]
    return forbidden


def _with_offers(problem: Problem, changes: Sequence[ChangeSlots]) -> Problem:
    """Return the problem with other slots of offers; one with none left keeps a slot that no pair may use."""
    slots = problem.offer_slots.copy()
    trained = None if problem.offer_trained_slots is None else problem.offer_trained_slots.copy()
    for change in changes:
        slots[change.offer] += change.slots
        if change.trained and trained is None:
            raise ValueError(
                f"Offer {change.offer}: the problem counts no trained slots, got {change.trained}."
            )
        if trained is not None:
            trained[change.offer] += change.trained
    for kind, before, after in (
        ("slots", problem.offer_slots, slots),
        ("trained slots", problem.offer_trained_slots, trained),
    ):
        if before is not None and after is not None and (after < 0).any():
            offer = int(np.argmax(after < 0))
            raise ValueError(
                f"Offer {offer}: has {before[offer]} {kind}, cannot lose {before[offer] - after[offer]}."
            )
    if trained is not None:
        trained = np.minimum(trained, NO_LIMIT)
    return replace(problem, offer_slots=np.maximum(slots, 1), offer_trained_slots=trained)


def _with_forced(problem: Problem, changes: Sequence[Force], forbidden: Bools) -> Problem:
    if not changes:
        return problem
    before = fitting_locks(problem)
    locked = (
        np.zeros(problem.num_pairs, np.int64) if problem.pair_locked is None else problem.pair_locked.copy()
    )
    for change in changes:
        if forbidden[change.pair]:
            raise ValueError(f"{_named(problem, change.pair)}: cannot be forced and taken away at once.")
        least, most = least_slots(problem, change.pair), int(most_slots(problem)[change.pair])
        slots = min(least, most) if change.slots is None else change.slots
        if not max(least, 1) <= slots <= most:
            raise ValueError(
                f"{_named(problem, change.pair)}: "
                + (f"expected {max(least, 1)} to {most} slots, got {slots}." if least <= most else _NO_ROOM)
            )
        locked[change.pair] = max(int(locked[change.pair]), slots)
    after = replace(problem, pair_locked=locked)
    _check_room(problem, before, after, changes)
    return after


def _with_settled(problem: Problem, changes: Sequence[Settle], forbidden: Bools) -> Problem:
    if not changes:
        return problem
    before, pairs = fitting_locks(problem), np.array([change.pair for change in changes])
    slots = np.array([change.slots for change in changes], np.int64)
    if forbidden[pairs].any():
        pair = int(pairs[np.argmax(forbidden[pairs])])
        raise ValueError(f"{_named(problem, pair)}: cannot be settled and taken away at once.")
    held = [np.zeros(problem.num_pairs, np.int64), np.full(problem.num_pairs, NO_LIMIT)]
    given = (problem.pair_locked, problem.pair_max_slots)
    locked, most = (
        values.copy() if values is not None else blank for values, blank in zip(given, held, strict=True)
    )
    locked[pairs] = most[pairs] = before[pairs] = slots
    after = replace(problem, pair_locked=locked, pair_max_slots=most)
    short = np.flatnonzero(fitting_locks(after) < before)
    if len(short):
        raise ValueError(
            f"{_named(problem, int(short[0]))}: what is settled and locked leaves no room for it."
        )
    return after


_NO_ROOM = "expected room for a match, found none."


def least_slots(problem: Problem, pair: int) -> int:
    """Return the fewest slots that make a match of a pair: its own least, and what it can of its need's."""
    locks = np.zeros(problem.num_pairs, np.int64)
    least = int(group_rules(problem, locks).min_match[pair])
    if problem.need_min_slots is None:
        return least
    of_need = int(problem.need_min_slots[problem.pair_need[pair]])
    return max(least, min(of_need, int(most_slots(problem)[pair])))


def _check_room(problem: Problem, before: Ints, after: Problem, changes: Sequence[Force]) -> None:
    """Refuse forced matches that cut a lock, or that break a rule together with the locks."""
    locks, locked = fitting_locks(after), after.pair_locked
    pairs = np.array([change.pair for change in changes])
    wanted = np.maximum(before, 0)
    if locked is not None:
        wanted[pairs] = locked[pairs]
    if (locks < wanted).any():
        short = int(np.argmax(locks < wanted))
        pair = short if short in pairs else int(pairs[0])
        raise ValueError(
            f"{_named(problem, pair)}: locked matches of its need or offer leave no room for it."
        )
    old, new = group_rules(problem, before), group_rules(after, locks)
    for rule, was, now in (
        ("partners its need may have", old.need_partners, new.need_partners),
        ("partners its school may have", old.school_partners, new.school_partners),
        ("schools its partner may have", old.partner_schools, new.partner_schools),
    ):
        over = _grown(was, now)[now.of_pair[pairs]]
        if over.any():
            pair = int(pairs[np.argmax(over)])
            raise ValueError(f"{_named(problem, pair)}: locked matches take all {rule}.")


def _grown(was: Links, now: Links) -> Bools:
    """Whether the owner of each link may have more links than before: locks beyond a limit raise it."""
    grown: Bools = (now.limit > was.limit)[now.owner]
    return grown


def _named(problem: Problem, pair: int) -> str:
    return f"Pair {pair} (need {problem.pair_need[pair]}, offer {problem.pair_offer[pair]})"
