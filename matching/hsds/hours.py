"""Schedules of HSDS, which are recurrence rules, and the weekly windows of ours.

References
----------
RFC 5545, Internet Calendaring and Scheduling, section 3.3.10.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from matching.hsds.checking import minutes_of
from matching.hsds.specification import Row
from matching.values import DAYS, MINUTES_A_DAY, parse_schedule

_CODES: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PARTS_OF_A_YEAR: Final = ("byweekno", "bymonthday", "byyearday")


def weekly_windows(row: Row) -> list[str]:
    """Return the windows of a schedule as parts of a cell, ``Mon 15:00-16:30``; none where it is not plain weekly.

    Plain is what holds every week of its time: no months, no other weeks, no picked days of a year, days and both
    times stated, and an end on the same day. Times are those of the clock on the wall, whatever zone stands beside.
    """
    if (_text(row, "freq") or "WEEKLY") != "WEEKLY" or float(_text(row, "interval") or 1) != 1:
        return []
    days = _days(row)
    if not days or any(_text(row, part) for part in _PARTS_OF_A_YEAR):
        return []
    if not (_text(row, "opens_at") and _text(row, "closes_at")):
        return []
    opening, closing = minutes_of(row["opens_at"]), minutes_of(row["closes_at"]) or MINUTES_A_DAY
    if opening >= closing:
        return []
    return [f"{DAYS[day]} {_clock(opening)}-{_clock(closing)}" for day in days]


def is_in_utc(row: Row) -> bool:
    """Whether the times of a schedule are marked as UTC."""
    return _text(row, "opens_at").endswith("Z")


def schedule_rows(cell: str) -> Iterable[Row]:
    """Return the recurrence rules of a schedule cell, one for all days with the same times."""
    days: dict[tuple[int, int], list[int]] = {}
    for start, end in parse_schedule(cell):
        day = start // MINUTES_A_DAY
        days.setdefault((start - day * MINUTES_A_DAY, end - day * MINUTES_A_DAY), []).append(day)
    for (opening, closing), listed in days.items():
        yield {
            "freq": "WEEKLY",
            "byday": ",".join(_CODES[day] for day in listed),
            "opens_at": f"{_clock(opening)}:00",
            "closes_at": f"{_clock(closing % MINUTES_A_DAY)}:00",
        }


def _days(row: Row) -> list[int]:
    """Return the days of the week; without any, a rule means that of its first day; none where one is numbered."""
    names = [name.strip().upper() for name in _text(row, "byday").split(",") if name.strip()]
    if not names and _text(row, "dtstart"):
        try:
            return [dt.date.fromisoformat(_text(row, "dtstart")[:10]).weekday()]
        except ValueError:
            return []
    return sorted(map(_CODES.index, names)) if set(names) <= set(_CODES) else []


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _text(row: Row, column: str) -> str:
    return row.get(column, "").strip()
