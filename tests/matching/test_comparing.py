"""Two plans side by side."""

import pandas as pd

from matching.comparing import MatchChange, Taken, compare_plans, slots_by_school
from tests.districts import make_district, make_need


def plan(*matches: tuple[str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(matches, columns=["need_id", "offer_id", "slots"]).astype({"slots": "int64"})


def test_matches_are_told_apart_by_what_becomes_of_them() -> None:
    before = plan(("n0", "o0", 3), ("n1", "o1", 2), ("n2", "o2", 1))
    after = plan(("n0", "o0", 3), ("n1", "o1", 4), ("n3", "o3", 5))
    found = compare_plans(before, after)
    assert found.changes == (
        MatchChange("n1", "o1", 2, 4),
        MatchChange("n2", "o2", 1, 0),
        MatchChange("n3", "o3", 0, 5),
    )
    assert (found.num_same, found.num_only_before, found.num_only_after, found.num_resized) == (1, 1, 1, 1)


def test_lost_slots_are_followed_to_where_their_offer_gives_more() -> None:
    before = plan(("n0", "o0", 6), ("n1", "o0", 1))
    after = plan(("n1", "o0", 2), ("n2", "o0", 5), ("n2", "o1", 9))
    lost = compare_plans(before, after).changes[0]
    assert lost == MatchChange("n0", "o0", 6, 0, (Taken("n2", 5), Taken("n1", 1)))


def test_need_that_changes_its_partner_alone_loses_nothing() -> None:
    found = compare_plans(plan(("n0", "o0", 3)), plan(("n0", "o1", 3)))
    assert len(found.changes) == 2
    assert found.by_need == {}


def test_schools_win_and_lose_what_their_needs_do() -> None:
    needs = [
        make_need("n0", school_id="s0"),
        make_need("n1", school_id="s0"),
        make_need("n2", school_id="s1"),
    ]
    by_need = {"n0": (3, 0), "n1": (0, 1), "n2": (0, 2), "gone": (9, 0)}
    assert slots_by_school(make_district(needs), by_need) == {"s0": (3, 1), "s1": (0, 2)}


def test_empty_plans_do_not_differ() -> None:
    found = compare_plans(plan(), plan())
    assert (found.changes, found.num_same, found.by_need) == ((), 0, {})
