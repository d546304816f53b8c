"""Pages for coming in and leaving: sign in, sign out, and the one-time links."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.api.access import EVERYONE, Context, Given, allow
from service.api.browsers import SESSION, drop_cookie, read_cookie, set_cookie
from service.api.own import address_of
from service.api.route import Route
from service.errors import ConflictError, NotSignedInError, TooManyError
from service.operations import audit_log
from service.pages.reader import COOKIE, LANGUAGES
from service.pages.rendering import render
from service.people import invitations, sessions
from service.people.passwords import LEAST_LENGTH, MOST_LENGTH
from service.people.sign_in import SignIn

router = APIRouter(route_class=Route, include_in_schema=False)

Field = Annotated[str, Form()]
_LENGTHS = {"least": LEAST_LENGTH, "most": MOST_LENGTH}
#: What the words of a refusal begin with, and the field beside which they stand.
_FIELDS = {"E-mail": "email", "Name": "name", "Password": "password", "Again": "again"}


@router.get("/sign-in")
@allow(is_public=True, of_district=False)
def show_sign_in(given: Given, request: Request) -> Response:
    """Show the form, or go on where someone is signed in."""
    return go("/") if given.is_signed_in else render(request, "sign_in.html", then="/")


@router.post("/sign-in")
@allow(is_public=True, of_district=False)
def sign_in(request: Request, email: Field = "", password: Field = "", then: Field = "/") -> Response:
    """Sign in by e-mail and password; what is wrong stands in the form."""
    door: SignIn = request.app.state.sign_in
    before = read_cookie(request, SESSION)
    try:
        session = door.with_password(email, password, address=address_of(request), instead_of=before)
    except (NotSignedInError, TooManyError) as error:
        status = HTTPStatus.TOO_MANY_REQUESTS if isinstance(error, TooManyError) else HTTPStatus.UNAUTHORIZED
        return render(request, "sign_in.html", status, errors={"": str(error)}, email=email, then=then)
    return enter(request, session, then)


@router.post("/language")
@allow(is_public=True, of_district=False)
def choose_language(request: Request, language: Field = "en", then: Field = "/") -> Response:
    """Let the browser keep the language in which someone reads."""
    response = go(then if is_ours(then) else "/")
    if language in LANGUAGES:
        response.set_cookie(COOKIE, language, max_age=31_536_000, samesite="lax", httponly=True)
    return response


@router.post("/sign-out")
@allow(*EVERYONE, of_district=False)
def sign_out(given: Given, request: Request) -> Response:
    """End the session."""
    sessions.end(given.connection, read_cookie(request, SESSION))
    response = go("/sign-in")
    drop_cookie(response, request, SESSION)
    return response


@router.get(invitations.PATH)
@allow(is_public=True, of_district=False)
def show_welcome(given: Given, request: Request, key: str = "") -> Response:
    """Show what a one-time link asks for; looking at it does not use it up."""
    found = invitations.find_invitation(given.connection, key)
    return render(request, "welcome.html", key=key, invitation=found, **_LENGTHS)


class Welcome(BaseModel):
    """What the form of a one-time link sends; only the first admin's has an e-mail and a name."""

    key: str = ""
    email: str = ""
    name: str = ""
    password: str = ""
    again: str = ""
    csrf: str = ""


@router.post(invitations.PATH)
@allow(is_public=True, of_district=False)
def accept(given: Given, request: Request, sent: Annotated[Welcome, Form()]) -> Response:
    """Use a one-time link up and sign in; what is wrong stands beside its field, and the link still works."""
    found = invitations.find_invitation(given.connection, sent.key)
    try:
        if sent.password != sent.again:
            raise ValueError("Again: expected the same password twice.")
        user_id = _accepted(given, request, sent, found)
    except (ValueError, ConflictError) as error:
        values = {"key": sent.key, "invitation": found, "email": sent.email, "name": sent.name, **_LENGTHS}
        errors = {_FIELDS[str(error).replace(":", "").split()[0]]: str(error)}
        return render(request, "welcome.html", HTTPStatus.UNPROCESSABLE_ENTITY, errors=errors, **values)
    before = read_cookie(request, SESSION)
    return enter(request, sessions.start(given.connection, user_id, instead_of=before))


def _accepted(given: Context, request: Request, sent: Welcome, found: invitations.Invitation) -> int:
    """Return the person whose password is set now."""
    passwords = request.app.state.sign_in.passwords
    if found.user_id is None:
        person = (sent.email, sent.name)
        user_id = invitations.accept_as_first_admin(
            given.connection, passwords, sent.key, person, sent.password
        )
    else:
        user_id = invitations.accept(given.connection, passwords, sent.key, sent.password)
    audit_log.append(
        given.connection,
        audit_log.INSTALLATION,
        actor=f"user:{user_id}",
        action="created" if found.user_id is None else "changed",
        thing=("users", str(user_id)),
        details={"columns": ["password"]},
    )
    return user_id


def enter(request: Request, session: sessions.NewSession, then: str = "/") -> Response:
    """Let the browser keep a new session, and go on."""
    response = go(then if is_ours(then) else "/")
    set_cookie(response, request, SESSION, session.secret)
    return response


def is_ours(address: str) -> bool:
    """Whether an address is one of ours; a browser reads a backslash as a slash too."""
    return address.startswith("/") and not address.startswith(("//", "/\\"))


def go(address: str) -> RedirectResponse:
    """Go on to a page of ours."""
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
