"""A small district, and uploads of it over HTTP."""

import io
from pathlib import Path
from typing import Any

from sqlalchemy import select
from starlette.testclient import TestClient

from matching.district import District
from matching.exporting import tables_of, write_zip
from service.storage.districts import load_district
from service.storage.tables import DISTRICT_TABLES
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation

DEMO = Path(__file__).parents[3] / "fixtures" / "demo"
HEADER = "need_id,school_id,statement,kind,slots\n"
COMMIT = {"dry_run": "false"}


def small() -> District:
    return make_district(
        [make_need("n0"), make_need("n1", goal="read")],
        [make_offer("o0")],
        schools=[make_school("s0", contact_name="Ada Lovelace", note="x")],
        partners=[make_partner("p0", contact_email="pat@example.org")],
        comments=[{"school_id": "s0", "respondent": "family", "text": "Thank you"}],
        name="demo",
    )


def zipped(district: District, *, with_contacts: bool = True) -> bytes:
    packed = io.BytesIO()
    write_zip(tables_of(district, with_contacts=with_contacts), packed)
    return packed.getvalue()


def upload(
    client: TestClient,
    data: bytes | str,
    name: str = "district.zip",
    *,
    params: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Any:  # the client's own type
    return client.post(
        "/api/v1/imports", files={"file": (name, data)}, params=params or {}, headers=headers or {}
    )


def commit(
    client: TestClient, data: bytes | str, name: str = "needs.csv", **params: str
) -> Any:  # the client's own type
    """Look first, then write what was seen."""
    seen = upload(client, data, name, params=params)
    assert seen.status_code == 200, seen.text
    return upload(client, data, name, params=params | COMMIT, headers={"If-Match": seen.headers["etag"]})


def stored(installation: Installation, district_id: int = 1) -> District:
    with installation.database.reading() as connection:
        return load_district(connection, district_id)


def versions(installation: Installation, table: str) -> dict[int, int]:
    columns = DISTRICT_TABLES[table].c
    with installation.database.reading() as connection:
        return {
            row.number: row.version for row in connection.execute(select(columns.number, columns.version))
        }
