"""Slots of later needs: those that a lock holds, and those that a search did not free."""

import numpy as np
import pandas as pd

from matching.allocation import problem_of
from matching.candidates import find_candidates
from matching.levels import locks_of
from matching.unmet import unmet_needs
from tests.districts import make_district, make_need, make_offer
from tests.matching.cases import make_policy, make_scorer, run_match


def test_trained_slots_locked_for_a_later_need_are_not_said_to_be_held_by_the_search() -> None:
    needs = [
        make_need(slots=2, priority=1),
        make_need(slots=3, priority=5),
        make_need(slots=3, priority=5, kind="tutoring"),
    ]
    offer = make_offer(slots=6, trained_slots=3, kinds=["mentoring", "tutoring"])
    locked = {"need_id": "n1", "offer_id": "o0", "slots": 3, "status": "active", "locked": True}
    unmet = run_match(make_district(needs, [offer], partnerships=[locked])).unmet.set_index("need_id")
    # All 3 trained slots are locked, and the 3 that go to tutoring have no trained mentor.
    assert unmet.at["n0", "cause"] == "capacity"
    assert "3 to locked matches of needs that come later" in str(unmet.at["n0", "detail"])
    assert "Later levels" not in str(unmet.at["n0", "detail"])


def test_slots_that_a_plan_gives_to_a_later_need_are_named() -> None:
    district = make_district([make_need(slots=2), make_need(slots=3)], [make_offer(slots=3)])
    scorer = make_scorer(district, make_policy(fit={"floor": 0}))
    problem = problem_of(scorer, find_candidates(scorer), locks_of(district), np.array([0, 4]))
    priorities = pd.DataFrame({"priority": [1, 5], "priority_reason": ["given"] * 2})
    unmet = unmet_needs(scorer, problem, np.array([0, 3]), priorities)
    assert unmet["cause"][0] == "group_rule"
    assert "Later levels hold 3 slots of theirs" in unmet["detail"][0]
