"""Locked trained slots of later needs, which no earlier need could have."""

from tests.districts import make_district, make_need, make_offer
from tests.matching.cases import run_match


def test_trained_slots_locked_for_a_later_need_are_not_said_to_be_held_by_the_search() -> None:
    needs = [
        make_need(slots=2, priority=1),
        make_need(slots=3, priority=5),
        make_need(slots=3, priority=5, kind="tutoring"),
    ]
    offer = make_offer(slots=6, trained_slots=3, kinds=["mentoring", "tutoring"])
    locked = {"need_id": "n1", "offer_id": "o0", "slots": 3, "status": "active", "locked": True}
    unmet = run_match(make_district(needs, [offer], partnerships=[locked])).unmet.set_index("need_id")
    # All 3 trained slots are locked, and the 3 that go to tutoring have no trained mentor.
    assert unmet.at["n0", "cause"] == "capacity"
    assert "3 to locked matches of needs that come later" in str(unmet.at["n0", "detail"])
    assert "Later levels" not in str(unmet.at["n0", "detail"])
