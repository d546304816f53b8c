"""Cells of our tables put into rows of HSDS: each where HSDS has a place for it, else as an attribute of ours."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from matching.hsds.ages import ages_of_grades
from matching.hsds.cells import (
    Cells,
    current_capacity,
    first_contact,
    first_phone,
    is_in_dollars,
    placed_location,
    text,
)
from matching.hsds.hours import schedule_rows
from matching.hsds.languages import CODES
from matching.hsds.specification import Row, Rows
from matching.hsds.vocabulary import TERMS, UNIT, derived_id
from matching.values import split_list

_LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Change:
    """The cells of a row that differ from what its rows of HSDS say, and those rows, to be changed in place.

    Parameters
    ----------
    table
        Partners, offers or schools.
    cells
        All cells of the row.
    changed
        Columns that differ.
    on
        Date of a capacity that is new.
    """

    table: str
    rows: Rows
    cells: Cells
    changed: Collection[str]
    on: dt.date

    @property
    def own(self) -> Row:
        """The row of the organization or service itself."""
        return self.rows["services" if self.table == "offers" else "organizations"][0]

    def part(self, table: str, *names: str) -> Row:
        """Add a row of another table, its id taken from the names; return it."""
        row = {"id": derived_id(self.own["id"], table, *names)}
        self.rows.setdefault(table, []).append(row)
        return row


def put_cells(change: Change) -> None:
    """Put all that changed where HSDS has a place for it."""
    if change.changed:
        terms = {derived_id("term", change.table, column) for column in change.changed}
        _keep(change.rows, "attributes", lambda row: row.get("taxonomy_term_id") not in terms)
    for columns, put in (_OFFER_PLACES if change.table == "offers" else _ORGANIZATION_PLACES).items():
        if any(column in change.changed for column in columns):
            put(change)


def put_attributes(change: Change) -> None:
    """State as attributes what HSDS has no place for; a blank one says that a cell is blank."""
    for term, (table, column) in TERMS.items():
        if table == change.table and column.name in change.changed:
            row = change.part("attributes", column.name)
            row |= {"link_id": change.own["id"], "taxonomy_term_id": term}
            row["link_entity"] = "service" if table == "offers" else "organization"
            _set(row, "value", change.cells[column.name])
            row["label"] = column.name


def new_rows(table: str, own_id: str, cells: Cells) -> Rows:
    """Return the rows of a partner, school or offer that HSDS has not seen, as bare as it allows."""
    if table == "offers":
        return {"services": [{"id": own_id, "name": _headline(cells["focus"]), "status": "active"}]}
    return {"organizations": [{"id": own_id, "name": cells["name"], "description": cells["name"]}]}


def _headline(focus: str) -> str:
    """Return the beginning of a text, up to its first pause and at most 80 letters long."""
    start = re.split(r"(?<=\w)[.,;:!?]\s", focus, maxsplit=1)[0].strip().rstrip(".") or focus
    if len(start) <= _LONGEST_NAME:
        return start
    return start[:_LONGEST_NAME].rsplit(" ", 1)[0].rstrip()


def _put_name(change: Change) -> None:
    change.own["name"] = change.cells["name"]
    change.own["description"] = change.cells.get("description") or change.cells["name"]


def _put_place(change: Change) -> None:
    """Put the place into the organization's own location; that of another organization is not touched."""
    if not change.cells["latitude"]:
        return
    owner = change.own["id"]
    own = [row for row in change.rows.get("locations", []) if row.get("organization_id") == owner]
    placed = placed_location(change.rows, Counter())
    place = placed if placed in own else next(iter(own), None)
    if place is None:
        place = change.part("locations")
        place |= {"location_type": "physical", "organization_id": owner, "name": change.own["name"]}
    place |= {"latitude": change.cells["latitude"], "longitude": change.cells["longitude"]}


def _put_contact(change: Change) -> None:
    """Put whom to ask; an e-mail address without an @ is none for HSDS and stays at home."""
    name, email = change.cells["contact_name"], change.cells["contact_email"]
    email = email if "@" in email else ""
    contact = first_contact(change.rows)
    if contact is None and (name or email):
        contact = change.part("contacts") | {"organization_id": change.own["id"]}
        change.rows["contacts"][-1] = contact
    if contact is not None:
        _set(contact, "name", name)
        _set(contact, "email", email)
    if not email:
        change.own.pop("email", None)


def _put_phone(change: Change) -> None:
    number, phone = change.cells["contact_phone"], first_phone(change.rows)
    if not number:
        _keep(change.rows, "phones", lambda row: row is not phone)
        return
    if phone is None:
        phone = change.part("phones")
        phone["organization_id"] = change.own["id"]
    phone["number"] = number


def _put_focus(change: Change) -> None:
    change.own["description"] = change.cells["focus"]


def _put_slots(change: Change) -> None:
    capacity = current_capacity(change.rows)
    if capacity is None:
        capacity = change.part("service_capacity")
        capacity |= {"service_id": change.own["id"], "unit_id": UNIT}
        capacity["description"] = "Students at one time; volunteers for an event; packages for resources"
    capacity["available"] = change.cells["slots"]
    if float(capacity.get("maximum", "inf")) < float(change.cells["slots"]):
        del capacity["maximum"]
    capacity["updated"] = max(
        f"{change.on.isoformat()}T00:00:00.000Z", capacity.get("updated", ""), key=lambda time: time[:10]
    )


def _put_grades(change: Change) -> None:
    least, most = ages_of_grades(change.cells["grades"])
    _set(change.own, "minimum_age", least)
    _set(change.own, "maximum_age", most)


def _put_schedule(change: Change) -> None:
    change.rows["schedules"] = []
    for rule in schedule_rows(change.cells["schedule"]):
        change.part("schedules", *rule.values()).update({"service_id": change.own["id"], **rule})


def _put_languages(change: Change) -> None:
    _keep(change.rows, "languages", lambda row: not text(row, "service_id"))
    for name in split_list(change.cells["languages"]):
        row = change.part("languages", name)
        row |= {"service_id": change.own["id"], "name": name}
        _set(row, "code", CODES.get(name.casefold(), ""))


def _put_cost(change: Change) -> None:
    _keep(change.rows, "cost_options", lambda row: not is_in_dollars(row))
    if change.cells["cost_to_school"]:
        row = change.part("cost_options")
        row |= {"service_id": change.own["id"], "option": "For the school", "currency": "usd"}
        row["amount"] = change.cells["cost_to_school"]


def _set(row: Row, column: str, cell: str) -> None:
    if cell:
        row[column] = cell
    else:
        row.pop(column, None)


def _keep(rows: Rows, table: str, is_kept: Callable[[Row], bool]) -> None:
    if table in rows:
        rows[table] = [row for row in rows[table] if is_kept(row)]


_Places = Mapping[tuple[str, ...], Callable[[Change], None]]
_ORGANIZATION_PLACES: Final[_Places] = MappingProxyType(
    {
        ("name", "description"): _put_name,
        ("latitude", "longitude"): _put_place,
        ("contact_name", "contact_email"): _put_contact,
        ("contact_phone",): _put_phone,
    }
)
_OFFER_PLACES: Final[_Places] = MappingProxyType(
    {
        ("focus",): _put_focus,
        ("slots",): _put_slots,
        ("grades",): _put_grades,
        ("schedule",): _put_schedule,
        ("languages",): _put_languages,
        ("cost_to_school",): _put_cost,
    }
)
