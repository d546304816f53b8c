"""Every rule of the tables, once allowed and once refused."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from matching.errors import DataError, Problem
from matching.tables import district_from_tables, read_district
from tests.districts import (
    Row,
    make_district,
    make_need,
    make_offer,
    make_partner,
    make_school,
    make_tables,
    write_folder,
)

SAN_FRANCISCO = Path(__file__).parents[3] / "shared" / "data" / "san-francisco"


def make_full_tables(table: str = "", **cells: object) -> dict[str, pd.DataFrame]:
    """Return all ten tables with one row each (two schools and two needs), one row with other cells."""
    rows: Mapping[str, list[Row]] = {
        "schools": [make_school("s0"), make_school("s1")],
        "needs": [make_need("n0"), make_need("n1", school_id="s1")],
        "partners": [make_partner("p0")],
        "offers": [make_offer("o0", partner_id="p0")],
        "partnerships": [{"need_id": "n0", "offer_id": "o0", "slots": 2, "status": "active"}],
        "evidence": [{"school_id": "s0", "source": "survey", "measure": "reading_pct", "value": 40}],
        "evaluations": [{"partner_id": "p0", "term": "fall 2026"}],
        "comments": [{"school_id": "s0", "respondent": "family", "text": "We need more time."}],
        "convenings": [{"convening_id": "c0", "date": "2026-09-14", "kind": "beginning"}],
        "decisions": [{"need_id": "n0", "offer_id": "o0", "decision": "accepted"}],
    }
    tables = make_tables(**rows)
    if table:
        tables[table] = pd.DataFrame([{**rows[table][0], **cells}, *rows[table][1:]])
    return tables


def problems_of(tables: Mapping[str, pd.DataFrame]) -> list[Problem]:
    with pytest.raises(DataError) as caught:
        district_from_tables(tables)
    return list(caught.value.problems)


def test_full_district_is_read() -> None:
    district = district_from_tables(make_full_tables())
    assert {name: len(table) for name, table in district.tables.items()} == {
        **dict.fromkeys(district.tables, 1),
        "schools": 2,
        "needs": 2,
    }


RULES = [
    ("schools", "school_id", "s0", ""),
    ("schools", "name", "Lincoln", ""),
    ("schools", "grades", "K-5", "5-K"),
    ("schools", "grades", "K-5", ""),
    ("schools", "enrollment", 0, -1),
    ("schools", "title_i", "yes", "perhaps"),
    ("schools", "max_partners", "3", "3.5"),
    ("schools", "nces_id", "063441005512", "6.34E+10"),
    ("needs", "need_id", "n0", ""),
    ("needs", "school_id", "s1", "s9"),
    ("needs", "school_id", "s1", ""),
    ("needs", "statement", "Help", ""),
    ("needs", "kind", "Tutoring", "tutor"),
    ("needs", "slots", 0, -1),
    ("needs", "slots", 1, ""),
    ("needs", "slots", "1.0", "1.5"),
    ("needs", "priority", 5, 6),
    ("needs", "priority", 1, 0),
    ("needs", "priority", "", "high"),
    ("needs", "grades", "", "junior"),
    ("needs", "schedule", "Mon 15:00-16:00", "Mon"),
    ("needs", "min_slots", 1, 0),
    ("needs", "min_slots", 5, 6),
    ("needs", "max_partners", 1, 0),
    ("needs", "in_improvement_plan", "x", "improving"),
    ("needs", "budget", "$1,200", -1),
    ("partners", "partner_id", "p0", ""),
    ("partners", "kind", "Civic club", "club"),
    ("partners", "radius_km", 0.1, 0),
    ("partners", "max_schools", 0, -1),
    ("partners", "years_committed", 0.5, -1),
    ("partners", "agreement_expires", "6/30/2027", "30/6/2027"),
    ("partners", "not_schools", "s0|s1", "s0|s9"),
    ("offers", "offer_id", "o0", ""),
    ("offers", "partner_id", "p0", "p9"),
    ("offers", "focus", "Reading", ""),
    ("offers", "kinds", "mentoring, Event", "mentoring|events"),
    ("offers", "kinds", "event", ""),
    ("offers", "slots", 0, -1),
    ("offers", "min_slots", 9, 0),
    ("offers", "trained_slots", 5, 6),
    ("offers", "trained_slots", 0, -1),
    ("offers", "cleared_until", "2027-06-30", "next year"),
    ("offers", "cost_to_school", 0, "free"),
    ("partnerships", "need_id", "n1", "n9"),
    ("partnerships", "offer_id", "o0", "o9"),
    ("partnerships", "slots", 0, -1),
    ("partnerships", "status", "Declined", "rejected"),
    ("partnerships", "since", "2026-09-14", "autumn"),
    ("partnerships", "locked", True, "locked"),
    ("evidence", "school_id", "s1", "s9"),
    ("evidence", "need_id", "n0", "n9"),
    ("evidence", "need_id", "n0", "n1"),
    ("evidence", "source", "state test", "test"),
    ("evidence", "measure", "attendance_pct", ""),
    ("evidence", "value", "45%", ""),
    ("evidence", "benchmark", 50, "average"),
    ("evidence", "respondents", 0, -1),
    ("evaluations", "partner_id", "p0", "p9"),
    ("evaluations", "school_id", "s0", "s9"),
    ("evaluations", "need_id", "n0", "n9"),
    ("evaluations", "term", "fall", ""),
    ("evaluations", "rating", 4.5, 5.1),
    ("evaluations", "rating", 1, 0.9),
    ("evaluations", "outcome_before", -3.5, "low"),
    ("evaluations", "students", 12, 1.5),
    ("comments", "school_id", "s1", "s9"),
    ("comments", "respondent", "Staff", "teacher"),
    ("comments", "text", "Thanks", ""),
    ("convenings", "convening_id", "c1", ""),
    ("convenings", "date", "9/14/2026", ""),
    ("convenings", "kind", "mid-year", "autumn"),
    ("decisions", "need_id", "n9", ""),
    ("decisions", "offer_id", "o9", ""),
    ("decisions", "decision", "Declined", "perhaps"),
    ("decisions", "decision", "accepted", ""),
    ("decisions", "date", "9/14/2026", "autumn"),
]


@pytest.mark.parametrize(("table", "column", "allowed", "refused"), RULES)
def test_rule_of_a_column(table: str, column: str, allowed: object, refused: object) -> None:
    district_from_tables(make_full_tables(table, **{column: allowed}))
    problems = problems_of(make_full_tables(table, **{column: refused}))
    assert (table, 2, column, str(refused)) in [(p.table, p.row, p.column, p.found) for p in problems]


def test_evaluation_of_a_need_must_name_its_school() -> None:
    district_from_tables(make_full_tables("evaluations", school_id="s0", need_id="n0"))
    problems = problems_of(make_full_tables("evaluations", school_id="s1", need_id="n0"))
    assert [str(p) for p in problems] == [
        'evaluations row 2, column need_id: found "n0", expected a need of the row\'s school'
    ]


def test_place_is_whole_and_on_earth() -> None:
    make_district(schools=[make_school(latitude=37.7, longitude=-122.4)])
    half, beyond = make_school(latitude=37.7), make_school("s1", latitude=91, longitude=181)
    assert [str(p) for p in problems_of(make_tables(schools=[half, beyond]))] == [
        "schools row 2, column longitude: found a blank cell, expected a number, for there is a latitude",
        'schools row 3, column latitude: found "91", expected a number from -90 to 90, or blank',
        'schools row 3, column longitude: found "181", expected a number from -180 to 180, or blank',
    ]


def test_latitude_without_a_longitude_column_is_half_a_place() -> None:
    tables = make_tables()
    tables["schools"] = pd.DataFrame([make_school(latitude=37.7)])
    assert [p.column for p in problems_of(tables)] == ["longitude"]


def test_ids_are_unique() -> None:
    problems = problems_of(make_tables([make_need("n0"), make_need("n1"), make_need("n0")]))
    assert [str(p) for p in problems] == [
        'needs row 4, column need_id: found "n0", expected an id that no earlier row has'
    ]


@pytest.mark.parametrize(("status", "count"), [("ended", 0), ("declined", 0), ("paused", 1), ("active", 1)])
def test_pair_stands_once_in_partnerships_unless_it_ended_or_was_declined(status: str, count: int) -> None:
    row = {"need_id": "n0", "offer_id": "o0", "slots": 1}
    tables = make_full_tables()
    tables["partnerships"] = pd.DataFrame([{**row, "status": status}, {**row, "status": "active"}])
    if count:
        assert [(p.row, p.column) for p in problems_of(tables)] == [(3, "offer_id")]
    else:
        assert len(district_from_tables(tables).partnerships) == 2


def test_all_problems_of_all_tables_come_at_once_in_order() -> None:
    tables = make_tables(
        [make_need(slots="ten"), make_need(kind="tutor", grades="5-3")], [make_offer(cleared_until="soon")]
    )
    assert [(p.table, p.row, p.column) for p in problems_of(tables)] == [
        ("needs", 2, "slots"),
        ("needs", 3, "kind"),
        ("needs", 3, "grades"),
        ("offers", 2, "cleared_until"),
    ]


def test_problem_says_where_what_and_what_instead() -> None:
    with pytest.raises(DataError) as caught:
        make_district([make_need(slots="ten")])
    assert (
        str(caught.value)
        == 'needs row 2, column slots: found "ten", expected a whole number from 0 to 1000000'
    )


def test_cell_is_one_problem_however_many_rules_it_breaks() -> None:
    assert len(problems_of(make_full_tables("offers", slots="", trained_slots=1))) == 1


def test_missing_column_is_one_problem_and_no_echo_in_other_tables() -> None:
    tables = make_tables([make_need()])
    tables["schools"] = tables["schools"].drop(columns="school_id")
    assert [str(p) for p in problems_of(tables)] == [
        "schools, column school_id: found no such column, expected a column with an id"
    ]


def test_missing_table_is_one_problem_and_no_echo_in_other_tables() -> None:
    tables = make_tables([make_need()])
    del tables["schools"]
    assert [str(p) for p in problems_of(tables)] == [
        "schools: found no such table, expected schools.csv or a sheet schools"
    ]


def test_name_of_no_table_is_refused() -> None:
    with pytest.raises(ValueError, match="Table pupils: expected one of schools"):
        district_from_tables({"pupils": pd.DataFrame()})


def test_error_value_of_a_spreadsheet_is_a_problem_even_in_a_text() -> None:
    problems = problems_of(make_tables([make_need(statement="#N/A", slots="#REF!")]))
    assert [(p.column, p.found) for p in problems] == [("statement", "#N/A"), ("slots", "#REF!")]


def test_contacts_are_never_checked() -> None:
    district = make_district(schools=[make_school(contact_email="#N/A", contact_phone="x")])
    assert district.schools["contact_phone"].tolist() == ["x"]


def test_three_kinds_of_blanks_are_counted_in_a_warning_each() -> None:
    mentoring, other = make_offer(partner_id="p0"), make_offer(partner_id="p0", kinds="event")
    trained = make_offer(partner_id="p0", trained_slots=1, cleared_until="2027-01-01")
    assert make_district(offers=[mentoring, other, trained]).warnings == (
        "offers: trained_slots is blank for 1 of 2 mentoring offers: all their slots count as trained.",
        "offers: cleared_until is blank for 1 of 2 mentoring offers: their clearance counts as without expiry.",
        "partners: agreement_expires is blank for 1 of 1 partners: their agreements count as without expiry.",
    )


def test_decisions_about_what_is_gone_are_counted_in_one_warning() -> None:
    said: list[Row] = [
        {"need_id": n, "offer_id": o, "decision": "declined"}
        for n, o in (("n0", "o0"), ("n9", "o0"), ("n0", "o9"))
    ]
    district = make_district([make_need()], [make_offer(kinds="event")], decisions=said)
    assert len(district.decisions) == 3
    assert "decisions: need or offer is in no table for 2 of 3 rows: they teach nothing." in district.warnings


def test_grades_that_became_dates_are_read_back_with_a_warning() -> None:
    district = make_district([make_need(grades="5-Mar"), make_need(grades="K-5")])
    assert district.needs["grades"].tolist() == ["3-5", "K-5"]
    assert district.warnings == (
        'needs: 1 cell in grades had become a date; "5-Mar" is read as 3-5 and others likewise.',
    )


@pytest.mark.skipif(not SAN_FRANCISCO.exists(), reason="the shared data is not on this machine")
def test_san_francisco_has_no_problem(tmp_path: Path) -> None:
    district = read_district(SAN_FRANCISCO)
    assert (len(district.schools), len(district.needs), len(district.offers)) == (127, 300, 469)
    again = read_district(write_folder(district.tables, tmp_path / "again"))
    assert again.input_sha256 == district.input_sha256


def test_a_school_cannot_ask_for_more_slots_than_the_optimizer_counts() -> None:
    with pytest.raises(
        DataError, match=r"needs row 3, column slots: .* at most 1000000 slots in all needs of a school"
    ):
        make_district(
            [make_need(slots=600_000), make_need(slots=600_000), make_need(school_id="s1", slots=600_000)]
        )
