"""Tables to an Excel workbook: typed columns, frozen headers and filters, the same bytes every time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from math import ceil
from pathlib import Path
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

MAX_TEXT = 32_767
"""Characters that Excel allows in a cell."""
MAX_ROWS = 1_048_576
LINE_HEIGHT = 15
MOST_LINES = 8

# No text may become a formula or a link; written row by row, so that memory does not grow with the table.
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
_CREATED = datetime(2000, 1, 1)
"""Not the time of writing: the same result gives the same bytes."""
_ILLEGAL = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT = {
    "num_format": "@",
    "valign": "top",
    "align": "left",
    "indent": 1,
    "bottom": 7,
    "bottom_color": "#9AA5A3",
}
_NUMBER = {"valign": "top", "bottom": 7, "bottom_color": "#9AA5A3"}
_HEADER = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#0F5257", "text_wrap": True, "valign": "top"}


class Style(Enum):
    """How a column's cells look."""

    TEXT = "text"
    WRAPPED = "wrapped"
    NUMBER = "number"
    DATE = "date"
    COUNT = "count"
    DECIMAL = "decimal"
    SHARE = "share"


_FORMATS = {
    Style.TEXT: _TEXT,
    Style.WRAPPED: {**_TEXT, "text_wrap": True},
    Style.NUMBER: _NUMBER,
    Style.DATE: {**_NUMBER, "num_format": "yyyy-mm-dd"},
    Style.COUNT: {**_NUMBER, "num_format": "#,##0"},
    Style.DECIMAL: {**_NUMBER, "num_format": "0.00"},
    Style.SHARE: {**_NUMBER, "num_format": "0%"},
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: texts or numbers, None for blank; a date is its number in Excel; `width` in characters."""

    title: str
    values: Sequence[str | float | None]
    style: Style = Style.TEXT
    width: float = 12


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with a header row, one table below it; the first `num_frozen` columns stay in view."""

    name: str
    columns: Sequence[Column]
    num_frozen: int = 1

    @property
    def num_rows(self) -> int:
        """Rows below the header that fit into a sheet."""
        return min(len(self.columns[0].values), MAX_ROWS - 1)


def write_xlsx(file: Path | BinaryIO, sheets: Sequence[Sheet]) -> None:
    """Write the sheets as one workbook."""
    with xlsxwriter.Workbook(str(file) if isinstance(file, Path) else file, _OPTIONS) as workbook:
        workbook.set_properties({"created": _CREATED})
        header = workbook.add_format(_HEADER)
        formats = {style: workbook.add_format(settings) for style, settings in _FORMATS.items()}
        for sheet in sheets:
            _write_sheet(workbook.add_worksheet(sheet.name), sheet, header, formats)


def _write_sheet(page: Worksheet, sheet: Sheet, header: Format, formats: dict[Style, Format]) -> None:
    page.freeze_panes(1, sheet.num_frozen)
    page.autofilter(0, 0, sheet.num_rows, len(sheet.columns) - 1)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    for index, column in enumerate(sheet.columns):
        page.set_column(index, index, column.width)
    page.set_row(0, 2 * LINE_HEIGHT)
    page.write_row(0, 0, [column.title for column in sheet.columns], header)
    styles = [formats[column.style] for column in sheet.columns]
    for row, (num_lines, *cells) in enumerate(_rows(sheet), start=1):
        if num_lines > 1:
            page.set_row(row, num_lines * LINE_HEIGHT)
        for index, (cell, style) in enumerate(zip(cells, styles, strict=True)):
            if cell is None or cell == "" or cell != cell:  # noqa: PLR0124  # NaN is what differs from itself
                page.write_blank(row, index, None, style)
            elif isinstance(cell, str):
                page.write_string(row, index, _ILLEGAL.sub(" ", cell[:MAX_TEXT]), style)
            else:
                page.write_number(row, index, cell, style)


def _rows(sheet: Sheet) -> Iterator[tuple[int, *tuple[str | float | None, ...]]]:
    """Yield each row's height in lines, then its cells."""
    wrapped = [index for index, column in enumerate(sheet.columns) if column.style is Style.WRAPPED]
    widths = [max(column.width - 2, 1) for column in sheet.columns]
    columns = [column.values[: sheet.num_rows] for column in sheet.columns]
    for cells in zip(*columns, strict=True):
        lines = [_num_lines(str(cells[index]), widths[index]) for index in wrapped]
        yield (max(lines, default=1), *cells)


def _num_lines(text: str, width: float) -> int:
    """Return about how many lines a wrapped text takes: not every program works it out itself."""
    return max(1, min(ceil(len(text) / width + text.count("\n")), MOST_LINES))
