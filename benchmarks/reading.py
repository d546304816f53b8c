"""How long reading and checking a district takes: ``python -m benchmarks.reading``.

The peer is bare ``pandas.read_csv`` of the same files in the same run, which checks nothing.
"""

from __future__ import annotations

import csv
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd

from benchmarks.record import write_record
from matching.columns import Cell, Column
from matching.errors import DataError
from matching.schemas import TABLES
from matching.tables import read_district

# As many rows for 10,000 needs as San Francisco has for its 300, schools and partners by a fixture's proportions.
SIZES = {"schools": 2_500, "needs": 10_000, "partners": 7_500, "offers": 10_000, "evidence": 17_500}
SEEDS = (0, 1, 2)
GOAL_SECONDS = 3.0
_WORDS = (
    "reading mentors math after school garden music science library family Spanish college coach books "
    "weekly volunteers patient homework chess robotics painting grade support small groups"
)


def main() -> None:
    """Measure, print the figures and write them to ``benchmarks/results``."""
    runs = [measure(seed) for seed in SEEDS]
    seconds = {name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]}
    result = {
        "what": "processor seconds, on one core, to read and check a district; pandas checks nothing",
        "rows": SIZES,
        "seeds": SEEDS,
        "goal": {"read_district": GOAL_SECONDS},
        "csv": seconds,
        "times_pandas": round(seconds["read_district"] / seconds["pandas.read_csv"], 1),
        "xlsx, first seed": measure_workbook(SEEDS[0]),
    }
    write_record("reading", result, packages=("pandas", "pandera", "openpyxl"))
    print(json.dumps(result, indent=2))


def measure(seed: int) -> dict[str, float]:
    """Return the seconds of each way to read one generated folder, after asserting what is read."""
    with tempfile.TemporaryDirectory() as name:
        folder, broken = Path(name, "good"), Path(name, "broken")
        write_folder(folder, random.Random(seed))
        num_bad = write_broken(folder, broken)
        district = read_district(folder)
        assert {table: len(district.tables[table]) for table in SIZES} == SIZES
        return {
            "pandas.read_csv": _seconds(lambda: [pd.read_csv(path) for path in folder.iterdir()]),
            "read_district": _seconds(lambda: read_district(folder)),
            f"read_district, {num_bad} bad cells": _seconds(lambda: _refused(broken, num_bad)),
            "input_sha256": _seconds(lambda: district.input_sha256),
        }


def measure_workbook(seed: int) -> dict[str, float]:
    """Return the seconds to read the same district from a workbook, after asserting that it is the same."""
    with tempfile.TemporaryDirectory() as name:
        folder, workbook = Path(name, "district"), Path(name, "district.xlsx")
        write_folder(folder, random.Random(seed))
        write_workbook(folder, workbook)
        assert read_district(workbook).input_sha256 == read_district(folder).input_sha256
        return {
            "pandas.read_excel": round(_seconds(lambda: pd.read_excel(workbook, sheet_name=None)), 3),
            "read_district": round(_seconds(lambda: read_district(workbook)), 3),
        }


def write_folder(folder: Path, rng: random.Random) -> None:
    """Write a district whose every column is filled, each optional cell with a chance of two in three."""
    folder.mkdir()
    for table, num_rows in SIZES.items():
        columns = TABLES[table].columns
        owners = [rng.randrange(SIZES["schools"]) for _ in range(num_rows)]
        rows = [
            [_cell(table, column, row, owners[row], rng) for column in columns] for row in range(num_rows)
        ]
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([[column.name for column in columns], *rows])


def write_broken(folder: Path, broken: Path) -> int:
    """Write the district with all slots and kinds of its needs spoilt; return the number of bad cells."""
    broken.mkdir()
    for path in folder.iterdir():
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        if path.stem == "needs":
            table = table.assign(slots="ten", kind="tutor", min_slots="")
        table.to_csv(broken / path.name, index=False)
    return 2 * SIZES["needs"]


def write_workbook(folder: Path, workbook: Path) -> None:
    """Write the folder as one workbook, a sheet a table, texts shared between cells as Excel does."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for path in sorted(folder.iterdir()):
        sheet = book.create_sheet(path.stem)
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                sheet.append(row)
    book.save(workbook)


def _cell(table: str, column: Column, row: int, owner: int, rng: random.Random) -> object:
    if column.name == TABLES[table].key:
        return f"{table}-{row}"
    if column.refers == "partners":
        return f"partners-{rng.randrange(SIZES['partners'])}"
    if column.refers == "schools":
        return f"schools-{owner}"
    if column.refers or (not column.is_required and column.name not in _PLACE and rng.random() < 1 / 3):
        return ""
    return _CELLS[column.cell](column, rng)


def _number(column: Column, rng: random.Random) -> object:
    return round(rng.uniform(column.at_least or 0, column.at_most or 100), 6)


_PLACE = ("latitude", "longitude")
_CELLS: dict[Cell, Callable[[Column, random.Random], object]] = {
    Cell.ID: lambda _, rng: f"{rng.randrange(10**11):012}",
    Cell.TEXT: lambda _, rng: " ".join(rng.choices(_WORDS.split(), k=15)),
    Cell.CONTACT: lambda _, rng: f"contact {rng.randrange(10**6)}",
    Cell.WORD: lambda column, rng: rng.choice(column.words),
    Cell.WORDS: lambda column, rng: "|".join(rng.sample(column.words, k=2)),
    Cell.LIST: lambda _, rng: "|".join(rng.sample(["English", "Spanish", "Cantonese", "Tagalog"], k=2)),
    Cell.GRADES: lambda _, rng: rng.choice(["PK-5", "K-5", "6-8", "9-12", "3|5"]),
    Cell.SCHEDULE: lambda _, rng: (
        f"Mon {rng.randrange(8, 17):02}:00-18:30|{rng.choice(['Wed', 'Fri'])} 14:{rng.randrange(60):02}-16:00"
    ),
    Cell.WHOLE: lambda column, rng: rng.randint(1, 5) if column.name != "slots" else rng.randint(5, 20),
    Cell.NUMBER: _number,
    Cell.DATE: lambda _, rng: f"{rng.randint(1, 12)}/{rng.randint(1, 28)}/20{rng.randint(25, 29)}",
    Cell.FLAG: lambda _, rng: rng.choice(["yes", "no"]),
}


def _refused(folder: Path, num_problems: int) -> None:
    try:
        read_district(folder)
    except DataError as error:
        found = len(error.problems)
    else:
        found = 0
    assert found == num_problems


def _seconds(work: Callable[[], object]) -> float:
    """Return processor seconds: all readers run on one core, and other work on the machine counts less."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
