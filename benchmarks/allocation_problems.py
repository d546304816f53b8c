"""Generated allocation problems: grades and places, twenty candidates a need, less capacity than demand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from optimizer import Problem

Ints = NDArray[np.int64]

CANDIDATES = 20
DEMAND_OVER_CAPACITY = 1.2
GRADES = 6
LEVEL_SHARES = (0.06, 0.08, 0.12, 0.08, 0.06, 0.10, 0.15, 0.20, 0.10, 0.05)


def generate(num_needs: int, seed: int, *, group_rules: bool) -> Problem:
    """Return a problem of as many offers as needs, each need with its nearest offers of a like grade.

    Five needs a school, seven partners for ten offers, 2 to 20 slots a need. With ``group_rules`` a need has
    at most 3 partners, a partner at most 3 schools, and a match at least 2 slots.
    """
    rng = np.random.default_rng(seed)
    num_schools, num_partners = max(num_needs // 5, 1), max(num_needs * 7 // 10, 1)
    school, partner = rng.integers(0, num_schools, num_needs), rng.integers(0, num_partners, num_needs)
    partner[:num_partners] = np.arange(num_partners)
    school_place, partner_place = rng.random((num_schools, 2)), rng.random((num_partners, 2))
    need_slots = rng.integers(2, 21, num_needs)
    need_grade, offer_grade = rng.integers(0, GRADES, (2, num_needs))
    pair_need, pair_offer = _nearest(
        need_grade,
        offer_grade,
        school_place[school] + rng.normal(0, 0.02, (num_needs, 2)),
        partner_place[partner],
    )
    distance = np.linalg.norm(school_place[school[pair_need]] - partner_place[partner[pair_offer]], axis=1)
    fit = 1e6 * (0.4 * np.exp(-3 * distance) + 0.6 * rng.random(len(pair_need)))
    return Problem(
        need_slots=need_slots,
        need_level=rng.choice(len(LEVEL_SHARES), num_needs, p=LEVEL_SHARES),
        need_school=school,
        offer_slots=_capacity(rng.integers(2, 21, num_needs), int(need_slots.sum())),
        offer_partner=partner,
        pair_need=pair_need,
        pair_offer=pair_offer,
        pair_fit=fit.astype(np.int64),
        offer_min_slots=np.full(num_needs, 2) if group_rules else None,
        need_max_partners=np.full(num_needs, 3) if group_rules else None,
        partner_max_schools=np.full(num_partners, 3) if group_rules else None,
    )


def _capacity(weight: Ints, demand: int) -> Ints:
    share = weight * (demand / DEMAND_OVER_CAPACITY / weight.sum())
    capacity: Ints = np.maximum(np.round(share), 2).astype(np.int64)
    return capacity


def _nearest(
    need_grade: Ints, offer_grade: Ints, need_place: NDArray[np.float64], offer_place: NDArray[np.float64]
) -> tuple[Ints, Ints]:
    """Return each need with its nearest offers of the same grade or the next ones."""
    needs, offers = [], []
    for grade in range(GRADES):
        near = np.flatnonzero(np.abs(offer_grade - grade) <= 1)
        asked = np.flatnonzero(need_grade == grade)
        count = min(CANDIDATES, len(near))
        if len(asked) and count:
            _, found = cKDTree(offer_place[near]).query(need_place[asked], k=np.arange(1, count + 1))
            needs.append(np.repeat(asked, count))
            offers.append(near[found].ravel())
    need, offer = np.concatenate(needs), np.concatenate(offers)
    order = np.lexsort((offer, need))
    return need[order], offer[order]
