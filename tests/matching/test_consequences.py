"""Questions about a plan: what if, why not this pair, and who else, in the district's words."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given

from embeddings import WordHashEncoder
from matching.audit import audit_allocation
from matching.consequences import (
    Change,
    ChangeSlots,
    DropPartner,
    Forbid,
    Force,
    standing_plan,
    what_if,
)
from matching.district import District
from matching.objections import why_not
from matching.pipeline import Matching
from matching.replacements import alternates
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import ON, districts, make_policy, on_a_few, run_match


def shared_offer() -> District:
    """Return an urgent need of two slots and a later one of three, which share an offer of three."""
    needs = [make_need("soon", slots=2, priority=1), make_need("late", slots=3, priority=4, school_id="s1")]
    return make_district(needs, [make_offer("o", slots=3, partner_id="p")])


def slots_of(moves: pd.DataFrame) -> dict[tuple[str, str], tuple[int, int]]:
    rows = moves[["need_id", "offer_id", "before", "after"]].itertuples(index=False, name=None)
    return {(need, offer): (before, after) for need, offer, before, after in rows}


def test_a_forced_match_tells_what_it_takes_from_whom() -> None:
    found = what_if(run_match(shared_offer()), [Force("late", "o", 2)])
    assert slots_of(found.moves) == {("soon", "o"): (2, 1), ("late", "o"): (1, 2)}
    assert found.levels.to_dict("records") == [
        {"level": "mentoring-1", "needed": 2, "before": 2, "after": 1},
        {"level": "mentoring-4", "needed": 3, "before": 1, "after": 2},
    ]
    assert found.sentence == (
        "The plan would lose 1 slot of mentoring at priority 1 and gain 1 slot of mentoring at priority 4. "
        "2 matches would change: 2 with more or fewer slots."
    )
    assert found.is_proven


def test_a_forbidden_match_ends() -> None:
    found = what_if(run_match(shared_offer()), [Forbid("soon", "o")])
    assert slots_of(found.moves) == {("soon", "o"): (2, 0), ("late", "o"): (1, 3)}


def test_more_slots_of_an_offer_whose_slots_are_all_trained_are_trained_too() -> None:
    plan = run_match(
        make_district([make_need(slots=9)], [make_offer(slots=3)], partnerships=[lock("n0", "o0", 1)])
    )
    assert slots_of(what_if(plan, [ChangeSlots("o0", 4)]).moves) == {("n0", "o0"): (3, 7)}


def test_more_slots_of_an_offer_with_few_trained_mentors_bring_no_mentor() -> None:
    plan = run_match(make_district([make_need(slots=9)], [make_offer(slots=3, trained_slots=2)]))
    found = what_if(plan, [ChangeSlots("o0", 4)])
    assert found.moves.empty
    assert found.sentence.startswith("As many slots would be filled at every level as now.")


def test_a_partner_that_withdraws_takes_all_its_matches_along() -> None:
    found = what_if(run_match(shared_offer()), [DropPartner("p")])
    assert slots_of(found.moves) == {("soon", "o"): (2, 0), ("late", "o"): (1, 0)}


def lock(need_id: str, offer_id: str, slots: int) -> Row:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": "active", "locked": True}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Force("none", "o"), "Need none: expected the id"),
        (Forbid("soon", "none"), "Offer none: expected the id"),
        (DropPartner("none"), "Partner none: expected the id"),
        (Force("late", "o", 9), "late=o: expected 1 to 3 slots, got 9"),
        (ChangeSlots("o", -4), "Offer o: has 3 slots, cannot lose 4"),
        (ChangeSlots("o", 10**6), "Offer o: slots must be <= 1000000, got 1000003"),
    ],
)
def test_what_cannot_be_is_refused_with_the_ids_of_the_district(change: Change, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        what_if(run_match(shared_offer()), [change])


def test_a_pair_that_a_rule_excludes_cannot_be_forced() -> None:
    plan = run_match(make_district([make_need(grades="K-2")], [make_offer(grades="9-12")]))
    with pytest.raises(ValueError, match="n0=o0: a rule excludes this pair"):
        what_if(plan, [Force("n0", "o0")])


def test_a_plan_taken_up_from_its_matches_answers_the_same() -> None:
    plan = run_match(shared_offer())
    taken_up = standing_plan(shared_offer(), plan.allocation.matches, on=ON, encoder=WordHashEncoder())
    changes = [Force("late", "o", 2)]
    assert what_if(taken_up, changes).as_dict() == what_if(plan, changes).as_dict()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"need_id": "x", "offer_id": "o", "slots": 1}, "expected need_id of this district, found x"),
        ({"need_id": "soon", "offer_id": "o", "slots": 4}, "`partnermatch audit` names them all"),
    ],
)
def test_matches_that_are_no_plan_of_the_district_are_refused(row: Row, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        standing_plan(shared_offer(), pd.DataFrame([row]), on=ON, encoder=WordHashEncoder())


EXCLUDED: list[tuple[str, Row, Row, Row, str]] = [
    ("kind", {"kind": "event"}, {}, {}, "the offer would have to give event too"),
    ("grades", {"grades": "K"}, {"grades": "9-12"}, {}, "the offer would have to serve some of grade K"),
    (
        "schedule",
        {"schedule": "Mon 15:00-16:00"},
        {"schedule": "Tue 15:00-16:00"},
        {},
        "share 30 minutes a week",
    ),
    ("languages", {"languages": "Spanish"}, {}, {}, "someone would have to speak Spanish"),
    ("clearance", {}, {"trained_slots": 0}, {}, "would have to be trained and cleared"),
    ("clearance", {}, {"cleared_until": "2026-09-13"}, {}, "the clearance would have to be renewed"),
    ("cost", {"budget": 50}, {"cost_to_school": 80}, {}, "the budget would have to be 80"),
    ("agreement", {}, {}, {"agreement_expires": "2026-09-13"}, "the agreement would have to be renewed"),
    ("excluded", {}, {}, {"not_schools": "s0"}, "the partner would have to agree to go there"),
    (
        "distance",
        {},
        {},
        {"latitude": 37.8, "longitude": -122.4, "radius_km": 1},
        "would have to come as far as 11.2",
    ),
]


@pytest.mark.parametrize(("rule", "need", "offer", "partner", "wanted"), EXCLUDED)
def test_an_excluded_pair_is_told_its_rule_and_what_would_have_to_change(
    rule: str, need: Row, offer: Row, partner: Row, wanted: str
) -> None:
    school = make_school(latitude=37.7, longitude=-122.4)
    rows = make_need() | need, make_offer() | offer, make_partner() | partner
    district = make_district([rows[0]], [rows[1]], schools=[school], partners=[rows[2]])
    found = why_not(run_match(district), "n0", "o0")
    assert (found.smallest, [gap.rule for gap in found.rules]) == ("rules", [rule])
    assert wanted in found.rules[0].wanted
    assert "Then the plan would gain" in found.change


def test_an_excluded_pair_that_would_gain_nothing_is_told_so() -> None:
    needs = [make_need(), make_need("n1", grades="K", slots=2, priority=5, school_id="s1")]
    found = why_not(run_match(make_district(needs, [make_offer(slots=5, grades="9-12")])), "n1", "o0")
    assert "Even then" in found.change


def test_a_match_that_a_typed_plan_leaves_out_is_said_to_better_it() -> None:
    typed = pd.DataFrame([{"need_id": "soon", "offer_id": "o", "slots": 2}])
    plan = standing_plan(shared_offer(), typed, on=ON, encoder=WordHashEncoder())
    found = why_not(plan, "late", "o")
    assert found.why == "Nothing stands in its way: the plan would be better with it."
    assert found.change.startswith("The plan would gain 1 slot of mentoring at priority 4.")


def test_an_offer_about_something_else_is_told_its_similarity() -> None:
    district = make_district([make_need(statement="algebra tutors")], [make_offer(focus="winter coats")])
    assert "similarity 0.00, the policy asks 0.3" in why_not(run_match(district), "n0", "o0").why


def test_an_urgent_need_before_it_is_named_with_the_slots_that_would_help() -> None:
    needs = [make_need("soon", slots=2, priority=1), make_need("late", slots=3, priority=4, school_id="s1")]
    found = why_not(run_match(make_district(needs, [make_offer("o", slots=2)])), "late", "o")
    assert (found.smallest, found.change) == (
        "slots",
        "With 1 slot more of this offer it would come, and no level would lose by it.",
    )
    assert "The offer has 2 slots: 2 for School s0 (soon, mentoring at priority 1)." in found.why


def test_a_partner_with_all_its_schools_is_named_with_them() -> None:
    needs = [make_need(slots=3), make_need(slots=2, school_id="s1")]
    district = make_district(needs, [make_offer(slots=9)], partners=[make_partner(max_schools=1)])
    found = why_not(run_match(district), "n1", "o0")
    assert found.smallest == "levels"
    assert "Partner p0 has its most schools (1): School s0; one of them would have to leave." in found.why


def test_a_fitter_offer_is_told_by_the_fit_that_is_missing() -> None:
    offers = [make_offer(focus="algebra tutors"), make_offer(focus="reading mentors")]
    policy = make_policy(fit={"floor": 0})
    plan = run_match(make_district([make_need(statement="algebra tutors")], offers), policy)
    found = why_not(plan, "n0", "o1")
    assert found.smallest == "fit"
    assert "others fit better" in found.why


def test_a_match_of_the_plan_needs_no_change() -> None:
    assert why_not(run_match(shared_offer()), "soon", "o").why == "It does: 2 slots of o go to soon."


def test_an_offer_without_slots_is_told_so() -> None:
    assert (
        why_not(run_match(make_district([make_need()], [make_offer(slots=0)])), "n0", "o0").smallest
        == "no_slots"
    )


def test_the_next_best_offer_replaces_a_match() -> None:
    offers = [
        make_offer("best"),
        make_offer("next", focus="Help with reading a lot"),
        make_offer("no", kinds=["event"]),
    ]
    found = alternates(run_match(make_district([make_need()], offers)), "n0", "best")
    assert [(one.offer_id, one.slots) for one in found] == [("next", 5)]
    assert found[0].consequence.fit < 0


def test_only_a_match_of_the_plan_has_alternates() -> None:
    with pytest.raises(ValueError, match="expected a match of the plan, found none"):
        alternates(run_match(make_district([make_need(kind="event")], [make_offer()])), "n0", "o0")


def after(plan: Matching, moves: pd.DataFrame) -> pd.DataFrame:
    """Return the matches of a plan after moves."""
    changed = [*plan.allocation.matches["need_id"] + plan.allocation.matches["offer_id"]]
    kept = plan.allocation.matches[~pd.Series(changed).isin(moves["need_id"] + moves["offer_id"]).to_numpy()]
    moved = moves[moves["after"] > 0].rename(columns={"after": "slots"})
    columns = ["need_id", "offer_id", "slots"]
    return pd.concat([kept[columns], moved[columns]], ignore_index=True)


@on_a_few
@given(districts())
def test_every_plan_with_a_match_forbidden_passes_the_audit(district: District) -> None:
    plan = run_match(district)
    for row in plan.allocation.matches.head(2).itertuples():
        if any((district.partnerships["need_id"] == row.need_id) & district.partnerships["locked"]):
            continue
        found = what_if(plan, [Forbid(str(row.need_id), str(row.offer_id))])
        matches = after(plan, found.moves)
        assert (row.need_id, row.offer_id) not in set(
            zip(matches["need_id"], matches["offer_id"], strict=True)
        )
        assert audit_allocation(district, matches, on=ON, encoder=WordHashEncoder()).is_passed
