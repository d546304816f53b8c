"""Each part of the fit by hand, and the total in millionths."""

from dataclasses import fields

import numpy as np
import pytest

from matching.candidates import ScoredPairs
from matching.district import District
from matching.fit import FitParts, fit_parts, partnership_of
from matching.policy import Fit, Policy, Weights
from matching.texts import PairTexts
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import make_facts, make_policy, make_scorer


def score(district: District, policy: Policy | None = None) -> ScoredPairs:
    """Return every pair of the district, need by need."""
    need, offer = np.divmod(np.arange(len(district.needs) * len(district.offers)), len(district.offers))
    return make_scorer(district, policy).score(need, offer)


def parts_of(texts: PairTexts) -> FitParts:
    """Return the parts of the one pair of a plain district that has these text scores."""
    facts = make_facts(district := make_district([make_need()], [make_offer()]))
    first = np.zeros(1, dtype=np.int64)
    return fit_parts(facts, partnership_of(district, facts, Fit()), texts, first, first, Fit())


def test_similarity_and_priorities_are_the_texts_own() -> None:
    texts = PairTexts(*(np.array([value], dtype=np.float32) for value in (0.5, 0.25, 0.75, 0.125)))
    assert parts_of(texts).similarity.tolist() == [0.75]
    assert parts_of(texts).priorities.tolist() == [0.125]


def test_priorities_that_are_unknown_count_half() -> None:
    texts = PairTexts(*(np.array([value], dtype=np.float32) for value in (0.5, 0.5, 0.5, np.nan)))
    assert parts_of(texts).priorities.tolist() == [0.5]


def test_grades_are_the_share_of_the_needs_grades() -> None:
    needs = [make_need(grades="3-5"), make_need(grades="K-1")]
    offers = [make_offer(grades="4-8"), make_offer(grades="1|3"), make_offer()]
    # 3-5 and 4-8 share 4 and 5 of 3, 5: two of three; 1 and 3 give one of three; a blank offer serves all.
    assert score(make_district(needs, offers)).parts.grades.tolist() == pytest.approx(
        [2 / 3, 1 / 3, 1, 0, 1 / 2, 1]
    )


def test_distance_is_worth_half_at_the_policys_kilometres() -> None:
    # 0.1 degrees of latitude are 11.119508 km: 5 / (5 + 11.119508) = 0.310183; at the door 1; unknown a half.
    school = make_school(latitude=40.0, longitude=0.0)
    places = [(40.1, 0.0), (40.0, 0.0), (None, None)]
    partners = [make_partner(f"p{i}", latitude=n, longitude=e) for i, (n, e) in enumerate(places)]
    district = make_district([make_need()], [make_offer()] * 3, schools=[school], partners=partners)
    assert score(district).parts.distance.tolist() == pytest.approx([0.310183, 1.0, 0.5], abs=1e-6)
    policy = make_policy(fit={"half_distance_km": 11.119508})
    assert score(district, policy).parts.distance[0] == pytest.approx(0.5, abs=1e-6)


def test_schedule_is_the_share_of_the_needs_minutes() -> None:
    needs = [make_need(schedule="Mon 15:00-16:00|Wed 15:00-16:00"), make_need()]
    offers = [make_offer(schedule="Mon 15:30-18:00"), make_offer()]
    # 30 of 120 minutes; a half wherever a side is blank.
    assert score(make_district(needs, offers)).parts.schedule.tolist() == [0.25, 0.5, 0.5, 0.5]


def test_languages_are_the_share_of_those_asked_else_of_the_schools() -> None:
    needs = [make_need(languages=["Spanish", "Somali"]), make_need(), make_need(school_id="s1")]
    schools = [make_school("s0", languages=["English", "spanish", "Arabic", "Hmong"]), make_school("s1")]
    offers = [make_offer(languages=["SPANISH", "Arabic"]), make_offer()]
    found = score(make_district(needs, offers, schools=schools)).parts.languages
    # Asked: Spanish of two, then none of two. School: two of four, then English of four. Nothing known: a half.
    assert found.tolist() == [0.5, 0.0, 0.5, 0.25, 0.5, 0.5]


def rate(partner_id: str, *ratings: float | None, **cells: object) -> list[Row]:
    return [
        {"partner_id": partner_id, "term": "spring 2026", "rating": rating, **cells} for rating in ratings
    ]


def test_quality_draws_few_ratings_to_the_mean() -> None:
    # The mean of all ratings is (2 * 5 + 8 * 3) / 10 = 3.4. With a prior of 5:
    # p0 (10 + 17) / 7 = 3.857143 -> 0.714286; p1 (24 + 17) / 13 = 3.153846 -> 0.538462; p2 3.4 -> 0.6.
    evaluations = [*rate("p0", 5, 5), *rate("p1", *[3] * 8), *rate("p2", None)]
    district = make_district([make_need()], [make_offer()] * 3, evaluations=evaluations)
    assert score(district).parts.quality.tolist() == pytest.approx([0.714286, 0.538462, 0.6], abs=1e-6)


def test_quality_without_a_single_rating_is_the_middle_of_the_scale() -> None:
    assert score(make_district([make_need()], [make_offer()])).parts.quality.tolist() == [0.5]


def test_quality_without_a_prior_is_the_plain_mean_and_unrated_partners_have_the_districts() -> None:
    # p0: (4 - 1) / 4; p1 has no rating: the district's mean is 4 as well.
    district = make_district([make_need()], [make_offer()] * 2, evaluations=rate("p0", 3, 5))
    assert score(district, make_policy(fit={"rating_prior": 0})).parts.quality.tolist() == [0.75, 0.75]


def test_ratings_are_shown_only_when_enough_people_gave_them() -> None:
    evaluations = [
        *rate("p0", 4, school_id="s0", respondents=4),
        *rate("p1", 4, school_id="s0", respondents=5),
        *rate("p2", 4, 4, 5, school_id="s0"),
        *rate("p2", 4, 4, school_id="s1"),
    ]
    schools = [make_school("s0"), make_school("s1")]
    district = make_district([], [make_offer()] * 3, schools=schools, evaluations=evaluations)
    found = partnership_of(district, make_facts(district), Fit())
    assert found.is_published.tolist() == [
        False,
        True,
        True,
    ]  # a blank counts as one: five ratings, five people
    assert found.schools.tolist() == [1, 1, 2]
    assert found.rating.tolist() == pytest.approx([4, 4, 4.2])


def test_commitment_grows_to_the_policys_years() -> None:
    partners = [make_partner(f"p{i}", years_committed=years) for i, years in enumerate([2, 5, 9, None])]
    district = make_district([make_need()], [make_offer()] * 4, partners=partners)
    # 2 / 5, then full; blank counts as the one year that an agreement takes.
    assert score(district).parts.commitment.tolist() == [0.4, 1.0, 1.0, 0.2]


def parts(**values: float) -> FitParts:
    return FitParts(**{part.name: np.array([values.get(part.name, 0.0)]) for part in fields(FitParts)})


def test_the_total_is_the_weighted_mean_in_millionths() -> None:
    # (0.6 * 0.5 + 0.1 * 0.3 + 0.07 * 0.123456) / 1 = 0.33864192 -> 338,642 millionths.
    found = parts(similarity=0.5, distance=0.3, quality=0.123456).total(Weights())
    assert found.dtype == np.int64
    assert found.tolist() == [338642]


def test_only_the_ratios_of_the_weights_matter() -> None:
    once, twice = {"similarity": 1.0, "grades": 3.0}, {"similarity": 2.0, "grades": 6.0}
    nothing = dict.fromkeys(Weights().as_dict(), 0.0)
    value = parts(similarity=0.2, grades=1.0, quality=0.9)
    # (1 * 0.2 + 3 * 1) / 4 = 0.8; what has no weight is not counted.
    assert value.total(Weights(**nothing | once)).tolist() == [800000]
    assert value.total(Weights(**nothing | twice)).tolist() == [800000]


def test_all_parts_full_is_a_whole_fit() -> None:
    assert parts(**dict.fromkeys(Weights().as_dict(), 1.0)).total(Weights()).tolist() == [1_000_000]


def test_grades_of_a_need_that_may_be_of_any_grade_count_half() -> None:
    district = make_district([make_need()], [make_offer(grades="K-2")], schools=[make_school(grades="PK-13")])
    assert score(district).parts.grades.tolist() == [0.5]
