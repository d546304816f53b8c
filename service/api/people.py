"""People as admins look after them: their accounts, their roles, and the links they get."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from starlette.requests import Request

from service.api import route
from service.api.access import Context, Given, allow
from service.api.paging import After, Limit, Page, page_of
from service.errors import NotFoundError
from service.people import invitations
from service.people.principal import Membership, Role
from service.people.users import User, change_user, create_user, find_user, list_users, remove_role, set_role
from service.storage.tables import districts

router = route.router("users")

LARGEST = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST)]
Email = Annotated[str, Field(max_length=254, description="What they sign in with.")]
Name = Annotated[str, Field(max_length=254)]
#: An id of a school or a partner, which may have any character but one that no database keeps.
RowId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
District = Annotated[str, Path(max_length=63, description="Key of a district.")]


class MembershipRead(BaseModel):
    """A role in a district."""

    district: str
    role: Role
    of: list[str]
    """The schools of a leader or the partners of a partner; empty for other roles."""


class UserRead(BaseModel):
    """A person with an account."""

    id: int
    email: str
    name: str
    is_admin: bool
    is_active: bool
    has_signed_up: bool
    """Whether they have a password or another way to sign in."""
    memberships: list[MembershipRead]


class NewUser(BaseModel):
    """A person to invite."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"email": "ana@school.org", "name": "Ana Ruiz"}}
    )

    email: Email
    name: Name
    is_admin: bool = False


class UserChange(BaseModel):
    """What to change of a person; what is left out stays. Whoever is made inactive is signed out at once."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"is_active": False}})

    email: Email | None = None
    name: Name | None = None
    is_admin: bool | None = None
    is_active: bool | None = None


class NewMembership(BaseModel):
    """A role to give."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"role": "leader", "of": ["S001"]}}
    )

    role: Role
    of: Annotated[list[RowId], Field(max_length=1000)] = []


class Invited(BaseModel):
    """A person, and the link by which they choose a password; it works once, and is shown once."""

    user: UserRead
    link: str
    expires_at: datetime


@router.get("")
@allow(of_district=False)
def list_people(given: Given, limit: Limit = 50, after: After = None) -> Page[UserRead]:
    """Return all people, by number."""
    after_id = int(after) if after and after.isascii() and after.isdigit() else 0
    found = [user for user in list_users(given.connection) if user.id > after_id]
    return page_of([user_read(user) for user in found[: limit + 1]], limit, lambda user: str(user.id))


@router.post("", status_code=201)
@allow(of_district=False, has_secret=True)
def invite_person(given: Given, request: Request, response: Response, new: NewUser) -> Invited:
    """Make an account and the link by which its owner chooses a password; send it to them yourself."""
    user_id = create_user(given.connection, new.email, new.name, is_admin=new.is_admin)
    given.record("created", "users", str(user_id), {"is_admin": new.is_admin})
    response.headers["Location"] = f"/api/v1/users/{user_id}"
    return _invited(given, request, user_id)


@router.get("/{user_id}")
@allow(of_district=False)
def read_person(given: Given, user_id: Number) -> UserRead:
    """Return a person."""
    return user_read(find_user(given.connection, user_id))


@router.patch("/{user_id}")
@allow(of_district=False)
def change_person(given: Given, user_id: Number, change: UserChange) -> UserRead:
    """Change a person's e-mail or name, make them an admin or take it away, shut them out or let them in again."""
    values = change.model_dump(exclude_none=True)
    change_user(given.connection, user_id, **values)
    told = {name: values[name] for name in ("is_admin", "is_active") if name in values}
    given.record("changed", "users", str(user_id), told | {"columns": sorted(values)})
    return user_read(find_user(given.connection, user_id))


@router.post("/{user_id}/invitation", status_code=201)
@allow(of_district=False, has_secret=True)
def invite_again(given: Given, request: Request, user_id: Number) -> Invited:
    """Make a new link for whoever lost theirs or forgot their password; earlier links end."""
    given.record("invited", "users", str(user_id))
    return _invited(given, request, user_id)


@router.put("/{user_id}/memberships/{district}")
@allow(of_district=False)
def give_role(given: Given, user_id: Number, district: District, new: NewMembership) -> UserRead:
    """Give a person a role in a district, in place of the one they had there."""
    district_id = _district_id(given, district)
    set_role(given.connection, user_id, district_id, new.role, new.of)
    details = {"user": user_id, "role": new.role.value, "of": sorted(new.of)}
    given.record("given", "roles", str(user_id), details, chain=district_id)
    return user_read(find_user(given.connection, user_id))


@router.delete("/{user_id}/memberships/{district}", status_code=204)
@allow(of_district=False)
def take_role(given: Given, user_id: Number, district: District) -> None:
    """Take a person's role in a district away, and the tokens they made there."""
    district_id = _district_id(given, district)
    remove_role(given.connection, user_id, district_id)
    given.record("taken", "roles", str(user_id), {"user": user_id}, chain=district_id)


def user_read(user: User) -> UserRead:
    """Return a person as they are told."""
    told = {name: getattr(user, name) for name in UserRead.model_fields if name != "memberships"}
    return UserRead(**told, memberships=[membership_read(place) for place in user.memberships])


def membership_read(place: Membership) -> MembershipRead:
    """Return a role as it is told."""
    return MembershipRead(district=place.district_key, role=place.role, of=sorted(place.of))


def base_url(request: Request) -> str:
    """Return where a browser finds this service."""
    return request.app.state.settings.public_url or str(request.base_url)


def _invited(given: Context, request: Request, user_id: int) -> Invited:
    secret = invitations.invite(given.connection, user_id, made_by=given.principal.user_id)
    return Invited(
        user=user_read(find_user(given.connection, user_id)),
        link=invitations.link_of(base_url(request), secret),
        expires_at=datetime.now(UTC) + invitations.LASTS,
    )


def _district_id(given: Context, key: str) -> int:
    found = given.connection.execute(
        select(districts.c.id).where(districts.c.key == key)
    ).scalar_one_or_none()
    if found is None:
        raise NotFoundError(f"District {key}: expected the key of one, found none.")
    return int(found)
