"""What is talked about at a convening, with which figures.

What stands here is said by a text and its values, so that a page tells it in its reader's language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.convenings.meetings import MONTHS, months_later
from matching.convenings.talks import Rounds
from matching.district import District
from matching.evaluation import school_years
from matching.facts import school_year_start
from matching.overview import Overview
from matching.policy import Policy
from matching.standing import RUNNING, running_matches
from matching.values import split_list
from matching.vocabulary import KINDS, MENTORING

NUM_LISTED: Final = 6
Value = str | int | float | date


@dataclass(frozen=True, slots=True)
class Said:
    """A text with its ``{names}`` and their values; a value under ``kind`` or ``why`` is itself a text to translate."""

    words: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """One point of an agenda: what for, how long, and what this district's figures say about it."""

    title: str
    purpose: str
    minutes: int
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, eq=False)
class Year:
    """What an agenda is made from.

    Parameters
    ----------
    rounds, minutes
        Who meets whom, and how long a talk is.
    num_recognized
        Partnerships that meet most guidelines.
    proposed
        Slots that the last plan of a rematch fills; None where none was made.
    """

    district: District
    policy: Policy
    overview: Overview
    on: date
    rounds: Rounds
    minutes: int
    num_recognized: int = 0
    proposed: int | None = None

    @property
    def starts(self) -> date:
        """The first day of the school year."""
        return school_year_start(self.on, self.policy.rules.school_year_starts)

    @cached_property
    def running(self) -> pd.DataFrame:
        """The running matches with status, since, cause and why, their need, its school's name, and their partner."""
        district = self.district
        rows = district.partnerships[district.partnerships["status"].isin(RUNNING)].reset_index(drop=True)
        found = running_matches(district, self.policy, self.on)[["cause", "why"]]
        rows = pd.concat([rows, found], axis=1).merge(district.needs, on="need_id", suffixes=("", "_needed"))
        told = ["partner_id", "name", "kind", "years_committed", "agreement_expires"]
        offers = district.offers[["offer_id", "partner_id"]].merge(district.partners[told], on="partner_id")
        rows = rows.merge(offers, on="offer_id", suffixes=("", "_of_partner"))
        schools = district.schools.set_index("school_id")["name"]
        return rows.assign(school=rows["school_id"].map(schools))


def agenda_of(kind: str, year: Year) -> list[Item]:
    """Return the agenda of a kind of convening; of one that is none of the three, who meets whom alone."""
    talks = Item(
        "Who meets whom",
        "Each school has a table; partners go from table to table, mentoring first.",
        len(year.rounds.rounds) * year.minutes,
        _talks_said(year),
    )
    welcome, last = Item("Welcome", "Say what today is for.", 5), _NEXT
    points = {"beginning": _beginning, "midyear": _midyear, "end": _end}
    middle = points[kind](year) if kind in points else []
    return [welcome, *middle, talks, last]


_NEXT: Final = Item("Next steps", "Repeat who does what until when, and when all meet again.", 5)


def _beginning(year: Year) -> list[Item]:
    return [
        Item(
            "Who is new",
            "So that nobody sits alone: let them say in a sentence what they bring.",
            5,
            _new(year),
        ),
        Item("What schools lack", "The gaps that nobody fills yet, mentoring first.", 15, _open(year)),
        Item(
            "Priorities",
            "What the figures call most urgent, and what stands in improvement plans.",
            10,
            _urgent(year),
        ),
        Item("Trained volunteers", "Nobody mentors before training and clearance.", 10, _trained(year)),
        Item(
            "Goals and a common understanding",
            "School and partner write down one goal, how it is measured and who calls whom, and both sign.",
            15,
            _understood(year),
        ),
    ]


def _midyear(year: Year) -> list[Item]:
    return [
        Item("What is filled and what is open", "Where the year stands, level by level.", 10, _levels(year)),
        Item("Evaluations so far", "What schools say of the help they get.", 10, _evaluated(year)),
        Item("What changed", "What began, what rests and what cannot go on as it is.", 10, _changed(year)),
        Item(
            "Recalibration",
            "Move help to where it is needed most; running mentoring stays.",
            15,
            _proposed(year),
        ),
        Item("Decisions to take", "One answer for each: go on, change or end.", 10, _undecided(year)),
    ]


def _end(year: Year) -> list[Item]:
    return [
        Item("What came of it", "The figures before and after.", 15, _outcomes(year)),
        Item(
            "Recognition",
            "Thank the partnerships that meet most guidelines, and say why.",
            15,
            _recognized(year),
        ),
        Item("What goes on next year", "Who stays, what ends and what is still open.", 15, _next_year(year)),
    ]


def _new(year: Year) -> tuple[Said, ...]:
    partners = year.district.partners
    rows = year.district.partnerships
    old = set(year.district.evaluations["partner_id"])
    began = rows[rows["since"].notna() & (rows["since"] < pd.Timestamp(year.starts))]
    offers = year.district.offers
    old |= set(offers.loc[offers["offer_id"].isin(began["offer_id"]), "partner_id"])
    new = partners[~partners["partner_id"].isin(old)]
    # A person who gives help alone is not named.
    names = new.loc[new["kind"] != "individual", "name"].head(NUM_LISTED)
    head = Said("Partners: {all}, of them new this year: {new}", {"all": len(partners), "new": len(new)})
    return (head, *(Said("{name}", {"name": name}) for name in names))


def _open(year: Year) -> tuple[Said, ...]:
    needs = year.overview.needs
    is_mentoring = needs["kind"] == KINDS[MENTORING]
    return (
        Said("Mentoring slots open: {open} of {slots}", _sums(needs[is_mentoring])),
        Said("Other slots open: {open} of {slots}", _sums(needs[~is_mentoring])),
        *_most_open(year),
    )


def _sums(needs: pd.DataFrame) -> dict[str, Value]:
    return {name: int(needs[name].sum()) for name in ("open", "slots", "filled")}


def _most_open(year: Year) -> list[Said]:
    gaps = year.overview.gaps.head(NUM_LISTED)[["school", "kind", "open"]].to_dict("records")
    return [
        Said("{school}: {kind}, slots open: {open}", {str(name): cell for name, cell in gap.items()})
        for gap in gaps
    ]


def _urgent(year: Year) -> tuple[Said, ...]:
    needs = year.overview.needs
    urgent = int((needs["priority"] == 1).sum())
    computed = int(year.district.needs["priority"].isna().sum())
    planned = int(year.district.needs["in_improvement_plan"].sum())
    return (
        Said("Needs of priority 1: {n} of {all}", {"n": urgent, "all": len(needs)}),
        Said("Needs whose priority is computed from figures: {n}", {"n": computed}),
        Said("Needs that stand in an improvement plan: {n}", {"n": planned}),
    )


def _trained(year: Year) -> tuple[Said, ...]:
    offers = year.district.offers
    is_mentoring = [KINDS[MENTORING] in split_list(kinds) for kinds in offers["kinds"]]
    offers = offers[np.array(is_mentoring, dtype=np.bool_)]
    known = offers[offers["trained_slots"].notna()]
    values = {"trained": int(known["trained_slots"].sum()), "slots": int(known["slots"].sum())}
    ends = offers["cleared_until"] < pd.Timestamp(months_later(year.starts, MONTHS))
    return (
        Said("Mentoring slots with a trained volunteer: {trained} of {slots}", dict(values)),
        Said("Mentoring offers that do not say how many are trained: {n}", {"n": len(offers) - len(known)}),
        Said("Clearances that end this school year: {n}", {"n": int(ends.sum())}),
    )


def _understood(year: Year) -> tuple[Said, ...]:
    rows = year.running
    with_goal = int((rows["goal"] != "").sum())
    ending = rows.loc[
        rows["agreement_expires"] < pd.Timestamp(months_later(year.starts, MONTHS)), "partner_id"
    ]
    return (
        Said("Running matches with a goal: {n} of {all}", {"n": with_goal, "all": len(rows)}),
        Said("Partners whose agreement ends this school year: {n}", {"n": int(ending.nunique())}),
    )


def _levels(year: Year) -> tuple[Said, ...]:
    return tuple(
        Said("{level}: {filled} of {slots}", {"level": one.name, "filled": one.filled, "slots": one.needed})
        for one in year.overview.levels
        if one.needed
    )


def _judged(year: Year) -> pd.DataFrame:
    """Return the evaluations of this school year, those by term, that enough people stand behind to be told."""
    rows = year.district.evaluations
    is_told: NDArray[np.bool_] = school_years(rows["term"]) == months_later(year.starts, MONTHS).year
    is_told &= rows["respondents"].fillna(0).to_numpy(np.int64) >= year.policy.fit.published_from
    return rows[is_told]


def _evaluated(year: Year) -> tuple[Said, ...]:
    rows, judged = year.running, _judged(year)
    rated = judged[judged["rating"].notna()]
    seen = set(zip(judged["school_id"], judged["partner_id"], strict=True))
    without = [pair for pair in zip(rows["school_id"], rows["partner_id"], strict=True) if pair not in seen]
    said = [Said("Evaluations this school year: {n}", {"n": len(judged)})]
    if len(rated):
        mean = float(np.average(rated["rating"], weights=rated["respondents"].astype(float)))
        said.append(Said("Mean rating, 1 to 5: {mean}", {"mean": round(mean, 1)}))
    said.append(Said("Schools and partners without one: {n}", {"n": len(set(without))}))
    return tuple(said)


def _changed(year: Year) -> tuple[Said, ...]:
    rows = year.running
    began = int((rows["since"] >= pd.Timestamp(year.starts)).sum())
    ended = int((year.district.partnerships["status"] == "ended").sum())
    return (
        Said("Matches begun this school year: {n}", {"n": began}),
        Said("Matches that rest: {n}", {"n": int((rows["status"] == "paused").sum())}),
        Said("Matches that ended: {n}", {"n": ended}),
        Said("Matches that cannot go on as they are: {n}", {"n": int((rows["cause"] != "").sum())}),
    )


def _proposed(year: Year) -> tuple[Said, ...]:
    now = _sums(year.overview.needs)
    said = Said("Slots that run now: {filled} of {slots}", now)
    if year.proposed is None:
        return (said, Said("No plan was made yet: make one before this meeting."))
    return (said, Said("Slots that the last plan fills: {n}", {"n": year.proposed}))


def _undecided(year: Year) -> tuple[Said, ...]:
    rows = year.running
    rows = rows[(rows["cause"] != "") & (rows["kind_of_partner"] != "individual")].head(NUM_LISTED)
    questions = [
        Said("{school} and {partner}: {why}", {"school": school, "partner": name, "why": why})
        for school, name, why in rows[["school", "name", "why"]].itertuples(index=False)
    ]
    return (*questions, *_most_open(year)[: NUM_LISTED // 2])


def _outcomes(year: Year) -> tuple[Said, ...]:
    judged = _judged(year)
    change = (judged["outcome_after"] - judged["outcome_before"]).dropna()
    values = {"up": int((change > 0).sum()), "down": int((change < 0).sum()), "all": len(change)}
    return (
        Said("Partnerships measured before and after: {n}", {"n": len(change)}),
        Said("The figure rose in {up} and fell in {down} of {all}", dict(values)),
        *_served(judged),
        Said("Slots filled this year: {filled} of {slots}", _sums(year.overview.needs)),
    )


def _served(judged: pd.DataFrame) -> list[Said]:
    students = judged["students"].dropna()
    return [Said("Students they served: {n}", {"n": int(students.sum())})] if len(students) else []


def _recognized(year: Year) -> tuple[Said, ...]:
    return (Said("Partnerships that meet seven guidelines or more: {n}", {"n": year.num_recognized}),)


def _next_year(year: Year) -> tuple[Said, ...]:
    rows = year.running
    stay = rows.loc[rows["years_committed"] > 1, "partner_id"].nunique()
    end = rows.loc[
        rows["agreement_expires"] < pd.Timestamp(months_later(year.starts, MONTHS + 1)), "partner_id"
    ].nunique()
    return (
        Said("Partners that promised more than one year: {n}", {"n": int(stay)}),
        Said("Partners whose agreement ends before the next year: {n}", {"n": int(end)}),
        Said("Slots still open: {open} of {slots}", _sums(year.overview.needs)),
    )


def _talks_said(year: Year) -> tuple[Said, ...]:
    rounds = year.rounds
    values: dict[str, Value] = {
        "talks": rounds.num_talks,
        "rounds": len(rounds.rounds),
        "minutes": year.minutes,
    }
    said = [Said("Talks: {talks}, rounds: {rounds}, minutes each: {minutes}", values)]
    if rounds.left_out:
        said.append(Said("Talks for which there is no time: {n}", {"n": len(rounds.left_out)}))
    return tuple(said)
