"""Sessions: new at each sign-in, over when idle or old, ended by their owner."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select, update

from service.people import sessions
from service.people.principal import Principal
from service.people.recognition import principal_of_session
from service.storage import tables
from service.storage.database import Database


def principal(connection: Connection, secret: str) -> Principal | None:
    return principal_of_session(connection, secret)


def age(connection: Connection, *, created: timedelta, left: timedelta) -> None:
    now = datetime.now(UTC)
    connection.execute(update(tables.sessions).values(created_at=now - created, expires_at=now + left))


def test_a_session_lets_its_person_in(database: Database, ana: int) -> None:
    with database.writing() as connection:
        session = sessions.start(connection, ana)
        found = principal(connection, session.secret)
    assert found is not None
    assert (found.actor, found.name, found.csrf) == (f"user:{ana}", "Ana Ruiz", session.csrf)


def test_secrets_are_long_and_never_the_same_and_not_kept(database: Database, ana: int) -> None:
    with database.writing() as connection:
        made = [sessions.start(connection, ana) for _ in range(3)]
        kept = connection.execute(select(tables.sessions)).all()
    secrets = {secret for session in made for secret in (session.secret, session.csrf)}
    assert len(secrets) == 6
    assert min(map(len, secrets)) == 43  # 256 bits at 6 a character
    assert not any(session.secret in str(row) for session in made for row in kept)


def test_a_made_up_secret_lets_nobody_in(database: Database, ana: int) -> None:
    with database.writing() as connection:
        sessions.start(connection, ana)
        row = connection.execute(select(tables.sessions)).one()
        for secret in ("", "x", row.secret_sha256, "\udcff"):
            assert principal(connection, secret) is None


def test_the_session_a_browser_had_ends_when_it_signs_in(database: Database, ana: int) -> None:
    with database.writing() as connection:
        planted, other = sessions.start(connection, ana), sessions.start(connection, ana)
        fresh = sessions.start(connection, ana, instead_of=planted.secret)
        assert principal(connection, planted.secret) is None
        assert principal(connection, other.secret) is not None
        assert principal(connection, fresh.secret) is not None


def test_an_idle_session_is_over(database: Database, ana: int) -> None:
    with database.writing() as connection:
        session = sessions.start(connection, ana)
        age(connection, created=sessions.IDLE, left=timedelta(seconds=-1))
        assert principal(connection, session.secret) is None
        sessions.prolong(connection, session.secret)
        assert principal(connection, session.secret) is None


def test_use_prolongs_a_session_but_not_beyond_its_longest(database: Database, ana: int) -> None:
    with database.writing() as connection:
        session = sessions.start(connection, ana)
        age(connection, created=timedelta(hours=7), left=timedelta(hours=1))
        sessions.prolong(connection, session.secret)
        (found,) = sessions.list_sessions(connection, ana)
        assert found.expires_at - datetime.now(UTC) > timedelta(hours=7, minutes=59)
        age(connection, created=sessions.LONGEST - timedelta(hours=2), left=timedelta(hours=1))
        sessions.prolong(connection, session.secret)
        (found,) = sessions.list_sessions(connection, ana)
        assert found.expires_at - found.created_at == sessions.LONGEST


def test_use_is_noted_down_seldom() -> None:
    now = datetime.now(UTC)
    assert not sessions.is_due(now + sessions.IDLE - timedelta(minutes=9), now)
    assert sessions.is_due(now + sessions.IDLE - timedelta(minutes=11), now)
    # Two hours before its longest end there is nothing to prolong.
    assert not sessions.is_due(now + timedelta(hours=2), now + timedelta(hours=2) - sessions.LONGEST)


def test_sessions_end_one_by_one_or_all(database: Database, ana: int) -> None:
    with database.writing() as connection:
        first, second, third = (sessions.start(connection, ana) for _ in range(3))
        sessions.end(connection, first.secret)
        assert [session.is_this for session in sessions.list_sessions(connection, ana, third.secret)].count(
            True
        ) == 1
        assert len(sessions.list_sessions(connection, ana)) == 2
        sessions.end_all(connection, ana)
        assert principal(connection, second.secret) is None


def test_sessions_that_are_over_are_forgotten(database: Database, ana: int) -> None:
    with database.writing() as connection:
        sessions.start(connection, ana)
        age(connection, created=sessions.LONGEST, left=timedelta(0))
        sessions.start(connection, ana)
        assert connection.execute(select(func.count()).select_from(tables.sessions)).scalar_one() == 1
