"""What an allocation is judged by, and what it may not touch: the level of each need, and the locks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.district import District
from matching.facts import positions
from matching.vocabulary import MENTORING, PRIORITIES

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Locks:
    """Running matches that are to stay: pairs and their slots, ordered by need, then offer."""

    need: Index
    offer: Index
    slots: Index


def locks_of(district: District) -> Locks:
    """Return the locked partnerships that have neither ended nor been declined."""
    rows = district.partnerships
    rows = rows[rows["locked"] & ~rows["status"].isin(["ended", "declined"])]
    need = positions(rows["need_id"], district.needs["need_id"])
    offer = positions(rows["offer_id"], district.offers["offer_id"])
    order = np.lexsort((offer, need))
    return Locks(need[order], offer[order], rows["slots"].to_numpy(np.int64)[order])


def level_of_needs(kind: Index, priority: Index, levels: tuple[str, ...]) -> Index:
    """Return the index of each need's slot level in the policy's order."""
    index_by_name = {name: index for index, name in enumerate(levels)}
    table = np.array([[index_by_name[f"{line}-{p}"] for p in PRIORITIES] for line in ("mentoring", "other")])
    level: Index = table[(kind != MENTORING).astype(np.int64), priority - 1]
    return level
