"""How a row's grades and times are said in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from matching.values import GRADES, format_grades

Index = NDArray[np.int64]

_ORDINALS = (
    "preschool",
    "transitional kindergarten",
    "kindergarten",
    *(f"{word} grade" for word in ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")),
    *(f"{word} grade" for word in ("eighth", "ninth", "tenth", "eleventh", "twelfth")),
    "the fifth year of high school",
)
_PUPILS = {
    0: ("preschoolers", "three- and four-year-olds"),
    1: ("transitional kindergartners", "four-year-olds"),
    2: ("kindergartners", "five-year-olds"),
    11: ("ninth graders", "freshmen"),
    12: ("tenth graders", "sophomores"),
    13: ("eleventh graders", "juniors"),
    14: ("twelfth graders", "seniors"),
    15: ("fifth-year students",),
}
_BANDS = (
    (2, ("young children", "little ones", "preschool children")),
    (7, ("children", "elementary students", "kids", "pupils")),
    (10, ("middle schoolers", "students", "kids", "adolescents")),
    (15, ("teenagers", "high school students", "young people", "students")),
)
_DAY_NAMES = {"Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday"}


@dataclass(frozen=True, slots=True)
class Times:
    """One weekly schedule as a cell and the ways to say it."""

    cell: str
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """First and last grade of each row as indices into GRADES, and whether the row states them."""

    first: Index
    last: Index
    is_stated: NDArray[np.bool_]

    def cells(self) -> list[str]:
        """Return the grades column."""
        rows = zip(self.first.tolist(), self.last.tolist(), self.is_stated.tolist(), strict=True)
        return [grades_cell(first, last) if stated else "" for first, last, stated in rows]


@cache
def grades_cell(first: int, last: int) -> str:
    """Return the cell that holds all grades between two indices."""
    return format_grades((1 << (last + 1)) - (1 << first))


@cache
def grades_said(first: int, last: int) -> tuple[str, ...]:
    """Return ways to say a range of grades, such as "grades 3 to 5"."""
    if first == last:
        return (_ORDINALS[first],)
    low, high = GRADES[first], GRADES[last]
    if last <= 2:  # noqa: PLR2004 - kindergarten, index 2: no numbered grade
        return (f"{_ORDINALS[first]} and {_ORDINALS[last]}",)
    joint = "and" if last - first == 1 else "to"
    start = _ORDINALS[first] if first <= 2 else low  # noqa: PLR2004 - as above
    spoken = f"{start} to grade {high}" if first <= 2 else f"grades {low} {joint} {high}"  # noqa: PLR2004 - as above
    return (spoken, f"grades {low}-{high}")


@cache
def pupils_said(first: int, last: int) -> tuple[str, ...]:
    """Return plural nouns for the students of a range of grades, without an article."""
    if first == last:
        return _PUPILS.get(first) or (_ORDINALS[first] + "rs", f"students in {_ORDINALS[first]}")
    ranges = tuple(f"students in {said}" for said in grades_said(first, last))
    if first < 8 <= last:  # noqa: PLR2004 - grade 6, index 8: spans elementary and secondary
        return ("students", "children and teenagers", "young people", *ranges[:1])
    return next(nouns for top, nouns in _BANDS if last <= top) + ranges[:1]


@cache
def times_of(when: str, *, is_offer: bool) -> tuple[Times, ...]:
    """Return the schedules that suit `when`; offers have wider ones too."""
    if when == "any":
        return times_of("after", is_offer=is_offer) + times_of("day", is_offer=is_offer)
    return _WIDE.get(when, ()) + _NARROW[when] if is_offer else _NARROW[when]


def usually_said(when: str) -> tuple[str, ...]:
    """Return ways to say when, for a row that states no schedule."""
    return _USUALLY[when]


def _times(days: Sequence[str], hours: str, said: str) -> Times:
    names = " and ".join(_DAY_NAMES.get(day, "Saturday") for day in days)
    plural = " and ".join(_DAY_NAMES.get(day, "Saturday") + "s" for day in days)
    ways = tuple(way.replace("DAYS", plural).replace("DAY", names) for way in said.split("|"))
    return Times("|".join(f"{day} {hours}" for day in days), ways)


_ONE = tuple((day,) for day in _DAY_NAMES)
_TWO = (("Mon", "Wed"), ("Tue", "Thu"), ("Mon", "Thu"), ("Wed", "Fri"))
_NARROW = {
    "after": tuple(
        _times(days, hours, "on DAY afternoons|on DAYS after school")
        for days in _ONE + _TWO
        for hours in ("15:00-16:30", "15:30-17:00", "14:45-16:00")
    ),
    "day": tuple(
        _times(days, hours, said)
        for days in _ONE + _TWO
        for hours, said in (
            ("11:45-12:30", "at lunch on DAYS|during lunch on DAYS"),
            ("08:30-09:30", "on DAY mornings|before ten on DAYS"),
            ("10:00-11:00", "on DAY mornings|mid-morning on DAYS"),
            ("13:00-14:00", "in the early afternoon on DAYS|during school on DAYS"),
        )
    ),
    "evening": tuple(
        _times(days, hours, "on DAY evenings|on DAYS after work")
        for days in _ONE[:4]
        for hours in ("17:30-19:00", "18:00-19:30")
    ),
    "saturday": tuple(
        _times(("Sat",), hours, "on Saturday mornings|on a Saturday")
        for hours in ("09:00-12:00", "10:00-13:00")
    ),
    "summer": tuple(
        _times(tuple(_DAY_NAMES), hours, "on weekdays in July|on summer weekdays")
        for hours in ("09:00-12:00", "08:30-14:00")
    ),
}
_WIDE = {
    "after": (
        _times(("Mon", "Tue", "Wed", "Thu"), "15:00-18:00", "Monday to Thursday after school"),
        _times(tuple(_DAY_NAMES), "14:30-17:30", "on weekday afternoons"),
        _times(("Tue", "Wed", "Thu"), "15:00-17:00", "midweek after school"),
    ),
    "day": (
        _times(tuple(_DAY_NAMES), "08:30-14:30", "during school hours"),
        _times(("Mon", "Tue", "Wed", "Thu"), "09:00-13:00", "Monday to Thursday until lunch"),
        _times(("Fri",), "08:00-17:00", "all day on Fridays"),
    ),
    "evening": (_times(("Mon", "Tue", "Wed", "Thu"), "17:00-20:00", "on weekday evenings"),),
    "saturday": (_times(("Sat",), "09:00-15:00", "on Saturdays"),),
}
_USUALLY = {
    "after": (
        "after school",
        "once or twice a week",
        "in the afternoon",
        "every week",
        "after the last bell",
    ),
    "day": ("during the school day", "at lunch", "in the mornings", "every week", "during class"),
    "any": ("during or after school", "once a week", "every other week", "whenever it suits"),
    "evening": ("in the evening", "one evening a month", "after work"),
    "saturday": ("on a Saturday", "on a weekend morning"),
    "summer": ("in July", "over the summer"),
}
