"""Passwords as NIST SP 800-63B has them."""

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from service.people.passwords import Passwords, check_new_password


@pytest.mark.parametrize("password", ["twelve chars", "x" * 1000, "correct horse battery", "пароль пароль"])
def test_long_passwords_are_taken_whatever_they_are_made_of(password: str) -> None:
    check_new_password(password, "ana@school.org")


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("eleven char", "12 to 1,000 characters, got 11"),
        ("x" * 1001, "got 1,001"),
        ("Ana@School.org ", "your e-mail"),
    ],
)
def test_a_password_too_short_too_long_or_the_email_is_refused(password: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        check_new_password(password, "ana@school.org")


def test_a_refusal_does_not_repeat_the_password() -> None:
    with pytest.raises(ValueError, match="got 5") as refused:
        check_new_password("tiger", "ana@school.org")
    assert "tiger" not in str(refused.value)


def test_the_right_password_is_right_and_another_is_not(passwords: Passwords) -> None:
    kept = passwords.hash("correct horse battery")
    assert kept.startswith("$argon2id$")
    assert passwords.check("correct horse battery", kept) == (True, None)
    assert passwords.check("Correct horse battery", kept) == (False, None)


def test_a_password_is_the_same_from_every_keyboard(passwords: Passwords) -> None:
    composed, decomposed = "contraseña larga", "contrasen\u0303a larga"
    assert composed != decomposed
    assert passwords.check(decomposed, passwords.hash(composed))[0]


def test_a_hash_of_other_parameters_is_replaced(passwords: Passwords) -> None:
    stronger = Passwords(PasswordHash((Argon2Hasher(time_cost=2, memory_cost=8, parallelism=1),)))
    is_right, new_hash = stronger.check("correct horse battery", passwords.hash("correct horse battery"))
    assert is_right
    assert new_hash is not None
    assert stronger.check("correct horse battery", new_hash) == (True, None)


@pytest.mark.parametrize("password", ["", "of nobody", "correct horse battery", "x" * 1001])
def test_nobody_has_no_password_but_a_hash_is_checked_all_the_same(password: str) -> None:
    checked: list[str] = []

    class Counting(Argon2Hasher):
        def verify(self, password: str | bytes, hash: str | bytes) -> bool:
            checked.append(str(hash))
            return super().verify(password, hash)

    counting = Passwords(PasswordHash((Counting(time_cost=1, memory_cost=8, parallelism=1),)))
    assert counting.check(password, "") == (False, None)
    assert [kept.split("$")[1] for kept in checked] == ["argon2id"]
