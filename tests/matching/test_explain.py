"""The sentence behind a match, part by part."""

import numpy as np
import pytest

from matching.explain import match_reasons
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import make_scorer


def reason(
    need: Row | None = None,
    offer: Row | None = None,
    *,
    school: Row | None = None,
    partner: Row | None = None,
    evaluations: list[Row] | None = None,
) -> str:
    """Return the sentence of the one pair of a district; the offer's focus is "Mentors"."""
    district = make_district(
        [make_need() | (need or {})],
        [make_offer(focus="Mentors") | (offer or {})],
        schools=[make_school() | (school or {})],
        partners=[make_partner() | (partner or {})],
        evaluations=evaluations or [],
    )
    scorer, first = make_scorer(district), np.array([0])
    return match_reasons(district, scorer.facts, scorer.partnership, scorer.score(first, first))[0]


def test_what_is_not_known_is_not_said() -> None:
    assert reason() == "Mentors"


def test_everything_that_is_known_is_said_in_one_sentence() -> None:
    said = reason(
        {"grades": "3-5", "schedule": "Wed 15:00-16:30", "languages": "Spanish"},
        {
            "focus": "Reading mentors.",
            "schedule": "Wed 15:00-17:00|Fri 15:00-17:00",
            "languages": ["English", "Spanish"],
        },
        school={"latitude": 40.0, "longitude": 0.0},
        partner={"latitude": 40.01, "longitude": 0.0, "years_committed": 3},
        evaluations=[
            {"partner_id": "p0", "school_id": "s0", "term": "spring", "rating": 4.6, "respondents": 9},
        ],
    )
    # 0.01 degrees are 1.112 km.
    assert said == (
        "Reading mentors, for grades 3-5, 1.1 km away, free on Wednesdays, speaks Spanish, rated 4.6 by 1 school, "
        "committed for 3 years"
    )


@pytest.mark.parametrize(
    ("needed", "served", "words"),
    [
        ("3-5", "3-5", ", for grades 3-5"),
        ("3-5", "", ", for grades 3-5"),
        ("3-5", "K-3", ", for grade 3 of the need"),
        ("K-5", "K|3-4", ", for grades K, 3-4 of the need"),
        ("PK-13", "", ""),
    ],
)
def test_the_shared_grades(needed: str, served: str, words: str) -> None:
    assert reason({"grades": needed}, {"grades": served}) == f"Mentors{words}"


@pytest.mark.parametrize(
    ("wanted", "offered", "words"),
    [
        ("", "Mon 09:00-10:00|Tue 09:00-10:00", ", free on Mondays and Tuesdays"),
        ("Tue 09:00-10:00", "Mon 09:00-10:00|Tue 09:00-10:00", ", free on Tuesdays"),
        ("", "Mon 09:00-10:00|Wed 08:00-09:00|Sun 09:00-10:00", ", free on Mondays, Wednesdays and Sundays"),
        ("Mon 10:00-11:00", "Mon 09:00-10:00", ""),
        ("Mon 10:00-11:00", "", ""),
    ],
)
def test_the_days_both_can(wanted: str, offered: str, words: str) -> None:
    assert reason({"schedule": wanted}, {"schedule": offered}) == f"Mentors{words}"


def test_languages_of_the_school_count_where_the_need_asks_none() -> None:
    school: Row = {"languages": ["English", "somali", "Arabic"]}
    offer: Row = {"languages": ["English", "Arabic", "Somali"]}
    assert reason(None, offer, school=school) == "Mentors, speaks Arabic and Somali"
    assert reason({"languages": "Hmong"}, offer, school=school) == "Mentors"


def test_ratings_of_few_people_are_not_said() -> None:
    rated: Row = {"partner_id": "p0", "term": "spring", "rating": 5}
    assert reason(evaluations=[{**rated, "respondents": 4}]) == "Mentors"
    assert reason(evaluations=[{**rated, "respondents": 5}]) == "Mentors, rated 5.0"


def test_one_year_of_commitment_is_not_worth_saying() -> None:
    assert reason(partner={"years_committed": 1}) == "Mentors"
    assert reason(partner={"years_committed": 2.5}) == "Mentors, committed for 2.5 years"


def test_a_long_focus_is_cut_between_words() -> None:
    said = reason(offer={"focus": "Mentors, " + "who read " * 20})
    assert said.endswith("who read ...")
    assert len(said) <= 114
