"""An installation with an empty district `demo`, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.people.principal import Role
from service.settings import Settings
from service.storage.database import Database
from tests.service.api.uploads import COMMIT, small, upload, zipped
from tests.service.installation import Installation


@pytest.fixture
def installation(database: Database) -> Installation:
    made = Installation(create_app(Settings(model="words"), database), database)
    made.add_district("demo")
    return made


@pytest.fixture
def filled(installation: Installation) -> Installation:
    upload(installation.client(Role.COORDINATOR), zipped(small()), params=COMMIT, headers={"If-Match": "*"})
    return installation


@pytest.fixture
def client(filled: Installation) -> Iterator[TestClient]:
    with filled.client(Role.COORDINATOR) as opened:
        yield opened
