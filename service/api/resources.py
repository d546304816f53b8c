"""The ten tables of a district as resources: read a page or a row, make, change and remove one.

Rows of tables with an id of their own are named by it, others by a number.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from matching.columns import Table
from matching.schemas import TABLES
from service.api import route
from service.api.access import Context, Given, allow, etag
from service.api.cells import LARGEST, LONGEST_TEXT, RowModels, RowsAsked, models_of
from service.api.paging import Page
from service.errors import NotAllowedError, NotFoundError
from service.people.principal import Membership, Role
from service.people.reach import FOUNDED, REACH, Rows, cells_within, rows_within, sees_contacts, within_reach
from service.storage import rows
from service.storage.rows import Row

_NAMES: Final = {"evidence": "Evidence"}
#: A new row of each table, as the documentation shows it.
EXAMPLES: Final[Mapping[str, Mapping[str, object]]] = {
    "schools": {"school_id": "S041", "name": "Juniper Elementary", "grades": "PK-5", "title_i": True},
    "needs": {
        "school_id": "S001",
        "statement": "One-to-one reading support for third graders twice a week",
        "kind": "mentoring",
        "grades": "3",
        "schedule": ["Mon 15:00-16:30", "Wed 15:00-16:30"],
        "slots": 12,
    },
    "partners": {"name": "Harbor Rotary", "kind": "civic_club", "radius_km": 12.5, "max_schools": 3},
    "offers": {
        "partner_id": "P001",
        "focus": "Retired teachers read with children one to one",
        "kinds": ["mentoring", "tutoring"],
        "slots": 10,
        "trained_slots": 8,
    },
    "partnerships": {"need_id": "N001", "offer_id": "O001", "status": "proposed", "slots": 4},
    "evidence": {"school_id": "S001", "source": "survey", "measure": "reading_proficient_pct", "value": 41.5},
    "evaluations": {"partner_id": "P001", "school_id": "S001", "term": "fall 2026", "rating": 4.5},
    "comments": {"school_id": "S001", "respondent": "family", "text": "The tutors come on time."},
    "convenings": {"convening_id": "C004", "date": "2027-05-20", "kind": "end", "place": "District office"},
    "decisions": {"need_id": "N001", "offer_id": "O001", "decision": "declined", "reason": "Too far away"},
}


def _readers(table: str) -> list[Role]:
    return [Role.COORDINATOR, *(role for role, reach in REACH.items() if table in reach)]


def _changers(table: str) -> list[Role]:
    within = [
        role for role, reach in REACH.items() if reach.get(table, (None, Rows.NONE))[1] is not Rows.NONE
    ]
    return [Role.COORDINATOR, *within]


def _makers(table: str) -> list[Role]:
    return [Role.COORDINATOR] if table in FOUNDED else _changers(table)


def may_create(place: Membership, table: str) -> bool:
    """Whether someone adds rows to a table and removes them."""
    is_reached = rows_within(place, table, to_change=True) is not Rows.NONE
    return is_reached and (table not in FOUNDED or rows_within(place, table, to_change=True) is Rows.ALL)


def key_of(table: Table, row: Row) -> str | int:
    """Return what names a row: its id, or its number where the rows of its table have no ids."""
    key: str | int = row.cells[table.key] if table.key else row.number
    return key


def row_of(given: Context, table: Table, key: str | int, *, to_change: bool = False) -> Row:
    """Return a row that the caller reads, or changes; one that it only reads is not found to change but refused.

    Raises
    ------
    NotFoundError, NotAllowedError
        Where the caller may not know of it, or may only read it.
    """
    row = _within(given, table, key)
    if to_change:
        _check_change(given, table, key)
    return row


def create(given: Context, table: Table, cells: Mapping[str, object], *, again: bool = False) -> Row:
    """Add a row for the caller and return it as the caller sees it; errors as of `rows.insert` and `row_of`.

    Parameters
    ----------
    again
        Whether the cells stood there before, so that no one has to be asked for them.
    """
    allowed = dict(cells) if again else cells_within(given.place, table.name, cells)
    row = _written(given, table, rows.insert(given.connection, given.district_id, table.name, allowed))
    given.record("created", table.name, str(key_of(table, row)))
    return row


def change(
    given: Context, table: Table, row: Row, cells: Mapping[str, object], *, again: bool = False
) -> Row:
    """Change cells of a row that the caller may change, as `create` adds them; errors as of `rows.change`."""
    allowed = dict(cells) if again else cells_within(given.place, table.name, cells, row.cells)
    row = rows.change(given.connection, given.district_id, table.name, row, allowed)
    row = _written(given, table, row)
    given.record("changed", table.name, str(key_of(table, row)), {"columns": sorted(allowed)})
    return row


def delete(given: Context, table: Table, row: Row) -> None:
    """Remove a row that the caller may change; errors as of `rows.delete`."""
    rows.delete(given.connection, given.district_id, table.name, row)
    given.record("deleted", table.name, str(key_of(table, row)))


@cache
def routers() -> list[APIRouter]:
    """Return the routes of all tables; their models take a while to make."""
    return [_router_of(table) for table in TABLES.values()]


def _router_of(table: Table) -> APIRouter:
    name = _NAMES.get(table.name, table.name.removesuffix("s").capitalize())
    models = models_of(table, name, EXAMPLES[table.name])
    made = route.router(table.name)
    _add_reading(made, table, name, models)
    _add_changing(made, table, name, models)
    return made


def _add_reading(made: APIRouter, table: Table, name: str, models: RowModels) -> None:
    @allow(*_readers(table.name))
    def read_rows(given: Given, asked: RowsAsked) -> Page[BaseModel]:
        found = rows.page(
            given.connection,
            given.district_id,
            table.name,
            where=within_reach(given.place, table.name),
            contacts=sees_contacts(given.place, table.name),
            filters=asked.model_dump(exclude_unset=True, exclude=set(RowsAsked.model_fields)),
            sort=asked.sort,
            limit=asked.limit,
            after=asked.after,
        )
        return Page(items=[_told(models, row) for row in found.rows], next=found.next)

    @allow(*_readers(table.name))
    def read_row(given: Given, key: Any, response: Response) -> BaseModel:  # Any: an id or a number
        row = row_of(given, table, key)
        response.headers["ETag"] = etag(row.version)
        return _told(models, row)

    read_rows.__annotations__ |= {"asked": Annotated[models.asked, Query()], "return": Page[models.read]}  # type: ignore[name-defined]  # made at run time
    read_row.__annotations__ |= {"key": _key_type(table), "return": models.read}
    made.get("", name=f"list_{table.name}", description=f"Return a page of {table.name}.")(read_rows)
    made.get(_path(table), name=f"read_{name.lower()}", description=f"Return one of the {table.name}.")(
        read_row
    )


def _add_changing(made: APIRouter, table: Table, name: str, models: RowModels) -> None:
    @allow(*_makers(table.name))
    def create_row(given: Given, new: BaseModel, response: Response) -> BaseModel:
        row = create(given, table, new.model_dump(exclude_unset=True))
        response.headers["Location"] = f"/api/v1/{table.name}/{quote(str(key_of(table, row)), safe='')}"
        response.headers["ETag"] = etag(row.version)
        return _told(models, row)

    @allow(*_changers(table.name))
    def change_row(
        given: Given, key: Any, changed: BaseModel, response: Response
    ) -> BaseModel:  # Any: likewise
        row = row_of(given, table, key, to_change=True)
        given.check_version(row.version)
        row = change(given, table, row, changed.model_dump(exclude_unset=True))
        response.headers["ETag"] = etag(row.version)
        return _told(models, row)

    @allow(*_makers(table.name))
    def delete_row(given: Given, key: Any) -> None:  # Any: likewise
        row = row_of(given, table, key, to_change=True)
        given.check_version(row.version)
        delete(given, table, row)

    create_row.__annotations__ |= {"new": models.new, "return": models.read}
    change_row.__annotations__ |= {"key": _key_type(table), "changed": models.change, "return": models.read}
    delete_row.__annotations__ |= {"key": _key_type(table)}
    what, path = name.lower(), _path(table)
    made.post("", status_code=201, name=f"create_{what}", description=f"Add one to the {table.name}.")(
        create_row
    )
    made.patch(path, name=f"change_{what}", description=f"Change one of the {table.name}.")(change_row)
    made.delete(path, status_code=204, name=f"delete_{what}", description=f"Remove one of the {table.name}.")(
        delete_row
    )


def _path(table: Table) -> str:
    """Return the path of a row; an id may hold any character."""
    return "/{key:path}" if table.key else "/{key}"


def _key_type(table: Table) -> Any:  # a type, of pydantic's own making
    if table.key:
        return Annotated[str, Path(max_length=LONGEST_TEXT, description=f"The {table.key}.")]
    return Annotated[int, Path(ge=1, le=LARGEST, description="The row's number.")]


def _written(given: Context, table: Table, row: Row) -> Row:
    """Return a row as its writer sees it, or refuse it where it is not one the writer may have."""
    key = key_of(table, row)
    _check_change(given, table, key)
    return _within(given, table, key)


def _within(given: Context, table: Table, key: str | int) -> Row:
    return rows.get(
        given.connection,
        given.district_id,
        table.name,
        key,
        where=within_reach(given.place, table.name),
        contacts=sees_contacts(given.place, table.name),
    )


def _check_change(given: Context, table: Table, key: str | int) -> None:
    """Check that a row is one the caller may change.

    Raises
    ------
    NotAllowedError
        Where it is not.
    """
    within = within_reach(given.place, table.name, to_change=True)
    try:
        rows.get(given.connection, given.district_id, table.name, key, where=within)
    except NotFoundError as error:
        raise NotAllowedError(f"A {given.role} changes only their own {table.name}.") from error


def _told(models: RowModels, row: Row) -> BaseModel:
    cells = {"number": row.number, "version": row.version, **row.cells, "extra": row.extra}
    return models.read.model_validate(cells)
