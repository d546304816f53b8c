"""Districts that stand in a database, for tests."""

from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import Connection, insert

from matching.district import District
from service.storage.districts import store_district
from service.storage.tables import districts

FIRST_DAY = datetime(2026, 9, 1, tzinfo=UTC)


def add_district(connection: Connection, district: District | None = None, key: str = "test") -> int:
    """Add a district, with the rows of ``district``, and return its number."""
    name = district.name if district else key
    added = connection.execute(
        insert(districts).values(key=key, name=name, created_at=FIRST_DAY, changed_at=FIRST_DAY)
    )
    (district_id,) = added.inserted_primary_key or (0,)
    if district:
        store_district(connection, district_id, district)
    return int(district_id)


def assert_same(one: District, other: District) -> None:
    """Hold that two districts have the same rows, in the same order and types, and warn of the same."""
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name], obj=name)
    assert one.input_sha256 == other.input_sha256
    assert one.warnings == other.warnings
