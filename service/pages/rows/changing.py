"""Rows of a district as forms: what schools and partners say, added, changed, removed, and taken back."""

from collections.abc import Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.columns import Column, Table
from matching.errors import DataError, Problem
from matching.schemas import TABLES
from service.api import resources
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.errors import ConflictError, NotAllowedError, NotFoundError
from service.pages.frame import SentForm, address_of, show
from service.pages.reader import reader_of
from service.pages.rows.choosing import (
    Around,
    around_asked,
    around_row,
    choices_of,
    owners,
    owners_to_choose,
)
from service.pages.rows.forms import TAKE, cells_of, fields_of, sent_texts, texts_of, was_texts
from service.pages.rows.words import THINGS, fault_of, hint_of, label_of
from service.people.principal import Role
from service.people.reach import entrusted
from service.storage.former_rows import Done, Former, find, forget, keep
from service.storage.related import referring
from service.storage.rows import Row

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

WRITERS: Final = (Role.COORDINATOR, Role.LEADER, Role.PARTNER)


Texts = dict[str, str]


@router.get("/add/{table}")
@allow(*WRITERS)
def show_new(given: Given, request: Request, table: str) -> Response:
    """Show an empty form; where its row is of a need or an offer, ask first of which school and which partner."""
    known = _table_to_add_to(given, table)
    around = around_asked(given, request.query_params)
    missing = owners_to_choose(known, around)
    if missing:
        choices = {name: owners(given, name) for name in missing}
        kept = [(name, text) for name, text in request.query_params.items() if name not in missing]
        return show(given, "choose.html", thing=THINGS[table], choices=choices, kept=kept)
    asked = {"school_id": around.school_id or "", "partner_id": around.partner_id or ""}
    texts = {name: text for name, text in asked.items() if name in known.columns_by_name}
    return _new(given, known, around, texts)


@router.post("/add/{table}")
@allow(*WRITERS)
def add(given: Given, request: Request, table: str, sent: SentForm) -> Response:
    """Add a row, and go to where it is shown; what is wrong stands beside its field."""
    known = _table_to_add_to(given, table)
    texts = sent_texts(_columns(given, known), sent)
    try:
        row = resources.create(given, known, cells_of(known, texts))
    except DataError as error:
        return _new(given, known, around_asked(given, request.query_params), texts, error.problems)
    return _go(given, known, row.cells, Former(Done.ADDED, table, _key(known, row), row.version, {}))


@router.get("/change/{table}/{key:path}")
@allow(*WRITERS)
def show_row(given: Given, request: Request, table: str, key: str) -> Response:
    """Show a row as a form."""
    known = table_named(table)
    row = resources.row_of(given, known, _named(known, key), to_change=True)
    return _row(given, known, row)


@router.post("/change/{table}/{key:path}")
@allow(*WRITERS)
def change(given: Given, request: Request, table: str, key: str, sent: SentForm) -> Response:
    """Change the cells that someone changed in a form; where others did so meanwhile, ask whose stay."""
    known = table_named(table)
    row = resources.row_of(given, known, _named(known, key), to_change=True)
    if sent.get("do") == "remove":
        return _remove(given, known, row, str(sent.get("version", "")))
    columns = _columns(given, known, row)
    now = texts_of(known, row)
    was = now | was_texts(columns, sent)
    theirs = {column.name for column in columns if sent.get(TAKE + column.name) == "theirs"}
    mine = {
        name: text
        for name, text in sent_texts(columns, sent).items()
        if text != was[name] and name not in theirs
    }
    clashes = {name: now[name] for name, text in mine.items() if now[name] not in (was[name], text)}
    if clashes:
        return _row(given, known, row, mine, theirs=clashes, status=HTTPStatus.CONFLICT)
    try:
        changed = resources.change(given, known, row, cells_of(known, mine)) if mine else row
    except DataError as error:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _row(given, known, row, mine, problems=error.problems, status=status)
    before = {name: cell for name, cell in row.cells.items() if changed.cells[name] != cell}
    former = Former(Done.CHANGED, table, _key(known, row), changed.version, before) if before else None
    return _go(given, known, changed.cells, former)


@router.post("/undo/{name}")
@allow(*WRITERS)
def undo(given: Given, request: Request, name: str) -> Response:
    """Take back what was done to a row, if nobody touched it since; this too can be taken back."""
    former = find(given.connection, given.district_id, given.principal.actor, name)
    if former is None:
        raise NotFoundError("Undo: expected something that you did within a day, found nothing.")
    known, key = TABLES[former.table], _named(TABLES[former.table], former.key)
    if former.done is Done.REMOVED:
        row = resources.create(given, known, former.cells, again=True)
        then = Former(Done.ADDED, former.table, _key(known, row), row.version, {})
    else:
        row = resources.row_of(given, known, key, to_change=True)
        if row.version != former.version:
            return show(given, "undone.html", HTTPStatus.CONFLICT, table=former.table, key=former.key)
        if former.done is Done.ADDED:
            return _taken_back(given, known, row.cells, name, _removed(given, known, row))
        before = {column: row.cells[column] for column in former.cells}
        row = resources.change(given, known, row, former.cells, again=True)
        then = Former(Done.CHANGED, former.table, former.key, row.version, before)
    return _taken_back(given, known, row.cells, name, then)


def _taken_back(
    given: Context, table: Table, cells: Mapping[str, Any], name: str, then: Former
) -> Response:  # Any: values of JSON
    forget(given.connection, name)
    return _go(given, table, cells, then, "&undone=1")


def _remove(given: Context, table: Table, row: Row, version: str) -> Response:
    """Remove a row that is as it was shown; where others refer to it, tell which."""
    if version != str(row.version):
        return _row(given, table, row, is_stale=True, status=HTTPStatus.CONFLICT)
    if not resources.may_create(given.place, table.name):
        raise NotAllowedError(f"{table.name}: a coordinator removes these.")
    try:
        former = _removed(given, table, row)
    except ConflictError:
        return _row(given, table, row, status=HTTPStatus.CONFLICT)
    return _go(given, table, row.cells, former)


def _removed(given: Context, table: Table, row: Row) -> Former:
    resources.delete(given, table, row)
    return Former(Done.REMOVED, table.name, _key(table, row), 0, {**row.cells, "extra": row.extra})


def _new(
    given: Context, table: Table, around: Around, texts: Texts, problems: Iterable[Problem] = ()
) -> Response:
    problems = list(problems)
    columns = _columns(given, table)
    choices = choices_of(given, table, around, texts)
    return show(
        given,
        "change.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        table=table,
        row=None,
        fields=fields_of(columns, texts, {}, choices, problems=problems),
        **_words(given, table, columns, problems),
    )


def _row(  # noqa: PLR0913 - each is one thing that a form may have to tell
    given: Context,
    table: Table,
    row: Row,
    mine: Mapping[str, str] | None = None,
    *,
    problems: Iterable[Problem] = (),
    theirs: Mapping[str, str] | None = None,
    is_stale: bool = False,
    status: int = HTTPStatus.OK,
) -> Response:
    """Return the form of a row, with what someone has written into it."""
    problems, now = list(problems), texts_of(table, row)
    columns, texts = _columns(given, table, row), now | dict(mine or {})
    choices = choices_of(given, table, around_row(given, row.cells), texts)
    key = row.cells.get(table.key)
    return show(
        given,
        "change.html",
        status,
        table=table,
        row=row,
        key=_key(table, row),
        back=_place(given, table, row.cells),
        fields=fields_of(columns, texts, now, choices, problems=problems, theirs=theirs),
        may_remove=resources.may_create(given.place, table.name),
        hangs=referring(given.connection, given.district_id, table.name, key) if key else [],
        is_stale=is_stale,
        **_words(given, table, columns, problems),
    )


def _words(
    given: Context, table: Table, columns: Iterable[Column], problems: Iterable[Problem]
) -> dict[str, object]:
    """Return how a form speaks of its columns, and what is wrong with no field of it."""
    reader, known = reader_of(given.request), {column.name for column in columns}
    return {
        "thing": THINGS[table.name],
        "label": partial(label_of, table.name),
        "hint": partial(hint_of, reader),
        "fault": partial(fault_of, reader),
        "others": [problem for problem in problems if problem.column not in known],
        "own_id": lambda _: reader.say("Left blank, one is given."),
        "entrusted": ", ".join(
            reader.say(label_of(table.name, name)) for name in sorted(entrusted(given.place, table.name))
        ),
    }


def _columns(given: Context, table: Table, row: Row | None = None) -> list[Column]:
    """Return the columns that someone fills in: an id only of a new row."""
    hidden = entrusted(given.place, table.name) | ({table.key} if row else set())
    return [column for column in table.columns if column.name not in hidden]


def _go(
    given: Context, table: Table, cells: Mapping[str, Any], former: Former | None, more: str = ""
) -> Response:
    """Go to where a row is shown, with what can be taken back."""
    place = _place(given, table, cells, is_gone=former is not None and former.done is Done.REMOVED)
    if former is not None:
        name = keep(given.connection, given.district_id, given.principal.actor, former)
        place += f"?done={name}{more}"
    return RedirectResponse(place, HTTPStatus.SEE_OTHER)


def _place(given: Context, table: Table, cells: Mapping[str, Any], *, is_gone: bool = False) -> str:
    """Return the address of the page that shows a row, or did."""
    here = address_of(given)
    if table.name == "convenings":
        return f"{here}/convenings"
    if table.name == "decisions":
        return f"{here}/rows/decisions"
    if is_gone and table.name in ("schools", "partners"):
        return f"{here}/{table.name}"
    if table.name == "needs" and cells["slots"] and not is_gone:
        return f"{here}/needs/{quote(cells['need_id'], safe='')}"
    around = around_row(given, cells)
    if around.school_id and table.name not in ("partners", "offers"):
        return f"{here}/schools/{quote(around.school_id, safe='')}"
    return f"{here}/partners/{quote(around.partner_id or '', safe='')}"


def table_named(name: str) -> Table:
    """Return a table of a district.

    Raises
    ------
    NotFoundError
        Where there is none of this name.
    """
    if name not in TABLES:
        raise NotFoundError(f"Table {name}: expected one of {', '.join(TABLES)}.")
    return TABLES[name]


def _table_to_add_to(given: Context, name: str) -> Table:
    table = table_named(name)
    if not resources.may_create(given.place, name):
        raise NotAllowedError(f"{name}: a {given.role} adds none.")
    return table


def _named(table: Table, key: str) -> str | int:
    """Return what names a row: its id, or its number."""
    if table.key:
        return key
    if not (key.isascii() and key.isdecimal()):
        raise NotFoundError(f"{table.name}: expected the number of a row, found none that is {key!a}.")
    return int(key)


def _key(table: Table, row: Row) -> str:
    return str(resources.key_of(table, row))
