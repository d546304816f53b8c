"""A stored district to recommend from, and changes to it as the routes make them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, update

from matching.district import District
from service.operations import audit_log
from service.storage.database import Database
from service.storage.districts import store_district
from service.storage.tables import DISTRICT_TABLES, districts
from tests.districts import make_district, make_need, make_offer

NEEDS = [make_need(statement="reading mentors"), make_need(statement="algebra tutors", school_id="s1")]
OFFERS = [make_offer(focus=focus) for focus in ("reading mentors", "mentors who read", "garden")]


def small_district() -> District:
    return make_district(NEEDS, OFFERS, partnerships=[partnership("n1", "o2", 1)])


def partnership(need_id: str, offer_id: str, slots: int, status: str = "active") -> dict[str, object]:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": status}


def add_district(database: Database, district: District, key: str = "demo", **cells: int) -> int:
    """Add a district and return its number; a cell may be its ``id`` itself."""
    now = datetime.now(UTC)
    row = insert(districts).values(key=key, name=key, created_at=now, changed_at=now, **cells)
    with database.writing() as connection:
        made = int(connection.execute(row.returning(districts.c.id)).scalar_one())
        store_district(connection, made, district)
    return made


def change(
    database: Database,
    district_id: int,
    table: str,
    key: dict[str, Any],
    *,
    action: str = "changed",
    **cells: Any,
) -> None:  # Any: cells of a database
    """Change cells of the rows with this key, as a route does."""
    stored = DISTRICT_TABLES[table]
    found = [stored.c.district_id == district_id, *(stored.c[name] == cell for name, cell in key.items())]
    with database.writing() as connection:
        connection.execute(update(stored).where(*found).values(cells))
        bump = {"version": districts.c.version + 1, "changed_at": datetime.now(UTC)}
        connection.execute(update(districts).where(districts.c.id == district_id).values(bump))
        audit_log.append(connection, district_id, actor="token:1", action=action, thing=(table, ""))
