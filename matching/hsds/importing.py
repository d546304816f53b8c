"""HSDS to partners and offers: organizations, their places and contacts; services, their hours and capacities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from matching.district import District
from matching.errors import DataError, Problem
from matching.hsds.cells import Cells, Remarks, is_school, organization_cells, service_cells
from matching.hsds.checking import hsds_problems
from matching.hsds.owners import OwnedRows, owned_rows, rows_to_cell
from matching.hsds.reading import HsdsRows, Source, read_rows
from matching.hsds.vocabulary import OURS
from matching.schemas import PARTNER_KINDS, TABLES
from matching.tables import district_from_tables
from matching.vocabulary import KINDS

ROWS, SHARED = "hsds_rows", "hsds_shared"
"""Columns of partners and offers that keep all rows of HSDS behind them, as JSON; the second is one cell's."""

_SOURCES = {"partners": "organizations", "offers": "services"}
_KEPT = {"partners": (ROWS, SHARED), "offers": (ROWS,)}


@dataclass(frozen=True, slots=True)
class Assumed:
    """What stands in a required cell that HSDS says nothing of; each use is counted in a warning.

    Parameters
    ----------
    partner_kind
        Kind of every partner.
    kinds
        Kinds of every offer.
    slots
        Slots of an offer whose service states no capacity.
    """

    partner_kind: str = "nonprofit"
    kinds: Sequence[str] = ("program",)
    slots: int = 1

    def __post_init__(self) -> None:
        if self.partner_kind not in PARTNER_KINDS:
            raise ValueError(f"Partner kind {self.partner_kind}: expected one of {', '.join(PARTNER_KINDS)}.")
        if not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ValueError(f"Kinds {', '.join(self.kinds)}: expected one or more of {', '.join(KINDS)}.")
        if self.slots < 0:
            raise ValueError(f"Slots: expected a number >= 0, got {self.slots}.")

    @property
    def cells(self) -> dict[str, Cells]:
        """The cells by table and column."""
        return {
            "partners": {"kind": self.partner_kind},
            "offers": {"kinds": "|".join(self.kinds), "slots": str(self.slots)},
        }


@dataclass(frozen=True, slots=True, eq=False)
class HsdsRead:
    """What was read of HSDS.

    Parameters
    ----------
    partners, offers
        Checked tables, as in a `District`, and the rows of HSDS behind them in unknown columns.
    assumed
        Which ids have an assumed cell, by table and column.
    warnings
        What a coordinator should know, each with its count.
    """

    partners: pd.DataFrame
    offers: pd.DataFrame
    assumed: Mapping[tuple[str, str], frozenset[str]]
    warnings: tuple[str, ...]


def read_hsds(source: Source, assumed: Assumed | None = None) -> HsdsRead:
    """Return the partners and offers of HSDS 3.1: a folder or zip of its CSV files, or JSON files of its API.

    Organizations become partners and services offers, under their own ids. What our tables have no column for is
    kept in the unknown columns ``hsds_rows`` and ``hsds_shared``, so that `write_hsds` gives it back. These and the
    contact columns hold contacts where HSDS has some. Schools of an earlier export are left out. Dates of
    validity are not looked at: hours and costs count as they stand.

    Parameters
    ----------
    source
        A path, or several paths of CSV or JSON files; JSON is one service or organization, a list or a page of them.
    assumed
        What to take for required cells that HSDS has no word for.

    Raises
    ------
    DataError
        When anything breaks the specification or cannot stand in our tables; it holds every problem.
    """
    found = read_rows(source)
    problems = hsds_problems(found)
    if problems:
        raise DataError(problems)
    rows = {table: [row for row in listed if row["id"] not in OURS] for table, listed in found.rows.items()}
    reading = _Reading(found, owned_rows(rows), Counter())
    return reading.result((assumed or Assumed()).cells)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Rows on their way to tables."""

    found: HsdsRows
    owned: OwnedRows
    remarks: Remarks

    def result(self, assumed: Mapping[str, Cells]) -> HsdsRead:
        """Return the checked tables."""
        cells = {"partners": self._partners(), "offers": []}
        schools = self._ids("organizations") - {row["partner_id"] for row in cells["partners"]}
        cells["offers"] = self._offers(schools)
        filled = {
            (table, column): frozenset(row[TABLES[table].key] for row in cells[table] if not row.get(column))
            for table in cells
            for column in assumed[table]
        }
        for table, columns in assumed.items():
            for row in cells[table]:
                row.update({column: cell for column, cell in columns.items() if not row.get(column)})
        district = self._checked(cells)
        warnings = (*self._warnings(schools), *_assumed_warnings(filled, cells, assumed), *district.warnings)
        kept = {
            table: {name: [row[name] for row in cells[table]] for name in _KEPT[table]} for table in cells
        }
        return HsdsRead(
            district.partners.assign(**kept["partners"]),
            district.offers.assign(**kept["offers"]),
            filled,
            warnings,
        )

    def _partners(self) -> list[Cells]:
        partners = []
        for row in self.found.rows["organizations"]:
            rows = self.owned.of["organizations", row["id"]]
            if not is_school(rows):
                cells = organization_cells(rows, self.remarks)
                partners.append({"partner_id": row["id"], **cells, ROWS: rows_to_cell(rows), SHARED: ""})
        if partners:
            partners[0][SHARED] = rows_to_cell(self.owned.shared)
        return partners

    def _offers(self, schools: set[str]) -> list[Cells]:
        offers = []
        for row in self.found.rows["services"]:
            if row["organization_id"] not in schools:
                rows = self.owned.of["services", row["id"]]
                ids = {"offer_id": row["id"], "partner_id": row["organization_id"]}
                offers.append({**ids, **service_cells(rows, self.remarks), ROWS: rows_to_cell(rows)})
        return offers

    def _ids(self, table: str) -> set[str]:
        return {row["id"] for row in self.found.rows[table]}

    def _checked(self, cells: Mapping[str, Sequence[Cells]]) -> District:
        frames = {table: _frame(table, listed) for table, listed in cells.items()}
        try:
            return district_from_tables(
                {"schools": _frame("schools", []), "needs": _frame("needs", []), **frames}
            )
        except DataError as error:
            raise DataError(self._in_hsds(problem, cells) for problem in error.problems) from error

    def _in_hsds(self, problem: Problem, cells: Mapping[str, Sequence[Cells]]) -> Problem:
        """Return a problem of our tables as one of the row of HSDS that it comes from."""
        if problem.table not in _SOURCES or problem.row is None:
            return problem
        source = _SOURCES[problem.table]
        row_id = cells[problem.table][problem.row - 2][TABLES[problem.table].key]
        index = next(i for i, row in enumerate(self.found.rows[source]) if row["id"] == row_id)
        return replace(problem, table=source, row=self.found.places[source][index])

    def _warnings(self, schools: set[str]) -> Iterator[str]:
        if self.found.unread:
            yield f"Not read, for no table of HSDS has this name: {', '.join(self.found.unread)}."
        if schools:
            yield f"organizations that are schools of an earlier export: left out, {len(schools)} in all."
        for table, count in self.owned.num_adrift.items():
            yield f"{table}: rows that refer to a row that is not there, kept: {count}."
        for remark, count in sorted(self.remarks.items()):
            if count:
                yield f"{remark}: {count}."


def _assumed_warnings(
    filled: Mapping[tuple[str, str], frozenset[str]],
    cells: Mapping[str, Sequence[Cells]],
    assumed: Mapping[str, Cells],
) -> Iterator[str]:
    for (table, column), ids in filled.items():
        if ids:
            count = f"{len(ids)} of {len(cells[table])} {table}"
            yield f"{table}: HSDS does not say the {column} of {count}; {assumed[table][column]} is assumed."


def _frame(table: str, rows: Sequence[Cells]) -> pd.DataFrame:
    """Return rows of text under all documented columns."""
    names = TABLES[table].columns_by_name
    return pd.DataFrame({name: [row.get(name, "") for row in rows] for name in names}, dtype=object)
