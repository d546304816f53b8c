"""The habits of Excel, each by itself, in CSV files and in workbooks."""

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from matching.district import District
from matching.errors import DataError
from matching.files import cell_text
from matching.tables import read_district
from tests.districts import make_need, make_offer, make_tables, write_folder, write_workbook

NEEDS_HEADER = "need_id,school_id,statement,kind,slots,priority,grades,budget\n"


def read_needs(folder: Path, needs: str | bytes, name: str = "needs.csv") -> District:
    """Read a district with this file of needs; its school is s0."""
    write_folder(make_tables([make_need()]), folder)
    (folder / "needs.csv").unlink()
    (folder / name).write_bytes(needs if isinstance(needs, bytes) else needs.encode())
    return read_district(folder)


def problems_of(folder: Path, needs: str | bytes) -> list[str]:
    with pytest.raises(DataError) as caught:
        read_needs(folder, needs)
    return [str(problem) for problem in caught.value.problems]


def read_workbook_need(path: Path, **cells: object) -> District:
    return read_district(write_workbook(make_tables([make_need("n0", **cells)]), path / "district.xlsx"))


def test_byte_order_mark_is_no_part_of_the_first_header(tmp_path: Path) -> None:
    data = (NEEDS_HEADER + "n0,s0,Help,event,5\n").encode("utf-8-sig")
    assert read_needs(tmp_path, data).needs["need_id"].tolist() == ["n0"]


def test_windows_1252_is_read_with_a_warning(tmp_path: Path) -> None:
    district = read_needs(
        tmp_path,
        (NEEDS_HEADER + "n0,s0,Peña\N{RIGHT SINGLE QUOTATION MARK}s café,event,5\n").encode("cp1252"),
    )
    assert district.needs["statement"].tolist() == ["Peña\N{RIGHT SINGLE QUOTATION MARK}s café"]
    assert "needs: not UTF-8; read as Windows-1252." in district.warnings


def test_unicode_text_of_excel_is_read(tmp_path: Path) -> None:
    data = (NEEDS_HEADER + "n0,s0,Peña,event,5\n").replace(",", "\t").encode("utf-16")
    assert read_needs(tmp_path, data, "needs.txt").needs["statement"].tolist() == ["Peña"]


def test_letters_in_no_known_encoding_are_a_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path, NEEDS_HEADER.encode() + b"n0,s0,\x81\x8d,event,5\n") == [
        "needs: found letters in an encoding that is not known, expected a CSV file saved as UTF-8"
    ]


def test_accents_written_in_two_ways_are_the_same_id(tmp_path: Path) -> None:
    tables = make_tables([make_need(school_id="Pen\u0303a")], schools=[])
    tables["schools"]["school_id"] = "Pe\u00f1a"
    assert read_district(write_folder(tables, tmp_path)).needs["school_id"].tolist() == ["Pe\u00f1a"]


def test_stray_spaces_are_dropped_non_breaking_ones_too(tmp_path: Path) -> None:
    district = read_needs(
        tmp_path, NEEDS_HEADER + "\u00a0n0 , s0\u200b, Help\u00a0me ,event\u00a0, 5\u202f\n"
    )
    row = district.needs.iloc[0]
    assert (row.need_id, row.school_id, row.statement, row.kind, row.slots) == (
        "n0",
        "s0",
        "Help me",
        "event",
        5,
    )


def test_headers_may_differ_in_case_spaces_and_hyphens(tmp_path: Path) -> None:
    district = read_needs(tmp_path, "Need ID,School-Id, STATEMENT ,Kind,Slots\nn0,s0,Help,event,5\n")
    assert district.needs["school_id"].tolist() == ["s0"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_found(tmp_path: Path, delimiter: str) -> None:
    district = read_needs(tmp_path, (NEEDS_HEADER + "n0,s0,Help,event,5\n").replace(",", delimiter))
    assert district.needs["slots"].tolist() == [5]


def test_decimal_comma_is_read_where_semicolons_split_the_columns(tmp_path: Path) -> None:
    header = NEEDS_HEADER.replace(",", ";")
    assert read_needs(tmp_path, header + "n0;s0;Help;event;5;;;37,5\n").needs["budget"].tolist() == [37.5]


def test_line_that_tells_excel_the_delimiter_is_no_row(tmp_path: Path) -> None:
    needs = "sep=;\n" + (NEEDS_HEADER + "n0,s0,Help,event,ten\n").replace(",", ";")
    assert problems_of(tmp_path, needs) == [
        'needs row 2, column slots: found "ten", expected a whole number from 0 to 1000000'
    ]


def test_duplicate_header_is_named(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "need_id,school_id,statement,kind,slots,Slots\nn0,s0,Help,event,5,6\n") == [
        "needs, column slots: found 2 columns of this name, expected each column once"
    ]


def test_blank_rows_are_skipped_and_row_numbers_stay_the_spreadsheets(tmp_path: Path) -> None:
    needs = "\n" + NEEDS_HEADER + "\nn0,s0,Help,event,5\n,,,,\n \nn1,s0,Help,event,ten\n"
    assert problems_of(tmp_path, needs) == [
        'needs row 7, column slots: found "ten", expected a whole number from 0 to 1000000'
    ]


def test_cell_of_several_lines_is_one_row_as_in_a_spreadsheet(tmp_path: Path) -> None:
    needs = NEEDS_HEADER + 'n0,s0,"Help\r\nwith\r\nreading",event,5\r\nn1,s0,Help,event,ten\r\n'
    assert problems_of(tmp_path, needs) == [
        'needs row 3, column slots: found "ten", expected a whole number from 0 to 1000000'
    ]


def test_more_cells_than_headers_are_a_problem_that_shows_none_of_them(tmp_path: Path) -> None:
    needs = "need_id,school_id,kind,slots,statement\nn0,s0,event,5,Help us, please, call 555-0100\n"
    assert problems_of(tmp_path, needs) == [
        "needs row 2: found 2 filled cells under no header, expected every cell under a header; "
        "quote cells with a comma"
    ]


def test_fewer_cells_than_headers_are_blank(tmp_path: Path) -> None:
    assert read_needs(tmp_path, NEEDS_HEADER + "n0,s0,Help,event,5\n").needs["grades"].tolist() == [""]


def test_every_stray_quote_is_a_problem_with_its_row(tmp_path: Path) -> None:
    needs = NEEDS_HEADER + 'n0,s0,"the "big" hall",event,5\nn1,s0,Help,event,5\nn2,s0,"never closed,event,5\n'
    problems = problems_of(tmp_path, needs)
    assert [problem.partition(": found a stray quote")[0] for problem in problems] == [
        "needs row 2",
        "needs row 4",
    ]


def test_table_without_any_known_header_is_one_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "Our needs this year\nn0,s0,Help,event,5\n") == [
        "needs row 1: found no column that is known, expected a header row with "
        "need_id, school_id, statement, kind, slots"
    ]


def test_unknown_columns_are_kept_as_text_and_named_once(tmp_path: Path) -> None:
    district = read_needs(
        tmp_path, "need_id,note,school_id,statement,kind,slots,My Code\nn0,A,s0,Help,event,5,007\n"
    )
    assert district.needs[["note", "My Code"]].iloc[0].tolist() == ["A", "007"]
    assert "needs: unknown columns, kept but not used: note, My Code." in district.warnings


@pytest.mark.parametrize(
    "header",
    [
        "student_name",
        "StudentID",
        "Date of Birth",
        "SSN",
        "IEP",
        "pupil first name",
        "mentee name",
        "Kid Name",
    ],
)
def test_column_with_records_of_students_is_refused(tmp_path: Path, header: str) -> None:
    needs = f"need_id,school_id,statement,kind,slots,{header}\nn0,s0,Help,event,5,x\n"
    assert problems_of(tmp_path, needs) == [
        f"needs, column {header}: found a column that looks like a student's record, expected no record "
        "of a single student: Partnermatch never holds one; delete the column"
    ]


@pytest.mark.parametrize(
    "header", ["students", "student_count", "pct_iep", "student group", "adobe", "children"]
)
def test_column_that_counts_students_is_kept(tmp_path: Path, header: str) -> None:
    needs = f"need_id,school_id,statement,kind,slots,{header}\nn0,s0,Help,event,5,12\n"
    assert read_needs(tmp_path, needs).needs[header].tolist() == ["12"]


def test_ids_in_a_workbook_are_text_whether_typed_as_numbers_or_not(tmp_path: Path) -> None:
    tables = make_tables([make_need("0107", school_id=107), make_need("", school_id=107)])
    tables["needs"].loc[1, ["need_id", "school_id"]] = [108, 107.0]
    needs = read_district(write_workbook(tables, tmp_path / "d.xlsx")).needs
    assert needs["need_id"].tolist() == ["0107", "108"]
    assert needs["school_id"].tolist() == ["107", "107"]


def test_dates_in_a_workbook_are_dates(tmp_path: Path) -> None:
    tables = make_tables(offers=[make_offer(cleared_until=dt.datetime(2027, 6, 30))])
    offers = read_district(write_workbook(tables, tmp_path / "d.xlsx")).offers
    assert offers["cleared_until"].dt.date.tolist() == [dt.date(2027, 6, 30)]


def test_grades_that_excel_made_a_date_in_a_workbook_are_read_back(tmp_path: Path) -> None:
    assert read_workbook_need(tmp_path, grades=dt.datetime(2026, 3, 5)).needs["grades"].tolist() == ["3-5"]


def test_truth_values_in_a_workbook_are_yes_and_no(tmp_path: Path) -> None:
    assert read_workbook_need(tmp_path, in_improvement_plan=True).needs["in_improvement_plan"].tolist() == [
        True
    ]


def test_percent_in_a_workbook_is_the_number_that_is_shown(tmp_path: Path) -> None:
    path = write_workbook(make_tables([make_need(budget=0.45)]), tmp_path / "d.xlsx")
    book = openpyxl.load_workbook(path)
    column = [cell.value for cell in book["needs"][1]].index("budget") + 1
    book["needs"].cell(2, column).number_format = "0%"
    book.save(path)
    assert read_district(path).needs["budget"].tolist() == [45.0]


def test_error_value_in_a_workbook_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='needs row 2, column statement: found "#N/A", expected a text'):
        read_workbook_need(tmp_path, statement="#N/A")


def test_row_numbers_of_a_workbook_are_the_spreadsheets(tmp_path: Path) -> None:
    path = write_workbook(make_tables([make_need(slots="ten")]), tmp_path / "d.xlsx")
    book = openpyxl.load_workbook(path)
    book["needs"].insert_rows(1, amount=3)
    book.save(path)
    with pytest.raises(DataError, match="needs row 5, column slots"):
        read_district(path)


def test_folder_and_workbook_of_one_district_have_the_same_hash(tmp_path: Path) -> None:
    need = make_need(grades="K-5", budget=12.5, schedule="Mon 15:00-16:00", in_improvement_plan=True)
    offer = make_offer(cleared_until=dt.datetime(2027, 6, 30), languages=["English", "Spanish"])
    tables = make_tables([need], [offer])
    folder = read_district(write_folder(tables, tmp_path / "folder"))
    workbook = read_district(write_workbook(tables, tmp_path / "d.xlsx"))
    assert folder.input_sha256 == workbook.input_sha256


def test_unknown_files_and_sheets_are_named_and_others_passed_over(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("our district")
    (tmp_path / "volunteers.csv").write_text("name\n")
    assert (
        read_needs(tmp_path, NEEDS_HEADER).warnings[0]
        == "Not read, for no table has this name: volunteers.csv."
    )
    tables = make_tables()
    workbook = write_workbook({**tables, "Notes": tables["needs"]}, tmp_path / "d.xlsx")
    assert read_district(workbook).warnings[0] == "Not read, for no table has this name: Notes."


def test_names_of_files_may_be_capitals(tmp_path: Path) -> None:
    assert len(read_needs(tmp_path, NEEDS_HEADER + "n0,s0,Help,event,5\n", "NEEDS.CSV").needs) == 1


def test_two_files_for_one_table_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "needs.tsv").write_text(NEEDS_HEADER.replace(",", "\t"))
    assert problems_of(tmp_path, NEEDS_HEADER) == [
        "needs: found two files or sheets of this name, expected one file or sheet a table"
    ]


def test_empty_file_of_an_optional_table_is_an_absent_table(tmp_path: Path) -> None:
    (tmp_path / "evidence.csv").write_text("\n")
    assert len(read_needs(tmp_path, NEEDS_HEADER).evidence) == 0


@pytest.mark.parametrize("name", ["nothing", "district.xls", "district.xlsx"])
def test_what_is_no_district_is_a_problem(tmp_path: Path, name: str) -> None:
    if name != "nothing":
        (tmp_path / name).write_text("no workbook")
    with pytest.raises(DataError, match="expected a "):
        read_district(tmp_path / name)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (float("nan"), ""),
        (7.0, "7"),
        (0.1 + 0.2, "0.3"),
        (True, "TRUE"),
        (dt.time(15, 0), "15:00"),
        (dt.datetime(2026, 9, 14, 15, 30), "2026-09-14 15:30:00"),
        (dt.date(2026, 9, 14), "2026-09-14"),
        (["a", 1], "a|1"),
    ],
)
def test_cells_become_the_text_that_a_csv_file_would_hold(value: object, text: str) -> None:
    assert cell_text(value) == text
