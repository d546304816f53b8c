"""The people of a district, as those who look after it see them."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete, select

from service.people import sessions
from service.people.principal import Membership, Principal, Role
from service.people.users import OWN, User, list_users, remove_role
from service.storage.tables import DISTRICT_TABLES, invitations, users

#: The roles that there are in a district.
ROLES: Final = (Role.COORDINATOR, Role.LEADER, Role.PARTNER, Role.BOARD)


def people_of(connection: Connection, district_id: int) -> list[User]:
    """Return who has a role in a district, by name."""
    found = [user for user in list_users(connection) if place_in(user, district_id)]
    return sorted(found, key=lambda user: (user.name.casefold(), user.id))


def place_in(user: User, district_id: int) -> Membership | None:
    """Return a person's role in a district, None where there is none."""
    return next((place for place in user.memberships if place.district_id == district_id), None)


def with_email(connection: Connection, email: str) -> User | None:
    """Return the person of a folded e-mail."""
    number = connection.execute(select(users.c.id).where(users.c.email == email)).scalar_one_or_none()
    return None if number is None else list_users(connection, only=number)[0]


def remove(connection: Connection, user_id: int, district_id: int) -> None:
    """Take a person's role in a district away, and sign them out; the links of whoever has no other role end too."""
    remove_role(connection, user_id, district_id)
    sessions.end_all(connection, user_id)
    (user,) = list_users(connection, only=user_id)
    if not user.memberships and not user.is_admin:
        connection.execute(delete(invitations).where(invitations.c.user_id == user_id))


def may_hand_a_link(principal: Principal, user: User) -> bool:
    """Whether someone may have a link by which a person chooses a password.

    Whoever has the link can be that person: so a coordinator may have it of those alone who are nothing elsewhere.
    """
    return user.is_active and principal.user_id is not None and may_be(principal, user)


def may_be(who: Principal | User, user: User) -> bool:
    """Whether someone may all that a person may: an admin, or a coordinator of all their districts."""
    mine = {place.district_id for place in who.memberships if place.role is Role.COORDINATOR}
    theirs = {place.district_id for place in user.memberships}
    return who.is_admin or (not user.is_admin and bool(theirs) and theirs <= mine)


def own_choices(connection: Connection, district_id: int) -> dict[Role, dict[str, str]]:
    """Return what leaders and partners can be of, by role: names by id."""
    return {role: _names(connection, district_id, table, key) for role, (table, key) in OWN.items()}


def own_ids(choices: dict[str, str], texts: Sequence[str]) -> list[str]:
    """Return the ids of schools or partners that are meant: each by its id, its name, or both as ``name (id)``.

    Raises
    ------
    ValueError
        Where a text names none or several.
    """
    return [_meant(choices, text.strip()) for text in texts if text.strip()]


def _meant(choices: dict[str, str], text: str) -> str:
    told = {f"{name} ({key})": key for key, name in choices.items()}
    if text in choices or text in told:
        return told.get(text, text)
    same = [key for key, name in choices.items() if name.casefold() == text.casefold()]
    if len(same) != 1:
        found = "several of that name" if same else text[:100]
        raise ValueError(f"School or partner: expected one of this district, found {found}.")
    return same[0]


def _names(connection: Connection, district_id: int, table: str, key: str) -> dict[str, str]:
    rows = DISTRICT_TABLES[table].c
    asked = select(rows[key], rows.name).where(rows.district_id == district_id).order_by(rows.name, rows[key])
    return {str(row[0]): str(row[1]) for row in connection.execute(asked)}
