"""The sentence behind a match, part by part."""

from pathlib import Path

import numpy as np
import pytest

from embeddings import CachedEncoder, WordHashEncoder
from embeddings.encoder import DEFAULT_NAME
from matching.candidates import scorer_of
from matching.explain import Explainer
from matching.policy import Policy
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import ON, make_scorer


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
    return Explainer(scorer).reasons(scorer.score(first, first))[0].sentences


TEXTS = "Mentors. No telling word in common; the texts are not close in meaning (0.00)."


def test_what_is_not_known_is_not_said() -> None:
    assert reason() == TEXTS


def test_words_that_both_texts_hold_are_named_the_rarest_first() -> None:
    said = reason({"statement": "Reading with third graders"}, {"focus": "Third graders love reading!"})
    assert said == (
        "Third graders love reading! Both say “third graders” and “reading”; "
        "the texts are very close in meaning (0.87). Both are about reading."
    )


def test_shared_words_stand_beside_the_sentences() -> None:
    scorer, first = make_scorer(make_district([make_need()], [make_offer()])), np.array([0])
    pairs = scorer.score(first, first)
    assert Explainer(scorer).reasons(pairs)[0].shared_words == ("help", "reading")
    assert Explainer(scorer).reasons(pairs, text="Who helps?")[0].shared_words == ("helps",)


@pytest.mark.parametrize(
    ("statement", "focus", "words"),
    [
        ("Lectura para los niños", "Mentors", "the need is in Spanish, the offer in English; the texts"),
        ("Help", "Lectura para los niños", "the need is in English, the offer in Spanish; the texts"),
        ("Que lean con ellos", "Lectura para los niños", "both are in Spanish; the texts"),
    ],
)
def test_languages_other_than_english_are_told(statement: str, focus: str, words: str) -> None:
    assert f"No telling word in common; {words}" in reason({"statement": statement}, {"focus": focus})


class Named(WordHashEncoder):
    """Hashed words under the bundled model's name, so that a multilingual model stands beside it."""

    name = DEFAULT_NAME


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "Reading with children",
            "Read in English, both say “reading”; the need is in English, the offer in Spanish; by",
        ),
        (
            "Lectura para los niños",
            "Both say “lectura”; both are in Spanish; by the multilingual model the texts are",
        ),
    ],
)
def test_a_pair_of_both_languages_is_told_the_words_it_shares_in_english(
    statement: str, words: str, tmp_path: Path
) -> None:
    district = make_district([make_need(statement=statement)], [make_offer(focus="La lectura en la escuela")])
    scorer = scorer_of(district, Policy(), ON, CachedEncoder(Named(), tmp_path / "v"))
    first = np.array([0])
    assert Explainer(scorer).reasons(scorer.score(first, first))[0].why.startswith(words)


def test_a_focus_area_that_the_partner_wants_is_told() -> None:
    partner: Row = {"priorities": ["math", "Early Learning"]}
    assert reason({"focus_area": "early learning"}, partner=partner).endswith(
        ". Early learning is a priority of the partner."
    )
    assert "priority" not in reason({"focus_area": "learning"}, partner=partner)


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
        "Reading mentors. Both say “reading”; the texts are close in meaning (0.50). "
        "Both are about reading. For grades 3-5, 1.1 km away, free on Wednesdays, "
        "speaks Spanish, rated 4.6 by 1 school, committed for 3 years."
    )


@pytest.mark.parametrize(
    ("needed", "served", "words"),
    [
        ("3-5", "3-5", " For grades 3-5."),
        ("3-5", "", " For grades 3-5."),
        ("3-5", "K-3", " For grade 3 of the need."),
        ("K-5", "K|3-4", " For grades K, 3-4 of the need."),
        ("PK-13", "", ""),
    ],
)
def test_the_shared_grades(needed: str, served: str, words: str) -> None:
    assert reason({"grades": needed}, {"grades": served}) == f"{TEXTS}{words}"


@pytest.mark.parametrize(
    ("wanted", "offered", "words"),
    [
        ("", "Mon 09:00-10:00|Tue 09:00-10:00", " Free on Mondays and Tuesdays."),
        ("Tue 09:00-10:00", "Mon 09:00-10:00|Tue 09:00-10:00", " Free on Tuesdays."),
        ("", "Mon 09:00-10:00|Wed 08:00-09:00|Sun 09:00-10:00", " Free on Mondays, Wednesdays and Sundays."),
        ("Mon 10:00-11:00", "Mon 09:00-10:00", ""),
        ("Mon 10:00-11:00", "", ""),
    ],
)
def test_the_days_both_can(wanted: str, offered: str, words: str) -> None:
    assert reason({"schedule": wanted}, {"schedule": offered}) == f"{TEXTS}{words}"


def test_languages_of_the_school_count_where_the_need_asks_none() -> None:
    school: Row = {"languages": ["English", "somali", "Arabic"]}
    offer: Row = {"languages": ["English", "Arabic", "Somali"]}
    assert reason(None, offer, school=school) == f"{TEXTS} Speaks Arabic and Somali."
    assert reason({"languages": "Hmong"}, offer, school=school) == TEXTS


def test_ratings_of_few_people_are_not_said() -> None:
    rated: Row = {"partner_id": "p0", "term": "spring", "rating": 5}
    assert reason(evaluations=[{**rated, "respondents": 4}]) == TEXTS
    assert reason(evaluations=[{**rated, "respondents": 5}]) == f"{TEXTS} Rated 5.0."


def test_one_year_of_commitment_is_not_worth_saying() -> None:
    assert reason(partner={"years_committed": 1}) == TEXTS
    assert reason(partner={"years_committed": 2.5}) == f"{TEXTS} Committed for 2.5 years."


def test_the_likeliest_area_that_both_are_about_is_told() -> None:
    need: Row = {"statement": "Fractions", "focus_area": "math"}
    assert "Both are about math." in reason(need, {"focus": "Algebra and geometry"})
    assert "Both are about" not in reason(need, {"focus": "Groceries and canned goods"})


def test_a_new_text_is_about_what_it_says_and_not_what_the_row_says() -> None:
    scorer = make_scorer(make_district([make_need(focus_area="food")], [make_offer(focus="Algebra")]))
    first, text = np.array([0]), "Fractions and geometry"
    pairs, tags = scorer.score(first, first), scorer.texts.tagger.tag([text])
    assert "Both are about math." in Explainer(scorer).reasons(pairs, text=text, tags=tags)[0].why
    assert "Both are about" not in Explainer(scorer).reasons(pairs)[0].why


def test_a_long_focus_is_cut_between_words() -> None:
    said = reason(offer={"focus": "Mentors, " + "who read " * 20})
    focus, dots, _ = said.partition(" ... ")
    assert focus.endswith("who read")
    assert dots
    assert len(focus) <= 110
