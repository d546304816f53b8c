"""Ratings and outcomes: how far few respondents are drawn to the mean."""

import numpy as np
import pandas as pd
import pytest

from matching.district import District
from matching.evaluation import match_ratings, partner_quality, partner_ratings, partner_return, shrink
from matching.policy import Fit
from tests.districts import make_district, make_need, make_offer


def rate(partner: int, rating: float | None = None, **cells: object) -> dict[str, object]:
    return {"partner_id": f"p{partner}", "term": "fall 2026", "rating": rating, **cells}


def district_of(*evaluations: dict[str, object], partners: int = 2) -> District:
    return make_district([make_need()], [make_offer()] * partners, evaluations=list(evaluations))


def test_two_ratings_of_five_do_not_beat_forty_of_four_point_seven() -> None:
    district = district_of(rate(0, 5, respondents=2), rate(1, 4.7, respondents=40))
    few, many = partner_ratings(district, Fit()).drawn
    # The mean is (10 + 188) / 42 = 4.714286; (10 + 5 * 4.714286) / 7 = 4.795918 would still be above, so
    # a third partner with plain ratings sets the district's mean.
    assert many == pytest.approx((188 + 5 * 198 / 42) / 45)
    district = district_of(
        rate(0, 5, respondents=2), rate(1, 4.7, respondents=40), rate(2, 3.9, respondents=60), partners=3
    )
    few, many, _ = partner_ratings(district, Fit()).drawn
    assert few < many


def test_a_row_counts_its_respondents() -> None:
    # (5 * 1 + 3 * 9) / 10 = 3.2
    ratings = partner_ratings(
        district_of(rate(0, 5, respondents=1), rate(0, 3, respondents=9)), Fit(rating_prior=0)
    )
    assert ratings.mean[0] == pytest.approx(3.2)
    assert ratings.respondents[0] == 10


def test_ratings_that_differ_by_chance_alone_are_drawn_farther() -> None:
    rng = np.random.default_rng(0)
    group, people = np.repeat(np.arange(20), 3), np.full(60, 4.0)
    noise, truth = rng.normal(0, 0.5, 60), rng.normal(0, 1.0, 20)[group]
    chance = shrink(group, 4 + 0.1 * truth + noise, people, 20, 1.0)
    real = shrink(group, 4 + truth + noise, people, 20, 1.0)
    # sigma^2 is 4 * 0.25 = 1 a respondent; tau^2 is 1 and 0.01, so k is about 1 and 100.
    assert real.prior < 3
    assert chance.prior > 10


def test_outcomes_raise_the_quality_of_a_partner_rated_like_the_others() -> None:
    rows = [rate(p, 4, respondents=10, outcome_before=40, outcome_after=40 + 2 * p) for p in range(12)]
    quality = partner_quality(district_of(*rows, partners=12), Fit())
    assert (np.diff(quality) > 0).all()
    assert quality[0] < 0.75 < quality[-1]


def test_without_outcomes_the_quality_is_the_rating_alone() -> None:
    quality = partner_quality(district_of(rate(0, 5, respondents=5)), Fit())
    assert quality.tolist() == [1.0, 1.0]


def test_a_match_is_rated_by_its_school_for_its_need_or_for_all_the_partner_does_there() -> None:
    here = {"school_id": "s0", "respondents": 20}
    rows = [
        rate(0, 2, **here, need_id="n0"),
        rate(0, 4, **here),
        rate(0, 5, **here, need_id="n1"),
        rate(0, 1),
        rate(1, 1, school_id="s1", respondents=20),
    ]
    needs = [make_need(), make_need(), make_need(None, school_id="s1")]
    district = make_district(needs, [make_offer()] * 2, evaluations=rows)
    matches = pd.DataFrame({"need_id": ["n0", "n2"], "offer_id": ["o0", "o0"]})
    found = match_ratings(district, Fit(rating_prior=0), matches)
    assert found["rating"].iat[0] == 3.0
    assert found["respondents"].tolist() == [40, 0]
    assert found["rating"].isna().tolist() == [False, True]


def test_a_partner_that_comes_back_a_year_later_is_told_from_one_that_does_not() -> None:
    here = {"school_id": "s0"}
    rows = [
        rate(0, 4, **here) | {"term": "2024-25"},
        rate(0, 4, **here) | {"term": "spring 2026"},
        rate(1, 4, **here) | {"term": "fall 2024"},
    ]
    found = partner_return(district_of(*rows), Fit())
    # p0 was there in 2024-25 and 2025-26, p1 in 2024-25 alone; what comes after 2025-26 is not known.
    assert found.mean.tolist() == [1.0, 0.0]


def test_a_running_partnership_counts_as_having_come_back() -> None:
    runs = [{"need_id": "n0", "offer_id": "o0", "slots": 1, "status": "active"}]
    rows = [rate(0, 4, school_id="s0"), rate(1, 4, school_id="s0")]
    district = make_district([make_need()], [make_offer()] * 2, evaluations=rows, partnerships=runs)
    assert partner_return(district, Fit()).mean.tolist() == [1.0, 0.0]


def test_without_any_year_to_compare_nothing_is_said_of_coming_back() -> None:
    assert not partner_return(district_of(rate(0, 4, school_id="s0")), Fit()).respondents.any()


def test_a_rating_of_years_ago_ends_nothing() -> None:
    rows = [
        rate(0, 1, school_id="s0", respondents=20) | {"term": "2023-24"},
        rate(1, 4, school_id="s0", respondents=20) | {"term": "fall 2026"},
    ]
    matches = pd.DataFrame({"need_id": ["n0", "n0"], "offer_id": ["o0", "o1"]})
    found = match_ratings(district_of(*rows), Fit(rating_prior=0), matches)
    assert found["rating"].isna().tolist() == [True, False]
