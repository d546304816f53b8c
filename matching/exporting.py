"""Tables to files: a folder or a zip of CSV files, or one workbook; read again, they are the same district."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import pandas as pd

from matching.columns import Cell
from matching.district import District
from matching.escaping import escaped
from matching.schemas import TABLES
from matching.xlsx import MAX_ROWS, Column, Sheet, Style, write_xlsx

Tables = Mapping[str, pd.DataFrame]

_CREATED: Final = (1980, 1, 1, 0, 0, 0)
"""The first date a zip can hold, not the time of writing: the same district gives the same bytes."""
_DAY_ZERO: Final = np.datetime64("1899-12-30", "D")
_FIRST_OF_MARCH_1900: Final = 61
"""Excel holds 1900 for a leap year: days before this one are one less than it counts after it."""


def tables_of(district: District, *, with_contacts: bool) -> dict[str, pd.DataFrame]:
    """Return the ten tables to write; without contacts, unknown columns are left out too: they may hold some."""
    if with_contacts:
        return district.tables
    return {
        name: district.tables[name][
            [column.name for column in table.columns if column.cell is not Cell.CONTACT]
        ]
        for name, table in TABLES.items()
    }


def write_folder(tables: Tables, folder: str | os.PathLike[str]) -> None:
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
            (draft / f"{name}.csv").write_bytes(csv_of(table))
        os.replace(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_zip(tables: Tables, file: Path | BinaryIO) -> None:
    """Write each table as a CSV file in one zip."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, table in tables.items():
            entry = zipfile.ZipInfo(f"{name}.csv", _CREATED)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, csv_of(table), zipfile.ZIP_DEFLATED)


def write_workbook(tables: Tables, file: Path | BinaryIO) -> None:
    """Write each table as a sheet of one workbook: texts stay texts, numbers and dates are such.

    Raises
    ------
    ValueError
        When a table has more rows than a sheet.
    """
    for name, table in tables.items():
        if len(table) >= MAX_ROWS:
            raise ValueError(
                f"Table {name}: expected fewer than {MAX_ROWS} rows for a sheet, got {len(table)}."
            )
    sheets = [
        Sheet(
            name,
            [
                Column(
                    escaped(str(column)), _sheet_cells(table[column]), Style[_style(table[column])], _WIDTH
                )
                for column in table
            ],
        )
        for name, table in tables.items()
    ]
    write_xlsx(file, sheets)


def csv_of(table: pd.DataFrame) -> bytes:
    """Return a table as the bytes of a CSV file that `read_district` reads back."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([escaped(str(name)) for name in table])
    writer.writerows(zip(*(cell_texts(table[name], escape=True) for name in table), strict=True))
    return text.getvalue().encode()


def cell_texts(values: pd.Series, *, escape: bool = False) -> list[str]:
    """Return the cells of a typed column as texts that are read as the same values; no is blank."""
    kind = values.dtype
    if pd.api.types.is_bool_dtype(kind):
        return ["yes" if value else "" for value in values.tolist()]
    if pd.api.types.is_datetime64_dtype(kind):
        return [str(day) if day == day else "" for day in values.dt.date.tolist()]  # noqa: PLR0124  # NaT is not
    if pd.api.types.is_integer_dtype(kind):
        return ["" if value is pd.NA else str(value) for value in values.tolist()]
    if pd.api.types.is_float_dtype(kind):
        return [_number_text(value) for value in values.tolist()]
    texts = values.tolist() if kind == "str" else [_any_text(value) for value in values.tolist()]
    return [escaped(text) for text in texts] if escape else texts


_WIDTH: Final = 18


def _style(values: pd.Series) -> str:
    if pd.api.types.is_datetime64_dtype(values.dtype):
        return "DATE"
    is_number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    return "NUMBER" if is_number else "TEXT"


def _sheet_cells(values: pd.Series) -> Sequence[str | float | None]:
    """Return the cells of a column for a sheet; a number that Excel would round stands there as a text."""
    if pd.api.types.is_datetime64_dtype(values.dtype):
        days = (values.to_numpy().astype("datetime64[D]") - _DAY_ZERO).astype(np.float64)
        days[days < _FIRST_OF_MARCH_1900] -= 1
        return [None if is_blank else day for day, is_blank in zip(days.tolist(), values.isna(), strict=True)]
    if pd.api.types.is_float_dtype(values.dtype):
        return [value if _is_exact(value) else _number_text(value) for value in values.tolist()]
    if pd.api.types.is_integer_dtype(values.dtype):
        return [None if value is pd.NA else value for value in values.tolist()]
    return cell_texts(values, escape=True)


def _any_text(value: object) -> str:
    """Return the text of a cell of a table that is no district's and may hold anything."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]  # a cell is a scalar


def _number_text(value: float) -> str:
    if value != value:  # noqa: PLR0124  # NaN is what differs from itself
        return ""
    short = format(value, ".15g")
    return short if float(short) == value else repr(value)


def _is_exact(value: float) -> bool:
    """Whether Excel, which keeps 15 digits and no sign of zero, holds this very number."""
    return str(value) != "-0.0" and float(format(value, ".15g")) == value
