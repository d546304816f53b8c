"""The cells that rows of HSDS stand for: what its organizations and services say in the words of our tables."""

from __future__ import annotations

import math
from collections import Counter
from enum import StrEnum
from typing import Final

from matching.hsds.ages import grades_of_ages
from matching.hsds.checking import moment_of
from matching.hsds.hours import is_in_utc, weekly_windows
from matching.hsds.languages import language_name
from matching.hsds.specification import Row, Rows
from matching.hsds.vocabulary import TERMS

Cells = dict[str, str]

_FARTHEST_NORTH: Final = 90
_FARTHEST_EAST: Final = 180
_DOLLARS: Final = ("", "usd")


class Remark(StrEnum):
    """What a coordinator should know of how HSDS was read; each is counted."""

    NOT_ACTIVE = "services that are not active: their offers have 0 slots"
    NO_SCHOOL_AGE = "services for no one of school age: their offers have 0 slots"
    ABOVE_MAXIMUM = "services with more available than their maximum: the maximum counts"
    SEVERAL_CAPACITIES = "services with several capacities: the one updated last counts"
    NOT_WEEKLY = "schedules that are no plain weekly hours: kept, but no rule sees them"
    IN_UTC = "schedules with hours in UTC: read as hours of the clock on the wall, so check them"
    OTHER_CURRENCY = (
        "costs in another currency than dollars or without an amount: kept, but no rule sees them"
    )
    SEVERAL_COSTS = "services with several costs: the highest counts"
    NO_SUCH_PLACE = "locations with a latitude or longitude that is not on Earth: kept, but no rule sees them"
    SEVERAL_PLACES = "organizations with several places: the first counts"


Remarks = Counter[Remark]


def organization_cells(rows: Rows, remarks: Remarks) -> Cells:
    """Return the cells of a partner or school: of an organization's own row, its locations, contacts and attributes."""
    own = rows["organizations"][0]
    name, description = text(own, "name"), text(own, "description")
    cells = {"name": name, "description": "" if description == name else description}
    cells |= {"latitude": "", "longitude": "", "languages": _languages(rows, "location_id")}
    if place := placed_location(rows, remarks):
        cells |= {"latitude": text(place, "latitude"), "longitude": text(place, "longitude")}
    return cells | _contact_cells(rows) | _stated(rows, own["id"], ("partners", "schools"))


def service_cells(rows: Rows, remarks: Remarks) -> Cells:
    """Return the cells of an offer: of a service's own row and of its schedules, capacities, languages and costs."""
    own = rows["services"][0]
    grades = grades_of_ages(text(own, "minimum_age"), text(own, "maximum_age"))
    cells = {"focus": _focus(own), "slots": _slots(rows, remarks), "grades": grades or ""}
    if text(own, "status") != "active":
        remarks[Remark.NOT_ACTIVE] += 1
        cells["slots"] = "0"
    elif grades is None:
        remarks[Remark.NO_SCHOOL_AGE] += 1
        cells["slots"] = "0"
    cells["schedule"] = _schedule(rows, remarks)
    cells["languages"] = _languages(rows, "service_id")
    cells["cost_to_school"] = _cost(rows, remarks)
    return cells | _stated(rows, own["id"], ("offers",))


def is_school(rows: Rows) -> bool:
    """Whether an organization is a school of a district that Partnermatch exported."""
    terms = (row.get("taxonomy_term_id", "") for row in rows.get("attributes", []))
    return any(TERMS[term][0] == "schools" for term in terms if term in TERMS)


def placed_location(rows: Rows, remarks: Remarks) -> Row | None:
    """Return the location that is the place of an organization: its own before others, physical before postal."""
    placed, owner = [], rows["organizations"][0]["id"]
    for row in rows.get("locations", []):
        if text(row, "latitude") and text(row, "longitude"):
            if _is_on_earth(row):
                placed.append(row)
            else:
                remarks[Remark.NO_SUCH_PLACE] += 1
    if len({(row["latitude"], row["longitude"]) for row in placed}) > 1:
        remarks[Remark.SEVERAL_PLACES] += 1

    def rank(row: Row) -> tuple[bool, bool]:
        return row.get("organization_id") != owner, text(row, "location_type") != "physical"

    return min(placed, key=rank, default=None)


def current_capacity(rows: Rows) -> Row | None:
    """Return the capacity of a service that was updated last."""
    return max(rows.get("service_capacity", []), key=lambda row: moment_of(row["updated"]), default=None)


def is_in_dollars(row: Row) -> bool:
    """Whether a cost names an amount in dollars; one without a currency is taken for that."""
    return text(row, "amount") != "" and text(row, "currency").casefold() in _DOLLARS


def text(row: Row, column: str) -> str:
    """Return a cell without the spaces around it."""
    return row.get(column, "").strip()


def _stated(rows: Rows, owner: str, tables: tuple[str, ...]) -> Cells:
    """Return the cells that attributes of our taxonomy state, blank ones too."""
    stated: Cells = {}
    for row in rows.get("attributes", []):
        table, column = TERMS.get(row.get("taxonomy_term_id", ""), ("", None))
        if column is not None and table in tables and row.get("link_id") == owner:
            stated[column.name] = text(row, "value")
    return stated


def _focus(own: Row) -> str:
    """Return the description, after the name where the description does not begin with it."""
    name, description = text(own, "name"), text(own, "description")
    if not description or description.casefold().startswith(name.casefold()):
        return description or name
    return f"{name}: {description}"


def _slots(rows: Rows, remarks: Remarks) -> str:
    capacity = current_capacity(rows)
    if capacity is None:
        return ""
    if len(rows["service_capacity"]) > 1:
        remarks[Remark.SEVERAL_CAPACITIES] += 1
    available = float(text(capacity, "available"))
    maximum = float(text(capacity, "maximum") or "inf")
    if available > maximum:
        remarks[Remark.ABOVE_MAXIMUM] += 1
    return str(math.floor(min(available, maximum)))


def _schedule(rows: Rows, remarks: Remarks) -> str:
    windows: list[str] = []
    for row in rows.get("schedules", []):
        plain = weekly_windows(row)
        windows += plain
        remarks[Remark.NOT_WEEKLY] += not plain
        remarks[Remark.IN_UTC] += bool(plain) and is_in_utc(row)
    return "|".join(windows)


def _languages(rows: Rows, link: str) -> str:
    names = [
        text(row, "name") or language_name(text(row, "code"))
        for row in rows.get("languages", [])
        if text(row, link)
    ]
    return "|".join(dict.fromkeys(filter(None, names)))


def _cost(rows: Rows, remarks: Remarks) -> str:
    amounts = [text(row, "amount") for row in rows.get("cost_options", []) if is_in_dollars(row)]
    remarks[Remark.OTHER_CURRENCY] += len(rows.get("cost_options", [])) - len(amounts)
    remarks[Remark.SEVERAL_COSTS] += len(set(amounts)) > 1
    return max(amounts, key=float, default="")


def _contact_cells(rows: Rows) -> Cells:
    """Return whom to ask: the first contact that is named, its telephone or the first there is."""
    own, contact = rows["organizations"][0], first_contact(rows)
    phone = first_phone(rows)
    return {
        "contact_name": text(contact, "name") if contact else "",
        "contact_email": (text(contact, "email") if contact else "") or text(own, "email"),
        "contact_phone": text(phone, "number").strip('"') if phone else "",
    }


def first_contact(rows: Rows) -> Row | None:
    """Return the first contact with a name or an e-mail address."""
    return next((row for row in rows.get("contacts", []) if text(row, "name") or text(row, "email")), None)


def first_phone(rows: Rows) -> Row | None:
    """Return the telephone of the first contact, else the first there is."""
    phones, contact = rows.get("phones", []), first_contact(rows)
    own = [row for row in phones if contact and row.get("contact_id") == contact["id"]]
    return next(iter([*own, *phones]), None)


def _is_on_earth(row: Row) -> bool:
    return (
        abs(float(text(row, "latitude"))) <= _FARTHEST_NORTH
        and abs(float(text(row, "longitude"))) <= _FARTHEST_EAST
    )
