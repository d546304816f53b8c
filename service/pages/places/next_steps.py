"""What a school leader or a partner does next, as far as the district's tables tell."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from textwrap import shorten
from typing import Any, Final
from urllib.parse import quote, urlencode

import pandas as pd

from matching.convenings.meetings import next_convening
from matching.vocabulary import KINDS, MENTORING
from service.overviews import Standing
from service.pages.reader import Reader
from service.storage.rows import Row

#: How long before a day ends someone is told to look after it.
SOON: Final = timedelta(days=90)
MOST_LETTERS: Final = 80
CONVENINGS: Final = {
    "beginning": "The next convening, at the beginning of the year, is on {day}.",
    "midyear": "The next convening, in the middle of the year, is on {day}.",
    "end": "The next convening, at the end of the year, is on {day}.",
    "other": "The next convening is on {day}.",
}
Cells = Mapping[Hashable, Any]  # Any: cells of several types


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, in words, and where."""

    words: str
    href: str = ""
    label: str = ""


def steps_of_school(reader: Reader, standing: Standing, school: Row, here: str) -> list[Step]:
    """Return what the leader of a school does next."""
    district, cells = standing.loaded.district, school.cells
    school_id, say = cells["school_id"], reader.say
    of = urlencode({"school_id": school_id})
    steps = []
    if not (cells["contact_name"] or cells["contact_email"] or cells["contact_phone"]):
        words = say("Nobody is named whom partners and the district can ask.")
        steps.append(Step(words, f"{here}/change/schools/{quote(school_id, safe='')}", say("Add a contact")))
    if not (district.needs["school_id"] == school_id).any():
        words = say("Your school has not said yet what it lacks.")
        steps.append(Step(words, f"{here}/add/needs?{of}", say("Add a need")))
    elif not (district.evidence["school_id"] == school_id).any():
        words = say("No figures tell yet how urgent your needs are, so they count as middling.")
        steps.append(Step(words, f"{here}/add/evidence?{of}", say("Add a figure")))
    for partner_id, name in _not_judged(standing, school_id):
        address = f"{here}/add/evaluations?{urlencode({'school_id': school_id, 'partner_id': partner_id})}"
        steps.append(
            Step(
                say("Nobody has said yet how it goes with {name}.", name=name),
                address,
                say("Add an evaluation"),
            )
        )
    return [*steps, *_convening(reader, standing, here)]


def steps_of_partner(
    reader: Reader, standing: Standing, partner: Row, offers: Iterable[Cells], here: str
) -> list[Step]:
    """Return what a partner does next.

    Parameters
    ----------
    offers
        Its own, with ``free``: slots that nobody takes yet.
    """
    say, offers = reader.say, list(offers)
    partner_id = partner.cells["partner_id"]
    steps = [step for offer in offers for step in _of_offer(reader, standing, offer, here)]
    if not offers:
        words = say("You have not said yet what you can give.")
        address = f"{here}/add/offers?{urlencode({'partner_id': partner_id})}"
        steps.append(Step(words, address, say("Add an offer")))
    ends = partner.cells["agreement_expires"]
    if ends and date.fromisoformat(ends) <= standing.today + SOON:
        words = say(
            "Your agreement with the district ends on {day}; ask the district to renew it.",
            day=_day(reader, ends),
        )
        steps.append(Step(words))
    return [*steps, *_convening(reader, standing, here)]


def _of_offer(reader: Reader, standing: Standing, offer: Cells, here: str) -> Iterator[Step]:
    say, focus = reader.say, _short(offer["focus"])
    address = f"{here}/change/offers/{quote(str(offer['offer_id']), safe='')}"
    slots = reader.count("{n} slot", "{n} slots", int(offer["slots"]))
    words = say("{focus} Are {slots} still right?", focus=focus, slots=slots)
    yield Step(words, address, say("Update the slots"))
    if KINDS[MENTORING] not in offer["kinds"].split("|"):
        return
    if pd.notna(offer["trained_slots"]) and offer["trained_slots"] == 0:
        yield Step(say("{focus} No mentor is cleared yet; ask the district how to clear them.", focus=focus))
    elif pd.notna(offer["cleared_until"]) and offer["cleared_until"].date() <= standing.today + SOON:
        ends = reader.day(offer["cleared_until"])
        yield Step(
            say(
                "{focus} The clearance of your mentors ends on {day}; ask the district.",
                focus=focus,
                day=ends,
            )
        )


def _not_judged(standing: Standing, school_id: str) -> list[tuple[str, str]]:
    """Return id and name of the partners that help at a school and that it never evaluated."""
    district = standing.loaded.district
    runs = district.partnerships[district.partnerships["status"] == "active"]
    needs = district.needs.loc[district.needs["school_id"] == school_id, "need_id"]
    offers = runs.loc[runs["need_id"].isin(needs), "offer_id"]
    partners = set(district.offers.loc[district.offers["offer_id"].isin(offers), "partner_id"])
    judged = district.evaluations.loc[district.evaluations["school_id"] == school_id, "partner_id"]
    names = district.partners.set_index("partner_id")["name"]
    return sorted(
        ((key, str(names[key])) for key in partners - set(judged)), key=lambda one: (one[1], one[0])
    )


def _convening(reader: Reader, standing: Standing, here: str) -> Iterator[Step]:
    coming = next_convening(standing.loaded.district, standing.today)
    if coming:
        words = reader.say(CONVENINGS[coming["kind"]], day=reader.day(coming["date"]))
        yield Step(words, f"{here}/convenings", reader.say("Convenings"))


def _day(reader: Reader, text: str) -> str:
    return reader.day(date.fromisoformat(text))


def _short(focus: str) -> str:
    """Return the beginning of an offer's words, as a sentence."""
    words = shorten(focus, MOST_LETTERS, placeholder="…")
    return words if words.endswith((".", "…", "!", "?")) else f"{words}."
