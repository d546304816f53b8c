"""A district loaded again: only the tables that changed since, as the audit log tells."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, select

from matching.district import District
from matching.schemas import TABLES
from service.storage.districts import load_district, load_table
from service.storage.tables import audit_log

#: What the routes of single rows, and of a district's name and policy, write down.
_OF_ROWS = frozenset(("created", "changed", "deleted"))


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A version of a district without contacts and unknown columns; ``entry`` is the last in its audit log by then."""

    district: District
    version: int
    entry: int


def load_again(connection: Connection, district_id: int, version: int, before: Loaded | None) -> Loaded:
    """Return the district as it stands in a transaction; tables that have not changed are the very same objects.

    Parameters
    ----------
    version
        The district's in this transaction.
    before
        An earlier version.
    """
    entry = _last_entry(connection, district_id)
    changed = None if before is None else _changed_tables(connection, district_id, version, before)
    if before is None or changed is None:
        return Loaded(load_district(connection, district_id, with_contacts=False), version, entry)
    tables = {
        name: load_table(connection, district_id, name, with_contacts=False) for name in sorted(changed)
    }
    district = replace(before.district, **tables)  # type: ignore[arg-type]  # all of them fields of tables
    return Loaded(district, version, entry)


def _last_entry(connection: Connection, district_id: int) -> int:
    last = select(func.max(audit_log.c.number)).where(audit_log.c.chain == district_id)
    return connection.scalar(last) or 0


def _changed_tables(
    connection: Connection, district_id: int, version: int, before: Loaded
) -> frozenset[str] | None:
    """Return the tables in which rows were changed one by one; None where that does not explain the new version."""
    said = select(audit_log.c.action, audit_log.c.thing).where(
        audit_log.c.chain == district_id, audit_log.c.number > before.entry
    )
    of_rows = [entry.thing for entry in connection.execute(said) if entry.action in _OF_ROWS]
    tables = [thing for thing in of_rows if thing in TABLES]
    is_explained = len(tables) + of_rows.count("districts") == version - before.version
    return frozenset(tables) if is_explained else None
