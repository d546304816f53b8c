"""One-time links: the first admin's, and those by which a person chooses a password, the first or a forgotten one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select, update

from service.errors import NotFoundError
from service.people import sessions
from service.people.of_district import may_be
from service.people.passwords import Passwords, check_new_password
from service.people.secret import new_secret, sha256_of
from service.people.users import create_user, find_user, fold_email, lock_user
from service.storage.database import Database
from service.storage.tables import identities, invitations, users

LASTS: Final = timedelta(days=7)
#: Where a link leads.
PATH: Final = "/welcome"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that still works: whose it is, nobody's for the first admin's."""

    user_id: int | None
    email: str
    name: str


def link_of(base_url: str, secret: str) -> str:
    """Return the link to send; the secret stands after the ``?``, which request logs leave out."""
    return f"{base_url.rstrip('/')}{PATH}?key={secret}"


def first_admin_link(database: Database, base_url: str) -> str | None:
    """Return a new link by which the first admin is made, in place of earlier ones; None where there is an admin."""
    with database.writing() as connection:
        if has_admin(connection):
            return None
        return link_of(base_url, _new(connection, None))


def has_admin(connection: Connection) -> bool:
    """Whether there is an active admin who can sign in."""
    has_identity = exists().where(identities.c.user_id == users.c.id)
    query = select(users.c.id).where(
        users.c.is_admin, users.c.is_active, (users.c.password_hash != "") | has_identity
    )
    return connection.execute(query.limit(1)).first() is not None


def invite(connection: Connection, user_id: int, *, made_by: int | None = None) -> str:
    """Return the secret of a link by which a person chooses a password; earlier links of theirs end.

    Parameters
    ----------
    made_by
        Who will know the link; it ends when they may no longer make one for this person.

    Raises
    ------
    NotFoundError
        Where there is no such active person.
    """
    lock_user(connection, user_id)
    if not connection.execute(select(users.c.is_active).where(users.c.id == user_id)).scalar_one():
        raise NotFoundError(f"User {user_id}: expected an active person.")
    return _new(connection, user_id, made_by)


def find_invitation(connection: Connection, secret: str) -> Invitation:
    """Return what a link is for, without using it up.

    Raises
    ------
    NotFoundError
        Where the link was used, replaced or has expired, never was one, or whoever made it may no longer make it: or
        else a coordinator could be whoever became an admin meanwhile.
    """
    query = (
        select(invitations.c.user_id, invitations.c.made_by, users.c.email, users.c.name)
        .outerjoin(users, users.c.id == invitations.c.user_id)
        .where(_works(secret))
    )
    found = connection.execute(query).first()
    if found is None:
        raise _dead()
    if found.made_by is not None:
        maker, user = find_user(connection, found.made_by), find_user(connection, found.user_id)
        if not (maker.is_active and may_be(maker, user)):
            raise _dead()
    return Invitation(found.user_id, found.email or "", found.name or "")


def accept(connection: Connection, passwords: Passwords, secret: str, password: str) -> int:
    """Use a person's link up, set their password, end all their sessions, and return their id.

    Raises
    ------
    NotFoundError
        As `find_invitation`.
    ValueError
        For a password that `check_new_password` refuses; the link still works then.
    """
    found = find_invitation(connection, secret)
    if found.user_id is None:
        raise _dead()
    check_new_password(password, found.email)
    if not _use_up(connection, _works(secret)):
        raise _dead()
    set_password(connection, passwords, found.user_id, password)
    return found.user_id


def accept_as_first_admin(
    connection: Connection, passwords: Passwords, secret: str, person: tuple[str, str], password: str
) -> int:
    """Use the first admin's link up and return the id of the admin it made.

    Parameters
    ----------
    person
        E-mail and name.

    Raises
    ------
    NotFoundError
        As `find_invitation`, and where there is an admin by now.
    ValueError
        For a password, an e-mail or a name that is refused; the link still works then.
    """
    if find_invitation(connection, secret).user_id is not None or has_admin(connection):
        raise _dead()
    email, name = person
    check_new_password(password, fold_email(email))
    user_id = create_user(connection, email, name, is_admin=True)
    if not _use_up(connection, _works(secret)):
        raise _dead()
    set_password(connection, passwords, user_id, password)
    return user_id


def set_password(connection: Connection, passwords: Passwords, user_id: int, password: str) -> None:
    """Give a person a new password and end all their sessions and links.

    Raises
    ------
    ValueError
        For a password that `check_new_password` refuses.
    """
    lock_user(connection, user_id)
    email = connection.execute(select(users.c.email).where(users.c.id == user_id)).scalar_one()
    check_new_password(password, email)
    hashed = passwords.hash(password)
    connection.execute(update(users).where(users.c.id == user_id).values(password_hash=hashed))
    _use_up(connection, invitations.c.user_id == user_id)
    sessions.end_all(connection, user_id)


def _new(connection: Connection, user_id: int | None, made_by: int | None = None) -> str:
    secret, now = new_secret(), datetime.now(UTC)
    connection.execute(delete(invitations).where(invitations.c.user_id.is_not_distinct_from(user_id)))
    row = {
        "secret_sha256": sha256_of(secret),
        "user_id": user_id,
        "created_at": now,
        "expires_at": now + LASTS,
        "made_by": made_by,
    }
    connection.execute(insert(invitations).values(row))
    return secret


def _works(secret: str) -> ColumnElement[bool]:
    is_open = (invitations.c.used_at.is_(None)) & (invitations.c.expires_at > datetime.now(UTC))
    return (invitations.c.secret_sha256 == sha256_of(secret)) & is_open


def _use_up(connection: Connection, where: ColumnElement[bool]) -> bool:
    """Mark links as used; False where there were none, for another transaction was first."""
    is_open = invitations.c.used_at.is_(None)
    marked = update(invitations).where(where, is_open).values(used_at=datetime.now(UTC))
    return connection.execute(marked).rowcount > 0


def _dead() -> NotFoundError:
    return NotFoundError("This link was used or has expired; ask an admin for a new one.")
