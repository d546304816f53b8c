"""Rows of HSDS to files: a tabular datapackage of CSV files, and the JSON form beside it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from matching.hsds.specification import (
    HSDS_TABLES,
    NESTED_LISTS,
    NESTED_ROWS,
    Row,
    Rows,
    is_uuid,
    link_column,
    reference_column,
)

_CREATED: Final = (1980, 1, 1, 0, 0, 0)
_JSON_FILES: Final = ("organizations", "services")


def files_of(rows: Rows) -> dict[str, bytes]:
    """Return the files of a datapackage, and organizations and services with all that belongs to them in JSON."""
    files = {f"{table}.csv": _csv_of(table, rows.get(table, [])) for table in HSDS_TABLES}
    files["datapackage.json"] = (json.dumps(_datapackage(), indent=2) + "\n").encode()
    nesting = _Nesting(rows)
    for table in _JSON_FILES:
        files[f"{table}.json"] = _json_lines(nesting.of(table, row) for row in rows.get(table, []))
    return files


def write_files(files: Mapping[str, bytes], target: Path) -> None:
    """Write files into a new folder, or into one zip where the name ends so; all of them or none.

    Raises
    ------
    ValueError
        If `target` is there already; an empty folder may be.
    """
    is_zip = target.suffix.lower() == ".zip"
    if target.exists() and (is_zip or not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target}: expected a new zip, or a new or empty folder; it is there already.")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        draft.chmod(0o755)
        for name, data in () if is_zip else files.items():
            (draft / name).write_bytes(data)
        if is_zip:
            _write_zip(files, draft / target.name)
        os.replace(draft / target.name if is_zip else draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_zip(files: Mapping[str, bytes], path: Path) -> None:
    """Write a zip whose bytes do not tell when it was written."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _CREATED)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)


def _csv_of(table: str, rows: list[Row]) -> bytes:
    """Return a table with all columns of the specification, then others by name; cells stand as they are.

    A program reads them, so a cell that a spreadsheet would take for a formula has no mark put before it.
    """
    content = io.StringIO(newline="")
    names = _in_order(table, {name for row in rows for name in row})
    columns = dict.fromkeys([*HSDS_TABLES[table].columns, *names])
    writer = csv.DictWriter(content, list(columns), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return content.getvalue().encode()


def _in_order(table: str, names: Collection[str]) -> list[str]:
    """Return names of columns in the order of the specification, then those it does not know."""
    known = HSDS_TABLES[table].columns
    return [*(name for name in known if name in names), *sorted(set(names) - set(known))]


def _json_lines(values: Iterable[object]) -> bytes:
    """Return a JSON list with a line for each of its objects."""
    lines = ",\n".join(json.dumps(value, ensure_ascii=False) for value in values)
    return f"[\n{lines}\n]\n".encode()


def _datapackage() -> dict[str, object]:
    return {
        "name": "human_services_data",
        "title": "Human Services Data Specification",
        "profile": "tabular-data-package",
        "version": "3.1.0",
        "homepage": "https://docs.openreferral.org",
        "resources": [_resource(table) for table in HSDS_TABLES],
    }


def _resource(table: str) -> dict[str, object]:
    of = HSDS_TABLES[table]
    fields = [
        {
            "name": name,
            "type": "number" if name in of.numbers else "string",
            "constraints": {"required": name in of.required, "unique": name == "id"},
        }
        for name in of.columns
    ]
    return {
        "name": of.entity,
        "path": f"{table}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": fields, "primaryKey": "id"},
    }


class _Nesting:
    """Rows with all that refers to them inside, as the API gives them."""

    def __init__(self, rows: Rows) -> None:
        self._by_id = {table: {row["id"]: row for row in listed} for table, listed in rows.items()}
        self._linked: dict[tuple[str, str, str], list[Row]] = {}
        for table, listed in rows.items():
            for row in listed:
                for column, cell in row.items():
                    if column != "id" and is_uuid(cell):
                        self._linked.setdefault((table, column, cell), []).append(row)

    def of(self, table: str, row: Row) -> dict[str, object]:
        """Return a row with numbers as such, its references and the rows that belong to it."""
        numbers = HSDS_TABLES[table].numbers
        value: dict[str, object] = {
            name: _number(row[name]) if name in numbers else row[name] for name in _in_order(table, row)
        }
        for key in HSDS_TABLES[table].nested:
            if key in NESTED_ROWS:
                found = self._by_id.get(NESTED_ROWS[key], {}).get(row.get(reference_column(key), ""))
                if found is not None:
                    value[key] = self.of(NESTED_ROWS[key], found)
            else:
                child = NESTED_LISTS[key]
                linked = self._linked.get((child, link_column(child, table), row["id"]), [])
                if linked:
                    value[key] = [self.of(child, one) for one in linked]
        return value


def _number(cell: str) -> int | float:
    number = float(cell)
    return int(number) if cell.strip().lstrip("+-").isdigit() else number
