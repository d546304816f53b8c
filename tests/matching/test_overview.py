"""What is open in a district today."""

from datetime import date

import pytest
from hypothesis import given, settings

from matching.district import District
from matching.overview import LevelToday, overview_of
from tests.districts import make_district, make_need, make_offer, make_partner
from tests.matching.cases import districts

ON = date(2026, 11, 20)


def partnership(need_id: str, offer_id: str, slots: int, status: str = "active") -> dict[str, object]:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": status}


def test_running_slots_are_counted_at_the_level_of_their_need() -> None:
    needs = [
        make_need("n0", slots=5, priority=2, kind="mentoring"),
        make_need("n1", slots=4, priority=1, kind="tutoring"),
    ]
    offer = make_offer("o0", slots=9, kinds=["mentoring", "tutoring"])
    ran = [partnership("n0", "o0", 3), partnership("n1", "o0", 1, "paused")]
    found = overview_of(make_district(needs, [offer], partnerships=ran), on=ON)
    assert [level for level in found.levels if level.needed] == [
        LevelToday("mentoring-2", needed=5, filled=3),
        LevelToday("other-1", needed=4, filled=1),
    ]
    assert found.gaps[["need_id", "open"]].to_numpy().tolist() == [["n0", 2], ["n1", 3]]


@pytest.mark.parametrize("status", ["proposed", "ended", "declined"])
def test_what_does_not_run_fills_nothing(status: str) -> None:
    district = make_district(
        [make_need("n0", slots=5)],
        [make_offer("o0", slots=5)],
        partnerships=[partnership("n0", "o0", 5, status)],
    )
    assert overview_of(district, on=ON).gaps["open"].tolist() == [5]


@pytest.mark.parametrize(("expires", "open_slots"), [("2026-11-20", 0), ("2026-11-19", 5)])
def test_what_the_world_has_ended_fills_nothing(expires: str, open_slots: int) -> None:
    district = make_district(
        [make_need("n0", slots=5)],
        [make_offer("o0", slots=5)],
        partners=[make_partner(agreement_expires=expires)],
        partnerships=[partnership("n0", "o0", 5)],
    )
    assert overview_of(district, on=ON).needs["open"].tolist() == [open_slots]


def test_closed_need_is_not_listed() -> None:
    assert overview_of(make_district([make_need("n0", slots=0)], []), on=ON).needs.empty


def test_most_urgent_and_largest_gap_comes_first() -> None:
    needs = [
        make_need("n0", slots=9, priority=1, kind="event"),
        make_need("n1", slots=2, priority=3, kind="mentoring"),
        make_need("n2", slots=8, priority=3, kind="mentoring"),
    ]
    assert overview_of(make_district(needs, []), on=ON).needs["need_id"].tolist() == ["n2", "n1", "n0"]


@settings(max_examples=25, deadline=None)
@given(district=districts())
def test_levels_are_the_sums_of_the_needs(district: District) -> None:
    found = overview_of(district, on=ON)
    assert sum(level.needed for level in found.levels) == district.needs["slots"].sum()
    assert sum(level.open for level in found.levels) == found.gaps["open"].sum()
    assert (found.needs["open"] >= 0).all()
