"""The level of each need, and which partnerships lock their slots."""

import numpy as np
import pytest

from matching.levels import level_of_needs, locks_of
from matching.vocabulary import KINDS, LEVELS, MENTORING
from tests.districts import make_district, make_need, make_offer


def test_mentoring_is_levels_one_to_five_and_everything_else_six_to_ten() -> None:
    kind = np.repeat(np.arange(len(KINDS)), 5)
    priority = np.tile(np.arange(1, 6), len(KINDS))
    found = level_of_needs(kind, priority, LEVELS).reshape(len(KINDS), 5)
    for row, levels in enumerate(found.tolist()):
        assert levels == ([0, 1, 2, 3, 4] if row == MENTORING else [5, 6, 7, 8, 9])


def test_levels_are_counted_in_the_policys_order() -> None:
    levels = ("other-1", *(name for name in LEVELS if name != "other-1"))
    kind, priority = np.array([MENTORING, KINDS.index("event"), MENTORING]), np.array([1, 1, 5])
    assert level_of_needs(kind, priority, levels).tolist() == [1, 0, 5]


@pytest.mark.parametrize("status", ["proposed", "active", "paused"])
def test_a_locked_partnership_holds_its_slots(status: str) -> None:
    row = {"need_id": "n0", "offer_id": "o0", "slots": 3, "status": status, "locked": True}
    locks = locks_of(make_district([make_need()], [make_offer()], partnerships=[row]))
    assert (locks.need.tolist(), locks.offer.tolist(), locks.slots.tolist()) == ([0], [0], [3])


@pytest.mark.parametrize(
    ("status", "locked"), [("ended", True), ("declined", True), ("active", False), ("proposed", None)]
)
def test_other_partnerships_hold_nothing(status: str, locked: bool | None) -> None:
    row = {"need_id": "n0", "offer_id": "o0", "slots": 3, "status": status, "locked": locked}
    assert len(locks_of(make_district([make_need()], [make_offer()], partnerships=[row])).slots) == 0


def test_locks_are_ordered_by_need_then_offer() -> None:
    pairs = [("n1", "o0"), ("n0", "o1"), ("n0", "o0")]
    rows = [
        {"need_id": need, "offer_id": offer, "slots": slots, "status": "active", "locked": True}
        for slots, (need, offer) in enumerate(pairs, start=1)
    ]
    locks = locks_of(make_district([make_need()] * 2, [make_offer()] * 2, partnerships=rows))
    assert list(zip(locks.need, locks.offer, locks.slots, strict=True)) == [(0, 0, 3), (0, 1, 2), (1, 0, 1)]
