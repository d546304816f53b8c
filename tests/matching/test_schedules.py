"""Shared minutes a week, worked by hand and against a minute-by-minute count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import schedules
from matching.schedules import SharedMinutes
from matching.values import DAYS, parse_schedule

NEED = np.array([0])
OFFER = np.array([0])


def shared(need: str, offer: str) -> float:
    return float(SharedMinutes([need], [offer]).of_pairs(NEED, OFFER)[0])


def test_two_windows_share_the_minutes_in_which_both_are_open() -> None:
    # Monday 15:30 to 16:00 is 30, Wednesday 15:00 to 15:45 is 45; Friday is the need's alone.
    need = "Mon 15:00-16:00|Wed 15:00-16:00|Fri 15:00-16:00"
    assert shared(need, "Mon 15:30-17:00|Wed 14:00-15:45|Thu 15:00-16:00") == 75


def test_windows_that_only_touch_share_nothing() -> None:
    assert shared("Mon 15:00-16:00", "Mon 16:00-17:00") == 0


def test_the_same_hours_on_another_day_share_nothing() -> None:
    assert shared("Mon 15:00-16:00", "Tue 15:00-16:00") == 0


def test_overlapping_windows_of_one_side_count_once() -> None:
    assert shared("Mon 15:00-16:00|Mon 15:30-16:30", "Mon 15:00-16:30") == 90


def test_a_blank_schedule_is_not_known_and_shares_nothing() -> None:
    minutes = SharedMinutes(["", "Mon 15:00-16:00"], ["Mon 15:00-16:00", ""])
    need, offer = np.array([[0], [1]]), np.array([[0, 1]])
    assert minutes.are_known(need, offer).tolist() == [[False, False], [True, False]]
    assert minutes.of_pairs(need, offer).tolist() == [[0, 0], [60, 0]]


def test_a_need_states_the_sum_of_its_windows() -> None:
    minutes = SharedMinutes(["", "Mon 15:00-16:00|Tue 09:00-09:25"], ["Sun 09:00-10:00"])
    assert minutes.need_minutes.tolist() == [0, 85]


def test_tables_too_large_to_hold_are_multiplied_pair_by_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "_MOST_CELLS", -1)
    assert shared("Mon 15:00-16:00|Wed 15:00-16:00", "Mon 15:30-17:00|Wed 14:00-15:45") == 75


def test_no_schedules_at_all_are_no_error() -> None:
    minutes = SharedMinutes(["", ""], [""])
    assert minutes.of_pairs(np.array([0, 1]), np.array([0, 0])).tolist() == [0, 0]
    assert not minutes.are_known(np.array([0, 1]), np.array([0, 0])).any()


_WINDOWS = st.tuples(st.sampled_from(DAYS), st.integers(0, 1438), st.integers(1, 600))


def _cell(windows: list[tuple[str, int, int]]) -> str:
    clocks = [(day, start, min(start + length, 1439)) for day, start, length in windows]
    return "|".join(
        f"{day} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for day, start, end in clocks
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(_WINDOWS, max_size=4).map(_cell), min_size=4, max_size=4))
def test_shared_minutes_are_those_counted_one_by_one(cells: list[str]) -> None:
    minutes = SharedMinutes(cells[:2], cells[2:])
    open_at = [{m for start, end in parse_schedule(cell) for m in range(start, end)} for cell in cells]
    found = minutes.of_pairs(np.array([[0], [1]]), np.array([[0, 1]]))
    assert found.tolist() == [[len(open_at[need] & open_at[offer]) for offer in (2, 3)] for need in (0, 1)]
