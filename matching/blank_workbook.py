"""An empty workbook with a sheet a table, to be filled in, and one that tells what belongs into each column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final

from matching.columns import Cell, Column
from matching.schemas import TABLES
from matching.xlsx import Column as SheetColumn
from matching.xlsx import Sheet, Style, write_xlsx

GUIDE: Final = "How to fill this in"
"""Name of the sheet that tells about the others; an import leaves it out."""
_EXAMPLES: Final[Mapping[Cell, str]] = {
    Cell.GRADES: "K-5",
    Cell.SCHEDULE: "Mon 15:00-16:30|Wed 15:00-16:30",
    Cell.WHOLE: "12",
    Cell.NUMBER: "37.5",
    Cell.DATE: "2026-09-14",
    Cell.FLAG: "yes",
}
_OF_COLUMN: Final[Mapping[str, str]] = {
    "school_id": "0101",
    "need_id": "N001",
    "partner_id": "P001",
    "offer_id": "O001",
    "convening_id": "C1",
    "nces_id": "063441005696",
    "name": "Calder Street Elementary",
    "statement": "Reading mentors for third graders, twice a week",
    "focus": "Trained volunteers read with second graders",
    "description": "A club of business people",
    "languages": "Spanish|English",
    "priorities": "literacy|science",
    "not_schools": "0102|0103",
    "measure": "reading_proficient_pct",
    "term": "fall 2026",
    "text": "We need more help with reading",
    "priority": "2",
    "rating": "4",
    "contact_name": "Ana Ruiz",
    "contact_email": "ana@example.org",
    "contact_phone": "555-0100",
    "place": "District office",
    "latitude": "37.73",
    "longitude": "-122.39",
}


def write_blank_workbook(file: BinaryIO) -> None:
    """Write the workbook."""
    columns = [(table.name, column) for table in TABLES.values() for column in table.columns]
    guide = {
        "Sheet": [table for table, _ in columns],
        "Column": [column.name for _, column in columns],
        "Needed": ["yes" if column.is_required else "" for _, column in columns],
        "What it says": [column.meaning for _, column in columns],
        "What it holds": [column.expected.removesuffix(", or blank") for _, column in columns],
        "Blank means": [column.blank for _, column in columns],
        "Example": [_example(column) for _, column in columns],
    }
    widths = {"What it says": 50.0, "What it holds": 44.0, "Example": 34.0}
    told = [
        SheetColumn(title, cells, Style.WRAPPED if title in widths else Style.TEXT, widths.get(title, 18.0))
        for title, cells in guide.items()
    ]
    blank = [
        Sheet(table.name, [SheetColumn(column.name, (), Style.TEXT, 18.0) for column in table.columns])
        for table in TABLES.values()
    ]
    write_xlsx(file, [Sheet(GUIDE, told, 2), *blank])


def _example(column: Column) -> str:
    known = _OF_COLUMN.get(column.name)
    return known or (column.words[0] if column.words else _EXAMPLES.get(column.cell, ""))
