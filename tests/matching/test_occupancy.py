"""What running partnerships hold, and each group rule alone: once out of the way, once in it."""

import numpy as np
import pytest

from matching.occupancy import Occupancy
from matching.vocabulary import Rule
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import make_facts


def running(need_id: str, offer_id: str, slots: int, status: str = "active") -> Row:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": status}


def blocking(
    need: Row,
    offer: Row,
    partnerships: list[Row],
    *,
    school: Row | None = None,
    partner: Row | None = None,
) -> set[Rule]:
    """Return what blocks need n0 of school s0 and offer o0 of partner p0.

    Beside them: needs n1 of s0 and n2 of s1, each of ten slots, and offers o1 of p1 and o2 of p0.
    """
    district = make_district(
        [make_need() | need, make_need(slots=10), make_need(slots=10, school_id="s1")],
        [make_offer() | offer, make_offer(partner_id="p1"), make_offer(partner_id="p0")],
        schools=[make_school() | (school or {})],
        partners=[make_partner() | (partner or {})],
        partnerships=partnerships,
    )
    facts, first = make_facts(district), np.array([0])
    masks = Occupancy(district, facts).blocks(facts, first, first)
    return {rule for rule, mask in masks.items() if mask[0]}


@pytest.mark.parametrize(
    ("rule", "need", "offer", "free", "held"),
    [
        (Rule.CAPACITY, {}, {"slots": 5}, [running("n1", "o0", 4)], [running("n1", "o0", 5)]),
        (
            Rule.TRAINED_CAPACITY,
            {},
            {"slots": 5, "trained_slots": 2},
            [running("n1", "o0", 1)],
            [running("n1", "o0", 2)],
        ),
        (Rule.NEED_SLOTS, {"slots": 5}, {}, [running("n0", "o1", 4)], [running("n0", "o1", 5)]),
        (
            Rule.MIN_MATCH,
            {},
            {"slots": 5, "min_slots": 3},
            [running("n1", "o0", 2)],
            [running("n1", "o0", 3)],
        ),
        (
            Rule.MIN_NEED,
            {"slots": 5, "min_slots": 4, "max_partners": 1},
            {"slots": 5},
            [running("n1", "o0", 1)],
            [running("n1", "o0", 2)],
        ),
        (Rule.MAX_PARTNERS, {"max_partners": 1}, {}, [running("n1", "o1", 1)], [running("n0", "o1", 1)]),
    ],
)
def test_a_group_rule_blocks_what_running_partnerships_leave_no_room_for(
    rule: Rule, need: Row, offer: Row, free: list[Row], held: list[Row]
) -> None:
    assert blocking(need, offer, free) == set()
    assert blocking(need, offer, held) == {rule}


def test_a_school_with_all_the_partners_it_takes_is_open_to_those_it_has() -> None:
    school: Row = {"max_partners": 1}
    assert blocking({}, {}, [running("n1", "o1", 1)], school=school) == {Rule.MAX_PARTNERS}
    assert blocking({}, {}, [running("n1", "o2", 1)], school=school) == set()
    assert blocking({}, {}, [running("n2", "o1", 1)], school=school) == set()


def test_a_partner_at_all_the_schools_it_takes_can_do_more_there() -> None:
    partner: Row = {"max_schools": 1}
    assert blocking({}, {}, [running("n2", "o2", 1)], partner=partner) == {Rule.MAX_SCHOOLS}
    assert blocking({}, {}, [running("n1", "o2", 1)], partner=partner) == set()
    assert blocking({}, {}, [running("n2", "o1", 1)], partner=partner) == set()


def test_a_running_pair_may_grow_by_less_than_the_least_match() -> None:
    offer: Row = {"slots": 5, "min_slots": 3}
    assert blocking({}, offer, [running("n0", "o0", 4)]) == set()


def test_a_need_that_several_may_fill_together_blocks_no_one_for_its_least() -> None:
    need: Row = {"slots": 5, "min_slots": 4}
    assert blocking(need, {"slots": 5}, [running("n1", "o0", 3)]) == set()


@pytest.mark.parametrize("status", ["proposed", "ended", "declined"])
def test_only_active_and_paused_partnerships_hold_anything(status: str) -> None:
    assert blocking({}, {}, [running("n1", "o0", 5, status)]) == set()
    assert blocking({}, {}, [running("n1", "o0", 5, "paused")]) == {Rule.CAPACITY}


def test_free_slots_for_mentoring_are_the_trained_ones_that_no_mentee_has() -> None:
    needs = [make_need(), make_need(), make_need(kind="tutoring")]
    offer = make_offer(slots=10, trained_slots=4, kinds=["mentoring", "tutoring"])
    held = [running("n1", "o0", 2), running("n2", "o0", 3)]
    district = make_district(needs, [offer], partnerships=held)
    facts = make_facts(district)
    occupancy, zeros = Occupancy(district, facts), np.zeros(3, np.int64)
    # 10 - 2 - 3 = 5 slots are free, but of the 4 trained ones only 4 - 2 = 2.
    assert occupancy.free_slots(facts, np.arange(3), zeros).tolist() == [2, 2, 5]
    assert occupancy.left(zeros).tolist() == [5, 5, 5]
    assert occupancy.slots_here(facts, np.arange(3), zeros).tolist() == [0, 2, 3]
    assert occupancy.open_slots(np.arange(3)).tolist() == [5, 3, 2]
