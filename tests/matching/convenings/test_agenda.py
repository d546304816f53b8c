"""What is talked about at the meetings of the year."""

from dataclasses import replace
from datetime import date

import pytest

from matching.convenings.agenda import Item, Year, agenda_of
from matching.convenings.talks import Rounds, Talk
from matching.district import District
from matching.overview import overview_of
from matching.policy import Policy
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school

ON = date(2027, 1, 20)


def a_year(district: District, **given: object) -> Year:
    policy, talk = Policy(), Talk("s0", "p0", ("mentoring",), 3)
    year = Year(district, policy, overview_of(district, policy, on=ON), ON, Rounds(((talk,),), (talk,)), 8)
    return replace(year, **given)  # type: ignore[arg-type]  # fields of a year


def district_of(**tables: list[Row]) -> District:
    rows = {"offer_id": "o0", "status": "active", "since": "2026-10-01"}
    return make_district(
        [
            make_need("n0", slots=9, priority=1, goal="Read by third grade"),
            make_need("n1", slots=4, kind="event", priority=2),
        ],
        [make_offer("o0", partner_id="p0", slots=9, trained_slots=2, kinds=["mentoring", "event"])],
        schools=[make_school("s0", name="Alder")],
        partners=[make_partner("p0", name="Rotary"), make_partner("p1", kind="individual", name="Ana Ruiz")],
        partnerships=[rows | {"need_id": "n0", "slots": 2}, rows | {"need_id": "n1", "slots": 4}],
        **tables,  # type: ignore[arg-type]  # none is called name
    )


def said(items: list[Item]) -> list[str]:
    return [one.words.format(**one.values) for item in items for one in item.said]


def test_beginning_tells_gaps_training_and_goals() -> None:
    found = said(agenda_of("beginning", a_year(district_of())))
    for words in (
        "Partners: 2, of them new this year: 2",
        "Mentoring slots open: 7 of 9",
        "Alder: mentoring, slots open: 7",
        "Needs of priority 1: 1 of 2",
        "Mentoring slots with a trained volunteer: 2 of 9",
        "Running matches with a goal: 1 of 2",
    ):
        assert words in found


def test_midyear_tells_levels_evaluations_changes_and_the_plan() -> None:
    judged = {"partner_id": "p0", "school_id": "s0", "term": "fall 2026", "rating": 4}
    district = district_of(
        evaluations=[judged | {"respondents": 6}, judged | {"rating": 1, "respondents": 4}]
    )
    found = said(agenda_of("midyear", a_year(district, proposed=11)))
    for words in (
        "mentoring-1: 2 of 9",
        "Evaluations this school year: 1",
        "Mean rating, 1 to 5: 4.0",
        "Schools and partners without one: 0",
        "Matches begun this school year: 2",
        "Slots that run now: 6 of 13",
        "Slots that the last plan fills: 11",
    ):
        assert words in found


def test_end_tells_outcomes_and_what_goes_on() -> None:
    judged = {"partner_id": "p0", "school_id": "s0", "term": "spring 2027", "respondents": 6}
    rows = [judged | {"outcome_before": 20, "outcome_after": after, "students": 5} for after in (31, 19)]
    found = said(agenda_of("end", a_year(district_of(evaluations=rows), num_recognized=3)))
    for words in (
        "The figure rose in 1 and fell in 1 of 2",
        "Students they served: 10",
        "Partnerships that meet seven guidelines or more: 3",
        "Slots still open: 7 of 13",
    ):
        assert words in found


@pytest.mark.parametrize("kind", ["beginning", "midyear", "end", "other"])
def test_talks_take_their_time_and_tell_what_falls_out(kind: str) -> None:
    talks = agenda_of(kind, a_year(district_of()))[-2]
    assert talks.minutes == 8
    assert said([talks]) == ["Talks: 1, rounds: 1, minutes each: 8", "Talks for which there is no time: 1"]


@pytest.mark.parametrize("kind", ["beginning", "midyear", "end", "other"])
def test_person_who_helps_alone_is_not_named(kind: str) -> None:
    assert not any("Ana" in words for words in said(agenda_of(kind, a_year(district_of()))))


@pytest.mark.parametrize("kind", ["beginning", "midyear", "end"])
def test_agenda_of_an_empty_district_stands(kind: str) -> None:
    year = a_year(make_district(), rounds=Rounds(()))
    assert len(agenda_of(kind, year)) > 3
