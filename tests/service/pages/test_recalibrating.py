"""The pages of mid-year: what has happened, the curve to choose a point on, each move, the calls to make first."""

import re

import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from service.people.principal import Role
from service.storage.tables import DISTRICT_TABLES, runs
from tests.districts import make_district, make_need, make_offer, make_school
from tests.service.installation import Installation
from tests.service.midyear import add_curve, add_midyear

HERE = "/districts/calder"


@pytest.fixture
def calder(installation: Installation) -> int:
    return add_midyear(installation)


@pytest.fixture
def curve(installation: Installation, calder: int) -> str:
    """Give the address of a curve that is done."""
    return f"{HERE}/runs/{add_curve(installation, calder)}"


@pytest.fixture
def client(installation: Installation, calder: int) -> TestClient:
    return installation.admin_browser()


def post(client: TestClient, path: str, **fields: object) -> Response:
    return client.post(f"{HERE}{path}", data={"csrf": "csrf", **fields})


def words_of(page: str) -> str:
    """Return the text of a page without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def slots_of(installation: Installation, offer_id: str) -> int:
    table = DISTRICT_TABLES["offers"]
    with installation.database.reading() as connection:
        return int(connection.execute(select(table.c.slots).where(table.c.offer_id == offer_id)).scalar_one())


def test_start_tells_what_has_happened_and_which_mentoring_stays(client: TestClient) -> None:
    page = words_of(client.get(f"{HERE}/recalibrate").text)
    assert "What has happened 1 " in page
    assert "The partner has withdrawn the offer." in page
    assert "Mentoring that stays 1 " in page


def test_district_in_which_nothing_runs_is_told_to_make_a_plan_first(installation: Installation) -> None:
    page = installation.client(Role.COORDINATOR).get("/districts/demo/recalibrate").text
    assert "No match runs yet" in page
    assert "Work out the curve" not in page


def test_released_match_is_part_of_what_the_curve_is_asked(
    installation: Installation, client: TestClient
) -> None:
    page = client.get(f"{HERE}/recalibrate?release=n2%3Do1").text
    assert "1 mentoring match may move: you released it." in words_of(page)
    post(client, "/recalibrate", release="n2=o1", effort="quick")
    with installation.database.reading() as connection:
        asked = connection.execute(select(runs.c.kind, runs.c.request)).one()
    assert (asked.kind, asked.request["released"]) == ("curve", [["n2", "o1"]])


@pytest.mark.parametrize("pair", ["n1=o0", "n9=o9", "nothing"])
def test_only_running_mentoring_is_released(client: TestClient, pair: str) -> None:
    assert post(client, "/recalibrate", release=pair).status_code == 409


def test_partner_that_withdrew_gives_nothing_until_that_is_undone(
    installation: Installation, client: TestClient
) -> None:
    page = post(client, "/recalibrate/withdraw", partner="p1")
    assert "What has happened 2 " in words_of(page.text)
    assert slots_of(installation, "o1") == 0
    undo = re.search(r'name="undo" value="([^"]+)"', page.text)
    assert undo
    assert "gives again what it gave before" in post(client, "/recalibrate/withdraw", undo=undo[1]).text
    assert slots_of(installation, "o1") == 2


def test_offer_that_someone_changed_since_is_not_overwritten_by_the_undo(
    installation: Installation, client: TestClient
) -> None:
    undo = re.search(r'name="undo" value="([^"]+)"', post(client, "/recalibrate/withdraw", partner="p1").text)
    headers = {"If-Match": "*", "X-CSRF-Token": "csrf"}
    client.patch("/api/v1/offers/o1?district=calder", json={"slots": 1}, headers=headers)
    assert undo
    assert post(client, "/recalibrate/withdraw", undo=undo[1]).status_code == 412
    assert slots_of(installation, "o1") == 1


def test_curve_shows_each_point_with_what_its_levels_gain_and_advises_one(
    client: TestClient, curve: str
) -> None:
    page = client.get(f"{curve}/curve").text
    names = re.findall(r'class="point[^"]*"[^>]* aria-label="([^"]+)"', page)
    assert [name.partition(":")[0] for name in names] == [
        "No moves",
        "At most 1 move",
        "At most 2 moves",
        "As many moves as help",
    ]
    assert "Mentoring, priority 1 +2" in names[3]
    assert "Our advice: As many moves as help: 4." in page
    assert "The partner has withdrawn: 1 match, 3 slots" in page


def test_point_that_is_chosen_leads_to_its_own_plan(client: TestClient, curve: str) -> None:
    page = client.get(f"{curve}/curve?plan=1").text
    for path in ("review", "moves", "calls"):
        assert f'href="{curve}/{path}?plan=1"' in page
    assert "from 4 to 3 slots" in client.get(f"{curve}/moves?plan=1").text
    assert "ends; it had 4 slots" in client.get(f"{curve}/moves?plan=3").text


def test_what_the_world_forces_is_told_apart_from_what_the_plan_moves(client: TestClient, curve: str) -> None:
    page = words_of(client.get(f"{curve}/moves?plan=3").text)
    forced, moved, begins = (
        page.index(words) for words in ("What the world forces", "What the plan moves", "What begins")
    )
    assert forced < page.index("Robots") < moved < page.index("Its slots do more at Alder.") < begins
    assert "Algebra Club" not in page
    assert "Algebra Club" in client.get(f"{curve}/moves?plan=3&group=kept").text


def test_calls_come_in_their_order_with_contacts(client: TestClient, curve: str) -> None:
    page = client.get(f"{curve}/calls?plan=3").text
    assert re.findall(r"<h2>([^<]+)</h2>", page) == ["Birch", "Readers", "Alder"]
    assert "1 other waits for this yes" in page
    assert "Rosa Reader, 555-0100" in page


def test_run_that_is_no_curve_has_none(installation: Installation, client: TestClient, calder: int) -> None:
    assert client.get(f"{HERE}/runs/nothing/curve").status_code == 404


def test_board_sees_curve_and_moves_without_buttons_and_no_calls(
    installation: Installation, calder: int, curve: str
) -> None:
    board = installation.client(Role.BOARD, calder)
    page = board.get(f"{curve}/curve", headers={"Accept": "text/html"}).text
    assert ("/review" in page, "/calls" in page) == (True, False)
    assert board.get(f"{curve}/moves", headers={"Accept": "text/html"}).status_code == 200
    assert board.get(f"{curve}/calls", headers={"Accept": "text/html"}).status_code == 403


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_no_page_of_mid_year_is_over_150_kb_with_a_thousand_partners(installation: Installation) -> None:
    schools = [make_school(f"s{i}") for i in range(200)]
    statement = "Someone who reads with children every week. " * 4
    needs = [
        make_need(f"n{i}", school_id=f"s{i % 200}", statement=statement, kind="mentoring")
        for i in range(1000)
    ]
    offers = [
        make_offer(f"o{i}", partner_id=f"p{i}", focus=statement, kinds=["mentoring"], slots=9)
        for i in range(1000)
    ]
    rows = [{"need_id": f"n{i}", "offer_id": f"o{i}", "slots": 1, "status": "active"} for i in range(1000)]
    installation.add_district("many", make_district(needs, offers, schools=schools, partnerships=rows))
    page = installation.admin().get("/districts/many/recalibrate")
    assert (page.status_code, len(page.content) < 150_000) == (200, True)
