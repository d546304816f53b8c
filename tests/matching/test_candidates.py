"""The candidates are exactly the pairs that every rule allows, or exactly the best of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import candidates
from matching.candidates import Candidates, find_candidates
from matching.district import District
from matching.policy import Policy
from matching.rules import PAIR_RULES
from tests.districts import make_district, make_need, make_offer
from tests.matching.cases import allowed, districts, make_policy, make_scorer, on_a_few


def triples(found: Candidates) -> list[tuple[int, int, int]]:
    return list(zip(found.need.tolist(), found.offer.tolist(), found.fit.tolist(), strict=True))


def brute_force(district: District, policy: Policy) -> list[tuple[int, int, int]]:
    """Return need, offer and fit of every pair that each rule alone allows and that reaches the floor."""
    scorer = make_scorer(district, policy)
    verdicts = {rule: allowed(rule, district, policy.rules) for rule in PAIR_RULES}
    found = []
    for need, offer in itertools.product(range(len(district.needs)), range(len(district.offers))):
        pair = scorer.score(np.array([need]), np.array([offer]))
        reaches_floor = pair.texts.similarity[0] >= np.float32(policy.fit.floor)
        if reaches_floor and all(verdict[need][offer] for verdict in verdicts.values()):
            found.append((need, offer, int(pair.fit[0])))
    return found


@on_a_few
@given(districts(), st.sampled_from([0.0, 0.3, 1.0]))
def test_candidates_are_the_pairs_that_a_loop_over_all_rules_allows(district: District, floor: float) -> None:
    policy = make_policy(fit={"floor": floor})
    found = find_candidates(make_scorer(district, policy))
    assert triples(found) == brute_force(district, policy)
    assert found.bounds_over == "all"


def best_of(pairs: list[tuple[int, int, int]], count: int) -> list[tuple[int, int, int]]:
    """Return the pairs among the best `count` of their need or of their offer; ties by the lower index."""
    kept = set()
    for side, other in ((0, 1), (1, 0)):
        for owner in {pair[side] for pair in pairs}:
            ranked = sorted((p for p in pairs if p[side] == owner), key=lambda p: (-p[2], p[other]))
            kept |= set(ranked[:count])
    return sorted(kept)


TIES = [["reading mentors", "math"][i % 2] for i in range(7)]


@pytest.mark.parametrize("rows_at_once", [1, 2, 5, 100])
@pytest.mark.parametrize("per_side", [1, 2, 3])
def test_beyond_max_pairs_the_best_of_each_side_are_kept(
    monkeypatch: pytest.MonkeyPatch, per_side: int, rows_at_once: int
) -> None:
    needs = [make_need(statement=text, slots=1) for text in [*TIES, "reading"]]
    offers = [make_offer(focus=text) for text in [*TIES, "mentors for math"]]
    district = make_district(needs, offers)
    every = triples(find_candidates(make_scorer(district, make_policy(fit={"floor": 0}))))
    policy = make_policy(fit={"floor": 0}, candidates={"max_pairs": 10, "per_side": per_side})
    monkeypatch.setattr(candidates, "BLOCK_PAIRS", rows_at_once * len(offers))
    found = find_candidates(make_scorer(district, policy))
    assert len(every) == 64
    assert triples(found) == best_of(every, per_side)
    assert found.bounds_over == f"{per_side} best"


def test_exactly_max_pairs_are_all_held() -> None:
    district = make_district([make_need()] * 2, [make_offer()] * 3)
    whole = find_candidates(make_scorer(district, make_policy(candidates={"max_pairs": 6, "per_side": 1})))
    cut = find_candidates(make_scorer(district, make_policy(candidates={"max_pairs": 5, "per_side": 1})))
    assert (len(whole.need), whole.bounds_over) == (6, "all")
    # All fits are equal: each need keeps offer 0, each offer keeps need 0.
    assert [pair[:2] for pair in triples(cut)] == [(0, 0), (0, 1), (0, 2), (1, 0)]


def test_ties_go_to_the_earlier_need_whatever_its_kind() -> None:
    needs = [make_need(kind="tutoring"), make_need(kind="mentoring")]
    offers = [make_offer(kinds=["mentoring", "tutoring"])] * 2
    policy = make_policy(candidates={"max_pairs": 0, "per_side": 1})
    found = find_candidates(make_scorer(make_district(needs, offers), policy))
    # Mentoring is compared first. Each need keeps offer 0, each offer keeps need 0.
    assert [pair[:2] for pair in triples(found)] == [(0, 0), (0, 1), (1, 0)]


@on_a_few
@given(districts(), st.integers(1, 3))
def test_blocks_give_the_same_as_one_block(district: District, rows: int) -> None:
    scorer = make_scorer(district)
    whole = find_candidates(scorer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "BLOCK_PAIRS", rows * len(district.offers))
        assert triples(find_candidates(scorer)) == triples(whole)


def test_a_pair_exactly_on_the_fit_floor_is_a_candidate() -> None:
    district = make_district([make_need(statement="reading mentors")], [make_offer(focus="mentors")])
    first = np.array([0])
    similarity = make_scorer(district).score(first, first).texts.similarity[0]
    above = float(np.nextafter(similarity, np.float32(2)))
    assert (
        len(find_candidates(make_scorer(district, make_policy(fit={"floor": float(similarity)}))).need) == 1
    )
    assert len(find_candidates(make_scorer(district, make_policy(fit={"floor": above}))).need) == 0


def test_progress_ends_at_one() -> None:
    told: list[tuple[str, float]] = []
    kinds = ["mentoring", "event", "event"]
    district = make_district([make_need(kind=k) for k in kinds], [make_offer(kinds=[k]) for k in kinds])
    find_candidates(make_scorer(district), lambda *what: told.append(what))
    # One pair of mentoring, then four of events.
    assert told == [("candidates", 0.2), ("candidates", 1.0)]


def test_no_needs_or_no_offers_have_no_candidates() -> None:
    for district in (make_district([], [make_offer()]), make_district([make_need()], [])):
        assert triples(find_candidates(make_scorer(district))) == []
