"""A district with a school and a partner, a person in it, and passwords that are hashed fast."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from service.people.passwords import Passwords
from service.people.users import create_user
from service.storage.database import Database
from service.storage.tables import DISTRICT_TABLES, districts
from tests.service.people.hashing import fast_passwords


@pytest.fixture
def passwords() -> Passwords:
    return fast_passwords()


@pytest.fixture
def district(database: Database) -> int:
    """Give the id of a district with schools S1 and S2 and partner P1."""
    now = datetime.now(UTC)
    with database.writing() as connection:
        row = {"key": "riverside", "name": "Riverside", "created_at": now, "changed_at": now}
        number: int = connection.execute(insert(districts).values(row).returning(districts.c.id)).scalar_one()
        for table, rows in {
            "schools": [{"school_id": key, "name": key, "grades": "PK-5"} for key in ("S1", "S2")],
            "partners": [{"partner_id": "P1", "name": "P1", "kind": "business"}],
        }.items():
            blank = {
                column.name: ""
                for column in DISTRICT_TABLES[table].c
                if not column.nullable and column.type.python_type is str
            }
            flags = {
                column.name: False for column in DISTRICT_TABLES[table].c if column.type.python_type is bool
            }
            for cells in rows:
                connection.execute(
                    insert(DISTRICT_TABLES[table]).values(blank | flags | {"district_id": number} | cells)
                )
    return number


@pytest.fixture
def ana(database: Database) -> int:
    """Give the id of a person without a password."""
    with database.writing() as connection:
        return create_user(connection, "ana@school.org", "Ana Ruiz")
