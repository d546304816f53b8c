"""Incumbents cut to what the rules still allow: what is lost here the world forces, no one proposes it."""

from __future__ import annotations

import numpy as np

from optimizer.locks import fitting_locks
from optimizer.network import most_slots, uses_trained
from optimizer.problem import Ints, Problem, sum_by
from optimizer.rules import Links, Rules, group_rules


def fitting_incumbents(problem: Problem) -> Ints:
    """Return the slots of incumbents that keep all rules together, of shape ``(num_pairs,)``.

    Locks come first. Where incumbents exceed what is there they are cut from the latest level, then from the last
    pair; a match below its least, one too many for its need, school or partner, and a need below its least go whole.
    """
    locks = fitting_locks(problem)
    if problem.pair_incumbent is None:
        return locks
    pairs = np.flatnonzero(problem.pair_incumbent)
    order = np.lexsort((pairs, problem.need_level[problem.pair_need[pairs]]))
    return take_in_order(problem, locks, pairs[order], problem.pair_incumbent)


def take_in_order(problem: Problem, held: Ints, pairs: Ints, most: Ints) -> Ints:
    """Return ``held`` slots, which keep all rules, and more for ``pairs``, one after the other.

    Each comes to as many as ``most`` says, or as what was taken before it allows; in the end a need without
    its least keeps what is locked alone.
    """
    locks = fitting_locks(problem)
    rules = group_rules(problem, locks)
    slots = _take(problem, rules, held, pairs, most)
    is_small = sum_by(problem.pair_need, slots, problem.num_needs) < rules.min_need
    return np.where(is_small[problem.pair_need], np.minimum(locks, slots), slots)


def _take(problem: Problem, rules: Rules, held: Ints, pairs: Ints, most: Ints) -> Ints:
    need, offer, trained = problem.pair_need, problem.pair_offer, uses_trained(problem)
    need_left = problem.need_slots - sum_by(need, held, problem.num_needs)
    offer_left = problem.offer_slots - sum_by(offer, held, problem.num_offers)
    trained_slots = (
        problem.offer_slots if problem.offer_trained_slots is None else problem.offer_trained_slots
    )
    trained_left = trained_slots - sum_by(offer, held * trained, problem.num_offers)
    counts = [
        _Count(links, held) for links in (rules.need_partners, rules.school_partners, rules.partner_schools)
    ]
    most, slots = np.minimum(most, most_slots(problem)), held.copy()
    for pair in pairs.tolist():
        room = min(most[pair] - slots[pair], need_left[need[pair]], offer_left[offer[pair]])
        room = min(room, trained_left[offer[pair]]) if trained[pair] else room
        if room < 1 or room + slots[pair] < rules.min_match[pair] or not all(c.allows(pair) for c in counts):
            continue
        slots[pair] += room
        need_left[need[pair]] -= room
        offer_left[offer[pair]] -= room
        trained_left[offer[pair]] -= room * trained[pair]
        for count in counts:
            count.open(pair)
    return slots


class _Count:
    """Which links of a rule are open, and how many more each owner may have."""

    def __init__(self, links: Links, held: Ints) -> None:
        self.links = links
        self.is_open = links.is_locked.copy()
        self.is_open[links.of_pair[held > 0]] = True
        self.left = links.limit - sum_by(links.owner, self.is_open.astype(np.int64), len(links.limit))

    def allows(self, pair: int) -> bool:
        link = self.links.of_pair[pair]
        return bool(self.is_open[link] or self.left[self.links.owner[link]] > 0)

    def open(self, pair: int) -> None:
        link = self.links.of_pair[pair]
        self.left[self.links.owner[link]] -= not self.is_open[link]
        self.is_open[link] = True
