"""A district to HSDS: partners and schools are organizations at their places, offers are services.

A row that came from HSDS goes back as it came, but for the cells that the district has changed since.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from matching.columns import Cell
from matching.district import District
from matching.errors import DataError, Problem
from matching.exporting import cell_texts
from matching.files import sheet_of_frame
from matching.hsds.cells import Cells, organization_cells, service_cells
from matching.hsds.changing import Change, new_rows, put_attributes, put_cells
from matching.hsds.importing import ROWS, SHARED
from matching.hsds.owners import rows_of_cell
from matching.hsds.specification import HSDS_TABLES, Row, Rows
from matching.hsds.vocabulary import hsds_id, is_shown, vocabulary_rows
from matching.hsds.writing import files_of, write_files
from matching.schemas import TABLES
from matching.typed import typed_column

_PERSONAL_TABLES: Final = ("contacts", "phones", "metadata")
_PERSONAL_ENTITIES: Final = ("contact", "phone")
_PERSONAL_COLUMNS: Final = frozenset({"email", "assurer_email", "attention", "contact_id", "phone_id"})


def write_hsds(
    district: District,
    target: str | os.PathLike[str],
    *,
    on: dt.date,
    with_contacts: bool = False,
    publisher: str = "",
) -> None:
    """Write partners, offers and schools as HSDS 3.1 into a new folder or zip: CSV datapackage and JSON.

    Ids of HSDS are kept; others are UUIDs derived from ours. What HSDS has no place for is an attribute of a taxonomy
    of ours, so that `read_hsds` gives the same cells back. Needs, evidence, evaluations, ``not_schools`` and
    unknown columns stay at home.

    Parameters
    ----------
    target
        A new or empty folder, or a new file that ends in .zip.
    on
        Date that new capacities say they were updated.
    with_contacts
        Whether contacts, telephones, e-mail addresses and columns unknown to HSDS go along.
    publisher
        Who publishes, such as the web address of the district: keeps the ids of several districts with a partner
        P001 apart in one directory.

    Raises
    ------
    ValueError
        If `target` is there already.
    DataError
        When rows of HSDS behind a partner or an offer have been spoilt.
    """
    rows = hsds_rows(district, Export(on, with_contacts, publisher))
    write_files(files_of(rows), Path(target))


@dataclass(frozen=True, slots=True)
class Export:
    """How to export: see `write_hsds`."""

    on: dt.date
    with_contacts: bool = False
    publisher: str = ""


def hsds_rows(district: District, export: Export) -> Rows:
    """Return all rows of HSDS that stand for a district, by table.

    Raises
    ------
    DataError
        When rows of HSDS behind a partner or an offer have been spoilt.
    """
    partners, schools, offers = (
        _rows_of(district, table, export) for table in ("partners", "schools", "offers")
    )
    ids = dict(
        zip(
            district.partners["partner_id"],
            (rows["organizations"][0]["id"] for rows in partners),
            strict=True,
        )
    )
    for rows, partner in zip(offers, district.offers["partner_id"], strict=True):
        rows["services"][0]["organization_id"] = ids[partner]
    shared = [_shown(rows, export) for rows in kept_rows(district.partners, "partners", SHARED)]
    merged = _merged([*partners, *schools, *offers, *shared])
    return _merged([merged, vocabulary_rows(merged)])


def _rows_of(district: District, table: str, export: Export) -> list[Rows]:
    """Return the rows behind each row of a table, changed to what its cells say now."""
    columns = [
        column.name
        for column in TABLES[table].columns
        if is_shown(table, column) or (export.with_contacts and column.cell is Cell.CONTACT)
    ]
    frame = district.tables[table]
    cells = _texts(frame, TABLES[table].columns_by_name)
    all_rows = _started(frame, table, cells, export)
    for is_last in (False, True):
        said = _derived(table, all_rows)
        for now, before, rows in zip(cells, said, all_rows, strict=True):
            changed = {column for column in columns if now[column] != before.get(column, "")}
            (put_attributes if is_last else put_cells)(Change(table, rows, now, changed, export.on))
    return all_rows


def _started(frame: pd.DataFrame, table: str, cells: Sequence[Cells], export: Export) -> list[Rows]:
    """Return the rows that each row came from; bare new ones where it came from none or is a copy of another."""
    own, seen, started = "services" if table == "offers" else "organizations", set(), []
    for one, rows in zip(cells, kept_rows(frame, table, ROWS), strict=True):
        if not rows.get(own) or rows[own][0]["id"] in seen:
            rows = new_rows(table, hsds_id(table, one[TABLES[table].key], export.publisher), one)
        seen.add(rows[own][0]["id"])
        started.append(_shown(rows, export))
    return started


def kept_rows(frame: pd.DataFrame, table: str, column: str) -> list[Rows]:
    """Return the rows of HSDS in each cell of an unknown column; none where the table has no such column.

    Raises
    ------
    DataError
        When a cell holds anything else.
    """
    if column not in frame:
        return [{} for _ in range(len(frame))]
    kept, problems = [], []
    for place, cell in enumerate(frame[column].tolist(), start=2):
        try:
            kept.append(rows_of_cell(cell))
        except ValueError:
            expected = "rows of HSDS as an import wrote them, or blank"
            problems.append(Problem(table, place, column, cell, expected))
    if problems:
        raise DataError(problems)
    return kept


def _shown(rows: Rows, export: Export) -> Rows:
    """Return the rows without contacts, unless they are asked for."""
    if export.with_contacts:
        return rows
    return {
        table: [_impersonal(table, row) for row in listed if row.get("link_entity") not in _PERSONAL_ENTITIES]
        for table, listed in rows.items()
        if table not in _PERSONAL_TABLES
    }


def _impersonal(table: str, row: Row) -> Row:
    """Return a row without contacts, and without columns unknown to HSDS: they may hold some."""
    shown = set(HSDS_TABLES[table].columns) - _PERSONAL_COLUMNS
    return {name: cell for name, cell in row.items() if name in shown}


def _texts(frame: pd.DataFrame, columns: Iterable[str]) -> list[Cells]:
    """Return the cells of typed columns as texts, a dict a row."""
    names = list(columns)
    texts = [cell_texts(frame[name]) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*texts, strict=True)]


def _derived(table: str, all_rows: Sequence[Rows]) -> list[Cells]:
    """Return what the rows say, in the very texts that the tables hold."""
    read = service_cells if table == "offers" else organization_cells
    said = [read(rows, Counter()) for rows in all_rows]
    if not said:
        return []
    known = TABLES[table].columns_by_name
    names = [name for name in dict.fromkeys(name for one in said for name in one) if name in known]
    # The place of the row keeps one that says nothing at all from being dropped as blank.
    place = {TABLES[table].key: list(range(len(said)))}
    frame = pd.DataFrame(place | {name: [one.get(name, "") for one in said] for name in names}, dtype=object)
    sheet = sheet_of_frame(table, frame).cells
    return _texts(pd.DataFrame({name: typed_column(sheet[name], known[name])[0] for name in names}), names)


def _merged(parts: Iterable[Rows]) -> Rows:
    """Return all rows in the order of their owners, each id once; a location as its own organization has it."""
    merged: dict[str, dict[str, Row]] = {table: {} for table in HSDS_TABLES}
    for rows in parts:
        owner = rows["organizations"][0]["id"] if len(rows.get("organizations", [])) == 1 else ""
        for table, listed in rows.items():
            for row in listed:
                if row["id"] not in merged[table] or row.get("organization_id") == owner != "":
                    merged[table][row["id"]] = row
    return {table: list(by_id.values()) for table, by_id in merged.items()}
