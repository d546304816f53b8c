"""An installation with an empty district `demo`, on SQLite and on PostgreSQL."""

import pytest

from service.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.service.installation import Installation


@pytest.fixture
def installation(database: Database) -> Installation:
    made = Installation(create_app(Settings(model="words"), database), database)
    made.add_district("demo")
    return made
