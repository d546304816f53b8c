"""The models of a district's rows, made from `matching.schemas`: no column is written twice.

A blank cell is null, a list is an array, a date is a date; unknown columns stand in ``extra``.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from matching.columns import Cell, Column, Table
from service.api.paging import MOST_ITEMS

LONGEST_TEXT: Final = 20_000
LONGEST_LIST: Final = 1_000
LARGEST: Final = 2**53  # What every JSON reader still tells from its neighbours.
#: What stands in a cell of a kind; the rest is text.
_PYTHON: Final[Mapping[Cell, type]] = {
    Cell.WHOLE: int,
    Cell.NUMBER: float,
    Cell.DATE: dt.date,
    Cell.FLAG: bool,
}
LISTS: Final = frozenset({Cell.LIST, Cell.WORDS, Cell.SCHEDULE})
_FILTERED: Final = frozenset({Cell.ID, Cell.WORD, Cell.WORDS, Cell.FLAG, Cell.WHOLE, Cell.DATE})


class RowsAsked(BaseModel):
    """Which rows of a table, in which order, and how many; a table's own query has its columns as filters too."""

    model_config = ConfigDict(extra="forbid")

    sort: str = "number"
    limit: int = Field(50, ge=1, le=MOST_ITEMS, description="Most rows on a page.")
    after: str | None = Field(None, max_length=4000, description="The `next` of the page before.")
    district: str | None = Field(None, description="The district, where you have several.")


@dataclass(frozen=True, slots=True)
class RowModels:
    """What a table's rows look like where they are made, changed, read, and asked for."""

    new: type[BaseModel]
    change: type[BaseModel]
    read: type[BaseModel]
    asked: type[RowsAsked]


def models_of(table: Table, name: str, example: Mapping[str, object]) -> RowModels:
    """Return the models of a table's rows.

    Parameters
    ----------
    name
        What one row is called, such as ``Need``.
    example
        A new row, as it stands in the documentation.
    """
    texts = dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=LONGEST_TEXT)]]
    # Any: pydantic's own way to tell a field.
    new: dict[str, Any] = {
        column.name: _field(column, must=column.is_required and column.name != table.key)
        for column in table.columns
    }
    change: dict[str, Any] = {
        column.name: _field(column, must=False) for column in table.columns if column.name != table.key
    }
    read: dict[str, Any] = {
        column.name: _field(column, must=column.is_required, is_read=True) for column in table.columns
    }
    asked: dict[str, Any] = {
        column.name: (
            _filter_type(column) | None,
            Field(None, description=f"Only rows of this {column.name}."),
        )
        for column in table.columns
        if column.cell in _FILTERED
    }
    columns = tuple(
        f"{sign}{name}"
        for name in ("number", *(column.name for column in table.columns))
        for sign in ("", "-")
    )
    return RowModels(
        new=_model(
            f"New{name}",
            table.meaning,
            new | {"extra": (texts, Field({}, description="Columns of your own."))},
            example,
        ),
        change=_model(
            f"{name}Change",
            "What to change; what is left out stays, null makes a cell blank.",
            change | {"extra": (texts | None, Field(None, description="Columns of your own, all of them."))},
            dict([*example.items()][-1:]),
        ),
        read=_model(
            name,
            table.meaning,
            {"number": (int, ...), "version": (int, ...)} | read | {"extra": (dict[str, str], ...)},
        ),
        asked=create_model(
            f"{name}Query",
            __base__=RowsAsked,
            **asked,
            sort=(_literal(columns), Field("number", description="A column; with - from the last on.")),
        ),
    )


def _model(
    name: str, meaning: str, fields: dict[str, Any], example: Mapping[str, object] | None = None
) -> type[BaseModel]:
    config = ConfigDict(extra="forbid")
    if example:
        config["json_schema_extra"] = lambda schema: schema.update(example=dict(example))
    made: type[BaseModel] = create_model(name, __config__=config, __doc__=meaning, **fields)
    return made


def _field(
    column: Column, *, must: bool, is_read: bool = False
) -> tuple[Any, Any]:  # pydantic's own way to tell a field
    """Return type and default of a column's field."""
    told = f"{column.meaning[:1].upper()}{column.meaning[1:]}." + (
        f" Null: {column.blank}." if column.blank else ""
    )
    kind = _read_type(column) if is_read else _checked_type(column)
    if must:
        return kind, Field(description=told)
    return kind | None, Field(description=told) if is_read else Field(None, description=told)


def _read_type(column: Column) -> Any:  # a type, of pydantic's own making
    return list[str] if column.cell in LISTS else _PYTHON.get(column.cell, str)


def _checked_type(column: Column) -> Any:  # a type, of pydantic's own making
    """Return a type that refuses what the domain would refuse of a number, a word or a length."""
    if column.cell in LISTS:
        part = (
            _one_of(column) if column.cell is Cell.WORDS else Annotated[str, Field(max_length=LONGEST_TEXT)]
        )
        return Annotated[list[part], Field(max_length=LONGEST_LIST)]  # type: ignore[valid-type]  # made at run time
    if column.cell in (Cell.WHOLE, Cell.NUMBER):
        return _number(column)
    if column.cell is Cell.WORD:
        return _one_of(column)
    if column.cell is Cell.FLAG:
        return Annotated[bool, Field(strict=True)]
    if column.cell in _PYTHON:
        return _PYTHON[column.cell]
    return Annotated[str, Field(min_length=1 if column.is_required else None, max_length=LONGEST_TEXT)]


def _number(column: Column) -> Any:  # a type, of pydantic's own making
    limits: dict[str, Any] = {
        "ge": column.at_least,
        "le": column.at_most,
        "gt": column.above,
    }  # of pydantic's own making
    if column.cell is Cell.WHOLE:
        limits["le"] = LARGEST if column.at_most is None else column.at_most
        return Annotated[int, Field(strict=True, **limits)]
    return Annotated[float, Field(strict=True, allow_inf_nan=False, **limits)]


def _one_of(column: Column) -> Any:  # a type, of pydantic's own making
    return _literal(column.words)


def _filter_type(column: Column) -> Any:  # a type, of pydantic's own making
    if column.cell in (Cell.WORD, Cell.WORDS):
        return _one_of(column)
    if column.cell is Cell.WHOLE:
        return Annotated[int, Field(ge=0, le=LARGEST)]
    return Annotated[str, Field(max_length=LONGEST_TEXT)] if column.cell is Cell.ID else _PYTHON[column.cell]


def _literal(words: tuple[str, ...]) -> Any:  # a type, of pydantic's own making
    return Literal.__getitem__(words)
