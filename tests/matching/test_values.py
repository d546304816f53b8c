"""What one cell can say."""

import contextlib
import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matching.values import (
    ALL_GRADES,
    GRADES,
    MINUTES_A_DAY,
    format_grades,
    format_schedule,
    grade_bits,
    parse_date,
    parse_flag,
    parse_grades,
    parse_id,
    parse_number,
    parse_schedule,
    parse_whole,
    parse_word,
    split_list,
)

WEDNESDAY = 2 * MINUTES_A_DAY


def test_grades_are_ordered_from_pk_to_13() -> None:
    assert GRADES[:4] == ("PK", "TK", "K", "1")
    assert grade_bits(["PK", "TK", "K", "1", "13"]).tolist() == [1, 2, 4, 8, 1 << 15]


def test_blank_cell_has_all_grades() -> None:
    bits = grade_bits(["", "PK-13"])
    assert bits.dtype == np.uint32
    assert bits.tolist() == [ALL_GRADES, ALL_GRADES]


@pytest.mark.parametrize(
    "cell",
    [
        "K-2",
        "k-2",
        "K - 2",
        "K\N{EN DASH}2",
        "K|1|2",
        "K, 1, 2",
        "K to 2nd",
        "Kindergarten-2",
        "KG-02",
        "grades K-2",
    ],
)
def test_grades_are_read_as_people_write_them(cell: str) -> None:
    assert format_grades(parse_grades(cell)) == "K-2"


@pytest.mark.parametrize("cell", ["5-Mar", "3-May", "2026-03-05", "3/5/2026", "5-Mar-26"])
def test_grades_that_excel_made_a_date_are_read_back(cell: str) -> None:
    assert format_grades(parse_grades(cell)) == "3-5"


@pytest.mark.parametrize("cell", ["5-3", "14", "3-", "-3", "K0", "middle", "3-5-7", "30-Mar", "|", "46086"])
def test_what_is_no_grade_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="got"):
        parse_grades(cell)


@given(st.integers(1, ALL_GRADES))
def test_grades_survive_formatting(bits: int) -> None:
    assert parse_grades(format_grades(bits)) == bits


def test_no_grade_at_all_is_formatted_as_blank() -> None:
    assert format_grades(0) == ""


def test_schedule_counts_minutes_from_monday_midnight() -> None:
    windows = parse_schedule("Mon 15:00-16:30|Wed 15:00-16:30")
    assert windows == ((900, 990), (WEDNESDAY + 900, WEDNESDAY + 990))


@pytest.mark.parametrize(
    "cell",
    [
        "wed 15:00-16:30",
        "Wednesday 15:00 \N{EN DASH} 16:30",
        "Wednesdays 3-4:30 pm",
        "Wed 3:00PM-4:30PM",
        "Weds. 3pm-4:30 p.m.",
    ],
)
def test_schedule_is_read_as_people_write_it(cell: str) -> None:
    assert parse_schedule(cell) == ((WEDNESDAY + 900, WEDNESDAY + 990),)


def test_range_of_days_repeats_the_window() -> None:
    assert (
        format_schedule(parse_schedule("Mon-Wed 8:00-9:00"))
        == "Mon 08:00-09:00|Tue 08:00-09:00|Wed 08:00-09:00"
    )


def test_window_from_morning_to_afternoon_needs_only_the_last_half_of_day() -> None:
    assert parse_schedule("Mon 11:00-1:00 pm") == ((660, 780),)


def test_overlapping_windows_are_one_so_that_no_minute_counts_twice() -> None:
    assert parse_schedule("Mon 15:00-16:00|Mon 15:30-17:00|Mon 14:00-15:00") == ((840, 1020),)


def test_windows_that_meet_at_midnight_stay_apart() -> None:
    assert (
        format_schedule(parse_schedule("Mon 23:00-24:00|Tue 0:00-1:00")) == "Mon 23:00-24:00|Tue 00:00-01:00"
    )


def test_blank_schedule_has_no_window() -> None:
    assert parse_schedule("") == ()


@pytest.mark.parametrize(
    "cell",
    [
        "Mon",
        "15:00-16:30",
        "Mon 16:30-15:00",
        "Mon 15:00-15:00",
        "Fun 15:00-16:00",
        "Mon 15:00-25:00",
        "Mon 3-4",
        "Mon 15:60-16:30",
        "Mon 13:00 pm-2 pm",
        "Fri-Mon 15:00-16:00",
        "Monk 15:00-16:00",
    ],
)
def test_what_is_no_schedule_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="got"):
        parse_schedule(cell)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440)), max_size=5))
def test_schedules_survive_formatting(parts: list[tuple[int, int, int]]) -> None:
    cell = format_schedule(
        (day * MINUTES_A_DAY + start, min(day * MINUTES_A_DAY + start + length, (day + 1) * MINUTES_A_DAY))
        for day, start, length in parts
    )
    windows = parse_schedule(cell)
    assert parse_schedule(format_schedule(windows)) == windows


def test_list_drops_blanks_and_repeats() -> None:
    assert split_list(" Spanish |English||Spanish") == ["Spanish", "English"]


@pytest.mark.parametrize(
    "cell",
    [
        "2026-09-14",
        "2026-09-14 00:00:00",
        "2026-09-14T00:00",
        "9/14/2026",
        "09/14/26",
        "9/14/2026 0:00",
        "14-Sep-26",
        "14-Sep-2026",
        "Sep 14, 2026",
        "September 14, 2026",
    ],
)
def test_dates_are_read_as_excel_writes_them(cell: str) -> None:
    assert parse_date(cell) == dt.date(2026, 9, 14)


@pytest.mark.parametrize(
    "cell", ["14/9/2026", "46279", "2026", "soon", "2/30/2026", "9/14/0026", "14-Foo-26"]
)
def test_what_is_no_date_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="got"):
        parse_date(cell)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("7", 7),
        ("7.0", 7),
        ("1,234.5", 1234.5),
        ("45%", 45),
        ("45.5 %", 45.5),
        ("$1,200", 1200),
        ("-.5", -0.5),
        ("1E+3", 1000),
        ("1e-3", 0.001),
    ],
)
def test_numbers_are_read_as_excel_writes_them(cell: str, number: float) -> None:
    assert parse_number(cell) == number


@pytest.mark.parametrize(
    "cell", ["ten", "1,23", "inf", "nan", "1_000", "1 000", "0x10", "1e999", ".", "%", "e5"]
)
def test_what_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="got"):
        parse_number(cell)


@pytest.mark.parametrize("cell", ["7", "7.0", "07"])
def test_whole_number_may_end_in_point_zero(cell: str) -> None:
    assert parse_whole(cell) == 7


@pytest.mark.parametrize("cell", ["7.5", "7%", "10000000000", "ten"])
def test_what_is_no_whole_number_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="got"):
        parse_whole(cell)


@pytest.mark.parametrize(
    ("cell", "said"), [("Yes", True), ("TRUE", True), ("1", True), ("x", True), ("no", False)]
)
def test_yes_and_no_are_read_in_many_words(cell: str, said: bool) -> None:
    assert parse_flag(cell) is said


def test_what_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(ValueError, match='Expected yes or no, got "maybe"'):
        parse_flag("maybe")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("107.0", "107"),
        ("0107", "0107"),
        ('="0107"', "0107"),
        ("a  b", "a b"),
        ("1.10", "1.10"),
        ("#7/ü", "#7/ü"),
    ],
)
def test_ids_keep_all_that_is_theirs(cell: str, text: str) -> None:
    assert parse_id(cell) == text


@example('="="0107""')
@example('=" 0107"')
@given(st.text(st.sampled_from('=" 01.E+a\n'), max_size=12))
def test_an_id_that_was_read_is_read_the_same_again(cell: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_id(parse_id(cell)) == parse_id(cell)


def test_id_that_lost_its_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="all its digits"):
        parse_id("6.34E+10")


def test_word_is_known_in_any_case_with_spaces_and_hyphens() -> None:
    assert parse_word("Higher-Education", ["faith", "higher_education"]) == "higher_education"


def test_unknown_word_is_refused() -> None:
    with pytest.raises(ValueError, match="one of faith, business"):
        parse_word("church", ["faith", "business"])


@pytest.mark.parametrize(
    "parse", [parse_grades, parse_schedule, parse_date, parse_number, parse_flag, parse_id]
)
@given(cell=st.text(min_size=1))
def test_no_text_raises_anything_but_a_value_error(parse: Callable[[str], object], cell: str) -> None:
    with contextlib.suppress(ValueError):
        parse(cell)
