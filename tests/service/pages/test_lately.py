"""What the overview tells of the last week: how much of what, with names and links, and to whom."""

import pytest

from service.people.principal import Role
from tests.districts import make_district, make_need, make_offer, make_school
from tests.service.installation import Installation

HERE = "/districts/calder"


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district with five needs at two schools."""
    needs = [make_need(f"n{at}", school_id=f"s{at % 2}", kind="mentoring", slots=4) for at in range(5)]
    schools = [make_school("s0", name="Alder"), make_school("s1", name="Birch")]
    offers = [make_offer("o0", slots=5, kinds=["mentoring"])]
    return installation.add_district("calder", make_district(needs, offers, schools=schools))


def overview(installation: Installation, calder: int, role: Role = Role.COORDINATOR, of: str = "") -> str:
    return installation.client(role, calder, of).get(HERE, headers={"Accept": "text/html"}).text


def change(installation: Installation, calder: int, *paths: str, **cells: object) -> None:
    client = installation.client(Role.COORDINATOR, calder)
    for path in paths:
        answer = client.patch(f"/api/v1/{path}", json=cells, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text


def test_week_without_changes_says_what_will_stand_there(installation: Installation, calder: int) -> None:
    assert "Nothing. New and changed needs" in overview(installation, calder)


def test_changes_are_counted_once_a_thing_and_the_latest_are_named(
    installation: Installation, calder: int
) -> None:
    change(installation, calder, *(f"needs/n{at}" for at in range(5)), "needs/n4", slots=3)
    page = overview(installation, calder)
    assert "5 needs changed: " in page
    # n4, n3 and n2 changed last.
    told = [page.index(f'<a href="{HERE}/needs/n{at}">', page.index("5 needs changed")) for at in (4, 3, 2)]
    assert told == sorted(told)
    assert "and 2 more" in page


def test_what_is_gone_is_counted_without_a_link(installation: Installation, calder: int) -> None:
    client = installation.client(Role.COORDINATOR, calder)
    assert client.delete("/api/v1/needs/n4", headers={"If-Match": "*"}).status_code == 204
    assert "One need deleted</li>" in overview(installation, calder).replace("\n", "")


def test_offer_leads_to_its_partner(installation: Installation, calder: int) -> None:
    change(installation, calder, "offers/o0", slots=6)
    assert f'One offer changed: <a href="{HERE}/partners/p0">' in overview(installation, calder)


def test_publication_is_told_with_its_matches_and_its_number(installation: Installation, calder: int) -> None:
    client = installation.client(Role.COORDINATOR, calder)
    form = {"need_id": "n0", "offer_id": "o0", "do": "accept", "slots": "2"}
    made = client.post(f"{HERE}/decisions", data=form, follow_redirects=False).headers["location"]
    number = made.rsplit("/", 1)[1]
    page = overview(installation, calder)
    assert f'One match published (<a href="{made}">publication {number}</a>)' in page
    assert "One match published" in overview(installation, calder, Role.LEADER, "s0")
    assert "One match published" not in overview(installation, calder, Role.LEADER, "s1")


def test_leader_is_told_of_their_own_schools_alone(installation: Installation, calder: int) -> None:
    change(installation, calder, *(f"needs/n{at}" for at in range(5)), slots=3)
    change(installation, calder, "offers/o0", slots=6)
    page = overview(installation, calder, Role.LEADER, "s1")
    assert "2 needs changed" in page
    assert "offer" not in page[page.index("What changed") : page.index("Next convening")]


def test_board_is_told_of_no_person(installation: Installation, calder: int) -> None:
    client = installation.admin()
    sent = {"email": "b@school.org", "name": "Kim Lee"}
    user = client.post("/api/v1/users", json=sent).json()["user"]["id"]
    place = {"role": "coordinator", "of": []}
    assert client.put(f"/api/v1/users/{user}/memberships/calder", json=place).status_code == 200
    assert "One person was given or lost a role" in overview(installation, calder)
    assert "person" not in overview(installation, calder, Role.BOARD)
