"""The pages of convenings: the three of the year, the agenda of one, and who meets whom there."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from matching.convenings.meetings import meetings_of
from matching.errors import DataError
from matching.policy import policy_from_toml
from matching.schemas import CONVENING_KINDS
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.pages.convenings.calendars import ICS, Of, calendar_of, event_of
from service.pages.convenings.convened import (
    ALL_TALKS,
    KIND_WORDS,
    MOST_MINUTES,
    ONE_TALK,
    STARTS,
    convening_of,
    hour_of,
    hour_words,
    said_to,
)
from service.pages.convenings.packets import Packets
from service.pages.frame import go_to, show, standing_of
from service.pages.naming import names_of
from service.pages.reader import reader_of
from service.people.principal import Role
from service.runs.records import last_plan
from service.storage import rows

router = APIRouter(prefix="/districts/{district}/convenings", route_class=Route, include_in_schema=False)

#: What each convening of the year is for.
PURPOSES: Final = {
    "beginning": "Schools say what they lack, partners what they bring; both write down one goal and sign.",
    "midyear": "Look at what works, settle what does not, and move help to where it is needed most.",
    "end": "Look at what came of it, thank those who did well, and say who goes on.",
}
EVERYBODY: Final = (Role.COORDINATOR, Role.LEADER, Role.PARTNER, Role.BOARD)


Short = Annotated[str, Field(max_length=1000)]


class Sent(BaseModel):
    """What the form of a convening sends; ``undo`` removes the one that was just planned."""

    model_config = ConfigDict(extra="ignore")

    do: Literal["plan", "change", "undo"] = "plan"
    convening_id: Short = ""
    kind: Literal["", *CONVENING_KINDS] = ""  # type: ignore[valid-type]  # the vocabulary's words
    date: Short = ""
    place: Short = ""
    starts: Short = ""
    talks_minutes: Short = ""
    talk_minutes: Short = ""


@router.get("")
@allow(*EVERYBODY)
def show_convenings(
    given: Given,
    request: Request,
    planned: Annotated[str, Query(max_length=1000)] = "",
    change: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """Show the three convenings of the year, the next one first, and days to suggest for those not planned."""
    if not change:
        return _list(given, Sent(), planned=planned)
    one = convening_of(given, change)
    sent = Sent(
        do="change",
        convening_id=one.convening_id,
        kind=one.kind,
        date=one.day.isoformat(),
        place=one.place,
        starts=one.starts.strftime("%H:%M") if one.starts else "",
        talks_minutes=str(one.talks_minutes),
        talk_minutes=str(one.talk_minutes),
    )
    return _list(given, sent)


@router.post("")
@allow(Role.COORDINATOR)
def plan(given: Given, request: Request, sent: Annotated[Sent, Form()]) -> Response:
    """Plan a convening, change one, or take one back that was just planned."""
    if sent.do == "undo":
        row = rows.get(given.connection, given.district_id, "convenings", sent.convening_id)
        rows.delete(given.connection, given.district_id, "convenings", row)
        given.record("deleted", "convenings", sent.convening_id)
        return go_to(given, "/convenings")
    errors = _errors(given, sent)
    if errors:
        return _list(given, sent, HTTPStatus.UNPROCESSABLE_ENTITY, errors=errors)
    try:
        key = _write(given, sent)
    except DataError as error:
        faults = {"": str(error)}
        return _list(given, sent, HTTPStatus.UNPROCESSABLE_ENTITY, errors=faults)
    then = (
        f"?planned={quote(key, safe='')}#planned" if sent.do == "plan" else f"/agenda/{quote(key, safe='')}"
    )
    return go_to(given, f"/convenings{then}")


@router.get("/calendar.ics")
@allow(*EVERYBODY)
def read_calendar(given: Given, request: Request) -> Response:
    """Return all convenings of the district as a calendar."""
    reader, of = reader_of(request), Of.asked_for(given)
    ids = standing_of(given).loaded.district.convenings["convening_id"]
    found = [convening_of(given, str(key)) for key in ids]
    events = [event_of(one, reader, of, reader.say(PURPOSES.get(one.kind, ""))) for one in found]
    return Response(calendar_of(of.name, events), media_type=ICS)


@router.get("/agenda/{convening_id:path}")
@allow(Role.COORDINATOR, Role.BOARD)
def show_agenda(given: Given, request: Request, convening_id: str) -> Response:
    """Show what is talked about at a convening, with the figures of today."""
    reader, convening = reader_of(request), convening_of(given, convening_id)
    plan = last_plan(given.connection, given.district_id)
    filled = sum(int(level["filled"]) for level in plan.levels) if plan else None
    items = convening.agenda(convening.rounds(), proposed=filled)
    times = [hour_words(reader, moment.time()) if moment else "" for moment in convening.times(items)]
    told = [
        (item, when, [said_to(reader, said) for said in item.said])
        for item, when in zip(items, times, strict=False)
    ]
    return show(
        given,
        "agenda.html",
        convening=convening,
        called=KIND_WORDS[convening.kind],
        items=told,
        ends=times[-1],
        minutes=sum(item.minutes for item in items),
    )


@router.get("/talks/{convening_id:path}")
@allow(Role.COORDINATOR, Role.BOARD)
def show_talks(given: Given, request: Request, convening_id: str) -> Response:
    """Show who meets whom, round by round."""
    reader, convening = reader_of(request), convening_of(given, convening_id)
    rounds, names = convening.rounds(), names_of(standing_of(given))
    packets = Packets(convening, rounds, reader)
    told = []
    for number, talks in enumerate(rounds.rounds, 1):
        begins = packets.begins(number)
        when = hour_words(reader, begins.time()) if begins else ""
        told.append((number, when, [(talk, packets.question(talk)) for talk in talks]))
    return show(
        given,
        "talks.html",
        convening=convening,
        called=KIND_WORDS[convening.kind],
        rounds=told,
        num_talks=rounds.num_talks,
        left_out=rounds.left_out,
        schools=names.schools,
        partners=names.partners,
    )


def _list(
    given: Context,
    sent: Sent,
    status: int = HTTPStatus.OK,
    *,
    errors: dict[str, str] | None = None,
    planned: str = "",
) -> Response:
    standing = standing_of(given)
    district, month = standing.loaded.district, policy_from_toml(standing.policy).rules.school_year_starts
    meetings = meetings_of(district, standing.today, month)
    all_rows = district.convenings.sort_values(["date", "convening_id"]).to_dict("records")
    coming = [row for row in all_rows if row["date"].date() >= standing.today]
    missing = [meeting for meeting in meetings if not meeting.convening_id]
    if sent == Sent() and missing:
        first = next((meeting for meeting in missing if meeting.day), missing[0])
        sent = Sent(kind=first.kind, date=first.day.isoformat() if first.day else "")
    return show(
        given,
        "convenings.html",
        status,
        meetings=meetings,
        all_planned=not missing,
        coming=coming,
        earlier=[row for row in reversed(all_rows) if row["date"].date() < standing.today],
        purposes=PURPOSES,
        called=KIND_WORDS,
        sent=sent,
        errors=errors or {},
        planned=planned if planned in set(district.convenings["convening_id"]) else "",
        own=_own(given),
        most_minutes=MOST_MINUTES,
    )


def _own(given: Context) -> list[tuple[str, str, str]]:
    """Return the packets of a reader's own schools or partners: side, id and name."""
    if given.role not in (Role.LEADER, Role.PARTNER):
        return []
    side = "school" if given.role is Role.LEADER else "partner"
    names = names_of(standing_of(given))
    known = names.schools if side == "school" else names.partners
    return [(side, key, known[key]) for key in sorted(given.place.of) if key in known]


def _errors(given: Context, sent: Sent) -> dict[str, str]:
    """Return what is wrong with a form, by its field."""
    say = reader_of(given.request).say
    errors = {}
    if not sent.kind:
        errors["kind"] = say("Say which convening it is.")
    try:
        date.fromisoformat(sent.date)
    except ValueError:
        errors["date"] = say("Write the day like 2027-01-20.")
    if sent.starts.strip() and hour_of(sent.starts) is None:
        errors["starts"] = say("Write the hour like 16:30, or leave it blank.")
    for name in (ALL_TALKS, ONE_TALK):
        if not _is_minutes(getattr(sent, name)):
            errors[name] = say("Write whole minutes, 1 to {most}, or leave it blank.", most=MOST_MINUTES)
    return errors


def _is_minutes(text: str) -> bool:
    text = text.strip()
    return not text or (
        text.isascii() and text.isdecimal() and len(text) < len("1000") and 1 <= int(text) <= MOST_MINUTES
    )


def _write(given: Context, sent: Sent) -> str:
    """Write a convening and return its id; its hour and lengths stand in unknown columns, which exports keep."""
    cells: dict[str, object] = {"kind": sent.kind, "date": sent.date, "place": sent.place.strip() or None}
    own = {
        STARTS: sent.starts.strip(),
        ALL_TALKS: sent.talks_minutes.strip(),
        ONE_TALK: sent.talk_minutes.strip(),
    }
    if sent.do == "plan":
        made = rows.insert(given.connection, given.district_id, "convenings", cells | {"extra": own})
        given.record("created", "convenings", made.cells["convening_id"])
        return str(made.cells["convening_id"])
    row = rows.get(given.connection, given.district_id, "convenings", sent.convening_id)
    rows.change(given.connection, given.district_id, "convenings", row, cells | {"extra": row.extra | own})
    given.record("changed", "convenings", sent.convening_id, {"columns": sorted(cells)})
    return sent.convening_id
