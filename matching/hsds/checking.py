"""What is wrong with rows of HSDS by its own specification; what it allows is never a problem here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from matching.errors import Problem
from matching.hsds.reading import HsdsRows
from matching.hsds.specification import HSDS_TABLES, WORDS, Row, is_number, is_uuid
from matching.values import MINUTES_A_DAY

_USED: Final = frozenset(
    {
        "organizations",
        "services",
        "service_at_location",
        "locations",
        "contacts",
        "phones",
        "schedules",
        "languages",
        "cost_options",
        "service_capacity",
        "attributes",
    }
)
"""The tables that our cells are taken from."""


def hsds_problems(found: HsdsRows) -> list[Problem]:
    """Return every problem of the rows, in the order of the tables.

    Required cells are filled, ids are UUIDs that no earlier row has, numbers, times and words are such, and every
    service names an organization that is there. Other references may lead out of the files: they often do. Of
    tables that are only kept, such as addresses, the ids alone matter.
    """
    problems = list(found.problems)
    organizations = {row.get("id") for row in found.rows["organizations"]}
    for table, rows in found.rows.items():
        seen: set[str] = set()
        for place, row in zip(found.places[table], rows, strict=True):
            problems += _row_problems(table, place, row, seen)
            seen.add(row.get("id", ""))
    for place, row in zip(found.places["services"], found.rows["services"], strict=True):
        owner = row.get("organization_id", "")
        if owner and owner not in organizations:
            problems.append(
                Problem("services", place, "organization_id", owner, "the id of a row in organizations")
            )
    if not found.rows["organizations"] and not problems:
        problems.append(
            Problem("organizations", None, None, "no row", "the organizations that give services")
        )
    return problems


def minutes_of(cell: str) -> int:
    """Return the minute of the day on the clock: of ``15:00``, ``9:00``, ``15:00:00`` or ``15:00-05:00``; 24:00 too."""
    text = cell.strip()
    if text in ("24:00", "24:00:00"):
        return MINUTES_A_DAY
    time = dt.time.fromisoformat(f"0{text}" if text[1:2] == ":" else text)
    return time.hour * 60 + time.minute


def moment_of(cell: str) -> dt.datetime:
    """Return a date and time; one that names no zone is taken as UTC."""
    moment = dt.datetime.fromisoformat(cell.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _row_problems(table: str, place: int, row: Row, seen: set[str]) -> Iterator[Problem]:
    for name in HSDS_TABLES[table].columns if table in _USED else ("id",):
        cell = row.get(name, "").strip()
        if not cell and _is_required(table, name):
            yield Problem(table, place, name, "", "a value, for HSDS requires it")
        elif cell and (expected := _expected(table, name, cell)):
            yield Problem(table, place, name, cell, expected)
    if row.get("id", "") in seen and row.get("id"):
        yield Problem(table, place, "id", row["id"], "an id that no earlier row has")


def _is_required(table: str, name: str) -> bool:
    """Whether a row cannot do without a column: nested JSON leaves out most references, CSV often too."""
    is_reference = name.endswith("_id") and (table, name) != ("services", "organization_id")
    return name in HSDS_TABLES[table].required and not is_reference


def _expected(table: str, name: str, cell: str) -> str:
    """Return what a filled cell should hold, nothing where it does."""
    if name == "id" or (name.endswith("_id") and name != "tax_id"):
        return "" if is_uuid(cell) else "a UUID, such as 3a19ff88-4620-4d17-9830-ac1d859eb5d5"
    if (table, name) in WORDS:
        words = WORDS[table, name]
        return "" if cell in words else f"one of {', '.join(words)}"
    if name in HSDS_TABLES[table].numbers:
        return _expected_number(name, cell)
    if (table, name) in _TIMES:
        read, expected = _TIMES[table, name]
        try:
            read(cell)
        except ValueError:
            return expected
    return ""


def _expected_number(name: str, cell: str) -> str:
    if not is_number(cell):
        return "a number"
    return "a number >= 0" if name in _COUNTS and float(cell) < 0 else ""


_COUNTS: Final = frozenset({"available", "maximum", "amount"})
_CLOCK: Final = "a time like 15:00"
_TIMES: Final[Mapping[tuple[str, str], tuple[Callable[[str], object], str]]] = {
    ("schedules", "opens_at"): (minutes_of, _CLOCK),
    ("schedules", "closes_at"): (minutes_of, _CLOCK),
    ("service_capacity", "updated"): (moment_of, "a time like 2026-09-14T15:00:00Z"),
}
