"""Pages of a list: how many, after which, and what comes next."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel
from starlette.requests import Request

Item = TypeVar("Item")

MOST_ITEMS = 500
Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Most items on a page.")]
After = Annotated[str | None, Query(max_length=2000, description="Where the page before ended: its `next`.")]


class Page(BaseModel, Generic[Item]):
    """A part of a list."""

    items: list[Item]
    next: str | None = None
    """Sent back as `after`, it gives the page that follows; null where nothing does."""


def check_query(request: Request, *known: str) -> None:
    """Check that a list is asked for by what it knows: a filter that is misspelt would give all of it.

    Raises
    ------
    ValueError
        It is asked for by something else.
    """
    names = (*known, "limit", "after", "district")
    unknown = [name for name in request.query_params if name not in names]
    if unknown:
        raise ValueError(f"{unknown[0][:50]}: expected one of {', '.join(names)} in the address.")


def page_of(found: Sequence[Item], limit: int, cursor: Callable[[Item], str]) -> Page[Item]:
    """Return a page of what was found, of which one more than the limit was asked for."""
    items = list(found[:limit])
    return Page(items=items, next=cursor(items[-1]) if len(found) > limit else None)
