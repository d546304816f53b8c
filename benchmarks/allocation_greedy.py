"""What a careful person does with a spreadsheet: the earliest level first, then the best fit, fill what fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer import NO_LIMIT, Problem


def greedy(problem: Problem) -> NDArray[np.int64]:
    """Return the slots of each pair, taken in order of level and fit as long as every rule allows."""
    need_left, offer_left = problem.need_slots.tolist(), problem.offer_slots.tolist()
    partners_of_need: list[set[int]] = [set() for _ in need_left]
    schools_of_partner: dict[int, set[int]] = {}
    most_partners = _limits(problem.need_max_partners, problem.num_needs)
    most_schools = _limits(problem.partner_max_schools, problem.num_partners)
    least = [1] * problem.num_offers if problem.offer_min_slots is None else problem.offer_min_slots.tolist()
    slots = np.zeros(problem.num_pairs, np.int64)
    for pair in np.lexsort((-problem.pair_fit, problem.need_level[problem.pair_need])).tolist():
        need, offer = int(problem.pair_need[pair]), int(problem.pair_offer[pair])
        partner, school = int(problem.offer_partner[offer]), int(problem.need_school[need])
        given = min(need_left[need], offer_left[offer])
        partners, schools = (
            partners_of_need[need] | {partner},
            schools_of_partner.get(partner, set()) | {school},
        )
        allowed = len(partners) <= most_partners[need] and len(schools) <= most_schools[partner]
        if given >= max(min(least[offer], int(problem.need_slots[need])), 1) and allowed:
            slots[pair] = given
            need_left[need] -= given
            offer_left[offer] -= given
            partners_of_need[need], schools_of_partner[partner] = partners, schools
    return slots


def _limits(limits: NDArray[np.int64] | None, size: int) -> list[int]:
    return [NO_LIMIT] * size if limits is None else limits.tolist()
