"""Recommendations over HTTP: what is told, who may ask what, and what becomes of feedback."""

import json
from datetime import date
from typing import Any

import pytest

from embeddings import WordHashEncoder
from matching.questions import Question
from matching.recommendation import Recommender
from service.api.recommendations import Needs, Offers
from service.people.principal import Role
from service.storage.districts import load_district
from service.suggesting import told_of
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation

ASK = "/api/v1/recommendations"
FEEDBACK = f"{ASK}/feedback"
SECRET = "someone@example.org"
READING = "reading mentors for grade three"


@pytest.fixture
def filled(installation: Installation) -> Installation:
    """Give an installation with a district `filled`, number 2."""
    contact = {"contact_email": SECRET, "contact_name": SECRET, "contact_phone": SECRET}
    needs = [make_need("n/0", statement=READING), make_need("n1", statement="algebra", school_id="s1")]
    offers = [
        make_offer("o/0", focus="reading mentors", partner_id="p/0"),
        make_offer("o1", focus=READING, kinds=["event"], partner_id="p1"),
        make_offer("o2", focus=READING, grades="13", partner_id="p1"),
    ]
    schools = [make_school("s0", grades="3", **contact), make_school("s1", **contact)]
    partners = [make_partner("p/0", **contact), make_partner("p1", **contact)]
    installation.add_district("filled", make_district(needs, offers, schools=schools, partners=partners))
    return installation


def ask(
    installation: Installation, asked: dict[str, Any], role: Role = Role.COORDINATOR, of: str = ""
) -> Any:
    return installation.client(role, 2, of).post(ASK, json=asked)


def test_offers_for_a_need_are_ranked_with_reasons_and_near_misses(filled: Installation) -> None:
    answer = ask(filled, {"need_id": "n/0"})
    found = Offers.model_validate_json(answer.content)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    [best] = found.recommendations
    assert (best.offer.offer_id, best.offer.slots_free, best.shared_words) == ("o/0", 5, ["reading mentors"])
    assert (best.parts["similarity"], best.blocked_by) == (best.similarity, [])
    assert [(miss.offer.offer_id, miss.rules) for miss in found.near_misses] == [("o2", ["grades"])]


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("partners/p%2F0/recommendations", Question(partner_id="p/0")),
        ("offers/o%2F0/recommendations?limit=1", Question(offer_id="o/0", limit=1)),
        ("offers/o1/recommendations?area=reading", Question(offer_id="o1", area="reading")),
    ],
)
def test_needs_for_a_partner_are_the_recommenders_own(
    filled: Installation, path: str, question: Question
) -> None:
    answer = filled.client(Role.BOARD, 2).get(f"/api/v1/{path}")
    with filled.database.reading() as connection:
        district = load_district(connection, 2)
    expected = told_of(question.asked_of(Recommender(district, encoder=WordHashEncoder())))
    assert answer.json() == json.loads(json.dumps(expected))
    Needs.model_validate_json(answer.content)


def test_a_text_of_a_school_and_a_text_of_none_are_answered(filled: Installation) -> None:
    of_school = ask(filled, {"text": READING, "kind": "mentoring", "school_id": "s0"}).json()
    alone = ask(filled, {"text": READING, "kind": "mentoring", "area": "reading", "limit": 1}).json()
    assert (of_school["need"]["school"], of_school["need"]["need_id"]) == ("School s0", "")
    assert [pair["offer"]["offer_id"] for pair in of_school["recommendations"]] == ["o/0"]
    assert [pair["offer"]["offer_id"] for pair in alone["recommendations"]] == ["o2"]


@pytest.mark.parametrize(
    ("asked", "status", "detail"),
    [
        ({"need_id": "n9"}, 404, "Need n9: expected the id of one of this district, found none."),
        ({"text": "x", "kind": "event", "school_id": "s9"}, 404, "School s9: expected the id"),
        ({"need_id": "n1", "area": "falconry"}, 422, "Area falconry: expected one of mentoring"),
        ({"text": "x", "kind": "magic"}, 422, "body/kind"),
        ({"need_id": "n1", "limit": 0}, 422, "body/limit"),
        ({"need_id": "n1", "limit": 101}, 422, "body/limit"),
        ({"text": " ", "kind": "event"}, 422, "Text: expected what the school needs, got nothing."),
        ({"text": "x"}, 422, "Question: expected a kind of help with a text, and only with one."),
        ({"need_id": "n1", "kind": "event"}, 422, "Question: expected a kind of help with a text"),
        ({}, 422, "Question: expected one of need, text, partner and offer, got 0."),
        ({"need_id": "n1", "speed": 1}, 422, "body/speed"),
    ],
)
def test_a_question_without_an_answer_is_refused(
    filled: Installation, asked: dict[str, Any], status: int, detail: str
) -> None:
    answer = ask(filled, asked)
    assert (answer.status_code, answer.json()["detail"][: len(detail)]) == (status, detail)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"need_id": "n/0"}, 200),
        ({"need_id": "n1"}, 404),
        ({"text": "x", "kind": "event", "school_id": "s0"}, 200),
        ({"text": "x", "kind": "event", "school_id": "s1"}, 404),
        ({"text": "x", "kind": "event"}, 404),
    ],
)
def test_a_leader_asks_for_its_own_school(filled: Installation, asked: dict[str, Any], status: int) -> None:
    assert ask(filled, asked, Role.LEADER, "s0").status_code == status


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("partners/p1", 200),
        ("partners/p%2F0", 404),
        ("offers/o1", 200),
        ("offers/o%2F0", 404),
        ("offers/o9", 404),
    ],
)
def test_a_partner_asks_for_itself(filled: Installation, path: str, status: int) -> None:
    client = filled.client(Role.PARTNER, 2, "p1")
    assert client.get(f"/api/v1/{path}/recommendations").status_code == status


@pytest.mark.parametrize("path", ["partners/p9", "offers/o9"])
def test_what_is_unknown_is_not_found(filled: Installation, path: str) -> None:
    assert filled.client(Role.BOARD, 2).get(f"/api/v1/{path}/recommendations").status_code == 404


def test_no_answer_holds_a_contact(filled: Installation) -> None:
    client = filled.client(Role.COORDINATOR, 2)
    answers = [client.post(ASK, json={"need_id": need}) for need in ("n/0", "n1")]
    answers += [client.get(f"/api/v1/partners/{partner}/recommendations") for partner in ("p%2F0", "p1")]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert not any(SECRET in answer.text for answer in answers)
    assert SECRET in client.get("/api/v1/partners/p1").text


def test_a_token_that_only_reads_may_ask_and_the_district_stays_as_it_is(filled: Installation) -> None:
    client = filled.bearer(filled.token(Role.COORDINATOR, 2, may_write=False))
    before = client.get("/api/v1/districts/filled").json()
    assert client.post(ASK, json={"need_id": "n1"}).status_code == 200
    assert client.get("/api/v1/districts/filled").json() == before
    assert client.post(FEEDBACK, json={}).status_code == 403


def test_a_change_is_in_the_next_answer(filled: Installation) -> None:
    client = filled.client(Role.COORDINATOR, 2)
    assert client.post(ASK, json={"need_id": "n/0"}).json()["need"]["slots_open"] == 5
    running = {"need_id": "n/0", "offer_id": "o/0", "status": "active", "slots": 2}
    assert client.post("/api/v1/partnerships", json=running).status_code == 201
    told = client.post(ASK, json={"need_id": "n/0"}).json()
    assert (told["need"]["slots_open"], told["recommendations"][0]["offer"]["slots_free"]) == (3, 3)


def test_feedback_is_a_decision_that_excludes_nothing(filled: Installation) -> None:
    client = filled.client(Role.COORDINATOR, 2)
    said = {"need_id": "n/0", "offer_id": "o/0", "decision": "declined", "reason": "Too far away"}
    made = client.post(FEEDBACK, json=said)
    today = date.today().isoformat()
    assert (made.status_code, made.json() | said) == (201, made.json())
    listed = client.get(made.headers["location"]).json()
    assert {name: listed[name] for name in said} | {"date": listed["date"]} == said | {"date": today}
    told = client.post(ASK, json={"need_id": "n/0"}).json()
    assert [pair["offer"]["offer_id"] for pair in told["recommendations"]] == ["o/0"]
    with filled.database.reading() as connection:
        assert load_district(connection, 2).decisions["decision"].tolist() == ["declined"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"need_id": "n9"}, 404),
        ({"offer_id": "o9"}, 404),
        ({"decision": "perhaps"}, 422),
        ({"reason": None}, 201),
    ],
)
def test_feedback_is_on_something_and_says_yes_or_no(
    filled: Installation, change: dict[str, Any], status: int
) -> None:
    said = {"need_id": "n1", "offer_id": "o2", "decision": "accepted"} | change
    assert filled.client(Role.COORDINATOR, 2).post(FEEDBACK, json=said).status_code == status


def test_recommenders_are_warm_while_the_application_runs(filled: Installation) -> None:
    with filled.client(Role.BOARD, 2) as client:
        assert client.post(ASK, json={"need_id": "n1"}).status_code == 200
    assert 2 in filled.app.state.recommenders.known()
