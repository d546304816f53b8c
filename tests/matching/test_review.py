"""What a coordinator decides about a plan: refused with the rule that it breaks, and told what it costs."""

from contextlib import suppress
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.audit import findings_of
from matching.district import District
from matching.policy import Policy
from matching.review import FIRM, BrokenRules, Decision, Review, Reviewed, cost, decide, review_of
from matching.vocabulary import Rule
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import decisions, districts, on_a_few, run_match


def review(district: District, policy: Policy | None = None) -> Review:
    return review_of(district, run_match(district, policy))


def empty_review(district: District, policy: Policy | None = None) -> Review:
    """Return the review of a plan in which nothing is matched yet."""
    plan = run_match(district, policy).basis
    return Review(replace(plan, slots=plan.slots * 0), ())


def by_hand(need_id: str = "n0", offer_id: str = "o0", slots: int = 5, override: str = "") -> Reviewed:
    return Reviewed(
        need_id=need_id,
        offer_id=offer_id,
        slots=slots,
        is_by_hand=True,
        decision=Decision.ACCEPTED,
        override=override,
    )


def declined(one: Reviewed) -> Reviewed:
    return replace(one, decision=Decision.DECLINED, reason="The school knows them already.")


def rules_broken(review: Review, one: Reviewed) -> list[str]:
    with pytest.raises(BrokenRules) as error:
        decide(review, one)
    return sorted({found.rule for found in error.value.findings})


def runs(need: str, offer: str, slots: int, **cells: object) -> Row:
    return {"need_id": need, "offer_id": offer, "slots": slots, "status": "active", **cells}


def shared_offer() -> District:
    """Return an urgent need of two slots and a later one of three, which share an offer of three."""
    needs = [make_need("soon", slots=2, priority=1), make_need("late", slots=3, priority=4, school_id="s1")]
    return make_district(needs, [make_offer("o", slots=3, partner_id="p")])


def levels(found: pd.DataFrame) -> list[list[object]]:
    rows: list[list[object]] = found.to_numpy().tolist()
    return rows


def test_the_review_holds_the_matches_and_the_running_ones_that_the_plan_ends() -> None:
    needs = [make_need("soon", slots=2, priority=1), make_need("late", slots=3, priority=4)]
    running = [runs("late", "o", 3), runs("soon", "o", 1, locked="yes")]
    found = review(make_district(needs, [make_offer("o", slots=2)], partnerships=running))
    assert [(one.pair, one.planned, one.ran, one.is_ending, one.is_locked) for one in found.matches] == [
        (("soon", "o"), 2, 1, False, True),
        (("late", "o"), 0, 3, True, False),
    ]


def test_what_is_declined_is_gone_and_the_best_gives_its_slots_to_others() -> None:
    found = review(shared_offer())
    told = cost(found, [declined(found.matches[0])])
    assert levels(told.levels) == [["mentoring-1", 2, 2, 0, 0], ["mentoring-4", 3, 1, 1, 3]]
    assert told.best.sentence.startswith("The plan would lose 2 slots of mentoring at priority 1 and gain 2")


def test_fewer_slots_go_to_others_and_what_is_decided_together_is_told_together() -> None:
    found = review(shared_offer())
    soon, late = found.matches
    found = decide(found, replace(soon, slots=1, decision=Decision.ACCEPTED))
    assert levels(cost(found).levels) == [["mentoring-1", 2, 2, 1, 1], ["mentoring-4", 3, 1, 1, 2]]
    found = decide(found, replace(late, decision=Decision.ACCEPTED))
    assert levels(cost(found).levels) == [["mentoring-1", 2, 2, 1, 1], ["mentoring-4", 3, 1, 1, 1]]


def test_nothing_decided_costs_nothing() -> None:
    told = cost(review(shared_offer()))
    assert levels(told.levels) == [["mentoring-1", 2, 2, 2, 2], ["mentoring-4", 3, 1, 1, 1]]
    assert told.best.moves.empty


def test_a_match_thought_of_by_hand_tells_who_gives_way() -> None:
    needs = [make_need("soon", slots=2, priority=1), make_need("far", slots=2, priority=4, grades="9")]
    found = review(make_district(needs, [make_offer("o", slots=2, grades="K")]))
    told = cost(found, [by_hand("far", "o", slots=2)])
    assert levels(told.levels) == [["mentoring-1", 2, 2, 2, 0], ["mentoring-4", 2, 0, 2, 2]]


BROKEN: list[tuple[Rule, Row, Row, Row, str]] = [
    (Rule.KIND, {"kind": "event"}, {}, {}, "the need is event, the offer gives mentoring"),
    (Rule.GRADES, {"grades": "K"}, {"grades": "9-12"}, {}, "the need is for grade K, the offer for grades"),
    (Rule.SCHEDULE, {"schedule": "Mon 15:00-16:00"}, {"schedule": "Tue 15:00-16:00"}, {}, "0 minutes a week"),
    (Rule.LANGUAGES, {"languages": "Spanish"}, {}, {}, "asks for Spanish, the offer speaks English"),
    (Rule.CLEARANCE, {}, {"cleared_until": "2026-09-13"}, {}, "the clearance ended on 2026-09-13"),
    (Rule.COST, {"budget": 50}, {"cost_to_school": 80}, {}, "costs the school 80, the need's budget is 50"),
    (Rule.AGREEMENT, {}, {}, {"agreement_expires": "2026-09-13"}, "expired on 2026-09-13"),
    (Rule.EXCLUDED, {}, {}, {"not_schools": "s0"}, "does not go to this school"),
    (Rule.DISTANCE, {}, {}, {"latitude": 38.0, "longitude": -122.4, "radius_km": 5}, "the school is 33.4 km"),
    (Rule.FIT_FLOOR, {"statement": "Algebra tutors"}, {"focus": "Winter coats"}, {}, "the policy asks 0.3"),
    (Rule.MIN_MATCH, {"slots": 9}, {"slots": 9, "min_slots": 6}, {}, "at least 6 are worth doing"),
    (Rule.MIN_NEED, {"slots": 9, "min_slots": 6}, {}, {}, "it asks for none or at least 6"),
]


def broken(need: Row, offer: Row, partner: Row) -> Review:
    """Return an empty review of one need and one offer that do not go together."""
    school = make_school(latitude=37.7, longitude=-122.4)
    return empty_review(
        make_district(
            [make_need() | need],
            [make_offer() | offer],
            schools=[school],
            partners=[make_partner() | partner],
        )
    )


@pytest.mark.parametrize(("rule", "need", "offer", "partner", "figures"), BROKEN)
def test_a_rule_refuses_what_is_added_by_hand_until_a_reason_overrides_it(
    rule: Rule, need: Row, offer: Row, partner: Row, figures: str
) -> None:
    found = broken(need, offer, partner)
    with pytest.raises(BrokenRules, match=rule) as error:
        decide(found, by_hand())
    assert figures.casefold() in str(error.value).casefold()
    accepted = decide(found, by_hand(override="Both want it."))
    assert accepted.matches[0].overridden == (rule,)
    assert cost(accepted).levels["decided"].sum() == 5


def test_what_breaks_no_rule_is_added_by_hand() -> None:
    assert decide(broken({}, {}, {}), by_hand()).matches[0].given == 5


COUNTS: list[tuple[Rule, Row, Row, Row]] = [
    (Rule.MAX_PARTNERS, {"max_partners": 1}, {}, {}),
    (Rule.MAX_PARTNERS, {}, {"max_partners": 1}, {}),
    (Rule.MAX_SCHOOLS, {}, {}, {"max_schools": 1}),
]


@pytest.mark.parametrize(("rule", "need", "school", "partner"), COUNTS)
def test_one_partner_or_school_too_many_takes_a_reason(
    rule: Rule, need: Row, school: Row, partner: Row
) -> None:
    needs = [make_need(slots=4) | need, make_need(school_id="s1", slots=4)]
    offers = [make_offer(partner_id="p0", slots=9), make_offer(partner_id="p1", slots=9)]
    district = make_district(
        needs, offers, schools=[make_school() | school], partners=[make_partner("p0") | partner]
    )
    found = decide(empty_review(district), by_hand("n0", "o0", 2))
    second = by_hand("n0", "o1", 2) if rule is Rule.MAX_PARTNERS else by_hand("n1", "o0", 2)
    assert rules_broken(found, second) == [rule]
    found = decide(found, replace(second, override="The principal asks for it."))
    assert found.matches[1].overridden == (rule,)
    assert cost(found).levels["decided"].sum() == 4


@pytest.mark.parametrize(
    ("rule", "offer", "slots"),
    [
        (Rule.CAPACITY, {"slots": 3}, 4),
        (Rule.TRAINED_CAPACITY, {"slots": 9, "trained_slots": 3}, 4),
        (Rule.NEED_SLOTS, {"slots": 9}, 6),
    ],
)
def test_no_reason_gives_a_slot_twice(rule: Rule, offer: Row, slots: int) -> None:
    found = empty_review(make_district([make_need(slots=5)], [make_offer() | offer]))
    assert rule in rules_broken(found, by_hand(slots=slots))
    assert rule in rules_broken(found, by_hand(slots=slots, override="We want it."))
    assert decide(found, by_hand(slots=slots - 1)).matches[0].given == slots - 1


def test_what_one_decision_frees_another_made_with_it_takes() -> None:
    plan = review(shared_offer())  # Two slots for the urgent need, one for the later one.
    soon, late = plan.matches
    more = replace(late, decision=Decision.ACCEPTED, slots=3)
    assert Rule.CAPACITY in rules_broken(plan, more)
    after = decide(plan, declined(soon), more)
    assert [one.given for one in after.matches] == [0, 3]


def test_of_decisions_made_together_one_that_breaks_a_rule_refuses_all() -> None:
    plan = review(shared_offer())
    soon, late = plan.matches
    with pytest.raises(BrokenRules):
        decide(
            plan,
            replace(soon, decision=Decision.ACCEPTED),
            replace(late, decision=Decision.ACCEPTED, slots=2),
        )


def test_slots_that_others_have_are_named_with_them() -> None:
    found = review(shared_offer())
    with pytest.raises(
        BrokenRules, match=r"The offer gives 5 slots, it has 3: 2 with soon and 3 with late\."
    ):
        decide(found, replace(found.matches[1], slots=3, decision=Decision.ACCEPTED))


def test_a_locked_match_is_taken_away_only_with_a_reason() -> None:
    district = make_district([make_need()], [make_offer()], partnerships=[runs("n0", "o0", 3, locked="yes")])
    found = review(district)
    away = declined(found.matches[0])
    assert rules_broken(found, away) == [Rule.PAIR_LOCKED]
    assert decide(found, replace(away, override="They moved.")).matches[0].overridden == (Rule.PAIR_LOCKED,)
    assert decide(review(shared_offer()), declined(review(shared_offer()).matches[0]))


def test_a_match_taken_away_may_leave_its_need_short_until_it_is_published() -> None:
    district = make_district([make_need(slots=5, min_slots=4)], [make_offer(slots=3), make_offer(slots=2)])
    found = review(district)
    assert decide(found, declined(found.matches[0])).matches[0].given == 0


def test_what_runs_may_run_on_though_it_breaks_a_rule() -> None:
    lapsed = make_partner("p0", agreement_expires="2026-09-01")
    district = make_district(
        [make_need()], [make_offer()], partners=[lapsed], partnerships=[runs("n0", "o0", 3)]
    )
    found = review(district)
    assert decide(found, declined(found.matches[0])).matches[0].given == 3
    more = replace(found.matches[0], slots=4, decision=Decision.ACCEPTED)
    assert rules_broken(found, more) == [Rule.AGREEMENT]


def test_a_decline_without_a_reason_and_a_match_of_no_slots_are_refused() -> None:
    with pytest.raises(ValueError, match="expected a reason why it is declined"):
        Reviewed(need_id="n0", offer_id="o0", slots=1, decision=Decision.DECLINED, reason=" ")
    with pytest.raises(ValueError, match="slots must be >= 1, got 0"):
        by_hand(slots=0)


def test_a_need_that_is_closed_takes_no_match() -> None:
    district = make_district([make_need(slots=0), make_need()], [make_offer()])
    assert rules_broken(empty_review(district), by_hand()) == ["unknown"]


@on_a_few
@given(districts(), st.data())
def test_whatever_is_decided_no_slot_is_given_twice(district: District, data: st.DataObject) -> None:
    found = review(district)
    for one in data.draw(decisions(found)):
        with suppress(BrokenRules):
            found = decide(found, one)
    given_now = [(*one.pair, one.given) for one in found.matches if one.given]
    matches = pd.DataFrame(given_now, columns=["need_id", "offer_id", "slots"]).astype({"slots": "int64"})
    assert not [one for one in findings_of(matches, found.basis.scorer) if one.rule in FIRM]
    levels = cost(found).levels
    assert (levels[["decided", "best"]].max(axis=1) <= levels["needed"]).all()
