"""Who is near a school and free: offers with free slots that break no rule with what it lacks."""

from dataclasses import dataclass

import numpy as np

from matching.landscape.supply import Ground
from matching.rules import distance_km, eligible_pairs
from matching.vocabulary import KINDS, MENTORING


@dataclass(frozen=True, slots=True)
class Nearby:
    """An offer that could come to a school.

    Parameters
    ----------
    kinds
        Of what the school lacks, those that it gives.
    area
        The key of its focus area, "" for none; ``is_asked`` where an open need that it could serve is about that too.
    free
        Slots that it could give here.
    km
        The way, None where a place is not known.
    """

    offer_id: str
    partner_id: str
    partner: str
    focus: str
    kinds: tuple[str, ...]
    area: str
    is_asked: bool
    free: int
    km: float | None


def near_and_free(ground: Ground, school_id: str, most: int) -> list[Nearby]:
    """Return the offers that could come to a school, those about what it lacks first, of these the nearest.

    What they are about is no rule: of the others, one may suit by its text all the same.
    """
    needs, facts, offers = ground.needs, ground.facts, ground.offers
    lacking = needs[(needs["school_id"] == school_id) & (needs["open"] > 0)]
    rows, free = lacking["row"].to_numpy(np.int64), offers["free"].to_numpy(np.int64)
    candidates = np.flatnonzero(free > 0)
    among = np.ones((len(rows), len(candidates)), np.bool_)
    need, offer = eligible_pairs(facts, rows, candidates, among, ground.policy.rules)
    for_mentoring = facts.needs.kind[need] == MENTORING
    slots = np.where(for_mentoring, offers["free_mentoring"].to_numpy()[offer], free[offer])
    need, offer, slots = need[slots > 0], offer[slots > 0], slots[slots > 0]
    km = distance_km(facts, need, offer)
    asked = dict(zip(lacking["row"], lacking["area"], strict=True))
    names = ground.district.partners.set_index("partner_id")["name"]
    found = []
    for row in np.unique(offer).tolist():
        own = offer == row
        mine = offers.iloc[row]
        way = float(km[own][0])
        found.append(
            Nearby(
                offer_id=mine["offer_id"],
                partner_id=mine["partner_id"],
                partner=names[mine["partner_id"]],
                focus=ground.district.offers["focus"].iloc[row],
                kinds=tuple(KINDS[kind] for kind in np.unique(facts.needs.kind[need[own]]).tolist()),
                area=mine["area"],
                is_asked=bool(mine["area"]) and mine["area"] in {asked[one] for one in need[own].tolist()},
                free=int(slots[own].max()),
                km=None if np.isnan(way) else way,
            )
        )
    return sorted(found, key=_order)[:most]


def _order(one: Nearby) -> tuple[bool, float, int, str]:
    return not one.is_asked, np.inf if one.km is None else one.km, -one.free, one.offer_id
