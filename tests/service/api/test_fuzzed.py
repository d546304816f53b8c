"""What asking the whole API at random has found (`tests.service.test_fuzz`)."""

from sqlalchemy import insert

from service.people.principal import Role
from service.storage.tables import run_files
from tests.service.installation import Installation
from tests.service.planned import add_plan


def test_a_what_if_has_nothing_to_recruit_but_no_fault(installation: Installation) -> None:
    run_id = add_plan(installation.database, kind="what-if")
    file = {"name": "summary.json", "media_type": "application/json", "size": 2, "sha256": "", "body": b"{}"}
    with installation.database.writing() as connection:
        connection.execute(insert(run_files).values(run_id=run_id, **file))
    answer = installation.client(Role.BOARD).get(f"/api/v1/runs/{run_id}/recruiting")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


def test_an_origin_that_is_no_address_is_refused(installation: Installation) -> None:
    answer = installation.admin().post("/api/v1/comments", headers={"Origin": "http://["})
    assert (answer.status_code, answer.json()["detail"][:7]) == (403, "Origin:")


def test_a_number_is_no_flag(installation: Installation) -> None:
    school = {"school_id": "s0", "name": "Ash", "grades": "K-5", "title_i": 0}
    assert installation.client(Role.COORDINATOR).post("/api/v1/schools", json=school).status_code == 422
