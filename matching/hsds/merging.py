"""What was read of HSDS brought into a district that has partners and offers already."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from matching.district import District
from matching.exporting import cell_texts
from matching.hsds.exporting import kept_rows
from matching.hsds.importing import ROWS, HsdsRead
from matching.hsds.vocabulary import hsds_id
from matching.schemas import TABLES
from matching.tables import district_from_tables


def merge_hsds(read: HsdsRead, district: District, *, publisher: str = "") -> District:
    """Return the district with what HSDS says of its partners and offers, and with those it has not had.

    A partner or an offer is known by its id in HSDS and keeps its id in the district. Cells that HSDS fills replace
    those of the district; blank and assumed ones leave them as they are. Nobody is taken out.

    Parameters
    ----------
    publisher
        As it was given to `write_hsds` when the district was exported.

    Raises
    ------
    DataError
        When the district with the new rows breaks a rule of its tables.
    """
    partner_ids = _ids(district.partners, "partners", publisher)
    offer_ids = _ids(district.offers, "offers", publisher)
    incoming = {
        "partners": read.partners.assign(partner_id=_known(read.partners["partner_id"], partner_ids)),
        "offers": read.offers.assign(
            offer_id=_known(read.offers["offer_id"], offer_ids),
            partner_id=_known(read.offers["partner_id"], partner_ids),
        ),
    }
    merged = {table: _merged(district, incoming[table], read, table) for table in incoming}
    return district_from_tables({**district.tables, **merged}, name=district.name)


def _ids(frame: pd.DataFrame, table: str, publisher: str) -> dict[str, str]:
    """Return the district's id of each partner or offer by its id in HSDS."""
    own = "services" if table == "offers" else "organizations"
    return {
        rows[own][0]["id"] if rows.get(own) else hsds_id(table, row_id, publisher): row_id
        for row_id, rows in zip(frame[TABLES[table].key], kept_rows(frame, table, ROWS), strict=True)
    }


def _known(ids: pd.Series, known: Mapping[str, str]) -> list[str]:
    """Return the district's id of each row of HSDS, its own where the district has not had it."""
    return [known.get(row_id, row_id) for row_id in ids]


def _merged(district: District, incoming: pd.DataFrame, read: HsdsRead, table: str) -> pd.DataFrame:
    key, standing = TABLES[table].key, district.tables[table]
    names = list(dict.fromkeys([*standing, *incoming]))
    rows = {row[key]: row for row in _rows(standing)}
    fresh = {"partners": read.partners, "offers": read.offers}[table][key]
    for source_id, row in zip(fresh, _rows(incoming), strict=True):
        if row[key] in rows:
            kept = {column for column in row if source_id in read.assumed.get((table, column), ())}
            rows[row[key]].update({name: cell for name, cell in row.items() if cell and name not in kept})
        else:
            rows[row[key]] = row
    return pd.DataFrame({name: [row.get(name, "") for row in rows.values()] for name in names}, dtype=object)


def _rows(frame: pd.DataFrame) -> list[dict[str, str]]:
    texts = [cell_texts(frame[name]) for name in frame]
    return [dict(zip(map(str, frame), row, strict=True)) for row in zip(*texts, strict=True)]
