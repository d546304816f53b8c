"""The matches of a plan as a reader sees them: with names instead of ids, school by school, mentoring first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from matching.district import District
from matching.vocabulary import KINDS, MENTORING
from service.api.access import Context
from service.overviews import Standing
from service.people.reach import sees_contacts
from service.runs.proposals import ENDED
from service.runs.records import AnyRow
from service.storage.tables import DISTRICT_TABLES

Cells = Mapping[str, Any]  # Any: cells of several types
_LAST: Final = "other-5"
_CONTACT: Final = ("contact_name", "contact_phone", "contact_email")


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """The names of a district's things by their ids; what is gone is told by its id."""

    schools: Mapping[str, str]
    partners: Mapping[str, str]
    needs: Mapping[str, Cells]
    offers: Mapping[str, Cells]

    def match(self, need_id: str, offer_id: str) -> dict[str, Any]:  # Any: likewise
        """Return what is told of a need and an offer: school, statement, kind, level, partner and focus."""
        need, offer = self.needs.get(need_id, {}), self.offers.get(offer_id, {})
        school, partner = need.get("school_id", ""), offer.get("partner_id", "")
        return {
            "need_id": need_id,
            "offer_id": offer_id,
            "school_id": school,
            "school": self.schools.get(school, school),
            "statement": need.get("statement", need_id),
            "kind": need.get("kind", KINDS[-1]),
            "priority": need.get("priority"),
            "level": need.get("level", _LAST),
            "partner_id": partner,
            "partner": self.partners.get(partner, partner or offer_id),
            "focus": offer.get("focus", offer_id),
        }


def names_of(standing: Standing) -> Names:
    """Return the names of a district as it stands."""
    district, open_now = standing.loaded.district, standing.overview.needs
    told = dict(
        zip(
            open_now["need_id"],
            open_now[["priority", "level"]].to_dict("records"),
            strict=True,
        )
    )
    needs = _by_id(district, "needs", "need_id", ("school_id", "statement", "kind", "slots"))
    return Names(
        dict(zip(district.schools["school_id"], district.schools["name"], strict=True)),
        dict(zip(district.partners["partner_id"], district.partners["name"], strict=True)),
        {key: {**need, **told.get(key, {})} for key, need in needs.items()},
        _by_id(district, "offers", "offer_id", ("partner_id", "focus", "kinds", "slots")),
    )


def contacts_of(given: Context, side: str, ids: Sequence[str]) -> dict[str, str]:
    """Return whom to call at schools or partners, and how, where whoever asks may see that.

    Parameters
    ----------
    side
        ``school`` or ``partner``.
    """
    table = DISTRICT_TABLES[f"{side}s"]
    key = table.c[f"{side}_id"]
    query = select(key, *(table.c[name] for name in _CONTACT)).where(
        table.c.district_id == given.district_id, key.in_(ids), sees_contacts(given.place, f"{side}s")
    )
    return {row[0]: ", ".join(filter(None, row[1:])) for row in given.connection.execute(query)}


def named(rows: Iterable[AnyRow], names: Names) -> list[dict[str, Any]]:  # Any: likewise
    """Return matches of a plan with their names: by school, in it mentoring first, then by priority and fit."""
    shown = [{**row._mapping, **names.match(row.need_id, row.offer_id)} for row in rows]
    for match in shown:
        match["is_ending"] = match["planned"] == 0 and not match["is_by_hand"]
        # That it ends is told with its slots.
        match["reason"] = "" if match["reason"] == ENDED else match["reason"]
    return sorted(shown, key=_place)


def _place(match: Cells) -> tuple[str, str, bool, int, float, int]:
    is_other = match["kind"] != KINDS[MENTORING]
    return (
        match["school"],
        match["school_id"],
        is_other,
        match["priority"] or 0,
        -match["fit"],
        match["number"],
    )


def _by_id(
    district: District, table: str, key: str, columns: tuple[str, ...]
) -> dict[str, dict[str, Any]]:  # Any: likewise
    rows = district.tables[table]
    cells = (rows[name].tolist() for name in columns)
    return {
        row_id: dict(zip(columns, row, strict=True))
        for row_id, row in zip(rows[key], zip(*cells, strict=True), strict=True)
    }
