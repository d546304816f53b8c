"""Tokens: shown once, of one district and role, and not for ever."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from service.errors import NotFoundError
from service.people import tokens
from service.people.principal import Membership, Role
from service.people.recognition import principal_of_token
from service.people.tokens import Grant
from service.storage import tables
from service.storage.database import Database


def test_a_token_lets_a_program_in_with_what_it_grants(database: Database, district: int) -> None:
    with database.writing() as connection:
        number, secret = tokens.issue(
            connection, district, Grant("sync", Role.LEADER, of="S1", may_write=False)
        )
        found = principal_of_token(connection, secret)
    assert secret.startswith("pm_")
    assert found is not None
    assert (found.actor, found.is_admin, found.may_write) == (f"token:{number}", False, False)
    assert found.memberships == (Membership(district, "riverside", Role.LEADER, frozenset({"S1"})),)


def test_a_tokens_secret_is_not_kept(database: Database, district: int) -> None:
    with database.writing() as connection:
        _, secret = tokens.issue(connection, district, Grant("sync", Role.BOARD))
        assert secret[3:] not in str(connection.execute(select(tables.tokens)).all())
        (listed,) = tokens.list_tokens(connection, district)
    assert listed.expires_at - listed.created_at == timedelta(days=90)
    assert listed.is_valid


def test_an_expired_token_lets_nobody_in(database: Database, district: int) -> None:
    with database.writing() as connection:
        _, secret = tokens.issue(connection, district, Grant("sync", Role.BOARD, days=1))
        connection.execute(update(tables.tokens).values(expires_at=datetime.now(UTC)))
        assert principal_of_token(connection, secret) is None
        assert not tokens.list_tokens(connection, district)[0].is_valid


def test_a_revoked_token_lets_nobody_in_and_stays_listed(database: Database, district: int) -> None:
    with database.writing() as connection:
        number, secret = tokens.issue(connection, district, Grant("sync", Role.BOARD))
        tokens.revoke(connection, district, number)
        first = tokens.list_tokens(connection, district)[0].revoked_at
        tokens.revoke(connection, district, number)
        assert principal_of_token(connection, secret) is None
        assert tokens.list_tokens(connection, district)[0].revoked_at == first


def test_a_token_of_another_district_is_not_revoked(database: Database, district: int) -> None:
    with database.writing() as connection:
        number, secret = tokens.issue(connection, district, Grant("sync", Role.BOARD))
        with pytest.raises(NotFoundError, match=f"Token {number}"):
            tokens.revoke(connection, district + 1, number)
        assert principal_of_token(connection, secret) is not None


@pytest.mark.parametrize("days", [0, 367])
def test_a_token_lasts_a_day_to_a_year(days: int) -> None:
    with pytest.raises(ValueError, match="1 to 366 days"):
        Grant("sync", Role.BOARD, days=days)


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb"])
def test_a_token_has_a_name_of_one_line(name: str) -> None:
    with pytest.raises(ValueError, match="name of 1 to 100"):
        Grant(name, Role.BOARD)


def test_a_token_of_a_school_that_is_not_there_is_not_made(database: Database, district: int) -> None:
    with database.writing() as connection, pytest.raises(NotFoundError, match="S9"):
        tokens.issue(connection, district, Grant("sync", Role.LEADER, of="S9"))
