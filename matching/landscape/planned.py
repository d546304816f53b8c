"""Supply against demand by focus area: what schools ask for, what partners offer, and what the plan makes of both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.areas import focus_areas
from matching.facts import positions
from matching.pipeline import Matching

Index = NDArray[np.int64]
UNCLEAR = "No clear area"


@dataclass(frozen=True, slots=True)
class AreaLandscape:
    """Needs and offers of one area; each counts once, where it most likely belongs.

    Parameters
    ----------
    area
        The area's key, blank for what belongs to none.
    slots_filled
        Slots that its needs get, from offers of whatever area.
    slots_used
        Slots that its offers give, to needs of whatever area.
    """

    area: str
    name: str
    group: str
    num_needs: int
    slots_needed: int
    slots_filled: int
    num_offers: int
    slots_offered: int
    slots_used: int

    @property
    def slots_open(self) -> int:
        """Slots that its needs lack."""
        return self.slots_needed - self.slots_filled


def landscape_of(matching: Matching) -> list[AreaLandscape]:
    """Return the areas that have a need or an offer, those with the most open slots first, no clear area last."""
    needs, offers, matches = matching.district.needs, matching.district.offers, matching.allocation.matches
    of_needs, of_offers = (tags.best() for tags in matching.basis.scorer.texts.tags)
    # Areas are numbered from 0; -1, none, is the last place.
    need_of_match = of_needs[positions(matches["need_id"], needs["need_id"])]
    offer_of_match = of_offers[positions(matches["offer_id"], offers["offer_id"])]
    slots = matches["slots"].to_numpy()
    columns = (
        _summed(of_needs, np.ones(len(needs), np.int64)),
        _summed(of_needs, needs["slots"].to_numpy()),
        _summed(need_of_match, slots),
        _summed(of_offers, np.ones(len(offers), np.int64)),
        _summed(of_offers, offers["slots"].to_numpy()),
        _summed(offer_of_match, slots),
    )
    names = [(area.key, area.title, area.group) for area in focus_areas()] + [("", UNCLEAR, "")]
    rows = [AreaLandscape(*name, *cells) for name, *cells in zip(names, *columns, strict=True)]
    found = [row for row in rows if row.num_needs or row.num_offers]
    return sorted(found, key=lambda row: (row.area == "", -row.slots_open, -row.slots_needed))


def _summed(area: Index, slots: Index) -> Sequence[int]:
    """Return the sum of slots of each area, of none in the last place."""
    num_areas = len(focus_areas())
    place = np.where(area >= 0, area, num_areas)
    sums: list[int] = np.bincount(place, weights=slots, minlength=num_areas + 1).astype(np.int64).tolist()
    return sums
