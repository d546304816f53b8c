"""The fixed words: none is missing, and orders of levels read well."""

from __future__ import annotations

from dataclasses import fields

from matching.policy import Weights
from matching.report.story import _without_focus
from matching.report.words import (
    CAUSE_ADVICE,
    CAUSE_WORDS,
    KIND_WORDS,
    PART_WORDS,
    counted,
    level_words,
    name_words,
    order_words,
)
from matching.vocabulary import KINDS, LEVELS, Cause


def test_every_kind_cause_and_part_has_its_words() -> None:
    assert tuple(KIND_WORDS) == KINDS
    assert set(CAUSE_WORDS) == set(CAUSE_ADVICE) == set(Cause)
    assert list(PART_WORDS) == [part.name for part in fields(Weights)]


def test_the_default_order_of_levels_is_short() -> None:
    assert order_words(LEVELS) == "mentoring from priority 1 to 5, then everything else from priority 1 to 5"


def test_an_order_of_its_own_is_told_in_full() -> None:
    order = ("other-1", "mentoring-1", "mentoring-2", "mentoring-4")
    assert order_words(order) == (
        "everything else of priority 1, then mentoring from priority 1 to 2, then mentoring of priority 4"
    )


def test_a_level_is_named_in_words() -> None:
    assert level_words("other-3") == "All other, priority\u00a03"


def test_counts_agree_with_their_nouns() -> None:
    assert [counted(n, "slot") for n in (0, 1, 1200)] == ["0 slots", "1 slot", "1,200 slots"]


def test_folder_names_become_headings_and_written_names_stay() -> None:
    assert name_words("san-francisco") == "San Francisco"
    assert name_words("Calder Bend USD 12") == "Calder Bend USD 12"


def test_a_reason_does_not_repeat_the_focus_beside_it() -> None:
    assert _without_focus("Reading mentors. For grades 3-5, 2.1 km away.", "Reading  mentors.") == (
        "For grades 3-5, 2.1 km away."
    )
    assert _without_focus("Reading mentors who ... For grades 3-5.", "Reading mentors who come by bus") == (
        "For grades 3-5."
    )
    assert _without_focus("Chosen by hand", "Reading mentors") == "Chosen by hand"
    assert _without_focus("Reading mentors.", "Reading mentors") == ""
