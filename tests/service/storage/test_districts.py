"""A district comes out of a database as it went in."""

from pathlib import Path

import pytest

from matching import read_district
from service.storage.database import Database
from service.storage.districts import load_district
from tests.service.districts import add_district, assert_same

FIXTURES = Path(__file__).parents[3] / "fixtures"


@pytest.mark.parametrize("name", ["demo", "midyear", "tiny"])
def test_district_is_loaded_as_it_was_read(database: Database, name: str) -> None:
    district = read_district(FIXTURES / name)
    with database.writing() as connection:
        district_id = add_district(connection, district)
    with database.reading() as connection:
        assert_same(load_district(connection, district_id), district)
