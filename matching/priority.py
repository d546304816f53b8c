"""A need's priority from evidence, where the district gives none: one rule, and the sentence that explains it.

Every usable row of evidence gets a standing from 0 (no need) to 1 (greatest need): the mean of

- its standing against its benchmark, ``0.5 + (how much worse, as a share of the benchmark) / 2``, and
- its standing in the district: the share of schools that fare better, equals counted half.

A need's severity is the weighted mean of the standings (policy: weights by source; evidence for this very need
counts double). Priority 1 to 5 is the fifth that the need's severity falls in among the schools' severities; with
too few schools to compare, the fifth that the severity itself falls in.

Reading and mathematics results count only where the need does not name the other subject. Rows with fewer
respondents than the policy asks are never used; of a measure given for several terms, the latest counts.

References
----------
Percentile ranks a variable, summed and ranked again: B. Flanagan et al., "A Social Vulnerability Index for Disaster
Management", Journal of Homeland Security and Emergency Management 8 (2011). Status against a goal and standing in
five bands: California School Dashboard (California Department of Education). Minimum group size 10: NCES,
"Statistical Methods for Protecting Personally Identifiable Information", SLDS Technical Brief 3 (2011).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching import policy
from matching.district import District

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_EVIDENCE = 3
SEASONS: Mapping[str, float] = MappingProxyType(
    {"winter": 0.1, "spring": 0.4, "summer": 0.6, "fall": 0.9, "autumn": 0.9}
)
"""When in its year a season's term ends."""
SCHOOL_YEAR_ENDS = 1.5
MONTHS = 12

WORSE_WHEN_HIGH = re.compile(
    r"absen|suspen|expel|dropout|(?<!special_)need|(^|_)(lack|not_)|below|truan|behind|unsafe|unsupport|disengag|unsatisf|dissatisf"
)
WORSE_WHEN_LOW = re.compile(
    r"proficien|on_grade|on_track|attendance|graduat|feel|support|safe|belong|satisf|engag|ready|growth|score|complet"
)
GROUPS = re.compile(r"low_income|poverty|lunch|english_learner|special|disab|homeless|foster|mobil")
"""Who is meant: the more of them, the more need, unless the measure names their results."""
SUBJECTS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "reading": re.compile(
            r"\b(read(?!y|ily|iness)|liter|book|lectura|leer|ela\b|phonic|writing|fluency)", re.IGNORECASE
        ),
        "math": re.compile(r"\b(math|algebra|matem|geometry|fraction|calculus|arithmetic)", re.IGNORECASE),
    }
)


def priorities_of(district: District, settings: policy.Priority) -> pd.DataFrame:
    """Return ``priority`` (1 to 5) and ``priority_reason`` of every need, in the order of the needs."""
    standings = _standings(district, settings)
    pairs = _pairs(district, standings)
    without = (
        f"No usable evidence (at least {settings.min_respondents} respondents and a known measure): "
        f"priority {NO_EVIDENCE}."
    )
    reasons = _sentences(pairs).reindex(np.arange(len(district.needs))).fillna(without)
    given = district.needs["priority"].notna()
    return pd.DataFrame(
        {
            "priority": _numbers(district, standings, pairs, settings),
            "priority_reason": np.where(given, "Priority given by the district.", reasons.tolist()),
        }
    )


def priority_numbers(district: District, settings: policy.Priority) -> Index:
    """Return the priority of every need without its reason, which takes most of the time."""
    standings = _standings(district, settings)
    return _numbers(district, standings, _pairs(district, standings), settings)


def _numbers(
    district: District, standings: pd.DataFrame, pairs: pd.DataFrame, settings: policy.Priority
) -> Index:
    schools = standings[standings["need_id"] == ""].groupby("school_id")[["weighted", "weight"]].sum()
    ladder = np.sort((schools["weighted"] / schools["weight"]).to_numpy())
    severity = _severities(pairs, len(district.needs))
    rank = _share_below(ladder, severity) if len(ladder) >= settings.min_schools else severity
    computed = np.where(np.isnan(severity), NO_EVIDENCE, np.clip(5 - np.floor(rank * 5), 1, 5))
    return district.needs["priority"].fillna(pd.Series(computed, dtype="Int64")).to_numpy(np.int64)


def _standings(district: District, settings: policy.Priority) -> pd.DataFrame:
    """Return the usable evidence with its standing, its weight and the words that say it."""
    rows = district.evidence
    enough = rows["respondents"].isna() | (rows["respondents"] >= settings.min_respondents)
    direction = rows["measure"].map({name: direction_of(name) for name in rows["measure"].unique()})
    rows = rows.assign(direction=direction)[enough & (direction != 0)]
    rows = rows.iloc[np.argsort([term_order(term) for term in rows["term"]], kind="stable")]
    rows = rows.drop_duplicates(["school_id", "need_id", "source", "measure"], keep="last").sort_index()
    in_district = _district_standing(rows, settings.min_schools)
    against_benchmark = _benchmark_standing(rows)
    standing = pd.concat([in_district, against_benchmark], axis=1).mean(axis=1)
    rows = rows.assign(standing=standing, in_district=in_district)[standing.notna()]
    weight = rows["source"].map(lambda source: getattr(settings, source)).astype(float)
    weight = weight * np.where(rows["need_id"] == "", 1.0, settings.need_factor)
    subject = rows["measure"].map(
        {name: _subject(name.replace("_", " ")) for name in rows["measure"].unique()}
    )
    return rows.assign(weight=weight, weighted=weight * rows["standing"], subject=subject).query("weight > 0")


def direction_of(measure: str) -> int:
    """Return +1 where a high value means more need, -1 where a low one does, 0 for a measure not known."""
    name = measure.casefold().replace(" ", "_")
    if WORSE_WHEN_HIGH.search(name):
        return 1
    if WORSE_WHEN_LOW.search(name):
        return -1
    return 1 if GROUPS.search(name) else 0


@lru_cache(2**16)
def _subject(text: str) -> str:
    """Return the one school subject that a text names, blank for none or several."""
    named = [subject for subject, words in SUBJECTS.items() if words.search(text)]
    return named[0] if len(named) == 1 else ""


def term_order(term: str) -> float:
    """Return when a term such as ``2026-fall`` or ``2025-26`` ends, in years; a blank or unknown one comes first."""
    year = re.search(r"(\d{4})(?:\D(\d{2}|\d{4})\b)?", term)
    if year is None:
        return 0.0
    first, second = int(year.group(1)), int(year.group(2) or 0)
    season = next((share for name, share in SEASONS.items() if name in term.casefold()), None)
    if second % 100 == (first + 1) % 100:
        in_first_year = season is not None and season >= SEASONS["fall"]
        return first + (SCHOOL_YEAR_ENDS if season is None else season + (not in_first_year))
    if season is None and 1 <= second <= MONTHS:
        return first + second / MONTHS
    return first + (season or 0.0)


def _district_standing(rows: pd.DataFrame, min_schools: int) -> pd.Series:
    """Return the share of schools that fare better on the measure, equals counted half; NaN for too few schools."""
    school_wide = rows[rows["need_id"] == ""]
    signed = (school_wide["value"] * school_wide["direction"]).groupby(
        [school_wide["source"], school_wide["measure"]]
    )
    share = (signed.rank() - 0.5) / signed.transform("size")
    return share.where(signed.transform("size") >= min_schools).reindex(rows.index)


def _benchmark_standing(rows: pd.DataFrame) -> pd.Series:
    benchmark = rows["benchmark"].where(rows["benchmark"] != 0)
    worse = rows["direction"] * (rows["value"] - benchmark) / benchmark.abs()
    return (0.5 + worse / 2).clip(0, 1)


def _pairs(district: District, standings: pd.DataFrame) -> pd.DataFrame:
    """Return each need's usable evidence, one ``row`` of the needs several times."""
    needs = district.needs[["need_id", "school_id"]].assign(
        row=np.arange(len(district.needs)),
        asks=[
            _subject(text) for text in (district.needs["title"] + " " + district.needs["statement"]).tolist()
        ],
    )
    pairs = needs.merge(standings, on="school_id", suffixes=("", "_of_row"))
    own = pairs["need_id_of_row"] == pairs["need_id"]
    same_subject = (pairs["subject"] == "") | (pairs["asks"] == "") | (pairs["asks"] == pairs["subject"])
    return pairs[own | ((pairs["need_id_of_row"] == "") & same_subject)]


def _severities(pairs: pd.DataFrame, num_needs: int) -> Floats:
    """Return each need's severity, NaN without evidence."""
    sums = pairs.groupby("row")[["weighted", "weight"]].sum().reindex(np.arange(num_needs))
    return (sums["weighted"] / sums["weight"]).to_numpy(dtype=np.float64)


def _sentences(pairs: pd.DataFrame) -> pd.Series:
    """Return by row of the needs where its priority comes from."""
    worst = (
        pairs.sort_values(["row", "standing"], ascending=[True, False], kind="stable").groupby("row").head(3)
    )
    said = worst.assign(words=_words(worst)).groupby("row")["words"].agg("; ".join).astype(str)
    return "Computed from evidence: " + said + "."


def _words(rows: pd.DataFrame) -> list[str]:
    return [
        _sentence(*row)
        for row in rows[["measure", "value", "benchmark", "in_district", "need_id_of_row"]].itertuples(
            index=False
        )
    ]


def _sentence(measure: str, value: float, benchmark: float, in_district: float, need_id: str) -> str:
    unit = "%" if measure.endswith("_pct") else ""
    name = measure.removesuffix("_pct").replace("_", " ")
    notes = ["for this need"] if need_id else []
    if not np.isnan(benchmark):
        notes.append(f"benchmark {benchmark:g}{unit}")
    if not np.isnan(in_district):
        notes.append(f"worse than {100 * in_district:.0f}% of schools")
    return f"{name} {value:g}{unit}" + (f" ({', '.join(notes)})" if notes else "")


def _share_below(ladder: Floats, severity: Floats) -> Floats:
    """Return the share of the ladder that lies below each severity, equals counted half."""
    below = np.searchsorted(ladder, severity, side="left")
    up_to = np.searchsorted(ladder, severity, side="right")
    return np.where(np.isnan(severity), np.nan, (below + up_to) / (2 * len(ladder)))
