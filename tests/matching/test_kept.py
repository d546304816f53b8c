"""What is kept of a district: made again exactly where a column or a value it was made of has changed."""

from dataclasses import replace

import pytest

from matching.district import District
from matching.kept import Kept
from tests.districts import make_district, make_need

STATEMENTS = {"needs": ("statement",)}


def statements(district: District, ending: str) -> list[str]:
    return [f"{said}{ending}" for said in district.needs["statement"]]


def many(district: District) -> int:
    return len(district.offers)


def changed(district: District, column: str, value: str | int) -> District:
    needs = district.needs.copy()
    needs[column] = value
    return replace(district, needs=needs)


@pytest.fixture
def district() -> District:
    return make_district([make_need(statement="reading")])


def test_what_another_column_says_is_not_looked_at(district: District) -> None:
    first = Kept(district)
    made = first.of(statements, STATEMENTS, "!")
    assert Kept(changed(district, "slots", 9), first).of(statements, STATEMENTS, "!") is made


@pytest.mark.parametrize(
    ("column", "ending", "expected"), [("statement", "!", "x!"), ("slots", "?", "reading?")]
)
def test_a_changed_column_or_value_makes_it_anew(
    district: District, column: str, ending: str, expected: str
) -> None:
    first = Kept(district)
    first.of(statements, STATEMENTS, "!")
    later = changed(district, column, "x" if column == "statement" else 9)
    assert Kept(later, first).of(statements, STATEMENTS, ending) == [expected]


def test_what_is_not_named_cannot_be_read(district: District) -> None:
    with pytest.raises(KeyError):
        Kept(district).of(statements, {"needs": ("slots",)}, "!")
    with pytest.raises(TypeError):
        Kept(district).of(many, STATEMENTS)


def test_what_was_settled_holds_no_earlier_version(district: District) -> None:
    first = Kept(district)
    made = first.of(statements, STATEMENTS, "!")
    second = Kept(changed(district, "slots", 9), first)
    assert second.of(statements, STATEMENTS, "!") is made
    assert not second.settle().are_same(STATEMENTS)
    assert Kept(district, second).of(statements, STATEMENTS, "!") is made
