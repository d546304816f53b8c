"""Each cause of a gap once, told apart from the others, with the figures of its sentence."""

import numpy as np
import pandas as pd
import pytest

from matching.allocation import problem_of
from matching.candidates import find_candidates
from matching.district import District
from matching.levels import locks_of
from matching.policy import Policy
from matching.unmet import unmet_needs
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import make_policy, make_scorer, run_match


def gap(district: District, need_id: str = "n0", policy: Policy | None = None) -> tuple[str, str]:
    """Return cause and detail of a need's gap."""
    unmet = run_match(district, policy).unmet.set_index("need_id")
    return str(unmet.at[need_id, "cause"]), str(unmet.at[need_id, "detail"])


def lock(need_id: str, offer_id: str, slots: int) -> Row:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": "active", "locked": True}


def test_no_offer_of_the_kind() -> None:
    district = make_district([make_need(kind="event")], [make_offer(kinds=["tutoring", "mentoring"])])
    assert gap(district) == ("no_offer_of_kind", "No partner offers event.")


def test_rules_count_the_offers_that_each_excludes() -> None:
    offers = [
        make_offer(grades="6-8"),
        make_offer(grades="6-8", cost_to_school=5),
        make_offer(cost_to_school=5),
        make_offer(kinds=["event"]),
    ]
    cause, detail = gap(make_district([make_need(grades="K-2", budget=0)], offers))
    assert cause == "rules"
    assert detail == "None of 3 mentoring offers may come: above the budget (2), other grades (2)."


@pytest.mark.parametrize(
    ("need", "offer", "school", "partner", "words"),
    [
        ({"grades": "3"}, {"grades": "4"}, {}, {}, "other grades"),
        (
            {},
            {},
            {"latitude": 1, "longitude": 0},
            {"latitude": 0, "longitude": 0, "radius_km": 9},
            "too far away",
        ),
        ({"schedule": "Mon 15:00-16:00"}, {"schedule": "Tue 15:00-16:00"}, {}, {}, "other times"),
        ({"languages": "Somali"}, {}, {}, {}, "none of the languages asked for"),
        ({}, {"trained_slots": 0}, {}, {}, "no trained and cleared mentor"),
        ({}, {}, {}, {"agreement_expires": "2026-09-13"}, "agreement expired"),
        ({}, {}, {}, {"not_schools": "s0"}, "school excluded or pair declined"),
        ({"budget": 1}, {"cost_to_school": 2}, {}, {}, "above the budget"),
    ],
)
def test_each_rule_has_its_words(need: Row, offer: Row, school: Row, partner: Row, words: str) -> None:
    district = make_district(
        [make_need() | need],
        [make_offer() | offer],
        schools=[make_school() | school],
        partners=[make_partner() | partner],
    )
    assert gap(district) == ("rules", f"The only mentoring offer may not come: {words} (1).")


def test_the_fit_floor_says_what_the_nearest_reaches() -> None:
    needs = [make_need(statement="violin lessons")]
    offers = [
        make_offer(focus="bicycle repair"),
        make_offer(focus="warm coats", grades="7"),
        make_offer(slots=0),
    ]
    district = make_district(needs, offers, schools=[make_school(grades="3")])
    scorer, first = make_scorer(district), np.array([0])
    best = scorer.score(first, first).texts.similarity[0]
    cause, detail = gap(district, policy=make_policy(fit={"floor": 0.99}))
    assert cause == "fit_floor"
    assert (
        f"1 mentoring offer could come, but none is about this: the most similar reaches {best:.2f}" in detail
    )
    assert "the policy asks 0.99" in detail


def test_capacity_given_to_the_same_and_to_earlier_levels_is_counted() -> None:
    needs = [
        make_need(slots=9, priority=3, school_id="s2"),
        make_need(slots=4, priority=2),
        make_need(slots=9, priority=3, school_id="s1"),
        make_need(slots=3, priority=1, kind="tutoring"),
    ]
    district = make_district(needs, [make_offer(slots=10, kinds=["mentoring", "tutoring"])])
    # 10 slots: 4 to mentoring-2, the other 6 shared evenly by the two needs of mentoring-3.
    unmet = run_match(district).unmet.set_index("need_id")
    assert unmet["cause"].tolist() == ["capacity"] * 3
    assert unmet["slots_unmet"].to_dict() == {"n0": 6, "n2": 6, "n3": 3}
    groups = "3 to this need already, 3 to needs of the same level, 4 to needs that come first"
    assert unmet.at["n0", "detail"] == f"1 offer suits this need. Their trained slots are given: {groups}."
    assert (
        unmet.at["n3", "detail"]
        == "1 offer suits this need. Their slots are given: 10 to needs that come first."
    )


def test_trained_slots_alone_can_run_out() -> None:
    offer = make_offer(slots=9, trained_slots=2, kinds=["mentoring", "tutoring"])
    district = make_district([make_need(slots=5), make_need(slots=1, kind="tutoring")], [offer])
    expected = "1 offer suits this need. Their trained slots are given: 2 to this need already."
    assert gap(district) == ("capacity", expected)


@pytest.mark.parametrize("kind", ["mentoring", "event"])
def test_slots_that_a_lock_holds_for_a_later_need_are_capacity(kind: str) -> None:
    needs = [make_need(slots=5, priority=1, kind=kind), make_need(slots=3, priority=5, kind=kind)]
    district = make_district(needs, [make_offer(slots=5, kinds=[kind])], partnerships=[lock("n1", "o0", 3)])
    cause, detail = gap(district)
    assert cause == "capacity"
    assert "2 to this need already, 3 to locked matches of needs that come later." in detail
    assert "Later levels" not in detail


def test_a_match_locked_despite_a_rule_does_not_hide_that_rule() -> None:
    offer = make_offer(slots=9, grades="6-8")
    district = make_district([make_need(slots=5, grades="3")], [offer], partnerships=[lock("n0", "o0", 2)])
    assert gap(district) == ("rules", "The only mentoring offer may not come: other grades (1).")


def test_an_offer_locked_in_full_to_the_need_is_capacity() -> None:
    district = make_district([make_need(slots=9)], [make_offer(slots=2)], partnerships=[lock("n0", "o0", 2)])
    expected = "1 offer suits this need. Their trained slots are given: 2 to this need already."
    assert gap(district) == ("capacity", expected)


def blocked(needs: list[Row], offers: list[Row], slots: list[int], **row: Row) -> str:
    """Return the detail of the first need's gap in a given allocation, one entry a pair by need, then offer."""
    schools, partners = ([row[name]] if name in row else [] for name in ("school", "partner"))
    district = make_district(needs, offers, schools=schools, partners=partners)
    scorer = make_scorer(district, make_policy(fit={"floor": 0}))
    levels = np.zeros(len(needs), dtype=np.int64)
    problem = problem_of(scorer, find_candidates(scorer), locks_of(district), levels)
    priorities = pd.DataFrame({"priority": [3] * len(needs), "priority_reason": ["given"] * len(needs)})
    assert problem.num_pairs == len(slots)
    unmet = unmet_needs(scorer, problem, np.array(slots), priorities)
    assert unmet["cause"][0] == "group_rule"
    return str(unmet["detail"][0])


def test_a_need_with_its_most_partners() -> None:
    detail = blocked([make_need(slots=6, max_partners=1)], [make_offer(slots=5), make_offer(slots=5)], [5, 0])
    assert (
        "What keeps the free slots of some away: the need has its most partners (max_partners) (1)." in detail
    )
    assert "5 to this need already" in detail


def test_a_school_with_its_most_partners() -> None:
    needs = [make_need(slots=2), make_need(slots=2)]
    detail = blocked(
        needs, [make_offer(slots=2), make_offer(slots=2)], [0, 0, 2, 0], school=make_school(max_partners=1)
    )
    assert "the school has its most partners (max_partners) (1)" in detail


def test_a_partner_with_its_most_schools() -> None:
    needs = [make_need(slots=2), make_need(slots=2, school_id="s1")]
    detail = blocked(needs, [make_offer(slots=4)], [0, 2], partner=make_partner(max_schools=1))
    assert "the partner has its most schools (max_schools) (1)" in detail


def test_too_few_slots_left_for_a_match() -> None:
    needs = [make_need(slots=3), make_need(slots=4)]
    detail = blocked(needs, [make_offer(slots=7, min_slots=4)], [0, 4])
    assert "fewer slots left than are worth a match (min_match) (1)" in detail


def test_too_few_for_the_least_a_need_asks() -> None:
    detail = blocked([make_need(slots=4, min_slots=3)], [make_offer(slots=2), make_offer(slots=2)], [0, 0])
    assert "too few for the least the need asks (min_need) (2)" in detail
    assert "It asks for at least 3 slots or none." in detail


def test_a_need_for_more_at_once_than_any_partner_has() -> None:
    need = make_need(slots=9, min_slots=9, max_partners=1)
    offers = [make_offer(f"o{i}", slots=8 - i, trained_slots=6 - i) for i in range(2)]
    cause, detail = gap(make_district([need], offers))
    assert cause == "group_rule"
    assert detail == (
        "2 offers suit this need, but it asks for at least 9 slots or none from at most 1 partner, "
        "and the largest partner has 6 trained slots."
    )


def test_gaps_stand_in_the_order_of_the_levels_then_the_largest_first() -> None:
    needs = [
        make_need(kind="event", slots=9, priority=1),
        make_need(slots=1, priority=2),
        make_need(slots=2, priority=2),
        make_need(slots=1, priority=1),
        make_need(slots=1, priority=2),
    ]
    unmet = run_match(make_district(needs)).unmet
    assert unmet["need_id"].tolist() == ["n3", "n2", "n1", "n4", "n0"]
    assert unmet["slots_unmet"].tolist() == [1, 2, 1, 1, 9]
    assert unmet["priority"].tolist() == [1, 2, 2, 2, 1]


def test_a_filled_need_is_no_gap() -> None:
    assert len(run_match(make_district([make_need(slots=5)], [make_offer(slots=5)])).unmet) == 0
