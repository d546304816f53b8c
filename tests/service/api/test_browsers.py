"""What browsers send by themselves is not enough to change anything."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from service.people.principal import Role
from service.people.sessions import IDLE
from service.storage.tables import sessions
from tests.service.installation import Installation

ONE = "/api/v1/districts/demo"
NEW = {"key": "calder", "name": "Calder Bend"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://localhost"}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://localhost:8001"}, 403),
        ({"Origin": "null"}, 403),
        ({"X-CSRF-Token": ""}, 403),
        ({"X-CSRF-Token": "of another session"}, 403),
        ({"X-CSRF-Token": "\xe9"}, 403),
    ],
)
def test_a_session_changes_things_from_our_own_pages_alone(
    installation: Installation, headers: dict[str, str], status: int
) -> None:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = installation.admin().post("/api/v1/districts", json=NEW, headers=sent)
    assert answer.status_code == status


def test_a_token_changes_things_from_wherever_it_is_sent(installation: Installation) -> None:
    client = installation.client(Role.COORDINATOR)
    headers = {"If-Match": "*", "Origin": "https://dashboard.example", "Sec-Fetch-Site": "cross-site"}
    assert client.patch(ONE, json={"name": "A"}, headers=headers).status_code == 200


def test_over_https_a_cookie_counts_that_no_other_host_can_have_set(installation: Installation) -> None:
    client = installation.admin()
    client.base_url = "https://localhost"
    assert client.get(ONE).status_code == 401
    client.cookies = {"__Host-partnermatch": client.cookies["partnermatch"]}
    assert client.get(ONE).status_code == 200


def test_a_session_in_use_does_not_end_as_idle(installation: Installation) -> None:
    client, now = installation.admin(), datetime.now(UTC)
    with installation.database.writing() as connection:
        connection.execute(
            update(sessions).values(expires_at=now + timedelta(minutes=1), created_at=now - IDLE)
        )
    assert client.get(ONE).status_code == 200
    with installation.database.reading() as connection:
        assert connection.execute(select(sessions.c.expires_at)).scalar_one() > now + timedelta(hours=7)
