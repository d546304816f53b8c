"""Publications in the database: the partnerships that a review makes, written and taken back row by row."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from embeddings import Encoder
from matching.audit import Finding
from matching.candidates import Scorer
from matching.district import District, blank_rows
from matching.policy import policy_from_toml
from matching.publication import Done, Publication, RowChange, Standing, scorer_now
from matching.review import is_broken
from matching.standing import RUNNING
from service.errors import NotFoundError
from service.storage.districts import delete_rows, insert_rows, load_district, update_rows
from service.storage.tables import DISTRICT_TABLES, districts, publications, run_matches

AnyRow = Row[Any]  # Any: the columns of a query
Stored = Mapping[str, Any]  # Any: JSON
#: Districts whose grounds are kept.
MOST_DISTRICTS: Final = 8
_PARTNERSHIPS: Final = "partnerships"


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A district at one version, with the places of its partnerships in the database and what judges them.

    ``changed_at`` tells two versions of the same number apart, of which one was never committed.
    """

    version: int
    changed_at: datetime
    on: date
    district: District
    numbers: tuple[int, ...]
    scorer: Scorer


class Grounds:
    """What publications stand on: the last ground of each district, kept for as long as nothing changes."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._kept: OrderedDict[int, Ground] = OrderedDict()
        self._arranging = Lock()

    def of(self, connection: Connection, district_id: int, on: date) -> Ground:
        """Return a district as it stands in a transaction, judged by the rules of a day."""
        stands = select(districts.c.version, districts.c.changed_at, districts.c.policy)
        now = connection.execute(stands.where(districts.c.id == district_id)).one()
        with self._arranging:
            kept = self._kept.get(district_id)
        if kept and (kept.version, kept.changed_at, kept.on) == (now.version, now.changed_at, on):
            return kept
        district = load_district(connection, district_id, with_contacts=False)
        earlier = kept.scorer if kept else None
        scorer = scorer_now(district, policy_from_toml(now.policy), on, self._encoder, earlier)
        scorer.kept.settle()
        numbers = tuple(_numbers(connection, district_id, _PARTNERSHIPS))
        made = Ground(now.version, now.changed_at, on, district, numbers, scorer)
        with self._arranging:
            self._kept[district_id] = made
            self._kept.move_to_end(district_id)
            while len(self._kept) > MOST_DISTRICTS:
                self._kept.popitem(last=False)
        return made


def write(
    connection: Connection,
    district_id: int,
    ground: Ground,
    publication: Publication,
    plan: tuple[str, int] | None,
    actor: str,
) -> AnyRow:
    """Make the partnerships of a publication, and return its row; ``plan`` is that of a run, None without one."""
    numbers = _apply(connection, district_id, ground, publication.changes)
    insert_rows(connection, district_id, "decisions", publication.decisions)
    added = _numbers(connection, district_id, "decisions")[len(ground.district.decisions) :]
    run_id, number_of_plan = plan or (None, 0)
    _note_running(connection, run_id, number_of_plan, publication.changes)
    changes = [
        stored(change) | {"number": number}
        for change, number in zip(publication.changes, numbers, strict=True)
    ]
    broken = [
        [found.rule, found.need_id, found.offer_id, found.owner, found.excess]
        for found in publication.already_broken
        if is_broken(found)
    ]
    made = insert(publications).values(
        district_id=district_id,
        run_id=run_id,
        plan=number_of_plan,
        changes={"rows": changes, "decisions": added, "broken": broken},
        published_by=actor,
        published_at=datetime.now(UTC),
    )
    return connection.execute(made.returning(publications)).one()


def publication_of(connection: Connection, district_id: int, number: int) -> AnyRow:
    """Return a publication of a district.

    Raises
    ------
    NotFoundError
        When it has no such publication.
    """
    query = select(publications).where(
        publications.c.district_id == district_id, publications.c.number == number
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        raise NotFoundError(f"Publication {number}: expected one of this district, found none.")
    return found


def changes_made(row: AnyRow, ground: Ground) -> tuple[list[RowChange], list[Finding]]:
    """Return what a publication changed, in the places the rows have now, and which rules were broken before it."""
    places = {number: place for place, number in enumerate(ground.numbers)}
    changes = [
        RowChange(
            change["need_id"],
            change["offer_id"],
            Done(change["done"]),
            places.get(change["number"]),
            _standing(change["before"]),
            _standing(change["after"]),
        )
        for change in row.changes["rows"]
    ]
    broken = [
        Finding(rule, True, "", need_id, offer_id, owner=owner, excess=excess)
        for rule, need_id, offer_id, owner, excess in row.changes["broken"]
    ]
    return changes, broken


def stored(change: RowChange) -> dict[str, Any]:  # Any: JSON
    """Return a change as JSON."""
    return {
        "need_id": change.need_id,
        "offer_id": change.offer_id,
        "done": change.done.value,
        "before": _json(change.before),
        "after": _json(change.after),
    }


def take_back(
    connection: Connection, district_id: int, ground: Ground, row: AnyRow, undone: Publication, actor: str
) -> AnyRow:
    """Make what undoing a publication makes of the partnerships, and return its row."""
    _apply(connection, district_id, ground, undone.changes)
    delete_rows(connection, district_id, "decisions", row.changes["decisions"])
    _note_running(connection, row.run_id, row.plan, undone.changes)
    values = {"undone_by": actor, "undone_at": datetime.now(UTC)}
    changed = update(publications).where(publications.c.number == row.number).values(values)
    return connection.execute(changed.returning(publications)).one()


def _apply(
    connection: Connection, district_id: int, ground: Ground, changes: Sequence[RowChange]
) -> list[int]:
    """Write changes of partnerships, and return the number of the row of each."""
    changed = [change for change in changes if change.row is not None and change.after is not None]
    gone = [change for change in changes if change.after is None]
    new = [change for change in changes if change.row is None]
    number_of = {id(change): ground.numbers[change.row] for change in changes if change.row is not None}
    update_rows(
        connection,
        district_id,
        _PARTNERSHIPS,
        [number_of[id(change)] for change in changed],
        _table(changed)[["slots", "status", "since", "locked"]],
    )
    delete_rows(connection, district_id, _PARTNERSHIPS, [number_of[id(change)] for change in gone])
    insert_rows(connection, district_id, _PARTNERSHIPS, _table(new))
    last = max(ground.numbers, default=0)
    made = [number for number in _numbers(connection, district_id, _PARTNERSHIPS) if number > last]
    number_of |= {id(change): number for change, number in zip(new, made, strict=True)}
    return [number_of[id(change)] for change in changes]


def _table(changes: Sequence[RowChange]) -> pd.DataFrame:
    """Return rows of the partnerships as they are after changes."""
    rows = blank_rows(_PARTNERSHIPS, len(changes))
    after = [change.after for change in changes if change.after is not None]
    cells: dict[str, Any] = {  # Any: columns of several types
        "need_id": [change.need_id for change in changes],
        "offer_id": [change.offer_id for change in changes],
        "slots": [standing.slots for standing in after],
        "status": [standing.status for standing in after],
        "since": pd.Series([standing.since for standing in after], dtype="datetime64[s]"),
        "locked": [standing.locked for standing in after],
    }
    for name, values in cells.items():
        rows[name] = values
    return rows


def _note_running(
    connection: Connection, run_id: str | None, plan: int, changes: Sequence[RowChange]
) -> None:
    """Note down with what the matches of a plan run now."""
    where = (
        (run_matches.c.run_id == run_id)
        & (run_matches.c.plan == plan)
        & (run_matches.c.need_id == bindparam("need"))
        & (run_matches.c.offer_id == bindparam("offer"))
    )
    running = [
        {
            "need": change.need_id,
            "offer": change.offer_id,
            "slots_now": change.after.slots if change.after and change.after.status in RUNNING else 0,
        }
        for change in changes
    ]
    if running and run_id is not None:
        noted = update(run_matches).where(where).values(ran=bindparam("slots_now"))
        connection.execute(noted, running)


def _numbers(connection: Connection, district_id: int, table: str) -> list[int]:
    stored = DISTRICT_TABLES[table]
    query = select(stored.c.number).where(stored.c.district_id == district_id).order_by(stored.c.number)
    return list(connection.scalars(query))


def _json(standing: Standing | None) -> dict[str, Any] | None:  # Any: JSON
    if standing is None:
        return None
    since = standing.since and standing.since.isoformat()
    return {"slots": standing.slots, "status": standing.status, "since": since, "locked": standing.locked}


def _standing(stored: Stored | None) -> Standing | None:
    if stored is None:
        return None
    since = None if stored["since"] is None else date.fromisoformat(stored["since"])
    return Standing(stored["slots"], stored["status"], since, stored["locked"])
