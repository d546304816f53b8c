"""The recognition list: who is on it, what it says, and whom it does not name."""

import csv
import io

import pytest

from service.people.principal import Role
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation

HERE = "/districts/calder/recognition"


@pytest.fixture
def calder(installation: Installation) -> int:
    rows = {"status": "active", "slots": 2}
    district = make_district(
        [
            make_need("n0", school_id="s0", kind="event"),
            make_need("n1", school_id="s0", in_improvement_plan="yes"),
        ],
        [
            make_offer("o0", partner_id="p0", kinds=["event"]),
            make_offer("o1", partner_id="p1", trained_slots=4),
        ],
        schools=[make_school("s0", name="Alder", contact_email="alder@example.org")],
        partners=[
            make_partner("p0", name="Ana Ruiz", kind="individual"),
            make_partner("p1", name="=Rotary", years_committed=3),
        ],
        partnerships=[rows | {"need_id": "n0", "offer_id": "o0"}, rows | {"need_id": "n1", "offer_id": "o1"}],
    )
    return installation.add_district("calder", district)


def get(installation: Installation, key: int, asked: str = "", role: Role = Role.BOARD) -> str:
    answer = installation.client(role, key).get(f"{HERE}{asked}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return answer.content.decode("utf-8-sig")


def test_partnership_that_meets_most_comes_first_with_what_shows_it(
    installation: Installation, calder: int
) -> None:
    page = get(installation, calder)
    assert page.index("=Rotary, Alder") < page.index("A person who helps alone (p0), Alder")
    for words in ("5 of 10 met", "Years promised: 3.", "Trained for 4 slots, of which it takes 2."):
        assert words in page


def test_no_person_and_no_contact_is_named(installation: Installation, calder: int) -> None:
    for asked in ("", "?as=csv"):
        page = get(installation, calder, asked, Role.COORDINATOR)
        assert "Ana" not in page
        assert "alder@example.org" not in page


def test_what_is_not_known_leads_to_where_it_is_entered(installation: Installation, calder: int) -> None:
    assert "/districts/calder/add/evaluations" in get(installation, calder, role=Role.COORDINATOR)


def test_csv_holds_state_and_evidence_of_each_guideline_and_no_formula(
    installation: Installation, calder: int
) -> None:
    rows = list(csv.DictReader(io.StringIO(get(installation, calder, "?as=csv"))))
    assert [row["Partner"] for row in rows] == ["'=Rotary", "A person who helps alone (p0)"]
    assert (rows[0]["Sustainable"], rows[0]["Sustainable: What shows it"]) == ("met", "Years promised: 3.")


def test_list_is_narrowed_to_those_that_meet_so_many(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "?least=4")
    assert "=Rotary, Alder" in page
    assert "helps alone" not in page


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.BOARD])
def test_letters_are_a_pdf_even_where_nobody_gets_one(
    installation: Installation, calder: int, role: Role
) -> None:
    answer = installation.client(role, calder).get(f"{HERE}?as=pdf")
    assert answer.content.startswith(b"%PDF-")


def test_where_nothing_runs_the_page_teaches(installation: Installation) -> None:
    key = installation.add_district("calder", make_district())
    assert "No partnership runs yet." in get(installation, key)
