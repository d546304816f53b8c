"""Names that are nearly the same are asked about; ids made of names stay the same."""

import pytest

from matching.mapping.names import id_of_name, is_same_written_out, near_names

KNOWN = {"0101": "Lincoln Elementary", "0102": "Grant Middle School", "0103": "Saint Mary Academy"}


@pytest.mark.parametrize(
    ("name", "near"),
    [("Lincoln Elem.", "0101"), ("LINCOLN ES", "0101"), ("Grant MS", "0102"), ("St. Mary Acad", "0103")],
)
def test_shortened_name_is_near_the_one_written_out(name: str, near: str) -> None:
    assert near_names([name], KNOWN)[name][0] == near
    assert is_same_written_out(name, KNOWN[near])


def test_misspelled_name_is_near_but_not_the_same() -> None:
    assert near_names(["Lincon Elementary"], KNOWN)["Lincon Elementary"][0] == "0101"
    assert not is_same_written_out("Lincon Elementary", "Lincoln Elementary")


def test_other_name_is_near_none() -> None:
    assert near_names(["Roosevelt High"], KNOWN) == {}


def test_id_of_a_name_is_the_same_each_time_and_never_that_of_another() -> None:
    assert (
        id_of_name("Escuela Benito Juárez") == id_of_name("ESCUELA  BENITO JUAREZ") == "escuela-benito-juarez"
    )
    assert id_of_name("Lincoln", {"lincoln"}) not in {"lincoln", ""}
    assert id_of_name("学校")
