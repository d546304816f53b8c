"""The pages of packets: one of a school or a partner to read, print or fetch, and all of a convening at once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Query
from sqlalchemy import ColumnElement, Connection
from starlette.requests import Request
from starlette.responses import Response

from matching.questions import Question
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.errors import NotFoundError
from service.pages.convenings.calendars import ICS, Of, calendar_of, event_of, talk_event
from service.pages.convenings.convened import KIND_WORDS, Convening, convening_of
from service.pages.convenings.documents import Document, pdf_of, zip_of
from service.pages.convenings.packets import Packets
from service.pages.convenings.printing import Prints, Tell
from service.pages.convenings.suggested import Suggested, suggested_of
from service.pages.frame import PageNumber, a_page, go_to, show, standing_of
from service.pages.reader import Reader, reader_of
from service.people.principal import Role
from service.people.reach import is_own, sees_contacts, within_reach
from service.recommending import Recommenders
from service.storage import rows

router = APIRouter(prefix="/districts/{district}/convenings", route_class=Route, include_in_schema=False)

MOST_MET: Final = 3
MOST_ASKED: Final = 25
PACKETS_A_PAGE: Final = 100
TYPESET: Final = 0.6
"""How much of the work is done once the packets are made and only have to be set."""
Form_ = Literal["pdf", "zip"]
Cells = Mapping[str, Any]  # Any: cells of several types


@router.get("/packet/{convening_id:path}")
@allow(Role.COORDINATOR, Role.LEADER, Role.PARTNER)
def show_packet(
    given: Given,
    request: Request,
    convening_id: str,
    school: Annotated[str, Query(max_length=1000)] = "",
    partner: Annotated[str, Query(max_length=1000)] = "",
    form: Annotated[Literal["", "pdf", "ics"], Query(alias="as")] = "",
) -> Response:
    """Show the packet of a school or a partner, or return it as a PDF or a calendar; to its own, or a coordinator."""
    side, key = ("school", school) if school else ("partner", partner)
    reader, convening = reader_of(request), convening_of(given, convening_id)
    row = _own_row(given, side, key)
    packets = Packets(convening, convening.rounds(), reader)
    if form == "ics":
        return Response(_calendar(given, packets, side, key), media_type=ICS)
    recommenders = request.app.state.recommenders
    suggested = _suggested(recommenders, given.connection, given.district_id, convening, (side, key))
    document = packets.of_school(row, suggested) if side == "school" else packets.of_partner(row, suggested)
    if form == "pdf":
        return _file(_pdf([document], convening, reader, document.title), f"{document.name}.pdf")
    address = f"{request.url.path}?{side}={quote(key, safe='')}"
    return show(given, "packet.html", document=document, convening=convening, here_again=address)


@router.get("/packets/{convening_id:path}")
@allow(Role.COORDINATOR)
def show_packets(given: Given, request: Request, convening_id: str, page: PageNumber = 1) -> Response:
    """Show the packets of a convening, and how far their print is."""
    convening = convening_of(given, convening_id)
    district = standing_of(given).loaded.district
    partners = district.partners[["partner_id", "name"]].sort_values("name")
    shown, before, after = a_page(partners, page, PACKETS_A_PAGE)
    prints = {form: _prints(request).find(_key(given, convening, form)) for form in ("pdf", "zip")}
    return show(
        given,
        "packets.html",
        convening=convening,
        called=KIND_WORDS[convening.kind],
        schools=district.schools[["school_id", "name"]].sort_values("name").to_dict("records")
        if page == 1
        else [],
        partners=shown,
        num_packets=len(district.schools) + len(district.partners),
        before=before,
        after=after,
        prints=prints,
        is_printing=any(one and one.content is None and not one.has_failed for one in prints.values()),
    )


@router.post("/packets/{convening_id:path}")
@allow(Role.COORDINATOR, changes=False)
def print_packets(
    given: Given, request: Request, convening_id: str, form: Annotated[Form_, Form(alias="as")]
) -> Response:
    """Begin to print all packets of a convening, and go to where that is told."""
    convening, reader, state = convening_of(given, convening_id), reader_of(request), request.app.state
    district_id, tables = given.district_id, {"schools": "school", "partners": "partner"}
    contacts = {table: sees_contacts(given.place, table) for table in tables}

    def make(tell: Tell) -> bytes:
        with state.database.reading() as connection:
            packets = Packets(convening, convening.rounds(), reader)
            documents = []
            found = list(_rows(connection, district_id, contacts))
            for number, (side, row) in enumerate(found):
                key = str(row[f"{side}_id"])
                suggested = _suggested(state.recommenders, connection, district_id, convening, (side, key))
                documents.append(
                    packets.of_school(row, suggested)
                    if side == "school"
                    else packets.of_partner(row, suggested)
                )
                tell(TYPESET * number / len(found))
        return _together(documents, convening, reader, form, tell)

    _prints(request).begin(_key(given, convening, form), make)
    # Without a fragment: to one, a page that refreshes itself would only scroll.
    return go_to(given, f"/convenings/packets/{quote(convening_id, safe='')}")


@router.get("/printed/{convening_id:path}")
@allow(Role.COORDINATOR)
def read_printed(
    given: Given, request: Request, convening_id: str, form: Annotated[Form_, Query(alias="as")]
) -> Response:
    """Return all packets of a convening as they were printed."""
    convening = convening_of(given, convening_id)
    made = _prints(request).find(_key(given, convening, form))
    if made is None or made.content is None:
        raise NotFoundError(
            "Packets: expected them to be printed, found that they are not yet, or no longer."
        )
    return _file(made.content, f"packets-{convening.day.isoformat()}.{form}")


def _own_row(given: Context, side: str, key: str) -> Cells:
    """Return the row of a school or a partner: any for a coordinator, else one's own."""
    table = f"{side}s"
    where = within_reach(given.place, table)
    if given.role in (Role.LEADER, Role.PARTNER):
        where = where & is_own(given.place, table)
    contacts = sees_contacts(given.place, table)
    return rows.get(given.connection, given.district_id, table, key, where=where, contacts=contacts).cells


def _rows(
    connection: Connection, district_id: int, contacts: Mapping[str, ColumnElement[bool]]
) -> Iterator[tuple[str, Cells]]:
    """Yield all schools and partners of a district, by name."""
    for table, seen in contacts.items():
        after = None
        while True:
            found = rows.page(
                connection, district_id, table, contacts=seen, sort="name", limit=500, after=after
            )
            for row in found.rows:
                yield table.removesuffix("s"), row.cells
            after = found.next
            if after is None:
                break


def _suggested(
    recommenders: Recommenders,
    connection: Connection,
    district_id: int,
    convening: Convening,
    about: tuple[str, str],
) -> list[Suggested]:
    """Return why what runs suits, and whom else a school or a partner could meet, best first."""
    side, key = about
    if side == "partner":
        answer = recommenders.answer(connection, district_id, Question(partner_id=key, limit=MOST_ASKED))
        return suggested_of(json.loads(answer), "need", MOST_MET)
    needs = convening.standing.overview.needs
    needs = needs[needs["school_id"] == key]
    found: list[Suggested] = []
    for need_id, num_open in needs[["need_id", "open"]].itertuples(index=False):
        answer = recommenders.answer(
            connection, district_id, Question(need_id=str(need_id), limit=MOST_ASKED)
        )
        new = sum(not one.runs for one in found)
        found += suggested_of(json.loads(answer), "offer", 1 if num_open and new < MOST_MET else 0)
    return found


def _together(
    documents: Sequence[Document], convening: Convening, reader: Reader, form: Form_, tell: Tell
) -> bytes:
    if form == "pdf":
        title = f"{reader.say(KIND_WORDS[convening.kind])}, {reader.day(convening.day)}"
        return _pdf(documents, convening, reader, title)
    files = []
    for number, document in enumerate(documents):
        files.append(
            (f"{quote(document.name, safe=' ')}.pdf", _pdf([document], convening, reader, document.title))
        )
        tell(TYPESET + (1 - TYPESET) * number / len(documents))
    return zip_of(files, convening.day)


def _pdf(documents: Sequence[Document], convening: Convening, reader: Reader, title: str) -> bytes:
    return pdf_of(documents, title, reader.language, convening.day, reader.say("Page"))


def _calendar(given: Context, packets: Packets, side: str, key: str) -> bytes:
    """Return a convening and the talks that a school or a partner has there."""
    of, convening, reader = Of.asked_for(given), packets.convening, packets.reader
    lines = [f"{number}. {packets.named(side, talk)}" for number, talk in packets.talks_of(side, key)]
    events = [event_of(convening, reader, of, "\n".join(lines))]
    for number, talk in packets.talks_of(side, key):
        begins = packets.begins(number)
        if begins:
            words = reader.say("Talk with {name}", name=packets.named(side, talk))
            events.append(talk_event(convening, of, talk, words, begins))
    return calendar_of(of.name, events)


def _key(given: Context, convening: Convening, form: str) -> tuple[object, ...]:
    standing, language = convening.standing, reader_of(given.request).language
    return (
        given.district_id,
        standing.loaded.version,
        standing.today,
        convening.convening_id,
        language,
        form,
    )


def _prints(request: Request) -> Prints:
    found: Prints = request.app.state.prints
    return found


def _file(content: bytes, name: str) -> Response:
    kind = "application/zip" if name.endswith(".zip") else "application/pdf"
    told = f"attachment; filename*=utf-8''{quote(name, safe='')}"
    return Response(content, media_type=kind, headers={"content-disposition": told})
