"""Publishing a review: what it makes, changes and ends, what it refuses, and how it is taken back."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings import WordHashEncoder
from matching import read_district
from matching.district import District
from matching.pipeline import Run
from matching.policy import Policy
from matching.publication import Done, Publication, publish, scorer_now, undo
from matching.rematching import rematch
from matching.review import BrokenRules, Decision, Reviewed, decide, review_of
from matching.vocabulary import Rule
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import decisions, districts, make_policy, on_a_few, run_match

FIXTURES = Path(__file__).parents[2] / "fixtures"
LATER = date(2026, 9, 20)
OPEN = make_policy(fit={"floor": 0})


def runs(need: str, offer: str, slots: int, **cells: object) -> Row:
    return {"need_id": need, "offer_id": offer, "slots": slots, "status": "active", **cells}


def accepted(need_id: str = "n0", offer_id: str = "o0", slots: int = 5, **cells: object) -> Reviewed:
    filled = {"need_id": need_id, "offer_id": offer_id, "slots": slots, "decision": Decision.ACCEPTED}
    return Reviewed(**{**filled, "planned": slots, **cells})  # type: ignore[arg-type]  # cells of one


def published(
    district: District,
    matches: Sequence[Reviewed],
    *,
    policy: Policy | None = None,
    accept_rest: bool = False,
) -> Publication:
    scorer = scorer_now(district, policy or Policy(), LATER, WordHashEncoder())
    return publish(district, scorer, matches, LATER, accept_rest=accept_rest)


def undone(district: District, made: Publication, policy: Policy | None = None) -> Publication:
    scorer = scorer_now(district, policy or Policy(), LATER, WordHashEncoder())
    return undo(district, scorer, LATER, made.changes, made.already_broken)


def after(district: District, made: Publication) -> District:
    return replace(district, partnerships=made.partnerships)


def rows(found: Publication) -> list[list[object]]:
    columns = ["need_id", "offer_id", "slots", "status", "locked"]
    listed: list[list[object]] = found.partnerships[columns].to_numpy().tolist()
    return listed


def refused(found: Publication) -> list[str]:
    return sorted({str(one.rule) for one in found.refusals})


PLAIN = make_district([make_need(), make_need()], [make_offer(), make_offer()])


def test_an_accepted_match_is_active_from_that_day() -> None:
    found = published(PLAIN, [accepted(is_locked=True)])
    assert rows(found) == [["n0", "o0", 5, "active", True]]
    assert found.partnerships["since"].dt.date.tolist() == [LATER]
    assert [change.done for change in found.changes] == [Done.MADE]
    assert found.decisions[["need_id", "offer_id", "decision"]].to_numpy().tolist() == [
        ["n0", "o0", "accepted"]
    ]


def test_a_declined_match_is_kept_from_the_next_plan_of_the_school_year() -> None:
    no = replace(accepted(), decision=Decision.DECLINED, reason="Another way is found.")
    found = published(PLAIN, [no])
    assert rows(found) == [["n0", "o0", 5, "declined", False]]
    assert found.decisions["reason"].tolist() == ["Another way is found."]
    planned = run_match(after(PLAIN, found)).allocation.matches
    assert ("n0", "o0") not in set(zip(planned["need_id"], planned["offer_id"], strict=True))


def test_what_is_undecided_is_published_only_with_the_rest() -> None:
    waiting = replace(accepted(), decision=Decision.PROPOSED)
    assert rows(published(PLAIN, [waiting])) == []
    found = published(PLAIN, [waiting], accept_rest=True)
    assert rows(found) == [["n0", "o0", 5, "active", False]]
    assert found.decisions.empty


def test_a_running_match_gets_its_new_slots_and_keeps_its_first_day_and_its_lock() -> None:
    running = runs("n0", "o0", 3, since="2026-09-01", locked="yes")
    found = published(make_district([make_need()], [make_offer()], partnerships=[running]), [accepted(ran=3)])
    assert rows(found) == [["n0", "o0", 5, "active", True]]
    assert found.partnerships["since"].dt.date.tolist() == [date(2026, 9, 1)]
    assert [change.done for change in found.changes] == [Done.CHANGED]


def test_a_lock_taken_away_in_the_review_goes_and_one_that_came_later_stays() -> None:
    running = runs("n0", "o0", 5, locked="yes")
    district = make_district([make_need()], [make_offer()], partnerships=[running])
    assert rows(published(district, [accepted(ran=5, was_locked=True)])) == [["n0", "o0", 5, "active", False]]
    assert published(district, [accepted(ran=5)]).changes == ()


def test_a_running_match_that_the_plan_ends_goes_on_until_that_is_accepted() -> None:
    district = make_district([make_need()], [make_offer()], partnerships=[runs("n0", "o0", 3)])
    ending = Reviewed(need_id="n0", offer_id="o0", ran=3, slots=0)
    assert rows(published(district, [ending])) == [["n0", "o0", 3, "active", False]]
    no = replace(ending, decision=Decision.DECLINED, reason="They are used to each other.")
    assert rows(published(district, [no], accept_rest=True)) == [["n0", "o0", 3, "active", False]]
    found = published(district, [replace(ending, decision=Decision.ACCEPTED)])
    assert rows(found) == [["n0", "o0", 3, "ended", False]]
    assert found.decisions.empty


def test_a_proposal_becomes_the_match_and_keeps_its_lock() -> None:
    proposed = runs("n0", "o0", 2, status="proposed", locked="yes")
    district = make_district([make_need()], [make_offer()], partnerships=[proposed])
    assert rows(published(district, [accepted()])) == [["n0", "o0", 5, "active", True]]
    no = replace(accepted(), decision=Decision.DECLINED, reason="No.")
    assert rows(published(district, [no])) == [["n0", "o0", 2, "declined", False]]


def test_what_was_declined_this_school_year_is_not_declined_twice() -> None:
    row = runs("n0", "o0", 2, status="declined", since="2026-09-01")
    district = make_district([make_need()], [make_offer()], partnerships=[row])
    no = replace(accepted(), decision=Decision.DECLINED, reason="No.")
    assert published(district, [no]).changes == ()


FIRM: list[tuple[Rule, Row, Row]] = [
    (Rule.CAPACITY, {}, {"slots": 4}),
    (Rule.TRAINED_CAPACITY, {}, {"trained_slots": 4}),
    (Rule.NEED_SLOTS, {"slots": 4}, {}),
    (Rule.NEED_SLOTS, {"slots": 0}, {}),
]
ALL = [one for one in Rule if one is not Rule.PAIR_LOCKED]


@pytest.mark.parametrize(("rule", "need", "offer"), FIRM)
def test_slots_that_are_gone_since_are_refused_whatever_the_reason(rule: Rule, need: Row, offer: Row) -> None:
    district = make_district([make_need() | need], [make_offer() | offer])
    found = published(district, [accepted(override="We want it.", overridden=tuple(ALL))])
    assert rule in refused(found)
    assert not published(PLAIN, [accepted()]).refusals


CHANGED: list[tuple[Rule, Row, Row, Row, Row]] = [
    (Rule.KIND, {"kind": "event"}, {}, {}, {}),
    (Rule.GRADES, {"grades": "K"}, {"grades": "9-12"}, {}, {}),
    (Rule.SCHEDULE, {"schedule": "Mon 15:00-16:00"}, {"schedule": "Tue 15:00-16:00"}, {}, {}),
    (Rule.LANGUAGES, {"languages": "Spanish"}, {}, {}, {}),
    (Rule.CLEARANCE, {}, {"cleared_until": "2026-09-19"}, {}, {}),
    (Rule.COST, {"budget": 50}, {"cost_to_school": 80}, {}, {}),
    (Rule.AGREEMENT, {}, {}, {"agreement_expires": "2026-09-19"}, {}),
    (Rule.EXCLUDED, {}, {}, {"not_schools": "s0"}, {}),
    (Rule.DISTANCE, {}, {}, {"latitude": 38.0, "longitude": -122.4, "radius_km": 5}, {}),
    (Rule.FIT_FLOOR, {"statement": "Algebra tutors"}, {"focus": "Winter coats"}, {}, {}),
    (Rule.MIN_MATCH, {"slots": 9}, {"slots": 9, "min_slots": 6}, {}, {}),
    (Rule.MIN_NEED, {"slots": 9, "min_slots": 6}, {}, {}, {}),
    (Rule.MAX_PARTNERS, {"max_partners": 1}, {}, {}, {}),
    (Rule.MAX_PARTNERS, {}, {}, {}, {"max_partners": 1}),
    (Rule.MAX_SCHOOLS, {}, {}, {"max_schools": 1}, {}),
]


@pytest.mark.parametrize(("rule", "need", "offer", "partner", "school"), CHANGED)
def test_a_rule_that_the_district_breaks_since_is_refused_with_its_name_unless_overridden(
    rule: Rule, need: Row, offer: Row, partner: Row, school: Row
) -> None:
    own = make_school(**{"latitude": 37.7, "longitude": -122.4, **school})  # type: ignore[arg-type]  # cells
    needs = [{**make_need(slots=5), **need}, make_need(school_id="s1")]
    offers = [{**make_offer(slots=9), **offer}, make_offer(slots=5)]
    running = {Rule.MAX_PARTNERS: [runs("n0", "o1", 0)], Rule.MAX_SCHOOLS: [runs("n1", "o0", 1)]}.get(
        rule, []
    )
    slots = 4 if need.get("max_partners") or school else 5
    running = [{**row, "slots": 1} for row in running]
    district = make_district(
        needs, offers, schools=[own], partners=[make_partner() | partner], partnerships=running
    )
    found = published(district, [accepted(slots=slots)])
    assert refused(found) == [rule]
    excused = accepted(slots=slots, override="We want it.", overridden=(rule,))
    assert published(district, [excused]).refusals == ()


def test_a_lock_set_since_is_not_ended() -> None:
    locked = make_district([make_need()], [make_offer()], partnerships=[runs("n0", "o0", 3, locked="yes")])
    ending = Reviewed(need_id="n0", offer_id="o0", ran=3, slots=0, decision=Decision.ACCEPTED)
    assert refused(published(locked, [ending])) == [Rule.PAIR_LOCKED]
    open_one = make_district([make_need()], [make_offer()], partnerships=[runs("n0", "o0", 3)])
    assert refused(published(open_one, [ending])) == []


def test_slots_given_to_others_since_are_named_with_them() -> None:
    district = make_district([make_need(), make_need()], [make_offer()], partnerships=[runs("n1", "o0", 2)])
    found = published(district, [accepted()])
    said = {one.rule: (one.offer_id, one.message) for one in found.refusals}
    assert said[Rule.CAPACITY] == ("o0", "The offer gives 7 slots, it has 5: 2 with n1 and 5 with n0.")


def test_a_partnership_that_changed_since_is_not_overwritten() -> None:
    district = make_district([make_need()], [make_offer()], partnerships=[runs("n0", "o0", 4)])
    found = published(district, [accepted(ran=3)])
    assert refused(found) == ["changed"]
    assert "It ran with 3 slots when the plan was made, with 4 now." in found.refusals[0].message
    assert published(district, [accepted(slots=4, ran=3)]).refusals == ()


def test_what_does_not_matter_to_the_matches_refuses_nothing() -> None:
    lapsed = make_partner("p1", agreement_expires="2026-09-01")
    other = make_district(
        [make_need(), make_need(school_id="s1", slots=2)],
        [make_offer(), make_offer()],
        partners=[lapsed],
        partnerships=[runs("n1", "o1", 1)],
        comments=[{"school_id": "s0", "respondent": "staff", "text": "Soon, please."}],
    )
    assert published(other, [accepted()]).refusals == ()


def test_publishing_twice_changes_nothing_more() -> None:
    made = published(PLAIN, [accepted()])
    again = published(after(PLAIN, made), [accepted()])
    assert (again.changes, again.refusals) == ((), ())


def test_an_undone_publication_leaves_the_table_as_it_was() -> None:
    running = [runs("n1", "o1", 2, since="2026-09-01"), runs("n0", "o1", 1)]
    district = make_district([make_need(), make_need()], [make_offer()] * 2, partnerships=running)
    ending = Reviewed(need_id="n1", offer_id="o1", ran=2, slots=0, decision=Decision.ACCEPTED)
    no = replace(accepted("n1", "o0"), decision=Decision.DECLINED, reason="No.")
    made = published(district, [accepted(slots=4), ending, no])
    assert made.refusals == ()
    back = undone(after(district, made), made)
    assert back.refusals == ()
    pd.testing.assert_frame_equal(back.partnerships, district.partnerships)


def test_what_changed_since_it_was_published_is_not_undone() -> None:
    made = published(PLAIN, [accepted()])
    changed = make_district(
        [make_need(), make_need()], [make_offer(), make_offer()], partnerships=[runs("n0", "o0", 4)]
    )
    assert refused(undone(changed, made)) == ["changed"]


def test_slots_that_others_got_since_are_not_taken_back() -> None:
    district = make_district([make_need()] * 2, [make_offer()], partnerships=[runs("n0", "o0", 5)])
    ending = Reviewed(need_id="n0", offer_id="o0", ran=5, slots=0, decision=Decision.ACCEPTED)
    made = published(district, [ending])
    taken = after(district, made)
    taken = after(taken, published(taken, [accepted("n1", "o0")]))
    assert refused(undone(taken, made)) == [Rule.CAPACITY, Rule.TRAINED_CAPACITY]


def test_an_offer_that_was_overdrawn_before_is_so_again_once_it_is_undone() -> None:
    running = [runs("n0", "o0", 4), runs("n1", "o0", 4)]
    district = make_district([make_need(), make_need()], [make_offer(slots=5)], partnerships=running)
    ending = Reviewed(need_id="n0", offer_id="o0", ran=4, slots=0, decision=Decision.ACCEPTED)
    made = published(district, [ending])
    assert undone(after(district, made), made).refusals == ()


def test_unknown_columns_of_the_partnerships_stay() -> None:
    noted = runs("n1", "o1", 2, note="mornings")
    district = make_district([make_need(), make_need()], [make_offer(), make_offer()], partnerships=[noted])
    made = published(district, [accepted()])
    assert made.partnerships["note"].tolist() == ["mornings", ""]


def test_a_plan_of_mid_year_published_whole_leaves_the_partnerships_that_rematch_tells() -> None:
    on, district = date(2027, 1, 15), read_district(FIXTURES / "midyear")
    plan = rematch(district, run=Run(on=on, effort="quick"), encoder=WordHashEncoder())
    matches = review_of(district, plan.matching).matches
    scorer = scorer_now(district, Policy(), on, WordHashEncoder())
    made = publish(district, scorer, matches, on, accept_rest=True)
    assert made.refusals == ()
    assert running(made.partnerships) == running(plan.partnerships)


def running(partnerships: pd.DataFrame) -> list[list[object]]:
    runs = partnerships["status"].isin(["active", "paused"]) & (partnerships["slots"] > 0)
    columns = ["need_id", "offer_id", "slots", "status", "since", "locked"]
    listed: list[list[object]] = (
        partnerships.loc[runs, columns].sort_values(columns[:2]).astype(str).to_numpy().tolist()
    )
    return listed


@on_a_few
@given(districts(), districts(), st.data())
def test_whatever_is_decided_and_changes_no_slot_is_given_twice_and_undo_brings_all_back(
    planned: District, now: District, data: st.DataObject
) -> None:
    review = review_of(planned, run_match(planned, OPEN))
    for one in data.draw(decisions(review)):
        with suppress(BrokenRules):
            review = decide(review, one)
    now = data.draw(st.sampled_from([planned, now]))
    made = published(now, review.matches, policy=OPEN, accept_rest=data.draw(st.booleans()))
    if made.refusals:
        return
    then = after(now, made)
    running = then.partnerships[then.partnerships["status"].isin(["active", "paused"])]
    given_to = running.groupby("offer_id")["slots"].sum()
    assert (given_to <= now.offers.set_index("offer_id")["slots"].reindex(given_to.index)).all()
    got = running.groupby("need_id")["slots"].sum()
    assert (got <= now.needs.set_index("need_id")["slots"].reindex(got.index)).all()
    back = undone(then, made, OPEN)
    assert back.refusals == ()
    pd.testing.assert_frame_equal(back.partnerships, now.partnerships)
