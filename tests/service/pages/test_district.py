"""The pages of a district, as a browser without JavaScript gets them."""

from datetime import UTC, datetime

import pytest
from httpx2 import Response
from sqlalchemy import insert, update
from starlette.testclient import TestClient

from service.people.principal import Role
from service.storage.tables import districts, runs
from tests.districts import make_district, make_need, make_offer, make_school
from tests.service.installation import Installation

HERE = "/districts/calder"
FIRST_STEPS = (
    ("/import", "Import your spreadsheets"),
    ("/people", "Invite people"),
    ("/runs", "Find matches"),
)


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district with two schools, three needs, an offer and a running match."""
    needs = [
        make_need("n0", school_id="s0", statement="Reading mentors", slots=5, priority=1, kind="mentoring"),
        make_need("n1", school_id="s1", statement="A robotics club", slots=10, priority=2, kind="program"),
        make_need("n/2?", school_id="s1", statement="Mentors for <b>algebra</b>", slots=2, kind="mentoring"),
    ]
    offers = [make_offer("o0", focus="Reading mentors", slots=5, kinds=["mentoring"])]
    district = make_district(
        needs,
        offers,
        schools=[make_school("s0", name="Alder"), make_school("s1", name="Birch")],
        partnerships=[{"need_id": "n0", "offer_id": "o0", "slots": 2, "status": "active"}],
        convenings=[{"convening_id": "c0", "date": "2099-01-20", "kind": "midyear", "place": "Library"}],
    )
    return installation.add_district("calder", district)


def get(
    installation: Installation, district_id: int, path: str, role: Role = Role.BOARD, of: str = ""
) -> Response:
    client = installation.client(role, district_id, of)
    return client.get(f"{HERE}{path}", headers={"Accept": "text/html"})


def test_overview_tells_what_is_filled_and_what_is_most_urgent(
    installation: Installation, calder: int
) -> None:
    page = get(installation, calder, "")
    assert page.status_code == 200
    assert "2 of 7 students who need a mentor have one." in page.text
    assert page.text.index("Alder: mentoring") < page.text.index("Birch: program")
    assert "January 20, 2099" in page.text


def test_overview_shows_the_bound_of_the_last_plan_of_this_version_alone(
    installation: Installation, calder: int
) -> None:
    levels = [{"name": name, "bound": 4} for name in ("mentoring-1", "mentoring-3", "other-2")]
    row = {"id": "r1", "district_id": calder, "kind": "match", "district_version": 1, "state": "done"}
    row |= {"levels": levels, "request": {}, "input_sha256": "", "versions": {}, "created_by": "user:1"}
    row |= {"created_at": datetime.now(UTC)}
    with installation.database.writing() as connection:
        connection.execute(insert(runs).values(row))
    assert "The mark shows what no plan can exceed." in get(installation, calder, "").text
    with installation.database.writing() as connection:
        connection.execute(update(districts).where(districts.c.id == calder).values(version=2))
    assert "The mark shows" not in get(installation, calder, "").text


def test_needs_are_filtered(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/needs?school=s1&kind=mentoring&status=open")
    assert "One need" in page.text
    assert "Mentors for &lt;b&gt;algebra&lt;/b&gt;" in page.text


def test_needs_are_searched_by_what_they_mean(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/needs?q=robotics")
    assert "A robotics club" in page.text
    assert "Reading mentors" not in page.text


def test_search_that_nothing_answers_shows_what_comes_nearest(
    installation: Installation, calder: int
) -> None:
    page = get(installation, calder, "/needs?q=mentors+of+whatever+there+may+possibly+be+next+year").text
    assert "None says quite that: these come nearest" in page
    assert "Reading mentors" in page


def test_needs_are_filtered_by_their_likeliest_area(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/needs?area=math").text
    assert "One need" in page
    assert "algebra" in page
    assert '<option value="math" selected>Math</option>' in page


def test_needs_stand_in_the_order_that_a_reader_chose(installation: Installation, calder: int) -> None:
    urgent = get(installation, calder, "/needs").text
    assert urgent.index("Reading mentors") < urgent.index("A robotics club")
    most_open = get(installation, calder, "/needs?order=open").text
    assert most_open.index("A robotics club") < most_open.index("Reading mentors")
    assert '<th scope="col" class="n" aria-sort="descending">' in most_open


def test_search_among_filtered_needs_keeps_its_order_by_choice(
    installation: Installation, calder: int
) -> None:
    page = get(installation, calder, "/needs?q=mentors&order=school").text
    assert page.index("Alder</td>") < page.index("Birch</td>")
    assert 'href="/districts/calder/needs?q=mentors&amp;order=open"' in page


def test_filter_that_is_none_is_told(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/needs?kind=lunch")
    assert page.status_code == 422
    assert page.headers["content-type"].startswith("text/html")


def test_need_tells_who_could_help_and_who_does(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/needs/n0")
    assert "Who helps now" in page.text
    assert "2 of 5 slots" in page.text


def test_need_may_have_any_id(installation: Installation, calder: int) -> None:
    assert 'href="/districts/calder/needs/n/2%3F"' in get(installation, calder, "/needs").text
    assert get(installation, calder, "/needs/n/2%3F").status_code == 200
    assert get(installation, calder, "/needs/n9").status_code == 404


def test_leader_sees_the_needs_of_their_own_school_alone(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/needs", Role.LEADER, "s0")
    assert "Reading mentors" in page.text
    assert "robotics" not in page.text
    assert get(installation, calder, "/needs/n1", Role.LEADER, "s0").status_code == 404
    assert "2 of 5 students" in get(installation, calder, "", Role.LEADER, "s0").text


def test_partner_is_told_that_these_pages_are_not_theirs(installation: Installation, calder: int) -> None:
    assert get(installation, calder, "/needs", Role.PARTNER, "p0").status_code == 403


def test_empty_district_says_what_to_do_first_second_and_third(installation: Installation) -> None:
    client = installation.client(Role.COORDINATOR)
    page = client.get("/districts/demo", headers={"Accept": "text/html"}).text
    steps = [page.index(f'href="/districts/demo{place}">{words}') for place, words in FIRST_STEPS]
    assert steps == sorted(steps)
    needs = client.get("/districts/demo/needs", headers={"Accept": "text/html"}).text
    assert 'href="/districts/demo/import">Import a spreadsheet' in needs


def test_empty_district_asks_nothing_of_who_cannot_do_it(installation: Installation) -> None:
    client = installation.client(Role.BOARD)
    page = client.get("/districts/demo", headers={"Accept": "text/html"}).text
    assert "this page shows what is open" in page
    assert "/districts/demo/import" not in page


def test_overview_says_how_to_learn_what_is_possible_before_any_plan(
    installation: Installation, calder: int
) -> None:
    assert "Once you have made a plan" in get(installation, calder, "", Role.COORDINATOR).text
    assert "Once you have made a plan" not in get(installation, calder, "", Role.LEADER, "s0").text


def test_another_district_is_not_there(installation: Installation, calder: int) -> None:
    client = installation.client(Role.COORDINATOR)
    assert client.get(HERE, headers={"Accept": "text/html"}).status_code == 404


def test_reader_may_choose_spanish(installation: Installation, calder: int) -> None:
    client: TestClient = installation.admin()
    answer = client.post(
        "/language", data={"language": "es", "then": HERE, "csrf": "csrf"}, follow_redirects=True
    )
    assert '<html lang="es">' in answer.text
    assert "Necesidades más urgentes sin cubrir" in answer.text
    elsewhere = client.post(
        "/language",
        data={"language": "es", "then": "/\\evil.example", "csrf": "csrf"},
        follow_redirects=False,
    )
    assert elsewhere.headers["location"] == "/"


def test_change_shows_at_once(installation: Installation, calder: int) -> None:
    client = installation.client(Role.COORDINATOR, calder)
    before = get(installation, calder, "").text
    changed = client.patch("/api/v1/needs/n0", json={"slots": 2}, headers={"If-Match": "*"})
    assert changed.status_code == 200
    assert "2 of 4 students who need a mentor have one." in get(installation, calder, "").text
    now = get(installation, calder, "").text
    assert 'One need changed: <a href="/districts/calder/needs/n0">Alder: mentoring</a>' in now
    assert "One need changed" not in before


def decided(installation: Installation, calder: int, role: Role = Role.COORDINATOR, **sent: str) -> Response:
    client = installation.client(role, calder)
    form = {"need_id": "n0", "offer_id": "o0", "do": "accept", "slots": "2"} | sent
    headers = {"Accept": "text/html"}
    return client.post(f"{HERE}/decisions", data=form, headers=headers, follow_redirects=False)


def test_accepted_offer_runs_and_can_be_undone(installation: Installation, calder: int) -> None:
    answer = decided(installation, calder)
    assert answer.status_code == 303
    assert "4 of 5 slots" in get(installation, calder, "/needs/n0").text
    client = installation.client(Role.COORDINATOR, calder)
    assert client.get(answer.headers["location"], headers={"Accept": "text/html"}).status_code == 200
    undone = client.post(
        f"{answer.headers['location']}/undo", headers={"Accept": "text/html"}, follow_redirects=False
    )
    assert undone.status_code == 303
    assert "2 of 5 slots" in get(installation, calder, "/needs/n0").text


def test_slots_that_are_not_there_are_refused_beside_the_offer(
    installation: Installation, calder: int
) -> None:
    page = decided(installation, calder, slots="4")
    assert page.status_code == 409
    assert "A rule stands against it:" in page.text
    assert "capacity:" not in page.text
    assert "2 of 5 slots" in get(installation, calder, "/needs/n0").text


def test_declined_offer_is_kept_away_with_its_reason(installation: Installation, calder: int) -> None:
    assert "Reading mentors" in get(installation, calder, "/needs/n%2F2%3F").text
    assert decided(installation, calder, need_id="n/2?", do="decline", reason="").status_code == 409
    assert decided(installation, calder, need_id="n/2?", do="decline", reason="Too far").status_code == 303
    assert "school excluded or pair declined" in get(installation, calder, "/needs/n%2F2%3F").text


def test_what_stands_beside_the_reason_is_not_said_twice(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/needs/n%2F2%3F").text
    assert page.count("Reading mentors") == 1


def test_offer_that_a_rule_keeps_away_for_now_leads_to_what_it_would_do(
    installation: Installation, calder: int
) -> None:
    assert 'value="accept"' in get(installation, calder, "/needs/n%2F2%3F", Role.COORDINATOR).text
    assert decided(installation, calder, slots="3").status_code == 303
    page = get(installation, calder, "/needs/n%2F2%3F", Role.COORDINATOR).text
    card = page.split("Not now: ", 1)[1].split("</li>")[0]
    assert 'value="accept"' not in card
    assert "See what it would do" in card


def test_board_decides_nothing(installation: Installation, calder: int) -> None:
    assert decided(installation, calder, Role.BOARD).status_code == 403
    assert "Accept" not in get(installation, calder, "/needs/n0").text
