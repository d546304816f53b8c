"""An allocation that keeps all rules, ready to have some of its needs matched anew."""

from __future__ import annotations

import numpy as np

from optimizer.neighbourhood import Neighbourhood
from optimizer.network import uses_trained
from optimizer.problem import Ints, Problem
from optimizer.rules import Rules

_FARTHEST = 5
_WHIM = 4.0
"""How many steps chance makes up for in the choice of neighbours."""


class Plan:
    """An allocation that keeps all rules, with the sums that neighbourhoods need at hand."""

    def __init__(self, problem: Problem, rules: Rules, locks: Ints, slots: Ints) -> None:
        self.problem, self.rules, self.locks = problem, rules, locks
        self.slots = slots.copy()
        self.uses_trained = uses_trained(problem)
        self.by_need = _Index(problem.pair_need, problem.num_needs)
        self.by_offer = _Index(problem.pair_offer, problem.num_offers)
        self.offer_partner, num_partners = _compact(problem.offer_partner)
        self.by_partner = _Index(self.offer_partner, num_partners)
        links = rules.school_partners
        self.link_pairs = np.zeros(len(links.owner), np.int64)
        self.school_links = np.zeros(len(links.limit), np.int64)
        self.partner_links = np.zeros(len(rules.partner_schools.limit), np.int64)
        self.need_filled = np.zeros(problem.num_needs, np.int64)
        self.offer_filled = np.zeros(problem.num_offers, np.int64)
        self.trained_filled = np.zeros(problem.num_offers, np.int64)
        self._count(np.flatnonzero(slots), 1)

    def around(self, needs: Ints) -> Neighbourhood:
        """Return the neighbourhood in which all matches of ``needs`` are free."""
        problem, pairs = self.problem, self.by_need.entries(needs)
        self._count(pairs, -1)
        offer, link = problem.pair_offer[pairs], self.rules.school_partners.of_pair[pairs]
        offer_left = problem.offer_slots[offer] - self.offer_filled[offer]
        trained_left = offer_left
        if problem.offer_trained_slots is not None:
            trained_left = problem.offer_trained_slots[offer] - self.trained_filled[offer]
        most = np.minimum(problem.need_slots[problem.pair_need[pairs]], offer_left)
        most = np.where(self.uses_trained[pairs], np.minimum(most, trained_left), most)
        if problem.pair_max_slots is not None:
            most = np.minimum(most, np.maximum(problem.pair_max_slots[pairs], self.locks[pairs]))
        schools, partners = self.rules.school_partners, self.rules.partner_schools
        near = Neighbourhood(
            pairs=pairs,
            slots=self.slots[pairs],
            most=most,
            least=self.locks[pairs],
            offer_left=offer_left,
            trained_left=trained_left,
            open_links=self.link_pairs[link] > 0,
            school_left=(schools.limit - self.school_links)[schools.owner[link]],
            partner_left=(partners.limit - self.partner_links)[partners.owner[link]],
        )
        self._count(pairs, 1)
        return near.keep((most > 0) & ((near.slots > 0) | (most >= self.rules.min_match[pairs])))

    def steps_to_spare(self, level: int) -> Ints:
        """Return how many needs would move in a chain from each need to slots that ``level`` could have.

        Such are the free slots of an offer, and those of later levels. Rules are not looked at.
        """
        problem = self.problem
        held = np.flatnonzero(self.slots)
        steps = np.where(problem.need_level > level, 0, _FARTHEST)
        at_offer = np.where(self.offer_filled < problem.offer_slots, 0, _FARTHEST)
        for _ in range(_FARTHEST):
            np.minimum.at(at_offer, problem.pair_offer[held], steps[problem.pair_need[held]])
            np.minimum.at(steps, problem.pair_need, at_offer[problem.pair_offer] + 1)
        return steps

    def neighbours(self, need: int, size: int, rng: np.random.Generator, steps: Ints) -> Ints:
        """Return ``need`` and needs that hold slots of partners it may have, the nearest first.

        Among those as near, the ones with few ``steps`` are likely to be chosen.
        """
        problem = self.problem
        chosen = {need}
        ring = np.array([need])
        while len(chosen) < size and len(ring):
            offers = np.unique(problem.pair_offer[self.by_need.entries(ring)])
            if len(chosen) == 1:
                offers = self.by_partner.entries(np.unique(self.offer_partner[offers]))
            pairs = self.by_offer.entries(offers)
            holders = np.unique(problem.pair_need[pairs[self.slots[pairs] > 0]])
            ring = np.array([holder for holder in holders.tolist() if holder not in chosen], np.int64)
            order = np.argsort(steps[ring] + _WHIM * rng.random(len(ring)), kind="stable")
            ring = ring[order[: size - len(chosen)]]
            chosen.update(ring.tolist())
        return np.array(sorted(chosen))

    def update(self, pairs: Ints, slots: Ints) -> None:
        """Give new slots to some pairs."""
        self._count(pairs, -1)
        self.slots[pairs] = slots
        self._count(pairs, 1)

    def _count(self, pairs: Ints, sign: int) -> None:
        problem, rules = self.problem, self.rules
        pairs = pairs[self.slots[pairs] > 0]
        slots = sign * self.slots[pairs]
        np.add.at(self.need_filled, problem.pair_need[pairs], slots)
        np.add.at(self.offer_filled, problem.pair_offer[pairs], slots)
        np.add.at(self.trained_filled, problem.pair_offer[pairs], slots * self.uses_trained[pairs])
        link = rules.school_partners.of_pair[pairs]
        before = self.link_pairs[link] > 0
        np.add.at(self.link_pairs, link, sign)
        changed = np.unique(link[before != (self.link_pairs[link] > 0)])
        np.add.at(self.school_links, rules.school_partners.owner[changed], sign)
        np.add.at(self.partner_links, rules.partner_schools.owner[changed], sign)


class _Index:
    """The entries of each key, in order."""

    def __init__(self, key: Ints, size: int) -> None:
        self.order = np.argsort(key, kind="stable")
        self.starts = np.searchsorted(key[self.order], np.arange(size + 1))

    def entries(self, keys: Ints) -> Ints:
        counts = self.starts[keys + 1] - self.starts[keys]
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        found: Ints = self.order[np.repeat(self.starts[keys], counts) + offsets]
        return found


def _compact(key: Ints) -> tuple[Ints, int]:
    values, compact = np.unique(key, return_inverse=True)
    return compact, len(values)
