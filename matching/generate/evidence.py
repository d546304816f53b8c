"""Generated figures about schools and needs, which follow how poor the neighborhood is."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.generate.draws import some, stated
from matching.generate.frames import Columns, frame_of
from matching.generate.grammar import Topic
from matching.generate.needs import Needs
from matching.generate.schools import TYPES, Schools
from matching.values import GRADES
from matching.vocabulary import KINDS

Index = NDArray[np.int64]

_Measure = tuple[str, str, float, float, float, float, float, float]
_MEASURES: tuple[_Measure, ...] = (
    # source, measure, at no hardship, change to full hardship, noise, benchmark, share of schools, share of students
    ("state_test", "reading_proficient_pct", 82, -64, 6, 47, 0.95, 0.45),
    ("state_test", "math_proficient_pct", 78, -66, 7, 39, 0.95, 0.45),
    ("diagnostic", "reading_on_grade_pct", 76, -50, 8, 60, 0.55, 0.8),
    ("diagnostic", "math_on_grade_pct", 70, -50, 8, 60, 0.45, 0.8),
    ("attendance", "chronic_absence_pct", 7, 36, 5, 20, 0.92, 1.0),
    ("enrollment", "low_income_pct", 4, 92, 4, np.nan, 0.95, 1.0),
    ("enrollment", "english_learner_pct", 2, 42, 8, np.nan, 0.9, 1.0),
    ("survey", "family_need_mentoring_pct", 14, 48, 9, np.nan, 0.6, 0.12),
)
_TESTED_FROM = GRADES.index("3")
_NEED_MEASURES = {
    "reading": ("diagnostic", "reading_on_grade_pct", 62, -45),
    "math": ("diagnostic", "math_on_grade_pct", 58, -45),
    "attendance": ("attendance", "chronic_absence_pct", 12, 38),
}
SHARE_OF_NEEDS = 0.12
_ANY_NEED_MEASURE = ("survey", "family_need_mentoring_pct", 20, 45)


def make_evidence(
    rng: np.random.Generator, schools: Schools, needs: Needs, topics: tuple[Topic, ...], year: int
) -> pd.DataFrame:
    """Return the figures of the school year that began in `year`, and a few for single needs."""
    parts = [_of_schools(rng, schools, year), _of_needs(rng, schools, needs, topics, year)]
    rows = pd.concat(parts, ignore_index=True).sort_values("school", kind="stable")
    columns: Columns = {name: rows[name].to_numpy() for name in rows.columns if name != "school"}
    columns["school_id"] = schools.table["school_id"].to_numpy()[rows["school"]]
    return frame_of("evidence", len(rows), columns)


def _of_schools(rng: np.random.Generator, schools: Schools, year: int) -> pd.DataFrame:
    last_grade = np.array([kind.span[1] for kind in TYPES])[schools.types]
    rows = []
    for source, measure, start, change, noise, benchmark, share, students in _MEASURES:
        has_it = some(rng, len(last_grade), share)
        has_it &= (last_grade >= _TESTED_FROM) | (source in ("enrollment", "survey"))
        school = np.flatnonzero(has_it)
        value = start + change * schools.hardship[school] + rng.normal(0, noise, len(school))
        answered = (
            rng.uniform(0.1, 1.6, len(school)) if source == "survey" else rng.uniform(0.8, 1, len(school))
        )
        people = np.maximum(1, np.rint(schools.enrollment[school] * students * answered))
        rows.append(
            pd.DataFrame(
                {
                    "school": school,
                    "need_id": "",
                    "source": source,
                    "measure": measure,
                    "value": np.clip(value, 1, 99).round(1),
                    "benchmark": stated(rng, np.full(len(school), benchmark), 0.85),
                    "respondents": stated(rng, people, 0.9),
                    "term": f"fall {year}" if source == "enrollment" else f"spring {year + 1}",
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _of_needs(
    rng: np.random.Generator, schools: Schools, needs: Needs, topics: tuple[Topic, ...], year: int
) -> pd.DataFrame:
    is_academic = needs.table["kind"].isin(KINDS[:2]).to_numpy()
    chosen = np.flatnonzero(some(rng, len(is_academic), SHARE_OF_NEEDS) & is_academic)
    focus = [topics[number].focus for number in needs.topic[chosen].tolist()]
    measures = [_NEED_MEASURES.get(area, _ANY_NEED_MEASURE) for area in focus]
    hardship = schools.hardship[needs.school[chosen]]
    line = np.array([(start, change) for _, _, start, change in measures], dtype=np.float64).reshape(-1, 2)
    value = line[:, 0] + line[:, 1] * hardship + rng.normal(0, 8, len(chosen))
    return pd.DataFrame(
        {
            "school": needs.school[chosen],
            "need_id": needs.table["need_id"].to_numpy()[chosen],
            "source": [source for source, *_ in measures],
            "measure": [measure for _, measure, *_ in measures],
            "value": np.clip(value, 1, 99).round(1),
            "benchmark": np.nan,
            "respondents": rng.integers(4, 90, len(chosen)).astype(np.float64),
            "term": f"spring {year + 1}",
        }
    )
