"""The workbook, read back with openpyxl: values, formats, filters, and texts that stay texts."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook.workbook import Workbook

from matching.pipeline import Matching
from matching.recruiting import recruiting_brief
from matching.report.summary import provenance_of
from matching.report.words import PART_WORDS
from matching.report.workbook import write_workbook
from matching.xlsx import MAX_TEXT, Column, Sheet, Style, write_xlsx
from tests.districts import make_district
from tests.matching.cases import run_match
from tests.matching.report.cases import make_matching


def workbook_of(matching: Matching, folder: Path) -> Workbook:
    write_workbook(folder / "district.xlsx", matching, recruiting_brief(matching), provenance_of(matching))
    return openpyxl.load_workbook(folder / "district.xlsx")


def written(folder: Path, *columns: Column) -> list[tuple[object, ...]]:
    write_xlsx(folder / "table.xlsx", [Sheet("Table", columns)])
    return list(openpyxl.load_workbook(folder / "table.xlsx")["Table"].iter_rows(values_only=True))


def rows(workbook: Workbook, sheet: str) -> list[dict[object, object]]:
    header, *body = workbook[sheet].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in body]


def test_matches_stand_beside_their_needs_and_open_needs_keep_their_row(tmp_path: Path) -> None:
    matching = make_matching()
    matched, unmatched = rows(workbook_of(matching, tmp_path), "Matches")
    match = matching.allocation.matches.iloc[0]
    assert (matched["School"], matched["Partner"], matched["Slots matched"]) == ("Elm Street", "Readers", 3)
    assert matched["Fit"] == match["fit"]
    assert matched["Reason"] == match["reason"]
    assert {f"Fit: {words}" for words in PART_WORDS.values()} <= set(matched)
    assert (unmatched["School"], unmatched["Slots needed"], unmatched["Slots filled"]) == ("Oak Hill", 4, 0)
    assert (unmatched["Partner"], unmatched["Slots matched"], unmatched["Fit"]) == (None, None, None)


def test_levels_gaps_schools_and_partners_have_their_sheets(tmp_path: Path) -> None:
    workbook = workbook_of(make_matching(), tmp_path)
    plan = ["Summary", "Matches", "Gaps", "Areas"]
    assert workbook.sheetnames == [*plan, "Recruiting", "Schools", "Partners", "About"]
    assert rows(workbook, "Summary")[0]["Most possible"] == 3
    assert rows(workbook, "Summary")[-1]["Slots filled"] == 3
    assert [row["Slots open"] for row in rows(workbook, "Gaps")] == [2, 4]
    assert [row["Share filled"] for row in rows(workbook, "Schools")] == [0.6, 0]
    (partner,) = rows(workbook, "Partners")
    assert (partner["Slots offered"], partner["Slots matched"], partner["Slots left"]) == (3, 3, 0)


def test_focus_areas_stand_beside_needs_and_have_a_sheet_of_their_own(tmp_path: Path) -> None:
    workbook = workbook_of(make_matching(), tmp_path)
    for sheet in ("Matches", "Gaps"):
        assert [row["Focus area"] for row in rows(workbook, sheet)] == ["Reading", "Reading"]
    (area,) = rows(workbook, "Areas")
    # Needs of 5 and 4 slots against 3 offered: 6 stay open.
    assert (area["Focus area"], area["Slots needed"], area["Slots offered"]) == ("Reading", 9, 3)
    assert (area["Slots filled"], area["Slots open"], area["Slots used"]) == (3, 6, 3)


def test_offers_worth_recruiting_have_a_sheet_in_words(tmp_path: Path) -> None:
    first, second = rows(workbook_of(make_matching(), tmp_path), "Recruiting")
    assert (first["Rank"], first["Kind"], first["Slots sought"], first["Slots filled"]) == (
        1,
        "Mentoring",
        2,
        2,
    )
    assert (first["Where"], first["By level"]) == ("anywhere in the district", "mentoring: 2 of priority 1")
    assert (second["Kind"], second["Needs"]) == ("Tutoring", "n1")


def test_headers_are_frozen_and_filtered(tmp_path: Path) -> None:
    workbook = workbook_of(make_matching(), tmp_path)
    assert workbook["Matches"].freeze_panes == "C2"
    assert workbook["Schools"].freeze_panes == "B2"
    assert workbook["Schools"].auto_filter.ref == "A1:I3"
    assert workbook["Schools"]["H2"].number_format == "0%"
    assert workbook["Matches"]["C2"].alignment.wrap_text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2", "@SUM(A1)", '=HYPERLINK("http://example.org")'])
def test_a_text_never_becomes_a_formula(tmp_path: Path, text: str) -> None:
    workbook = workbook_of(make_matching(partner=text), tmp_path)
    cells = [cell for row in workbook["Matches"].iter_rows() for cell in row if cell.value == text]
    assert [cell.data_type for cell in cells] == ["s"]


@pytest.mark.parametrize("text", ["<b> & \"quotes\" 'x'", "two\nlines", "  spaces  ", "Ñandú 读书 🎒"])
def test_texts_are_read_back_as_they_were(tmp_path: Path, text: str) -> None:
    assert written(tmp_path, Column("Text", [text]))[1] == (text,)


def test_what_excel_cannot_hold_is_left_out(tmp_path: Path) -> None:
    assert written(tmp_path, Column("Text", ["a\x00b\x1fc", "x" * 40_000]))[1:] == [
        ("a b c",),
        ("x" * MAX_TEXT,),
    ]


def test_ids_keep_leading_zeros_and_numbers_stay_numbers(tmp_path: Path) -> None:
    columns = [
        Column("Id", ["007"]),
        Column("Slots", [12], Style.COUNT),
        Column("Fit", [None], Style.DECIMAL),
    ]
    assert written(tmp_path, *columns)[1] == ("007", 12, None)


def test_rows_are_high_enough_for_their_wrapped_texts_up_to_eight_lines(tmp_path: Path) -> None:
    column = Column("Text", ["short", "x" * 25, "y" * 1000], Style.WRAPPED, width=12)
    write_xlsx(tmp_path / "table.xlsx", [Sheet("Table", [column])])
    heights = openpyxl.load_workbook(tmp_path / "table.xlsx")["Table"].row_dimensions
    # Inside its margins the column shows 10 characters: 25 take 3 lines, each 15 points high.
    assert [heights[row].height for row in (2, 3, 4)] == [None, 45, 120]


def test_more_columns_than_letters_are_named_on(tmp_path: Path) -> None:
    columns = [Column(f"c{index}", [index], Style.COUNT) for index in range(30)]
    assert written(tmp_path, *columns)[1] == tuple(range(30))


def test_a_district_without_needs_has_a_workbook(tmp_path: Path) -> None:
    workbook = workbook_of(run_match(make_district()), tmp_path)
    assert rows(workbook, "Matches") == []
