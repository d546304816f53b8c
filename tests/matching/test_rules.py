"""Every pair rule alone, once allowed and once refused, and at its boundary."""

import numpy as np
import pytest
from hypothesis import given

from matching.district import District
from matching.policy import Rules
from matching.rules import PAIR_RULES, distance_km, eligible_pairs
from matching.vocabulary import KINDS, Rule
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import allowed, districts, make_facts, on_a_few


def test_kind_asks_for_an_offer_of_the_needs_kind() -> None:
    needs = [make_need(kind=kind) for kind in KINDS]
    one_each = [make_offer(kinds=[kind]) for kind in KINDS]
    assert allowed(Rule.KIND, make_district(needs, one_each)) == np.eye(len(KINDS), dtype=bool).tolist()


def test_kind_allows_each_of_the_kinds_that_share_an_offer() -> None:
    needs = [make_need(kind=kind) for kind in ("mentoring", "tutoring", "event")]
    assert allowed(Rule.KIND, make_district(needs, [make_offer(kinds=["tutoring", "mentoring"])])) == [
        [True],
        [True],
        [False],
    ]


def test_grades_ask_for_one_in_common() -> None:
    offers = [make_offer(grades="5-8"), make_offer(grades="6-8"), make_offer(grades="PK|3")]
    assert allowed(Rule.GRADES, make_district([make_need(grades="3-5")], offers)) == [[True, False, True]]


def test_blank_grades_are_the_schools_of_a_need_and_all_of_an_offer() -> None:
    school = make_school(grades="K-5")
    offers = [make_offer(grades="6"), make_offer(grades="K"), make_offer(grades="PK"), make_offer()]
    district = make_district([make_need(), make_need(grades="6")], offers, schools=[school])
    assert allowed(Rule.GRADES, district) == [[False, True, False, True], [True, False, False, True]]


def place_pair(north: float | None, radius: float | None) -> District:
    """Return a pair whose partner stands that many degrees of latitude north of the school."""
    school = make_school(latitude=37.0, longitude=-122.0)
    longitude = None if north is None else -122.0
    latitude = None if north is None else 37.0 + north
    partner = make_partner(latitude=latitude, longitude=longitude, radius_km=radius)
    return make_district([make_need()], [make_offer()], schools=[school], partners=[partner])


@pytest.mark.parametrize(
    ("radius", "is_allowed"),
    [(1.112, True), (1.111, False), (None, True)],
    ids=["inside", "outside", "blank"],
)
def test_distance_keeps_within_the_radius(radius: float | None, is_allowed: bool) -> None:
    # 0.01 degrees of latitude are 2 * pi * 6371.0088 / 36000 = 1.11195 km.
    assert allowed(Rule.DISTANCE, place_pair(0.01, radius)) == [[is_allowed]]


def test_distance_of_nothing_is_within_any_radius() -> None:
    assert allowed(Rule.DISTANCE, place_pair(0.0, 0.001)) == [[True]]


def test_distance_asks_nothing_where_the_partners_place_is_unknown() -> None:
    assert allowed(Rule.DISTANCE, place_pair(None, 0.001)) == [[True]]


def test_distance_asks_nothing_where_the_schools_place_is_unknown() -> None:
    partner = make_partner(latitude=37.0, longitude=-122.0, radius_km=0.001)
    assert allowed(Rule.DISTANCE, make_district([make_need()], [make_offer()], partners=[partner])) == [
        [True]
    ]


def test_distance_is_measured_along_the_great_circle() -> None:
    # At 60 degrees north a degree of longitude is half of one at the equator: 111.19508 / 2 = 55.598 km, less
    # 0.5 m as the great circle bows north of the parallel: 2 * 6371.0088 * asin(0.5 * sin(0.5 deg)) = 55.5970.
    school = make_school(latitude=60.0, longitude=10.0)
    partner = make_partner(latitude=60.0, longitude=11.0)
    facts = make_facts(make_district([make_need()], [make_offer()], schools=[school], partners=[partner]))
    assert distance_km(facts, np.array([0]), np.array([0]))[0] == pytest.approx(55.597, abs=5e-4)


def test_schedule_asks_for_thirty_shared_minutes_a_week() -> None:
    offers = [
        make_offer(schedule="Mon 15:30-17:00"),  # 30 minutes
        make_offer(schedule="Mon 15:31-17:00"),  # 29 minutes
        make_offer(schedule="Mon 15:45-16:00|Wed 09:00-09:15"),  # 15 + 15 minutes
        make_offer(schedule="Tue 15:00-16:00"),
        make_offer(),
    ]
    needs = [make_need(schedule="Mon 15:00-16:00|Wed 09:00-09:30"), make_need()]
    expected = [[True, False, True, False, True], [True] * 5]
    assert allowed(Rule.SCHEDULE, make_district(needs, offers)) == expected


def test_schedule_takes_the_policys_minutes() -> None:
    district = make_district(
        [make_need(schedule="Mon 15:00-16:00")], [make_offer(schedule="Mon 15:00-15:45")]
    )
    assert allowed(Rule.SCHEDULE, district, Rules(min_shared_minutes=45)) == [[True]]
    assert allowed(Rule.SCHEDULE, district, Rules(min_shared_minutes=46)) == [[False]]


def test_languages_ask_for_one_of_those_named_whatever_their_case() -> None:
    needs = [make_need(languages=["SPANISH", "Somali"]), make_need(languages="English"), make_need()]
    offers = [make_offer(languages="spanish"), make_offer(languages=["Arabic"]), make_offer()]
    assert allowed(Rule.LANGUAGES, make_district(needs, offers)) == [
        [True, False, False],
        [False, False, True],  # a blank offer speaks English
        [True, True, True],  # a blank need asks for nothing
    ]


def test_an_offer_without_languages_speaks_its_partners_and_english_where_both_are_blank() -> None:
    district = make_district(
        [make_need(languages="Somali"), make_need(languages="English")],
        [
            make_offer(partner_id="p0"),
            make_offer(partner_id="p0", languages="Arabic"),
            make_offer(partner_id="p1"),
        ],
        partners=[make_partner("p0", languages="Somali"), make_partner("p1")],
    )
    assert allowed(Rule.LANGUAGES, district) == [[True, False, False], [False, False, True]]


def test_languages_fold_more_than_ascii() -> None:
    district = make_district([make_need(languages="STRASSE")], [make_offer(languages="Straße")])
    assert allowed(Rule.LANGUAGES, district) == [[True]]


def test_the_schools_languages_ask_for_nothing() -> None:
    district = make_district([make_need()], [make_offer()], schools=[make_school(languages="Somali")])
    assert allowed(Rule.LANGUAGES, district) == [[True]]


CLEARANCES = [
    make_offer(trained_slots=1, cleared_until="2026-09-14"),  # cleared through the very day
    make_offer(trained_slots=1, cleared_until="2026-09-13"),
    make_offer(trained_slots=0, cleared_until="2027-06-30"),
    make_offer(trained_slots=1),
    make_offer(cleared_until="2026-09-14"),
    make_offer(),
]


def test_clearance_asks_mentors_to_be_trained_and_cleared_on_the_day() -> None:
    district = make_district([make_need(kind="mentoring")], CLEARANCES)
    assert allowed(Rule.CLEARANCE, district) == [[True, False, False, True, True, True]]


def test_clearance_where_the_policy_requires_it_takes_blank_for_none() -> None:
    district = make_district([make_need(kind="mentoring")], CLEARANCES)
    found = allowed(Rule.CLEARANCE, district, Rules(require_clearance=True))
    assert found == [[True, False, False, False, False, False]]


def test_clearance_asks_nothing_of_other_kinds() -> None:
    district = make_district([make_need(kind="tutoring")], CLEARANCES)
    assert allowed(Rule.CLEARANCE, district, Rules(require_clearance=True)) == [[True] * 6]


def test_clearance_of_an_offer_without_slots_is_none() -> None:
    assert allowed(Rule.CLEARANCE, make_district([make_need()], [make_offer(slots=0)])) == [[False]]


def test_agreement_holds_through_its_last_day() -> None:
    expires = {"p0": "2026-09-14", "p1": "2026-09-13", "p2": None}
    partners = [make_partner(name, agreement_expires=day) for name, day in expires.items()]
    district = make_district(
        [make_need()], [make_offer(partner_id=name) for name in expires], partners=partners
    )
    assert allowed(Rule.AGREEMENT, district) == [[True, False, True]]


def test_excluded_schools_are_never_matched_with_that_partner() -> None:
    needs = [make_need(school_id=school) for school in ("s0", "s1", "s2")]
    partners = [make_partner("p0", not_schools=["s0", "s2"]), make_partner("p1")]
    offers = [make_offer(partner_id="p0"), make_offer(partner_id="p1")]
    found = allowed(Rule.EXCLUDED, make_district(needs, offers, partners=partners))
    assert found == [[False, True], [True, True], [False, True]]


@pytest.mark.parametrize(
    ("status", "since", "is_allowed"),
    [
        ("declined", "2026-07-01", False),  # the first day of this school year
        ("declined", "2026-06-30", True),  # the last day of the year before
        ("declined", None, False),
        ("ended", "2026-09-01", True),
        ("active", "2026-09-01", True),
    ],
)
def test_excluded_pairs_were_declined_this_school_year(
    status: str, since: str | None, is_allowed: bool
) -> None:
    row = {"need_id": "n0", "offer_id": "o1", "slots": 1, "status": status, "since": since}
    district = make_district([make_need(), make_need()], [make_offer(), make_offer()], partnerships=[row])
    assert allowed(Rule.EXCLUDED, district) == [[True, is_allowed], [True, True]]


def test_cost_is_within_the_budget_up_to_the_dollar() -> None:
    needs = [make_need(budget=100), make_need(budget=0), make_need()]
    offers = [make_offer(cost_to_school=100), make_offer(cost_to_school=100.01), make_offer()]
    assert allowed(Rule.COST, make_district(needs, offers)) == [
        [True, False, True],
        [False, False, True],  # a blank cost is free
        [True, True, True],  # a blank budget has no limit
    ]


@on_a_few
@given(districts())
def test_a_list_of_pairs_and_a_block_are_judged_alike(district: District) -> None:
    facts, rules = make_facts(district), Rules()
    need, offer = np.divmod(np.arange(facts.num_needs * facts.num_offers), facts.num_offers)
    for allows in PAIR_RULES.values():
        block = allows(
            facts, np.arange(facts.num_needs)[:, None], np.arange(facts.num_offers)[None, :], rules
        )
        assert block.shape == (facts.num_needs, facts.num_offers)
        assert block.ravel().tolist() == allows(facts, need, offer, rules).tolist()


@on_a_few
@given(districts())
def test_eligible_pairs_are_those_that_every_rule_allows(district: District) -> None:
    verdicts = [allowed(rule, district) for rule in PAIR_RULES]
    expected = [tuple(pair) for pair in np.argwhere(np.all(verdicts, axis=0)).tolist()]
    among = np.ones((len(district.needs), len(district.offers)), dtype=bool)
    needs, offers = np.arange(len(district.needs)), np.arange(len(district.offers))
    need, offer = eligible_pairs(make_facts(district), needs, offers, among, Rules())
    assert list(zip(need.tolist(), offer.tolist(), strict=True)) == expected


def test_eligible_pairs_are_only_sought_among_those_given() -> None:
    district = make_district([make_need(), make_need()], [make_offer(), make_offer()])
    among = np.array([[False, True], [True, False]])
    both = np.array([0, 1])
    need, offer = eligible_pairs(make_facts(district), both, both, among, Rules())
    assert (need.tolist(), offer.tolist()) == ([0, 1], [1, 0])


def test_eligible_pairs_are_named_by_the_needs_and_offers_given() -> None:
    district = make_district([make_need()] * 3, [make_offer()] * 4)
    among = np.array([[True, False], [False, True]])
    need, offer = eligible_pairs(make_facts(district), np.array([0, 2]), np.array([3, 1]), among, Rules())
    assert (need.tolist(), offer.tolist()) == ([0, 2], [3, 1])
