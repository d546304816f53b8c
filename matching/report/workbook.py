"""The result as a workbook: the matches beside the needs, the gaps, schools and partners, ready to sort and filter."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.areas import titles_of
from matching.facts import positions
from matching.landscape.planned import landscape_of
from matching.pipeline import Matching
from matching.recruits import Recruit, RecruitingBrief, gain_words, place_words
from matching.report.changes import ChangesStory
from matching.report.coverage import coverage_by_school, filled_by_need
from matching.report.headlines import sentence_of
from matching.report.summary import Provenance
from matching.report.words import CAUSE_WORDS, KIND_WORDS, PART_WORDS, level_words
from matching.xlsx import Column, Sheet, Style, write_xlsx

Index = NDArray[np.int64]


def write_workbook(
    path: Path,
    matching: Matching,
    brief: RecruitingBrief,
    provenance: Provenance,
    changes: ChangesStory | None = None,
) -> None:
    """Write the workbook: Summary, Matches, Gaps, Areas, Recruiting, Schools, Partners, About.

    At mid-year, Changes come first.
    """
    first = [_changes(changes)] if changes else []
    plan = [make(matching) for make in (_summary, _matches, _gaps, _landscape)]
    sides = [make(matching) for make in (_schools, _partners)]
    write_xlsx(path, [*first, *plan, _recruiting(brief.recruits), *sides, _about(matching, provenance)])


def _changes(changes: ChangesStory) -> Sheet:
    """Return a row a match, the calls to make first on top, then school by school."""
    calls = [row for school in changes.schools for row in school.changes if not row.is_lost]
    rows = [*changes.calls, *calls]
    columns = [
        Column("School", [row.school for row in rows], Style.WRAPPED, 26),
        Column("What the school needs", [row.need for row in rows], Style.WRAPPED, 48),
        Column("Kind", [row.kind for row in rows]),
        Column("Partner", [row.partner for row in rows], Style.WRAPPED, 26),
        Column("What the partner offers", [row.focus for row in rows], Style.WRAPPED, 48),
        Column("Change", [row.change for row in rows]),
        Column("Slots before", [row.before for row in rows], Style.COUNT, 9),
        Column("Slots after", [row.after for row in rows], Style.COUNT, 9),
        Column("Forced", ["yes" if row.is_forced else "" for row in rows]),
        Column("Reason", [row.reason for row in rows], Style.WRAPPED, 60),
    ]
    return Sheet("Changes", columns, num_frozen=1)


def _summary(matching: Matching) -> Sheet:
    levels = matching.allocation.levels
    totals = {name: sum(getattr(level, name) for level in levels) for name in ("needed", "filled")}
    needed = [*(level.needed for level in levels), totals["needed"]]
    filled = [*(level.filled for level in levels), totals["filled"]]
    return Sheet(
        "Summary",
        [
            Column("Level", [*(level_words(level.name) for level in levels), "All levels"], width=24),
            Column("Slots needed", needed, Style.COUNT),
            Column("Slots filled", filled, Style.COUNT),
            Column("Slots open", [n - f for n, f in zip(needed, filled, strict=True)], Style.COUNT),
            Column("Most possible", [*(level.bound for level in levels), None], Style.COUNT),
            Column("Proven best", [*("yes" if level.proven else "not yet" for level in levels), ""]),
            Column(
                "Share filled",
                [f / n if n else None for n, f in zip(needed, filled, strict=True)],
                Style.SHARE,
            ),
        ],
    )


def _matches(matching: Matching) -> Sheet:
    """Return a row a match with its need beside it; a need without matches keeps its row."""
    needs, offers = matching.district.needs, matching.district.offers
    schools, partners = matching.district.schools, matching.district.partners
    matches = matching.allocation.matches
    need, match = _rows_of_needs(positions(matches["need_id"], needs["need_id"]), len(needs))
    offer = positions(matches["offer_id"], offers["offer_id"])[match]
    partner = positions(matches["partner_id"], partners["partner_id"])[match]
    school = positions(needs["school_id"], schools["school_id"])[need]
    is_match = match >= 0
    columns = [
        Column("School", _taken(schools["name"], school), Style.WRAPPED, 26),
        Column("Need id", _taken(needs["need_id"], need)),
        Column("What the school needs", _taken(needs["statement"], need), Style.WRAPPED, 48),
        Column("Kind", [KIND_WORDS[kind] for kind in _taken(needs["kind"], need)]),
        Column("Focus area", _areas(matching, need), Style.WRAPPED, 22),
        Column("Priority", matching.priorities["priority"].to_numpy()[need].tolist(), Style.COUNT, 9),
        Column("Slots needed", needs["slots"].to_numpy()[need].tolist(), Style.COUNT, 9),
        Column("Slots filled", filled_by_need(matching)[need].tolist(), Style.COUNT, 9),
        Column("Partner", _taken(partners["name"], partner, is_match), Style.WRAPPED, 26),
        Column("Offer id", _taken(matches["offer_id"], match, is_match)),
        Column("What the partner offers", _taken(offers["focus"], offer, is_match), Style.WRAPPED, 48),
        Column("Slots matched", _numbers(matches["slots"], match), Style.COUNT, 9),
        Column("Fit", _numbers(matches["fit"], match), Style.DECIMAL, 8),
        *(
            Column(f"Fit: {words}", _numbers(matches[f"fit_{part}"], match), Style.DECIMAL, 12)
            for part, words in PART_WORDS.items()
        ),
        Column("Reason", _taken(matches["reason"], match, is_match), Style.WRAPPED, 60),
    ]
    return Sheet("Matches", columns, num_frozen=2)


def _gaps(matching: Matching) -> Sheet:
    district, unmet = matching.district, matching.unmet
    school = positions(unmet["school_id"], district.schools["school_id"])
    need = positions(unmet["need_id"], district.needs["need_id"])
    columns = [
        Column("School", _taken(district.schools["name"], school), Style.WRAPPED, 26),
        Column("Need id", unmet["need_id"].tolist()),
        Column("What the school needs", _taken(district.needs["statement"], need), Style.WRAPPED, 48),
        Column("Kind", [KIND_WORDS[kind] for kind in unmet["kind"]]),
        Column("Focus area", _areas(matching, need), Style.WRAPPED, 22),
        Column("Priority", unmet["priority"].tolist(), Style.COUNT, 9),
        Column("Slots open", unmet["slots_unmet"].tolist(), Style.COUNT, 9),
        Column("Why", [CAUSE_WORDS[cause] for cause in unmet["cause"]], Style.WRAPPED, 30),
        Column("In detail", unmet["detail"].tolist(), Style.WRAPPED, 60),
        Column("Reason for the priority", unmet["priority_reason"].tolist(), Style.WRAPPED, 60),
    ]
    return Sheet("Gaps", columns, num_frozen=2)


def _recruiting(recruits: Sequence[Recruit]) -> Sheet:
    columns = [
        Column("Rank", list(range(1, len(recruits) + 1)), Style.COUNT, 7),
        Column("Kind", [KIND_WORDS[recruit.kind] for recruit in recruits]),
        Column("Slots sought", [recruit.slots for recruit in recruits], Style.COUNT, 9),
        Column("Of these trained", [recruit.trained_slots for recruit in recruits], Style.COUNT, 9),
        Column("Grades", [recruit.grades for recruit in recruits]),
        Column("Where", [place_words(recruit) for recruit in recruits], Style.WRAPPED, 30),
        Column("Languages", [recruit.languages for recruit in recruits]),
        Column("Times", [recruit.schedule.replace("|", "\n") for recruit in recruits], Style.WRAPPED, 20),
        Column("For needs like", [recruit.example for recruit in recruits], Style.WRAPPED, 36),
        Column("Slots filled", [recruit.slots_filled for recruit in recruits], Style.COUNT, 9),
        Column("By level", [gain_words(recruit) for recruit in recruits], Style.WRAPPED, 36),
        Column("Schools", [recruit.num_schools for recruit in recruits], Style.COUNT, 9),
        Column("Needs", [", ".join(recruit.need_ids) for recruit in recruits], Style.WRAPPED, 36),
    ]
    return Sheet("Recruiting", columns)


def _schools(matching: Matching) -> Sheet:
    schools, coverage = matching.district.schools, coverage_by_school(matching)
    columns = [
        Column("School", schools["name"].tolist(), Style.WRAPPED, 32),
        Column("School id", schools["school_id"].tolist()),
        Column("Grades", schools["grades"].tolist()),
        Column("Needs", [row.num_needs for row in coverage], Style.COUNT),
        Column("Slots needed", [row.needed for row in coverage], Style.COUNT),
        Column("Slots filled", [row.filled for row in coverage], Style.COUNT),
        Column("Slots open", [row.unmet for row in coverage], Style.COUNT),
        Column("Share filled", [row.share if row.needed else None for row in coverage], Style.SHARE),
        Column("Partners", _distinct(matching, "school_id", "partner_id", schools["school_id"]), Style.COUNT),
    ]
    return Sheet("Schools", columns)


def _partners(matching: Matching) -> Sheet:
    partners, offers = matching.district.partners, matching.district.offers
    offered = _summed(offers["partner_id"], offers["slots"], partners["partner_id"])
    matches = matching.allocation.matches
    given = _summed(matches["partner_id"], matches["slots"], partners["partner_id"])
    columns = [
        Column("Partner", partners["name"].tolist(), Style.WRAPPED, 32),
        Column("Partner id", partners["partner_id"].tolist()),
        Column("Kind of partner", [kind.replace("_", " ") for kind in partners["kind"]], width=18),
        Column("Slots offered", offered.tolist(), Style.COUNT),
        Column("Slots matched", given.tolist(), Style.COUNT),
        Column("Slots left", (offered - given).tolist(), Style.COUNT),
        Column(
            "Schools", _distinct(matching, "partner_id", "school_id", partners["partner_id"]), Style.COUNT
        ),
    ]
    return Sheet("Partners", columns)


def _about(matching: Matching, provenance: Provenance) -> Sheet:
    run, allocation = matching.run, matching.allocation
    said = {
        "Result": sentence_of(matching),
        "District": matching.district.name,
        "Date of the plan": run.on.isoformat(),
        "Status": allocation.status + (", stopped by the clock" if allocation.stopped_by_clock else ""),
        "Effort": run.effort,
        "Seed": str(run.seed),
        "Bounds over": f"{matching.bounds_over} candidates",
        "Language model": matching.model,
        "Input SHA-256": provenance.input_sha256,
        **{f"Version of {name}": version for name, version in provenance.versions.items()},
    }
    columns = [
        Column("What", list(said), width=26),
        Column("Value", list(said.values()), Style.WRAPPED, 80),
    ]
    return Sheet("About", columns)


def _landscape(matching: Matching) -> Sheet:
    rows = landscape_of(matching)
    columns = [
        Column("Focus area", [row.name for row in rows], width=32),
        Column("Group", [row.group for row in rows], width=24),
        Column("Needs", [row.num_needs for row in rows], Style.COUNT),
        Column("Slots needed", [row.slots_needed for row in rows], Style.COUNT),
        Column("Slots filled", [row.slots_filled for row in rows], Style.COUNT),
        Column("Slots open", [row.slots_open for row in rows], Style.COUNT),
        Column("Offers", [row.num_offers for row in rows], Style.COUNT),
        Column("Slots offered", [row.slots_offered for row in rows], Style.COUNT),
        Column("Slots used", [row.slots_used for row in rows], Style.COUNT),
    ]
    return Sheet("Areas", columns)


def _areas(matching: Matching, need: Index) -> list[str]:
    """Return what each need is about."""
    tags, _ = matching.basis.scorer.texts.tags
    return [titles_of(tags.areas(row)) for row in need.tolist()]


def _rows_of_needs(need_of_match: Index, num_needs: int) -> tuple[Index, Index]:
    """Return need and match of each row, ordered by need; -1 for the match of a need that has none."""
    without = np.setdiff1d(np.arange(num_needs), need_of_match)
    need = np.concatenate([need_of_match, without])
    match = np.concatenate([np.arange(len(need_of_match)), np.full(len(without), -1)])
    order = np.argsort(need, kind="stable")
    return need[order], match[order]


def _taken(values: pd.Series, rows: Index, is_there: NDArray[np.bool_] | None = None) -> Sequence[str]:
    """Return the text at each row, blank where none is there."""
    texts = values.tolist()
    if is_there is None:
        return [texts[row] for row in rows.tolist()]
    return [texts[row] if there else "" for row, there in zip(rows.tolist(), is_there.tolist(), strict=True)]


def _numbers(values: pd.Series, rows: Index) -> list[float | None]:
    numbers = values.tolist()
    return [numbers[row] if row >= 0 else None for row in rows.tolist()]


def _summed(ids: pd.Series, slots: pd.Series, table_ids: pd.Series) -> Index:
    return np.bincount(positions(ids, table_ids), weights=slots, minlength=len(table_ids)).astype(np.int64)


def _distinct(matching: Matching, owner: str, other: str, owner_ids: pd.Series) -> list[int]:
    """Count the distinct others that each owner is matched with."""
    links = matching.allocation.matches[[owner, other]].drop_duplicates()
    counts = np.bincount(positions(links[owner], owner_ids), minlength=len(owner_ids))
    return [int(count) for count in counts]
