"""A district loaded again: the same as if it were loaded whole, and what has not changed is the very same."""

import pandas as pd
import pytest
from sqlalchemy import insert, update

from service.storage.again import Loaded, load_again
from service.storage.database import Database
from service.storage.districts import load_district
from service.storage.tables import DISTRICT_TABLES, districts
from tests.service.recommended import add_district, change, partnership, small_district


def loaded(database: Database, district_id: int, before: Loaded | None = None) -> Loaded:
    with database.reading() as connection:
        version = connection.scalar(districts.select().with_only_columns(districts.c.version))
        assert version is not None
        found = load_again(connection, district_id, version, before)
        whole = load_district(connection, district_id, with_contacts=False)
    for name, table in whole.tables.items():
        pd.testing.assert_frame_equal(found.district.tables[name], table)
    return found


def test_only_the_table_that_changed_is_loaded_again(database: Database) -> None:
    district_id = add_district(database, small_district())
    before = loaded(database, district_id)
    change(database, district_id, "offers", {"offer_id": "o1"}, slots=9)
    after = loaded(database, district_id, before)
    same = [name for name, table in after.district.tables.items() if table is before.district.tables[name]]
    assert [name for name in before.district.tables if name not in same] == ["offers"]
    assert (after.version, after.entry) == (2, 1)


@pytest.mark.parametrize("action", ["imported", "published", "undone"])
def test_what_changes_many_rows_loads_all(database: Database, action: str) -> None:
    district_id = add_district(database, small_district())
    before = loaded(database, district_id)
    change(database, district_id, "offers", {"offer_id": "o1"}, action=action, slots=9)
    assert loaded(database, district_id, before).district.needs is not before.district.needs


def test_a_change_that_nobody_wrote_down_loads_all(database: Database) -> None:
    district_id = add_district(database, small_district())
    before = loaded(database, district_id)
    change(database, district_id, "offers", {"offer_id": "o1"}, slots=9)
    with database.writing() as connection:
        row = {**partnership("n0", "o0", 1), "locked": False, "district_id": district_id}
        connection.execute(insert(DISTRICT_TABLES["partnerships"]).values(row))
        connection.execute(update(districts).values(version=districts.c.version + 1))
    assert len(loaded(database, district_id, before).district.partnerships) == 2


def test_a_new_policy_loads_nothing(database: Database) -> None:
    district_id = add_district(database, small_district())
    before = loaded(database, district_id)
    change(database, district_id, "convenings", {"convening_id": "none"}, place="")
    again = loaded(database, district_id, before).district
    assert again.needs is before.district.needs
