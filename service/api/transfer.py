"""Districts in and out: an upload is told row by row before anything is written, and can be undone."""

import datetime as dt
import io
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Annotated, BinaryIO, Final, Literal

from fastapi import APIRouter, Path, Query, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, select

from matching.archives import LIMITS, check_size, opened_zip
from matching.differences import Differences, differences
from matching.district import District
from matching.exporting import tables_of, write_workbook, write_zip
from matching.files import read_upload
from matching.merging import Mode, merged
from service.api import route
from service.api.access import Given, allow, etag
from service.api.openapi import IF_MATCH
from service.api.paging import Limit, Page, page_of
from service.errors import NotAllowedError, StaleError
from service.people.principal import Role
from service.storage.districts import load_district
from service.storage.imports import read_import, store_import, undo_import
from service.storage.tables import districts, imports

_LONGEST_NAME: Final = 200
_ZIP: Final = "application/zip"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

importing = route.router("imports")
exporting = route.router("export")

Number = Annotated[int, Path(ge=1, le=2**53, description="Number of the import.")]
Counted = Annotated[
    str, Field(pattern="^[0-9]{1,15}$", description="Where the page before ended: its `next`.")
]


class ImportQuery(BaseModel):
    """How to take an upload in, and which of its changes to tell."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["merge", "replace"] = Field(
        "merge",
        description="merge: rows with a known id change, others are added; "
        "replace: a table of the upload takes the place of the district's.",
    )
    format: Literal["district", "hsds"] = Field(
        "district",
        description="district: .xlsx, a .zip of CSV files or one CSV file named after its table; hsds: a .zip of CSV "
        "files or a JSON file of HSDS 3.1, which is merged.",
    )
    dry_run: bool = Field(True, description="Only tell what would change; false needs If-Match.")
    limit: Limit = 100
    after: Counted | None = None
    district: str | None = Field(None, description="The district, where you have several.")


class ExportQuery(BaseModel):
    """What to export."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["zip", "xlsx", "hsds"] = Field(
        "zip",
        description="zip: CSV files; xlsx: a workbook; hsds: a zip of HSDS 3.1, partners and offers alone.",
    )
    contacts: bool | None = Field(
        None,
        description="With contacts and columns of your own; where left out, if you see them, but not in hsds.",
    )
    district: str | None = Field(None, description="The district, where you have several.")


class CellChange(BaseModel):
    """A cell before and after, as a CSV file holds it; both are null for a contact: only that it changes is told."""

    column: str
    before: str | None
    after: str | None


class RowChange(BaseModel):
    """A row that is added, changed or removed; the key is blank in a table without ids."""

    table: str
    change: Literal["added", "changed", "removed"]
    key: str
    cells: list[CellChange]


class Counts(BaseModel):
    """Rows of a table."""

    added: int
    changed: int
    removed: int
    unchanged: int


class Import(BaseModel):
    """What an upload changes, or would change."""

    number: int | None
    """Of the import; null for a dry run."""
    version: int
    """Of the district: before a dry run, after an import."""
    counts: dict[str, Counts]
    warnings: list[str]
    changes: Page[RowChange]


class ImportRead(BaseModel):
    """An import that was done."""

    number: int
    file_name: str
    mode: str
    counts: dict[str, Counts]
    imported_by: str
    imported_at: datetime
    undone_by: str
    undone_at: datetime | None


def routers() -> list[APIRouter]:
    """Return the routes of imports and of the export."""
    return [importing, exporting]


@importing.post(
    "",
    openapi_extra={"parameters": [IF_MATCH]},
    responses={201: {"model": Import, "description": "What was changed."}},
)
@allow(Role.COORDINATOR)
def create_import(
    given: Given, file: UploadFile, asked: Annotated[ImportQuery, Query()], response: Response
) -> Import:
    """Tell row by row what an upload would change; with dry_run=false change it, all or nothing."""
    name = "".join(letter for letter in file.filename or "" if letter.isprintable())[:_LONGEST_NAME]
    taken_in = _reader(file.file, name, asked, given.place.district_key)
    with given.database.reading() as connection:
        version = _version(given, connection)
        if not asked.dry_run:
            given.check_version(version)
        before = load_district(connection, given.district_id)
    after = taken_in(before)
    found, number = differences(before, after), None
    if not asked.dry_run:
        number = take_in(given, found, version, name, asked.mode)
        version, response.status_code = version + 1, 201
        response.headers["Location"] = f"/api/v1/imports/{number}"
    response.headers["ETag"] = etag(version)
    return Import(
        number=number,
        version=version,
        counts={table: Counts(**counts) for table, counts in found.counts.items()},
        warnings=list(after.warnings),
        changes=_page(found, asked.limit, asked.after),
    )


@importing.get("")
@allow(Role.COORDINATOR)
def list_imports(
    given: Given, limit: Limit = 50, after: Annotated[Counted | None, Query()] = None
) -> Page[ImportRead]:
    """Return the imports of a district, the latest first."""
    columns = [imports.c[name] for name in ImportRead.model_fields]
    query = select(*columns).where(imports.c.district_id == given.district_id)
    if after:
        query = query.where(imports.c.number < int(after))
    rows = given.connection.execute(query.order_by(imports.c.number.desc()).limit(limit + 1)).all()
    return page_of([_read(row) for row in rows], limit, lambda done: str(done.number))


@importing.get("/{number}", name="read_import")
@allow(Role.COORDINATOR)
def read_one(given: Given, number: Number) -> ImportRead:
    """Return an import."""
    return _read(read_import(given.connection, given.district_id, number))


@importing.post("/{number}/undo", name="undo_import")
@allow(Role.COORDINATOR)
def undo(given: Given, number: Number) -> ImportRead:
    """Put the rows that an import changed back as they were; refused where one of them was changed since."""
    undo_import(given.connection, given.district_id, number, given.principal.actor)
    given.record("undone", "imports", str(number))
    return _read(read_import(given.connection, given.district_id, number))


@exporting.get("", response_class=Response, responses={200: {"content": {_ZIP: {}, _XLSX: {}}}})
@allow(Role.COORDINATOR, Role.BOARD)
def export_district(given: Given, asked: Annotated[ExportQuery, Query()]) -> Response:
    """Return the district as a file that an import reads back; contacts are only for those who may see them."""
    may_see = given.role is not Role.BOARD
    if asked.contacts and not may_see:
        raise NotAllowedError("Contacts: a board member does not see them.")
    with_contacts = may_see and asked.format != "hsds" if asked.contacts is None else asked.contacts
    version = _version(given, given.connection)
    district = load_district(given.connection, given.district_id, with_contacts=with_contacts)
    body = _exported(district, asked.format, with_contacts, given.place.district_key)
    suffix, media_type = ("xlsx", _XLSX) if asked.format == "xlsx" else ("zip", _ZIP)
    kind = "-hsds" if asked.format == "hsds" else ""
    name = f"{given.place.district_key}-{version}{kind}.{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "ETag": etag(version)}
    return Response(body, headers=headers, media_type=media_type)


def _reader(file: BinaryIO, name: str, asked: ImportQuery, publisher: str) -> Callable[[District], District]:
    """Return what brings an upload, which is read and understood already, into a district."""
    if asked.format == "district":
        sheets = read_upload(file, name)
        return lambda before: merged(before, sheets, Mode(asked.mode))
    if asked.mode != "merge":
        raise ValueError(f"mode {asked.mode}: expected merge, for HSDS knows a part of a district alone.")
    from matching.hsds import merge_hsds, read_hsds

    with TemporaryDirectory() as folder:
        read = read_hsds(_saved(file, name, FilePath(folder)))
    return lambda before: merge_hsds(read, before, publisher=publisher)


def _saved(file: BinaryIO, name: str, folder: FilePath) -> FilePath:
    """Return where an upload was saved, a zip once it was found to be harmless."""
    check_size(file.seek(0, io.SEEK_END), name, LIMITS)
    file.seek(0)
    is_zip = file.read(2) == b"PK"
    if is_zip:
        opened_zip(file, name, LIMITS).close()
    file.seek(0)
    path = folder / ("upload.zip" if is_zip else "upload.json")
    with path.open("wb") as saved:
        shutil.copyfileobj(file, saved)
    return path


def take_in(given: Given, found: Differences, version: int, name: str, mode: str) -> int:
    """Write what differs, unless the district changed while it was being compared."""
    now = _version(given, given.connection)
    if now != version:
        raise StaleError(
            f"District: expected version {version}, found {now}: it was changed since; look again."
        )
    number = store_import(given.connection, given.district_id, found, name, mode, given.principal.actor)
    given.record("imported", "imports", str(number), {"mode": mode, "counts": found.counts})
    return number


def _version(given: Given, connection: Connection) -> int:
    asked = select(districts.c.version).where(districts.c.id == given.district_id)
    version: int = connection.execute(asked).scalar_one()
    return version


def _page(found: Differences, limit: int, after: str | None) -> Page[RowChange]:
    start = int(after or 0)
    rows = [RowChange.model_validate(row, from_attributes=True) for row in found.rows(start, limit)]
    following = start + limit
    return Page(items=rows, next=str(following) if following < len(found) else None)


def _exported(district: District, kind: str, with_contacts: bool, publisher: str) -> bytes:
    made = io.BytesIO()
    tables = tables_of(district, with_contacts=with_contacts)
    if kind == "zip":
        write_zip(tables, made)
    elif kind == "xlsx":
        write_workbook(tables, made)
    else:
        from matching.hsds import write_hsds

        with TemporaryDirectory() as folder:
            path = FilePath(folder, "hsds.zip")
            write_hsds(district, path, on=dt.date.today(), with_contacts=with_contacts, publisher=publisher)
            return path.read_bytes()
    return made.getvalue()


def _read(row: Row[tuple[object, ...]]) -> ImportRead:
    return ImportRead.model_validate(row, from_attributes=True)
