"""One row is held to what a file is held to."""

import pandas as pd
import pytest

from matching.errors import DataError
from matching.rows import read_extra, read_row
from matching.schemas import NEEDS, SCHOOLS
from tests.districts import make_district, make_need, make_school


def refusal(cells: dict[str, object]) -> str:
    """Return why the cells of a need are refused."""
    try:
        return "\n".join(map(str, read_row(NEEDS, make_need("n0", **cells)).problems))
    except DataError as error:
        return str(error)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"slots": 10**30}, 'slots: found "1000000000000000000000000000000", expected a whole number from'),
        ({"slots": 10**5000}, "slots: found a number of 16610 bits, expected a whole number"),
        ({"slots": float("nan")}, "slots: found the number nan"),
        ({"budget": float("inf")}, "budget: found the number inf"),
        ({"slots": 1.5}, 'slots: found "1.5"'),
        ({"slots": None}, "slots: found a blank cell"),
        ({"slots": [1]}, "slots: found several values"),
        ({"statement": {"a": 1}}, "statement: found a dict"),
        ({"statement": "a\0b"}, "statement: found the letter U+0000"),
        ({"statement": "a\ud800"}, "statement: found the letter U+D800"),
        ({"languages": ["Thai", "a\0"]}, "languages: found the letter U+0000"),
        ({"statement": "a" * 40_000}, "40000 letters in column statement, expected at most 32000 letters"),
        ({"kind": "tutor"}, 'kind: found "tutor", expected one of mentoring'),
        ({"colour": "red"}, "colour: found no such column"),
    ],
)
def test_cell_that_is_none_is_refused(cells: dict[str, object], told: str) -> None:
    assert told in refusal(cells)


def test_contact_is_not_shown_where_it_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        read_row(SCHOOLS, make_school("s0", contact_email="mary@example.org\0"))
    assert "mary" not in str(caught.value)


def test_cells_are_read_as_those_of_a_file() -> None:
    cells = {
        "schedule": ["Wed 3-4 pm", "Mon 15:00-16:30"],
        "kind": "Mentoring",
        "slots": "1,234",
        "grades": "5-Mar",
    }
    row = read_row(NEEDS, make_need("107.0", **cells)).typed.iloc[0]
    assert row["schedule"] == "Mon 15:00-16:30|Wed 15:00-16:00"
    assert (row["need_id"], row["kind"], row["slots"], row["grades"]) == ("107", "mentoring", 1234, "3-5")


def test_decimal_number_keeps_all_its_digits() -> None:
    assert read_row(NEEDS, make_need("n0", budget=0.1 + 0.2)).typed["budget"].tolist() == [0.1 + 0.2]


def test_row_keeps_the_cells_that_are_not_changed() -> None:
    before = make_district([make_need("n0", slots=7, goal="Read", budget=2.5)]).needs
    row = read_row(NEEDS, {"goal": None, "min_slots": 2}, before)
    after = before.assign(goal=pd.array([""], dtype="str"), min_slots=pd.array([2], dtype="Int64"))
    pd.testing.assert_frame_equal(row.typed[list(after)], after)


@pytest.mark.parametrize("name", ["Need ID", "statement", "student name", "", " ", "a\0"])
def test_column_of_ones_own_needs_a_name_of_its_own(name: str) -> None:
    with pytest.raises(DataError):
        read_extra(NEEDS, {name: "x"})


def test_column_of_ones_own_comes_once() -> None:
    with pytest.raises(DataError, match="two columns of one name"):
        read_extra(NEEDS, {"bus line": "1", "bus  line": "2"})


def test_columns_of_ones_own_are_texts() -> None:
    assert read_extra(NEEDS, {"bus  line ": " 44 ", "seen": None}) == {"bus line": "44", "seen": ""}
