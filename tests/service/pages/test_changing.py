"""Rows as forms: who changes what, what is wrong told beside its field, and all of it taken back."""

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from service.people.principal import Role
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation
from tests.service.pages.form import form_with

HERE = "/districts/calder"
PAGE = {"Accept": "text/html"}


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district with two schools, a need each, and a partner with an offer that runs at Alder."""
    district = make_district(
        [
            make_need("n0", school_id="s0", statement="Reading", slots=5, priority=None),
            make_need("n1", school_id="s1", statement="Algebra", slots=9),
        ],
        [
            make_offer(
                "o0", partner_id="p0", focus="Readers", slots=6, schedule="Mon 15:00-16:00|Tue 15:00-16:00"
            )
        ],
        schools=[
            make_school("s0", name="Alder", contact_email="alder@example.org"),
            make_school("s1", name="Birch", house="red"),
        ],
        partners=[make_partner("p0", name="Rotary"), make_partner("p1", name="Temple")],
        partnerships=[{"need_id": "n0", "offer_id": "o0", "slots": 2, "status": "active"}],
    )
    return installation.add_district("calder", district)


@pytest.fixture
def coordinator(installation: Installation, calder: int) -> TestClient:
    return installation.client(Role.COORDINATOR, calder)


@pytest.fixture
def leader(installation: Installation, calder: int) -> TestClient:
    return installation.client(Role.LEADER, calder, "s0")


@pytest.fixture
def partner(installation: Installation, calder: int) -> TestClient:
    return installation.client(Role.PARTNER, calder, "p0")


def page_of(client: TestClient, path: str) -> str:
    answer = client.get(path if path.startswith("/districts") else HERE + path, headers=PAGE)
    assert answer.status_code == 200, answer.text
    return answer.text


def send(client: TestClient, path: str, **texts: str) -> Response:
    """Return the answer to the form of a page once someone wrote texts into it."""
    form = form_with(page_of(client, path), "was:")
    return client.post(HERE + path, data=form.sent(**texts), headers=PAGE, follow_redirects=False)


def undone(client: TestClient, answer: Response) -> Response:
    """Return the answer to the button that takes back what was done."""
    form = form_with(page_of(client, answer.headers["location"]), "/undo/")
    return client.post(form.action, data=form.sent(), headers=PAGE, follow_redirects=False)


def row(client: TestClient, path: str) -> dict[str, object]:
    found: dict[str, object] = client.get(f"/api/v1/{path}").json()
    return found


def test_leader_adds_a_need_to_their_own_school_and_takes_it_back(leader: TestClient) -> None:
    made = send(
        leader, "/add/needs", statement="Chess club", kind="program", slots="8", schedule="Fri 15:00-16:00"
    )
    assert made.status_code == 303
    assert "Chess club" in page_of(leader, made.headers["location"])
    back = undone(leader, made)
    assert back.headers["location"].startswith(f"{HERE}/schools/s0?done=")
    page = page_of(leader, back.headers["location"])
    assert "Chess club" not in page
    assert "It is as it was before." in page


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(leader: TestClient) -> None:
    answer = send(
        leader, "/add/needs", statement="Chess", kind="program", slots="-3", grades="fifth", min_slots="0"
    )
    assert answer.status_code == 422
    assert 'id="slots-error">Write a number from 0 to 1,000,000.' in answer.text
    assert 'aria-describedby="grades-hint grades-error" aria-invalid="true"' in answer.text
    sent = form_with(answer.text, "statement").sent()
    assert (sent["statement"], sent["slots"], sent["grades"]) == (["Chess"], ["-3"], ["fifth"])


def test_blank_field_that_must_not_be_is_told_in_the_readers_language(leader: TestClient) -> None:
    leader.cookies["partnermatch_language"] = "es"
    assert (
        'id="kind-error">Esto hay que llenarlo.'
        in send(leader, "/add/needs", statement="Ajedrez", slots="1").text
    )


def test_cells_of_the_district_are_not_in_the_forms_of_others(
    leader: TestClient, partner: TestClient
) -> None:
    assert 'name="priority"' not in page_of(leader, "/change/needs/n0")
    page = page_of(partner, "/change/offers/o0")
    assert 'name="trained_slots"' not in page
    assert "Cleared until, Slots cleared for mentoring" in page


def test_partner_changes_its_slots_and_undo_brings_back_what_was(partner: TestClient) -> None:
    before = row(partner, "offers/o0")
    answer = send(partner, "/change/offers/o0", slots="3")
    assert answer.headers["location"].startswith(f"{HERE}/partners/p0?done=")
    assert row(partner, "offers/o0") == before | {"slots": 3, "version": 2}
    assert "Changed." in page_of(partner, answer.headers["location"])
    again = undone(partner, undone(partner, answer))
    assert row(partner, "offers/o0")["slots"] == 3
    undone(partner, again)
    assert row(partner, "offers/o0") == before | {"version": 5}


def test_what_another_changed_meanwhile_is_shown_beside_ones_own(
    coordinator: TestClient, partner: TestClient
) -> None:
    form = form_with(page_of(partner, "/change/offers/o0"), "version")
    send(coordinator, "/change/offers/o0", slots="9", focus="Tutors")
    answer = partner.post(f"{HERE}/change/offers/o0", data=form.sent(slots="4"), headers=PAGE)
    assert answer.status_code == 409
    assert "Yours: 4" in answer.text
    assert "Theirs: 9" in answer.text
    chosen = form_with(answer.text, "version").sent()
    assert chosen["focus"] == ["Tutors"]
    theirs = partner.post(f"{HERE}/change/offers/o0", data=chosen | {"take:slots": ["theirs"]}, headers=PAGE)
    assert (theirs.status_code, row(partner, "offers/o0")["slots"]) == (200, 9)
    partner.post(f"{HERE}/change/offers/o0", data=chosen, headers=PAGE)
    assert (row(partner, "offers/o0")["slots"], row(partner, "offers/o0")["focus"]) == (4, "Tutors")


def test_what_two_changed_in_different_fields_is_kept_of_both(
    coordinator: TestClient, partner: TestClient
) -> None:
    form = form_with(page_of(partner, "/change/offers/o0"), "version")
    send(coordinator, "/change/offers/o0", cleared_until="2027-06-30")
    partner.post(f"{HERE}/change/offers/o0", data=form.sent(slots="4"), headers=PAGE)
    kept = row(partner, "offers/o0")
    assert (kept["slots"], kept["cleared_until"]) == (4, "2027-06-30")


def test_row_that_others_refer_to_says_which_and_cannot_be_removed(coordinator: TestClient) -> None:
    page = page_of(coordinator, "/change/offers/o0")
    assert "<li>Partnerships: 1" in page
    assert 'value="remove"' not in page
    form = form_with(page, "version")
    answer = coordinator.post(f"{HERE}/change/offers/o0", data=form.sent(do="remove"), headers=PAGE)
    assert answer.status_code == 409


def test_removed_row_comes_back_with_its_contacts_and_own_columns(coordinator: TestClient) -> None:
    send(coordinator, "/change/schools/s1", contact_email="birch@example.org")
    removed = send(coordinator, "/change/needs/n1", do="remove")
    assert removed.headers["location"].startswith(f"{HERE}/schools/s1?done=")
    before = row(coordinator, "schools/s1")
    gone = send(coordinator, "/change/schools/s1", do="remove")
    assert coordinator.get("/api/v1/schools/s1").status_code == 404
    undone(coordinator, gone)
    back = row(coordinator, "schools/s1")
    assert back | {"number": 0, "version": 0} == before | {"number": 0, "version": 0}
    assert back["extra"] == {"house": "red"}


def test_row_that_was_changed_meanwhile_is_not_removed(coordinator: TestClient) -> None:
    form = form_with(page_of(coordinator, "/change/partners/p1"), "version")
    send(coordinator, "/change/partners/p1", description="Since 1952")
    answer = coordinator.post(f"{HERE}/change/partners/p1", data=form.sent(do="remove"), headers=PAGE)
    assert answer.status_code == 409
    assert "Since 1952" in answer.text


def test_nothing_is_taken_back_that_was_changed_since_or_by_another(
    coordinator: TestClient, partner: TestClient
) -> None:
    mine = send(partner, "/change/offers/o0", slots="3")
    name = mine.headers["location"].partition("done=")[2]
    assert coordinator.post(f"{HERE}/undo/{name}", headers=PAGE).status_code == 404
    send(coordinator, "/change/offers/o0", slots="5")
    answer = undone(partner, mine)
    assert (answer.status_code, row(partner, "offers/o0")["slots"]) == (409, 5)
    assert f"{HERE}/change/offers/o0" in answer.text


def test_removed_offer_comes_back_to_its_partner_as_cleared_as_it_was(
    coordinator: TestClient, partner: TestClient
) -> None:
    made = send(
        coordinator,
        "/add/offers?partner_id=p0",
        focus="Chess",
        kinds="mentoring",
        slots="4",
        trained_slots="3",
    )
    key = coordinator.get("/api/v1/offers", params={"sort": "-number"}).json()["items"][0]["offer_id"]
    assert made.status_code == 303
    undone(partner, send(partner, f"/change/offers/{key}", do="remove"))
    assert row(partner, f"offers/{key}")["trained_slots"] == 3


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/change/schools/s1", 403),  # Another school.
        ("/change/needs/n1", 404),
        ("/change/partners/p0", 403),
        ("/add/schools", 403),
        ("/add/offers", 403),
        ("/add/evidence?school_id=s1", 404),  # Would show its needs to choose from.
        ("/rows/partnerships", 403),
        ("/add/nothing", 404),
        ("/change/comments/x", 404),
    ],
)
def test_leader_gets_no_form_of_what_is_not_theirs(leader: TestClient, path: str, status: int) -> None:
    assert leader.get(HERE + path, headers=PAGE).status_code == status


def test_leader_evaluates_a_partner_at_their_own_school(leader: TestClient) -> None:
    made = send(
        leader,
        "/add/evaluations?partner_id=p0",
        need_id="n0",
        term="fall 2026",
        rating="4.5",
        respondents="9",
    )
    assert made.headers["location"].startswith(f"{HERE}/schools/s0?done=")
    assert "fall 2026" in page_of(leader, "/rows/evaluations?school_id=s0")


def test_partnership_asks_first_of_which_school_and_which_partner(coordinator: TestClient) -> None:
    page = page_of(coordinator, "/add/partnerships")
    assert '<select id="school_id"' in page
    made = send(
        coordinator,
        "/add/partnerships?school_id=s1&partner_id=p0",
        need_id="n1",
        offer_id="o0",
        slots="1",
        status="paused",
    )
    assert made.headers["location"].startswith(f"{HERE}/schools/s1?done=")
    assert "paused" in page_of(coordinator, "/rows/partnerships?school_id=s1")


def test_list_of_rows_goes_on_where_a_page_ends(coordinator: TestClient) -> None:
    comment = {"school_id": "s0", "respondent": "family", "text": "Good"}
    for number in range(51):
        coordinator.post("/api/v1/comments", json=comment | {"term": f"term {number:02}"})
    first = page_of(coordinator, "/rows/comments?school_id=s0")
    assert "term 49" in first
    assert "term 50" not in first
    onward = first.partition("?school_id=s0&amp;after=")[2].partition('"')[0]
    assert "term 50" in page_of(coordinator, f"/rows/comments?school_id=s0&after={onward}")
