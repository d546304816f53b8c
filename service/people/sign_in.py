"""Signing in with e-mail and password, slowed down for whoever guesses."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import Connection, Row, select, update

from service.errors import NotAllowedError, NotSignedInError, TooManyError
from service.people import sessions
from service.people.passwords import Passwords
from service.people.users import fold_email
from service.storage.database import Database
from service.storage.tables import users

#: Attempts for one e-mail, whoever makes them; and from one address, for whomever.
A_PERSON: Final = RateLimitItemPerMinute(10, 10, "sign-in by e-mail")
AN_ADDRESS: Final = RateLimitItemPerMinute(100, 10, "sign-in by address")
_REFUSED: Final = "E-mail or password: expected those of an account; one of them is wrong."


class SignIn:
    """Where people come in with a password.

    Attempts are counted in memory, not in the database: guessing then never writes and cannot hold up those who work.
    Each server counts for itself, so several let as many times more through, and a restart forgets.
    """

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self.database = database
        self.passwords = passwords
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def with_password(
        self, email: str, password: str, *, address: str, instead_of: str = ""
    ) -> sessions.NewSession:
        """Return a new session of the person whose e-mail and password these are.

        Parameters
        ----------
        address
            Where the request comes from.
        instead_of
            The secret of the session the browser had before.

        Raises
        ------
        NotSignedInError
            Where they are nobody's; the same words and the same time, whatever is wrong.
        TooManyError
            After too many attempts, right or wrong.
        """
        folded = _folded(email)
        self._count(AN_ADDRESS, _network_of(address))
        self._count(A_PERSON, folded)
        with self.database.reading() as connection:
            found = _find(connection, folded)
        is_right, new_hash = self.passwords.check(password, found.password_hash if found else "")
        if found is None or not is_right:
            raise NotSignedInError(_REFUSED)
        with self.database.writing() as connection:
            # What was checked must still stand: the password may have been changed or the account closed meanwhile.
            unchanged = (users.c.id == found.id) & (users.c.password_hash == found.password_hash)
            kept = update(users).where(unchanged, users.c.is_active)
            if not connection.execute(kept.values(password_hash=new_hash or found.password_hash)).rowcount:
                raise NotSignedInError(_REFUSED)
            session = sessions.start(connection, found.id, instead_of=instead_of)
        self._limiter.clear(A_PERSON, folded)
        return session

    def confirm(self, user_id: int, password: str, *, address: str) -> None:
        """Check that a person who is signed in knows their password.

        Raises
        ------
        NotAllowedError
            Where it is another one.
        TooManyError
            As `with_password`.
        """
        with self.database.reading() as connection:
            query = select(users.c.email, users.c.password_hash).where(users.c.id == user_id)
            person = connection.execute(query).one()
        self._count(AN_ADDRESS, _network_of(address))
        self._count(A_PERSON, person.email)
        if not self.passwords.check(password, person.password_hash)[0]:
            raise NotAllowedError("Password: expected the one you have now.")
        self._limiter.clear(A_PERSON, person.email)

    def _count(self, limit: RateLimitItem, key: str) -> None:
        if not self._limiter.hit(limit, key):
            raise TooManyError(
                "Too many attempts to sign in; wait ten minutes and try again.",
                retry_after=limit.get_expiry(),
            )


def _find(connection: Connection, email: str) -> Row[Any, Any] | None:  # Any: id and password_hash
    query = select(users.c.id, users.c.password_hash).where(users.c.email == email, users.c.is_active)
    return connection.execute(query).one_or_none()


def _folded(email: str) -> str:
    try:
        return fold_email(email)
    except ValueError:
        return ""


def _network_of(address: str) -> str:
    """Return the address; of IPv6 the network, of which one customer has 2^64 addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
