"""A result in the words and the order of the page: school by school, need by need, with every reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matching.areas import titles_of
from matching.facts import positions
from matching.landscape.planned import AreaLandscape, landscape_of
from matching.pipeline import Matching
from matching.recruits import RecruitingBrief
from matching.report.coverage import (
    Coverage,
    Evenness,
    coverage_by_kind,
    coverage_by_school,
    evenness_of,
    filled_by_need,
)
from matching.report.headlines import Headlines, headlines, urgent_gaps
from matching.report.words import CAUSE_ADVICE, CAUSE_WORDS, KIND_WORDS, PART_WORDS, RESPONDENT_WORDS
from matching.vocabulary import Cause

MOST_ROWS = 5_000
"""Matches, or gaps, up to which the page shows each of them."""
NUM_URGENT = 10


@dataclass(frozen=True, slots=True)
class Comment:
    """What someone at a school said."""

    respondent: str
    text: str
    term: str


@dataclass(frozen=True, slots=True)
class MatchStory:
    """A partner's slots for a need; `why` is the reason without the focus that it begins with, `parts` are 0 to 1."""

    partner: str
    partner_kind: str
    focus: str
    slots: int
    fit: float
    parts: Sequence[tuple[str, float]]
    why: str


@dataclass(frozen=True, slots=True)
class GapStory:
    """Slots that nobody fills, and why."""

    slots: int
    cause: str
    detail: str
    advice: str


@dataclass(frozen=True, slots=True)
class NeedStory:
    """A need with its matches and its gap."""

    need_id: str
    title: str
    statement: str
    kind: str
    areas: str
    grades: str
    priority: int
    priority_reason: str
    slots: int
    filled: int
    matches: Sequence[MatchStory]
    gap: GapStory | None


@dataclass(frozen=True, slots=True)
class SchoolStory:
    """A school with its needs and what was said there; `anchor` is its place in the page."""

    anchor: str
    school_id: str
    name: str
    grades: str
    coverage: Coverage
    needs: Sequence[NeedStory]
    comments: Sequence[Comment]


@dataclass(frozen=True, slots=True)
class UrgentStory:
    """One of the most urgent gaps, with the school it is at."""

    school: SchoolStory
    statement: str
    kind: str
    priority: int
    slots: int
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class CauseStory:
    """A cause of unmet slots: how many needs and slots, and what would help."""

    cause: str
    num_needs: int
    slots: int
    advice: str


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """Everything the page says of a result; beyond `MOST_ROWS` matches or gaps the schools hold no needs."""

    matching: Matching
    headlines: Headlines
    kinds: Sequence[Coverage]
    landscape: Sequence[AreaLandscape]
    schools: Sequence[SchoolStory]
    evenness: Evenness
    urgent: Sequence[UrgentStory]
    causes: Sequence[CauseStory]
    brief: RecruitingBrief
    is_complete: bool


def story_of(matching: Matching, brief: RecruitingBrief) -> Story:
    """Return the story of a result."""
    is_complete = max(len(matching.allocation.matches), len(matching.unmet)) <= MOST_ROWS
    coverage = coverage_by_school(matching)
    schools = _schools(matching, coverage, _needs_by_school(matching) if is_complete else {})
    return Story(
        matching=matching,
        headlines=headlines(matching),
        kinds=coverage_by_kind(matching),
        landscape=landscape_of(matching),
        schools=schools,
        evenness=evenness_of(coverage),
        urgent=_urgent(matching, schools),
        causes=_causes(matching),
        brief=brief,
        is_complete=is_complete,
    )


def _schools(
    matching: Matching, coverage: Sequence[Coverage], needs: Mapping[str, Sequence[NeedStory]]
) -> list[SchoolStory]:
    schools, comments = matching.district.schools, _comments_by_school(matching)
    rows = zip(schools["school_id"], schools["name"], schools["grades"], coverage, strict=True)
    return [
        SchoolStory(
            anchor=f"school-{number}",
            school_id=school_id,
            name=name,
            grades=grades.replace("|", ", "),
            coverage=school_coverage,
            needs=needs.get(school_id, ()),
            comments=comments.get(school_id, ()),
        )
        for number, (school_id, name, grades, school_coverage) in enumerate(rows, start=1)
    ]


def _needs_by_school(matching: Matching) -> dict[str, list[NeedStory]]:
    needs, priorities = matching.district.needs, matching.priorities
    tags, _ = matching.basis.scorer.texts.tags
    matches, gaps = _matches_by_need(matching), _gaps_by_need(matching)
    columns = ("need_id", "school_id", "title", "statement", "kind", "grades", "slots")
    found: dict[str, list[NeedStory]] = {}
    rows = zip(
        needs[list(columns)].itertuples(index=False, name=None),
        filled_by_need(matching).tolist(),
        priorities["priority"].tolist(),
        priorities["priority_reason"].tolist(),
        strict=True,
    )
    for row, (cells, filled, priority, reason) in enumerate(rows):
        need_id, school_id, title, statement, kind, grades, slots = cells
        story = NeedStory(
            need_id=need_id,
            title=title,
            statement=statement,
            kind=KIND_WORDS[kind],
            areas=titles_of(tags.areas(row)),
            grades=grades.replace("|", ", "),
            priority=priority,
            priority_reason=reason,
            slots=slots,
            filled=filled,
            matches=matches.get(need_id, ()),
            gap=gaps.get(need_id),
        )
        found.setdefault(school_id, []).append(story)
    return found


def _matches_by_need(matching: Matching) -> dict[str, list[MatchStory]]:
    district, matches = matching.district, matching.allocation.matches
    offer = positions(matches["offer_id"], district.offers["offer_id"])
    partner = positions(matches["partner_id"], district.partners["partner_id"])
    parts = matches[[f"fit_{part}" for part in PART_WORDS]].to_numpy().tolist()
    found: dict[str, list[MatchStory]] = {}
    for need_id, name, kind, focus, slots, fit, values, reason in zip(
        matches["need_id"],
        district.partners["name"].to_numpy()[partner].tolist(),
        district.partners["kind"].to_numpy()[partner].tolist(),
        district.offers["focus"].to_numpy()[offer].tolist(),
        matches["slots"].tolist(),
        matches["fit"].tolist(),
        parts,
        matches["reason"].tolist(),
        strict=True,
    ):
        story = MatchStory(
            partner=name,
            partner_kind=kind.replace("_", " "),
            focus=focus,
            slots=slots,
            fit=fit,
            parts=list(zip(PART_WORDS.values(), values, strict=True)),
            why=_without_focus(reason, focus),
        )
        found.setdefault(need_id, []).append(story)
    return found


def _without_focus(reason: str, focus: str) -> str:
    """Return the rest of a reason that begins with the focus, whole or clipped; else the whole reason."""
    said = " ".join(focus.split()).rstrip(".")
    head, _, rest = reason.partition(" ... ")
    if not (rest and said.startswith(head)):
        rest = reason.removeprefix(said).lstrip(". ")
    return rest[:1].upper() + rest[1:]


def _gaps_by_need(matching: Matching) -> dict[str, GapStory]:
    columns = ["need_id", "slots_unmet", "cause", "detail"]
    return {
        need_id: GapStory(slots, CAUSE_WORDS[cause], detail, CAUSE_ADVICE[cause])
        for need_id, slots, cause, detail in matching.unmet[columns].itertuples(index=False, name=None)
    }


def _comments_by_school(matching: Matching) -> dict[str, list[Comment]]:
    found: dict[str, list[Comment]] = {}
    columns = ["school_id", "respondent", "text", "term"]
    for school_id, respondent, text, term in matching.district.comments[columns].itertuples(
        index=False, name=None
    ):
        found.setdefault(school_id, []).append(Comment(RESPONDENT_WORDS[respondent], text, term))
    return found


def _urgent(matching: Matching, schools: Sequence[SchoolStory]) -> list[UrgentStory]:
    gaps = urgent_gaps(matching, NUM_URGENT)
    rows = positions(matching.unmet["school_id"].head(NUM_URGENT), matching.district.schools["school_id"])
    return [
        UrgentStory(
            school=schools[row],
            statement=gap.statement,
            kind=KIND_WORDS[gap.kind],
            priority=gap.priority,
            slots=gap.slots_unmet,
            cause=CAUSE_WORDS[gap.cause],
            detail=gap.detail,
        )
        for gap, row in zip(gaps, rows.tolist(), strict=True)
    ]


def _causes(matching: Matching) -> list[CauseStory]:
    """Return the causes that occur, most slots first."""
    causes = np.array([list(Cause).index(Cause(cause)) for cause in matching.unmet["cause"]], dtype=np.int64)
    num_needs = np.bincount(causes, minlength=len(Cause)).tolist()
    slots = np.bincount(causes, weights=matching.unmet["slots_unmet"], minlength=len(Cause)).tolist()
    found = [
        CauseStory(CAUSE_WORDS[cause], num_needs[row], int(slots[row]), CAUSE_ADVICE[cause])
        for row, cause in enumerate(Cause)
        if num_needs[row]
    ]
    return sorted(found, key=lambda story: -story.slots)
