"""A match made by hand: what stands against it, who gives way, and that publishing it does just that."""

from datetime import date

import pytest

from embeddings import WordHashEncoder
from matching.by_hand import ByHand, all_of, by_hand, running_plan, running_review
from matching.district import District
from matching.policy import Policy
from matching.publication import publish, scorer_now
from matching.review import Review
from tests.districts import make_district, make_need, make_offer, make_partner

ON = date(2026, 9, 1)


def running(need_id: str, offer_id: str, slots: int, *, locked: bool = False) -> dict[str, object]:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": "active", "locked": locked}


def district_of(*rows: dict[str, object]) -> District:
    """Return a district with an urgent and another need, and two offers of 4 slots of tutoring each."""
    needs = [
        make_need("n0", slots=4, priority=1, kind="tutoring"),
        make_need("n1", slots=4, priority=3, kind="tutoring"),
    ]
    offers = [
        make_offer("o0", partner_id="p0", slots=4, kinds=["tutoring"]),
        make_offer("o1", partner_id="p1", slots=3, kinds=["tutoring"]),
    ]
    return make_district(
        needs, offers, partners=[make_partner("p0"), make_partner("p1")], partnerships=list(rows)
    )


def review_of(district: District) -> Review:
    plan = running_plan(district, Policy(), on=ON, encoder=WordHashEncoder())
    return running_review(district, plan)


def thought(district: District, need_id: str, offer_id: str, slots: int) -> ByHand:
    return by_hand(review_of(district), need_id, offer_id, slots)


def levels(found: ByHand) -> dict[str, tuple[int, int]]:
    columns = (found.levels[name].tolist() for name in ("level", "before", "after"))
    return {level: (before, after) for level, before, after in zip(*columns, strict=True)}


def test_free_slots_cost_nobody_anything() -> None:
    found = thought(district_of(running("n1", "o0", 1)), "n0", "o0", 3)
    assert (found.broken, found.has_room, len(found.others)) == ((), True, 0)
    assert levels(found) == {"other-1": (0, 3)}


def test_nothing_else_is_filled_by_the_way() -> None:
    """n1 could have 3 slots of o1 at once; that is another decision."""
    assert levels(thought(district_of(), "n0", "o0", 1)) == {"other-1": (0, 1)}


def test_who_holds_the_slots_gives_way_and_gets_what_else_there_is() -> None:
    # n1 holds all 4 of o0; giving n0 all of them leaves n1 the 3 of o1: it loses 1.
    found = thought(district_of(running("n1", "o0", 4)), "n0", "o0", 4)
    assert [one.rule for one in found.broken] == ["capacity"]
    moves = found.others.set_index("offer_id")[["before", "after"]].to_dict("index")
    assert moves == {"o0": {"before": 4, "after": 0}, "o1": {"before": 0, "after": 3}}
    assert levels(found) == {"other-1": (0, 4), "other-3": (4, 3)}
    assert not found.can_override


def test_locked_match_gives_way_to_nobody() -> None:
    found = thought(district_of(running("n1", "o0", 4, locked=True)), "n0", "o0", 1)
    assert (found.has_room, len(found.others)) == (False, 0)
    assert [one.rule for one in found.broken] == ["capacity"]


def test_rule_of_the_pair_is_named_and_can_be_overridden() -> None:
    district = make_district(
        [make_need("n0", kind="mentoring")], [make_offer("o0", slots=5, kinds=["tutoring"])]
    )
    found = thought(district, "n0", "o0", 1)
    assert "kind" in [one.rule for one in found.broken]
    assert (found.can_override, found.breaks_its_own, found.has_room) == (True, True, True)


def test_slots_of_what_the_world_has_ended_are_not_free_as_long_as_its_row_runs() -> None:
    district = district_of(running("n1", "o0", 4))
    district.partners.loc[district.partners["partner_id"] == "p0", "agreement_expires"] = "2026-01-01"
    found = thought(district, "n0", "o0", 1)
    assert {one.rule for one in found.broken} == {"agreement", "capacity"}


def test_more_slots_of_a_running_match_are_added_to_it() -> None:
    found = thought(district_of(running("n0", "o0", 1)), "n0", "o0", 2)
    assert (found.one.ran, found.one.slots) == (1, 3)
    assert levels(found) == {"other-1": (1, 3)}


@pytest.mark.parametrize("slots", [1, 3, 4])
def test_what_is_published_breaks_nothing_and_fills_what_was_told(slots: int) -> None:
    district = district_of(running("n1", "o0", 4))
    review = review_of(district)
    found = by_hand(review, "n0", "o0", slots)
    scorer = scorer_now(district, Policy(), ON, WordHashEncoder())
    made = publish(district, scorer, all_of(found, review), ON)
    runs = made.partnerships[made.partnerships["status"] == "active"].groupby("need_id")["slots"].sum()
    assert made.refusals == ()
    assert (runs["n0"], runs["n1"]) == (slots, levels(found).get("other-3", (4, 4))[1])
