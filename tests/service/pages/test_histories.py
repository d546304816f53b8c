"""What ran before and how it went, what to do next, and the page to print."""

import pytest
from starlette.testclient import TestClient

from service.people.principal import Role
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation

HERE = "/districts/calder"
PAGE = {"Accept": "text/html"}
FOCUS = ("Reading", "Algebra", "Books")
RATED = {"partner_id": "p0", "school_id": "s0", "outcome_before": 40, "outcome_after": 52}


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district in which p0 helps at Alder, and p1 and p2 did before."""
    offers = [make_offer(f"o{n}", partner_id=f"p{n}", focus=focus, slots=6) for n, focus in enumerate(FOCUS)]
    names = ("Rotary", "Temple", "Library")
    district = make_district(
        [
            make_need("n0", school_id="s0", statement="Reading", slots=5),
            make_need("n1", school_id="s1", statement="Algebra", slots=9),
        ],
        offers,
        schools=[
            make_school("s0", name="Alder", contact_email="alder@example.org"),
            make_school("s1", name="Birch"),
        ],
        partners=[make_partner(f"p{n}", name=names[n], contact_phone="555 0100") for n in range(3)],
        partnerships=[
            {"need_id": "n0", "offer_id": "o0", "slots": 2, "status": "paused", "since": "2026-09-22"},
            {"need_id": "n0", "offer_id": "o1", "slots": 3, "status": "ended", "since": "2025-09-15"},
            {"need_id": "n0", "offer_id": "o2", "slots": 1, "status": "declined"},
        ],
        evaluations=[
            RATED | {"term": "fall 2025", "rating": 3.5, "respondents": 9, "students": 4},
            RATED | {"term": "fall 2026", "rating": 4.5, "respondents": 7, "students": 12},
        ],
        convenings=[{"convening_id": "c0", "date": "2099-01-20", "kind": "midyear", "place": "Hall"}],
    )
    return installation.add_district("calder", district)


def page_of(
    installation: Installation, district_id: int, path: str, role: Role = Role.BOARD, of: str = ""
) -> str:
    client: TestClient = installation.client(role, district_id, of)
    answer = client.get(HERE + path, headers=PAGE)
    assert answer.status_code == 200
    return answer.text


def test_school_tells_what_ran_before_and_what_is_paused(installation: Installation, calder: int) -> None:
    page = page_of(installation, calder, "/schools/s0")
    before = page[page.index("What ran before") :]
    assert before.index("Temple") < before.index("Library")  # The one without a day comes last.
    for words in ("ended", "declined", "September 15, 2025"):
        assert words in before
    assert 'class="tag open">paused' in page[: page.index("What ran before")]


def test_partner_tells_what_ran_before(installation: Installation, calder: int) -> None:
    before = page_of(installation, calder, "/partners/p1")
    assert "Alder" in before[before.index("What ran before") :]


def test_ratings_stand_in_a_picture_and_in_a_table(installation: Installation, calder: int) -> None:
    page = page_of(installation, calder, "/partners/p0")
    assert "Mean rating by term, 1 to 5: fall 2025 3.5, fall 2026 4.5" in " ".join(page.split())
    assert 'points="60.0,' in page
    assert page.count('<tr><th scope="row">fall 202') == 3  # Two ratings, one outcome.


def test_outcomes_of_few_students_are_told_to_nobody(installation: Installation, calder: int) -> None:
    page = page_of(installation, calder, "/schools/s0", Role.COORDINATOR)
    outcomes = page[page.index("Before and after") : page.index("What ran before")]
    assert "+12" in outcomes
    assert "fall 2026" in outcomes
    assert "fall 2025" not in outcomes


def test_what_was_published_stands_on_both_pages(installation: Installation, calder: int) -> None:
    coordinator = installation.client(Role.COORDINATOR, calder)
    sent = {"need_id": "n1", "offer_id": "o1", "do": "accept", "slots": "2"}
    assert coordinator.post(f"{HERE}/decisions", data=sent, headers=PAGE).status_code == 200
    for path in ("/schools/s1", "/partners/p1"):
        page = page_of(installation, calder, path)
        assert "What plans changed" in page
        assert f'href="{HERE}/publications/1"' in page
        assert "1 match begins" in page
    assert "What plans changed" not in page_of(installation, calder, "/schools/s0")


def test_partner_is_told_what_to_do_next(installation: Installation, calder: int) -> None:
    page = page_of(installation, calder, "/partners/p0", Role.PARTNER, "p0")
    steps = page[page.index("What to do next") : page.index("</section>")]
    assert "Reading. Are 6 slots still right?" in steps
    assert f"{HERE}/change/offers/o0" in steps
    assert "in the middle of the year, is on January 20, 2099" in steps
    assert "What to do next" not in page_of(installation, calder, "/partners/p0", Role.COORDINATOR)


def test_partner_without_an_offer_is_led_to_one_and_told_that_its_agreement_ends(
    installation: Installation,
) -> None:
    partner = make_partner("p0", agreement_expires="2020-06-30")
    key = installation.add_district("calder", make_district(partners=[partner]))
    page = page_of(installation, key, "/partners/p0", Role.PARTNER, "p0")
    assert f"{HERE}/add/offers?partner_id=p0" in page
    assert "ends on June 30, 2020" in page


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"trained_slots": 0}, "No mentor is cleared yet"),
        ({"cleared_until": "2020-06-30"}, "ends on June 30, 2020"),
    ],
)
def test_partner_whose_mentors_are_not_cleared_is_told(
    installation: Installation, cells: dict[str, object], words: str
) -> None:
    key = installation.add_district("calder", make_district([], [make_offer("o0", partner_id="p0", **cells)]))
    assert words in page_of(installation, key, "/partners/p0", Role.PARTNER, "p0")


def test_leader_is_told_whom_nobody_evaluated_and_that_figures_are_missing(
    installation: Installation,
) -> None:
    district = make_district(
        [make_need("n0", school_id="s0")],
        [make_offer("o0", partner_id="p0")],
        partnerships=[{"need_id": "n0", "offer_id": "o0", "slots": 2, "status": "active"}],
    )
    key = installation.add_district("calder", district)
    page = page_of(installation, key, "/schools/s0", Role.LEADER, "s0")
    steps = page[page.index("What to do next") : page.index("</section>")]
    assert "/add/evaluations?school_id=s0&amp;partner_id=p0" in steps
    assert "/add/evidence?school_id=s0" in steps
    assert "/change/schools/s0" in steps


def test_page_to_print_has_contacts_only_for_who_may_see_them(
    installation: Installation, calder: int
) -> None:
    school, partner = "/summary/schools/s0", "/summary/partners/p0"
    coordinator = page_of(installation, calder, school, Role.COORDINATOR)
    assert "alder@example.org" in coordinator
    assert "555 0100" in coordinator
    leader = page_of(installation, calder, school, Role.LEADER, "s0")
    assert "alder@example.org" in leader
    assert "555 0100" not in leader
    own = page_of(installation, calder, partner, Role.PARTNER, "p0")
    assert "555 0100" in own
    assert "alder@example.org" not in own
    assert "alder@example.org" not in page_of(installation, calder, school)


def test_places_are_on_a_map_where_they_are_known(installation: Installation) -> None:
    district = make_district(
        [make_need("n0", school_id="s0")],
        [make_offer("o0", partner_id="p0")],
        schools=[make_school("s0", latitude=40.0, longitude=-75.0)],
        partners=[make_partner("p0", latitude=40.1, longitude=-75.0, radius_km=20)],
        partnerships=[{"need_id": "n0", "offer_id": "o0", "slots": 2, "status": "active"}],
    )
    key = installation.add_district("calder", district)
    # A tenth of a degree north is 11.1 km.
    assert "11.1 km" in page_of(installation, key, "/schools/s0")
    assert 'class="reach"' in page_of(installation, key, "/partners/p0")
