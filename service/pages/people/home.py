"""Where everybody begins: one's districts, of which admins make new ones."""

import re
import unicodedata
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response as Answer

from service.api import districts as api
from service.api.access import EVERYONE, Context, Given, allow
from service.api.route import Route
from service.errors import ConflictError
from service.pages.people.signing_in import go
from service.pages.rendering import render
from service.people.principal import Role
from service.storage.tables import districts

router = APIRouter(route_class=Route, include_in_schema=False)


@router.get("/")
@allow(*EVERYONE, of_district=False)
def show_home(given: Given, request: Request) -> Answer:
    """Show the districts of whoever is signed in; where there is one, go there."""
    mine = _mine(given)
    return go(f"/districts/{mine[0]['key']}") if len(mine) == 1 else _home(given)


@router.get("/districts")
@allow(*EVERYONE, of_district=False)
def show_districts(given: Given, request: Request) -> Answer:
    """Show the districts of whoever is signed in, also where there is one."""
    return _home(given)


class NewDistrict(BaseModel):
    """What the form sends that makes a district."""

    name: str = ""
    key: str = ""
    csrf: str = ""


@router.post("/districts")
@allow(of_district=False)
def make_district(given: Given, request: Request, sent: Annotated[NewDistrict, Form()]) -> Answer:
    """Make an empty district and go there; what is wrong stands beside its field."""
    name, key = " ".join(sent.name.split()), sent.key.strip() or _key_of(sent.name)
    errors = {}
    if not 1 <= len(name) <= MOST_LETTERS or not name.isprintable():
        errors["name"] = f"Name: expected 1 to {MOST_LETTERS} characters, got {len(name)}."
    if not KEY.fullmatch(key):
        errors["key"] = "Key: expected lower-case letters, digits and hyphens, 63 at most."
    if not errors:
        try:
            api.create_district(given, api.NewDistrict(key=key, name=name), Response())
        except ConflictError:
            errors["key"] = "Key: expected one that no district has yet."
    if errors:
        return _home(given, HTTPStatus.UNPROCESSABLE_ENTITY, sent, errors)
    return go(f"/districts/{key}")


@router.get("/favicon.ico")
@allow(is_public=True, of_district=False)
def show_icon(request: Request) -> Answer:
    """Lead browsers that look for an icon here to it."""
    return go("/static/icon.svg")


MOST_LETTERS = 200
KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def _home(
    given: Context,
    status: int = HTTPStatus.OK,
    sent: NewDistrict | None = None,
    errors: dict[str, str] | None = None,
) -> Answer:
    values = {"sent": sent or NewDistrict(), "errors": errors or {}, "mine": _mine(given)}
    return render(given.request, "home.html", status, principal=given.principal, **values)


def _mine(given: Context) -> list[dict[str, object]]:
    """Return the districts of whoever asks by name, with their role and what it is of."""
    places = {place.district_id: place for place in given.principal.memberships}
    asked = select(districts.c.id, districts.c.key, districts.c.name).order_by(districts.c.name)
    if not given.principal.is_admin:
        asked = asked.where(districts.c.id.in_(places))
    return [
        {
            "key": row.key,
            "name": row.name,
            "role": Role.ADMIN if given.principal.is_admin else places[row.id].role,
            "of": [] if given.principal.is_admin else sorted(places[row.id].of),
        }
        for row in given.connection.execute(asked)
    ]


def _key_of(name: str) -> str:
    """Return a key made of a name, "" where no letter of it can stand in one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:63].strip("-")
