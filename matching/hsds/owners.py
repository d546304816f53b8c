"""To whom each row of HSDS belongs: a service (an offer), an organization (a partner) or neither."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from matching.hsds.specification import HSDS_TABLES, REFERENCES, Row, Rows
from matching.hsds.vocabulary import OURS

_DEEPEST: Final = 5
_WAYS: Final = (
    "service_id",
    "service_at_location_id",
    "location_id",
    "organization_id",
    "contact_id",
    "phone_id",
    "link_id",
    "resource_id",
)
"""The columns that lead from a row to its owner, the nearest first."""


Owner = tuple[str, str]
"""The table and the id of an organization or a service."""


@dataclass(slots=True)
class OwnedRows:
    """Rows by their owner.

    Parameters
    ----------
    of
        All rows that belong to an organization or a service, its own row among them.
    shared
        Rows that belong to none or to many: units, taxonomies, and all that refers to nothing in the files.
    num_adrift
        How many rows of each table refer to a row that is not there.
    """

    of: dict[Owner, Rows] = field(default_factory=dict)
    shared: Rows = field(default_factory=dict)
    num_adrift: dict[str, int] = field(default_factory=dict)


def owned_rows(rows: Rows) -> OwnedRows:
    """Return all rows by their owner; a location is with its organization and with each that serves there."""
    found, owners = OwnedRows(), _Owners(rows)
    for table in HSDS_TABLES:
        for row in rows.get(table, []):
            found_owners = owners.of(table, row)
            for owner in found_owners:
                found.of.setdefault(owner, {}).setdefault(table, []).append(row)
            if not found_owners:
                found.shared.setdefault(table, []).append(row)
        adrift = sum(owners.is_adrift(row) for row in rows.get(table, []))
        if adrift:
            found.num_adrift[table] = adrift
    return found


def rows_to_cell(rows: Rows) -> str:
    """Return rows as the text of one cell, plain ASCII so that no spreadsheet changes it; blank for none."""
    kept = {table: listed for table, listed in rows.items() if listed}
    return json.dumps(kept, separators=(",", ":")) if kept else ""


def rows_of_cell(cell: str) -> Rows:
    """Return the rows of a cell that `rows_to_cell` wrote.

    Raises
    ------
    ValueError
        When the cell holds anything else.
    """
    try:
        rows = json.loads(cell) if cell else {}
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, dict) or not all(map(_are_rows, rows, rows.values())):
        raise ValueError(f'Expected rows of HSDS as an import wrote them, got "{cell[:80]}".')
    return rows


def _are_rows(table: str, listed: object) -> bool:
    return (
        table in HSDS_TABLES
        and isinstance(listed, list)
        and all(
            isinstance(row, dict) and "id" in row and all(isinstance(cell, str) for cell in row.values())
            for row in listed
        )
    )


class _Owners:
    """The way from each row to its owners, by what it refers to."""

    def __init__(self, rows: Rows) -> None:
        self._by_id: dict[str, dict[str, Row]] = {
            table: {row["id"]: row for row in listed} for table, listed in rows.items()
        }
        self._serving: dict[str, list[Owner]] = {}
        for link in rows.get("service_at_location", []):
            service = self._by_id["services"].get(link.get("service_id", ""))
            if service is not None:
                self._serving.setdefault(link.get("location_id", ""), []).append(
                    ("organizations", service["organization_id"])
                )

    def of(self, table: str, row: Row, depth: int = 0) -> tuple[Owner, ...]:
        """Return the owners of a row; only a location may have several."""
        if table in ("organizations", "services"):
            return ((table, row["id"]),)
        if table == "locations":
            direct = self._of_reference("organizations", row.get("organization_id", ""), depth)
            return tuple(dict.fromkeys([*direct, *self._serving.get(row["id"], [])]))
        if depth >= _DEEPEST:
            return ()
        for column in _WAYS:
            target = row.get(column, "")
            for referred in (REFERENCES[column],) if column in REFERENCES else HSDS_TABLES:
                owners = self._of_reference(referred, target, depth)
                if owners:
                    return owners[:1]
        return ()

    def is_adrift(self, row: Row) -> bool:
        """Whether a row refers to one that is not there."""
        return any(
            row[column] not in self._by_id.get(table, {}) and row[column] not in OURS
            for column, table in REFERENCES.items()
            if column in row
        )

    def _of_reference(self, table: str, row_id: str, depth: int) -> tuple[Owner, ...]:
        row: Mapping[str, str] | None = self._by_id.get(table, {}).get(row_id) if row_id else None
        return () if row is None else self.of(table, dict(row), depth + 1)
