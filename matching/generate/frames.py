"""Columns to the typed tables of a district, and tables to a folder of CSV files."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.columns import Cell, Column
from matching.schemas import TABLES
from matching.typed import blank_column, dtype_of

Values = list[str] | NDArray[np.generic]
Columns = dict[str, Values]


def frame_of(table: str, num_rows: int, columns: Mapping[str, Values]) -> pd.DataFrame:
    """Return a table of a district; columns not given are blank, NaN and NaT are blank cells."""
    known = TABLES[table].columns
    return pd.DataFrame(
        {
            column.name: _typed(columns[column.name], column)
            if column.name in columns
            else blank_column(column, num_rows)
            for column in known
        }
    )


def ids(letter: str, count: int, *, digits: int = 5) -> list[str]:
    """Return `count` ids such as N00001."""
    return [f"{letter}{number:0{digits}d}" for number in range(1, count + 1)]


def write_tables(tables: Mapping[str, pd.DataFrame], folder: str | os.PathLike[str]) -> None:
    """Write each table as a CSV file into a new folder, all of them or none.

    Raises
    ------
    ValueError
        If `folder` is a file or holds anything.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"Folder {target}: expected a new or an empty folder, it holds something.")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        draft.chmod(0o755)
        for name, table in tables.items():
            _plain(table).to_csv(draft / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
        os.replace(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _typed(values: Values, column: Column) -> pd.Series:
    if column.cell is not Cell.WHOLE:
        return pd.Series(values, dtype=dtype_of(column))
    if column.is_required:
        return pd.Series(np.asarray(values, dtype=np.int64))
    return pd.Series(np.asarray(values, dtype=np.float64), dtype="Int64")


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as a person would type it: yes or blank for flags."""
    flags = table.select_dtypes("bool").columns
    return table.assign(**{name: np.where(table[name], "yes", "") for name in flags})
