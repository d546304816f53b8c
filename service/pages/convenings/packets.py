"""What a school and a partner are given at a convening: what runs, what the figures say, whom they meet, what to ask.

A packet is read on a page, printed, and set as a PDF. It names no one but its own reader's contact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import pandas as pd

from matching.convenings.talks import PAUSED, Rounds, Talk
from matching.district import District
from matching.standing import Cause
from service.pages.convenings.convened import KIND_WORDS, Convening, hour_words
from service.pages.convenings.documents import Ask, Block, Document, Heading, Listed, Table, Text
from service.pages.convenings.suggested import Suggested
from service.pages.places.helping import partnerships_of, runs
from service.pages.reader import Reader
from service.pages.sentences import told

Cells = Mapping[str, Any]  # Any: cells of several types

MOST_FIGURES: Final = 12
LONGEST_STATEMENT: Final = 260
#: What is to be settled between a school and a partner, by `Talk.question`.
QUESTIONS: Final[Mapping[str, str]] = {
    PAUSED: "It rests: will it begin again, and when?",
    Cause.NEED_CLOSED: "The school has closed the need: what becomes of the help?",
    Cause.PARTNER_WITHDREW: "The partner has withdrawn: how does the help end well?",
    Cause.AGREEMENT_EXPIRED: "The agreement has ended: is there to be another?",
    Cause.CLEARANCE_LAPSED: "No one is trained and cleared any more: who will be, and when?",
    Cause.RULE_BROKEN: "Something no longer fits: what has to change?",
    Cause.OVER_CAPACITY: "More was promised than there is: what can be kept?",
    Cause.EVALUATION: "The evaluation asks for a change: what has to be different?",
}
#: What to talk about, by the kind of convening.
TO_TALK_ABOUT: Final[Mapping[str, Sequence[str]]] = {
    "beginning": (
        "Which one goal do we share this year, and by which figure do we see it?",
        "Who comes when, and who calls whom if someone cannot come?",
        "Is everyone trained and cleared before the first day?",
    ),
    "midyear": (
        "What goes well and should stay as it is?",
        "What hinders us, and who can change it by when?",
        "Are these still the right students, times and numbers?",
    ),
    "end": (
        "What has changed for the students, and how do we know?",
        "Do we go on next year, with the same goal?",
        "Whom should we thank, and how?",
    ),
    "other": ("What do we want to settle today?",),
}


@dataclass(frozen=True)
class Packets:
    """The packets of one convening in one language; what they share is gathered once."""

    convening: Convening
    rounds: Rounds
    reader: Reader

    def of_school(self, school: Cells, suggested: Sequence[Suggested]) -> Document:
        """Return a school's packet.

        Parameters
        ----------
        school
            Its row, with the contacts that may be seen.
        suggested
            Partners for what it lacks.
        """
        key = str(school["school_id"])
        say, rows = self.reader.say, self._needs_by_school.get(key, [])
        matches = self._running_by_school.get(key, [])
        blocks = [*self._contact(school), Heading(say("What you asked for"))]
        blocks.append(self._asked_for(rows) if rows else Text(say("You have not said yet what you lack.")))
        blocks += self._matches(matches, "partner", suggested)
        blocks += self._talks(key, "school", "partner")
        blocks += self._meet(suggested, say("Meet them: they could help with what is still open"))
        blocks += self._figures(key)
        blocks += self._to_talk_about()
        blocks += self._evaluation(matches, "partner")
        return self._document(f"school-{key}", str(school["name"]), blocks)

    def of_partner(self, partner: Cells, suggested: Sequence[Suggested]) -> Document:
        """Return a partner's packet; parameters as for a school's."""
        key = str(partner["partner_id"])
        say, rows = self.reader.say, self._offers_by_partner.get(key, [])
        matches = self._running_by_partner.get(key, [])
        blocks = [*self._contact(partner), Heading(say("What you give"))]
        blocks.append(self._given(rows) if rows else Text(say("You have not said yet what you give.")))
        blocks += self._matches(matches, "school", suggested)
        blocks += self._talks(key, "partner", "school")
        blocks += self._meet(suggested, say("Meet them: what you give could help there too"))
        blocks += self._to_talk_about()
        blocks += self._evaluation(matches, "school")
        return self._document(f"partner-{key}", str(partner["name"]), blocks)

    @cached_property
    def _district(self) -> District:
        return self.convening.standing.loaded.district

    @cached_property
    def _needs_by_school(self) -> dict[str, list[Cells]]:
        return _grouped(self.convening.standing.overview.needs, "school_id")

    @cached_property
    def _offers_by_partner(self) -> dict[str, list[Cells]]:
        return _grouped(self._district.offers, "partner_id")

    @cached_property
    def _running(self) -> pd.DataFrame:
        return runs(partnerships_of(self.convening.standing))

    @cached_property
    def _ran_by_offer(self) -> dict[str, int]:
        return {
            str(key): int(slots) for key, slots in self._running.groupby("offer_id")["slots"].sum().items()
        }

    @cached_property
    def _running_by_school(self) -> dict[str, list[Cells]]:
        return _grouped(self._running, "school_id")

    @cached_property
    def _running_by_partner(self) -> dict[str, list[Cells]]:
        return _grouped(self._running, "partner_id")

    @cached_property
    def _evidence_by_school(self) -> dict[str, list[Cells]]:
        return _grouped(self._district.evidence, "school_id")

    @cached_property
    def _names(self) -> dict[str, dict[str, str]]:
        district = self._district
        return {
            "school": dict(zip(district.schools["school_id"], district.schools["name"], strict=True)),
            "partner": dict(zip(district.partners["partner_id"], district.partners["name"], strict=True)),
        }

    @cached_property
    def _talks_by(self) -> dict[tuple[str, str], list[tuple[int, Talk]]]:
        """The talks of each school and partner with the number of their round, 0 where there is no time for them."""
        found: dict[tuple[str, str], list[tuple[int, Talk]]] = {}
        for number, talks in enumerate((self.rounds.left_out, *self.rounds.rounds)):
            for talk in talks:
                found.setdefault(("school", talk.school_id), []).append((number, talk))
                found.setdefault(("partner", talk.partner_id), []).append((number, talk))
        return found

    def talks_of(self, side: str, key: str) -> list[tuple[int, Talk]]:
        """Return the talks of a school or a partner, with the number of their round from 1 on."""
        return [(number, talk) for number, talk in self._talks_by.get((side, key), []) if number]

    @cached_property
    def _talks_begin(self) -> datetime | None:
        if self.convening.starts is None:
            return None
        items = self.convening.agenda(self.rounds)
        return self.convening.times(items)[len(items) - 2]

    def named(self, side: str, talk: Talk) -> str:
        """Return the name of whom a school or a partner meets in a talk."""
        other = "partner" if side == "school" else "school"
        return self._names[other][_of(talk, other)]

    def begins(self, number: int) -> datetime | None:
        """Return when a round begins, None where the convening has no hour."""
        if self._talks_begin is None:
            return None
        return self._talks_begin + (number - 1) * timedelta(minutes=self.convening.talk_minutes)

    def _document(self, name: str, title: str, blocks: Sequence[Block]) -> Document:
        convening, say = self.convening, self.reader.say
        when = self.reader.day(convening.day)
        if convening.starts:
            when += f", {hour_words(self.reader, convening.starts)}"
        where = f" · {convening.place}" if convening.place else ""
        return Document(name, f"{say(KIND_WORDS[convening.kind])} · {when}{where}", title, blocks)

    def _contact(self, row: Cells) -> list[Block]:
        parts = [row.get(f"contact_{name}") for name in ("name", "email", "phone")]
        known = ", ".join(str(part) for part in parts if part)
        if not known:
            return []
        return [
            Text(
                self.reader.say("We reach you like this; tell us if it is wrong: {contact}", contact=known),
                True,
            )
        ]

    def _asked_for(self, rows: Sequence[Cells]) -> Table:
        say, number = self.reader.say, self.reader.number
        head = [say("What is lacking"), say("Kind of help"), say("Priority"), say("Slots"), say("Filled")]
        return Table(
            head,
            [
                (
                    _short(row["statement"]),
                    say(row["kind"]),
                    str(row["priority"]),
                    number(row["slots"]),
                    number(row["filled"]),
                )
                for row in rows
            ],
            (2, 3, 4),
        )

    def _given(self, rows: Sequence[Cells]) -> Table:
        say, number = self.reader.say, self.reader.number
        head = [say("What is offered"), say("Kind of help"), say("Slots"), say("Given"), say("Trained")]
        cells = [
            (
                _short(row["focus"]),
                ", ".join(say(kind) for kind in row["kinds"].split("|")),
                number(row["slots"]),
                number(self._ran_by_offer.get(row["offer_id"], 0)),
                "" if pd.isna(row["trained_slots"]) else number(int(row["trained_slots"])),
            )
            for row in rows
        ]
        return Table(head, cells, (2, 3, 4))

    def _matches(self, matches: Sequence[Cells], other: str, suggested: Sequence[Suggested]) -> list[Block]:
        say = self.reader.say
        heading = Heading(say("Who helps you now") if other == "partner" else say("Where you help now"))
        if not matches:
            return [heading, Text(say("Nothing runs yet."))]
        reasons = {(one.need_id, one.offer_id): one.reason for one in suggested}
        points = []
        for match in matches:
            slots = self.reader.count("{n} slot", "{n} slots", int(match["slots"]))
            is_known = not pd.isna(match["since"])
            since = say("since {day}", day=self.reader.day(match["since"])) if is_known else ""
            head = f"{match[other]}: {', '.join(filter(None, (say(match['kind']), slots, since)))}"
            below = [
                say("Goal: {goal}", goal=match["goal"]) if match["goal"] else "",
                # A school knows its needs: they stand above.
                _short(match["statement"]) if other == "school" else "",
                self._told(reasons.get((match["need_id"], match["offer_id"]), "")) or _short(match["focus"]),
            ]
            points.append((head, "\n".join(filter(None, below))))
        return [heading, Listed(points)]

    def _talks(self, key: str, side: str, other: str) -> list[Block]:
        say = self.reader.say
        blocks: list[Block] = [Heading(say("Whom you meet at this convening"))]
        head = [say("Round"), say("School") if other == "school" else say("Partner"), say("To settle")]
        rows = [
            (self._when(number), self.named(side, talk), self.question(talk))
            for number, talk in self.talks_of(side, key)
        ]
        if rows:
            blocks.append(Table(head, rows))
        else:
            blocks.append(Text(say("No talk is set for you: use the time for those you want to meet.")))
        left = [self.named(side, talk) for number, talk in self._talks_by.get((side, key), []) if not number]
        if left:
            words = say(
                "No time is left for these; meet them at another time: {names}", names=", ".join(left)
            )
            blocks.append(Text(words, is_soft=True))
        return blocks

    def _when(self, number: int) -> str:
        begins = self.begins(number)
        told = self.reader.number(number)
        return f"{told}, {hour_words(self.reader, begins.time())}" if begins else told

    def question(self, talk: Talk) -> str:
        """Return what is to be settled in a talk, in words, "" where nothing is."""
        if talk.question:
            return self.reader.say(QUESTIONS[talk.question])
        return self.reader.say("It is new: agree on the first day.") if talk.is_new else ""

    def _meet(self, suggested: Sequence[Suggested], words: str) -> list[Block]:
        new = [one for one in suggested if not one.runs]
        if not new:
            return []
        points = [
            (
                f"{one.other}: {self.reader.say(one.kind)}",
                "\n".join((_short(one.statement), self._told(one.reason))),
            )
            for one in new
        ]
        return [Heading(words), Listed(points)]

    def _figures(self, school_id: str) -> list[Block]:
        say, number = self.reader.say, self.reader.number
        rows = self._evidence_by_school.get(school_id, [])[-MOST_FIGURES:]
        if not rows:
            return []
        head = [say("Measure"), say("Source"), say("Figure"), say("To reach"), say("When")]
        cells = [
            (
                str(row["measure"]).replace("_", " "),
                say(row["source"]),
                number(row["value"]),
                "" if pd.isna(row["benchmark"]) else number(row["benchmark"]),
                row["term"],
            )
            for row in rows
        ]
        return [Heading(say("What the data say")), Table(head, cells, (2, 3))]

    def _to_talk_about(self) -> list[Block]:
        say = self.reader.say
        asked = TO_TALK_ABOUT[self.convening.kind]
        later = self._district.convenings
        later = later[later["date"] > pd.Timestamp(self.convening.day)].sort_values("date")
        dates = [
            (f"{say(KIND_WORDS[kind])}: {self.reader.day(day)}", place)
            for day, kind, place in later[["date", "kind", "place"]].itertuples(index=False)
        ]
        blocks: list[Block] = [
            Heading(say("Questions to talk about")),
            Listed([(say(question), "") for question in asked]),
        ]
        return [*blocks, Heading(say("Next dates")), Listed(dates)] if dates else blocks

    def _evaluation(self, matches: Sequence[Cells], other: str) -> list[Block]:
        """Return the form that is filled in by hand, one a school or partner, at mid-year and at the end."""
        if self.convening.kind not in ("midyear", "end") or not matches:
            return []
        say = self.reader.say
        blocks: list[Block] = [
            Heading(say("How it goes, to fill in by hand")),
            Text(say("1 is worst and 5 is best. Write no name of a student or a volunteer."), True),
        ]
        for name in dict.fromkeys(str(match[other]) for match in matches):
            blocks.append(Ask(say("{name}: in all, how well does it go?", name=name), is_scale=True))
        ask = [say("What went well?"), say("What should change?")]
        if other == "partner":
            ask.insert(0, say("Figure before and now, and how many students it stands for"))
            ask.insert(0, say("How many people answer on this sheet?"))
        return [*blocks, *(Ask(question) for question in ask)]

    def _told(self, sentence: str) -> str:
        """Return a sentence of the domain in the reader's language, without marks."""
        return str(told(self.reader, sentence).striptags()) if sentence else ""


def _of(talk: Talk, side: str) -> str:
    return talk.school_id if side == "school" else talk.partner_id


def _grouped(table: pd.DataFrame, key: str) -> dict[str, list[Cells]]:
    found: dict[str, list[Cells]] = {}
    for row in table.to_dict("records"):
        found.setdefault(str(row[key]), []).append({str(name): cell for name, cell in row.items()})
    return found


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_STATEMENT else text[: LONGEST_STATEMENT - 1].rstrip() + "…"
