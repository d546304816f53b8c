"""What each fit floor loses, lets pass and does to an allocation, a part of ``python -m benchmarks.retrieval``.

The floor chosen has the highest mean of Youden's J (share of relevant pairs kept minus share of others let pass) over
the sets of `CHOOSING`. Of the two public ones J is the mean of two forms, three words and whole descriptions as needs,
since a need is of a length between them; of the demo district it is the mean of its kinds.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from benchmarks.labelled import FIXTURES, LabelledSet, Mask, demo_set, statements
from benchmarks.record import SHARED_DATA
from embeddings import Encoder, PairScorer
from matching.pipeline import Run, match
from matching.policy import policy_from_mapping
from matching.tables import read_district
from matching.texts import need_texts, offer_texts

CHOOSING = ("miami-211", "uk-charities", "demo")
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 17))
RUN = Run(on=date(2026, 9, 14), effort="quick")
Scores = NDArray[np.float32]
Table = dict[str, dict[str, float]]


def fit_floor(sets: Sequence[LabelledSet], encoder: Encoder) -> dict[str, object]:
    """Return what each threshold on the pair score keeps and lets pass, and the floor that follows."""
    tables: dict[str, Table] = {}
    youden: dict[str, NDArray[np.float64]] = {}
    for labelled in sets:
        forms = [labelled]
        if labelled.name in CHOOSING and labelled.name != "demo":
            forms.append(statements(labelled, encoder))
        for form in forms:
            tables |= floor_tables(form, form.scores(encoder).total)
        parts = [form.name for form in forms]
        if labelled.name == "demo":
            parts = [f"demo, {kind}" for kind in labelled.slices]
        youden[labelled.name] = np.mean([_youden(tables[part]) for part in parts], axis=0)
    mean = np.mean([youden[name] for name in CHOOSING if name in youden], axis=0)
    chosen = THRESHOLDS[int(mean.argmax())]
    for name, table in tables.items():
        print_table(f"fit floor, {name}", table)
    by_set = {
        _label(threshold): {name: round(float(j[i]), 4) for name, j in youden.items()}
        for i, threshold in enumerate(THRESHOLDS)
    }
    allocation = {_label(t): allocated(t, encoder) for t in THRESHOLDS}
    passing = {_label(t): {"san-francisco": share} for t, share in passing_share(encoder)}
    print_table("fit floor, Youden's J a set", by_set)
    print_table("fit floor, slots of the demo allocation by relevance", allocation)
    print_table("fit floor, share of all pairs of a district without labels that pass", passing)
    print(f"\nfit floor: {chosen}, chosen on {', '.join(CHOOSING)}")
    return {
        "chosen": chosen,
        "chosen_on": CHOOSING,
        "youden": by_set,
        "allocation": allocation,
        "tables": tables,
        "passing": passing,
    }


def floor_tables(labelled: LabelledSet, scores: Scores) -> dict[str, Table]:
    """Return the table of a set, and of the demo's kinds, by name."""
    tables = {labelled.name: floor_table(scores, labelled.relevant, labelled.is_judged)}
    if labelled.name == "demo":
        for kind, rows in labelled.slices.items():
            cells = (scores[rows], labelled.relevant[rows], labelled.is_judged[rows])
            tables[f"demo, {kind}"] = floor_table(*cells)
    return tables


def floor_table(scores: Scores, relevant: Mask, judged: Mask) -> Table:
    """Return, for each threshold, the shares it keeps and lets pass."""
    others = judged & ~relevant
    table = {}
    for threshold in THRESHOLDS:
        kept, passing = (float((scores[mask] >= threshold).mean()) for mask in (relevant, others))
        shares = {"relevant kept": kept, "others passing": passing, "Youden's J": kept - passing}
        table[_label(threshold)] = {name: round(share, 4) for name, share in shares.items()}
    return table


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


def passing_share(encoder: Encoder) -> list[tuple[float, float]]:
    """Return the thresholds and the share of all pairs of San Francisco that reach each; none where it is absent."""
    folder = SHARED_DATA / "san-francisco"
    if not folder.is_dir():
        return []
    district = read_district(folder)
    needs, offers = need_texts(district.needs), offer_texts(district)
    scores = PairScorer(needs, offers, encoder).block(slice(None)).total
    return [(t, round(float((scores >= t).mean()), 4)) for t in THRESHOLDS]


def print_table(title: str, table: Table) -> None:
    """Print a line a key."""
    print(f"\n{title}")
    for name, cells in table.items():
        print(f"  {name:36} " + "  ".join(f"{key} {value:.4g}" for key, value in cells.items()))


def _youden(table: Table) -> list[float]:
    return [cells["Youden's J"] for cells in table.values()]


def _label(threshold: float) -> str:
    return f"{threshold:.2f}"
