"""The matches and the gaps as CSV files: for programs, for `audit`, and safe to open in Excel."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

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
_DECIMALS = ("fit", "similarity")
_FREE_TEXTS = ("reason", "detail", "priority_reason")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n")


def write_matches(path: Path, matches: pd.DataFrame) -> None:
    """Write a row a match, in the order given; figures with six decimals."""
    _write(path, matches, MATCH_COLUMNS)


def write_unmet(path: Path, unmet: pd.DataFrame) -> None:
    """Write a row a need with unmet slots, in the order given."""
    _write(path, unmet, UNMET_COLUMNS)


def _write(path: Path, table: pd.DataFrame, names: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(zip(*(_cells(table, name) for name in names), strict=True))


def _cells(table: pd.DataFrame, name: str) -> Iterable[object]:
    values = table[name].tolist()
    if name in _DECIMALS:
        return [f"{value:.6f}" for value in values]
    return [_safe(value) for value in values] if name in _FREE_TEXTS else values


def _safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; ids are never changed, they must be found again."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
