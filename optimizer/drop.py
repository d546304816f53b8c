"""What a change leaves of an allocation: all that breaks no rule."""

from __future__ import annotations

import numpy as np

from optimizer.network import uses_trained
from optimizer.problem import Bools, Ints, Problem, sum_by
from optimizer.repair import firm, weigh
from optimizer.rules import Rules, choose_pairs
from optimizer.usable import usable_slots


def drop(problem: Problem, rules: Rules, locks: Ints, slots: Ints) -> Ints:
    """Return ``slots`` less all that breaks a rule, with the locks.

    Where there are too many slots, those of the latest level go, then those that fit least; where there are too
    many partners or schools, those with the fewest slots. What keeps all rules comes back as it was.
    """
    slots = np.maximum(np.minimum(slots, usable_slots(problem, rules, locks)), locks)
    every = np.ones(problem.num_pairs, np.bool_)
    slots = _cut(problem, slots, locks, problem.pair_need, problem.need_slots, every)
    if problem.offer_trained_slots is not None:
        trained = problem.offer_trained_slots
        slots = _cut(problem, slots, locks, problem.pair_offer, trained, uses_trained(problem))
    slots = _cut(problem, slots, locks, problem.pair_offer, problem.offer_slots, every)
    slots = np.where(choose_pairs(rules, weigh(problem, slots)), slots, 0)
    return np.where(firm(problem, rules, slots), slots, 0)


def _cut(problem: Problem, slots: Ints, locks: Ints, owner: Ints, limit: Ints, counts: Bools) -> Ints:
    """Return the slots cut to the limit of each owner over the pairs that count."""
    slots = slots.copy()
    over = sum_by(owner, np.where(counts, slots, 0), len(limit)) - limit
    pairs = np.flatnonzero(counts & (over > 0)[owner] & (slots > locks))
    order = np.lexsort((-pairs, problem.pair_fit[pairs], -problem.need_level[problem.pair_need[pairs]]))
    for pair in pairs[order].tolist():
        taken = max(0, min(over[owner[pair]], slots[pair] - locks[pair]))
        slots[pair] -= taken
        over[owner[pair]] -= taken
    return slots
