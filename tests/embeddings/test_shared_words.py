from math import log

import pytest

from embeddings.shared_words import SharedWords

OFFERS = [
    "Mentors for reading, third grade and up",
    "Coats for winter; we mend coats",
    "Reading STEM books",
    "Lectura en espan\u0303ol con nin\u0303os",
]


def shared(text: str, document: int, most: int = 3) -> list[str]:
    return [word.word for word in SharedWords(OFFERS).of(text, document, most)]


def test_words_are_the_same_if_their_stems_are_and_shown_as_the_text_has_them() -> None:
    assert shared("Reads, as a mentored child", 0) == ["mentored", "reads"]


def test_words_in_a_row_in_both_texts_are_told_together_and_weigh_as_much_as_all() -> None:
    found = SharedWords(OFFERS).of("Help in third grade with reading", 0)
    assert [word.word for word in found] == ["third grade", "reading"]
    # "third" and "grade" stand in 1 of 4 offers, "read" in 2: ln(1 + 3.5 / 1.5) and ln(1 + 2.5 / 2.5).
    assert [word.weight for word in found] == pytest.approx([2 * log(1 + 3.5 / 1.5), log(2)])


@pytest.mark.parametrize("text", ["third. Grade", "third and grade", "grade third"])
def test_words_apart_are_told_apart(text: str) -> None:
    assert sorted(word.lower() for word in shared(text, 0)) == ["grade", "third"]


def test_no_more_than_asked_and_each_word_once() -> None:
    assert shared("Third grade: grade three reads, third grade mentors", 0, most=2) == [
        "third grade",
        "mentors",
    ]


def test_capitals_stay_only_where_they_mean_something() -> None:
    assert shared("Winter: Coats and STEM", 1) == ["winter", "coats"]
    assert shared("Winter: Coats and STEM", 2) == ["STEM"]
    assert shared("Mending", 1) == ["mending"]


def test_accents_are_the_same_however_they_are_composed() -> None:
    assert shared("Ni\u00f1os, lectura", 3) == ["ni\u00f1os", "lectura"]


def test_stop_words_and_words_that_many_offers_hold_tell_nothing() -> None:
    words = SharedWords(["the school garden"] * 6 + ["the chess club"] * 20)
    assert [word.word for word in words.of("The school garden", 0)] == ["school garden"]
    assert words.of("The chess club", 10) == ()


def test_no_documents_and_no_words_are_fine() -> None:
    SharedWords([])
    assert shared("", 0) == shared("zebra", 0) == []
