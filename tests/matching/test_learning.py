"""Decisions change the weights where they say something that the weights do not, and only there."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from embeddings import WordHashEncoder
from matching.audit import audit_allocation
from matching.candidates import Scorer
from matching.district import District, blank_rows
from matching.fit import FitParts
from matching.generate import generate_district
from matching.learning import Decisions, Learning, Status, decisions_of, learn
from matching.pipeline import Run, match
from matching.policy import Policy, Weights
from matching.recommendation import Recommender
from matching.tables import district_from_tables
from tests.districts import Row, make_district, make_need, make_offer
from tests.matching.cases import ON, make_policy, make_scorer

NEARNESS = Weights(similarity=0.3, distance=0.4)
PARTS = list(Weights().as_dict())


def make_parts(num_pairs: int, seed: int) -> FitParts:
    rng = np.random.default_rng(seed)
    values = np.clip(rng.normal(0.5, 0.2, (len(PARTS), num_pairs)), 0, 1)
    return FitParts(**dict(zip(PARTS, values, strict=True)))


def decide(parts: FitParts, weights: Weights, seed: int, slope: float = 20.0) -> Decisions:
    """Return the decisions of someone who accepts, four pairs a need, the more often the better these weights find."""
    fit = parts.total(weights) / 1e6
    chance = 1 / (1 + np.exp(-slope * (fit - np.median(fit))))
    is_accepted = np.random.default_rng(seed + 1000).random(len(fit)) < chance
    return decided(is_accepted)


def decided(is_accepted: NDArray[np.bool_]) -> Decisions:
    """Return these decisions on pairs of 40 schools and 60 partners, each school's with many partners."""
    row = np.arange(len(is_accepted))
    return Decisions(row, row, row % 40, row % 60, is_accepted)


def learning_of(weights: Weights, seed: int, *, num_pairs: int = 400, slope: float = 20.0) -> Learning:
    parts = make_parts(num_pairs, seed)
    return learn(decide(parts, weights, seed, slope), lambda need, offer: parts, Policy())


def taught_by(said: Decisions, parts: FitParts) -> Learning:
    return learn(said, lambda need, offer: parts, Policy())


def ranked(parts: FitParts, said: Decisions, weights: Weights) -> float:
    """Return the share of pairs of an accepted and a declined one that the weights rank right."""
    fit = parts.total(weights)
    higher = fit[said.is_accepted][:, np.newaxis] - fit[~said.is_accepted]
    return float(((higher > 0) + (higher == 0) / 2).mean())


def test_what_counts_more_for_the_coordinator_counts_more_in_the_fit() -> None:
    learnt = learning_of(NEARNESS, seed=0)
    assert learnt.status is Status.LEARNT
    assert learnt.weights.distance > 2 * Weights().distance
    assert learnt.weights.similarity < Weights().similarity
    assert sum(learnt.weights.as_dict().values()) == pytest.approx(1, abs=1e-3)


def test_learnt_weights_rank_unseen_decisions_better() -> None:
    learnt, parts = learning_of(NEARNESS, seed=0).weights, make_parts(2000, seed=99)
    said = decide(parts, NEARNESS, seed=99)
    assert ranked(parts, said, learnt) > ranked(parts, said, Weights()) + 0.03


def test_comparison_says_what_is_gained() -> None:
    found = learning_of(NEARNESS, seed=0).comparison
    assert found is not None
    assert 0 < found.gain_low < found.gain < found.gain_high
    assert found.ranked > found.ranked_by_default > 0.5


@pytest.mark.parametrize("slope", [0.0, 20.0], ids=["at random", "by the policy's weights"])
def test_chance_is_seldom_taken_for_a_lesson(slope: float) -> None:
    found = [learning_of(Weights(), seed, slope=slope) for seed in range(40)]
    # At a confidence of 0.95 two of 40 are to be expected at the very most: four are one in ten.
    assert sum(learning.status is Status.LEARNT for learning in found) <= 4
    kept = [learning for learning in found if learning.status is not Status.LEARNT]
    assert all(learning.status is Status.NOT_BETTER and learning.weights == Weights() for learning in kept)


def test_fewer_decisions_than_the_policy_asks_teach_nothing() -> None:
    assert learning_of(NEARNESS, seed=0, num_pairs=199).status is Status.TOO_FEW
    assert learning_of(NEARNESS, seed=0, num_pairs=200).status is not Status.TOO_FEW


def test_pairs_are_scored_only_where_there_are_decisions_enough() -> None:
    nothing = np.zeros(0, dtype=np.int64)

    def refuse(need: NDArray[np.int64], offer: NDArray[np.int64]) -> FitParts:
        raise AssertionError

    said = Decisions(nothing, nothing, nothing, nothing, np.zeros(0, dtype=bool))
    learning = learn(said, refuse, Policy())
    assert learning == Learning(Status.TOO_FEW, Weights(), 0, 0)


def test_policy_can_switch_learning_off() -> None:
    parts = make_parts(400, 0)
    policy = make_policy(learning={"use": False})
    learning = learn(decide(parts, NEARNESS, 0), lambda need, offer: parts, policy)
    assert (learning.status, learning.weights) == (Status.SWITCHED_OFF, Weights())


@pytest.mark.parametrize("side", ["declined", "school", "partner"])
def test_decisions_that_leave_nothing_to_compare_teach_nothing(side: str) -> None:
    parts = make_parts(400, 0)
    said = decide(parts, NEARNESS, 0)
    if side == "declined":
        said = replace(said, is_accepted=np.arange(400) >= 19)
    elif side == "school":
        said = replace(said, school=np.arange(400) % 9)
    else:
        said = replace(said, partner=np.arange(400) % 9)
    assert learn(said, lambda need, offer: parts, Policy()).status is Status.ONE_SIDED


def test_all_declined_of_a_single_partner_is_no_error() -> None:
    parts, row = make_parts(400, 0), np.arange(400)
    said = replace(decided(row > 20), partner=np.maximum(row - 20, 0))
    assert learn(said, lambda need, offer: parts, Policy()).status is Status.NOT_BETTER


def test_taste_for_partners_is_not_taken_for_a_taste_for_what_is_theirs() -> None:
    found = []
    for seed in range(20):
        rng, parts = np.random.default_rng(seed), make_parts(2000, seed)
        partner = np.arange(2000) % 60
        parts = replace(parts, commitment=rng.random(60)[partner], quality=rng.random(60)[partner])
        liked = rng.normal(0, 3, 60)[partner] > 0
        is_accepted = rng.random(2000) < np.where(liked, 0.9, 0.1)
        found.append(taught_by(decided(is_accepted), parts).status)
    assert found.count(Status.LEARNT) <= 2


def test_part_without_weight_in_the_policy_stays_without() -> None:
    parts = make_parts(400, 0)
    policy = make_policy(fit={"weights": {"commitment": 0}})
    learning = learn(decide(parts, NEARNESS, 0), lambda need, offer: parts, policy)
    assert learning.status is Status.LEARNT
    assert learning.weights.commitment == 0


def test_no_part_ever_counts_against_a_pair() -> None:
    parts = make_parts(2000, 0)
    away = replace(parts, distance=1 - parts.distance)
    learning = learn(decide(parts, NEARNESS, 0), lambda need, offer: away, Policy())
    assert min(learning.weights.as_dict().values()) >= 0


def test_last_decision_on_a_pair_counts_and_what_is_gone_or_closed_does_not() -> None:
    said: list[Row] = [
        {"need_id": "n0", "offer_id": "o0", "decision": "accepted", "date": "2026-09-02"},
        {"need_id": "n0", "offer_id": "o0", "decision": "declined", "date": "2026-09-01"},
        {"need_id": "n1", "offer_id": "o0", "decision": "accepted"},
        {"need_id": "n9", "offer_id": "o0", "decision": "accepted"},
        {"need_id": "n0", "offer_id": "o9", "decision": "accepted"},
    ]
    needs = [make_need("n0"), make_need("n1", slots=0), make_need("n2")]
    found = decisions_of(make_district(needs, [make_offer("o0")], decisions=said))
    assert (found.need.tolist(), found.offer.tolist(), found.is_accepted.tolist()) == ([0], [0], [True])
    assert (found.school.tolist(), found.partner.tolist()) == ([0], [0])


@pytest.fixture(scope="module")
def taught() -> District:
    """Return a district whose coordinator has decided on 600 pairs, mostly by their nearness."""
    district = district_from_tables(generate_district(30, seed=4))
    scorer = make_scorer(district)
    rng = np.random.default_rng(0)
    pairs = rng.choice(len(district.needs) * len(district.offers), 600, replace=False)
    need, offer = np.divmod(pairs, len(district.offers))
    said = decide(scorer.score(need, offer).parts, NEARNESS, 0)
    rows = blank_rows("decisions", 600).assign(
        need_id=district.needs["need_id"].to_numpy()[need],
        offer_id=district.offers["offer_id"].to_numpy()[offer],
        decision=np.where(said.is_accepted, "accepted", "declined"),
        reason="Because of Ms. Smith",
    )
    return replace(district, decisions=rows)


def relabelled(district: District) -> District:
    """Return the district under other ids and names."""
    other = ("need_id", "offer_id", "school_id", "partner_id", "name", "not_schools")
    tables = {
        name: table.assign(
            **{c: table[c].str.replace(r"(\w+)", r"x\1", regex=True) for c in table if c in other}
        )
        for name, table in district.tables.items()
    }
    return district_from_tables(tables)


def test_neither_ids_nor_names_change_what_is_learnt(taught: District) -> None:
    learning = make_scorer(taught).learning
    assert learning.status is Status.LEARNT
    assert make_scorer(relabelled(taught)).learning == learning


def test_everything_that_scores_a_pair_uses_the_same_weights(taught: District) -> None:
    scorer = make_scorer(taught)
    matching = match(taught, run=Run(on=ON, effort="quick"), encoder=WordHashEncoder())
    asked = Recommender(taught, on=ON, encoder=WordHashEncoder())
    assert matching.basis.scorer.learning == scorer.learning
    checked = audit_allocation(taught, matching.allocation.matches, on=ON, encoder=WordHashEncoder())
    assert checked.is_passed
    assert checked.fit == matching.audit.fit
    best = asked.offers_for(str(taught.needs["need_id"].iat[0])).offers[0]
    assert best.scores.fit == pytest.approx(fit_of(scorer, best.need.need_id, best.offer.offer_id), abs=1e-6)


def fit_of(scorer: Scorer, need_id: str, offer_id: str) -> float:
    need = np.flatnonzero(scorer.district.needs["need_id"] == need_id)
    offer = np.flatnonzero(scorer.district.offers["offer_id"] == offer_id)
    return float(scorer.score(need, offer).parts.total(scorer.learning.weights)[0]) / 1e6


def test_district_with_more_offers_keeps_what_was_learnt(taught: District) -> None:
    scorer = make_scorer(taught)
    again = make_scorer(taught, scorer.settled_policy)
    assert again.weights == scorer.weights != Weights()
    assert again.learning.status is Status.SWITCHED_OFF


def test_learning_twice_gives_the_same(taught: District) -> None:
    again = replace(taught, decisions=pd.concat([taught.decisions] * 2, ignore_index=True))
    assert make_scorer(taught).learning == make_scorer(again).learning
