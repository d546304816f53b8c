"""Supply against demand: what schools lack and what partners could still give, in slots, under any heading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.district import District
from matching.facts import Facts, facts_of, positions
from matching.landscape.town import Town, town_of
from matching.policy import Policy
from matching.standing import running_matches
from matching.values import parse_grades
from matching.vocabulary import KINDS, MENTORING

Index = NDArray[np.int64]
Bools = NDArray[np.bool_]
Areas = tuple[Mapping[str, str], Mapping[str, str]]
"""The key of the focus area of each need and of each offer by id, "" for none; whoever is missing has none."""

BANDS = ("PK-2", "3-5", "6-8", "9-12")
"""Grades that go together; what there is of grade 13 counts with the last."""
_GRADES = 16
_BAND_OF_GRADE = np.array([0] * 5 + [1] * 3 + [2] * 3 + [3] * 5)


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands against what under one heading, in slots.

    Parameters
    ----------
    filled, open
        What schools ask for, and somebody gives or nobody does.
    free
        What partners offer beyond what they give. Slots that could go under several headings are shared out evenly
        over these, so that headings add up.
    """

    filled: int
    open: int
    free: int

    @property
    def needed(self) -> int:
        """Slots that schools ask for."""
        return self.filled + self.open

    @property
    def offered(self) -> int:
        """Slots that are given here or free for it."""
        return self.filled + self.free

    @property
    def gap(self) -> int:
        """Open slots beyond the free ones; below 0, free slots beyond the open ones."""
        return self.open - self.free


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A district on a date with what runs in it or what a plan would have run.

    Parameters
    ----------
    needs
        A row a need with slots: need_id, school_id, school and row (its place in the table), kind, area, town, slots,
        filled, open.
    offers
        A row an offer: offer_id, partner_id, area, town, used, free; of free, no more than ``free_mentoring`` can go
        to mentoring.
    links
        A row a match: need_id, offer_id, school_id, partner_id, kind, area (the need's, else the offer's), slots.
    cells
        filled, open and free slots of each area, kind, band of grades and town that has any.
    """

    district: District
    policy: Policy
    on: date
    areas: Areas
    facts: Facts
    town: Town
    needs: pd.DataFrame
    offers: pd.DataFrame
    links: pd.DataFrame
    cells: pd.DataFrame


def ground_of(
    district: District,
    policy: Policy,
    on: date,
    areas: Areas,
    plan: pd.DataFrame | None = None,
    earlier: Ground | None = None,
) -> Ground:
    """Return what stands against what in a district.

    Parameters
    ----------
    plan
        Matches (need_id, offer_id, slots) in the place of those that run; of needs and offers that are no more, none
        counts.
    earlier
        That of the same district, policy and date, with other matches.
    """
    facts = earlier.facts if earlier else facts_of(district, policy.rules, on)
    town = earlier.town if earlier else town_of(district.schools, district.partners)
    if plan is None:
        running = running_matches(district, policy, on)
        plan = running[running["cause"] == ""]
    need = positions(plan["need_id"], district.needs["need_id"])
    offer = positions(plan["offer_id"], district.offers["offer_id"])
    is_here = (need >= 0) & (offer >= 0) & (plan["slots"].to_numpy() > 0)
    need, offer, slots = need[is_here], offer[is_here], plan["slots"].to_numpy(np.int64)[is_here]
    needs = _needs(district, facts, town, areas, _sums(need, slots, facts.num_needs))
    mentored = slots * (facts.needs.kind[need] == MENTORING)
    held = _sums(offer, slots, facts.num_offers), _sums(offer, mentored, facts.num_offers)
    offers = _offers(district, facts, town, areas, held)
    links = _links(district, needs, offers, need, offer, slots)
    needs = needs[needs["slots"] > 0].reset_index(drop=True)
    cells = pd.concat([_asked(needs, facts), _free(offers, facts, _grades_here(district))])
    cells = cells.groupby(["area", "kind", "band", "town"], as_index=False).sum()
    return Ground(district, policy, on, areas, facts, town, needs, offers, links, cells)


def balances(cells: pd.DataFrame, *by: str) -> dict[tuple[str | int, ...], Balance]:
    """Return the balance under each heading: a value of one column of the cells, or of several together."""
    sums = cells.groupby(list(by))[["filled", "open", "free"]].sum()
    keys = sums.index if len(by) > 1 else [(key,) for key in sums.index]
    rows = zip(keys, sums.to_numpy().tolist(), strict=True)
    return {tuple(key): Balance(*row) for key, row in rows if any(row)}


def cells_at(ground: Ground, school_id: str) -> pd.DataFrame:
    """Return the cells of what one school asks for; nothing is free there."""
    own = ground.needs[ground.needs["school_id"] == school_id]
    return _asked(own, ground.facts)


def free_offers(ground: Ground, area: str | None = None, kind: str = "") -> pd.DataFrame:
    """Return the offers with free slots, those with most first: offer_id, partner_id, partner, focus, area, town, free.

    Parameters
    ----------
    area, kind
        Of these alone; None and "" are all.
    """
    district = ground.district
    names = dict(zip(district.partners["partner_id"], district.partners["name"], strict=True))
    free = ground.offers["free_mentoring" if kind == KINDS[MENTORING] else "free"]
    table = ground.offers[["offer_id", "partner_id", "area", "town"]].assign(
        partner=ground.offers["partner_id"].map(names), focus=district.offers["focus"], free=free
    )
    is_asked = table["free"] > 0
    if area is not None:
        is_asked &= table["area"] == area
    if kind:
        is_asked &= _is_open_to(ground.facts, KINDS.index(kind))
    return table[is_asked].sort_values(["free", "offer_id"], ascending=[False, True])


def total(cells: pd.DataFrame) -> Balance:
    """Return the balance of all there is."""
    return Balance(*(int(cells[name].sum()) for name in ("filled", "open", "free")))


def shared_out(slots: Index, member: Bools) -> Index:
    """Return slots shared out evenly over the members of each row, what is left over in between.

    Parameters
    ----------
    slots, member
        Of shapes ``(num_rows,)`` and ``(num_rows, num_members)``; slots of a row without members go nowhere.
    """
    size, rank = member.sum(axis=1), member.cumsum(axis=1)
    parts, half = np.maximum(size, 1)[:, np.newaxis], (size // 2)[:, np.newaxis]
    upper = (rank * slots[:, np.newaxis] + half) // parts
    lower = ((rank - 1) * slots[:, np.newaxis] + half) // parts
    return np.where(member, upper - lower, 0).astype(np.int64)


def most_free(offers: pd.DataFrame, facts: Facts) -> dict[str, int]:
    """Return for each kind the free slots of all offers that could give it, wherever else they could go."""
    counts = {
        kind: int((_is_open_to(facts, number) * offers["free"].to_numpy()).sum())
        for number, kind in enumerate(KINDS)
        if number != MENTORING
    }
    mentoring = int((_is_open_to(facts, MENTORING) * offers["free_mentoring"].to_numpy()).sum())
    return {KINDS[MENTORING]: mentoring, **counts}


def _needs(district: District, facts: Facts, town: Town, areas: Areas, ran: Index) -> pd.DataFrame:
    needs, slots = district.needs, facts.needs.slots
    filled = np.minimum(ran, slots)
    return pd.DataFrame(
        {
            "need_id": needs["need_id"],
            "school_id": needs["school_id"],
            "school": facts.needs.school,
            "row": np.arange(len(needs)),
            "kind": needs["kind"],
            "area": _named(areas[0], needs["need_id"]),
            "town": town.of_schools[facts.needs.school],
            "slots": slots,
            "filled": filled,
            "open": slots - filled,
        }
    )


def _offers(
    district: District, facts: Facts, town: Town, areas: Areas, held: tuple[Index, Index]
) -> pd.DataFrame:
    given, mentored = held
    of = facts.offers
    left = np.where(of.is_agreed, np.maximum(of.slots - given, 0), 0)
    trained = np.where(of.is_cleared, np.maximum(of.trained - mentored, 0), 0)
    mentoring = np.minimum(left, trained) * (of.kinds >> MENTORING & 1)
    # Who is not trained and gives nothing but mentoring has nothing free.
    free = np.where(of.kinds == 1 << MENTORING, mentoring, left)
    return pd.DataFrame(
        {
            "offer_id": district.offers["offer_id"],
            "partner_id": district.offers["partner_id"],
            "area": _named(areas[1], district.offers["offer_id"]),
            "town": town.of_partners[of.partner],
            "used": given,
            "free": free,
            "free_mentoring": mentoring,
        }
    )


def _links(
    district: District, needs: pd.DataFrame, offers: pd.DataFrame, need: Index, offer: Index, slots: Index
) -> pd.DataFrame:
    area = needs["area"].to_numpy(object)[need]
    return pd.DataFrame(
        {
            "need_id": needs["need_id"].to_numpy(object)[need],
            "offer_id": offers["offer_id"].to_numpy(object)[offer],
            "school_id": needs["school_id"].to_numpy(object)[need],
            "partner_id": offers["partner_id"].to_numpy(object)[offer],
            "kind": needs["kind"].to_numpy(object)[need],
            "area": np.where(area == "", offers["area"].to_numpy(object)[offer], area),
            "slots": slots,
        }
    )


def _asked(needs: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Return the cells of what is asked for: a need of several grades shared out over these."""
    grades = _bits(facts.needs.grades[needs["row"].to_numpy()])
    parts = [_by_band(shared_out(needs[name].to_numpy(np.int64), grades)) for name in ("filled", "open")]
    return _long(needs[["area", "kind", "town"]], filled=parts[0], open=parts[1])


def _free(offers: pd.DataFrame, facts: Facts, here: int) -> pd.DataFrame:
    """Return the cells of what is free: an offer of several kinds and grades shared out over these."""
    of, free = facts.offers, offers["free"].to_numpy(np.int64)
    kinds = np.stack([_is_open_to(facts, number) for number in range(len(KINDS))], axis=1)
    kinds[:, MENTORING] &= offers["free_mentoring"].to_numpy() > 0
    by_kind = shared_out(free, kinds)
    by_kind[:, MENTORING] = np.minimum(by_kind[:, MENTORING], offers["free_mentoring"].to_numpy())
    others = np.arange(len(KINDS)) != MENTORING
    by_kind[:, others] = shared_out(free - by_kind[:, MENTORING], kinds[:, others])
    grades = _bits(np.where(of.grades & here, of.grades & here, of.grades))
    return pd.concat(
        [
            _long(
                offers[["area", "town"]].assign(kind=kind),
                free=_by_band(shared_out(by_kind[:, number], grades)),
            )
            for number, kind in enumerate(KINDS)
        ]
    )


def _long(headings: pd.DataFrame, **slots: Index) -> pd.DataFrame:
    """Return a row a heading and band of grades, with all three numbers of slots."""
    size = len(headings)
    table = headings.iloc[np.repeat(np.arange(size), len(BANDS))].assign(band=np.tile(BANDS, size))
    nothing = np.zeros((size, len(BANDS)), np.int64)
    counts = {name: slots.get(name, nothing).ravel() for name in ("filled", "open", "free")}
    is_any = np.any(list(counts.values()), axis=0)
    return table.assign(**counts).loc[is_any]


def _is_open_to(facts: Facts, kind: int) -> Bools:
    is_open: Bools = (facts.offers.kinds >> kind & 1) == 1
    return is_open


def _bits(grades: NDArray[np.uint32]) -> Bools:
    bits: Bools = (grades[:, np.newaxis] >> np.arange(_GRADES, dtype=np.uint32) & 1) == 1
    return bits


def _by_band(by_grade: Index) -> Index:
    return np.stack([by_grade[:, band == _BAND_OF_GRADE].sum(axis=1) for band in range(len(BANDS))], axis=1)


def _grades_here(district: District) -> int:
    """Return the grades that the district's schools have: an offer for all grades is for these."""
    bits = 0
    for cell in set(district.schools["grades"]):
        bits |= parse_grades(cell)
    return bits


def _named(areas: Mapping[str, str], ids: pd.Series) -> Sequence[str]:
    return [areas.get(name, "") for name in ids.tolist()]


def _sums(owner: Index, slots: Index, size: int) -> Index:
    return np.bincount(owner, weights=slots, minlength=size).astype(np.int64)
