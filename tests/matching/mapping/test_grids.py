"""Where a sheet's header is, which rows are none of the table's, and what is never read at all."""

import io

import pytest

from matching.archives import Limits
from matching.errors import DataError
from matching.mapping.grids import Grid, grid_of, read_grids
from tests.messy import MENTOR_LIST, TWO_HEADERS, merged_title, workbook


def grid(*records: list[str]) -> Grid:
    return grid_named("asks", *records)


def grid_named(name: str, *records: list[str]) -> Grid:
    found = grid_of(name, records)
    assert found is not None
    return found


def test_titles_totals_notes_and_repeated_headers_are_passed_over_and_told() -> None:
    header = ["School", "Need", "Qty"]
    found = grid(
        ["Fall asks"],
        [""],
        header,
        ["Lincoln", "Books", "4"],
        header,
        ["Total", "", "4"],
        ["Ask Jo for more"],
    )
    assert found.rows == (4,)
    assert [(left.row, left.why) for left in found.left_rows] == [
        (1, "title"),
        (5, "header"),
        (6, "total"),
        (7, "note"),
    ]


def test_rows_keep_the_numbers_that_the_spreadsheet_shows() -> None:
    (found,) = read_grids([("x.xlsx", io.BytesIO(merged_title()))])
    assert (found.name, found.rows) == ("Fall asks", (4, 5, 6))


def test_two_header_rows_name_a_column_together_where_one_is_not_clear() -> None:
    (found,) = read_grids([("x.xlsx", io.BytesIO(workbook(Requests=TWO_HEADERS)))])
    assert found.headers[:2] == ("School Name", "School Grades")
    assert "Contact person" in found.headers


def test_column_without_a_header_is_called_as_the_spreadsheet_does() -> None:
    assert grid(["School", "", "Need"], ["Lincoln", "x", "Books"]).headers == ("School", "Column B", "Need")


def test_headers_that_are_the_same_are_told_apart() -> None:
    assert grid(["Name", "Name"], ["a", "b"]).headers == ("Name", "Name (2)")


def test_no_cell_about_a_single_student_is_kept() -> None:
    (found,) = read_grids([("x.csv", io.BytesIO(MENTOR_LIST.encode()))])
    assert found.private == ("Student Name", "DOB", "Lunch Status")
    assert not any("Joe" in cell or "2015" in cell for cells in found.columns for cell in cells)


def test_names_in_a_list_of_students_are_private_under_any_header() -> None:
    table = [["Name", "Grade"], ["Ana Cruz", "5"]]
    assert grid_named("Students", *table).private == ("Name",)
    assert grid_named("Fall", ["Student roster"], *table).private == ("Name",)
    assert grid_named("Alumnos 2026", ["Apellidos", "Escuela"], ["Cruz", "Alder"]).private == ("Apellidos",)
    assert grid_named("Schools", *table).private == ()
    assert grid_named("Student mentoring partners", *table).private == ()


def test_column_of_students_is_private_unless_it_counts_them() -> None:
    assert grid(["School", "Mentees"], ["Alder", "Ana and Luis"]).private == ("Mentees",)
    assert grid(["School", "Students"], ["Alder", "about 12"]).private == ()


def test_column_of_social_security_numbers_is_private_whatever_its_name() -> None:
    assert grid(["School", "Code"], ["Lincoln", "123-45-6789"]).private == ("Code",)


def test_formula_is_a_text() -> None:
    assert grid(["School", "Need"], ["Lincoln", "=HYPERLINK(1)"]).columns[1] == ("=HYPERLINK(1)",)


def test_hidden_sheet_is_not_read() -> None:
    import openpyxl

    body = workbook(Needs=[["School", "Need"], ["a", "b"]], Old=[["School", "Need"], ["c", "d"]])
    book = openpyxl.load_workbook(io.BytesIO(body))
    book["Old"].sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    assert [found.name for found in read_grids([("x.xlsx", file)])] == ["Needs"]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("x.xlsx", b"PK\x03\x04 broken", "whole"),
        ("x.xls", b"\xd0\xcf\x11\xe0", "old workbook"),
        ("x.pdf", b"%PDF", "CSV files"),
        ("x.csv", b"", "no sheet"),
        ("x.csv", b'a,b\n"c" d,e\n', "stray quote"),
    ],
)
def test_file_that_cannot_be_read_is_refused_with_words(name: str, body: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_grids([(name, io.BytesIO(body))])


def test_sheets_of_all_files_together_stay_within_the_limits() -> None:
    files = [(f"{i}.csv", io.BytesIO(b"School,Need\na,b\nc,d\n")) for i in range(2)]
    with pytest.raises(DataError, match="more than 8 cells"):
        read_grids(files, Limits(cells=8))
