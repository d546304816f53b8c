"""A district comes out of a database as it went in."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from matching import read_district
from matching.tables import district_from_tables
from service.errors import NotFoundError
from service.storage.database import Database
from service.storage.districts import (
    delete_rows,
    insert_rows,
    load_district,
    lock_district,
    store_district,
    update_rows,
)
from service.storage.rows import page
from tests.districts import make_district, make_need, make_partner, make_school
from tests.service.districts import add_district, assert_same

FIXTURES = Path(__file__).parents[3] / "fixtures"


@pytest.mark.parametrize("name", ["demo", "midyear", "tiny"])
def test_district_is_loaded_as_it_was_read(database: Database, name: str) -> None:
    district = read_district(FIXTURES / name)
    with database.writing() as connection:
        district_id = add_district(connection, district)
    with database.reading() as connection:
        assert_same(load_district(connection, district_id), district)


def test_unknown_columns_and_contacts_come_out_too(database: Database) -> None:
    schools = [
        make_school("s0", contact_name="Ann", zone="north"),
        make_school("s1", bus_line="044", zone=""),
    ]
    district = make_district([make_need("n0")], schools=schools)
    with database.writing() as connection:
        loaded = load_district(connection, add_district(connection, district))
    assert list(loaded.schools)[-2:] == ["zone", "bus_line"]
    assert_same(loaded, district)


def test_without_contacts_neither_they_nor_unknown_columns_come_out(database: Database) -> None:
    schools = [make_school("s0", contact_name="Ann", nurse="Joe")]
    district = make_district([make_need("n0")], schools=schools)
    with database.writing() as connection:
        loaded = load_district(connection, add_district(connection, district), with_contacts=False)
    blank = district.schools.drop(columns="nurse").assign(contact_name=pd.array([""], dtype="str"))
    pd.testing.assert_frame_equal(loaded.schools, blank)
    assert loaded.input_sha256 == district.input_sha256


def test_storing_replaces_what_stood_and_leaves_other_districts_alone(database: Database) -> None:
    demo, tiny = read_district(FIXTURES / "demo"), read_district(FIXTURES / "tiny")
    with database.writing() as connection:
        one, other = add_district(connection, demo, "one"), add_district(connection, demo, "other")
        store_district(connection, one, tiny)
        assert_same(replace(load_district(connection, one), name=tiny.name), tiny)
        assert_same(load_district(connection, other), demo)


def test_empty_district_is_loaded(database: Database) -> None:
    with database.writing() as connection:
        loaded = load_district(connection, add_district(connection))
    assert_same(loaded, district_from_tables(loaded.tables, name="test"))


def test_unknown_district_is_not_found(database: Database) -> None:
    with database.writing() as connection, pytest.raises(NotFoundError):
        load_district(connection, 1)
    with database.writing() as connection, pytest.raises(NotFoundError):
        lock_district(connection, 1)


def test_many_rows_are_added_changed_and_removed(database: Database) -> None:
    needs = [make_need(f"n{i}", goal="Read", zone="north", budget=i) for i in range(4)]
    before = make_district(needs, schools=[make_school("s0")])
    changed = [{**need, "goal": None, "zone": "south", "slots": 7} for need in needs[1:3]]
    after = make_district([needs[0], *changed, make_need("n9")], schools=[make_school("s0")])
    with database.writing() as connection:
        district_id = add_district(connection, before)
        delete_rows(connection, district_id, "needs", [4])
        update_rows(
            connection, district_id, "needs", [2, 3], after.needs.iloc[1:3][["slots", "goal", "zone"]]
        )
        insert_rows(connection, district_id, "needs", after.needs.iloc[3:].drop(columns="zone"))
        assert_same(load_district(connection, district_id), after)
        versions = [row.version for row in page(connection, district_id, "needs").rows]
    assert versions == [1, 2, 2, 1]


def test_rows_of_another_district_are_neither_changed_nor_removed(database: Database) -> None:
    tiny = read_district(FIXTURES / "tiny")
    with database.writing() as connection:
        one, other = add_district(connection, tiny, "one"), add_district(connection, key="other")
        update_rows(connection, other, "needs", [1], tiny.needs[["slots"]].head(1) + 1)
        delete_rows(connection, other, "convenings", [1])
        assert_same(load_district(connection, one), tiny)


def test_cells_at_their_limits_come_out_as_they_went_in(database: Database) -> None:
    cells = {"budget": 5e-324, "title": "'=1+1\n\t😀 \u202e", "min_slots": 1, "slots": 1_000_000}
    partners = [
        make_partner("p0", agreement_expires="1900-01-01"),
        make_partner("p1", agreement_expires="2200-12-31"),
    ]
    district = make_district([make_need("n|0", **cells)], partners=partners)
    with database.writing() as connection:
        assert_same(load_district(connection, add_district(connection, district)), district)
