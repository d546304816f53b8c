"""Who works with whom: partners that do the same at one school, or little at many, and how the links are spread."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from matching.landscape.supply import Ground
from matching.landscape.town import NOWHERE
from matching.schemas import PARTNER_KINDS

SEVERAL = 3
"""So many partners that do the same at one school are an overlap, so many schools are many for one partner."""
FEW_SLOTS = 3
"""A partner that gives no more slots a school, on the mean, is spread thin over many."""


@dataclass(frozen=True, slots=True)
class Party:
    """A partner with the slots that it gives."""

    partner_id: str
    name: str
    slots: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Partners that do the same at one school, and where else that lacks most.

    Parameters
    ----------
    kind, area
        What they do; ``area`` is a key.
    parties
        Those who give most first.
    elsewhere_id, elsewhere, open_elsewhere
        The other school with the most open slots of the same, "" and 0 where there is none.
    """

    school_id: str
    school: str
    kind: str
    area: str
    parties: tuple[Party, ...]
    elsewhere_id: str
    elsewhere: str
    open_elsewhere: int

    @property
    def slots(self) -> int:
        """Slots that they give there together."""
        return sum(party.slots for party in self.parties)


@dataclass(frozen=True, slots=True)
class Spread:
    """A partner at many schools with little at each."""

    partner_id: str
    name: str
    num_schools: int
    slots: int


@dataclass(frozen=True, slots=True)
class Tie:
    """What partners of a kind give in an area of town, `NOWHERE` for schools without a place."""

    kind: str
    town: int
    num_partners: int
    slots: int


def overlaps(ground: Ground) -> list[Overlap]:
    """Return where at least `SEVERAL` partners do the same at one school, those with the most partners first."""
    links = ground.links[ground.links["area"] != ""]
    schools, partners = _names(ground, "school"), _names(ground, "partner")
    open_needs = ground.needs[ground.needs["open"] > 0]
    lacks = open_needs.groupby(["kind", "area", "school_id"])["open"].sum()
    counts = links.groupby(["school_id", "kind", "area"])["partner_id"].nunique()
    found = []
    for school_id, kind, area in counts[counts >= SEVERAL].index.tolist():
        is_same = (links["school_id"] == school_id) & (links["kind"] == kind) & (links["area"] == area)
        given = links[is_same].groupby("partner_id")["slots"].sum()
        parties = [
            Party(key, partners[key], slots)
            for key, slots in zip(given.index.tolist(), given.tolist(), strict=True)
        ]
        elsewhere, count = _most_elsewhere(lacks, kind, area, school_id)
        found.append(
            Overlap(
                school_id=school_id,
                school=schools[school_id],
                kind=kind,
                area=area,
                parties=tuple(sorted(parties, key=lambda party: (-party.slots, party.partner_id))),
                elsewhere_id=elsewhere,
                elsewhere=schools.get(elsewhere, ""),
                open_elsewhere=count,
            )
        )
    return sorted(found, key=lambda one: (-len(one.parties), -one.slots, one.school_id, one.kind, one.area))


def spread_thin(ground: Ground) -> list[Spread]:
    """Return the partners at `SEVERAL` schools or more with few slots at each, those at the most schools first."""
    sums = ground.links.groupby("partner_id").agg(schools=("school_id", "nunique"), slots=("slots", "sum"))
    names = _names(ground, "partner")
    thin = sums[(sums["schools"] >= SEVERAL) & (sums["slots"] <= FEW_SLOTS * sums["schools"])]
    found = [
        Spread(key, names[key], *row) for key, row in zip(thin.index, thin.to_numpy().tolist(), strict=True)
    ]
    return sorted(found, key=lambda one: (-one.num_schools, one.slots, one.partner_id))


def counted_by(ground: Ground, side: str) -> list[int]:
    """Return how many schools have 0, 1, 2 ... partners, or for the side ``partner`` how many partners so many schools.

    Raises
    ------
    ValueError
        Where the side is neither ``school`` nor ``partner``.
    """
    if side not in ("school", "partner"):
        raise ValueError(f"Side {side}: expected school or partner.")
    other = "partner" if side == "school" else "school"
    linked = ground.links.groupby(f"{side}_id")[f"{other}_id"].nunique()
    table = ground.district.schools if side == "school" else ground.district.partners
    counts: list[int] = np.bincount(linked, minlength=1).tolist()
    counts[0] = len(table) - len(linked)
    return counts


def ties(ground: Ground) -> list[Tie]:
    """Return what partners of each kind give in each area of town, in the order of the kinds and areas."""
    links = ground.links
    schools, partners = ground.district.schools, ground.district.partners
    town = pd.Series(ground.town.of_schools, schools["school_id"].to_numpy())
    kinds = partners.set_index("partner_id")["kind"]
    table = links.assign(
        town=links["school_id"].map(town).to_numpy(), by=links["partner_id"].map(kinds).to_numpy()
    )
    sums = table.groupby(["by", "town"]).agg(partners=("partner_id", "nunique"), slots=("slots", "sum"))
    rows = zip(sums.index, sums.to_numpy().tolist(), strict=True)
    found = [Tie(kind, place, *counts) for (kind, place), counts in rows]
    return sorted(found, key=lambda tie: (PARTNER_KINDS.index(tie.kind), tie.town == NOWHERE, tie.town))


def _most_elsewhere(lacks: pd.Series, kind: str, area: str, school_id: str) -> tuple[str, int]:
    """Return the other school that lacks most of a kind in an area, and its open slots."""
    if (kind, area) not in lacks.index:
        return "", 0
    there = lacks.loc[kind, area]
    others: Sequence[tuple[int, str]] = [
        (-count, name)
        for name, count in zip(there.index.tolist(), there.tolist(), strict=True)
        if name != school_id
    ]
    count, name = min(others, default=(0, ""))
    return name, -count


def _names(ground: Ground, side: str) -> dict[str, str]:
    table = ground.district.schools if side == "school" else ground.district.partners
    return dict(zip(table[f"{side}_id"], table["name"], strict=True))
