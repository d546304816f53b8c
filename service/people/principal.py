"""Who asks: a person with a session or a program with a token, and what role that gives in a district."""

from dataclasses import dataclass
from enum import StrEnum

from service.errors import NotAllowedError, NotFoundError


class Role(StrEnum):
    """What someone is in a district; an admin may all that any of them may."""

    ADMIN = "admin"
    COORDINATOR = "coordinator"
    LEADER = "leader"
    PARTNER = "partner"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class Membership:
    """A role in a district; ``of`` are the schools of a leader or the partners of a partner."""

    district_id: int
    district_key: str
    role: Role
    of: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks.

    Parameters
    ----------
    actor
        How the log names it: ``user:3`` or ``token:7``.
    memberships
        At most one a district: the role that may most.
    is_admin
        Whether it may all in every district, and look after people.
    may_write
        Whether it may change anything.
    csrf
        What a form has to send along, for a session; "" for a token.
    is_due
        Whether the use of the session has to be noted down, so that it does not end as idle.
    """

    actor: str
    name: str
    memberships: tuple[Membership, ...]
    is_admin: bool = False
    may_write: bool = True
    csrf: str = ""
    user_id: int | None = None
    is_due: bool = False

    @property
    def is_token(self) -> bool:
        """Whether a program asks."""
        return self.actor.startswith("token:")

    def membership_in(self, district_key: str | None) -> Membership:
        """Return the membership in a district; without a name, in the only one there is.

        Raises
        ------
        NotFoundError
            Where there is no such district for this principal.
        NotAllowedError
            Where it has none, or several and none is named.
        """
        if district_key is None:
            if len(self.memberships) == 1:
                return self.memberships[0]
            expected = "?district= with the key of a district" if self.memberships else "a role in a district"
            raise NotAllowedError(f"District: expected {expected}, found none.")
        for membership in self.memberships:
            if membership.district_key == district_key:
                return membership
        raise NotFoundError(f"District {district_key}: expected one of yours, found none.")
