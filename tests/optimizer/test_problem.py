import numpy as np
import pytest

from optimizer import Problem
from tests.optimizer.problems import make_problem


def test_caller_arrays_stay_writeable_and_the_problem_read_only() -> None:
    slots = np.array([3, 4])
    problem = make_problem([1, 1], [1], offer_slots=slots[:1])
    slots[0] = 9
    assert slots.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        problem.offer_slots[0] = 1


def test_problem_without_needs_or_offers_is_allowed() -> None:
    problem = make_problem([], [])
    assert (problem.num_needs, problem.num_offers, problem.num_pairs) == (0, 0, 0)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"need_slots": [1, 0]}, r"Need 1: slots must be >= 1, got 0\."),
        ({"need_slots": [1, 1_000_001]}, r"Need 1: slots must be <= 1000000, got 1000001\."),
        ({"need_level": [0, 10]}, r"Need 1: level must be <= 9, got 10\."),
        ({"need_level": [-1, 0]}, r"Need 0: level must be >= 0, got -1\."),
        ({"need_school": [0, -1]}, r"Need 1: school must be >= 0, got -1\."),
        ({"offer_slots": [0]}, r"Offer 0: slots must be >= 1, got 0\."),
        ({"offer_partner": [-3]}, r"Offer 0: partner must be >= 0, got -3\."),
        ({"pair_need": [0, 2], "pair_offer": [0, 0]}, r"Pair 1: need must be <= 1, got 2\."),
        ({"pair_need": [0, 1], "pair_offer": [0, 1]}, r"Pair 1: offer must be <= 0, got 1\."),
        ({"pair_fit": [5, -1]}, r"Pair 1: fit must be >= 0, got -1\."),
        ({"pair_max_slots": [-1, 0]}, r"Pair 0: max_slots must be >= 0, got -1\."),
        ({"pair_locked": [0, -1]}, r"Pair 1: locked must be >= 0, got -1\."),
        ({"pair_incumbent": [0, -1]}, r"Pair 1: incumbent must be >= 0, got -1\."),
        ({"offer_min_slots": [0]}, r"Offer 0: min_slots must be >= 1, got 0\."),
        ({"offer_trained_slots": [-1]}, r"Offer 0: trained_slots must be >= 0, got -1\."),
        ({"need_min_slots": [0, -1]}, r"Need 1: min_slots must be >= 0, got -1\."),
        ({"need_max_partners": [0, -1]}, r"Need 1: max_partners must be >= 0, got -1\."),
        ({"school_max_partners": [0, -1]}, r"School 1: max_partners must be >= 0, got -1\."),
        ({"partner_max_schools": [-1]}, r"Partner 0: max_schools must be >= 0, got -1\."),
        ({"need_level": [0]}, r"need_level: expected 2 entries, got 1\."),
        ({"school_max_partners": [1]}, r"school_max_partners: expected 2 entries, got 1\."),
        (
            {"pair_fit": [0.5, 1.0]},
            r"pair_fit: expected one dimension of whole numbers, got float64 \(2,\)\.",
        ),
        ({"pair_fit": None}, r"pair_fit: expected one dimension of whole numbers, got object \(\)\."),
        (
            {"need_slots": [1, [2]]},
            r"need_slots: expected one dimension of whole numbers, got rows of several lengths\.",
        ),
        ({"need_uses_trained": [0, 1]}, r"need_uses_trained: expected one dimension of booleans, got int64"),
        (
            {"pair_need": [1, 1], "pair_offer": [0, 0]},
            r"Pair 1: need 1 and offer 0 must be paired once, got them as pair 0 too\.",
        ),
        (
            {"need_slots": [10**6, 1], "need_school": [4, 4]},
            r"School 4: slots needed at level 0 must be <= 1000000, got 1000001\.",
        ),
    ],
)
def test_wrong_entry_is_named(arrays: dict[str, list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_problem(**{"needs": [1, 1], "offers": [1]} | arrays)


def test_more_limits_than_schools_and_partners_are_allowed() -> None:
    problem = make_problem([1], [1], school_max_partners=[1, 1, 1], partner_max_schools=[1, 1])
    assert isinstance(problem, Problem)
