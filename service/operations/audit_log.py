"""The audit log: who changed what and when, in chains of hashes, so that a later change of it shows.

An entry's hash covers the entry and the hash before it: whoever changes, removes or inserts one has to redo all that
follow, and then the head no longer is the one noted down elsewhere (in a backup, or by ``verify-log``). A
district has a chain of its own, numbered by its id; the installation's is chain 0. Entries name things by their ids
and say which columns changed, never a contact and never a text.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select, text

from service.operations.privacy import without_private
from service.storage.tables import audit_log

INSTALLATION: Final = 0
BEFORE_THE_FIRST: Final = "0" * 64
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtext('partnermatch audit log'), :chain)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a chain; ``details`` is canonical JSON."""

    chain: int
    number: int
    at: str
    actor: str
    action: str
    thing: str
    thing_id: str
    details: str
    previous_sha256: str
    sha256: str = ""

    def sealed(self) -> "Entry":
        """Return the entry with the hash of all else that stands in it."""
        content = {name: value for name, value in asdict(self).items() if name != "sha256"}
        return replace(self, sha256=hashlib.sha256(canonical(content).encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold."""

    chain: int
    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain: as long as it stands, so does all before it."""

    chain: int
    number: int
    sha256: str


def canonical(value: object) -> str:
    """Return the one JSON text of a value: keys sorted, no spaces, characters as they are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def append(
    connection: Connection,
    chain: int,
    *,
    actor: str,
    action: str,
    thing: tuple[str, str],
    details: Mapping[str, object] | None = None,
) -> Entry:
    """Add an entry to a chain, kept or lost with the caller's transaction.

    Parameters
    ----------
    connection
        In a write transaction.
    chain
        A district's id, or `INSTALLATION`.
    actor
        Who did it, such as ``user:3`` or ``token:7``; never a name.
    action
        What was done, such as ``create``.
    thing
        To what: a resource's name and the thing's id.
    details
        What else to know; values that JSON knows. What looks like a contact, a secret or a text is hidden.
    """
    lock(connection, chain)
    last = connection.execute(
        select(audit_log.c.number, audit_log.c.sha256)
        .where(audit_log.c.chain == chain)
        .order_by(audit_log.c.number.desc())
        .limit(1)
    ).first()
    entry = Entry(
        chain=chain,
        number=last.number + 1 if last else 1,
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
        actor=actor,
        action=action,
        thing=thing[0],
        thing_id=thing[1],
        details=canonical(without_private("", dict(details or {}))),
        previous_sha256=last.sha256 if last else BEFORE_THE_FIRST,
    ).sealed()
    connection.execute(insert(audit_log), asdict(entry))
    return entry


def lock(connection: Connection, chain: int) -> None:
    """Let nobody else add to a chain before the transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"chain": chain})


def verify(connection: Connection, heads: Iterable[Head] = ()) -> Break | None:
    """Return the first place where a chain is broken, nothing where all hold.

    Parameters
    ----------
    connection
        In any transaction.
    heads
        Heads noted down earlier; each must still stand in its chain.
    """
    noted = {(head.chain, head.number): head.sha256 for head in heads}
    last: dict[int, Entry] = {}
    # A thousand at a time: a log outgrows the memory long before a disk.
    query = (
        select(audit_log).order_by(audit_log.c.chain, audit_log.c.number).execution_options(yield_per=1000)
    )
    with connection.execute(query) as found:
        for entry in (Entry(**row) for row in found.mappings()):
            why = _objection(entry, last.get(entry.chain), noted.get((entry.chain, entry.number)))
            if why:
                return Break(entry.chain, entry.number, why)
            last[entry.chain] = entry
    for chain, number in sorted(noted):
        if chain not in last or last[chain].number < number:
            return Break(chain, number, "an entry noted down earlier is gone")
    return None


def heads(connection: Connection) -> list[Head]:
    """Return the last entry of each chain, to be noted down where nobody who can change the database can reach."""
    newest = select(audit_log.c.chain, func.max(audit_log.c.number).label("number")).group_by(
        audit_log.c.chain
    )
    last = newest.subquery()
    rows = select(audit_log.c.chain, audit_log.c.number, audit_log.c.sha256).join(
        last, (audit_log.c.chain == last.c.chain) & (audit_log.c.number == last.c.number)
    )
    return [Head(*row) for row in connection.execute(rows.order_by(audit_log.c.chain))]


def _objection(entry: Entry, before: Entry | None, noted: str | None) -> str:
    """Return what is wrong with an entry that comes after another, nothing where it is as it was written."""
    number, previous = (before.number, before.sha256) if before else (0, BEFORE_THE_FIRST)
    if entry.number != number + 1:
        return f"entry {number + 1} is gone"
    if entry.sealed().sha256 != entry.sha256:
        return "it was changed after it was written"
    if entry.previous_sha256 != previous:
        return "it does not follow the entry before it"
    if noted and noted != entry.sha256:
        return "it is not the entry noted down earlier"
    return ""
