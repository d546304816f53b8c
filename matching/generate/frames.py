"""Columns to the typed tables of a district."""

from collections.abc import Mapping

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


def _typed(values: Values, column: Column) -> pd.Series:
    if column.cell is not Cell.WHOLE:
        return pd.Series(values, dtype=dtype_of(column))
    if column.is_required:
        return pd.Series(np.asarray(values, dtype=np.int64))
    return pd.Series(np.asarray(values, dtype=np.float64), dtype="Int64")
