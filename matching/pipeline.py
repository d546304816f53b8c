"""From a district to an allocation that is audited and explained: read `match` top to bottom."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

import numpy as np
import pandas as pd

import optimizer
from embeddings import CachedEncoder, Encoder, SentenceEncoder
from matching.allocation import (
    Allocation,
    LevelResult,
    LineResult,
    locks_cut_of,
    matches_of,
    problem_of,
)
from matching.audit import Audit, audit_matches
from matching.candidates import find_candidates, scorer_of
from matching.district import District
from matching.explain import match_reasons
from matching.facts import facts_of
from matching.levels import Locks, level_of_needs, locks_of
from matching.policy import Policy
from matching.priority import priorities_of
from matching.texts import Texts
from matching.unmet import unmet_needs

Progress = Callable[[str, float], None]
Effort = Literal["quick", "standard", "thorough"]


@dataclass(frozen=True, slots=True)
class Run:
    """How one run is done: the date all rules see, the effort, the seed and the safety cap in seconds."""

    on: date = field(default_factory=date.today)
    effort: Effort = "standard"
    seed: int = 0
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown effort."""
        if self.effort not in get_args(Effort):
            raise ValueError(f"Effort: expected one of {', '.join(get_args(Effort))}, got {self.effort}.")


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
        Called with the name of a stage and the share of it that is done, 0 to 1.
    """
    policy, run = policy or Policy(), run or Run()
    encoder = encoder or CachedEncoder(SentenceEncoder())
    clock = _Clock()
    with clock.stage("prepare"):
        facts = facts_of(district, policy.rules, run.on)
        priorities = priorities_of(district, policy.priority)
        locks = locks_of(district)
        levels = level_of_needs(facts.needs.kind, priorities["priority"].to_numpy(), policy.objective.levels)
    with clock.stage("embed"):
        texts = Texts(district, encoder, progress)
        scorer = scorer_of(district, facts, texts, policy)
    with clock.stage("candidates"):
        candidates = find_candidates(scorer, progress)
    with clock.stage("allocate"):
        problem = problem_of(scorer, candidates, locks, levels)
        answer = optimizer.allocate(
            problem,
            even=policy.objective.even,
            effort=run.effort,
            seed=run.seed,
            max_seconds=run.max_seconds,
            progress=progress,
        )
    with clock.stage("explain"):
        used = np.flatnonzero(answer.slots)
        pairs = scorer.score(problem.pair_need[used], problem.pair_offer[used])
        matches = matches_of(district, pairs, answer.slots[used])
        matches["reason"] = match_reasons(district, facts, scorer.partnership, pairs)
        unmet = unmet_needs(district, scorer, problem, answer.slots, priorities)
    with clock.stage("audit"):
        audit = audit_matches(district, matches, scorer, priorities["priority"].to_numpy())
    return Matching(
        district=district,
        policy=policy,
        run=run,
        model=encoder.name,
        priorities=priorities,
        allocation=_allocation(district, policy, answer, matches, locks),
        unmet=unmet,
        audit=audit,
        bounds_over=candidates.bounds_over,
        num_candidates=problem.num_pairs,
        timings=clock.seconds,
    )


def _allocation(
    district: District,
    policy: Policy,
    answer: optimizer.Allocation,
    matches: pd.DataFrame,
    locks: Locks,
) -> Allocation:
    return Allocation(
        matches=matches,
        levels=tuple(
            LevelResult(name, level.needed, level.filled, level.bound, level.proven)
            for name, level in zip(policy.objective.levels, answer.levels, strict=True)
        ),
        even=LineResult(answer.even.value, answer.even.bound, answer.even.proven),
        fit=LineResult(answer.fit.value, answer.fit.bound, answer.fit.proven),
        status=answer.status,
        stopped_by_clock=answer.stopped_by_clock,
        locks_cut=locks_cut_of(district, locks, matches),
    )


class _Clock:
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
