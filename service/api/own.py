"""What whoever asks is, and has of their own: their account, their password, their sessions."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from service.api.access import EVERYONE, Context, Given, allow
from service.api.browsers import SESSION, drop_cookie, read_cookie
from service.api.people import MembershipRead, membership_read
from service.api.route import Route
from service.errors import NotAllowedError
from service.people import sessions
from service.people.invitations import set_password
from service.people.sign_in import SignIn
from service.people.users import find_user

router = APIRouter(tags=["me"], route_class=Route)

Password = Annotated[str, Field(max_length=2000)]


class Me(BaseModel):
    """Whoever asks."""

    actor: str
    """How the audit log names you."""
    name: str
    email: str | None
    is_admin: bool
    may_write: bool
    memberships: list[MembershipRead]
    csrf: str
    """What a change has to send as X-CSRF-Token with a session; blank for a token."""


class NewPassword(BaseModel):
    """A new password, and the one it replaces."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"current": "an old pass phrase", "new": "a new pass phrase"}},
    )

    current: Password
    new: Password


class SessionRead(BaseModel):
    """A browser in which you are signed in."""

    created_at: datetime
    expires_at: datetime
    """When it ends if it is not used before."""
    is_this: bool


class Sessions(BaseModel):
    """All browsers in which you are signed in, the latest first."""

    items: list[SessionRead]
    next: None = None


@router.get("/me")
@allow(*EVERYONE, of_district=False)
def read_me(given: Given) -> Me:
    """Return who you are, and what you may do where."""
    principal = given.principal
    user = find_user(given.connection, principal.user_id) if principal.user_id else None
    return Me(
        actor=principal.actor,
        name=principal.name,
        email=user.email if user else None,
        is_admin=principal.is_admin,
        may_write=principal.may_write,
        memberships=[membership_read(place) for place in principal.memberships],
        csrf=principal.csrf,
    )


@router.put("/me/password", status_code=204)
@allow(*EVERYONE, of_district=False)
def change_password(given: Given, request: Request, response: Response, new: NewPassword) -> None:
    """Choose another password; you are signed out everywhere."""
    user_id = _user_id(given)
    sign_in: SignIn = request.app.state.sign_in
    sign_in.confirm(user_id, new.current, address=address_of(request))
    set_password(given.connection, sign_in.passwords, user_id, new.new)
    given.record("changed", "users", str(user_id), {"columns": ["password"]})
    drop_cookie(response, request, SESSION)


@router.get("/sessions")
@allow(*EVERYONE, of_district=False)
def list_sessions(given: Given, request: Request) -> Sessions:
    """Return the browsers in which you are signed in."""
    found = sessions.list_sessions(given.connection, _user_id(given), read_cookie(request, SESSION))
    return Sessions(items=[SessionRead.model_validate(session, from_attributes=True) for session in found])


@router.delete("/sessions", status_code=204)
@allow(*EVERYONE, of_district=False)
def end_sessions(given: Given, request: Request, response: Response) -> None:
    """Sign out everywhere."""
    sessions.end_all(given.connection, _user_id(given))
    drop_cookie(response, request, SESSION)


def address_of(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""


def _user_id(given: Context) -> int:
    if given.principal.user_id is None:
        raise NotAllowedError("Only a person has a password and sessions; this is a token.")
    return given.principal.user_id
