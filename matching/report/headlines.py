"""What a run comes to, in a few lines: the same story for the command line and for the page."""

from dataclasses import dataclass

import pandas as pd

from matching.allocation import LevelResult
from matching.facts import positions
from matching.pipeline import Matching
from matching.report.words import counted

NUM_LISTED = 5


@dataclass(frozen=True, slots=True)
class BestMatch:
    """A match worth naming, in words."""

    need_id: str
    school: str
    partner: str
    kind: str
    slots: int
    fit: float
    reason: str


@dataclass(frozen=True, slots=True)
class UrgentGap:
    """A gap worth naming, in words."""

    need_id: str
    school: str
    statement: str
    kind: str
    priority: int
    slots_unmet: int
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class Headlines:
    """Totals in slots, the ten levels, the best matches and the most urgent gaps.

    A level is proven here only where its bound holds over all candidates.
    """

    sentence: str
    slots_needed: int
    slots_filled: int
    mentoring_needed: int
    mentoring_filled: int
    num_matches: int
    num_gaps: int
    levels: tuple[LevelResult, ...]
    best: tuple[BestMatch, ...]
    gaps: tuple[UrgentGap, ...]


def headlines(matching: Matching) -> Headlines:
    """Return what a coordinator wants to know first."""
    levels = matching.allocation.levels
    mentoring = [level for level in levels if level.name.startswith("mentoring")]
    return Headlines(
        sentence=sentence_of(matching),
        slots_needed=sum(level.needed for level in levels),
        slots_filled=sum(level.filled for level in levels),
        mentoring_needed=sum(level.needed for level in mentoring),
        mentoring_filled=sum(level.filled for level in mentoring),
        num_matches=len(matching.allocation.matches),
        num_gaps=len(matching.unmet),
        levels=levels,
        best=tuple(best_matches(matching)),
        gaps=tuple(urgent_gaps(matching)),
    )


def sentence_of(matching: Matching) -> str:
    """Return the result in one plain sentence, claiming no more than is proven."""
    levels = matching.allocation.levels
    needed, filled = (sum(getattr(level, name) for level in levels) for name in ("needed", "filled"))
    if needed == 0:
        return "No school asks for anything."
    return f"{filled:,} of {counted(needed, 'slot')} {_are(filled)} filled{_mentoring_said(matching)}."


def best_matches(matching: Matching, count: int = NUM_LISTED) -> list[BestMatch]:
    """Return the fittest matches, each school and each partner named once."""
    matches = matching.allocation.matches.sort_values("fit", ascending=False, kind="stable")
    chosen: list[int] = []
    schools: set[str] = set()
    partners: set[str] = set()
    for row, (school, partner) in enumerate(zip(matches["school_id"], matches["partner_id"], strict=True)):
        if len(chosen) == count:
            break
        if school not in schools and partner not in partners:
            chosen.append(row)
            schools.add(school)
            partners.add(partner)
    return _in_words(matching, matches.iloc[chosen])


def urgent_gaps(matching: Matching, count: int = NUM_LISTED) -> list[UrgentGap]:
    """Return the most urgent gaps: earliest level first, then most slots."""
    district, unmet = matching.district, matching.unmet.head(count)
    rows = zip(
        unmet["need_id"].tolist(),
        names_of(unmet["school_id"], district.schools, "school_id", "name"),
        names_of(unmet["need_id"], district.needs, "need_id", "statement"),
        *(unmet[name].tolist() for name in ("kind", "priority", "slots_unmet", "cause", "detail")),
        strict=True,
    )
    return [UrgentGap(*row) for row in rows]


def names_of(ids: pd.Series, table: pd.DataFrame, id_column: str, column: str) -> list[str]:
    """Return the text in `column` of the row that each id has in `table`."""
    texts: list[str] = table[column].to_numpy()[positions(ids, table[id_column])].tolist()
    return texts


def _mentoring_said(matching: Matching) -> str:
    levels = [level for level in matching.allocation.levels if level.name.startswith("mentoring")]
    needed, filled = (sum(getattr(level, name) for level in levels) for name in ("needed", "filled"))
    if needed == 0:
        return ""
    if filled == needed:
        return f"; all {counted(needed, 'mentoring slot')} are among them"
    as_many = ""
    if matching.bounds_over == "all" and all(level.proven for level in levels):
        as_many = ", as many as the order of levels allows"
    return f"; of {counted(needed, 'mentoring slot')} {filled:,} {_are(filled)} filled{as_many}"


def _in_words(matching: Matching, matches: pd.DataFrame) -> list[BestMatch]:
    district = matching.district
    rows = zip(
        matches["need_id"].tolist(),
        names_of(matches["school_id"], district.schools, "school_id", "name"),
        names_of(matches["partner_id"], district.partners, "partner_id", "name"),
        names_of(matches["need_id"], district.needs, "need_id", "kind"),
        *(matches[name].tolist() for name in ("slots", "fit", "reason")),
        strict=True,
    )
    return [BestMatch(*row) for row in rows]


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
