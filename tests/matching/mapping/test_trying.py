"""Messy spreadsheets, from their bytes to what they change."""

import io
from dataclasses import replace

import pytest

from embeddings import WordHashEncoder
from matching.differences import differences
from matching.district import District
from matching.mapping.applying import known_of, missing_of
from matching.mapping.grids import Grid, read_grids
from matching.mapping.guessing import SheetReading, guessed
from matching.mapping.trying import Trial, tried
from matching.merging import Mode
from tests.messy import MENTOR_LIST, Cells, Messy, all_messy, calder, workbook


def read(body: bytes, name: str = "asks.csv") -> list[Grid]:
    return read_grids([(name, io.BytesIO(body))])


def readings_of(grids: list[Grid], before: District) -> list[SheetReading]:
    return [guess.reading for guess in guessed(grids, known_of(before), WordHashEncoder())]


def trial_of(body: bytes, name: str = "asks.csv", *, without_bad: bool = False) -> Trial:
    before, grids = calder(), read(body, name)
    return tried(grids, readings_of(grids, before), before, without_bad=without_bad)


def added(before: District, after: District | None) -> dict[str, int]:
    assert after is not None
    found = differences(before, after).counts
    assert sum(count["removed"] for count in found.values()) == 0
    return {table: count["added"] for table, count in found.items() if count["added"]}


@pytest.mark.parametrize("messy", all_messy(), ids=lambda messy: messy.name)
def test_messy_sheet_adds_its_rows_and_a_second_time_none(messy: Messy) -> None:
    before, grids = calder(), read(messy.body, messy.file_name)
    readings = readings_of(grids, before)
    assert [missing_of(reading) for reading in readings] == [[] for _ in grids]
    once = tried(grids, readings, before)
    assert once.problems == ()
    assert added(before, once.after) == messy.added
    assert once.after is not None
    assert added(once.after, tried(grids, readings, once.after).after) == {}


def test_near_name_is_the_one_that_is_there_unless_told_otherwise() -> None:
    before, grids = calder(), read(MENTOR_LIST.encode())
    readings = readings_of(grids, before)
    (near,) = tried(grids, readings, before).upload.near
    assert (near.name, near.near, near.is_same) == ("Lincoln Elem.", ("0101",), True)
    reading = replace(readings[0], constants={"schools.grades": "K-5"})
    new = tried(grids, [reading], before, names={"schools": {"Lincoln Elem.": ""}})
    assert added(before, new.after) == {"schools": 1, "needs": 1}


def test_bad_cell_is_told_with_the_senders_row_and_header() -> None:
    title = b"Fall asks\nSchool,Need,Type,# of volunteers needed\n"
    trial = trial_of(title + b"Lincoln Elementary,Books,Supplies,5\nLincoln Elementary,Tutors,Tutor,lots\n")
    (placed,) = trial.problems
    assert (placed.sheet, placed.row, placed.header) == ("asks", 4, "# of volunteers needed")
    assert (placed.problem.table, placed.problem.column, placed.problem.found) == ("needs", "slots", "lots")


def test_row_that_needs_a_row_left_out_is_left_out_too() -> None:
    schools = [["School id", "School", "Grades"], ["0201", "Polk", "K-99"], ["0202", "Taft", "K-5"]]
    needs: Cells = [
        ["School id", "Need", "Type", "Qty"],
        ["0201", "Books", "Supplies", 4],
        ["0202", "Pens", "Supplies", 4],
    ]
    body = workbook(Schools=schools, Needs=needs)
    assert trial_of(body, "x.xlsx").after is None
    trial = trial_of(body, "x.xlsx", without_bad=True)
    assert added(calder(), trial.after) == {"schools": 1, "needs": 1}
    assert [(left.sheet, left.row) for left in trial.left] == [("Schools", 2), ("Needs", 2)]


def test_cell_that_a_sheet_has_no_column_for_stays_as_it_is() -> None:
    before = calder()
    grids = read(b"School,Total Enrollment\nLincoln Elementary,99\n", "Schools.csv")
    after = tried(grids, readings_of(grids, before), before).after
    assert after is not None
    lincoln = after.schools.set_index("school_id").loc["0101"]
    assert (lincoln["grades"], lincoln["enrollment"], len(after.schools)) == ("K-5", 99, 2)


def test_replacing_offers_keeps_partners_that_the_sheet_does_not_name() -> None:
    before = calder()
    grids = read(
        b"Organization,What can you offer?,Type of help,Capacity,Type of organization\nNew,Read,Tutor,4,Charity\n"
    )
    after = tried(grids, readings_of(grids, before), before, mode=Mode.REPLACE).after
    assert after is not None
    assert list(after.partners["name"]) == ["Calder Rotary Club", "New"]
    assert list(after.offers["partner_id"]) == ["new"]


def test_what_is_said_for_all_new_schools_changes_none_that_is_there() -> None:
    before = calder()
    grids = read(b"School,Need,Type,Qty\nLincoln Elementary,Books,Supplies,4\nTaft,Pens,Supplies,4\n")
    reading = replace(readings_of(grids, before)[0], constants={"schools.grades": "9-12"})
    after = tried(grids, [reading], before).after
    assert after is not None
    assert dict(zip(after.schools["name"], after.schools["grades"], strict=True)) == {
        "Lincoln Elementary": "K-5",
        "Grant Middle School": "6-8",
        "Taft": "9-12",
    }


def test_kind_said_for_all_rows_fills_blank_cells_alone() -> None:
    before = calder()
    grids = read(b"School,Need,Type,Qty\nLincoln Elementary,Books,Supplies,4\nLincoln Elementary,Pens,,4\n")
    reading = replace(readings_of(grids, before)[0], constants={"needs.kind": "mentoring"})
    after = tried(grids, [reading], before).after
    assert after is not None
    assert list(after.needs["kind"])[1:] == ["resources", "mentoring"]


def test_each_reading_of_a_cell_is_told() -> None:
    (one,) = [
        one
        for one in trial_of(b"School,Need,Type,Qty\nLincoln Elementary,Books,Supplies,5\n").upload.read_as
        if one.header == "Type"
    ]
    assert (one.found, one.read, one.cells) == ("Supplies", "resources", 1)


def test_grades_said_for_a_list_of_schools_are_those_of_new_ones() -> None:
    before, grids = (
        calder(),
        read(b"School,Total Enrollment\nLincoln Elementary,99\nTaft,50\n", "Schools.csv"),
    )
    (reading,) = readings_of(grids, before)
    assert missing_of(reading) == []
    after = tried(grids, [replace(reading, constants={"schools.grades": "9-12"})], before).after
    assert after is not None
    assert list(after.schools["grades"]) == ["K-5", "6-8", "9-12"]
