"""Passwords: how they are chosen, hashed and checked.

References
----------
NIST SP 800-63B-4, "Authentication and Authenticator Management" (2025), section 3.1.1: a least length and nothing that
must be mixed in, no change without a reason, Unicode normalised before it is hashed.
"""

import threading
import unicodedata
from functools import cached_property
from typing import Final

from pwdlib import PasswordHash

LEAST_LENGTH: Final = 12
MOST_LENGTH: Final = 1000
# Each takes 64 MiB while it runs.
_AT_ONCE: Final = 4


def check_new_password(password: str, email: str) -> None:
    """Refuse a password that is too short, too long or the person's e-mail.

    Raises
    ------
    ValueError
        With what is expected of it; never with the password.
    """
    length = len(_normalised(password))
    if not LEAST_LENGTH <= length <= MOST_LENGTH:
        raise ValueError(f"Password: expected {LEAST_LENGTH} to {MOST_LENGTH:,} characters, got {length:,}.")
    if _normalised(password).strip().casefold() == email.casefold():
        raise ValueError("Password: expected something else than your e-mail.")


class Passwords:
    """Hashes and checks passwords with Argon2id, a few at one time so that guessers cannot use up the memory.

    Parameters
    ----------
    hasher
        The parameters; hashes made with others are replaced as their owners sign in.
    """

    def __init__(self, hasher: PasswordHash | None = None) -> None:
        self._hasher = hasher or PasswordHash.recommended()
        self._turn = threading.BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        with self._turn:
            return self._hasher.hash(_normalised(password))

    def check(self, password: str, password_hash: str) -> tuple[bool, str | None]:
        """Tell whether it is the password, and a new hash where the kept one has other parameters.

        Parameters
        ----------
        password
            As it was typed.
        password_hash
            "" where there is no such person or no password: that is never right, and takes as long.
        """
        with self._turn:
            if len(password) > MOST_LENGTH or not password_hash:
                self._hasher.verify("", self._of_nobody)
                return False, None
            return self._hasher.verify_and_update(_normalised(password), password_hash)

    @cached_property
    def _of_nobody(self) -> str:
        return self._hasher.hash("of nobody")


def _normalised(password: str) -> str:
    """Return the password as every keyboard sends it."""
    return unicodedata.normalize("NFKC", password)
