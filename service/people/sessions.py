"""Sessions of people: kept on our side, known to a browser by a secret, and over when idle or old.

A session's ``expires_at`` is when it ends if nothing more is asked: `IDLE` after the last use, and never later than
`LONGEST` after sign-in.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from service.errors import NotSignedInError
from service.people.secret import new_secret, sha256_of
from service.storage.tables import sessions, users

IDLE: Final = timedelta(hours=8)
LONGEST: Final = timedelta(days=7)
# A use is noted down once in this while, so that reading pages seldom writes.
_NOTED_EVERY: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a browser gets at sign-in; ``secret`` goes into a cookie, ``csrf`` into every form."""

    user_id: int
    secret: str
    csrf: str


@dataclass(frozen=True, slots=True)
class Session:
    """One of a person's sessions, as its owner sees it."""

    created_at: datetime
    expires_at: datetime
    is_this: bool


def start(connection: Connection, user_id: int, *, instead_of: str = "") -> NewSession:
    """Sign a person in with a new secret, and forget sessions that are over.

    Parameters
    ----------
    connection
        In a write transaction.
    user_id
        Who has shown who they are.
    instead_of
        The secret the browser had before, whose session ends: nobody who planted it comes in along.

    Raises
    ------
    NotSignedInError
        Where the person is not active.
    """
    now = datetime.now(UTC)
    person = select(users.c.is_active).where(users.c.id == user_id).with_for_update()
    if not connection.execute(person).scalar_one_or_none():
        raise NotSignedInError("Account: expected an active one.")
    is_over = sessions.c.expires_at <= now
    connection.execute(delete(sessions).where(is_over | (sessions.c.secret_sha256 == sha256_of(instead_of))))
    new = NewSession(user_id, new_secret(), new_secret())
    row = {"secret_sha256": sha256_of(new.secret), "user_id": user_id, "csrf": new.csrf}
    connection.execute(insert(sessions).values(row | {"created_at": now, "expires_at": now + IDLE}))
    return new


def is_due(expires_at: datetime, created_at: datetime) -> bool:
    """Whether a use of a session has to be noted down by `prolong`, so that it does not end as idle."""
    return _end(created_at) - expires_at > _NOTED_EVERY


def prolong(connection: Connection, secret: str) -> None:
    """Note that a session is in use; nothing where it is over."""
    now = datetime.now(UTC)
    query = select(sessions.c.created_at).where(
        sessions.c.secret_sha256 == sha256_of(secret), sessions.c.expires_at > now
    )
    created_at = connection.execute(query).scalar_one_or_none()
    if created_at is not None:
        where = sessions.c.secret_sha256 == sha256_of(secret)
        connection.execute(update(sessions).where(where).values(expires_at=_end(created_at)))


def end(connection: Connection, secret: str) -> None:
    """End a session; nothing where there is none."""
    connection.execute(delete(sessions).where(sessions.c.secret_sha256 == sha256_of(secret)))


def end_all(connection: Connection, user_id: int) -> None:
    """End all sessions of a person."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


def end_others(connection: Connection, user_id: int, secret: str) -> None:
    """End all sessions of a person but the one of a secret."""
    is_other = sessions.c.secret_sha256 != sha256_of(secret)
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id, is_other))


def list_sessions(connection: Connection, user_id: int, secret: str = "") -> list[Session]:
    """Return a person's sessions that are not over, the latest first; ``secret`` tells which one asks."""
    query = (
        select(sessions)
        .where(sessions.c.user_id == user_id, sessions.c.expires_at > datetime.now(UTC))
        .order_by(sessions.c.created_at.desc(), sessions.c.secret_sha256)
    )
    return [
        Session(row.created_at, row.expires_at, is_this=row.secret_sha256 == sha256_of(secret))
        for row in connection.execute(query)
    ]


def _end(created_at: datetime) -> datetime:
    return min(datetime.now(UTC) + IDLE, created_at + LONGEST)
