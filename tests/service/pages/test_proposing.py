"""An offer that a coordinator proposes by hand: found, thought through, made, and why not."""

from collections.abc import Mapping

import pytest
from httpx2 import Response

from service.people.principal import Role
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation
from tests.service.planned import add_plan

HERE = "/districts/calder"


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district in which a club tutors at the less urgent of two needs with all of its slots."""
    needs = [
        make_need("n/0", school_id="s0", statement="Reading tutors", slots=4, priority=1, kind="tutoring"),
        make_need("n1", school_id="s1", statement="Reading tutors", slots=4, priority=3, kind="tutoring"),
    ]
    offers = [
        make_offer("o0", partner_id="p0", focus="Reading tutors", slots=4, kinds=["tutoring"]),
        make_offer("o1", partner_id="p1", focus="Reading tutors", slots=3, kinds=["tutoring"]),
        make_offer("o2", partner_id="p2", focus="Meals on <weekends>", slots=3, kinds=["resources"]),
    ]
    names = {"p0": "Rotary Club", "p1": "Library Friends", "p2": "Food Bank"}
    district = make_district(
        needs,
        offers,
        schools=[make_school("s0", name="Alder"), make_school("s1", name="Birch")],
        partners=[make_partner(key, name=name) for key, name in names.items()],
        partnerships=[{"need_id": "n1", "offer_id": "o0", "slots": 4, "status": "active"}],
    )
    return installation.add_district("calder", district)


def proposal(installation: Installation, calder: int, **asked: object) -> Response:
    client = installation.client(Role.COORDINATOR, calder)
    params: Mapping[str, str] = {"need": "n/0"} | {name: str(value) for name, value in asked.items()}
    return client.get(f"{HERE}/propose", params=params, headers={"Accept": "text/html"})


def proposed(installation: Installation, calder: int, **sent: str) -> Response:
    client = installation.client(Role.COORDINATOR, calder)
    form = {"need": "n/0", "offer": "o0", "slots": "4"} | sent
    headers = {"Accept": "text/html"}
    return client.post(f"{HERE}/propose", data=form, headers=headers, follow_redirects=False)


def filled(installation: Installation, calder: int, need_id: str) -> int:
    client = installation.client(Role.COORDINATOR, calder)
    rows = client.get("/api/v1/partnerships").json()["items"]
    return sum(row["slots"] for row in rows if row["need_id"] == need_id and row["status"] == "active")


def test_offer_is_found_by_its_partners_name_and_by_what_it_gives(
    installation: Installation, calder: int
) -> None:
    by_name = proposal(installation, calder, q="food").text
    assert "Meals on &lt;weekends&gt;" in by_name
    by_words = proposal(installation, calder, q="tutors for reading").text
    assert "Library Friends" in by_words
    assert "Food Bank" not in by_words
    assert "No partner has a name like that" in proposal(installation, calder, q="zzz").text


def test_page_of_a_need_asks_who_else_could_help(installation: Installation, calder: int) -> None:
    client = installation.client(Role.COORDINATOR, calder)
    page = client.get(f"{HERE}/needs/n%2F0", headers={"Accept": "text/html"}).text
    assert '<input type="hidden" name="need" value="n/0">' in page
    client = installation.client(Role.BOARD, calder)
    assert "by-hand" not in client.get(f"{HERE}/needs/n%2F0", headers={"Accept": "text/html"}).text


def test_free_slots_are_accepted_at_once(installation: Installation, calder: int) -> None:
    page = proposal(installation, calder, offer="o1", slots=3).text
    assert "3 slots more" in page
    assert "Nobody who is helped now loses anything." in page
    assert proposed(installation, calder, offer="o1", slots="3", do="accept").status_code == 303
    assert filled(installation, calder, "n/0") == 3


def test_who_gives_way_is_told_and_then_does(installation: Installation, calder: int) -> None:
    page = proposal(installation, calder, offer="o0", slots=4).text
    assert "no free slots" in page
    # Birch loses 4 slots of the club and gets the 3 of the library.
    assert "<strong>1 slot fewer</strong> (4, then 3)" in page
    assert proposed(installation, calder, do="accept").status_code == 409
    answer = proposed(installation, calder, do="give")
    assert answer.status_code == 303
    assert (filled(installation, calder, "n/0"), filled(installation, calder, "n1")) == (4, 3)


def test_rule_is_overridden_with_a_reason_alone_and_the_match_is_locked(
    installation: Installation, calder: int
) -> None:
    page = proposal(installation, calder, offer="o2", slots=1).text
    assert "another kind of help" in page
    refused = proposed(installation, calder, offer="o2", slots="1", do="accept")
    assert refused.status_code == 409
    assert 'role="alert"' in refused.text
    made = proposed(installation, calder, offer="o2", slots="1", do="accept", reason="They teach too")
    assert made.status_code == 303
    client = installation.client(Role.COORDINATOR, calder)
    (row,) = [row for row in client.get("/api/v1/partnerships").json()["items"] if row["offer_id"] == "o2"]
    assert (row["need_id"], row["slots"], row["locked"]) == ("n/0", 1, True)
    assert "1 of 4 slots" in client.get(f"{HERE}/needs/n%2F0", headers={"Accept": "text/html"}).text


def test_no_reason_gives_slots_twice(installation: Installation, calder: int) -> None:
    answer = proposed(installation, calder, do="accept", reason="They said so")
    assert answer.status_code == 409
    assert filled(installation, calder, "n/0") == 0


def test_what_is_not_there_is_told(installation: Installation, calder: int) -> None:
    assert proposal(installation, calder, need="n9").status_code == 404
    assert proposal(installation, calder, offer="o9").status_code == 404
    assert proposal(installation, calder, offer="o1", slots="many").status_code == 422


def test_cost_to_the_last_plan_is_told_and_can_be_started_from(
    installation: Installation, calder: int
) -> None:
    assert "Once a plan is made" in proposal(installation, calder, offer="o1", slots=2).text
    run_id = add_plan(installation.database, ("n1", "o1", 3), district_id=calder)
    page = proposal(installation, calder, offer="o1", slots=2).text
    told = page[page.index("What it would cost the last plan") :]
    assert "The plan would" in told
    # The plan gives the urgent need nothing, with this match 2.
    assert '<td class="n">0</td><td class="n">2</td>' in told
    assert f"{HERE}/runs/{run_id}/add?school=s0&amp;need=n/0&amp;" in told
