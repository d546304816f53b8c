"""How partnerships went, term by term."""

import pandas as pd

from matching.history import in_order, outcomes, ratings_by_term
from tests.districts import make_district, make_partner, make_school


def evaluations(*rows: dict[str, object]) -> pd.DataFrame:
    filled = [{"partner_id": "p0", "school_id": "s0", **row} for row in rows]
    return make_district(schools=[make_school()], partners=[make_partner()], evaluations=filled).evaluations


def test_terms_come_in_their_order_with_the_mean_of_all_who_judged() -> None:
    found = ratings_by_term(
        evaluations(
            {"term": "spring 2027", "rating": 3, "respondents": 10},
            {"term": "fall 2026", "rating": 5, "respondents": 30},
            {"term": "fall 2026", "rating": 3, "respondents": 10},
        ),
        least=5,
    )
    # (5 * 30 + 3 * 10) / 40 = 4.5
    assert found.to_dict("list") == {
        "term": ["fall 2026", "spring 2027"],
        "rating": [4.5, 3.0],
        "respondents": [40, 10],
        "ratings": [2, 1],
    }


def test_rating_by_few_counts_for_nothing_that_is_shown() -> None:
    few = {"term": "fall 2026", "rating": 1, "respondents": 4}
    assert ratings_by_term(evaluations(few), least=5).empty
    assert len(ratings_by_term(evaluations(few), least=4)) == 1
    assert ratings_by_term(evaluations({"term": "fall 2026", "rating": 1}), least=1).empty


def test_outcome_of_few_students_is_not_told() -> None:
    known = {"term": "fall 2026", "outcome_before": 40, "outcome_after": 52}
    found = outcomes(evaluations(known | {"students": 12}, known | {"students": 3}, known), least=5)
    assert found["change"].tolist() == [12.0]
    assert outcomes(evaluations({"term": "fall 2026", "outcome_after": 52, "students": 12}), least=5).empty


def test_terms_without_a_year_come_first() -> None:
    terms = pd.DataFrame({"term": ["2026-27", "fall 2025", "once"]})
    assert in_order(terms)["term"].tolist() == ["once", "fall 2025", "2026-27"]
