"""The pages of runs, as a browser without JavaScript gets them: started, reviewed, published and taken back."""

import re

import pytest
from httpx2 import Response
from sqlalchemy import select, update
from starlette.testclient import TestClient

from service.people.principal import Role
from service.storage.tables import run_matches, runs
from tests.districts import make_district, make_need, make_offer, make_school
from tests.service.installation import Installation
from tests.service.planned import add_plan

HERE = "/districts/calder"
LEVELS = [
    {"name": "mentoring-1", "needed": 5, "filled": 3, "bound": 3, "proven": True},
    {"name": "other-2", "needed": 4, "filled": 2, "bound": 4, "proven": False},
]


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district with two schools, two needs, and offers for both."""
    needs = [
        make_need("n0", school_id="s0", statement="Reading mentors", slots=5, priority=1, kind="mentoring"),
        make_need("n1", school_id="s1", statement="A robotics club", slots=4, priority=2, kind="program"),
    ]
    offers = [
        make_offer("o0", partner_id="p0", focus="Reading mentors", slots=3, kinds=["mentoring"]),
        make_offer("o1", partner_id="p1", focus="A robotics club", slots=4, kinds=["program"]),
        make_offer("o2", partner_id="p1", focus="Garden day", slots=2, kinds=["event"]),
    ]
    schools = [make_school("s0", name="Alder"), make_school("s1", name="Birch")]
    return installation.add_district("calder", make_district(needs, offers, schools=schools))


@pytest.fixture
def run(installation: Installation, calder: int) -> str:
    """Give the id of a run that is done, with a match at each school."""
    made = add_plan(installation.database, ("n0", "o0", 3), ("n1", "o1", 2), district_id=calder)
    with installation.database.writing() as connection:
        connection.execute(update(runs).where(runs.c.id == made).values(levels=LEVELS))
    return made


@pytest.fixture
def client(installation: Installation, calder: int) -> TestClient:
    """Give the browser of an admin, who sends forms with their csrf alone."""
    return installation.admin_browser()


def post(client: TestClient, path: str, **fields: object) -> Response:
    return client.post(f"{HERE}{path}", data={"csrf": "csrf", **fields})


def page_of(installation: Installation, role: Role, district_id: int, path: str, of: str = "") -> Response:
    client = installation.client(role, district_id, of)
    return client.get(f"{HERE}{path}", headers={"Accept": "text/html"})


def decisions(installation: Installation) -> list[tuple[str, int, bool]]:
    columns = (run_matches.c.decision, run_matches.c.slots, run_matches.c.locked)
    with installation.database.reading() as connection:
        found = connection.execute(select(*columns).order_by(run_matches.c.number))
        return [(row.decision, row.slots, row.locked) for row in found]


def test_empty_list_says_what_a_run_is_for(client: TestClient) -> None:
    assert "No plan has been made yet." in client.get(f"{HERE}/runs").text


def test_button_of_the_overview_puts_a_match_into_the_queue(client: TestClient) -> None:
    assert "Find matches" in client.get(HERE).text
    page = post(client, "/runs", kind="match")
    assert (page.status_code, page.history[0].status_code) == (200, 303)
    assert "Waiting: it begins as soon as" in page.text
    assert '<meta http-equiv="refresh"' in page.text
    cancelled = client.post(f"{page.url.path}/cancel", data={"csrf": "csrf"})
    assert "This run was cancelled." in cancelled.text
    assert 'http-equiv="refresh"' not in cancelled.text
    assert client.post(f"{page.url.path}/cancel", data={"csrf": "csrf"}).status_code == 409


def test_moves_that_are_no_number_are_told_beside_their_field(client: TestClient) -> None:
    page = post(client, "/runs", kind="rematch", max_moves="many")
    assert page.status_code == 422
    assert 'id="max_moves-error"' in page.text
    assert "under way" not in page.text


def test_progress_is_told_in_words(installation: Installation, client: TestClient, run: str) -> None:
    reached = {"name": "mentoring-1", "needed": 5, "filled": 3}
    now = {"state": "running", "phase": "bounds", "share": 0.8, "levels": [reached]}
    with installation.database.writing() as connection:
        connection.execute(update(runs).values(now))
    page = client.get(f"{HERE}/runs/{run}").text
    assert "Proving how good the plan is." in page
    assert '<progress id="share" max="1" value="0.8">80%</progress>' in page
    assert "Mentoring, priority 1" in page


def test_run_that_is_done_says_how_good_it_is(client: TestClient, run: str) -> None:
    page = client.get(f"{HERE}/runs/{run}").text
    assert "This plan fills 5 of 9 slots." in page
    assert "Proven: no plan can fill more" in page
    assert "At most 2 slots more are possible" in page
    assert "0 of 2 matches are decided." in page


def test_review_goes_school_by_school(client: TestClient, run: str) -> None:
    page = client.get(f"{HERE}/runs/{run}/review").text
    assert page.index("Alder</h2>") < page.index("Reading mentors") < page.index("Birch</h2>")
    assert "Reading mentors" not in client.get(f"{HERE}/runs/{run}/review?school=s1").text
    assert "No match is like that." in client.get(f"{HERE}/runs/{run}/review?state=declined").text


def test_match_is_accepted_and_that_is_undone(
    installation: Installation, client: TestClient, run: str
) -> None:
    page = post(client, f"/runs/{run}/review", do="accept", number=1)
    assert "One match is accepted." in page.text
    assert decisions(installation) == [("accepted", 3, False), ("proposed", 2, False)]
    assert "One match is open again." in post(client, f"/runs/{run}/review", do="undo", number=1).text
    assert decisions(installation)[0] == ("proposed", 3, False)


def test_lock_is_undone_with_its_decision(installation: Installation, client: TestClient, run: str) -> None:
    post(client, f"/runs/{run}/review", do="lock", number=[1, 2])
    assert decisions(installation) == [("accepted", 3, True), ("accepted", 2, True)]
    post(client, f"/runs/{run}/review", do="undo", number=[1, 2])
    assert decisions(installation) == [("proposed", 3, False), ("proposed", 2, False)]


def test_all_that_are_left_at_a_school_are_accepted(
    installation: Installation, client: TestClient, run: str
) -> None:
    post(client, f"/runs/{run}/review", do="accept", left_at="s1")
    assert decisions(installation) == [("proposed", 3, False), ("accepted", 2, False)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"do": "decline", "number": 1}, "Write a reason"),
        ({"do": "change", "number": 1, "slots": "few"}, "as a whole number"),
        ({"do": "change", "number": 1, "slots": "4"}, "No slot can be given twice"),
        ({"do": "accept"}, "No match is marked."),
    ],
)
def test_what_stands_against_a_decision_is_told_and_nothing_is_kept(
    installation: Installation, client: TestClient, run: str, fields: dict[str, object], said: str
) -> None:
    page = post(client, f"/runs/{run}/review", **fields)
    assert page.status_code == 409
    assert said in page.text
    assert decisions(installation) == [("proposed", 3, False), ("proposed", 2, False)]


def test_cost_of_a_decline_is_told_before_it_is_made(client: TestClient, run: str) -> None:
    page = client.get(f"{HERE}/runs/{run}/matches/1").text
    assert "What it costs to decline it" in page
    row = re.search(r"Mentoring, priority 1</th>(.*?)</tr>", page)
    assert row
    assert re.findall(r">(\d+)<", row[1]) == ["3", "0", "0"]


def test_match_is_added_by_hand_despite_a_rule_with_a_reason(
    installation: Installation, client: TestClient, run: str
) -> None:
    chosen = {"school": "s1", "need": "n1", "offer": "o2", "slots": "1"}
    thought = client.get(f"{HERE}/runs/{run}/add", params=chosen)
    assert "A rule stands against it:" in thought.text
    assert post(client, f"/runs/{run}/add", **chosen).status_code == 409
    page = post(client, f"/runs/{run}/add", **chosen, override="They begin in the garden.")
    assert "The match is added to this plan." in page.text
    assert decisions(installation)[2] == ("accepted", 1, False)


def test_plan_is_looked_at_published_and_taken_back(client: TestClient, run: str) -> None:
    assert "There is nothing to publish yet." in client.get(f"{HERE}/runs/{run}/publish").text
    preview = client.get(f"{HERE}/runs/{run}/publish?rest=true").text
    assert "2 matches begin" in preview
    published = post(client, f"/runs/{run}/publish", rest="true")
    assert "Published by Admin" in published.text
    assert "3 of 5 students who need a mentor have one." in client.get(HERE).text
    undone = client.post(f"{published.url.path}/undo", data={"csrf": "csrf"})
    assert "everything is as it was before" in undone.text
    assert "0 of 5 students" in client.get(HERE).text


def test_publication_that_would_break_a_rule_now_is_refused_with_its_figures(
    client: TestClient, run: str
) -> None:
    headers = {"If-Match": "*", "X-CSRF-Token": "csrf"}
    changed = client.patch("/api/v1/offers/o0?district=calder", json={"slots": 2}, headers=headers)
    assert changed.status_code == 200
    page = post(client, f"/runs/{run}/publish", rest="true")
    assert page.status_code == 409
    assert "The offer gives 3 slots, it has 2" in page.text


def test_readers_see_what_was_published_and_no_button(
    installation: Installation, calder: int, client: TestClient, run: str
) -> None:
    assert page_of(installation, Role.LEADER, calder, f"/runs/{run}", "s0").status_code == 404
    address = post(client, f"/runs/{run}/publish", rest="true").url.path.removeprefix(HERE)
    board = page_of(installation, Role.BOARD, calder, address).text
    leader = page_of(installation, Role.LEADER, calder, address, "s0").text
    assert ("Alder" in board, "Birch" in board) == (True, True)
    assert ("Alder" in leader, "Birch" in leader) == (True, False)
    for page in (board, leader, page_of(installation, Role.BOARD, calder, f"/runs/{run}").text):
        assert page.count("<button") == 3  # To sign out, and the two languages.


@pytest.mark.parametrize("role", [Role.LEADER, Role.BOARD, Role.PARTNER])
def test_others_neither_start_nor_decide_nor_publish(
    installation: Installation, calder: int, run: str, role: Role
) -> None:
    other = installation.client(role, calder, "s0")
    for path in ("/runs", f"/runs/{run}/cancel", f"/runs/{run}/review", f"/runs/{run}/publish"):
        assert other.post(f"{HERE}{path}", data={"do": "accept", "number": 1}).status_code == 403
    seen = page_of(installation, role, calder, f"/runs/{run}/review", "s0")
    assert seen.status_code == (200 if role is Role.BOARD else 403)


def test_another_district_has_no_such_run(installation: Installation, calder: int, run: str) -> None:
    other = installation.client(Role.COORDINATOR)
    for path in ("", "/review", "/publish", "/add", "/matches/1"):
        assert other.get(f"/districts/demo/runs/{run}{path}").status_code == 404
    assert other.get(f"{HERE}/runs/{run}").status_code == 404


def test_form_without_the_sessions_sign_changes_nothing(
    installation: Installation, client: TestClient, run: str
) -> None:
    answer = client.post(f"{HERE}/runs/{run}/review", data={"do": "accept", "number": 1})
    assert answer.status_code == 403
    assert decisions(installation)[0] == ("proposed", 3, False)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_no_page_of_a_thousand_matches_is_over_150_kb(
    installation: Installation, calder: int, client: TestClient
) -> None:
    statement = "Someone who reads with children every week. " * 4
    needs = [make_need(f"n{i}", statement=statement, kind="tutoring") for i in range(1000)]
    offers = [make_offer(f"o{i}", focus=statement, kinds=["tutoring"]) for i in range(1000)]
    many = installation.add_district("many", make_district(needs, offers))
    made = add_plan(installation.database, *((f"n{i}", f"o{i}", 1) for i in range(1000)), district_id=many)
    for path in ("", "/review", "/review?page=40", "/add?school=s0", "/publish?rest=true"):
        page = client.get(f"/districts/many/runs/{made}{path}")
        assert (page.status_code, len(page.content) < 150_000) == (200, True), path
