"""Whom to call first after a mid-year plan."""

import pandas as pd

from matching.calls import Stage, calls_of
from matching.changes import COLUMNS

LEVELS = ("mentoring-1", "other-1", "other-2")


def change(need: str, offer: str, word: str, cause: str, **cells: object) -> dict[str, object]:
    """Return a change of a match of school sN with partner pO, of four slots where nothing else is said."""
    before, after = (0, 4) if word in ("new", "enlarged") else (4, 0)
    moved = 4 if cause == "better_use" else 0
    row = {
        "need_id": need,
        "school_id": f"s{need}",
        "offer_id": offer,
        "partner_id": f"p{offer}",
        "level": "other-1",
        "before": before,
        "after": after,
        "change": word,
        "forced": 4 - moved if word == "ended" else 0,
        "moved": moved,
        "cause": cause,
        "reason": "",
    }
    return {**row, **cells}


def calls(*rows: dict[str, object]) -> list[tuple[str, str, int]]:
    found = calls_of(pd.DataFrame(list(rows), columns=list(COLUMNS)), LEVELS)
    return [(call.of, call.stage.value, len(call.waiting)) for call in found]


def test_forced_come_first_then_what_the_plan_ends_then_who_is_asked() -> None:
    rows = (
        change("1", "a", "new", "gap"),
        change("2", "b", "ended", "better_use"),
        change("3", "c", "ended", "agreement_expired"),
    )
    stages = [stage for _, stage, _ in calls(*rows)]
    assert stages == ["forced", "forced", "moved", "moved", "asked", "asked"]


def test_mentoring_that_is_lost_comes_before_all_else_that_is_lost() -> None:
    other = change("1", "a", "ended", "agreement_expired")
    mentoring = change("2", "b", "ended", "clearance_lapsed", level="mentoring-1")
    assert [of for of, _, _ in calls(other, mentoring)] == ["pb", "s2", "pa", "s1"]


def test_whoever_brought_it_about_is_not_called_for_it() -> None:
    assert calls(change("1", "a", "ended", "partner_withdrew")) == [("s1", "forced", 0)]
    assert calls(change("1", "a", "ended", "need_closed")) == [("pa", "forced", 0)]


def test_partner_for_whose_yes_most_wait_is_asked_first_and_schools_after_partners() -> None:
    # c takes over from b at need 1, so that b can begin at need 2: both schools and b wait for c.
    chain = (
        change("2", "b", "new", "gap"),
        change("1", "b", "reduced", "better_use", after=2),
        change("1", "c", "new", "gap"),
        change("3", "d", "new", "gap"),
    )
    assert calls(*chain) == [
        ("pb", "moved", 1),
        ("s1", "moved", 0),
        ("pc", "asked", 3),
        ("pd", "asked", 1),
        ("s2", "asked", 0),
        ("s3", "asked", 0),
    ]


def test_two_who_wait_for_each_other_are_counted_once() -> None:
    swap = (
        change("1", "a", "ended", "better_use"),
        change("2", "a", "new", "gap"),
        change("2", "b", "ended", "better_use"),
        change("1", "b", "new", "gap"),
    )
    assert [waiting for _, _, waiting in calls(*swap)][:2] == [3, 3]


def test_what_goes_on_asks_for_no_call_and_one_call_tells_all_of_a_school() -> None:
    kept = change("1", "a", "kept", "", after=4)
    assert calls(kept) == []
    rows = (change("1", "b", "new", "gap"), change("1", "c", "ended", "agreement_expired"))
    found = calls_of(pd.DataFrame(list(rows)), LEVELS)
    school = next(call for call in found if call.side == "school")
    assert (school.stage, school.changes) == (Stage.FORCED, (1, 0))
