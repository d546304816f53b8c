"""The matches and gaps as CSV: exact columns, read back the same, harmless in a spreadsheet."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from matching.recruiting import recruiting_brief
from matching.report.csv_files import (
    MATCH_COLUMNS,
    RECRUITING_COLUMNS,
    UNMET_COLUMNS,
    write_matches,
    write_recruiting,
    write_unmet,
)
from matching.tables import read_matches
from tests.matching.report.cases import make_matching


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_matches_have_exactly_their_columns_and_six_decimals(tmp_path: Path) -> None:
    matching = make_matching()
    write_matches(tmp_path / "matches.csv", matching.allocation.matches)
    (row,) = rows_of(tmp_path / "matches.csv")
    assert tuple(row) == MATCH_COLUMNS
    assert (row["need_id"], row["school_id"], row["offer_id"], row["partner_id"]) == ("n0", "s0", "o0", "p0")
    assert row["slots"] == "3"
    assert row["fit"] == f"{matching.allocation.matches['fit'].iat[0]:.6f}"
    assert len(row["similarity"].split(".")[1]) == 6


def test_gaps_have_exactly_their_columns(tmp_path: Path) -> None:
    matching = make_matching()
    write_unmet(tmp_path / "unmet.csv", matching.unmet)
    rows = rows_of(tmp_path / "unmet.csv")
    assert tuple(rows[0]) == UNMET_COLUMNS
    assert [(row["need_id"], row["slots_unmet"], row["cause"]) for row in rows] == [
        ("n0", "2", "capacity"),
        ("n1", "4", "no_offer_of_kind"),
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_a_reason_never_becomes_a_formula(tmp_path: Path, start: str) -> None:
    matches = make_matching().allocation.matches.assign(reason=f"{start}HYPERLINK(0)")
    write_matches(tmp_path / "matches.csv", matches)
    assert rows_of(tmp_path / "matches.csv")[0]["reason"] == f"'{start}HYPERLINK(0)"


def test_ids_that_look_like_formulas_are_found_again(tmp_path: Path) -> None:
    matches = make_matching().allocation.matches.assign(need_id="=007", offer_id="-1")
    write_matches(tmp_path / "matches.csv", matches)
    (row,) = rows_of(tmp_path / "matches.csv")
    assert (row["need_id"], row["offer_id"]) == ("'=007", "-1")
    read = read_matches(tmp_path / "matches.csv")
    assert (read["need_id"].tolist(), read["offer_id"].tolist()) == (["=007"], ["-1"])


def test_texts_of_any_shape_are_read_back(tmp_path: Path) -> None:
    reason = 'Música, "después"\nde la escuela; 读书'
    matching = make_matching()
    matching = replace(matching, unmet=matching.unmet.assign(detail=reason))
    write_unmet(tmp_path / "unmet.csv", matching.unmet)
    assert {row["detail"] for row in rows_of(tmp_path / "unmet.csv")} == {reason}


def test_a_return_from_an_old_spreadsheet_does_not_break_the_row(tmp_path: Path) -> None:
    matches = make_matching().allocation.matches.assign(reason="one\rtwo\r\nthree")
    write_matches(tmp_path / "matches.csv", matches)
    assert [row["reason"] for row in rows_of(tmp_path / "matches.csv")] == ["one\ntwo\nthree"]


def test_recruits_have_exactly_their_columns_in_their_rank(tmp_path: Path) -> None:
    write_recruiting(tmp_path / "recruiting.csv", recruiting_brief(make_matching()).recruits)
    first, second = rows_of(tmp_path / "recruiting.csv")
    assert tuple(first) == RECRUITING_COLUMNS
    assert [first[name] for name in ("rank", "kind", "slots", "trained_slots", "slots_filled")] == [
        *("1", "mentoring", "2", "2", "2")
    ]
    assert (first["by_level"], first["need_ids"], first["radius_km"]) == ("mentoring-1: 2", "n0", "")
    assert (second["rank"], second["trained_slots"], second["need_ids"]) == ("2", "0", "n1")


def test_a_plan_without_matches_has_a_header_alone(tmp_path: Path) -> None:
    matches: pd.DataFrame = make_matching().allocation.matches.head(0)
    write_matches(tmp_path / "matches.csv", matches)
    assert (tmp_path / "matches.csv").read_text() == ",".join(MATCH_COLUMNS) + "\n"
