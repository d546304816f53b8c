"""One's own account: name, password, and the browsers in which one is signed in."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from service.api.access import EVERYONE, Context, Given, allow
from service.api.browsers import SESSION, read_cookie
from service.api.own import address_of
from service.api.route import Route
from service.errors import NotAllowedError, TooManyError
from service.pages.people.signing_in import enter, go
from service.pages.rendering import render
from service.people import sessions
from service.people.invitations import set_password
from service.people.passwords import LEAST_LENGTH, MOST_LENGTH
from service.people.sign_in import SignIn
from service.people.users import change_user, find_user

router = APIRouter(prefix="/account", route_class=Route, include_in_schema=False)


class Sent(BaseModel):
    """What the forms of an account send."""

    name: str = ""
    current: str = ""
    password: str = ""
    again: str = ""
    csrf: str = ""


@router.get("")
@allow(*EVERYONE, of_district=False)
def show_account(given: Given, request: Request, did: str = "") -> Response:
    """Show who one is, and where one is signed in."""
    return _account(given, did=did)


@router.post("/name")
@allow(*EVERYONE, of_district=False)
def change_name(given: Given, request: Request, sent: Annotated[Sent, Form()]) -> Response:
    """Change one's own name."""
    user_id = _user_id(given)
    try:
        change_user(given.connection, user_id, name=sent.name)
    except ValueError as error:
        return _account(given, HTTPStatus.UNPROCESSABLE_ENTITY, {"name": str(error)}, name=sent.name)
    given.record("changed", "users", str(user_id), {"columns": ["name"]})
    return go("/account?did=name")


@router.post("/password")
@allow(*EVERYONE, of_district=False)
def change_password(given: Given, request: Request, sent: Annotated[Sent, Form()]) -> Response:
    """Choose another password; only this browser stays signed in."""
    user_id = _user_id(given)
    door: SignIn = request.app.state.sign_in
    try:
        if sent.password != sent.again:
            raise ValueError("Again: expected the same password twice.")
        door.confirm(user_id, sent.current, address=address_of(request))
        set_password(given.connection, door.passwords, user_id, sent.password)
    except (NotAllowedError, TooManyError) as error:
        return _account(given, HTTPStatus.UNPROCESSABLE_ENTITY, {"current": str(error)})
    except ValueError as error:
        field = "again" if str(error).startswith("Again") else "password"
        return _account(given, HTTPStatus.UNPROCESSABLE_ENTITY, {field: str(error)})
    given.record("changed", "users", str(user_id), {"columns": ["password"]})
    return enter(request, sessions.start(given.connection, user_id), "/account?did=password")


@router.post("/sessions")
@allow(*EVERYONE, of_district=False)
def end_other_sessions(given: Given, request: Request) -> Response:
    """Sign out in all other browsers."""
    sessions.end_others(given.connection, _user_id(given), read_cookie(request, SESSION))
    return go("/account?did=sessions")


def _account(
    given: Context,
    status: int = HTTPStatus.OK,
    errors: dict[str, str] | None = None,
    *,
    name: str | None = None,
    did: str = "",
) -> Response:
    user = find_user(given.connection, _user_id(given))
    return render(
        given.request,
        "account.html",
        status,
        principal=given.principal,
        user=user,
        name=user.name if name is None else name,
        errors=errors or {},
        did=did,
        sessions=sessions.list_sessions(given.connection, user.id, read_cookie(given.request, SESSION)),
        least=LEAST_LENGTH,
        most=MOST_LENGTH,
    )


def _user_id(given: Context) -> int:
    if given.principal.user_id is None:
        raise NotAllowedError("Only a person has an account; this is a token.")
    return given.principal.user_id
