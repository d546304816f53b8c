"""Ages of HSDS and grades of ours: the students of a grade are of two ages, PK 3 and 4, K 5 and 6, grade 1 6 and 7."""

from __future__ import annotations

from typing import Final

from matching.values import GRADES, format_grades, parse_grades

_YOUNGEST: Final = 3
_OLDEST: Final = 120


def grades_of_ages(least: str, most: str) -> str | None:
    """Return the grades all of whose students are of these ages, blank for no limit, None for no school age.

    Where the ages are so narrow that no grade lies within them, it is the grades that some students are of.
    """
    if not least.strip() and not most.strip():
        return ""
    low, high = float(least.strip() or 0), float(most.strip() or _OLDEST)
    within = sum(1 << i for i in range(len(GRADES)) if low <= i + _YOUNGEST and i + _YOUNGEST + 1 <= high)
    some = sum(1 << i for i in range(len(GRADES)) if low <= i + _YOUNGEST + 1 and i + _YOUNGEST <= high)
    return format_grades(within or some) or None


def ages_of_grades(cell: str) -> tuple[str, str]:
    """Return the least and the greatest age of the students of these grades, both blank for all."""
    if not cell:
        return "", ""
    bits = parse_grades(cell)
    lowest, highest = (bits & -bits).bit_length() - 1, bits.bit_length() - 1
    return str(lowest + _YOUNGEST), str(highest + _YOUNGEST + 1)
