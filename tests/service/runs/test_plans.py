"""Plans taken up again: each once, the last ones kept, and the same as they were made."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event

import numpy as np
import pytest

from embeddings import WordHashEncoder
from matching import read_district
from matching.pipeline import Basis, Run, match
from matching.rematching import rematch
from service.runs.plans import Plans, take_up
from service.runs.proposals import ENDED, proposals
from tests.districts import make_district, make_need, make_offer
from tests.service.runs.jobs import FIXTURES, ON, make_job, snapshot


def some_basis() -> Basis:
    return match(
        make_district([make_need()], [make_offer()]), run=Run(on=ON), encoder=WordHashEncoder()
    ).basis


def locked(basis: Basis) -> list[int] | None:
    slots = basis.problem.pair_locked
    return None if slots is None else slots.tolist()


def test_who_asks_while_a_plan_is_taken_up_waits_for_it() -> None:
    plans, made, asked = Plans(), [], Event()

    def take() -> Basis:
        assert asked.wait(30)
        made.append(some_basis())
        return made[0]

    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(plans.basis, ("run", 0), take) for _ in range(4)]
        asked.set()
        assert [one.result() for one in found] == made * 4
    assert len(made) == 1


def test_the_plans_asked_about_last_are_kept() -> None:
    plans, taken = Plans(most=2), []
    basis = some_basis()

    def ask(run: str) -> None:
        def take() -> Basis:
            taken.append(run)
            return basis

        plans.basis((run, 0), take)

    for run in "abacab":
        ask(run)
    assert taken == ["a", "b", "c", "b"]


def test_a_plan_that_cannot_be_taken_up_is_tried_again() -> None:
    plans = Plans()

    def fail() -> Basis:
        raise ValueError("no plan")

    with pytest.raises(ValueError, match="no plan"):
        plans.basis(("run", 0), fail)
    basis = some_basis()
    assert plans.basis(("run", 0), lambda: basis) is basis


@pytest.mark.parametrize("kind", ["match", "rematch"])
def test_a_plan_taken_up_is_the_one_that_was_made(kind: str) -> None:
    on = ON if kind == "match" else date(2027, 1, 15)
    district = read_district(FIXTURES / "tiny")
    run, encoder = Run(on=on, effort="quick"), WordHashEncoder()
    if kind == "match":
        made = match(district, run=run, encoder=encoder)
    else:
        made = rematch(district, run=run, encoder=encoder).matching
    found = take_up(make_job(kind, on=on), made.allocation.matches)
    assert np.array_equal(found.slots, made.basis.slots)
    assert np.array_equal(found.problem.pair_fit, made.basis.problem.pair_fit)
    assert locked(found) == locked(made.basis)


def test_a_plan_proposes_its_matches_and_the_ends_of_what_it_leaves_out() -> None:
    first, *rest = proposals(snapshot("tiny"), [], [])
    assert [first["planned"], first["reason"]] == [0, ENDED]
    need, offer = str(first["need_id"]), str(first["offer_id"])
    planned = {
        "need_id": need,
        "offer_id": offer,
        "slots": "2",
        "fit": "0.5",
        "similarity": "0.4",
        "reason": "Fit.",
    }
    kept, *others = proposals(snapshot("tiny"), [planned], [])
    assert (kept["number"], kept["planned"], kept["ran"], kept["reason"]) == (1, 2, first["ran"], "Fit.")
    assert len(others) == len(rest)
    changed = {"need_id": need, "offer_id": offer, "reason": "Its slots do more elsewhere."}
    assert next(proposals(snapshot("tiny"), [], [changed]))["reason"] == "Its slots do more elsewhere."
