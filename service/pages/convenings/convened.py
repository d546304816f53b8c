"""A convening as it stands: its row, how long its talks are, who meets whom and what is talked about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import pandas as pd
from babel.dates import format_time
from sqlalchemy import true

from matching.convenings.agenda import Item, Said, Value, Year, agenda_of
from matching.convenings.recognition import WELL_MET, State, recognitions_of
from matching.convenings.talks import Rounds, in_rounds, talks_of
from matching.facts import school_year_start
from matching.policy import Policy, policy_from_toml
from service.api.access import Context
from service.overviews import Standing
from service.pages.frame import standing_of
from service.pages.reader import Reader
from service.pages.rendering import level_words
from service.pages.sentences import told
from service.storage import rows

TALKS_MINUTES: Final = 60
TALK_MINUTES: Final = 8
MOST_MINUTES: Final = 480
#: Under what names a convening's unknown columns hold its hour and how long talks are.
STARTS, ALL_TALKS, ONE_TALK = "starts", "talks_minutes", "talk_minutes"
#: What a convening of each kind is called.
KIND_WORDS: Final[Mapping[str, str]] = {
    "beginning": "Beginning-of-year convening",
    "midyear": "Midyear convening",
    "end": "End-of-year convening",
    "other": "Convening",
}


@dataclass(frozen=True, slots=True, eq=False)
class Convening:
    """A convening of a district.

    Parameters
    ----------
    version
        Counts the changes of its row.
    starts
        Its hour, None where none is set.
    talks_minutes, talk_minutes
        Time for all talks, and for one.
    """

    convening_id: str
    kind: str
    day: date
    place: str
    version: int
    starts: time | None
    talks_minutes: int
    talk_minutes: int
    standing: Standing
    policy: Policy

    @property
    def most_rounds(self) -> int:
        """Rounds of talks that there is time for."""
        return self.talks_minutes // self.talk_minutes

    def rounds(self) -> Rounds:
        """Return who meets whom."""
        district = self.standing.loaded.district
        earlier = district.convenings.loc[district.convenings["date"] < pd.Timestamp(self.day), "date"]
        last = earlier.max().date() if len(earlier) else date.min
        since = max(last, school_year_start(self.day, self.policy.rules.school_year_starts))
        return in_rounds(talks_of(district, self.policy, self.standing.today, since), self.most_rounds)

    def agenda(self, rounds: Rounds, *, proposed: int | None = None) -> list[Item]:
        """Return what is talked about.

        Parameters
        ----------
        proposed
            Slots that the last plan fills.
        """
        district, overview = self.standing.loaded.district, self.standing.overview
        found = recognitions_of(district, self.policy, self.day) if self.kind == "end" else []
        num_recognized = sum(one.num(State.MET) >= WELL_MET for one in found)
        on = self.standing.today
        year = Year(district, self.policy, overview, on, rounds, self.talk_minutes, num_recognized, proposed)
        return agenda_of(self.kind, year)

    def begins(self) -> datetime | None:
        """Return the moment at which it begins, in the district's own time."""
        return datetime.combine(self.day, self.starts) if self.starts else None

    def times(self, items: list[Item]) -> list[datetime | None]:
        """Return when each point of an agenda begins, and at last when all ends; nothing where no hour is set."""
        now = self.begins()
        found = [now]
        for item in items:
            now = now + timedelta(minutes=item.minutes) if now else None
            found.append(now)
        return found


def convening_of(given: Context, convening_id: str) -> Convening:
    """Return a convening; everybody of a district may know of it.

    Raises
    ------
    NotFoundError
        Where there is none of that id.
    """
    # Its unknown columns hold an hour and two lengths, which are told to all; nothing else of them is.
    row = rows.get(given.connection, given.district_id, "convenings", convening_id, contacts=true())
    standing = standing_of(given)
    talk = min(_minutes(row.extra, ONE_TALK, TALK_MINUTES) or TALK_MINUTES, MOST_MINUTES)
    return Convening(
        row.cells["convening_id"],
        row.cells["kind"],
        date.fromisoformat(row.cells["date"]),
        row.cells["place"] or "",
        row.version,
        hour_of(row.extra.get(STARTS, "")),
        min(_minutes(row.extra, ALL_TALKS, TALKS_MINUTES), MOST_MINUTES),
        talk,
        standing,
        policy_from_toml(standing.policy),
    )


def hour_of(text: str) -> time | None:
    """Return the hour that a text such as 16:30 says, None where it says none."""
    try:
        return datetime.strptime(text.strip(), "%H:%M").time()
    except ValueError:
        return None


def hour_words(reader: Reader, hour: time) -> str:
    """Return an hour as the reader's language writes it."""
    return format_time(hour, "short", locale=reader.locale).replace("\N{NARROW NO-BREAK SPACE}", " ")


def said_to(reader: Reader, said: Said) -> str:
    """Return what is said in the reader's language."""
    return reader.say(
        said.words, **{name: _value(reader, name, value) for name, value in said.values.items()}
    )


def _value(reader: Reader, name: str, value: Value) -> str:
    if isinstance(value, date):
        return reader.day(value)
    if not isinstance(value, str):
        return reader.number(value)
    if name == "level":
        return level_words(reader, value)
    if name == "why":
        return str(told(reader, value).striptags())
    return reader.say(value) if name == "kind" else value


def _minutes(extra: Mapping[str, str], name: str, default: int) -> int:
    text = extra.get(name, "").strip()
    return (
        int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_MINUTES)) else default
    )
