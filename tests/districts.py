"""Small districts for tests: each maker fills in what a test does not care for.

Rows are dicts of cells; lists become ``a|b``. Ids count up where none is given, and the schools and partners that
needs and offers name are made as well. Everything passes through the same checks as a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from matching.district import District
from matching.files import cell_text
from matching.schemas import TABLES
from matching.tables import district_from_tables

Row = dict[str, object]


def make_school(school_id: str = "s0", **cells: object) -> Row:
    return {"school_id": school_id, "name": f"School {school_id}", "grades": "PK-13", **cells}


def make_need(need_id: str | None = None, **cells: object) -> Row:
    filled: Row = {"school_id": "s0", "statement": "Help with reading", "kind": "mentoring", "slots": 5}
    return {"need_id": need_id, **filled, "priority": 3, **cells}


def make_partner(partner_id: str = "p0", **cells: object) -> Row:
    return {"partner_id": partner_id, "name": f"Partner {partner_id}", "kind": "nonprofit", **cells}


def make_offer(offer_id: str | None = None, **cells: object) -> Row:
    filled: Row = {"partner_id": None, "focus": "Help with reading", "kinds": ["mentoring"], "slots": 5}
    return {"offer_id": offer_id, **filled, **cells}


def make_district(
    needs: Iterable[Row] = (),
    offers: Iterable[Row] = (),
    *,
    schools: Iterable[Row] = (),
    partners: Iterable[Row] = (),
    name: str = "test",
    **other_tables: Sequence[Row],
) -> District:
    """Return the district of these rows; need n0, n1, ... and offer o0, o1, ... of partner p0, p1, ... by default."""
    return district_from_tables(
        make_tables(needs, offers, schools=schools, partners=partners, **other_tables), name=name
    )


def make_tables(
    needs: Iterable[Row] = (),
    offers: Iterable[Row] = (),
    *,
    schools: Iterable[Row] = (),
    partners: Iterable[Row] = (),
    **other_tables: Sequence[Row],
) -> dict[str, pd.DataFrame]:
    """Return the tables of a district before any check, for tests that break one of them."""
    needs = [{**need, "need_id": need.get("need_id") or f"n{i}"} for i, need in enumerate(needs)]
    offers = [_with_ids(offer, index) for index, offer in enumerate(offers)]
    rows: Mapping[str, Sequence[Row]] = {
        "schools": _with_named(list(schools), needs, "school_id", make_school),
        "needs": needs,
        "partners": _with_named(list(partners), offers, "partner_id", make_partner),
        "offers": offers,
        **other_tables,
    }
    return {table: _frame(table, listed) for table, listed in rows.items()}


def _with_ids(offer: Row, index: int) -> Row:
    partner_id = offer.get("partner_id") or f"p{index}"
    return {**offer, "offer_id": offer.get("offer_id") or f"o{index}", "partner_id": partner_id}


def _with_named(given: list[Row], rows: Iterable[Row], key: str, make: Callable[[str], Row]) -> list[Row]:
    """Return the given rows and one more for each id that other rows name and none of them has."""
    named = dict.fromkeys(str(row[key]) for row in rows)
    missing = [name for name in named if name not in {row[key] for row in given}]
    return [*given, *map(make, missing)]


def _frame(table: str, rows: Sequence[Row]) -> pd.DataFrame:
    """Return the rows under the required columns and those that a row fills."""
    required = [column.name for column in TABLES[table].columns if column.is_required]
    names = dict.fromkeys([*required, *(name for row in rows for name in row)])
    cells = {name: [row.get(name) for row in rows] for name in names}
    return pd.DataFrame(cells, dtype=object)


def write_folder(tables: Mapping[str, pd.DataFrame], folder: Path, **options: Any) -> Path:
    """Write each table as a CSV file; ``options`` are those of ``DataFrame.to_csv``."""
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        table.map(cell_text).to_csv(folder / f"{name}.csv", index=False, **options)
    return folder


def write_workbook(tables: Mapping[str, pd.DataFrame], path: Path) -> Path:
    """Write all tables as sheets of one workbook, cells with their own types."""
    with pd.ExcelWriter(path) as writer:
        for name, table in tables.items():
            table.map(lambda cell: cell_text(cell) if isinstance(cell, list) else cell).to_excel(
                writer, sheet_name=name, index=False
            )
    return path
