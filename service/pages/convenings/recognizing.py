"""The recognition list: which partnerships meet the guidelines of a High Performance Partnership, and what shows it."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from matching.convenings.meetings import OF_THE_YEAR, meetings_of
from matching.convenings.recognition import (
    ENTERED_IN,
    GUIDELINES,
    WELL_MET,
    Recognition,
    State,
    recognitions_of,
)
from matching.escaping import escaped
from matching.policy import policy_from_toml
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.pages.convenings.convened import said_to
from service.pages.convenings.documents import Document, Listed, Text, pdf_of
from service.pages.frame import show, standing_of
from service.pages.reader import Reader, reader_of
from service.people.principal import Role

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

A_PAGE: Final = 20
ALONE: Final = "individual"
Shown = list[dict[str, Any]]  # Any: cells of several types


class Asked(BaseModel):
    """Which partnerships are shown, and as what."""

    model_config = ConfigDict(extra="ignore")

    least: Annotated[int, Field(ge=0, le=len(GUIDELINES))] = 0
    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    form: Annotated[Literal["", "csv", "pdf"], Field(alias="as")] = ""


@router.get("/recognition")
@allow(Role.COORDINATOR, Role.BOARD)
def show_recognition(given: Given, request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Show the partnerships that meet most guidelines first; as a file, all of them or letters to the best."""
    standing, reader = standing_of(given), reader_of(request)
    policy = policy_from_toml(standing.policy)
    found = recognitions_of(standing.loaded.district, policy, standing.today)
    if asked.form == "csv":
        content = _csv(_told(given, found, reader), reader)
        return _file(content, "recognition.csv", "text/csv; charset=utf-8")
    if asked.form == "pdf":
        best = [one for one in found if one.num(State.MET) >= WELL_MET]
        return _letters(given, _told(given, best, reader), reader)
    shown = [one for one in found if one.num(State.MET) >= asked.least]
    start = (asked.page - 1) * A_PAGE
    least = f"least={asked.least}&" if asked.least else ""
    unknown = Counter(
        name for one in found for name, finding in one.findings.items() if finding.state is State.NOT_KNOWN
    )
    met = Counter(
        name for one in found for name, finding in one.findings.items() if finding.state is State.MET
    )
    return show(
        given,
        "recognition.html",
        partnerships=_told(given, shown[start : start + A_PAGE], reader),
        num_found=len(shown),
        num_all=len(found),
        num_well=sum(one.num(State.MET) >= WELL_MET for one in found),
        well=WELL_MET,
        first=start + 1,
        asked=asked,
        guidelines=[(name, met[name], unknown[name], ENTERED_IN[name]) for name in GUIDELINES],
        before=f"{least}page={asked.page - 1}" if asked.page > 1 else "",
        after=f"{least}page={asked.page + 1}" if start + A_PAGE < len(shown) else "",
    )


def _told(given: Context, found: Sequence[Recognition], reader: Reader) -> Shown:
    """Return partnerships with names, a person who helps alone being named by nothing but an id."""
    district = standing_of(given).loaded.district
    schools = dict(zip(district.schools["school_id"], district.schools["name"], strict=True))
    partners = district.partners.set_index("partner_id")[["name", "kind"]].to_dict("index")
    return [
        {
            "school": schools[one.school_id],
            "partner": _named(one.partner_id, partners[one.partner_id], reader),
            "partner_id": one.partner_id,
            "need_id": one.need_id,
            "kind": one.kind,
            "slots": one.slots,
            "num_met": one.num(State.MET),
            "findings": [
                (name, str(finding.state), said_to(reader, finding.said))
                for name, finding in one.findings.items()
            ],
        }
        for one in found
    ]


def _named(partner_id: str, partner: Mapping[Any, Any], reader: Reader) -> str:  # Any: cells
    if partner["kind"] == ALONE:
        return reader.say("A person who helps alone ({id})", id=partner_id)
    return str(partner["name"])


def _csv(rows: Shown, reader: Reader) -> bytes:
    file, say = StringIO(), reader.say
    table = csv.writer(file)
    head = [say("School"), say("Partner"), say("Kind of help"), say("Slots"), say("Guidelines met")]
    table.writerow(
        [
            *head,
            *(words for name in GUIDELINES for words in (say(name), f"{say(name)}: {say('What shows it')}")),
        ]
    )
    for row in rows:
        cells = [row["school"], row["partner"], say(row["kind"]), str(row["slots"]), str(row["num_met"])]
        cells += [words for _, state, said in row["findings"] for words in (say(state), said)]
        table.writerow([escaped(cell) for cell in cells])
    # Spreadsheets take a file for UTF-8 where it begins like this.
    return file.getvalue().encode("utf-8-sig")


def _letters(given: Context, rows: Shown, reader: Reader) -> Response:
    """Return a letter of thanks for each of the best partnerships, as one PDF."""
    say, standing = reader.say, standing_of(given)
    month = policy_from_toml(standing.policy).rules.school_year_starts
    end = meetings_of(standing.loaded.district, standing.today, month)[list(OF_THE_YEAR).index("end")]
    day = end.day if end.convening_id and end.day else standing.today
    letters = [
        Document(
            f"letter-{number}",
            reader.day(day),
            row["partner"],
            [
                Text(say("Thank you for your help at {school}.", school=row["school"])),
                Text(
                    say(
                        "Of ten guidelines of a High Performance Partnership, yours meets {n}:",
                        n=reader.number(row["num_met"]),
                    )
                ),
                Listed([(say(name), said) for name, state, said in row["findings"] if state == State.MET]),
            ],
        )
        for number, row in enumerate(rows, 1)
    ] or [
        Document(
            "letter", reader.day(day), say("Recognition"), [Text(say("No partnership meets so many yet."))]
        )
    ]
    content = pdf_of(letters, say("Recognition"), reader.language, day, say("Page"))
    return _file(content, "recognition.pdf", "application/pdf")


def _file(content: bytes, name: str, kind: str) -> Response:
    return Response(
        content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'}
    )
