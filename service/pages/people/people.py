"""The people of a district: who may do what, invited by a link that is handed over, changed and removed."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.api.access import Context, Given, allow
from service.api.people import LARGEST, base_url
from service.api.route import Route
from service.errors import ConflictError, NotAllowedError, NotFoundError
from service.pages.frame import go_to, show
from service.people import invitations, of_district
from service.people.principal import Role
from service.people.users import OWN, User, create_user, find_user, fold_email, list_users, set_role
from service.storage.tables import audit_log

router = APIRouter(prefix="/districts/{district}/people", route_class=Route, include_in_schema=False)

PEOPLE_A_PAGE: Final = 50
Number = Annotated[int, Path(ge=1, le=LARGEST)]
#: What the words of a refusal begin with, and the field beside which they stand.
_FIELDS: Final = {"E-mail": "email", "Name": "name", "Role": "of", "School or partner": "of"}


class Sent(BaseModel):
    """What the forms send that invite someone or give a role; ``of`` are names or ids of schools or partners."""

    name: Annotated[str, Field(max_length=1000)] = ""
    email: Annotated[str, Field(max_length=1000)] = ""
    role: str = ""
    of: Annotated[list[str], Field(max_length=1000)] = []
    csrf: str = ""


class Asked(BaseModel):
    """Whom the list shows; ``did`` and ``of`` say what was done just now, to whom."""

    model_config = ConfigDict(extra="ignore")

    q: Annotated[str, Field(max_length=200)] = ""
    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    did: str = ""
    of: Annotated[int, Field(ge=0, le=LARGEST)] = 0


@router.get("")
@allow(Role.COORDINATOR)
def show_people(given: Given, request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Show who has which role, and the form that invites someone."""
    return _people(given, asked)


@router.post("")
@allow(Role.COORDINATOR, has_secret=True)
def invite(given: Given, request: Request, sent: Annotated[Sent, Form()]) -> Response:
    """Give a person a role, and show once the link by which whoever is new comes in."""
    try:
        user, role, of = _invited(given, sent)
    except (ValueError, ConflictError, NotFoundError) as error:
        return _people(given, Asked(), HTTPStatus.UNPROCESSABLE_ENTITY, sent, _beside(error))
    _give(given, user, role, of)
    user = find_user(given.connection, user.id)
    if user.has_signed_up or not of_district.may_hand_a_link(given.principal, user):
        return _go(given, "", did="invited", of=user.id)
    return _hand_over(given, user)


@router.get("/{user_id}")
@allow(Role.COORDINATOR)
def show_person(given: Given, request: Request, user_id: Number) -> Response:
    """Show a person's role in this district, with the forms that change it."""
    return _person(given, _found(given, user_id))


@router.post("/{user_id}/role")
@allow(Role.COORDINATOR)
def change_role(given: Given, request: Request, user_id: Number, sent: Annotated[Sent, Form()]) -> Response:
    """Give a person another role."""
    user = _found(given, user_id)
    try:
        role, of = _role_of(given, sent)
    except (ValueError, NotFoundError) as error:
        return _person(given, user, HTTPStatus.UNPROCESSABLE_ENTITY, sent, _beside(error))
    _give(given, user, role, of)
    return _go(given, "", did="changed", of=user_id)


@router.post("/{user_id}/remove")
@allow(Role.COORDINATOR)
def remove(given: Given, request: Request, user_id: Number) -> Response:
    """Take a person's role away and sign them out."""
    _take(given, _found(given, user_id))
    return _go(given, "", did="removed", of=user_id)


@router.post("/{user_id}/undo")
@allow(Role.COORDINATOR)
def undo(given: Given, request: Request, user_id: Number) -> Response:
    """Give a person back what they were before the last change."""
    before = _before(given, user_id)
    if before is None:
        raise NotFoundError(f"User {user_id}: expected one whose role was changed here, found none.")
    user = find_user(given.connection, user_id)
    if before["role"]:
        _give(given, user, Role(before["role"]), before["of"])
    elif of_district.place_in(user, given.district_id):
        _take(given, user)
    return _go(given, "", did="undone", of=user_id)


@router.post("/{user_id}/link")
@allow(Role.COORDINATOR, has_secret=True)
def make_link(given: Given, request: Request, user_id: Number) -> Response:
    """Show once a new link by which a person chooses a password; earlier ones end."""
    return _hand_over(given, _found(given, user_id))


def _people(
    given: Context,
    asked: Asked,
    status: int = HTTPStatus.OK,
    sent: Sent | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    every = of_district.people_of(given.connection, given.district_id)
    found = [user for user in every if asked.q.casefold() in f"{user.name} {user.email}".casefold()]
    start = (asked.page - 1) * PEOPLE_A_PAGE
    filters = {"q": asked.q} if asked.q else {}
    whom = list_users(given.connection, only=asked.of) if asked.of and _before(given, asked.of) else []
    return show(
        given,
        "people.html",
        status,
        people=_told(given, found[start : start + PEOPLE_A_PAGE]),
        num_all=len(every),
        admins=[user for user in list_users(given.connection) if user.is_admin and user.is_active],
        q=asked.q,
        before=urlencode({**filters, "page": asked.page - 1}) if asked.page > 1 else "",
        after=urlencode({**filters, "page": asked.page + 1}) if start + PEOPLE_A_PAGE < len(found) else "",
        did=asked.did if whom else "",
        whom=whom[0] if whom else None,
        **_form(given, sent or Sent(), errors),
    )


def _person(
    given: Context,
    user: User,
    status: int = HTTPStatus.OK,
    sent: Sent | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    ((_, place),) = _told(given, [user])
    sent = sent or Sent(role=place["role"], of=place["told"])
    return show(
        given,
        "person.html",
        status,
        user=user,
        place=place,
        is_self=user.id == given.principal.user_id,
        can_have_link=of_district.may_hand_a_link(given.principal, user),
        **_form(given, sent, errors),
    )


def _form(
    given: Context, sent: Sent, errors: Mapping[str, str] | None
) -> dict[str, Any]:  # Any: for a template
    choices = of_district.own_choices(given.connection, given.district_id)
    told = [f"{name} ({key})" for names in choices.values() for key, name in names.items()]
    return {"sent": sent, "errors": dict(errors or {}), "roles": of_district.ROLES, "choices": told}


def _told(given: Context, people: Sequence[User]) -> list[tuple[User, dict[str, Any]]]:  # Any: likewise
    """Return people of the district, each with the role they have here and the names of what it is of."""
    choices, told = of_district.own_choices(given.connection, given.district_id), []
    for user in people:
        place = of_district.place_in(user, given.district_id)
        role, of = (place.role, place.of) if place else ("", ())
        names = choices.get(Role(role), {}) if role else {}
        named = [f"{names[key]} ({key})" if key in names else key for key in sorted(of)]
        told.append((user, {"role": role, "told": named}))
    return told


def _found(given: Context, user_id: int) -> User:
    """Return a person of this district; nobody learns here who is in another."""
    user = find_user(given.connection, user_id)
    if of_district.place_in(user, given.district_id) is None:
        raise NotFoundError(f"User {user_id}: expected the id of a person, found none.")
    return user


def _invited(given: Context, sent: Sent) -> tuple[User, Role, list[str]]:
    """Return whom a form invites, made where nobody has that e-mail yet, and as what."""
    email = fold_email(sent.email)
    user = of_district.with_email(given.connection, email)
    if user and (user.is_admin or not user.is_active or of_district.place_in(user, given.district_id)):
        said = (
            "has a role here already"
            if of_district.place_in(user, given.district_id)
            else "cannot be invited"
        )
        raise ConflictError(f"E-mail: expected one of somebody new here, this person {said}.")
    role, of = _role_of(given, sent)
    _refuse_programs(given)
    if user is None:
        user_id = create_user(given.connection, email, sent.name)
        given.record("created", "users", str(user_id), {"is_admin": False}, matters=False)
        user = find_user(given.connection, user_id)
    return user, role, of


def _role_of(given: Context, sent: Sent) -> tuple[Role, list[str]]:
    """Return the role that a form gives, and the ids of what it is of."""
    if sent.role not in of_district.ROLES:
        raise ValueError("Role: expected one of those below.")
    role = Role(sent.role)
    if role not in OWN:
        return role, []
    of = of_district.own_ids(of_district.own_choices(given.connection, given.district_id)[role], sent.of)
    if not of:
        table = OWN[role][0].removesuffix("s")
        raise ValueError(f"School or partner: expected at least one {table} for this role, found none.")
    return role, of


def _give(given: Context, user: User, role: Role, of: list[str]) -> None:
    _refuse_programs(given)
    _refuse_oneself(given, user)
    was = _was(given, user)
    set_role(given.connection, user.id, given.district_id, role, of)
    told = {"user": user.id, "role": role.value, "of": sorted(of), "was": was}
    given.record("given", "roles", str(user.id), told, matters=False)


def _take(given: Context, user: User) -> None:
    _refuse_programs(given)
    _refuse_oneself(given, user)
    was = _was(given, user)
    of_district.remove(given.connection, user.id, given.district_id)
    given.record("taken", "roles", str(user.id), {"user": user.id, "was": was}, matters=False)


def _was(given: Context, user: User) -> dict[str, object]:
    place = of_district.place_in(user, given.district_id)
    return {"role": place.role.value if place else "", "of": sorted(place.of) if place else []}


def _before(given: Context, user_id: int) -> dict[str, Any] | None:  # Any: of JSON
    """Return what a person was before the last change of their role here that a page made, None where there is none."""
    entries = audit_log.c
    asked = select(entries.details).where(
        entries.chain == given.district_id, entries.thing == "roles", entries.thing_id == str(user_id)
    )
    details = given.connection.execute(asked.order_by(entries.number.desc()).limit(1)).scalar_one_or_none()
    before: dict[str, Any] | None = json.loads(details or "{}").get("was")
    return before


def _hand_over(given: Context, user: User) -> Response:
    """Show a new link of a person, once."""
    if not of_district.may_hand_a_link(given.principal, user):
        raise ConflictError(
            "Link: expected a person of this district alone; an admin makes links for others."
        )
    secret = invitations.invite(given.connection, user.id, made_by=given.principal.user_id)
    given.record("invited", "users", str(user.id), matters=False)
    link = invitations.link_of(base_url(given.request), secret)
    expires_at = datetime.now(UTC) + invitations.LASTS
    return show(given, "link.html", HTTPStatus.CREATED, user=user, link=link, expires_at=expires_at)


def _refuse_programs(given: Context) -> None:
    if given.principal.is_token:
        raise NotAllowedError("Only a person looks after people; this is a token.")


def _refuse_oneself(given: Context, user: User) -> None:
    if user.id == given.principal.user_id:
        raise ConflictError("Role: expected somebody else's; another coordinator or an admin changes yours.")


def _beside(error: Exception) -> dict[str, str]:
    """Return what is wrong by the field beside which it stands."""
    said = str(error)
    field = (
        "role" if said.startswith("Role: expected one of those") else _FIELDS.get(said.split(":")[0], "of")
    )
    return {field: said}


def _go(given: Context, then: str, **asked: object) -> RedirectResponse:
    query = f"?{urlencode(asked)}#did" if asked else ""
    return go_to(given, f"/people{then}{query}")
