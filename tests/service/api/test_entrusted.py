"""Cells that coordinators alone fill in: what the district vouches for, and what ranks the needs of all schools."""

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from service.people.principal import Role
from tests.districts import make_district, make_need, make_offer, make_partner
from tests.service.installation import Installation

V1 = "/api/v1"
ANY = {"If-Match": "*"}


@pytest.fixture
def installation(installation: Installation) -> Installation:
    """Give a district with an offer that is cleared as a whole, one of which 3 of 5 slots are, and a need."""
    district = make_district(
        [make_need("n0")],
        [
            make_offer("whole", partner_id="p0", slots=5),
            make_offer("part", partner_id="p0", slots=5, trained_slots=3, cleared_until="2027-06-30"),
            make_offer("tutors", partner_id="p0", slots=5, kinds=["tutoring"]),
        ],
        partners=[make_partner("p0", agreement_expires="2027-06-30")],
    )
    installation.add_district("entrusted", district)
    return installation


@pytest.fixture
def partner(installation: Installation) -> TestClient:
    return installation.client(Role.PARTNER, 2, "p0")


def patched(client: TestClient, path: str, **cells: object) -> Response:
    return client.patch(f"{V1}/{path}", json=cells, headers=ANY)


@pytest.mark.parametrize(
    ("role", "of", "path", "cell"),
    [
        (Role.PARTNER, "p0", "partners/p0", {"agreement_expires": "2099-01-01"}),
        (Role.PARTNER, "p0", "partners/p0", {"agreement_expires": None}),
        (Role.PARTNER, "p0", "offers/part", {"cleared_until": "2099-01-01"}),
        (Role.PARTNER, "p0", "offers/part", {"trained_slots": 5}),
        (Role.LEADER, "s0", "needs/n0", {"priority": 1}),
    ],
)
def test_cell_that_the_district_answers_for_is_a_coordinators(
    installation: Installation, role: Role, of: str, path: str, cell: dict[str, object]
) -> None:
    answer = patched(installation.client(role, 2, of), path, **cell)
    assert answer.status_code == 403
    assert f"{next(iter(cell))}: a coordinator fills this in" in answer.json()["detail"]
    assert patched(installation.client(Role.COORDINATOR, 2), path, **cell).status_code == 200


def test_cell_sent_back_as_it_stands_is_refused_to_nobody(partner: TestClient) -> None:
    as_it_stands = {"cleared_until": "2027-06-30", "trained_slots": 3}
    assert patched(partner, "offers/part", focus="Reading", **as_it_stands).status_code == 200


def test_new_offer_of_a_partner_is_cleared_for_nothing_yet(partner: TestClient) -> None:
    offer = {"partner_id": "p0", "focus": "Chess", "kinds": ["mentoring"], "slots": 9}
    assert partner.post(f"{V1}/offers", json=offer).json()["trained_slots"] == 0
    assert partner.post(f"{V1}/offers", json=offer | {"trained_slots": 9}).status_code == 403


@pytest.mark.parametrize(
    ("offer", "cells", "trained"),
    [
        ("whole", {"slots": 9}, 5),  # What is new is not cleared; blank said that all 5 were.
        ("whole", {"slots": 4}, None),
        ("part", {"slots": 9}, 3),
        ("part", {"slots": 2}, 2),  # Never more than there are.
        ("tutors", {"kinds": ["mentoring"]}, 0),  # Tutors were not cleared for mentoring.
        ("tutors", {"focus": "Algebra"}, None),
    ],
)
def test_partner_changes_its_slots_and_none_becomes_cleared_by_it(
    partner: TestClient, offer: str, cells: dict[str, object], trained: int | None
) -> None:
    answer = patched(partner, f"offers/{offer}", **cells)
    assert (answer.status_code, answer.json()["trained_slots"]) == (200, trained), answer.text


def test_slots_that_are_no_number_are_told_as_ever(partner: TestClient) -> None:
    assert patched(partner, "offers/whole", slots=-1).status_code == 422
