"""Convenings as calendars that any program reads (iCalendar): of all, or with the talks of one school or partner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Calendar, Event
from sqlalchemy import select

from matching.convenings.talks import Talk
from service.api.access import Context
from service.pages.convenings.convened import KIND_WORDS, Convening
from service.pages.reader import Reader
from service.storage.tables import districts

ICS: Final = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Of:
    """A district as its calendars tell it: its key, its name, and the version that it has since a moment."""

    key: str
    name: str
    version: int
    changed: datetime

    @classmethod
    def asked_for(cls, given: Context) -> "Of":
        """Return the district that a request is about."""
        columns = districts.c.key, districts.c.name, districts.c.version, districts.c.changed_at
        row = given.connection.execute(select(*columns).where(districts.c.id == given.district_id)).one()
        return cls(row.key, row.name, row.version, row.changed_at.replace(tzinfo=UTC))


def calendar_of(name: str, events: Sequence[Event]) -> bytes:
    """Return a calendar of these events."""
    calendar = Calendar()
    calendar.add("prodid", "-//Partnermatch//Convenings//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    for event in events:
        calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def event_of(convening: Convening, reader: Reader, district: Of, text: str = "") -> Event:
    """Return a convening, about which ``text`` is told, as an event: of the whole day where it has no hour."""
    event = _event(convening, convening.convening_id, district)
    event.add("summary", f"{reader.say(KIND_WORDS[convening.kind])}, {district.name}")
    begins = convening.begins()
    if begins is None:
        event.add("dtstart", convening.day)
        event.add("dtend", convening.day + timedelta(days=1))
    else:
        items = convening.agenda(convening.rounds())
        event.add("dtstart", begins)
        event.add("dtend", begins + timedelta(minutes=sum(item.minutes for item in items)))
    if text:
        event.add("description", text)
    return event


def talk_event(convening: Convening, district: Of, talk: Talk, words: str, begins: datetime) -> Event:
    """Return a talk, called ``words``, as an event of its own."""
    event = _event(convening, f"{convening.convening_id}/{talk.school_id}/{talk.partner_id}", district)
    event.add("summary", words)
    event.add("dtstart", begins)
    event.add("dtend", begins + timedelta(minutes=convening.talk_minutes))
    return event


def _event(convening: Convening, name: str, district: Of) -> Event:
    event = Event()
    event.add("uid", f"{name}@{district.key}.partnermatch")
    # The same event at a later number takes the place of the earlier one in whoever's calendar it is.
    event.add("sequence", district.version)
    event.add("dtstamp", district.changed)
    if convening.place:
        event.add("location", convening.place)
    return event
