"""What changed in a district in the last week, as the audit log tells it: how much of what, with names and links."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Column, Row, select

from service.api.access import Context
from service.overviews import Standing
from service.pages.frame import address_of
from service.pages.naming import Names, names_of
from service.people.principal import Role
from service.storage.tables import audit_log, publications

DAYS: Final = 7
#: Entries that are looked at, the latest first: an import is one, a program may write many.
MOST_READ: Final = 5000
MOST_NAMED: Final = 3
MOST_PUBLICATIONS: Final = 4
_NAMED: Final = ("needs", "schools", "partners", "offers")
_BY_HAND: Final = ("partnerships", "evaluations", "evidence", "comments", "convenings")
#: What is told in one line whatever was done; of all others each action has its own.
_TOGETHER: Final = frozenset({*_BY_HAND, "imports", "runs", "districts", "roles"})
_ORDER: Final = ("publications", "runs", "imports", *_NAMED, *_BY_HAND, "districts", "roles")
#: What concerns the people who work in the district, and nobody else.
_INNER: Final = frozenset({"roles"})
Said = tuple[str, str]
"""An action and the thing it was done to."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was done to several things of a kind.

    Parameters
    ----------
    action
        ``created``, ``changed``, ``deleted``, ``published``, ``undone``; "" where all are told together.
    count
        To how many; of a publication, how many matches it made, changed or ended.
    named
        Some of them, each with its name, of a need its kind of help, else "", and the address of its page.
    """

    thing: str
    action: str
    count: int
    named: tuple[tuple[str, str, str], ...] = ()

    @property
    def num_more(self) -> int:
        """How many are not named; none where nobody is."""
        return self.count - len(self.named) if self.named else 0


def changes_of(given: Context, standing: Standing) -> list[Change]:
    """Return what changed in the last week; to a leader, at their own schools."""
    entries, names = _entries(given), names_of(standing)
    of_whom = _own(given, names)
    found: dict[Said, dict[str, None]] = {}
    for entry in entries:
        if entry.thing not in _ORDER or entry.thing == "publications":
            continue
        if of_whom is not None and entry.thing_id not in of_whom.get(entry.thing, frozenset()):
            continue
        action = "" if entry.thing in _TOGETHER else entry.action
        # An entry without an id is one of many: it counts by itself.
        found.setdefault((action, entry.thing), {})[entry.thing_id or str(entry.number)] = None
    told = [
        Change(thing, action, len(ids), _names(given, names, thing, action, ids))
        for (action, thing), ids in found.items()
        if thing not in _INNER or given.role in (Role.ADMIN, Role.COORDINATOR)
    ]
    told += _published(given, entries, None if of_whom is None else of_whom["needs"])
    return sorted(told, key=lambda change: (_ORDER.index(change.thing), change.action))


def _entries(given: Context) -> Sequence[Row[Any]]:  # Any: columns of a query
    since = (datetime.now(UTC) - timedelta(days=DAYS)).isoformat(timespec="microseconds")
    log = audit_log.c
    columns: list[Column[Any]] = [log.number, log.action, log.thing, log.thing_id, log.details]  # Any: cells
    asked = select(*columns).where(log.chain == given.district_id, log.at >= since)
    return given.connection.execute(asked.order_by(log.number.desc()).limit(MOST_READ)).all()


def _own(given: Context, names: Names) -> Mapping[str, frozenset[str]] | None:
    """Return what is told to a leader, by table; None for all others, who are told of everything."""
    if given.role is not Role.LEADER:
        return None
    needs = (key for key, need in names.needs.items() if need["school_id"] in given.place.of)
    return {"schools": frozenset(given.place.of), "needs": frozenset(needs)}


def _published(
    given: Context, entries: Iterable[Row[Any]], own: frozenset[str] | None
) -> list[Change]:  # Any: likewise
    """Return the last publications and those taken back, each by itself."""
    told = [entry for entry in entries if entry.thing == "publications"]
    counts = {entry.number: _num_changes(given, entry, own) for entry in told[: 5 * MOST_PUBLICATIONS]}
    return [
        Change("publications", entry.action, counts[entry.number], (_publication(given, entry.thing_id),))
        for entry in told
        if counts.get(entry.number)
    ][:MOST_PUBLICATIONS]


def _num_changes(given: Context, entry: Row[Any], own: frozenset[str] | None) -> int:  # Any: likewise
    if own is None:
        done = json.loads(entry.details)
        return sum(count for name, count in done.items() if name not in ("run", "plan"))
    asked = select(publications.c.changes).where(publications.c.number == int(entry.thing_id))
    changes = given.connection.scalar(asked) or {"rows": []}
    return sum(change["need_id"] in own for change in changes["rows"])


def _publication(given: Context, number: str) -> tuple[str, str, str]:
    return number, "", f"{address_of(given)}/publications/{number}"


def _names(
    given: Context, names: Names, thing: str, action: str, ids: Iterable[str]
) -> tuple[tuple[str, str, str], ...]:
    """Return names and addresses of the latest few; of what is gone, and of what has no page, none."""
    if thing not in _NAMED or action == "deleted":
        return ()
    here = address_of(given)
    found: dict[tuple[str, str, str], None] = {}
    for key in ids:
        place = _place(names, thing, key)
        if place and len(found) < MOST_NAMED:
            table, name, kind, row = place
            found[name, kind, f"{here}/{table}/{quote(row, safe='')}"] = None
    return tuple(found)


def _place(names: Names, thing: str, key: str) -> tuple[str, str, str, str] | None:
    """Return on which page a thing is to be found, under which name, kind of help and id; None where it is gone."""
    if thing == "needs" and key in names.needs:
        need = names.needs[key]
        return "needs", names.schools.get(need["school_id"], ""), need["kind"], key
    if thing == "offers" and key in names.offers:
        partner = names.offers[key]["partner_id"]
        return "partners", names.partners.get(partner, partner), "", partner
    known = {"schools": names.schools, "partners": names.partners}.get(thing, {})
    return (thing, known[key], "", key) if key in known else None
