"""The lists of schools and of partners: found, put in order, and light."""

import re

import pytest

from service.people.principal import Role
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation

PAGE = {"Accept": "text/html"}
MOST_BYTES = 150_000


def names(installation: Installation, district_id: int, path: str) -> list[str]:
    """Return the names in a list, in its order."""
    page = installation.client(Role.BOARD, district_id).get(f"/districts/calder{path}", headers=PAGE)
    return re.findall(r'<tr><th scope="row"><a href="[^"]*">([^<]*)</a>', page.text)


@pytest.fixture
def calder(installation: Installation) -> int:
    needs = [
        make_need("n0", school_id="s0", slots=9, kind="tutoring"),
        make_need("n1", school_id="s1", slots=4, kind="mentoring"),
    ]
    offers = [make_offer("o0", partner_id="p0", slots=3), make_offer("o1", partner_id="p1", slots=8)]
    schools = [make_school(f"s{place}", name=name) for place, name in enumerate(["Birch", "Cedar", "Alder"])]
    partners = [
        make_partner("p0", name="Rotary", kind="civic_club"),
        make_partner("p1", name="Temple", kind="faith"),
    ]
    running = [{"need_id": "n1", "offer_id": "o0", "slots": 2, "status": "active"}]
    district = make_district(needs, offers, schools=schools, partners=partners, partnerships=running)
    return installation.add_district("calder", district)


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/schools", ["Cedar", "Birch", "Alder"]),  # By open mentoring slots: 2, 0 (9 others), 0.
        ("/schools?sort=name", ["Alder", "Birch", "Cedar"]),
        ("/schools?sort=open", ["Birch", "Cedar", "Alder"]),
        ("/schools?sort=num_partners", ["Cedar", "Alder", "Birch"]),
        ("/schools?q=+AL", ["Alder"]),
        ("/partners", ["Temple", "Rotary"]),
        ("/partners?sort=ran", ["Rotary", "Temple"]),
        ("/partners?kind=faith", ["Temple"]),
        ("/partners?q=o&kind=faith", []),
    ],
)
def test_list_has_what_is_asked_for_in_the_order_asked_for(
    installation: Installation, calder: int, path: str, order: list[str]
) -> None:
    assert names(installation, calder, path) == order


def test_order_keeps_what_was_sought(installation: Installation, calder: int) -> None:
    client = installation.client(Role.BOARD, calder)
    page = client.get("/districts/calder/partners?q=e&kind=faith&sort=name", headers=PAGE).text
    assert "?q=e&amp;kind=faith&amp;sort=num_schools" in page
    assert 'aria-sort="ascending"><a href="?q=e&amp;kind=faith&amp;sort=name"' in page
    assert "1 of 2." in page


def test_empty_list_leads_to_what_fills_it(installation: Installation) -> None:
    client = installation.client(Role.COORDINATOR)
    for path in ("schools", "partners"):
        page = client.get(f"/districts/demo/{path}", headers=PAGE).text
        assert f"/districts/demo/add/{path}" in page
        assert "/districts/demo/import" in page


def test_someone_with_several_partners_chooses_one(installation: Installation, calder: int) -> None:
    from sqlalchemy import insert

    from service.storage.tables import memberships, users

    admin = installation.admin()
    with installation.database.writing() as connection:
        connection.execute(users.update().values(is_admin=False))
        for partner in ("p0", "p1"):
            row = {"user_id": 1, "district_id": calder, "role": "partner", "of": partner}
            connection.execute(insert(memberships).values(row))
    page = admin.get("/districts/calder", headers=PAGE)
    assert page.url.path == "/districts/calder/partners"
    assert "Rotary" in page.text
    assert "Temple" in page.text


def test_lists_of_a_big_district_are_light(installation: Installation) -> None:
    schools = [make_school(f"s{n}", name=f"School with quite a long name {n}") for n in range(200)]
    partners = [make_partner(f"p{n}", name=f"Partner with quite a long name {n}") for n in range(1000)]
    needs = [make_need(f"n{n}", school_id=f"s{n}") for n in range(200)]
    district = make_district(needs, [make_offer("o0", partner_id="p0")], schools=schools, partners=partners)
    client = installation.client(Role.COORDINATOR, installation.add_district("big", district))
    for path in (
        "schools",
        "partners",
        "add/evaluations?school_id=s0",
        "change/partners/p0",
        "add/partnerships",
    ):
        answer = client.get(f"/districts/big/{path}", headers=PAGE)
        assert answer.status_code == 200
        assert len(answer.content) < MOST_BYTES, path
