"""One-time links: they work once, for a week, for whom they are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update

from service.errors import NotFoundError
from service.people import invitations, sessions
from service.people.passwords import Passwords
from service.people.users import change_user, create_user, find_user, list_users
from service.storage import tables
from service.storage.database import Database

PASSWORD = "correct horse battery"
ANA = ("ana@school.org", "Ana Ruiz")


def secret_of(link: str | None) -> str:
    assert link is not None
    return parse_qs(urlsplit(link).query)["key"][0]


def test_the_first_admin_is_made_by_a_link(database: Database, passwords: Passwords) -> None:
    link = invitations.first_admin_link(database, "http://localhost:8000/")
    assert link is not None
    assert link.startswith("http://localhost:8000/welcome?key=")
    with database.writing() as connection:
        number = invitations.accept_as_first_admin(connection, passwords, secret_of(link), ANA, PASSWORD)
        admin = find_user(connection, number)
    assert (admin.email, admin.is_admin, admin.has_signed_up) == ("ana@school.org", True, True)
    assert invitations.first_admin_link(database, "http://localhost") is None


def test_a_new_start_replaces_the_first_admins_link(database: Database, passwords: Passwords) -> None:
    old, new = (secret_of(invitations.first_admin_link(database, "http://localhost")) for _ in range(2))
    with database.writing() as connection:
        with pytest.raises(NotFoundError, match="used or has expired"):
            invitations.accept_as_first_admin(connection, passwords, old, ANA, PASSWORD)
        invitations.accept_as_first_admin(connection, passwords, new, ANA, PASSWORD)


def test_an_admin_who_never_signed_up_does_not_count(database: Database) -> None:
    with database.writing() as connection:
        create_user(connection, *ANA, is_admin=True)
    assert invitations.first_admin_link(database, "http://localhost") is not None


def test_a_first_admins_link_is_dead_once_there_is_an_admin(database: Database, passwords: Passwords) -> None:
    secret = secret_of(invitations.first_admin_link(database, "http://localhost"))
    with database.writing() as connection:
        bo = create_user(connection, "bo@school.org", "Bo", is_admin=True)
        invitations.set_password(connection, passwords, bo, PASSWORD)
        with pytest.raises(NotFoundError, match="used or has expired"):
            invitations.accept_as_first_admin(connection, passwords, secret, ANA, PASSWORD)


def test_an_invited_person_chooses_a_password_once(
    database: Database, passwords: Passwords, ana: int
) -> None:
    with database.writing() as connection:
        secret = invitations.invite(connection, ana)
        assert invitations.find_invitation(connection, secret).email == "ana@school.org"
        assert invitations.accept(connection, passwords, secret, PASSWORD) == ana
        with pytest.raises(NotFoundError, match="used or has expired"):
            invitations.accept(connection, passwords, secret, "another password")
        assert find_user(connection, ana).has_signed_up


def test_a_link_is_not_used_up_by_a_password_that_is_refused(
    database: Database, passwords: Passwords, ana: int
) -> None:
    with database.writing() as connection:
        secret = invitations.invite(connection, ana)
        with pytest.raises(ValueError, match="got 5"):
            invitations.accept(connection, passwords, secret, "short")
        invitations.accept(connection, passwords, secret, PASSWORD)


@pytest.mark.parametrize("of_admin", [True, False])
def test_two_who_use_a_link_at_the_same_moment_do_not_both_get_in(
    database: Database, passwords: Passwords, ana: int, of_admin: bool
) -> None:
    if of_admin:
        secret = secret_of(invitations.first_admin_link(database, "http://localhost"))
    else:
        with database.writing() as connection:
            secret = invitations.invite(connection, ana)

    def use(number: int) -> bool:
        try:
            with database.writing() as connection:
                if of_admin:
                    person = (f"p{number}@school.org", "P")
                    invitations.accept_as_first_admin(connection, passwords, secret, person, PASSWORD)
                else:
                    invitations.accept(connection, passwords, secret, PASSWORD)
        except NotFoundError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(8))) == 1
    with database.reading() as connection:
        assert sum(user.is_admin for user in list_users(connection)) == of_admin


def test_a_link_ends_after_a_week(database: Database, passwords: Passwords, ana: int) -> None:
    with database.writing() as connection:
        secret = invitations.invite(connection, ana)
        row = connection.execute(select(tables.invitations)).one()
        assert row.expires_at - row.created_at == timedelta(days=7)
        connection.execute(update(tables.invitations).values(expires_at=datetime.now(UTC)))
        with pytest.raises(NotFoundError, match="used or has expired"):
            invitations.accept(connection, passwords, secret, PASSWORD)


def test_a_new_link_replaces_the_one_before_and_no_one_elses(
    database: Database, passwords: Passwords, ana: int
) -> None:
    with database.writing() as connection:
        bo = create_user(connection, "bo@school.org", "Bo")
        of_bo, old, new = (invitations.invite(connection, person) for person in (bo, ana, ana))
        with pytest.raises(NotFoundError, match="used or has expired"):
            invitations.find_invitation(connection, old)
        assert invitations.find_invitation(connection, new).user_id == ana
        assert invitations.find_invitation(connection, of_bo).user_id == bo


def test_a_persons_link_makes_no_admin_and_an_admins_sets_no_password(
    database: Database, passwords: Passwords, ana: int
) -> None:
    of_admin = secret_of(invitations.first_admin_link(database, "http://localhost"))
    with database.writing() as connection:
        secret = invitations.invite(connection, ana)
        with pytest.raises(NotFoundError, match="used or has expired"):
            invitations.accept_as_first_admin(
                connection, passwords, secret, ("bo@school.org", "Bo"), PASSWORD
            )
        with pytest.raises(NotFoundError, match="used or has expired"):
            invitations.accept(connection, passwords, of_admin, PASSWORD)


def test_a_new_password_ends_all_sessions_and_links(
    database: Database, passwords: Passwords, ana: int
) -> None:
    with database.writing() as connection:
        sessions.start(connection, ana)
        secret = invitations.invite(connection, ana)
        invitations.set_password(connection, passwords, ana, PASSWORD)
        assert sessions.list_sessions(connection, ana) == []
        with pytest.raises(NotFoundError, match="used or has expired"):
            invitations.find_invitation(connection, secret)


def test_no_link_is_made_for_whoever_is_not_active(database: Database, ana: int) -> None:
    with database.writing() as connection:
        change_user(connection, ana, is_active=False)
        with pytest.raises(NotFoundError, match="active"):
            invitations.invite(connection, ana)
