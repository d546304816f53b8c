"""What the tests of the pipeline share: one date, quick facts and scorers, and small generated districts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import Phase, settings
from hypothesis import strategies as st

from embeddings import WordHashEncoder
from matching.candidates import Scorer, scorer_of
from matching.district import District
from matching.facts import Facts, facts_of
from matching.pipeline import Matching, Run, match
from matching.policy import Policy, Rules, policy_from_mapping
from matching.review import Decision, Review, Reviewed
from matching.rules import PAIR_RULES
from matching.vocabulary import Rule
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school

ON = date(2026, 9, 14)
on_a_few = settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
"""For tests on generated districts; a failing one is shown as drawn, as shrinking takes minutes."""


def make_facts(district: District, rules: Rules | None = None) -> Facts:
    return facts_of(district, rules or Rules(), ON)


def make_scorer(district: District, policy: Policy | None = None) -> Scorer:
    return scorer_of(district, policy or Policy(), ON, WordHashEncoder())


def make_policy(**tables: object) -> Policy:
    return policy_from_mapping(tables)


def run_match(district: District, policy: Policy | None = None) -> Matching:
    return match(district, policy, run=Run(on=ON), encoder=WordHashEncoder())


def slots_by_pair(matching: Matching) -> dict[tuple[str, str], int]:
    rows = matching.allocation.matches[["need_id", "offer_id", "slots"]]
    return {(need, offer): int(slots) for need, offer, slots in rows.itertuples(index=False)}


def allowed(rule: Rule, district: District, rules: Rules | None = None) -> list[list[bool]]:
    """Return whether a rule allows each need (a row) with each offer (a column)."""
    rules = rules or Rules()
    facts = facts_of(district, rules, ON)
    need, offer = np.arange(facts.num_needs)[:, np.newaxis], np.arange(facts.num_offers)[np.newaxis, :]
    found: list[list[bool]] = PAIR_RULES[rule](facts, need, offer, rules).tolist()
    return found


def _maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


_TEXTS = st.sampled_from(["reading mentors", "math tutors after school", "books and coats", "garden day"])
_GRADES = st.sampled_from(["K-2", "3-5", "6-8", "PK|9-12"])
_SCHEDULES = st.sampled_from(["Mon 15:00-16:00", "Mon 15:30-16:30|Wed 09:00-09:29", "Wed 09:00-12:00"])
_LANGUAGES = st.sampled_from(["Spanish", "spanish|Somali", "ENGLISH", "Arabic"])
_DATES = st.sampled_from(["2026-09-13", "2026-09-14", "2027-06-30"])
_PLACES = st.sampled_from([(37.70, -122.40), (37.75, -122.45), (37.90, -122.40), (None, None)])
_KINDS = ("mentoring", "tutoring", "resources")
_SMALL = st.integers(1, 4)


@st.composite
def schools(draw: st.DrawFn, school_id: str) -> Row:
    latitude, longitude = draw(_PLACES)
    return make_school(
        school_id,
        grades=draw(st.sampled_from(["PK-5", "6-8", "K-12"])),
        latitude=latitude,
        longitude=longitude,
        languages=draw(_maybe(_LANGUAGES)),
        max_partners=draw(_maybe(_SMALL)),
    )


@st.composite
def partners(draw: st.DrawFn, partner_id: str) -> Row:
    latitude, longitude = draw(_PLACES)
    return make_partner(
        partner_id,
        latitude=latitude,
        longitude=longitude,
        radius_km=draw(_maybe(st.sampled_from([1, 8, 30]))),
        max_schools=draw(_maybe(_SMALL)),
        priorities=draw(_maybe(_TEXTS)),
        years_committed=draw(_maybe(_SMALL)),
        agreement_expires=draw(_maybe(_DATES)),
        not_schools=draw(_maybe(st.sampled_from(["s0", "s1|s2"]))),
    )


@st.composite
def needs(draw: st.DrawFn, need_id: str) -> Row:
    slots = draw(st.integers(1, 9))
    return make_need(
        need_id,
        school_id=draw(st.sampled_from(["s0", "s1", "s2"])),
        statement=draw(_TEXTS),
        kind=draw(st.sampled_from(_KINDS)),
        slots=slots,
        priority=draw(st.integers(1, 5)),
        grades=draw(_maybe(_GRADES)),
        schedule=draw(_maybe(_SCHEDULES)),
        languages=draw(_maybe(_LANGUAGES)),
        min_slots=draw(_maybe(st.integers(1, slots))),
        max_partners=draw(_maybe(_SMALL)),
        budget=draw(_maybe(st.sampled_from([0, 100]))),
    )


@st.composite
def offers(draw: st.DrawFn, offer_id: str) -> Row:
    slots = draw(st.integers(0, 12))
    return make_offer(
        offer_id,
        partner_id=draw(st.sampled_from(["p0", "p1", "p2"])),
        focus=draw(_TEXTS),
        kinds=draw(st.lists(st.sampled_from(_KINDS), min_size=1, max_size=3, unique=True)),
        slots=slots,
        min_slots=draw(_maybe(_SMALL)),
        trained_slots=draw(_maybe(st.integers(0, slots))),
        cleared_until=draw(_maybe(_DATES)),
        grades=draw(_maybe(_GRADES)),
        schedule=draw(_maybe(_SCHEDULES)),
        languages=draw(_maybe(_LANGUAGES)),
        cost_to_school=draw(_maybe(st.sampled_from([0, 100, 101]))),
    )


@st.composite
def partnerships(draw: st.DrawFn, need_ids: list[str], offer_ids: list[str]) -> list[Row]:
    pairs = [(need, offer) for need in need_ids for offer in offer_ids]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=3, unique=True)) if pairs else []
    return [
        {
            "need_id": need,
            "offer_id": offer,
            "slots": draw(st.integers(0, 6)),
            "status": draw(st.sampled_from(["proposed", "active", "paused", "ended", "declined"])),
            "since": draw(_maybe(st.sampled_from(["2026-06-30", "2026-07-01"]))),
            "locked": draw(st.booleans()),
        }
        for need, offer in chosen
    ]


@st.composite
def districts(draw: st.DrawFn, max_side: int = 5) -> District:
    """Draw a district of three schools and three partners with every optional cell now and then."""
    need_ids = [f"n{i}" for i in range(draw(st.integers(1, max_side)))]
    offer_ids = [f"o{i}" for i in range(draw(st.integers(1, max_side)))]
    return make_district(
        [draw(needs(need_id)) for need_id in need_ids],
        [draw(offers(offer_id)) for offer_id in offer_ids],
        schools=[draw(schools(school_id)) for school_id in ("s0", "s1", "s2")],
        partners=[draw(partners(partner_id)) for partner_id in ("p0", "p1", "p2")],
        partnerships=draw(partnerships(need_ids, offer_ids)),
        evaluations=[
            {"partner_id": draw(st.sampled_from(["p0", "p1"])), "term": "spring 2026", "rating": rating}
            for rating in draw(st.lists(st.integers(1, 5), max_size=2))
        ],
    )


@st.composite
def decisions(draw: st.DrawFn, review: Review) -> list[Reviewed]:
    """Draw a decision on each match of a review and now and then one added by hand, all with a reason for anything."""
    found = [
        replace(
            one,
            decision=draw(st.sampled_from([*Decision])),
            slots=draw(st.integers(0 if one.is_ending else 1, 6)),
            is_locked=draw(st.booleans()),
            reason="Not now.",
            override=draw(st.sampled_from(["", "They know each other."])),
        )
        for one in review.matches
    ]
    needs, offers = review.basis.scorer.district.needs, review.basis.scorer.district.offers
    pairs = [(need, offer) for need in needs["need_id"] for offer in offers["offer_id"]]
    pairs = [pair for pair in pairs if pair not in {one.pair for one in found}]
    if not pairs or draw(st.booleans()):
        return found
    need_id, offer_id = draw(st.sampled_from(pairs))
    hand = Reviewed(
        need_id=need_id,
        offer_id=offer_id,
        slots=draw(st.integers(1, 6)),
        is_by_hand=True,
        decision=Decision.ACCEPTED,
    )
    return [*found, replace(hand, override=draw(st.sampled_from(["", "They know each other."])))]
