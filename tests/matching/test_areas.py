"""The vocabulary of focus areas: whole, named without doubt, told in a table."""

from collections import Counter

import pytest

from matching.areas import area_named, area_numbered, describe_areas, focus_areas


def test_every_area_is_told_in_full() -> None:
    for area in focus_areas():
        assert min(map(len, (area.key, area.name, area.spanish, area.definition, area.aliases))) > 0, area.key
        assert len(area.needs) + len(area.offers) in (3, 4, 5), area.key
        assert area.ntee, area.key
        assert set("".join(area.ntee)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), area.key


def test_no_name_stands_for_two_areas() -> None:
    names = [
        name.casefold()
        for area in focus_areas()
        for name in {area.key, area.name, area.spanish, *area.aliases}
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("text", ["math", "Mathematics", "matemáticas", "MATEMATICAS", " number  sense"])
def test_an_area_is_found_by_any_of_its_names(text: str) -> None:
    number = area_named(text)
    assert number is not None
    assert focus_areas()[number].key == "math"


def test_an_unknown_area_is_refused_with_all_keys() -> None:
    assert area_named("falconry") is None
    with pytest.raises(ValueError, match="Area falconry: expected one of mentoring, attendance,"):
        area_numbered("falconry")


def test_every_area_has_its_row_in_the_table() -> None:
    told = describe_areas()
    assert all(f"| `{area.key}` | {area.title} ({area.spanish}) |" in told for area in focus_areas())
    assert told.count("\n## ") == len({area.group for area in focus_areas()})
