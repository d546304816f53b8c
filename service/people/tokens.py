"""Tokens of programs: one district, one role, reading or writing too, shown once and expiring."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, insert, select, update

from service.errors import NotFoundError
from service.people.principal import Role
from service.people.secret import new_secret, sha256_of
from service.people.users import check_of
from service.storage.tables import tokens

#: What every token begins with, so that it is recognised where it must not stand.
PREFIX: Final = "pm_"
DAYS: Final = 90
MOST_DAYS: Final = 366
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token lets a program do.

    Parameters
    ----------
    of
        The school of a leader or the partner of a partner, "" for other roles.
    days
        How long it lasts, 1 to `MOST_DAYS`.
    """

    name: str
    role: Role
    of: str = ""
    may_write: bool = True
    days: int = DAYS

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MOST_DAYS:
            raise ValueError(f"Token: expected 1 to {MOST_DAYS} days, got {self.days}.")
        if not 1 <= len(self.name) <= _LONGEST_NAME or not self.name.isprintable():
            raise ValueError(f"Token: expected a name of 1 to {_LONGEST_NAME} characters, got {self.name!r}.")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is listed, without its secret."""

    id: int
    name: str
    role: Role
    of: str
    may_write: bool
    created_by: int | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @property
    def is_valid(self) -> bool:
        """Whether it still lets a program in."""
        return self.revoked_at is None and self.expires_at > datetime.now(UTC)


def issue(
    connection: Connection, district_id: int, grant: Grant, *, created_by: int | None = None
) -> tuple[int, str]:
    """Make a token and return its number and its secret, which cannot be had again.

    Raises
    ------
    NotFoundError
        Where there is no such school or partner.
    ValueError
        Where ``of`` does not fit the role.
    """
    check_of(connection, district_id, grant.role, _some(grant.of))
    secret, now = PREFIX + new_secret(), datetime.now(UTC)
    values = {
        "secret_sha256": sha256_of(secret),
        "name": grant.name,
        "district_id": district_id,
        "role": grant.role.value,
        "of": grant.of,
        "may_write": grant.may_write,
        "created_by": created_by,
        "created_at": now,
        "expires_at": now + timedelta(days=grant.days),
    }
    number: int = connection.execute(insert(tokens).values(values).returning(tokens.c.id)).scalar_one()
    return number, secret


def list_tokens(connection: Connection, district_id: int) -> list[Token]:
    """Return all tokens of a district, also those that ended, by number."""
    shown = [column for column in tokens.c if column.name not in ("secret_sha256", "district_id")]
    query = select(*shown).where(tokens.c.district_id == district_id).order_by(tokens.c.id)
    return [Token(**{**row, "role": Role(row["role"])}) for row in connection.execute(query).mappings()]


def revoke(connection: Connection, district_id: int, token_id: int) -> None:
    """Let a token no longer in; nothing where it was revoked before.

    Raises
    ------
    NotFoundError
        Where the district has no such token.
    """
    where = (tokens.c.district_id == district_id) & (tokens.c.id == token_id)
    if connection.execute(select(tokens.c.id).where(where)).first() is None:
        raise NotFoundError(f"Token {token_id}: expected the number of one of this district, found none.")
    is_open = tokens.c.revoked_at.is_(None)
    connection.execute(update(tokens).where(where, is_open).values(revoked_at=datetime.now(UTC)))


def _some(of: str) -> Collection[str]:
    return [of] if of else []
