"""The audit finds every broken rule of any allocation, and computes its values itself."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from embeddings import WordHashEncoder
from matching.audit import Audit, Finding, audit_allocation
from matching.district import District
from matching.policy import Policy
from matching.vocabulary import RULE_WORDS, Rule
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import ON, make_policy, run_match

Pairs = list[tuple[str, str, int]]


def audit_of(district: District, pairs: Pairs | pd.DataFrame, policy: Policy | None = None) -> Audit:
    if not isinstance(pairs, pd.DataFrame):
        pairs = pd.DataFrame(pairs, columns=["need_id", "offer_id", "slots"])
        pairs = pairs.astype({"need_id": "str", "offer_id": "str", "slots": "int64"})
    return audit_allocation(district, pairs, policy, on=ON, encoder=WordHashEncoder())


def errors(found: Audit) -> list[tuple[str, str, str]]:
    return [(f.rule, f.need_id, f.offer_id) for f in found.findings if f.is_error]


def warnings(found: Audit) -> list[tuple[str, str, str]]:
    return [(f.rule, f.need_id, f.offer_id) for f in found.findings if not f.is_error]


def lock(need_id: str, offer_id: str, slots: int) -> Row:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": "active", "locked": True}


PLAIN = make_district([make_need(slots=5), make_need(slots=5)], [make_offer(slots=7), make_offer(slots=3)])


def test_an_allocation_within_all_rules_passes_without_a_word() -> None:
    found = audit_of(PLAIN, [("n0", "o0", 5), ("n1", "o0", 2), ("n1", "o1", 3)])
    assert found.findings == ()
    assert found.is_passed


def test_an_empty_allocation_passes() -> None:
    found = audit_of(PLAIN, [])
    assert found.is_passed
    assert [(level.name, level.needed, level.filled) for level in found.levels if level.needed] == [
        ("mentoring-3", 10, 0)
    ]


# One row a pair rule: the cells of need, offer, school and partner that break it.
BREACHES: dict[Rule, tuple[Row, Row, Row, Row]] = {
    Rule.KIND: ({"kind": "tutoring"}, {}, {}, {}),
    Rule.GRADES: ({"grades": "3"}, {"grades": "4"}, {}, {}),
    Rule.DISTANCE: ({}, {}, {"latitude": 1, "longitude": 0}, {"latitude": 0, "longitude": 0, "radius_km": 9}),
    Rule.SCHEDULE: ({"schedule": "Mon 15:00-16:00"}, {"schedule": "Tue 15:00-16:00"}, {}, {}),
    Rule.LANGUAGES: ({"languages": "Somali"}, {}, {}, {}),
    Rule.CLEARANCE: ({}, {"cleared_until": "2026-09-13"}, {}, {}),
    Rule.AGREEMENT: ({}, {}, {}, {"agreement_expires": "2026-09-13"}),
    Rule.EXCLUDED: ({}, {}, {}, {"not_schools": "s0"}),
    Rule.COST: ({"budget": 1}, {"cost_to_school": 2}, {}, {}),
}


def breach(rule: Rule, partnerships: list[Row]) -> District:
    need, offer, school, partner = BREACHES[rule]
    return make_district(
        [make_need() | need],
        [make_offer() | offer],
        schools=[make_school() | school],
        partners=[make_partner() | partner],
        partnerships=partnerships,
    )


@pytest.mark.parametrize("rule", BREACHES)
def test_a_pair_rule_is_an_error(rule: Rule) -> None:
    found = audit_of(breach(rule, []), [("n0", "o0", 2)])
    assert errors(found) == [(rule, "n0", "o0")]
    assert found.findings[0].message == f"The pair breaks the rule {rule}: {RULE_WORDS[rule]}."


@pytest.mark.parametrize("rule", BREACHES)
def test_a_pair_locked_despite_a_rule_is_a_warning(rule: Rule) -> None:
    district = breach(rule, [lock("n0", "o0", 2)])
    found = audit_of(district, [("n0", "o0", 2)])
    assert found.is_passed
    assert found.findings == (Finding(rule, False, f"Locked despite {rule}.", "n0", "o0"),)


@pytest.mark.parametrize("rule", [Rule.GRADES, Rule.AGREEMENT])
def test_a_pair_that_a_rule_excludes_may_not_grow_beyond_its_lock(rule: Rule) -> None:
    found = audit_of(breach(rule, [lock("n0", "o0", 2)]), [("n0", "o0", 3)])
    assert errors(found) == [(rule, "n0", "o0")]


def test_a_declined_pair_is_an_error() -> None:
    row = {"need_id": "n0", "offer_id": "o0", "slots": 1, "status": "declined", "since": "2026-09-01"}
    district = make_district([make_need()], [make_offer()], partnerships=[row])
    assert errors(audit_of(district, [("n0", "o0", 1)])) == [(Rule.EXCLUDED, "n0", "o0")]


def test_the_fit_floor_is_a_warning() -> None:
    found = audit_of(PLAIN, [("n0", "o0", 5)], make_policy(fit={"floor": 0.99}))
    assert found.is_passed
    assert warnings(found) == [(Rule.FIT_FLOOR, "n0", "o0")]
    assert "The similarity lies below the fit floor: 0." in found.findings[0].message


def test_an_offer_is_never_overdrawn() -> None:
    district = make_district([make_need(kind="event")] * 2, [make_offer("o1", kinds=["event"], slots=3)])
    found = audit_of(district, [("n0", "o1", 2), ("n1", "o1", 2)])
    assert found.findings == (Finding(Rule.CAPACITY, True, "The offer gives 4 slots, it has 3.", "", "o1"),)


def test_trained_slots_are_for_mentoring_and_never_overdrawn() -> None:
    needs = [make_need(), make_need(kind="tutoring"), make_need()]
    offers = [make_offer(slots=9, trained_slots=4, kinds=["mentoring", "tutoring"])]
    district = make_district(needs, offers)
    assert audit_of(district, [("n0", "o0", 2), ("n2", "o0", 2), ("n1", "o0", 5)]).is_passed
    found = audit_of(district, [("n0", "o0", 2), ("n2", "o0", 3)])
    assert errors(found) == [(Rule.TRAINED_CAPACITY, "", "o0")]
    assert found.findings[0].message == "The offer mentors in 5 slots, 4 are trained and cleared."


def test_a_need_gets_no_more_than_it_asks() -> None:
    found = audit_of(PLAIN, [("n0", "o0", 4), ("n0", "o1", 2)])
    assert found.findings == (Finding(Rule.NEED_SLOTS, True, "The need gets 6 slots, it asks for 5.", "n0"),)


@pytest.mark.parametrize(
    ("need", "offer", "least"),
    [
        ({"slots": 9}, {"slots": 9, "min_slots": 4}, 4),
        ({"slots": 3}, {"slots": 9, "min_slots": 4}, 3),
        ({"slots": 9}, {"slots": 2, "min_slots": 4}, 2),
        ({"slots": 9}, {"slots": 9, "min_slots": 4, "trained_slots": 3}, 3),
        ({"slots": 9, "kind": "tutoring"}, {"slots": 9, "min_slots": 4, "trained_slots": 3}, 4),
    ],
)
def test_a_match_is_at_least_what_is_worth_doing(need: Row, offer: Row, least: int) -> None:
    district = make_district([make_need() | need], [make_offer(kinds=["mentoring", "tutoring"]) | offer])
    assert audit_of(district, [("n0", "o0", least)]).is_passed
    found = audit_of(district, [("n0", "o0", least - 1)])
    assert errors(found) == [(Rule.MIN_MATCH, "n0", "o0")]
    assert f"at least {least} are worth doing" in found.findings[0].message


def test_a_need_gets_none_or_at_least_its_least() -> None:
    district = make_district([make_need(slots=5, min_slots=4)], [make_offer(), make_offer()])
    assert audit_of(district, []).is_passed
    assert audit_of(district, [("n0", "o0", 2), ("n0", "o1", 2)]).is_passed
    assert errors(audit_of(district, [("n0", "o0", 3)])) == [(Rule.MIN_NEED, "n0", "")]


def test_a_need_has_at_most_its_distinct_partners() -> None:
    offers = [make_offer(partner_id=name) for name in ("p0", "p0", "p1")]
    district = make_district([make_need(max_partners=1)], offers)
    assert audit_of(district, [("n0", "o0", 1), ("n0", "o1", 1)]).is_passed
    found = audit_of(district, [("n0", "o0", 1), ("n0", "o2", 1)])
    assert errors(found) == [(Rule.MAX_PARTNERS, "n0", "")]
    assert found.findings[0].message == "The need has 2 partners, at most 1 are allowed."


def test_a_school_has_at_most_its_distinct_partners() -> None:
    district = make_district([make_need()] * 2, [make_offer()] * 2, schools=[make_school(max_partners=1)])
    assert audit_of(district, [("n0", "o0", 1), ("n1", "o0", 1)]).is_passed
    found = audit_of(district, [("n0", "o0", 1), ("n1", "o1", 1)])
    assert errors(found) == [(Rule.MAX_PARTNERS, "", "")]
    assert found.findings[0].message == "School s0 has 2 partners, at most 1 are allowed."


def test_a_partner_serves_at_most_its_distinct_schools() -> None:
    needs = [make_need(), make_need(), make_need(school_id="s1")]
    offers = [make_offer(partner_id="p0"), make_offer(partner_id="p0")]
    district = make_district(needs, offers, partners=[make_partner(max_schools=1)])
    assert audit_of(district, [("n0", "o0", 1), ("n1", "o1", 1)]).is_passed
    found = audit_of(district, [("n0", "o0", 1), ("n2", "o1", 1)])
    assert errors(found) == [(Rule.MAX_SCHOOLS, "", "")]
    assert found.findings[0].message == "Partner p0 serves 2 schools, at most 1 are allowed."


def test_count_rules_that_locks_alone_break_are_warnings() -> None:
    needs = [make_need(max_partners=1), make_need(school_id="s1")]
    locks = [lock("n0", "o0", 1), lock("n0", "o1", 1), lock("n1", "o0", 1)]
    district = make_district(
        needs,
        [make_offer()] * 2,
        schools=[make_school(max_partners=1)],
        partners=[make_partner("p0", max_schools=1)],
        partnerships=locks,
    )
    found = audit_of(district, [("n0", "o0", 1), ("n0", "o1", 1), ("n1", "o0", 1)])
    assert found.is_passed
    assert [f.rule for f in found.findings] == [Rule.MAX_PARTNERS, Rule.MAX_PARTNERS, Rule.MAX_SCHOOLS]
    assert all(f.message.startswith("Held by locks: ") for f in found.findings)


def test_one_partner_more_than_the_locked_ones_is_an_error() -> None:
    locks = [lock("n0", "o0", 1)]
    district = make_district([make_need(max_partners=1)], [make_offer()] * 2, partnerships=locks)
    assert errors(audit_of(district, [("n0", "o0", 1), ("n0", "o1", 1)])) == [(Rule.MAX_PARTNERS, "n0", "")]


def test_least_slots_that_locks_undercut_are_warnings() -> None:
    needs, offers = [make_need(slots=9, min_slots=5)], [make_offer(slots=9, min_slots=4), make_offer(slots=1)]
    district = make_district(needs, offers, partnerships=[lock("n0", "o0", 2)])
    for plan in ([("n0", "o0", 2)], [("n0", "o0", 3)], [("n0", "o0", 2), ("n0", "o1", 1)]):
        found = audit_of(district, plan)
        assert found.is_passed
        assert warnings(found) == [(Rule.MIN_MATCH, "n0", "o0"), (Rule.MIN_NEED, "n0", "")]


def test_a_lock_missing_from_the_allocation_is_an_error() -> None:
    district = make_district([make_need()], [make_offer()], partnerships=[lock("n0", "o0", 3)])
    for plan in ([], [("n0", "o0", 2)]):
        found = audit_of(district, plan)
        assert errors(found) == [(Rule.PAIR_LOCKED, "n0", "o0")]
        assert "The locked match of 3 slots has" in found.findings[0].message
        assert found.findings[0].message.endswith("nothing forces this.")
    assert audit_of(district, [("n0", "o0", 3)]).findings == ()


@pytest.mark.parametrize(
    ("need", "offer", "kept"),
    [
        ({"slots": 4}, {"slots": 9}, 4),
        ({"slots": 9, "kind": "event"}, {"slots": 5, "kinds": ["event"]}, 5),
        ({"slots": 9}, {"slots": 9, "trained_slots": 2}, 2),
    ],
    ids=["need", "offer", "trained"],
)
def test_locks_that_exceed_what_is_there_are_cut_with_a_warning(need: Row, offer: Row, kept: int) -> None:
    district = make_district([make_need() | need], [make_offer() | offer], partnerships=[lock("n0", "o0", 6)])
    found = audit_of(district, [("n0", "o0", kept)])
    assert warnings(found) == [(Rule.PAIR_LOCKED, "n0", "o0")]
    assert found.is_passed
    assert (
        found.findings[0].message
        == f"The locked match of 6 slots has {kept}: the locks exceed what is there."
    )


def test_locks_are_cut_no_more_than_they_exceed() -> None:
    district = make_district([make_need(slots=4)], [make_offer(slots=9)], partnerships=[lock("n0", "o0", 6)])
    assert errors(audit_of(district, [("n0", "o0", 3)])) == [(Rule.PAIR_LOCKED, "n0", "o0")]


def test_a_lock_never_excuses_more_slots_than_there_are() -> None:
    district = make_district([make_need(slots=4)], [make_offer(slots=5)], partnerships=[lock("n0", "o0", 6)])
    found = audit_of(district, [("n0", "o0", 6)])
    trained = (Rule.TRAINED_CAPACITY, "", "o0")
    assert errors(found) == [(Rule.CAPACITY, "", "o0"), (Rule.NEED_SLOTS, "n0", ""), trained]


def test_unknown_ids_are_errors_and_the_rest_is_still_judged() -> None:
    found = audit_of(PLAIN, [("n9", "o0", 1), ("n0", "o9", 1), ("n8", "o8", 1), ("n0", "o0", 6)])
    unknown = [
        ("unknown", "n0", "o9"),
        ("unknown", "n8", "o8"),
        ("unknown", "n8", "o8"),
        ("unknown", "n9", "o0"),
    ]
    assert errors(found) == [(Rule.NEED_SLOTS, "n0", ""), *unknown]
    assert "There is no need n9 in the district." in [f.message for f in found.findings]
    assert "There is no offer o9 in the district." in [f.message for f in found.findings]


def test_a_pair_listed_twice_is_an_error_and_its_slots_add_up() -> None:
    found = audit_of(PLAIN, [("n0", "o0", 3), ("n0", "o0", 3)])
    assert errors(found) == [("duplicate", "n0", "o0"), (Rule.NEED_SLOTS, "n0", "")]


@pytest.mark.parametrize("slots", [0, -2])
def test_a_match_without_slots_is_an_error(slots: int) -> None:
    found = audit_of(PLAIN, [("n0", "o0", slots)])
    assert ("slots", "n0", "o0") in errors(found)


def test_slots_below_none_never_make_room_for_others() -> None:
    found = audit_of(PLAIN, [("n0", "o1", 5), ("n1", "o1", -2)])
    assert (Rule.CAPACITY, "", "o1") in errors(found)


def test_levels_even_and_fit_are_computed_from_the_rules() -> None:
    needs = [
        make_need(slots=4, priority=1),
        make_need(slots=6, priority=1, school_id="s1"),
        make_need(slots=3, priority=2, kind="event"),
    ]
    district = make_district(needs, [make_offer(slots=8)])
    found = audit_of(district, [("n0", "o0", 3), ("n1", "o0", 5)])
    assert [(level.name, level.needed, level.filled) for level in found.levels if level.needed] == [
        ("mentoring-1", 10, 8),
        ("other-2", 3, 0),
    ]
    # 1 * 1 / 4 + 1 * 1 / 6 + 3 * 3 / 3 = 0.25 + 0.166666 (rounded down to a millionth) + 3.
    assert found.even == 3_416_666
    # Both pairs are alike but for nothing: eight slots of one fit.
    assert found.fit == 8 * round(1_000_000 * run_match(district).allocation.matches["fit"][0])


def test_levels_stand_in_the_policys_order() -> None:
    levels = ["other-5", *(f"other-{p}" for p in range(1, 5)), *(f"mentoring-{p}" for p in range(1, 6))]
    found = audit_of(PLAIN, [], make_policy(objective={"levels": levels}))
    assert [level.name for level in found.levels] == levels
    assert found.levels[7].needed == 10  # mentoring-3


NEEDS = [make_need("a", slots=4), make_need("b", slots=4, kind="tutoring", max_partners=1, min_slots=2)]
OFFERS = [
    make_offer("x", slots=4, kinds=["mentoring", "tutoring"], trained_slots=3),
    make_offer("y", slots=4, kinds=["tutoring"], min_slots=2),
    make_offer("z", slots=4, kinds=["event"]),
]
VALID = make_district(NEEDS, OFFERS, partnerships=[lock("a", "x", 1)])


def set_cell(row: int, column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(matches: pd.DataFrame) -> pd.DataFrame:
        changed = matches.copy()
        changed[column] = pd.Series([value if i == row else cell for i, cell in enumerate(matches[column])])
        return changed

    return change


def more(need_id: str, offer_id: str, slots: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    row = {"need_id": [need_id], "offer_id": [offer_id], "slots": [slots]}
    return lambda matches: pd.concat([matches[list(row)], pd.DataFrame(row)], ignore_index=True)


@pytest.mark.parametrize(
    ("rule", "breaks"),
    {
        "capacity": set_cell(0, "slots", 5),
        "trained_capacity": set_cell(0, "slots", 4),
        "need_slots": set_cell(1, "slots", 5),
        "min_match": set_cell(1, "slots", 1),
        "min_need": set_cell(1, "slots", 1),
        "max_partners": more("b", "x", 1),
        "kind": more("a", "z", 1),
        "pair_locked": lambda matches: matches[1:],
        "unknown": set_cell(1, "offer_id", "w"),
        "duplicate": more("b", "y", 2),
        "figure": set_cell(0, "fit", 0.9),
    }.items(),
)
def test_a_valid_allocation_broken_in_each_way_is_found(
    rule: str, breaks: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    matches = run_match(VALID).allocation.matches
    assert matches[["need_id", "offer_id", "slots"]].to_numpy().tolist() == [["a", "x", 3], ["b", "y", 4]]
    assert audit_of(VALID, matches).findings == ()
    assert rule in {name for name, *_ in errors(audit_of(VALID, breaks(matches)))}


@pytest.mark.parametrize(
    ("column", "value"),
    [("school_id", "s7"), ("partner_id", "p7"), ("fit", 0.5), ("similarity", 0.5)],
)
def test_a_figure_that_is_wrong_is_an_error(column: str, value: object) -> None:
    matches = run_match(VALID).allocation.matches
    found = audit_of(VALID, set_cell(1, column, value)(matches))
    assert errors(found) == [("figure", "b", "y")]
    assert found.findings[0].message.startswith(f"The file says {column} {value}, it is ")


def test_figures_are_equal_up_to_the_decimals_of_a_file_and_blank_ones_say_nothing() -> None:
    matches = run_match(VALID).allocation.matches
    close = matches.assign(fit=matches["fit"] + 4e-6, similarity=matches["similarity"] - 4e-6)
    assert audit_of(VALID, close).findings == ()
    blank = matches.assign(fit=np.nan, similarity=np.nan, school_id="", partner_id="")
    assert audit_of(VALID, blank).findings == ()
    assert errors(audit_of(VALID, matches.assign(fit=matches["fit"] + 3e-5)))


def test_errors_stand_before_warnings() -> None:
    found = audit_of(PLAIN, [("n0", "o0", 6)], make_policy(fit={"floor": 0.99}))
    assert [f.rule for f in found.findings] == [Rule.NEED_SLOTS, Rule.FIT_FLOOR]


def test_a_small_offer_given_whole_is_a_match_whatever_its_least() -> None:
    offer = make_offer(slots=3, min_slots=4, kinds=["tutoring"])
    district = make_district([make_need(slots=5, kind="tutoring")], [offer])
    assert audit_of(district, [("n0", "o0", 3)]).is_passed
    assert errors(audit_of(district, [("n0", "o0", 2)])) == [(Rule.MIN_MATCH, "n0", "o0")]


def test_want_of_trained_slots_excuses_no_cut_of_a_lock_that_needs_none() -> None:
    offer = make_offer(slots=5, trained_slots=0, kinds=["tutoring"])
    district = make_district(
        [make_need(slots=5, kind="tutoring")], [offer], partnerships=[lock("n0", "o0", 3)]
    )
    assert errors(audit_of(district, [("n0", "o0", 2)])) == [(Rule.PAIR_LOCKED, "n0", "o0")]
