"""The matches, the gaps and whom to recruit as CSV files: for programs, for `audit`, and safe to open in Excel."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from matching.exporting import csv_of
from matching.landscape.planned import AreaLandscape
from matching.recruits import Recruit

MATCH_COLUMNS = (
    "need_id",
    "school_id",
    "offer_id",
    "partner_id",
    "slots",
    "fit",
    "similarity",
    "reason",
)
UNMET_COLUMNS = (
    "need_id",
    "school_id",
    "kind",
    "priority",
    "slots_unmet",
    "cause",
    "detail",
    "priority_reason",
)
RECRUITING_COLUMNS = (
    "rank",
    "kind",
    "slots",
    "trained_slots",
    "grades",
    "near_school_id",
    "near_school",
    "radius_km",
    "languages",
    "schedule",
    "example_need_id",
    "example",
    "slots_filled",
    "by_level",
    "num_schools",
    "need_ids",
    "sentence",
)
LANDSCAPE_COLUMNS = (
    "area",
    "name",
    "group",
    "num_needs",
    "slots_needed",
    "slots_filled",
    "slots_open",
    "num_offers",
    "slots_offered",
    "slots_used",
)
_DECIMALS = ("fit", "similarity")
_FREE_TEXTS = ("reason", "detail", "priority_reason", "near_school", "example", "sentence")


def write_matches(path: Path, matches: pd.DataFrame) -> None:
    """Write a row a match, in the order given; figures with six decimals."""
    _write(path, matches, MATCH_COLUMNS)


def write_unmet(path: Path, unmet: pd.DataFrame) -> None:
    """Write a row a need with unmet slots, in the order given."""
    _write(path, unmet, UNMET_COLUMNS)


def write_recruiting(path: Path, recruits: Sequence[Recruit]) -> None:
    """Write a row an offer worth recruiting, best first; levels as ``mentoring-1: 5|other-2: 3``."""
    rows = [
        asdict(recruit)
        | {
            "rank": rank,
            "radius_km": "" if recruit.radius_km is None else f"{recruit.radius_km:g}",
            "by_level": "|".join(f"{name}: {count}" for name, count in recruit.by_level.items()),
            "need_ids": "|".join(recruit.need_ids),
        }
        for rank, recruit in enumerate(recruits, start=1)
    ]
    _write(path, pd.DataFrame(rows, columns=list(RECRUITING_COLUMNS)), RECRUITING_COLUMNS)


def write_landscape(path: Path, landscape: Sequence[AreaLandscape]) -> None:
    """Write a row a focus area that has a need or an offer, in the order given."""
    rows = [{name: getattr(row, name) for name in LANDSCAPE_COLUMNS} for row in landscape]
    _write(path, pd.DataFrame(rows, columns=list(LANDSCAPE_COLUMNS)), LANDSCAPE_COLUMNS)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write any table as `matching.exporting` does, so that `read_district` reads it back."""
    path.write_bytes(csv_of(table))


def _write(path: Path, table: pd.DataFrame, names: Sequence[str]) -> None:
    write_table(path, pd.DataFrame({name: _cells(table[name]) for name in names}, columns=list(names)))


def _cells(values: pd.Series) -> pd.Series:
    if values.name in _DECIMALS:
        return values.map("{:.6f}".format)
    if values.name in _FREE_TEXTS:
        return values.map(lambda text: text.replace("\r\n", "\n").replace("\r", "\n"))
    return values
