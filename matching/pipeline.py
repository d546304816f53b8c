"""From a district to an allocation that is audited and explained: read `match` top to bottom."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypedDict, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import optimizer
from embeddings import Encoder
from matching.allocation import (
    Allocation,
    LevelResult,
    LineResult,
    locks_cut_of,
    matches_of,
    problem_of,
)
from matching.audit import Audit, audit_matches
from matching.candidates import ALL, Scorer, find_candidates, scorer_of
from matching.district import District
from matching.explain import Explainer
from matching.levels import Locks, level_of_needs, locks_of
from matching.policy import Policy
from matching.priority import priorities_of
from matching.standing import as_of_now
from matching.unmet import unmet_needs

Progress = optimizer.Progress
Effort = Literal["quick", "standard", "thorough"]


@dataclass(frozen=True, slots=True)
class Run:
    """How one run is done: the date all rules see, the effort, the seed and the safety cap in seconds."""

    on: date = field(default_factory=date.today)
    effort: Effort = "standard"
    seed: int = 0
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown effort and a negative seed."""
        if self.effort not in get_args(Effort):
            raise ValueError(f"Effort: expected one of {', '.join(get_args(Effort))}, got {self.effort}.")
        if self.seed < 0:
            raise ValueError(f"Seed: expected 0 or more, got {self.seed}.")


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """What a plan was made of, for the questions that come after it; ``slots`` are those of each pair."""

    scorer: Scorer
    problem: optimizer.Problem
    slots: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """A district's allocation with everything that a coordinator is told about it.

    ``priorities`` has ``priority`` and ``priority_reason`` of every need; ``unmet`` a row a need with slots that no one
    fills; ``timings`` seconds a stage.
    """

    district: District
    policy: Policy
    run: Run
    model: str
    priorities: pd.DataFrame
    allocation: Allocation
    unmet: pd.DataFrame
    audit: Audit
    bounds_over: str
    num_candidates: int
    timings: dict[str, float]
    basis: Basis


def match(
    district: District,
    policy: Policy | None = None,
    *,
    run: Run | None = None,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> Matching:
    """Return the best allocation of all offers to all needs, audited and explained.

    Parameters
    ----------
    policy
        By default the project's own.
    run
        By default today, at standard effort.
    encoder
        By default the bundled model, with its vectors cached on disk.
    progress
        Called with the name of a stage, the share of it that is done (0 to 1) and, once known, what the levels reach.
    """
    prepared = prepare(
        as_of_now(district, policy or Policy()), policy or Policy(), run or Run(), encoder, progress
    )
    with prepared.clock.stage("allocate"):
        answer = optimizer.allocate(
            prepared.problem, max_seconds=prepared.run.max_seconds, progress=progress, **prepared.options
        )
    return conclude(prepared, answer)


class Options(TypedDict):
    """How the optimizer is asked to work."""

    even: bool
    effort: Effort
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A district's problem, and all that its answer is explained with."""

    scorer: Scorer
    run: Run
    priorities: pd.DataFrame
    bounds_over: str
    problem: optimizer.Problem
    clock: "Clock"

    @property
    def options(self) -> Options:
        """How the optimizer is asked to work."""
        return {"even": self.scorer.policy.objective.even, "effort": self.run.effort, "seed": self.run.seed}


def prepare(
    district: District,
    policy: Policy,
    run: Run,
    encoder: Encoder | None,
    progress: Progress | None,
    incumbents: Locks | None = None,
) -> Prepared:
    """Return the problem of a district without closed needs, with the slots of ``incumbents`` where there are any."""
    clock = Clock()
    with clock.stage("embed"):
        scorer = scorer_of(district, policy, run.on, encoder, progress)
    with clock.stage("priorities"):
        priorities = priorities_of(district, policy.priority)
        kind, priority = scorer.facts.needs.kind, priorities["priority"].to_numpy()
        levels = level_of_needs(kind, priority, policy.objective.levels)
    with clock.stage("candidates"):
        candidates = find_candidates(scorer, progress)
        problem = problem_of(scorer, candidates, locks_of(district), levels, incumbents)
    return Prepared(scorer, run, priorities, candidates.bounds_over, problem, clock)


def conclude(prepared: Prepared, answer: optimizer.Allocation) -> Matching:
    """Return the optimizer's answer in the district's words, audited and explained."""
    scorer, clock = prepared.scorer, prepared.clock
    is_whole = prepared.bounds_over == ALL
    with clock.stage("explain"):
        allocation = _allocation(scorer, prepared.problem, answer, is_whole=is_whole)
        unmet = unmet_needs(scorer, prepared.problem, answer.slots, prepared.priorities)
    with clock.stage("audit"):
        audit = audit_matches(allocation.matches, scorer, prepared.priorities["priority"].to_numpy())
    return Matching(
        district=scorer.district,
        policy=scorer.policy,
        run=prepared.run,
        model=scorer.texts.model,
        priorities=prepared.priorities,
        allocation=allocation,
        unmet=unmet,
        audit=audit,
        bounds_over=prepared.bounds_over,
        num_candidates=prepared.problem.num_pairs,
        timings=dict(clock.seconds),
        basis=Basis(scorer, prepared.problem, answer.slots),
    )


def _allocation(
    scorer: Scorer, problem: optimizer.Problem, answer: optimizer.Allocation, *, is_whole: bool
) -> Allocation:
    """Return the answer in the district's words; over a part of the candidates only, nothing is proven."""
    used = np.flatnonzero(answer.slots)
    pairs = scorer.score(problem.pair_need[used], problem.pair_offer[used])
    matches = matches_of(scorer.district, pairs, answer.slots[used])
    matches["reason"] = [reason.sentences for reason in Explainer(scorer).reasons(pairs)]
    return Allocation(
        matches=matches,
        levels=tuple(
            LevelResult(name, level.needed, level.filled, level.bound, level.proven and is_whole)
            for name, level in zip(scorer.policy.objective.levels, answer.levels, strict=True)
        ),
        even=LineResult(answer.even.value, answer.even.bound, answer.even.proven and is_whole),
        fit=LineResult(answer.fit.value, answer.fit.bound, answer.fit.proven and is_whole),
        status=answer.status if is_whole else "feasible",
        stopped_by_clock=answer.stopped_by_clock,
        locks_cut=locks_cut_of(scorer.district, locks_of(scorer.district), matches),
    )


class Clock:
    """Seconds of each stage, in the order they ran."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what runs inside."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - start, 3)
