"""What Partnermatch adds to HSDS, in its own terms: ids, a taxonomy of our columns, the unit of capacity."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from matching.columns import Cell, Column
from matching.hsds.specification import Row, Rows, is_uuid
from matching.schemas import TABLES

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "partnermatch:hsds")


def derived_id(*parts: str) -> str:
    """Return the UUID that stands for these names, the same on every machine."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts)))


def hsds_id(table: str, row_id: str, publisher: str) -> str:
    """Return the id in HSDS of a row of a district: its own where it is a UUID, else one derived from it."""
    return row_id if is_uuid(row_id) else derived_id(publisher, table, row_id)


def _terms() -> Mapping[str, tuple[str, Column]]:
    return {
        derived_id("term", table, column.name): (table, column)
        for table in ("partners", "offers", "schools")
        for column in TABLES[table].columns
        if is_shown(table, column)
    }


def is_shown(table: str, column: Column) -> bool:
    """Whether a column of partners, offers or schools goes into HSDS whoever asks.

    What names rows of other tables does not, ``not_schools`` among it: a directory tells nobody of that.
    """
    is_id = column.name == TABLES[table].key or bool(column.refers)
    return not is_id and column.cell is not Cell.CONTACT


TERMS: Final = MappingProxyType(_terms())
"""Table and column of each term of our taxonomy, by the term's id.

A value that HSDS has no column for is an attribute with one of these terms, as HSDS classifies all it has no
column for.
"""

_TAXONOMY: Final = derived_id("taxonomy")
UNIT: Final = derived_id("unit")
OURS: Final = frozenset({*TERMS, _TAXONOMY, UNIT})
"""Ids of the rows that an export makes anew each time."""


def vocabulary_rows(rows: Rows) -> Rows:
    """Return our terms and our unit as far as the rows use them."""
    used = {row["taxonomy_term_id"] for row in rows.get("attributes", []) if "taxonomy_term_id" in row}
    terms = [_term_row(term, *TERMS[term]) for term in TERMS if term in used]
    has_unit = any(row.get("unit_id") == UNIT for row in rows.get("service_capacity", []))
    return {
        "units": [{"id": UNIT, "name": "Slot", "scheme": "Partnermatch", "identifier": "slot"}]
        if has_unit
        else [],
        "taxonomy_terms": terms,
        "taxonomies": [
            {
                "id": _TAXONOMY,
                "name": "Partnermatch",
                "description": "What school districts ask of community partners, beside what HSDS holds.",
            }
        ]
        if terms
        else [],
    }


def _term_row(term: str, table: str, column: Column) -> Row:
    return {
        "id": term,
        "code": f"{table}.{column.name}",
        "name": column.name,
        "description": f"{column.meaning}; {column.expected}",
        "taxonomy": "Partnermatch",
        "language": "eng",
        "taxonomy_id": _TAXONOMY,
    }
