"""An installation to test: districts, tokens and clients for each role, all in process."""

from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from sqlalchemy import insert
from starlette.testclient import TestClient

from matching.district import District
from service.people.principal import Role
from service.people.secret import sha256_of
from service.storage.database import Database
from service.storage.districts import store_district
from service.storage.tables import districts, sessions, tokens, users

# A name the service answers to.
BASE_URL = "http://localhost"


class Installation:
    """An application on a database, and whoever may ask it."""

    def __init__(self, app: FastAPI, database: Database):
        self.app = app
        self.database = database
        self._count = 0

    def add_district(self, key: str = "demo", district: District | None = None, policy: str = "") -> int:
        """Make a district, empty where none is given, and return its id."""
        now = datetime.now(UTC)
        row = insert(districts).values(key=key, name=key, policy=policy, created_at=now, changed_at=now)
        with self.database.writing() as connection:
            made = int(connection.execute(row.returning(districts.c.id)).scalar_one())
            if district is not None:
                store_district(connection, made, district)
        return made

    def token(
        self, role: Role, district_id: int = 1, of: str = "", *, may_write: bool = True, days: float = 1
    ) -> str:
        """Return a new token of a role."""
        self._count += 1
        secret = f"pm_test_{self._count}"
        row = {
            "secret_sha256": sha256_of(secret),
            "name": f"{role} {of}".strip(),
            "district_id": district_id,
            "role": role,
            "of": of,
            "may_write": may_write,
            "created_at": datetime.now(UTC),
            "expires_at": datetime.now(UTC) + timedelta(days=days),
        }
        with self.database.writing() as connection:
            connection.execute(insert(tokens).values(row))
        return secret

    def client(self, role: Role, district_id: int = 1, of: str = "") -> TestClient:
        """Return a client that sends a token of a role."""
        return self.bearer(self.token(role, district_id, of))

    def bearer(self, secret: str) -> TestClient:
        """Return a client that sends a token."""
        return TestClient(self.app, BASE_URL, headers={"Authorization": f"Bearer {secret}"})

    def admin_browser(self) -> TestClient:
        """Return a browser in which an admin is signed in: it asks for pages, and only forms send ``csrf``."""
        browser = self.admin()
        del browser.headers["X-CSRF-Token"]
        browser.headers["Accept"] = "text/html"
        return browser

    def admin(self) -> TestClient:
        """Return a client in which an admin is signed in."""
        self._count += 1
        now, secret = datetime.now(UTC), f"session {self._count}"
        with self.database.writing() as connection:
            person = insert(users).values(
                email=f"admin{self._count}@example.org", name="Admin", is_admin=True, created_at=now
            )
            user_id = connection.execute(person.returning(users.c.id)).scalar_one()
            connection.execute(
                insert(sessions).values(
                    secret_sha256=sha256_of(secret),
                    user_id=user_id,
                    csrf="csrf",
                    created_at=now,
                    expires_at=now + timedelta(days=1),
                )
            )
        return TestClient(
            self.app,
            BASE_URL,
            cookies={"partnermatch": secret},
            headers={"X-CSRF-Token": "csrf"},
        )

    def nobody(self) -> TestClient:
        """Return a client without any sign of who it is."""
        return TestClient(self.app, BASE_URL)
