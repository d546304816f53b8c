"""From a secret that came with a request to the principal whom it lets in."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, select

from service.people.principal import Membership, Principal, Role
from service.people.secret import sha256_of
from service.people.sessions import is_due
from service.storage.tables import districts, memberships, sessions, tokens, users

# What may most comes first.
_RANK: Final = tuple(Role)


def principal_of_token(connection: Connection, secret: str) -> Principal | None:
    """Return the program that a token lets in; None where it was revoked, has expired, or is none."""
    asked = (
        select(tokens, districts.c.key)
        .join(districts, districts.c.id == tokens.c.district_id)
        .where(tokens.c.secret_sha256 == sha256_of(secret), tokens.c.revoked_at.is_(None))
    )
    found = connection.execute(asked).one_or_none()
    if found is None or found.expires_at <= datetime.now(UTC):
        return None
    of = frozenset([found.of] if found.of else [])
    return Principal(
        actor=f"token:{found.id}",
        name=found.name,
        memberships=(Membership(found.district_id, found.key, Role(found.role), of),),
        may_write=found.may_write,
    )


def principal_of_session(connection: Connection, secret: str) -> Principal | None:
    """Return the person who is signed in; None where the session has ended or the person may not sign in."""
    asked = (
        select(users, sessions.c.csrf, sessions.c.expires_at, sessions.c.created_at.label("began_at"))
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(sessions.c.secret_sha256 == sha256_of(secret), users.c.is_active)
    )
    found = connection.execute(asked).one_or_none()
    if found is None or found.expires_at <= datetime.now(UTC):
        return None
    return Principal(
        actor=f"user:{found.id}",
        name=found.name,
        memberships=memberships_by_user(connection, found.id).get(found.id, ()),
        is_admin=found.is_admin,
        csrf=found.csrf,
        user_id=found.id,
        is_due=is_due(found.expires_at, found.began_at),
    )


def memberships_by_user(
    connection: Connection, user_id: int | None = None
) -> dict[int, tuple[Membership, ...]]:
    """Return the memberships of all people or of one, at most one a district, with all it is of."""
    asked = (
        select(memberships, districts.c.key)
        .join(districts, districts.c.id == memberships.c.district_id)
        .order_by(memberships.c.user_id, memberships.c.district_id)
    )
    if user_id is not None:
        asked = asked.where(memberships.c.user_id == user_id)
    found: dict[int, tuple[Membership, ...]] = {}
    for (person, _), rows in groupby(
        connection.execute(asked), key=lambda row: (row.user_id, row.district_id)
    ):
        found[person] = (*found.get(person, ()), _highest(rows))
    return found


def _highest(rows: Iterable) -> Membership:  # type: ignore[type-arg]  # rows of a query have no type
    rows = list(rows)
    role = min((Role(row.role) for row in rows), key=_RANK.index)
    of = frozenset(row.of for row in rows if row.role == role and row.of)
    return Membership(rows[0].district_id, rows[0].key, role, of)
