"""The pages of schools and partners."""

import pytest
from httpx2 import Response

from service.people.principal import Role
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation

HERE = "/districts/calder"


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district in which p0 helps at Alder, with ratings by 3 and by 7 people."""
    rating = {"partner_id": "p0", "school_id": "s0", "rating": 4.5}
    district = make_district(
        [
            make_need("n0", school_id="s0", statement="Reading mentors", slots=5, kind="mentoring"),
            make_need("n1", school_id="s1", statement="Mentors for algebra", slots=9, kind="mentoring"),
        ],
        [make_offer("o0", partner_id="p0", focus="Reading mentors", slots=6, kinds=["mentoring"])],
        schools=[
            make_school("s0", name="Alder", contact_email="alder@example.org"),
            make_school("s1", name="Birch"),
        ],
        partners=[
            make_partner("p0", name="Rotary", contact_phone="555 0100"),
            make_partner("p1", name="Temple"),
        ],
        partnerships=[
            {"need_id": "n0", "offer_id": "o0", "slots": 2, "status": "active", "since": "2026-09-22"}
        ],
        evaluations=[
            rating | {"term": "spring 2026", "respondents": 3},
            rating | {"term": "fall 2026", "respondents": 7},
        ],
        comments=[{"school_id": "s0", "respondent": "family", "text": "They come on time."}],
    )
    return installation.add_district("calder", district)


def get(
    installation: Installation, district_id: int, path: str, role: Role = Role.BOARD, of: str = ""
) -> Response:
    client = installation.client(role, district_id, of)
    return client.get(f"{HERE}{path}", headers={"Accept": "text/html"}, follow_redirects=False)


def test_school_with_the_most_open_mentoring_comes_first(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/schools").text
    assert page.index("Birch") < page.index("Alder")
    assert "2 of 5" in page


def test_school_tells_what_it_lacks_who_helps_and_what_people_said(
    installation: Installation, calder: int
) -> None:
    page = get(installation, calder, "/schools/s0").text
    for words in ("Reading mentors", "Rotary", "since September 22, 2026", "They come on time.", "fall 2026"):
        assert words in page


@pytest.mark.parametrize("path", ["/schools/s0", "/partners/p0"])
def test_rating_by_few_people_is_shown_to_nobody(installation: Installation, calder: int, path: str) -> None:
    page = get(installation, calder, path, Role.COORDINATOR).text
    assert "fall 2026" in page
    assert "spring 2026" not in page


def test_contacts_are_for_coordinators_and_for_their_own(installation: Installation, calder: int) -> None:
    assert "alder@example.org" in get(installation, calder, "/schools/s0", Role.COORDINATOR).text
    assert "alder@example.org" in get(installation, calder, "/schools/s0", Role.LEADER, "s0").text
    assert "alder@example.org" not in get(installation, calder, "/schools/s0").text
    assert "555 0100" not in get(installation, calder, "/partners/p0", Role.LEADER, "s0").text
    assert "555 0100" in get(installation, calder, "/partners/p0", Role.PARTNER, "p0").text


def test_leader_reads_their_own_school_alone(installation: Installation, calder: int) -> None:
    assert get(installation, calder, "/schools/s1", Role.LEADER, "s0").status_code == 404
    assert "Birch" not in get(installation, calder, "/schools", Role.LEADER, "s0").text


@pytest.mark.parametrize("path", ["/partners/p0", "/summary/partners/p0"])
def test_leader_reads_of_a_partner_what_is_of_their_own_school_alone(
    installation: Installation, calder: int, path: str
) -> None:
    own = get(installation, calder, path, Role.LEADER, "s0").text
    other = get(installation, calder, path, Role.LEADER, "s1").text
    assert "Alder" in own
    assert ("Birch" in own, "algebra" in own) == (False, False)
    for words in ("Alder", "fall 2026", "since September 22, 2026"):
        assert words not in other


def test_leader_is_told_which_of_their_own_needs_a_partner_could_help_with(
    installation: Installation, calder: int
) -> None:
    assert "Birch: mentoring" in get(installation, calder, "/partners/p0", Role.LEADER, "s1").text


def test_partner_is_led_to_its_own_page_and_no_other(installation: Installation, calder: int) -> None:
    answer = get(installation, calder, "", Role.PARTNER, "p0")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}/partners/p0")
    assert get(installation, calder, "/partners/p1", Role.PARTNER, "p0").status_code == 404
    assert '">Overview</a>' in get(installation, calder, "/convenings", Role.PARTNER, "p0").text
    own = get(installation, calder, "/partners", Role.PARTNER, "p0").text
    assert "Rotary" in own
    assert "Temple" not in own


def test_partner_tells_what_is_free_and_what_else_it_could_do(
    installation: Installation, calder: int
) -> None:
    page = get(installation, calder, "/partners/p0").text
    assert "4 slots free" in page
    assert "Birch: mentoring" in page


def test_partners_stand_on_pages(installation: Installation) -> None:
    partners = [make_partner(f"p{number:03}", name=f"Partner {number:03}") for number in range(101)]
    key = installation.add_district("calder", make_district([], [], partners=partners))
    first = get(installation, key, "/partners").text
    assert "?page=2" in first
    assert "Partner 100" not in first
    assert "Partner 100" in get(installation, key, "/partners?page=2").text
