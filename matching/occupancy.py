"""What running partnerships hold, and which group rules that leaves in the way of a further match."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from matching.district import District
from matching.facts import NO_LIMIT, Facts, contains, pair_key, positions
from matching.vocabulary import MENTORING, Rule

Index = NDArray[np.int64]
Bools = NDArray[np.bool_]

RUNNING = ("active", "paused")


class Occupancy:
    """The slots, partners and schools that active and paused partnerships take up."""

    def __init__(self, district: District, facts: Facts):
        rows = district.partnerships
        rows = rows[rows["status"].isin(RUNNING)]
        need = positions(rows["need_id"], district.needs["need_id"])
        offer = positions(rows["offer_id"], district.offers["offer_id"])
        slots = rows["slots"].to_numpy(np.int64)
        mentored = slots * (facts.needs.kind[need] == MENTORING)
        self._open = facts.needs.slots - _sums(need, slots, facts.num_needs)
        self._free = facts.offers.slots - _sums(offer, slots, facts.num_offers)
        self._free_trained = facts.offers.trained - _sums(offer, mentored, facts.num_offers)
        self._pairs, row = np.unique(pair_key(need, offer, facts.num_offers), return_inverse=True)
        self._slots_of_pair = _sums(row, slots, len(self._pairs))
        partner, school = facts.offers.partner[offer], facts.needs.school[need]
        self._need_partners = np.unique(pair_key(need, partner, facts.num_partners))
        self._school_partners = np.unique(pair_key(school, partner, facts.num_partners))
        by_need, _ = np.divmod(self._need_partners, max(facts.num_partners, 1))
        by_school, by_partner = np.divmod(self._school_partners, max(facts.num_partners, 1))
        self._partners_of_need = np.bincount(by_need, minlength=facts.num_needs)
        self._partners_of_school = np.bincount(by_school, minlength=facts.num_schools)
        self._schools_of_partner = np.bincount(by_partner, minlength=facts.num_partners)

    def open_slots(self, need: Index) -> Index:
        """Return the slots of each need that no running partnership fills."""
        left: Index = np.maximum(self._open[need], 0)
        return left

    def left(self, offer: Index) -> Index:
        """Return the slots of each offer that no running partnership holds, of whatever kind."""
        left: Index = np.maximum(self._free[offer], 0)
        return left

    def free_slots(self, facts: Facts, need: Index, offer: Index) -> Index:
        """Return the slots of each offer that no running partnership holds; for mentoring, the trained ones of them."""
        trained = np.where(facts.needs.kind[need] == MENTORING, self._free_trained[offer], NO_LIMIT)
        left: Index = np.maximum(np.minimum(self._free[offer], trained), 0)
        return left

    def slots_here(self, facts: Facts, need: Index, offer: Index) -> Index:
        """Return the slots that each pair's own running partnership holds."""
        key = pair_key(need, offer, facts.num_offers)
        held = np.zeros(len(key), np.int64)
        runs = contains(self._pairs, key)
        held[runs] = self._slots_of_pair[np.searchsorted(self._pairs, key[runs])]
        return held

    def blocks(self, facts: Facts, need: Index, offer: Index) -> Mapping[Rule, Bools]:
        """Return for each group rule which pairs cannot get one more slot now, as they stand alone.

        Two pairs that are free may still not both come: that is for a match to decide.
        """
        needs, offers = facts.needs, facts.offers
        partner, school = offers.partner[offer], needs.school[need]
        is_new_to_need = ~contains(self._need_partners, pair_key(need, partner, facts.num_partners))
        is_new_to_school = ~contains(self._school_partners, pair_key(school, partner, facts.num_partners))
        room_at_need = needs.max_partners[need] - self._partners_of_need[need] - is_new_to_need
        is_school_full = self._partners_of_school[school] >= facts.school_max_partners[school]
        is_partner_full = self._schools_of_partner[partner] >= facts.partner_max_schools[partner]
        has_slots, free, left = self._free[offer] > 0, self.free_slots(facts, need, offer), self._open[need]
        more = np.minimum(free, left)
        is_too_small = self.slots_here(facts, need, offer) + more < _least(facts, need, offer)
        is_short = needs.slots[need] - left + more < needs.min_slots[need]
        could_come = more > 0
        return {
            Rule.CAPACITY: ~has_slots,
            Rule.TRAINED_CAPACITY: has_slots & (free == 0),
            Rule.NEED_SLOTS: left <= 0,
            Rule.MIN_MATCH: could_come & is_too_small,
            Rule.MIN_NEED: could_come & is_short & (room_at_need == 0),
            Rule.MAX_PARTNERS: (is_new_to_need & (room_at_need < 0)) | (is_new_to_school & is_school_full),
            Rule.MAX_SCHOOLS: is_new_to_school & is_partner_full,
        }


def _least(facts: Facts, need: Index, offer: Index) -> Index:
    """Return the least slots that are worth a match (``Rule.MIN_MATCH``)."""
    least = np.minimum(
        facts.offers.min_slots[offer], np.minimum(facts.needs.slots[need], facts.offers.slots[offer])
    )
    is_mentoring = facts.needs.kind[need] == MENTORING
    smallest: Index = np.where(is_mentoring, np.minimum(least, facts.offers.trained[offer]), least)
    return smallest


def _sums(index: Index, values: Index, size: int) -> Index:
    sums = np.zeros(size, np.int64)
    np.add.at(sums, index, values)
    return sums
