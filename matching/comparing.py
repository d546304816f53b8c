"""Two plans side by side: which matches they share, who wins and loses slots, and where lost slots have gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from matching.district import District

PAIR: Final = ["need_id", "offer_id"]


@dataclass(frozen=True, slots=True)
class Taken:
    """Slots that an offer gives to another need in the other plan."""

    need_id: str
    slots: int


@dataclass(frozen=True, slots=True)
class MatchChange:
    """A match in two plans, slots 0 where it is not in one.

    Parameters
    ----------
    gone_to
        Of a match that shrinks, the needs where its offer gives more in the second plan, most slots first.
    """

    need_id: str
    offer_id: str
    before: int
    after: int
    gone_to: tuple[Taken, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two plans.

    Parameters
    ----------
    changes
        Matches that are not the same in both, by need and offer.
    num_same
        Matches that are.
    by_need
        Slots of each need in both, where they differ.
    """

    changes: tuple[MatchChange, ...]
    num_same: int
    by_need: Mapping[str, tuple[int, int]]

    @property
    def num_only_before(self) -> int:
        """Matches that the second plan does not have."""
        return sum(not change.after for change in self.changes)

    @property
    def num_only_after(self) -> int:
        """Matches that the first plan does not have."""
        return sum(not change.before for change in self.changes)

    @property
    def num_resized(self) -> int:
        """Matches of both with other slots."""
        return len(self.changes) - self.num_only_before - self.num_only_after


def compare_plans(before: pd.DataFrame, after: pd.DataFrame) -> Comparison:
    """Return what differs between two plans.

    Parameters
    ----------
    before, after
        A row a match: need_id, offer_id, slots.
    """
    sides = (plan.groupby(PAIR, sort=True)["slots"].sum() for plan in (before, after))
    table = pd.concat(sides, axis=1, keys=["before", "after"]).fillna(0).astype("int64").sort_index()
    differs = table["before"] != table["after"]
    gains: dict[str, list[Taken]] = {}
    rows = [
        (str(need), str(offer), int(was), int(now))
        for (need, offer), was, now in table[differs].itertuples(name=None)
    ]
    for need, offer, was, now in rows:
        if now > was:
            gains.setdefault(offer, []).append(Taken(need, now - was))
    for taken in gains.values():
        taken.sort(key=lambda one: (-one.slots, one.need_id))
    changes = tuple(
        MatchChange(need, offer, was, now, tuple(gains.get(offer, ())) if now < was else ())
        for need, offer, was, now in rows
    )
    of_needs = table.groupby(level="need_id").sum()
    of_needs = of_needs[of_needs["before"] != of_needs["after"]]
    by_need = {str(need): (int(was), int(now)) for need, was, now in of_needs.itertuples(name=None)}
    return Comparison(changes, len(table) - len(rows), by_need)


def slots_by_school(district: District, by_need: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Return the sums of slots by school; needs that the district no longer has are left out."""
    school_of = dict(zip(district.needs["need_id"], district.needs["school_id"], strict=True))
    sums: dict[str, tuple[int, int]] = {}
    for need, (was, now) in by_need.items():
        if need in school_of:
            before, after = sums.get(school_of[need], (0, 0))
            sums[school_of[need]] = before + was, after + now
    return sums
