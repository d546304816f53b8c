"""The district's problem in the optimizer's arrays, with locked pairs among them."""

import numpy as np
import pytest

import optimizer
from matching.allocation import problem_of, score_columns
from matching.candidates import find_candidates
from matching.district import District
from matching.levels import locks_of
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import make_scorer


def make_problem(district: District) -> optimizer.Problem:
    scorer = make_scorer(district)
    levels = np.zeros(len(district.needs), dtype=np.int64)
    return problem_of(scorer, find_candidates(scorer), locks_of(district), levels)


def lock(need_id: str, offer_id: str, slots: int) -> Row:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": "active", "locked": True}


def test_rules_that_no_row_states_are_absent() -> None:
    problem = make_problem(make_district([make_need()], [make_offer()]))
    assert problem.pair_locked is None
    assert problem.pair_max_slots is None
    assert problem.offer_min_slots is None
    assert problem.need_min_slots is None
    assert problem.need_max_partners is None
    assert problem.school_max_partners is None
    assert problem.partner_max_schools is None
    assert problem.pair_incumbent is None  # a match plans afresh


def test_limits_are_handed_over_with_blank_as_no_limit() -> None:
    partners = [make_partner("p0", max_schools=2), make_partner("p1")]
    needs = [make_need(max_partners=1, min_slots=2), make_need(school_id="s1")]
    offers = [make_offer(partner_id="p0", min_slots=3, trained_slots=4), make_offer(partner_id="p1")]
    district = make_district(needs, offers, schools=[make_school("s1", max_partners=3)], partners=partners)
    problem, no_limit = make_problem(district), optimizer.NO_LIMIT
    found = (problem.need_max_partners, problem.school_max_partners, problem.partner_max_schools)
    # School s1 is given, s0 made after it.
    assert [list(limits) for limits in found if limits is not None] == [
        [1, no_limit],
        [3, no_limit],
        [2, no_limit],
    ]
    assert problem.need_min_slots is not None
    assert problem.need_min_slots.tolist() == [2, 1]
    assert problem.offer_min_slots is not None
    assert problem.offer_min_slots.tolist() == [3, 1]
    assert problem.offer_trained_slots is not None
    assert problem.offer_trained_slots.tolist() == [4, 5]


def test_a_locked_candidate_may_grow_to_what_both_sides_have() -> None:
    district = make_district([make_need(slots=7)], [make_offer(slots=9)], partnerships=[lock("n0", "o0", 2)])
    problem = make_problem(district)
    assert problem.pair_locked is not None
    assert problem.pair_max_slots is not None
    assert (problem.pair_locked.tolist(), problem.pair_max_slots.tolist()) == ([2], [7])


def test_a_pair_locked_despite_a_rule_is_there_with_its_own_fit_and_cannot_grow() -> None:
    offers = [make_offer(kinds=["tutoring"], slots=9), make_offer(slots=9)]
    district = make_district([make_need(slots=7)], offers, partnerships=[lock("n0", "o0", 2)])
    problem, first = make_problem(district), np.array([0])
    assert problem.pair_offer.tolist() == [0, 1]
    assert problem.pair_locked is not None
    assert problem.pair_max_slots is not None
    assert (problem.pair_locked.tolist(), problem.pair_max_slots.tolist()) == ([2, 0], [2, 7])
    assert problem.pair_fit[0] == make_scorer(district).score(first, first).fit[0] > 0


def test_an_offer_without_slots_has_no_pairs() -> None:
    rows = [lock("n0", "o0", 2)]
    district = make_district([make_need()], [make_offer(slots=0), make_offer()], partnerships=rows)
    problem = make_problem(district)
    assert problem.pair_offer.tolist() == [1]


def test_the_columns_of_scores_are_shares_with_six_decimals() -> None:
    district = make_district([make_need()], [make_offer()])
    pairs = make_scorer(district).score(np.array([0]), np.array([0]))
    columns = score_columns(pairs)
    assert columns["fit"][0] == pytest.approx(pairs.fit[0] / 1_000_000, abs=1e-12)
    # Without calibration: two thirds of the cosine plus twice the coverage.
    expected = (columns["dense"][0] + 2 * columns["lexical"][0]) * 2 / 3
    assert columns["similarity"][0] == pytest.approx(min(expected, 1), abs=2e-6)
    parts = [
        "similarity",
        "grades",
        "distance",
        "schedule",
        "languages",
        "priorities",
        "quality",
        "commitment",
    ]
    assert [name for name in columns if name.startswith("fit_")] == [f"fit_{name}" for name in parts]
