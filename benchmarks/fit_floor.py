"""What each fit floor keeps, lets pass and does to an allocation, a part of ``python -m benchmarks.calibration``.

The floor chosen is the highest whose mean F1 over the three sources of labels, where one pair in five is relevant, lies
within one percent of the best: of floors as good as each other, the one that lets the least through.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from benchmarks.labelled import FIXTURES, Mask, demo_set
from benchmarks.record import SHARED_DATA
from embeddings import Encoder, PairScorer
from matching.pipeline import Run, match
from matching.policy import policy_from_mapping
from matching.tables import read_district
from matching.texts import need_texts, offer_texts

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 17))
RUN = Run(on=date(2026, 9, 14), effort="quick")
Values = NDArray[np.float64]
Judged = tuple[Values, Mask, Values]
"""Similarity, whether it is relevant and weight of each judged pair."""
Table = dict[str, dict[str, float]]


def fit_floor(sources: Mapping[str, Sequence[Judged]], encoder: Encoder) -> dict[str, object]:
    """Return what each threshold does on each source of texts, the mean of its forms, and the floor that follows."""
    tables = {name: mean_table([floor_table(*form) for form in forms]) for name, forms in sources.items()}
    tables["mean"] = mean_table(list(tables.values()))
    f1 = np.array([cells["F1"] for cells in tables["mean"].values()])
    chosen = THRESHOLDS[int(np.flatnonzero(f1 >= 0.99 * f1.max())[-1])]
    for name, table in tables.items():
        print_table(f"fit floor, {name}", table)
    allocation = {_label(t): allocated(t, encoder) for t in THRESHOLDS}
    passing = passing_share(encoder)
    print_table("fit floor, slots of the demo allocation by relevance", allocation)
    print_table("fit floor, share of all pairs of a district without labels that pass", passing)
    print(f"\nfit floor: {chosen}")
    return {"chosen": chosen, "tables": tables, "allocation": allocation, "passing": passing}


def floor_table(similarity: Values, relevant: Mask, weights: Values) -> Table:
    """Return, for each threshold, what it keeps, what it lets pass and the measures of both."""
    positive, negative = weights[relevant].sum(), weights[~relevant].sum()
    table = {}
    for threshold in THRESHOLDS:
        passes = similarity >= threshold
        kept, passing = weights[passes & relevant].sum(), weights[passes & ~relevant].sum()
        table[_label(threshold)] = {
            "relevant kept": kept / positive,
            "others passing": passing / negative,
            "Youden's J": kept / positive - passing / negative,
            "relevant of passing": kept / max(kept + passing, 1e-9),
            "F1": 2 * kept / (kept + passing + positive),
        }
    return table


def mean_table(tables: Sequence[Table]) -> Table:
    """Return the mean of tables, cell by cell."""
    return {
        row: {name: round(float(np.mean([table[row][name] for table in tables])), 4) for name in cells}
        for row, cells in tables[0].items()
    }


def allocated(floor: float, encoder: Encoder) -> dict[str, float]:
    """Return the slots that the demo's allocation fills with offers of each grade of relevance."""
    district = read_district(FIXTURES / "demo")
    policy = policy_from_mapping({"fit": {"floor": floor}})
    matches = match(district, policy, run=RUN, encoder=encoder).allocation.matches
    row, column = (
        {key: i for i, key in enumerate(ids)}
        for ids in (district.needs["need_id"], district.offers["offer_id"])
    )
    grades = demo_set(district).grades[matches["need_id"].map(row), matches["offer_id"].map(column)]
    slots = matches["slots"].to_numpy()
    names = {"just what was asked": 2, "would help": 1, "irrelevant": 0}
    return {name: int(slots[grades == grade].sum()) for name, grade in names.items()}


def passing_share(encoder: Encoder) -> Table:
    """Return the share of all pairs of San Francisco that reach each threshold; nothing where it is absent."""
    folder = SHARED_DATA / "san-francisco"
    if not folder.is_dir():
        return {}
    district = read_district(folder)
    needs, offers = need_texts(district.needs), offer_texts(district)
    similarity = PairScorer(needs, offers, encoder).block(slice(None)).similarity
    return {_label(t): {"san-francisco": round(float((similarity >= t).mean()), 4)} for t in THRESHOLDS}


def print_table(title: str, table: Table) -> None:
    """Print a line a key."""
    print(f"\n{title}")
    for name, cells in table.items():
        print(f"  {name:36} " + "  ".join(f"{key} {value:.4g}" for key, value in cells.items()))


def _label(threshold: float) -> str:
    return f"{threshold:.2f}"
