"""What one cell of a table can say: lists, grades, schedules, dates, numbers, yes or no.

Every parser takes the text of a cell that is not blank (where blank has a meaning of its own, it says so) and
raises ValueError when the text says something else.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

GRADES: Final = ("PK", "TK", "K", *(str(grade) for grade in range(1, 14)))
ALL_GRADES: Final = (1 << len(GRADES)) - 1
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTES_A_DAY: Final = 24 * 60

_LARGEST_WHOLE = 10**9
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YES = frozenset({"yes", "y", "true", "t", "1", "1.0", "x", "\N{CHECK MARK}"})
_NO = frozenset({"no", "n", "false", "f", "0", "0.0", ""})

_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[-+]?\d{1,3})?", re.IGNORECASE)
_CLOCK = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AP]M)?)?"
_ISO_DATE = re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}}){_CLOCK}", re.IGNORECASE)
_US_DATE = re.compile(
    rf"(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>\d{{4}}|\d{{2}}){_CLOCK}", re.IGNORECASE
)
_DAY_MONTH_YEAR = re.compile(r"(?P<day>\d{1,2})[- ](?P<month>[A-Za-z]{3,9})[-, ]+(?P<year>\d{4}|\d{2})")
_MONTH_DAY_YEAR = re.compile(r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})")
_DAY_MONTH = re.compile(r"(?P<day>\d{1,2})-(?P<month>[A-Za-z]{3})")

_TIME = r"(?P<{0}_hour>\d{{1,2}})(?::(?P<{0}_minute>\d{{2}}))?\s*(?P<{0}_half>[ap]\.?m\.?)?"
_WINDOW = re.compile(
    r"(?P<first>[a-z]+)\.?(?:\s*-\s*(?P<last>[a-z]+)\.?)?\s+"
    + _TIME.format("start")
    + r"\s*-\s*"
    + _TIME.format("end"),
    re.IGNORECASE,
)
_DASHES = str.maketrans({"\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{MINUS SIGN}": "-", "\N{HYPHEN}": "-"})


def split_list(cell: str, separators: str = "|") -> list[str]:
    """Split a cell at its separators; blank parts and repeats are dropped, the order stays."""
    parts = re.split(f"[{re.escape(separators)}]", cell) if len(separators) > 1 else cell.split(separators)
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def grade_bits(cells: Iterable[str]) -> NDArray[np.uint32]:
    """Return one bit a grade for each cell, PK in the lowest; a blank cell has all bits set.

    Raises
    ------
    ValueError
        When a cell holds anything but grades and ranges of grades.
    """
    listed = list(cells)
    bits = {cell: parse_grades(cell) if cell else ALL_GRADES for cell in set(listed)}
    return np.fromiter((bits[cell] for cell in listed), dtype=np.uint32, count=len(listed))


def parse_grades(cell: str) -> int:
    """Return the bits of ``PK-5`` or ``K|3-5``, and of ``5-Mar``: what Excel makes of a typed ``3-5``."""
    excel = _grades_typed_as_date(cell)
    text = excel if excel else _plain_grades(cell)
    bits = 0
    for part in split_list(text, "|,;"):
        low, dash, high = part.partition("-")
        first, last = _grade_index(low, cell), _grade_index(high if dash else low, cell)
        if first > last:
            raise ValueError(f'Grades must go from low to high, got "{cell}".')
        bits |= (1 << (last + 1)) - (1 << first)
    if not bits:
        raise ValueError(f'Expected grades like PK-5 or K|3-5, got "{cell}".')
    return bits


def format_grades(bits: int) -> str:
    """Return the shortest cell with exactly these grades, ``PK-5`` or ``K|3-5``; blank for no grade."""
    runs: list[list[int]] = []
    for grade in (grade for grade in range(len(GRADES)) if bits >> grade & 1):
        if runs and runs[-1][-1] == grade - 1:
            runs[-1].append(grade)
        else:
            runs.append([grade])
    return "|".join(GRADES[run[0]] + (f"-{GRADES[run[-1]]}" if len(run) > 1 else "") for run in runs)


def is_date_like(cell: str) -> bool:
    """Whether Excel has made a date of a typed range of grades, as in ``5-Mar``."""
    return _grades_typed_as_date(cell) != ""


def parse_schedule(cell: str) -> tuple[tuple[int, int], ...]:
    """Return the windows of a schedule in minutes of the week, ``[start, end)``, Monday 00:00 being 0.

    A blank cell has none. Windows are sorted; those that touch on the same day are one. ``Mon-Fri`` repeats a
    window each day, and ``3:00-4:30 pm`` is read as well as ``15:00-16:30``.

    Raises
    ------
    ValueError
        When a part is not a day with a start before an end.
    """
    windows = {
        window
        for part in split_list(" ".join(cell.split()), "|;")
        for window in _windows(part.translate(_DASHES))
    }
    merged: list[tuple[int, int]] = []
    for start, end in sorted(windows):
        if merged and start <= merged[-1][1] and start // MINUTES_A_DAY == merged[-1][0] // MINUTES_A_DAY:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def format_schedule(windows: Iterable[tuple[int, int]]) -> str:
    """Return the cell of a schedule, ``Mon 15:00-16:30|Wed 15:00-16:30``; no window crosses midnight."""
    return "|".join(_format_window(start, end) for start, end in windows)


def parse_date(cell: str) -> dt.date:
    """Return the day of ``2026-09-14``, ``9/14/2026`` (month first), ``14-Sep-26`` or ``Sep 14, 2026``."""
    for pattern in (_ISO_DATE, _US_DATE, _DAY_MONTH_YEAR, _MONTH_DAY_YEAR):
        if match := pattern.fullmatch(cell):
            return _date(match.groupdict(), cell)
    raise ValueError(f'Expected a date like 2026-09-14 or 9/14/2026, got "{cell}".')


def parse_number(cell: str) -> float:
    """Return a decimal number; ``1,234.5``, ``$40`` and ``45%`` (as 45.0, not 0.45) are read too."""
    text = cell.removeprefix("$").removesuffix("%").strip()
    if not _NUMBER.fullmatch(text) or not any(letter.isdigit() for letter in text):
        raise ValueError(f'Expected a number, got "{cell}".')
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        raise ValueError(f'Expected a number, got "{cell}".') from None
    if abs(number) == float("inf"):
        raise ValueError(f'Expected a number that a computer can hold, got "{cell}".')
    return number


def parse_whole(cell: str) -> int:
    """Return a whole number up to a thousand million in size; ``7.0`` and ``1,234`` are read too."""
    number = parse_number(cell)
    if not number.is_integer() or "%" in cell or abs(number) > _LARGEST_WHOLE:
        raise ValueError(f'Expected a whole number, got "{cell}".')
    return int(number)


def parse_flag(cell: str) -> bool:
    """Return whether a cell says yes: ``yes``, ``y``, ``true``, ``1`` or ``x``; blank is no."""
    word = cell.casefold()
    if word not in _YES and word not in _NO:
        raise ValueError(f'Expected yes or no, got "{cell}".')
    return word in _YES


def parse_id(cell: str) -> str:
    """Return an id as one line of text; ``107.0`` is 107, ``="0107"`` is 0107, leading zeros stay.

    Raises
    ------
    ValueError
        When a spreadsheet has cut a long number to ``6.34E+10``: its digits are lost.
    """
    text = " ".join(cell.split())
    while quoted := re.fullmatch(r'="(.*)"', text):
        text = quoted[1].strip()
    if re.fullmatch(r"\d(?:\.\d+)?E\+\d+", text):
        raise ValueError(f'Expected an id with all its digits, got "{cell}".')
    return text[:-2] if re.fullmatch(r"\d+\.0", text) else text


def parse_word(cell: str, words: Iterable[str]) -> str:
    """Return the one of ``words`` that a cell names; case, spaces, hyphens and underscores do not count."""
    named = {word_key(word): word for word in words}.get(word_key(cell))
    if named is None:
        raise ValueError(f'Expected one of {", ".join(words)}, got "{cell}".')
    return named


def word_key(text: str) -> str:
    """Return what two names have in common that differ only in case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", text.casefold())


def _plain_grades(cell: str) -> str:
    """Return grades in the words that ``_grade_index`` knows, with plain hyphens."""
    text = " ".join(cell.translate(_DASHES).casefold().split())
    for pattern, plain in (
        (r"\bgr(?:ades?|\.)?\s*(?=\d|k\b|pk\b|tk\b)", ""),
        (r"\bpre-?\s?k(?:indergarten)?\b|\bpreschool\b", "pk"),
        (r"\btransitional kindergarten\b", "tk"),
        (r"\bkindergarten\b|\bkg\b", "k"),
        (r"\s+(?:to|through)\s+", "-"),
        (r"(?<=\d)(?:st|nd|rd|th)\b|(?<=\d)\.0\b", ""),
    ):
        text = re.sub(pattern, plain, text)
    return text


def _grade_index(name: str, cell: str) -> int:
    plain = name.strip().lstrip("0").upper()
    if plain not in GRADES:
        raise ValueError(f'Expected grades like PK-5 or K|3-5, got "{cell}".')
    return GRADES.index(plain)


def _grades_typed_as_date(cell: str) -> str:
    """Return ``3-5`` for any date with the numbers 3 and 5 in month and day, blank for what is no date.

    Excel turns a typed ``3-5`` into 5 March or, elsewhere, 3 May: the lower grade always comes first.
    """
    if match := _DAY_MONTH.fullmatch(cell):
        found = {**match.groupdict(), "year": "2000"}
    elif match := _ISO_DATE.fullmatch(cell) or _US_DATE.fullmatch(cell) or _DAY_MONTH_YEAR.fullmatch(cell):
        found = match.groupdict()
    else:
        return ""
    try:
        day = _date(found, cell)
    except ValueError:
        return ""
    return f"{min(day.month, day.day)}-{max(day.month, day.day)}"


def _date(found: Mapping[str, str], cell: str) -> dt.date:
    name = found["month"].casefold()
    year = int(found["year"]) + (2000 if len(found["year"]) == len("26") else 0)
    try:
        month = int(name) if name.isdigit() else _MONTHS.index(name[:3]) + 1
        day = dt.date(year, month, int(found["day"]))
    except ValueError:
        raise ValueError(f'Expected a date like 2026-09-14 or 9/14/2026, got "{cell}".') from None
    if not dt.MINYEAR + 1899 <= day.year <= dt.MINYEAR + 2199:
        raise ValueError(f'Expected a year from 1900 to 2200, got "{cell}".')
    return day


def _windows(part: str) -> list[tuple[int, int]]:
    """Return the windows of one part, ``Mon 15:00-16:30`` or ``Mon-Fri 3-4 pm``, one a day."""
    match = _WINDOW.fullmatch(part)
    if match is None:
        raise ValueError(f'Expected times like Mon 15:00-16:30|Wed 15:00-16:30, got "{part}".')
    first, last = _day(match["first"], part), _day(match["last"] or match["first"], part)
    end = _minutes(match, "end", match["end_half"], part)
    start = _minutes(match, "start", match["start_half"] or match["end_half"], part)
    if match["start_half"] is None and start >= end and match["end_half"]:
        start = _minutes(match, "start", "am", part)
    if first > last or start >= end:
        raise ValueError(f'Expected a start before its end, got "{part}".')
    return [(day * MINUTES_A_DAY + start, day * MINUTES_A_DAY + end) for day in range(first, last + 1)]


def _day(name: str, part: str) -> int:
    short = name[:3].title()
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    if short not in DAYS or not full[DAYS.index(short)].startswith(name.casefold().rstrip("s")):
        raise ValueError(f'Expected a day like Mon or Monday, got "{part}".')
    return DAYS.index(short)


def _minutes(match: re.Match[str], side: str, half: str | None, part: str) -> int:
    """Return the minute of the day; without minutes (``3 pm``) the half of the day must be said."""
    hour, minute = int(match[f"{side}_hour"]), int(match[f"{side}_minute"] or 0)
    if half is not None:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - a clock face
            raise ValueError(f'Expected an hour from 1 to 12 with am or pm, got "{part}".')
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    elif match[f"{side}_minute"] is None:
        raise ValueError(f'Expected times with minutes, like 15:00, got "{part}".')
    minutes = hour * 60 + minute
    if minute >= 60 or minutes > MINUTES_A_DAY:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(f'Expected a time from 0:00 to 24:00, got "{part}".')
    return minutes


def _format_window(start: int, end: int) -> str:
    day, opening = divmod(start, MINUTES_A_DAY)
    closing = end - day * MINUTES_A_DAY
    return f"{DAYS[day]} {opening // 60:02}:{opening % 60:02}-{closing // 60:02}:{closing % 60:02}"
