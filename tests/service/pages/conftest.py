"""A browser before an installation: it keeps cookies, follows nothing, and asks for pages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from starlette.testclient import TestClient

from service.app import create_app
from service.people.sign_in import SignIn
from service.settings import Settings
from service.storage.database import Database
from tests.service.installation import BASE_URL, Installation
from tests.service.pages.chromium import launched
from tests.service.people.hashing import fast_passwords
from tests.service.people.provider import LocalProvider, local_provider


@pytest.fixture
def local() -> Iterator[LocalProvider]:
    with local_provider() as provider:
        yield provider


@pytest.fixture
def installation(database: Database) -> Installation:
    made = Installation(create_app(Settings(model="words"), database), database)
    made.add_district("demo")
    return made


@pytest.fixture
def browser(installation: Installation) -> TestClient:
    return browser_of(installation)


@pytest.fixture
def connected(database: Database, local: LocalProvider) -> TestClient:
    """Give a browser before an installation with OpenID Connect."""
    settings = Settings(
        model="words",
        oidc_issuer=local.issuer,
        oidc_client_id=local.client_id,
        oidc_client_secret=local.client_secret,
        oidc_name="Calder ID",
    )
    return browser_of(Installation(create_app(settings, database), database))


def browser_of(installation: Installation) -> TestClient:
    installation.app.state.sign_in = SignIn(installation.database, fast_passwords())
    return TestClient(installation.app, BASE_URL, headers={"Accept": "text/html"}, follow_redirects=False)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Give a real browser."""
    with launched() as found:
        yield found
