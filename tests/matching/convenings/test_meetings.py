"""The three convenings of a year."""

from datetime import date
from functools import partial

from matching.convenings.meetings import Meeting, meetings_of
from tests.districts import Row, make_district

meetings = partial(meetings_of, month=7)


def test_days_are_suggested_where_none_are_planned() -> None:
    found = meetings(make_district(), date(2026, 8, 1))
    assert found == [
        Meeting("beginning", date(2026, 9, 15)),
        Meeting("midyear", date(2027, 1, 19)),
        Meeting("end", date(2027, 5, 18)),
    ]


def test_day_that_is_planned_stands_and_one_of_last_year_does_not() -> None:
    rows: list[Row] = [
        {"convening_id": "c0", "kind": "midyear", "date": "2027-02-02", "place": "Library"},
        {"convening_id": "c1", "kind": "end", "date": "2026-05-19"},
    ]
    _, midyear, end = meetings(make_district(convenings=rows), date(2026, 8, 1))
    assert midyear == Meeting("midyear", date(2027, 2, 2), "c0", "Library")
    assert end.convening_id == ""


def test_meeting_that_was_missed_is_suggested_later_or_not_at_all() -> None:
    november, february = (meetings(make_district(), day) for day in (date(2026, 11, 20), date(2027, 2, 1)))
    assert november[0].day == date(2026, 12, 15)  # The first Tuesday three weeks off.
    assert february[0].day is None
    assert february[1].day == date(2027, 2, 23)
