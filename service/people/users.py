"""People: who has an account, and what role they have in which district."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from service.errors import ConflictError, NotFoundError
from service.people.principal import Membership, Role
from service.people.recognition import memberships_by_user
from service.storage.tables import (
    DISTRICT_TABLES,
    identities,
    invitations,
    memberships,
    sessions,
    tokens,
    users,
)

_MOST_CHARACTERS: Final = 254
#: What the roles that are not of a whole district are of: the table, and its key.
OWN: Final[Mapping[Role, tuple[str, str]]] = {
    Role.LEADER: ("schools", "school_id"),
    Role.PARTNER: ("partners", "partner_id"),
}


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account.

    Parameters
    ----------
    memberships
        At most one a district; an admin has all districts beside them.
    has_signed_up
        Whether there is a password or an identity to sign in with.
    """

    id: int
    email: str
    name: str
    is_admin: bool
    is_active: bool
    has_signed_up: bool
    memberships: tuple[Membership, ...] = field(default=())


def fold_email(email: str) -> str:
    """Return an e-mail as it is kept: without the spaces around it, ASCII letters in lower case.

    Only ASCII: folding the rest would make one person's address of another's ("ı" or the Kelvin sign in a name).

    Raises
    ------
    ValueError
        Where it cannot be one.
    """
    folded = email.strip().encode("utf-8", "replace").lower().decode()
    name, at, domain = folded.rpartition("@")
    is_one = name and at and domain and "@" not in name and not any(map(str.isspace, folded))
    if not is_one or not folded.isprintable() or len(folded) > _MOST_CHARACTERS:
        raise ValueError(f"E-mail: expected one such as ana@school.org, got {email[:_MOST_CHARACTERS]!r}.")
    return folded


def create_user(connection: Connection, email: str, name: str, *, is_admin: bool = False) -> int:
    """Add a person, who gets in by an invitation, and return their id.

    Raises
    ------
    ValueError
        For what is no e-mail or a blank name.
    ConflictError
        Where someone has that e-mail.
    """
    folded = fold_email(email)
    _refuse_taken(connection, folded)
    values = {
        "email": folded,
        "name": _checked_name(name),
        "is_admin": is_admin,
        "created_at": datetime.now(UTC),
    }
    number: int = connection.execute(insert(users).values(values).returning(users.c.id)).scalar_one()
    return number


def change_user(
    connection: Connection,
    user_id: int,
    *,
    email: str | None = None,
    name: str | None = None,
    is_admin: bool | None = None,
    is_active: bool | None = None,
) -> None:
    """Change what is given of a person.

    Whoever is deactivated is out at once: their sessions and links end. Tokens they made end with that or with being
    an admin.

    Raises
    ------
    NotFoundError
        Where there is no such person.
    ValueError
        For what is no e-mail or a blank name.
    ConflictError
        Where someone else has that e-mail, or no active admin would be left.
    """
    lock_user(connection, user_id)
    given = {"is_admin": is_admin, "is_active": is_active}
    values: dict[str, object] = {column: value for column, value in given.items() if value is not None}
    if name is not None:
        values["name"] = _checked_name(name)
    if email is not None:
        values["email"] = fold_email(email)
        _refuse_taken(connection, fold_email(email), but=user_id)
    if is_admin is False or is_active is False:
        _refuse_last_admin(connection, user_id)
    if values:
        connection.execute(update(users).where(users.c.id == user_id).values(values))
    if is_active is False:
        connection.execute(delete(sessions).where(sessions.c.user_id == user_id))
        connection.execute(delete(invitations).where(invitations.c.user_id == user_id))
    if is_admin is False or is_active is False:
        _revoke_tokens(connection, tokens.c.created_by == user_id)


def set_role(
    connection: Connection, user_id: int, district_id: int, role: Role, of: Collection[str] = ()
) -> None:
    """Give a person a role in a district, in place of any they had there.

    Parameters
    ----------
    connection
        In a write transaction.
    user_id, district_id
        Who, and where.
    role
        Any but admin, which is not of a district.
    of
        The schools of a leader or the partners of a partner; at least one for these, none for others.

    Raises
    ------
    NotFoundError
        Where there is no such person, school or partner.
    ValueError
        Where ``of`` does not fit the role.
    """
    lock_user(connection, user_id)
    if role is Role.ADMIN:
        raise ValueError("Role: expected one of a district, got admin; an admin is one of the installation.")
    check_of(connection, district_id, role, of)
    _forget_role(connection, user_id, district_id)
    if role is not Role.COORDINATOR:
        _revoke_tokens(connection, (tokens.c.created_by == user_id) & (tokens.c.district_id == district_id))
    row = {"user_id": user_id, "district_id": district_id, "role": role.value}
    connection.execute(insert(memberships), [row | {"of": own} for own in sorted(set(of)) or [""]])


def remove_role(connection: Connection, user_id: int, district_id: int) -> None:
    """Take a person's role in a district away, and the tokens they made there; nothing where they have none."""
    lock_user(connection, user_id)
    _forget_role(connection, user_id, district_id)
    _revoke_tokens(connection, (tokens.c.created_by == user_id) & (tokens.c.district_id == district_id))


def check_of(connection: Connection, district_id: int, role: Role, of: Collection[str]) -> None:
    """Refuse schools or partners that do not fit a role or are not there.

    Raises
    ------
    NotFoundError
        Where there is no such school or partner in the district.
    ValueError
        Where a role has none and needs them, or the other way round.
    """
    if role not in OWN:
        if of:
            raise ValueError(f"Role {role}: expected no school or partner, got {', '.join(sorted(of))}.")
        return
    table, key = OWN[role]
    if not of:
        raise ValueError(f"Role {role}: expected the {key} of at least one, got none.")
    rows = DISTRICT_TABLES[table]
    query = select(rows.c[key]).where(rows.c.district_id == district_id, rows.c[key].in_(list(of)))
    for missing in sorted(set(of) - set(connection.execute(query).scalars())):
        raise NotFoundError(f"{key} {missing}: expected one of the district, found none.")


def find_user(connection: Connection, user_id: int) -> User:
    """Return a person.

    Raises
    ------
    NotFoundError
        Where there is none of that id.
    """
    for user in list_users(connection, only=user_id):
        return user
    raise NotFoundError(f"User {user_id}: expected the id of a person, found none.")


def list_users(connection: Connection, *, only: int | None = None) -> list[User]:
    """Return all people, or the one of an id, by id."""
    is_known = select(identities.c.user_id).where(identities.c.user_id == users.c.id).exists()
    query = select(users, is_known.label("is_known")).order_by(users.c.id)
    if only is not None:
        query = query.where(users.c.id == only)
    held = memberships_by_user(connection, only)
    return [
        User(
            row.id,
            row.email,
            row.name,
            row.is_admin,
            row.is_active,
            has_signed_up=bool(row.password_hash) or row.is_known,
            memberships=held.get(row.id, ()),
        )
        for row in connection.execute(query)
    ]


def lock_user(connection: Connection, user_id: int) -> None:
    """Let nobody else change a person until this transaction ends.

    Raises
    ------
    NotFoundError
        Where there is no such person.
    """
    query = select(users.c.id).where(users.c.id == user_id).with_for_update()
    if connection.execute(query).first() is None:
        raise NotFoundError(f"User {user_id}: expected the id of a person, found none.")


def _forget_role(connection: Connection, user_id: int, district_id: int) -> None:
    where = (memberships.c.user_id == user_id) & (memberships.c.district_id == district_id)
    connection.execute(delete(memberships).where(where))


def _checked_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > _MOST_CHARACTERS or not cleaned.isprintable():
        raise ValueError(f"Name: expected 1 to {_MOST_CHARACTERS} characters, got {len(cleaned)}.")
    return cleaned


def _refuse_taken(connection: Connection, email: str, but: int | None = None) -> None:
    taken = connection.execute(select(users.c.id).where(users.c.email == email)).scalar_one_or_none()
    if taken not in (None, but):
        raise ConflictError(f"E-mail {email}: expected one that nobody has, found one of user {taken}.")


def _refuse_last_admin(connection: Connection, user_id: int) -> None:
    # All are locked, in one order: two admins cannot take the role from each other at the same moment.
    query = select(users.c.id).where(users.c.is_admin, users.c.is_active).order_by(users.c.id)
    if list(connection.execute(query.with_for_update()).scalars()) == [user_id]:
        raise ConflictError(f"User {user_id}: expected another active admin to be left, found none.")


def _revoke_tokens(connection: Connection, where: ColumnElement[bool]) -> None:
    is_open = tokens.c.revoked_at.is_(None)
    connection.execute(update(tokens).where(where, is_open).values(revoked_at=datetime.now(UTC)))
