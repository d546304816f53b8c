"""What a field that names another row can name: schools, partners, needs and offers by what they are called."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from textwrap import shorten
from typing import Any, Final

from sqlalchemy import select

from matching.columns import Table
from service.api.access import Context
from service.errors import NotFoundError
from service.pages.frame import standing_of
from service.pages.naming import Names, names_of
from service.pages.rows.forms import Choices
from service.people.principal import Membership, Role
from service.storage.tables import DISTRICT_TABLES

_MOST_LETTERS: Final = 70
#: What a table's rows depend on, though they do not name it: whose need it is, whose offer.
_OWNERS: Final = {"school_id": "need_id", "partner_id": "offer_id"}


@dataclass(frozen=True, slots=True)
class Around:
    """The school and the partner that a row is about; None where nobody has said, "" where there is none."""

    school_id: str | None = None
    partner_id: str | None = None


def around_row(given: Context, cells: Mapping[str, Any]) -> Around:  # Any: values of JSON
    """Return the school and the partner of a row, by its need and its offer where it names neither."""
    school = cells.get("school_id") or _owner(given, "needs", "need_id", "school_id", cells)
    return Around(school, cells.get("partner_id") or _owner(given, "offers", "offer_id", "partner_id", cells))


def _owner(
    given: Context, table: str, key: str, owner: str, cells: Mapping[str, Any]
) -> str:  # Any: likewise
    """Return whose a need or an offer is; asked of the database, for the row may have been written just now."""
    if not cells.get(key):
        return ""
    stored = DISTRICT_TABLES[table].c
    asked = select(stored[owner]).where(stored.district_id == given.district_id, stored[key] == cells[key])
    return given.connection.scalar(asked) or ""


def around_asked(given: Context, asked: Mapping[str, str]) -> Around:
    """Return the school and the partner that an address names; those of a leader or a partner who has only one.

    Raises
    ------
    NotFoundError
        Where a leader names a school that is not theirs: the needs to choose from are those of one's own.
    """
    own = next(iter(given.place.of)) if len(given.place.of) == 1 else None
    is_leader = given.role is Role.LEADER
    school = asked.get("school_id", own if is_leader else None)
    if is_leader and school and school not in given.place.of:
        raise NotFoundError(f"School {school}: expected one of yours, found none.")
    return Around(school, asked.get("partner_id", None if is_leader else own))


def owners_to_choose(table: Table, around: Around) -> list[str]:
    """Return what has to be said before a form can be shown: of which school a need is, of which partner an offer."""
    known = table.columns_by_name
    named = {"school_id": around.school_id, "partner_id": around.partner_id}
    return [
        owner
        for owner, of in _OWNERS.items()
        if of in known and known[of].refers and of != table.key and named[owner] is None
    ]


def choices_of(given: Context, table: Table, around: Around, texts: Mapping[str, str]) -> dict[str, Choices]:
    """Return by column what a row can name.

    Parameters
    ----------
    texts
        What stands in the fields; it can be chosen again, whatever it is.
    """
    names = names_of(standing_of(given))
    named = {
        column.refers: _named(column.refers, given.place, names, around)
        for column in table.columns
        if column.refers and column.name != table.key
    }
    return {
        column.name: _with(named[column.refers], texts.get(column.name, ""))
        for column in table.columns
        if column.refers and column.name != table.key
    }


def owners(given: Context, column: str) -> Choices:
    """Return the schools or the partners that someone chooses from."""
    names = names_of(standing_of(given))
    return _named("schools" if column == "school_id" else "partners", given.place, names, Around())


def _named(refers: str, place: Membership, names: Names, around: Around) -> list[tuple[str, str]]:
    """Return ids and what they are called, by name."""
    own = {Role.LEADER: "schools", Role.PARTNER: "partners"}.get(place.role)
    if refers in ("schools", "partners"):
        all_of = names.schools if refers == "schools" else names.partners
        found = [(key, name) for key, name in all_of.items() if own != refers or key in place.of]
    elif refers == "needs":
        found = [
            (key, f"{shorten(need['statement'], _MOST_LETTERS, placeholder='...')} ({key})")
            for key, need in names.needs.items()
            if need["school_id"] == around.school_id
        ]
    else:
        found = [
            (key, f"{shorten(offer['focus'], _MOST_LETTERS, placeholder='...')} ({key})")
            for key, offer in names.offers.items()
            if offer["partner_id"] == around.partner_id
        ]
    return sorted(found, key=lambda choice: (choice[1].casefold(), choice[0]))


def _with(choices: Iterable[tuple[str, str]], text: str) -> Choices:
    """Return choices, and what stands there already where it is not among them."""
    known = list(choices)
    keys = {key for key, _ in known}
    return [*known, *((line, line) for line in text.split("\n") if line and line not in keys)]
