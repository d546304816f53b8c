"""The tokens of programs: listed, made and shown once, revoked."""

import re
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response as Answer

from service.api import tokens as api
from service.api.access import Context, Given, allow
from service.api.people import Number
from service.api.route import Route
from service.pages.frame import go_to, show
from service.people import of_district, tokens
from service.people.principal import Role
from service.people.users import OWN

router = APIRouter(prefix="/districts/{district}/programs", route_class=Route, include_in_schema=False)

SHOWN: Final = 100
MOST_LETTERS: Final = 100


class Sent(BaseModel):
    """What the form sends that makes a token."""

    name: Annotated[str, Field(max_length=1000)] = ""
    role: str = "board"
    of: Annotated[str, Field(max_length=1000)] = ""
    may_write: bool = False
    days: str = "90"
    csrf: str = ""


@router.get("")
@allow(Role.COORDINATOR)
def show_programs(given: Given, request: Request, did: str = "") -> Answer:
    """Show the tokens, the latest first, and the form that makes one."""
    return _programs(given, did=did)


@router.post("")
@allow(Role.COORDINATOR, has_secret=True)
def make(given: Given, request: Request, sent: Annotated[Sent, Form()]) -> Answer:
    """Make a token and show it, once."""
    errors = _errors(sent)
    of = ""
    try:
        role = Role(sent.role)
        if role in OWN and not errors:
            choices = of_district.own_choices(given.connection, given.district_id)[role]
            of = (of_district.own_ids(choices, [sent.of]) or [""])[0]
            if not of:
                one = OWN[role][0].removesuffix("s")
                errors["of"] = f"School or partner: expected at least one {one} for this role, found none."
    except ValueError as error:
        errors["of"] = str(error)
    if errors:
        return _programs(given, HTTPStatus.UNPROCESSABLE_ENTITY, sent, errors)
    new = api.NewToken(
        name=sent.name.strip(), role=role, of=of, may_write=sent.may_write, days=int(sent.days)
    )
    made = api.make_token(given, new, Response())
    return show(given, "program.html", HTTPStatus.CREATED, name=new.name, token=made.token)


@router.post("/{token_id}/revoke")
@allow(Role.COORDINATOR)
def revoke(given: Given, request: Request, token_id: Number) -> Answer:
    """Let a program no longer in."""
    api.revoke_token(given, token_id)
    return go_to(given, "/programs?did=revoked")


def _errors(sent: Sent) -> dict[str, str]:
    errors, name = {}, sent.name.strip()
    if not 1 <= len(name) <= MOST_LETTERS or not name.isprintable():
        errors["name"] = f"Name: expected 1 to {MOST_LETTERS} characters, got {len(name)}."
    if not re.fullmatch(r"0{0,9}[1-9][0-9]{0,3}", sent.days) or int(sent.days) > tokens.MOST_DAYS:
        errors["days"] = f"Days: expected a whole number from 1 to {tokens.MOST_DAYS}."
    if sent.role not in of_district.ROLES:
        errors["role"] = "Role: expected one of those below."
    return errors


def _programs(
    given: Context,
    status: int = HTTPStatus.OK,
    sent: Sent | None = None,
    errors: dict[str, str] | None = None,
    *,
    did: str = "",
) -> Answer:
    choices = of_district.own_choices(given.connection, given.district_id)
    values: dict[str, Any] = {  # Any: for a template
        "sent": sent or Sent(),
        "errors": errors or {},
        "roles": of_district.ROLES,
        "choices": [f"{name} ({key})" for names in choices.values() for key, name in names.items()],
        "tokens": tokens.list_tokens(given.connection, given.district_id)[::-1][:SHOWN],
    }
    return show(given, "programs.html", status, did=did, **values)
