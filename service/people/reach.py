"""Which rows of a district's tables each role reads and changes, and who sees contacts: one table for all of it.

Admins and coordinators read and change all. Whatever stands in no line of the table is out of reach.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, false, select, true

from matching.errors import DataError
from matching.rows import read_cell
from matching.schemas import OFFERS
from matching.vocabulary import KINDS, MENTORING
from service.errors import NotAllowedError
from service.people.principal import Membership, Role
from service.storage.tables import DISTRICT_TABLES


class Rows(Enum):
    """How many rows of a table: none, those of one's own schools or partners, or all of the district."""

    NONE = "none"
    OWN = "own"
    ALL = "all"


_N, _O, _A = Rows.NONE, Rows.OWN, Rows.ALL

#: Rows that a role reads, and rows that it changes.
REACH: Final[Mapping[Role, Mapping[str, tuple[Rows, Rows]]]] = {
    Role.LEADER: {
        "schools": (_A, _O),
        "needs": (_O, _O),
        "partners": (_A, _N),
        "offers": (_A, _N),
        "partnerships": (_O, _N),
        "evidence": (_O, _O),
        "evaluations": (_O, _O),
        "comments": (_O, _O),
        "convenings": (_A, _N),
        "decisions": (_O, _N),
    },
    Role.PARTNER: {
        "schools": (_A, _N),
        "needs": (_O, _N),
        "partners": (_O, _O),
        "offers": (_O, _O),
        "partnerships": (_O, _N),
        "evaluations": (_O, _N),
        "convenings": (_A, _N),
    },
    Role.BOARD: {name: (_A, _N) for name in DISTRICT_TABLES},
}
#: Tables whose rows are changed by whoever looks after one, but made and removed by coordinators alone.
FOUNDED: Final = frozenset({"schools", "partners"})
#: Cells that coordinators alone fill in, in rows that others change too. The district vouches for a clearance and signs
#: an agreement; a priority ranks the needs of all schools, so it comes from evidence or from whoever sees all of them.
ENTRUSTED: Final[Mapping[str, frozenset[str]]] = {
    "partners": frozenset({"agreement_expires"}),
    "offers": frozenset({"trained_slots", "cleared_until"}),
    "needs": frozenset({"priority"}),
}
_WHOLE: Final = (Role.ADMIN, Role.COORDINATOR)
#: The column that says whose a row is, by role; other tables belong to whoever has their need or their offer.
_OWNER: Final = {Role.LEADER: "school_id", Role.PARTNER: "partner_id"}


def rows_within(place: Membership, table: str, *, to_change: bool = False) -> Rows:
    """Return how much of a table someone reads, or changes."""
    if place.role in _WHOLE:
        return Rows.ALL
    return REACH[place.role].get(table, (Rows.NONE, Rows.NONE))[to_change]


def within_reach(place: Membership, table: str, *, to_change: bool = False) -> ColumnElement[bool]:
    """Return the condition that a row of a table is one that someone reads, or changes."""
    rows = rows_within(place, table, to_change=to_change)
    if rows is Rows.OWN:
        return is_own(place, table)
    return true() if rows is Rows.ALL else false()


def is_own(place: Membership, table: str) -> ColumnElement[bool]:
    """Return the condition that a row of a table belongs to someone's schools or partners."""
    if place.role not in _OWNER:
        return false()
    columns, owner = DISTRICT_TABLES[table].c, _OWNER[place.role]
    if owner in columns:
        return columns[owner].in_(place.of)
    if "need_id" not in columns:
        return false()
    if place.role is Role.LEADER:
        return columns.need_id.in_(_ids_of(place, "needs", "need_id"))
    own_offers = _ids_of(place, "offers", "offer_id")
    if "offer_id" in columns:
        return columns.offer_id.in_(own_offers)
    running = DISTRICT_TABLES["partnerships"].c
    served = select(running.need_id).where(
        running.district_id == place.district_id, running.offer_id.in_(own_offers)
    )
    return columns.need_id.in_(served)


def sees_contacts(place: Membership, table: str) -> ColumnElement[bool]:
    """Return the condition that someone sees the contacts in a row: of all rows, or of those they look after."""
    return true() if place.role in _WHOLE else is_own(place, table)


def entrusted(place: Membership, table: str) -> frozenset[str]:
    """Return the columns of a table that someone does not fill in, though they change its rows."""
    return frozenset() if place.role in _WHOLE else ENTRUSTED.get(table, frozenset())


def cells_within(
    place: Membership, table: str, cells: Mapping[str, object], before: Mapping[str, Any] | None = None
) -> dict[str, object]:
    """Return the cells that someone may write into a row, with what follows for those that are not theirs to fill in.

    Of an offer, as many slots stay cleared for mentoring as were; of a new one none are.

    Parameters
    ----------
    before
        The row as it stands; None where it is new.

    Raises
    ------
    NotAllowedError
        When a cell is for coordinators alone, and is not as it stands.
    """
    kept, theirs = dict(cells), entrusted(place, table)
    for name in sorted(theirs & kept.keys()):
        new, old = kept.pop(name), (before or {}).get(name)
        if (new is None) != (old is None) or str(new) != str(old):
            raise NotAllowedError(
                f"{table} {name}: a coordinator fills this in; a {place.role} leaves it out."
            )
    if table == "offers" and theirs:
        return kept | _cleared(kept, before)
    return kept


def _cleared(cells: Mapping[str, object], before: Mapping[str, Any] | None) -> dict[str, object]:
    """Return how many slots are cleared for mentoring once whoever makes an offer has changed it."""
    if before is None:
        return {"trained_slots": 0}
    if not cells.keys() & {"slots", "kinds"}:
        return {}
    try:
        slots = int(
            read_cell(OFFERS, OFFERS.columns_by_name["slots"], cells.get("slots", before["slots"])).iloc[0]
        )
    except (DataError, TypeError):
        return {}  # No number: the row is refused for it.
    was_blank, mentors = before["trained_slots"] is None, KINDS[MENTORING] in before["kinds"]
    known = (before["slots"] if mentors else 0) if was_blank else before["trained_slots"]
    return {} if was_blank and slots <= known else {"trained_slots": min(known, slots)}


def _ids_of(place: Membership, table: str, key: str) -> Select[tuple[str]]:
    columns = DISTRICT_TABLES[table].c
    return select(columns[key]).where(columns.district_id == place.district_id, is_own(place, table))
