"""The answer to `fixtures/tiny` is the one worked out by hand in its README."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from embeddings import WordHashEncoder
from matching.district import District
from matching.pipeline import Matching, Run, match
from matching.policy import Policy, policy_from_mapping
from matching.tables import read_district
from matching.vocabulary import LEVELS
from tests.matching.cases import ON, slots_by_pair

TINY = Path(__file__).parents[2] / "fixtures" / "tiny"


@pytest.fixture(scope="module")
def district() -> District:
    return read_district(TINY)


@pytest.fixture(scope="module")
def answer(district: District) -> Matching:
    return run(district)


def run(district: District, on: date = ON, **policy: object) -> Matching:
    """Match with the floor at 0.2: what belongs together says the same words, and lies far above."""
    rules: Policy = policy_from_mapping({"fit": {"floor": 0.2}, **policy})
    return match(district, rules, run=Run(on=on), encoder=WordHashEncoder())


def test_the_slots_are_those_worked_out_by_hand(answer: Matching) -> None:
    assert slots_by_pair(answer) == {
        ("N01", "O1"): 3,
        ("N02", "O1"): 3,
        ("N03", "O1"): 4,
        ("N04", "O2"): 2,
        ("N05", "O2"): 2,
        ("N07", "O4"): 3,
        ("N09", "O6"): 20,
    }


def test_the_levels_are_those_worked_out_by_hand(answer: Matching) -> None:
    levels = {level.name: (level.needed, level.filled, level.bound) for level in answer.allocation.levels}
    needed, filled, bound = levels.pop("other-4")
    assert (needed, filled) == (10, 0)
    assert 0 <= bound <= 10
    assert levels == {
        "mentoring-1": (4, 2, 2),
        "mentoring-2": (3, 0, 0),
        "mentoring-3": (10, 6, 6),
        "mentoring-4": (3, 2, 2),
        "mentoring-5": (0, 0, 0),
        "other-1": (8, 4, 4),
        "other-2": (3, 3, 3),
        "other-3": (20, 20, 20),
        "other-5": (0, 0, 0),
    }
    assert answer.allocation.even.value == 17_933_333


def test_the_gaps_have_the_causes_worked_out_by_hand(answer: Matching) -> None:
    unmet = answer.unmet
    assert list(zip(unmet["need_id"], unmet["slots_unmet"], unmet["cause"], strict=True)) == [
        ("N05", 2, "capacity"),
        ("N06", 3, "rules"),
        ("N01", 2, "capacity"),
        ("N02", 2, "capacity"),
        ("N04", 1, "rules"),
        ("N03", 2, "capacity"),
        ("N08", 2, "no_offer_of_kind"),
        ("N10", 10, "group_rule"),
    ]


@pytest.mark.parametrize(
    ("need_id", "figures"),
    [
        ("N05", "2 to this need already, 2 to locked matches of needs that come later"),
        ("N06", "None of 3 mentoring offers may come: other grades (2), agreement expired (1)"),
        ("N01", "trained slots are given: 3 to this need already, 3 to needs of the same level"),
        ("N02", "trained slots are given: 3 to this need already, 3 to needs of the same level"),
        ("N04", "other grades (2), above the budget (1), agreement expired (1)"),
        ("N03", "slots are given: 4 to this need already, 6 to needs that come first"),
        ("N08", "No partner offers event"),
        ("N10", "20 to needs that come first"),
        ("N10", "the partner has its most schools (max_schools) (1)"),
    ],
)
def test_the_gaps_give_the_figures_worked_out_by_hand(answer: Matching, need_id: str, figures: str) -> None:
    assert figures in str(answer.unmet.set_index("need_id").at[need_id, "detail"])


def test_the_blank_priority_is_computed_from_attendance_alone(answer: Matching, district: District) -> None:
    computed = answer.priorities.set_index(district.needs["need_id"]).loc["N05"]
    assert computed["priority"] == 1
    assert computed["priority_reason"] == "Computed from evidence: attendance 18% (benchmark 90%)."


def test_the_audit_only_warns_of_the_lock(answer: Matching) -> None:
    assert [(f.is_error, f.message, f.need_id, f.offer_id) for f in answer.audit.findings] == [
        (False, "Locked despite cost.", "N04", "O2")
    ]


def test_with_the_levels_swapped_tutoring_takes_the_shared_slots(district: District) -> None:
    found = slots_by_pair(run(district, objective={"levels": [*LEVELS[5:], *LEVELS[:5]]}))
    assert [found.get((need, "O1"), 0) for need in ("N01", "N02", "N03")] == [2, 2, 6]


def test_without_even_the_nearer_school_takes_all_it_asks(district: District) -> None:
    found = slots_by_pair(run(district, objective={"even": False}))
    assert (found["N01", "O1"], found["N02", "O1"]) == (5, 1)


def test_the_day_before_the_agreement_expires_its_mentors_come(district: District) -> None:
    assert slots_by_pair(run(district, on=date(2026, 8, 31)))["N06", "O3"] == 3


def test_without_the_lock_the_more_urgent_need_takes_its_slots(district: District) -> None:
    free = replace(district, partnerships=district.partnerships.assign(locked=False))
    found = slots_by_pair(run(free))
    assert found["N05", "O2"] == 4
    assert ("N04", "O2") not in found


def test_without_the_trained_limit_mentoring_takes_all_ten(district: District) -> None:
    offers = district.offers.assign(trained_slots=district.offers["slots"].astype("Int64"))
    found = slots_by_pair(run(replace(district, offers=offers)))
    assert (found["N01", "O1"], found["N02", "O1"]) == (5, 5)
    assert ("N03", "O1") not in found


def test_without_max_schools_both_schools_get_coats(district: District) -> None:
    partners = district.partners.assign(max_schools=pd.array([pd.NA] * 5, dtype="Int64"))
    found = slots_by_pair(run(replace(district, partners=partners)))
    assert (found["N09", "O6"], found["N10", "O6"]) == (20, 10)
