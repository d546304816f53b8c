"""Signing in with a password, and what guessing gets."""

from collections.abc import Callable

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select

from service.errors import NotAllowedError, NotSignedInError, TooManyError
from service.people import invitations, sessions
from service.people.passwords import Passwords
from service.people.sign_in import SignIn
from service.people.users import change_user, create_user
from service.storage.database import Database
from service.storage.tables import users

PASSWORD = "correct horse battery"
OFFICE = "192.0.2.7"


@pytest.fixture
def sign_in(database: Database, passwords: Passwords, ana: int) -> SignIn:
    with database.writing() as connection:
        invitations.set_password(connection, passwords, ana, PASSWORD)
    return SignIn(database, passwords)


def refused(attempt: Callable[[], object]) -> str:
    with pytest.raises(NotSignedInError) as error:
        attempt()
    return str(error.value)


def test_email_and_password_let_their_person_in(sign_in: SignIn, ana: int) -> None:
    assert sign_in.with_password(" ANA@school.org", PASSWORD, address=OFFICE).user_id == ana


def test_whatever_is_wrong_the_words_are_the_same(database: Database, sign_in: SignIn) -> None:
    with database.writing() as connection:
        create_user(connection, "bo@school.org", "Bo")
    said = set()
    for email, password in {"ana": "wrong", "nobody": PASSWORD, "bo": "", "ana@ana": PASSWORD}.items():
        with pytest.raises(NotSignedInError) as refusal:
            sign_in.with_password(f"{email}@school.org", password, address=OFFICE)
        said.add(str(refusal.value))
    assert len(said) == 1


def test_whoever_is_not_active_stays_out(database: Database, sign_in: SignIn, ana: int) -> None:
    with database.writing() as connection:
        change_user(connection, ana, is_active=False)
    refused(lambda: sign_in.with_password("ana@school.org", PASSWORD, address=OFFICE))


def test_a_password_hashed_with_older_parameters_is_hashed_anew(
    database: Database, sign_in: SignIn, ana: int
) -> None:
    stronger = Passwords(PasswordHash((Argon2Hasher(time_cost=2, memory_cost=8, parallelism=1),)))
    SignIn(database, stronger).with_password("ana@school.org", PASSWORD, address=OFFICE)
    with database.reading() as connection:
        kept = connection.execute(select(users.c.password_hash).where(users.c.id == ana)).scalar_one()
    assert "t=2" in kept
    assert stronger.check(PASSWORD, kept) == (True, None)


def test_after_ten_attempts_even_the_right_password_waits(sign_in: SignIn) -> None:
    for number in range(10):
        with pytest.raises(NotSignedInError):
            sign_in.with_password("ana@school.org", "wrong", address=f"192.0.2.{number}")
    with pytest.raises(TooManyError) as error:
        sign_in.with_password("ana@school.org", PASSWORD, address=OFFICE)
    assert error.value.retry_after == 600


def test_attempts_for_one_person_do_not_count_for_another(
    database: Database, passwords: Passwords, sign_in: SignIn
) -> None:
    with database.writing() as connection:
        bo = create_user(connection, "bo@school.org", "Bo")
        invitations.set_password(connection, passwords, bo, PASSWORD)
    for _ in range(10):
        refused(lambda: sign_in.with_password("ana@school.org", "wrong", address=OFFICE))
    assert sign_in.with_password("bo@school.org", PASSWORD, address=OFFICE).user_id == bo


def test_the_right_password_forgives_the_wrong_ones_before(sign_in: SignIn, ana: int) -> None:
    for _ in range(3):
        for _ in range(9):
            refused(lambda: sign_in.with_password("ana@school.org", "wrong", address=OFFICE))
        assert sign_in.with_password("ana@school.org", PASSWORD, address=OFFICE).user_id == ana


@pytest.mark.parametrize(
    ("addresses", "is_one"),
    [
        (lambda number: OFFICE, True),
        (lambda number: f"192.0.2.{number}", False),
        (lambda number: f"2001:db8::{number:x}", True),
        (lambda number: f"2001:db8:0:{number:x}::1", False),
        (lambda number: f"::ffff:192.0.2.{number}", False),
        (lambda number: "testclient", True),
    ],
)
def test_an_address_has_a_hundred_attempts(
    sign_in: SignIn, addresses: Callable[[int], str], is_one: bool
) -> None:
    for number in range(100):
        with pytest.raises(NotSignedInError):
            sign_in.with_password(f"p{number}@school.org", "wrong", address=addresses(number))
    with pytest.raises(TooManyError if is_one else NotSignedInError):
        sign_in.with_password("p100@school.org", "wrong", address=addresses(100))


def test_a_password_changed_while_the_old_one_is_checked_lets_nobody_in(
    database: Database, passwords: Passwords, sign_in: SignIn, ana: int
) -> None:
    class ChangedMeanwhile(Passwords):
        def check(self, password: str, password_hash: str) -> tuple[bool, str | None]:
            with database.writing() as connection:
                invitations.set_password(connection, passwords, ana, "quite another one")
            return passwords.check(password, password_hash)

    late = SignIn(database, ChangedMeanwhile())
    refused(lambda: late.with_password("ana@school.org", PASSWORD, address=OFFICE))
    with database.reading() as connection:
        assert sessions.list_sessions(connection, ana) == []


def test_a_person_confirms_by_their_password_alone(sign_in: SignIn, ana: int) -> None:
    sign_in.confirm(ana, PASSWORD, address=OFFICE)
    with pytest.raises(NotAllowedError, match="Password"):
        sign_in.confirm(ana, "wrong", address=OFFICE)


def test_confirming_is_no_way_to_guess_on(sign_in: SignIn, ana: int) -> None:
    for _ in range(10):
        with pytest.raises(NotAllowedError):
            sign_in.confirm(ana, "wrong", address=OFFICE)
    with pytest.raises(TooManyError):
        sign_in.confirm(ana, PASSWORD, address=OFFICE)
