"""How often the guess is right, over 154 headers of 19 sheets written after public templates and real files."""

import csv
from collections.abc import Callable
from itertools import groupby, zip_longest
from pathlib import Path

import pytest

from embeddings import Encoder, WordHashEncoder
from matching.blank_workbook import GUIDE
from matching.mapping.applying import known_of
from matching.mapping.grids import Grid, grid_of
from matching.mapping.guessing import EXTRA, Guess, guessed, guessed_as, required_of
from matching.mapping.names import Known
from tests.messy import calder

HEADERS = Path(__file__).with_name("headers.csv")


def labelled() -> list[tuple[Grid, str, list[str]]]:
    """Return each sheet with its table and the column of each of its headers."""
    with HEADERS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = []
    for name, lines in groupby(rows, key=lambda row: row["sheet"]):
        sheet = list(lines)
        cells = zip_longest(*(line["cells"].split(" / ") for line in sheet), fillvalue="")
        grid = grid_of(name, [[line["header"] for line in sheet], *cells])
        assert grid is not None
        found.append((grid, sheet[0]["table"], [line["column"] for line in sheet]))
    return found


def guess_of(*records: list[str], known: Known | None = None, name: str = "x") -> Guess:
    grid = grid_of(name, records)
    assert grid is not None
    return guessed([grid], known or Known())[0]


@pytest.mark.parametrize("make", [lambda: None, WordHashEncoder], ids=["words alone", "with an encoder"])
def test_at_least_95_of_100_headers_are_guessed(make: Callable[[], Encoder | None]) -> None:
    sheets = labelled()
    guesses = guessed([grid for grid, _, _ in sheets], Known(), make())
    assert [guess.reading.table for guess in guesses] == [table for _, table, _ in sheets]
    right = [
        one == other
        for guess, (_, _, columns) in zip(guesses, sheets, strict=True)
        for one, other in zip(guess.reading.columns, columns, strict=True)
    ]
    assert len(right) == 154
    assert sum(right) / len(right) >= 0.95


def test_no_column_is_taken_twice() -> None:
    guess = guess_of(
        ["School", "School name", "Campus", "Need", "Type", "Qty"], ["a", "b", "c", "d", "Event", "3"]
    )
    taken = [name for name in guess.reading.columns if name != EXTRA]
    assert len(taken) == len(set(taken))


def test_cells_tell_what_a_header_does_not() -> None:
    known = known_of(calder())
    by_id = guess_of(["School", "Need", "Type", "Qty"], ["0101", "Books", "Event", "3"], known=known)
    by_name = guess_of(
        ["School", "Need", "Type", "Qty"], ["Lincoln Elementary", "Books", "Event", "3"], known=known
    )
    assert by_id.reading.columns[0] == "needs.school_id"
    assert by_name.reading.columns[0] == "schools.name"


def test_sheet_that_has_nothing_of_ours_is_left_out() -> None:
    assert guess_of(["Mascot", "Colors"], ["Tigers", "red"], name="Trivia").reading.table == ""


def test_guide_of_our_own_workbook_is_left_out() -> None:
    assert guess_of(["Sheet", "Column", "Needed"], ["schools", "name", "yes"], name=GUIDE).reading.table == ""


def test_sheet_can_be_read_as_another_table() -> None:
    grid = grid_of("x", [["Name", "Kind"], ["Acme", "Business"]])
    assert grid is not None
    assert guessed_as(grid, "partners", Known()).reading.columns == ("partners.name", "partners.kind")


def test_ids_and_names_are_found_and_never_asked_for() -> None:
    assert required_of("needs") == ["needs.statement", "needs.kind", "needs.slots"]


def test_what_is_known_are_ids_and_names() -> None:
    known = known_of(calder())
    assert known.ids["needs"] == {"n0"}
    assert known.names["partners"] == {"P1": "Calder Rotary Club"}
