"""Small HSDS directories for tests: one organization with one service, and what a test puts beside them."""

from __future__ import annotations

import csv
from pathlib import Path

from matching.hsds.specification import Row

HSDS = Path(__file__).parents[4] / "shared" / "data" / "hsds-3.1"


def uid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


ORGANIZATION = {"id": uid(1), "name": "Elm Library", "description": "A public library."}
SERVICE = {
    "id": uid(2),
    "organization_id": uid(1),
    "name": "Homework Club",
    "description": "Volunteers help with homework.",
    "status": "active",
}


def make_directory(folder: Path, **tables: list[Row]) -> Path:
    """Write the tables as CSV files beside the organization and its service, unless these are given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in {"organizations": [ORGANIZATION], "services": [SERVICE], **tables}.items():
        columns = list(dict.fromkeys(column for row in rows for column in row)) or ["id"]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def make_row(number: int, /, **cells: str) -> Row:
    return {"id": uid(number), **cells}


def of_service(number: int, /, **cells: str) -> Row:
    return make_row(number, service_id=uid(2), **cells)


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
