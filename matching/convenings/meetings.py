"""When the three convenings of a school year are, or could be."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import pandas as pd

from matching.district import District
from matching.facts import school_year_start
from matching.schemas import CONVENING_KINDS

#: The three of a year, and how many months after its start each usually is.
OF_THE_YEAR: Final[Mapping[str, int]] = dict(zip(CONVENING_KINDS[:3], (2, 6, 10), strict=True))
MONTHS: Final = 12
TUESDAY: Final = 1
NOTICE: Final = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Meeting:
    """One of the three convenings of a year.

    Parameters
    ----------
    day
        Where ``convening_id`` is "", only a suggestion; None where it is too late for this one.
    """

    kind: str
    day: date | None
    convening_id: str = ""
    place: str = ""


def meetings_of(district: District, on: date, month: int) -> list[Meeting]:
    """Return the three convenings of the school year: as planned, else with a day to suggest, three weeks off or more.

    Parameters
    ----------
    month
        That in which the school year starts.
    """
    start = school_year_start(on, month)
    rows = district.convenings
    is_in_year = (rows["date"] >= pd.Timestamp(start)) & (
        rows["date"] < pd.Timestamp(months_later(start, MONTHS))
    )
    rows = rows[is_in_year].sort_values("date")
    found = []
    usual = {kind: _third_tuesday(months_later(start, months)) for kind, months in OF_THE_YEAR.items()}
    following = [*list(usual.values())[1:], months_later(start, MONTHS)]
    for (kind, day), next_one in zip(usual.items(), following, strict=True):
        planned = rows[rows["kind"] == kind]
        soonest = max(day, _tuesday(on + NOTICE))
        if len(planned):
            row = planned.iloc[0]
            found.append(Meeting(kind, row["date"].date(), row["convening_id"], row["place"]))
        else:
            found.append(Meeting(kind, soonest if soonest < next_one else None))
    return found


def next_convening(district: District, on: date) -> dict[Hashable, Any] | None:  # Any: cells of several types
    """Return the row of the first convening on a day or after it, None where none is planned."""
    rows = district.convenings
    coming = rows[rows["date"] >= pd.Timestamp(on)].sort_values("date").head(1)
    return next(iter(coming.to_dict("records")), None)


def months_later(start: date, months: int) -> date:
    """Return the first day of the month that many months after that of a day."""
    month = start.month - 1 + months
    return date(start.year + month // MONTHS, month % MONTHS + 1, 1)


def _third_tuesday(month: date) -> date:
    return _tuesday(month) + timedelta(weeks=2)


def _tuesday(day: date) -> date:
    return day + timedelta(days=(TUESDAY - day.weekday()) % 7)
