"""Which running partnerships meet the guidelines of a High Performance Partnership, and what shows it.

Each guideline is one small function from what is known of a partnership to met, not met or not known. What is found is
said by a text and its values, as in `matching.convenings.agenda`; no volunteer and no student is named.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from matching.areas import area_named, focus_areas
from matching.convenings.agenda import Said
from matching.district import District
from matching.evaluation import school_years
from matching.facts import school_year_start
from matching.policy import Policy
from matching.priority import direction_of, term_order
from matching.standing import RUNNING
from matching.values import split_list
from matching.vocabulary import KINDS, MENTORING

Cells = Mapping[str, Any]  # Any: cells of several types

ACADEMIC_GROUPS: Final = frozenset({"Academics", "College and career", "Mentoring"})
TUTORING: Final = "tutoring"
LASTING_YEARS: Final = 2.0
DAYS_A_YEAR: Final = 365.25
WELL_MET: Final = 7
"""Guidelines that a partnership meets to be recognised at the end of the year."""


class State(StrEnum):
    """Whether a guideline is met."""

    MET = "met"
    NOT_MET = "not met"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a guideline is met, and what shows it."""

    state: State
    said: Said


@dataclass(frozen=True, slots=True)
class Known:
    """All that the guidelines look at of one partnership; its rows are cells by column.

    Parameters
    ----------
    evidence
        The figures of the need, else those of its school, the latest first.
    evaluations
        Of this partner at this school, for this need or for all it does there, this school year or the last.
    end
        The end-of-year convening of this school year, None where none is planned.
    """

    match: Cells
    need: Cells
    offer: Cells
    partner: Cells
    evidence: Sequence[Cells]
    evaluations: Sequence[Cells]
    end: date | None
    on: date
    published_from: int


@dataclass(frozen=True, slots=True)
class Recognition:
    """A partnership with what was found, by the guideline's name in the order of `GUIDELINES`."""

    need_id: str
    offer_id: str
    school_id: str
    partner_id: str
    kind: str
    slots: int
    findings: Mapping[str, Finding]

    def num(self, state: State) -> int:
        """Return how many guidelines are in a state."""
        return sum(found.state is state for found in self.findings.values())


def achievement_focus(known: Known) -> Finding:
    """Whether the help aims at learning: mentoring and tutoring do, other help by its focus area."""
    if known.need["kind"] in (KINDS[MENTORING], TUTORING):
        return _met("It is {kind}.", kind=known.need["kind"])
    area = area_named(known.need["focus_area"]) if known.need["focus_area"] else None
    if area is None:
        return _unknown("The need names no focus area.")
    if focus_areas()[area].group in ACADEMIC_GROUPS:
        return _met("Its focus area is learning: {area}.", area=known.need["focus_area"])
    return _not_met("Its focus area is another one: {area}.", area=known.need["focus_area"])


def need_from_data(known: Known) -> Finding:
    """Whether a figure of the need or its school falls short of what is to be reached."""
    if not known.evidence:
        return _unknown("No figure of this need or its school is recorded.")
    short = [row for row in known.evidence if _falls_short(row)]
    row = (short or known.evidence)[0]
    values = {
        "measure": row["measure"].replace("_", " "),
        "value": float(row["value"]),
        "kind": row["source"],
        "term": row["term"],
    }
    if not short:
        return _not_met(
            "The latest figures reach what is to be reached: {measure} {value} ({kind}, {term}).", **values
        )
    if pd.isna(row["benchmark"]):
        return _met("{measure} {value} ({kind}, {term}).", **values)
    goal = float(row["benchmark"])
    return _met("{measure} {value}, to reach {goal} ({kind}, {term}).", **values, goal=goal)


def sustainable(known: Known) -> Finding:
    """Whether it is promised for two years or has run that long."""
    years, since = known.partner["years_committed"], known.match["since"]
    ran: float = 0.0 if pd.isna(since) else (known.on - since.date()).days / DAYS_A_YEAR
    if ran >= LASTING_YEARS:
        return _met("It runs since {day}.", day=since.date())
    if pd.isna(years):
        return _unknown("The partner has not said for how many years it stays.")
    if years >= LASTING_YEARS:
        return _met("Years promised: {years}.", years=float(years))
    return _not_met("Years promised: {years}.", years=float(years))


def evaluated(known: Known) -> Finding:
    """Whether enough people have judged it this school year or the last."""
    if not known.evaluations:
        return _unknown("No evaluation of this school year or the last is recorded.")
    people = [int(row["respondents"]) for row in known.evaluations if not pd.isna(row["respondents"])]
    if max(people, default=0) < known.published_from:
        return _not_met("Fewer than {n} people have judged it.", n=known.published_from)
    most = max(known.evaluations, key=lambda row: 0 if pd.isna(row["respondents"]) else row["respondents"])
    values = {"term": most["term"], "n": int(most["respondents"])}
    before, after = most["outcome_before"], most["outcome_after"]
    if pd.isna(before) or pd.isna(after):
        return _met("People who judged it in {term}: {n}.", **values)
    said = "People who judged it in {term}: {n}; the figure went from {before} to {after}."
    return _met(said, **values, before=float(before), after=float(after))


def one_to_one(known: Known) -> Finding:
    """Whether it is one-to-one support: mentoring is, of tutoring it is not known."""
    if known.need["kind"] == KINDS[MENTORING]:
        return _met("It is {kind}: one adult, one student.", kind=known.need["kind"])
    if known.need["kind"] == TUTORING:
        return _unknown("Tutoring may be one to one or in groups.")
    return _not_met("It is {kind}.", kind=known.need["kind"])


def trained_volunteers(known: Known) -> Finding:
    """Whether as many are trained and cleared as the match takes, and still are."""
    trained, until = known.offer["trained_slots"], known.offer["cleared_until"]
    if not pd.isna(until) and until.date() < known.on:
        return _not_met("The clearance ended on {day}.", day=until.date())
    if pd.isna(trained):
        return _unknown("The offer does not say how many are trained.")
    values = {"trained": int(trained), "slots": int(known.match["slots"])}
    if trained >= known.match["slots"]:
        return _met("Trained for {trained} slots, of which it takes {slots}.", **values)
    return _not_met("Trained for {trained} slots, and it takes {slots}.", **values)


def in_improvement_plan(known: Known) -> Finding:
    """Whether the school's improvement plan names the need."""
    if known.need["in_improvement_plan"]:
        return _met("The improvement plan names this need.")
    return _not_met("The need is not marked as one of the improvement plan.")


def recognized(known: Known) -> Finding:
    """Whether it is thanked in public: that is what the end-of-year convening is for."""
    if known.end is None:
        return _not_met("No end-of-year convening is planned.")
    if known.end > known.on:
        return _unknown("The end-of-year convening is still to come, on {day}.", day=known.end)
    return _met("Recognised at the convening of {day}.", day=known.end)


def common_understanding(known: Known) -> Finding:
    """Whether there is a goal in writing and an agreement in force."""
    until = known.partner["agreement_expires"]
    if not pd.isna(until) and until.date() < known.on:
        return _not_met("The agreement ended on {day}.", day=until.date())
    if not known.need["goal"]:
        return _unknown("The need names no goal.")
    if pd.isna(until):
        return _unknown("There is a goal, and no agreement with a last day is recorded.")
    return _met("A goal is written down, and the agreement runs until {day}.", day=until.date())


def match_of_priorities(known: Known) -> Finding:
    """Whether the partner cares most for what the need is about."""
    wishes, area = split_list(known.partner["priorities"]), known.need["focus_area"]
    if not wishes:
        return _unknown("The partner has not said what it cares for most.")
    if not area:
        return _unknown("The need names no focus area.")
    shared = [wish for wish in wishes if _is_same_area(wish, area)]
    if shared:
        return _met("Both name {area}.", area=shared[0])
    return _not_met("The need names {area}, the partner {wishes}.", area=area, wishes=", ".join(wishes))


#: By what it asks for, in the order in which people read them.
GUIDELINES: Final[Mapping[str, Callable[[Known], Finding]]] = MappingProxyType(
    {
        "Focus on achievement": achievement_focus,
        "Need shown by data": need_from_data,
        "Sustainable": sustainable,
        "Evaluated": evaluated,
        "One-to-one support": one_to_one,
        "Trained volunteers": trained_volunteers,
        "In the improvement plan": in_improvement_plan,
        "Recognised": recognized,
        "Clear common understanding": common_understanding,
        "Match of priorities": match_of_priorities,
    }
)
#: The tables where what a guideline looks at is entered.
ENTERED_IN: Final[Mapping[str, str]] = MappingProxyType(
    dict(
        zip(
            GUIDELINES,
            (
                "needs",
                "evidence",
                "partners",
                "evaluations",
                "needs",
                "offers",
                "needs",
                "convenings",
                "partners",
                "partners",
            ),
            strict=True,
        )
    )
)


def recognitions_of(district: District, policy: Policy, on: date) -> list[Recognition]:
    """Return all running partnerships: those that meet most guidelines first, of equals those that miss fewest."""
    found = [
        Recognition(
            known.need["need_id"],
            known.offer["offer_id"],
            known.need["school_id"],
            known.partner["partner_id"],
            known.need["kind"],
            int(known.match["slots"]),
            MappingProxyType({name: rule(known) for name, rule in GUIDELINES.items()}),
        )
        for known in _all_known(district, policy, on)
    ]
    return sorted(
        found,
        key=lambda one: (-one.num(State.MET), one.num(State.NOT_MET), one.need_id, one.offer_id),
    )


def _all_known(district: District, policy: Policy, on: date) -> list[Known]:
    matches = district.partnerships[district.partnerships["status"].isin(RUNNING)]
    needs, offers = _by_id(district.needs, "need_id"), _by_id(district.offers, "offer_id")
    partners = _by_id(district.partners, "partner_id")
    evidence = _listed(_latest(district.evidence), "school_id")
    month = policy.rules.school_year_starts
    this_year = school_year_start(on, month).year + 1
    judged = _listed(_lately(district.evaluations, this_year), "school_id", "partner_id")
    ends = district.convenings.loc[district.convenings["kind"] == "end", "date"]
    end = min(
        (day.date() for day in ends if school_year_start(day.date(), month) == school_year_start(on, month)),
        default=None,
    )
    found = []
    for match in matches.to_dict("records"):
        need, offer = needs[match["need_id"]], offers[match["offer_id"]]
        figures = evidence.get((need["school_id"],), [])
        own = [row for row in figures if row["need_id"] == need["need_id"]]
        of_pair = judged.get((need["school_id"], offer["partner_id"]), [])
        found.append(
            Known(
                {str(name): cell for name, cell in match.items()},
                need,
                offer,
                partners[offer["partner_id"]],
                own or [row for row in figures if not row["need_id"]],
                [row for row in of_pair if row["need_id"] in ("", need["need_id"])],
                end,
                on,
                policy.fit.published_from,
            )
        )
    return found


def _latest(evidence: pd.DataFrame) -> pd.DataFrame:
    """Return the last figure of each measure, the latest first."""
    when = evidence["term"].map(term_order)
    rows = evidence.assign(when=when).sort_values("when", ascending=False, kind="stable")
    return rows.drop_duplicates(["school_id", "need_id", "source", "measure"])


def _lately(evaluations: pd.DataFrame, this_year: int) -> pd.DataFrame:
    """Return the evaluations of a school year, told by when it ends, and of the one before."""
    is_late: pd.Series[bool] = pd.Series(school_years(evaluations["term"]) >= this_year - 1)
    return evaluations[is_late.to_numpy()]


def _falls_short(row: Cells) -> bool:
    if pd.isna(row["benchmark"]):
        return True
    return bool((row["value"] - row["benchmark"]) * (direction_of(row["measure"]) or -1) > 0)


def _is_same_area(one: str, other: str) -> bool:
    known = area_named(one)
    return one.casefold() == other.casefold() or (known is not None and known == area_named(other))


def _by_id(table: pd.DataFrame, key: str) -> dict[str, Cells]:
    return {
        str(row[key]): {str(name): cell for name, cell in row.items()} for row in table.to_dict("records")
    }


def _listed(table: pd.DataFrame, *keys: str) -> dict[tuple[str, ...], list[Cells]]:
    found: dict[tuple[str, ...], list[Cells]] = {}
    for row in table.to_dict("records"):
        found.setdefault(tuple(str(row[key]) for key in keys), []).append(
            {str(name): cell for name, cell in row.items()}
        )
    return found


def _met(words: str, **values: str | int | float | date) -> Finding:
    return Finding(State.MET, Said(words, values))


def _not_met(words: str, **values: str | int | float | date) -> Finding:
    return Finding(State.NOT_MET, Said(words, values))


def _unknown(words: str, **values: str | int | float | date) -> Finding:
    return Finding(State.NOT_KNOWN, Said(words, values))
