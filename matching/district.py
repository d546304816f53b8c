"""A district: its ten tables, checked once and never again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from matching.columns import Cell
from matching.schemas import TABLES
from matching.typed import blank_column


@dataclass(frozen=True, slots=True, eq=False)
class District:
    """The tables of a district, as `matching.schemas` documents them.

    Every table has all its columns, in the documented order, then the unknown ones as text; an optional table
    that is absent is empty. Texts, ids, lists, grades and schedules are ``str`` with "" for blank, lists as
    ``a|b``; whole numbers are ``int64`` where required and ``Int64`` with NA otherwise; decimals ``float64`` with
    NaN; dates ``datetime64[s]`` with NaT; yes or no ``bool``. Rows stand in the order of the file.

    Parameters
    ----------
    name
        Name of the folder or workbook.
    warnings
        What a coordinator should know and nothing needs to stop for.
    """

    name: str
    schools: pd.DataFrame
    needs: pd.DataFrame
    partners: pd.DataFrame
    offers: pd.DataFrame
    partnerships: pd.DataFrame
    evidence: pd.DataFrame
    evaluations: pd.DataFrame
    comments: pd.DataFrame
    convenings: pd.DataFrame
    decisions: pd.DataFrame
    warnings: tuple[str, ...] = ()

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The ten tables under their names."""
        return {name: getattr(self, name) for name in TABLES}

    @property
    def input_sha256(self) -> str:
        """SHA-256 of all that can influence a result; contacts and unknown columns do not.

        It is taken from what the cells say, not from the bytes of the files: a folder and a workbook with the
        same district have the same.
        """
        return sha256_of(self.tables)


def blank_rows(table: str, num_rows: int = 1) -> pd.DataFrame:
    """Return rows of a table with nothing in them; what is required is "" and has to be given."""
    columns = TABLES[table].columns
    required = {column.name: [""] * num_rows for column in columns if column.is_required}
    return pd.DataFrame(
        required
        | {column.name: blank_column(column, num_rows) for column in columns if not column.is_required}
    )


def sha256_of(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the SHA-256 of the documented columns of checked tables, contacts left out."""
    digest = hashlib.sha256()
    for name, table in TABLES.items():
        for column in table.columns:
            if column.cell is not Cell.CONTACT:
                cells = "\x1f".join(_canonical(tables[name][column.name]))
                digest.update(f"{name}\x1e{column.name}\x1e{cells}\x1d".encode())
    return digest.hexdigest()


def _canonical(values: pd.Series) -> list[str]:
    """Return the cells as texts that are the same on every machine."""
    if pd.api.types.is_float_dtype(values):
        return [repr(value) for value in values.to_numpy(dtype="float64").tolist()]
    return [str(value) for value in values.tolist()]
