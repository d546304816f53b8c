"""Small problems, made by hand or drawn at random, and a checker that shares no code with the optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimizer import NO_LIMIT, Problem

Ints = NDArray[np.int64]


def make_problem(
    needs: Sequence[int], offers: Sequence[int], **arrays: Any
) -> Problem:  # Any: whatever Problem takes
    """Return a problem with slots of needs and offers; all at level 0, every pair possible unless given."""
    num_needs, num_offers = len(needs), len(offers)
    if "pair_need" not in arrays:
        arrays["pair_need"] = np.repeat(np.arange(num_needs), num_offers)
        arrays["pair_offer"] = np.tile(np.arange(num_offers), num_needs)
    defaults = {
        "need_level": [0] * num_needs,
        "need_school": list(range(num_needs)),
        "offer_partner": list(range(num_offers)),
        "pair_fit": [500_000] * len(arrays["pair_need"]),
    }
    return Problem(**{"need_slots": needs, "offer_slots": offers, **defaults, **arrays})


def draw_problem(seed: int, *, num_needs: int = 6, num_offers: int = 5, rules: bool = False) -> Problem:
    """Return a small random problem; about half of the optional arrays are there."""
    rng = np.random.default_rng(seed)
    num_needs, num_offers = (int(rng.integers(1, most + 1)) for most in (num_needs, num_offers))
    is_pair = rng.random((num_needs, num_offers)) < rng.choice([0.4, 0.7, 1.0])
    pair_need, pair_offer = (index.astype(np.int64) for index in np.nonzero(is_pair))
    num_pairs = len(pair_need)
    arrays: dict[str, Any] = {  # Any: integers and booleans
        "pair_max_slots": rng.integers(0, 6, num_pairs),
        "pair_locked": rng.integers(0, 4, num_pairs) * (rng.random(num_pairs) < 0.15),
        "pair_incumbent": rng.integers(0, 5, num_pairs) * (rng.random(num_pairs) < 0.4),
        "offer_trained_slots": rng.integers(0, 6, num_offers),
        "need_uses_trained": rng.random(num_needs) < 0.5,
    }
    if rules:
        arrays |= {
            "offer_min_slots": rng.integers(1, 4, num_offers),
            "need_min_slots": rng.integers(0, 5, num_needs),
            "need_max_partners": _limits(rng, num_needs),
            "school_max_partners": _limits(rng, 4),
            "partner_max_schools": _limits(rng, 4),
        }
    return Problem(
        need_slots=rng.integers(1, 8, num_needs),
        need_level=rng.integers(0, 10, num_needs) if rng.random() < 0.3 else rng.integers(0, 3, num_needs),
        need_school=rng.integers(0, 4, num_needs),
        offer_slots=rng.integers(1, 8, num_offers),
        offer_partner=rng.integers(0, 4, num_offers),
        pair_need=pair_need,
        pair_offer=pair_offer,
        pair_fit=rng.integers(0, 1_000_001, num_pairs),
        **{name: array for name, array in arrays.items() if rng.random() < 0.5},
    )


def _limits(rng: np.random.Generator, size: int) -> Ints:
    return np.where(rng.random(size) < 0.3, NO_LIMIT, rng.integers(0, 4, size))


def broken_rules(problem: Problem, slots: Ints, locks: Ints | None = None) -> list[str]:
    """Return every rule that ``slots`` breaks, checked pair by pair in plain Python.

    ``locks`` are the slots that locks hold: by default those of the problem.
    """
    held = np.zeros(problem.num_pairs, np.int64) if problem.pair_locked is None else problem.pair_locked
    locked = [int(lock) for lock in (held if locks is None else locks)]
    given = [int(slot) for slot in slots]
    assert len(given) == problem.num_pairs
    broken = [f"pair {pair} negative" for pair, slot in enumerate(given) if slot < 0]
    broken += [f"pair {pair} below its lock" for pair, slot in enumerate(given) if slot < locked[pair]]
    return (
        broken
        + _over_capacity(problem, given)
        + _small(problem, given, locked)
        + _counts(problem, given, locked)
    )


def _over_capacity(problem: Problem, given: list[int]) -> list[str]:
    needs, offers, trained = [0] * problem.num_needs, [0] * problem.num_offers, [0] * problem.num_offers
    for pair, slot in enumerate(given):
        need, offer = int(problem.pair_need[pair]), int(problem.pair_offer[pair])
        needs[need] += slot
        offers[offer] += slot
        if problem.need_uses_trained is not None and problem.need_uses_trained[need]:
            trained[offer] += slot
    broken = [f"need_slots {need}" for need, total in enumerate(needs) if total > problem.need_slots[need]]
    broken += [
        f"capacity {offer}" for offer, total in enumerate(offers) if total > problem.offer_slots[offer]
    ]
    if problem.offer_trained_slots is not None:
        limits = problem.offer_trained_slots
        broken += [
            f"trained_capacity {offer}" for offer, total in enumerate(trained) if total > limits[offer]
        ]
    return broken


def _small(problem: Problem, given: list[int], locked: list[int]) -> list[str]:
    broken = []
    for pair, slot in enumerate(given):
        need, offer = int(problem.pair_need[pair]), int(problem.pair_offer[pair])
        if problem.pair_max_slots is not None and slot > max(int(problem.pair_max_slots[pair]), locked[pair]):
            broken.append(f"pair_max_slots {pair}")
        least = [int(problem.need_slots[need]), int(problem.offer_slots[offer])]
        if problem.offer_min_slots is not None:
            least.append(int(problem.offer_min_slots[offer]))
            uses_trained = problem.need_uses_trained is not None and problem.need_uses_trained[need]
            if problem.offer_trained_slots is not None and uses_trained:
                least.append(int(problem.offer_trained_slots[offer]))
            if slot and not locked[pair] and slot < min(least):
                broken.append(f"min_match {pair}")
    for need, least_slots in enumerate([] if problem.need_min_slots is None else problem.need_min_slots):
        pairs = np.flatnonzero(problem.pair_need == need)
        total = sum(given[pair] for pair in pairs)
        if 0 < total < least_slots and not any(locked[pair] for pair in pairs):
            broken.append(f"min_need {need}")
    return broken


def _counts(problem: Problem, given: list[int], locked: list[int]) -> list[str]:
    partner = [int(problem.offer_partner[offer]) for offer in problem.pair_offer]
    need = [int(need) for need in problem.pair_need]
    school = [int(problem.need_school[index]) for index in need]
    rules = [
        ("max_partners of need", need, partner, problem.need_max_partners),
        ("max_partners of school", school, partner, problem.school_max_partners),
        ("max_schools of partner", partner, school, problem.partner_max_schools),
    ]
    broken = []
    for name, owner, other, limits in rules:
        for index, limit in enumerate([] if limits is None else limits):
            pairs = [pair for pair in range(problem.num_pairs) if owner[pair] == index]
            used = {other[pair] for pair in pairs if given[pair]}
            held = {other[pair] for pair in pairs if locked[pair]}
            if len(used) > max(limit, len(held)):
                broken.append(f"{name} {index}: {len(used)} > {limit}")
    return broken


def plain_values(problem: Problem, slots: Ints) -> tuple[list[int], int, int, int]:
    """Return the slots filled at each level, those taken from incumbents, the unevenness and the fit, pair by pair."""
    filled, taken, fit = [0] * 10, 0, 0
    needed: dict[tuple[int, int], int] = {}
    unmet: dict[tuple[int, int], int] = {}
    groups = [
        (int(school), int(level))
        for school, level in zip(problem.need_school, problem.need_level, strict=True)
    ]
    for group, asked in zip(groups, problem.need_slots, strict=True):
        needed[group] = needed.get(group, 0) + int(asked)
        unmet[group] = unmet.get(group, 0) + int(asked)
    for pair, slot in enumerate(int(slot) for slot in slots):
        group = groups[problem.pair_need[pair]]
        filled[group[1]] += slot
        unmet[group] -= slot
        fit += slot * int(problem.pair_fit[pair])
        if problem.pair_incumbent is not None:
            taken += max(int(problem.pair_incumbent[pair]) - slot, 0)
    return filled, taken, sum(unmet[group] ** 2 * 1_000_000 // needed[group] for group in needed), fit
