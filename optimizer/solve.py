"""From a problem to an allocation: levels first, then keep, even and fit, with what is proven of each."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from optimizer.allocation import Allocation, Level, Progress
from optimizer.bounds import LevelBounds, fit_ceiling
from optimizer.judge import judged, levels_reached
from optimizer.lines import Bounds, best_lines, line_bounds
from optimizer.network import Network
from optimizer.polish import Polish
from optimizer.prepared import Prepared
from optimizer.problem import Ints, Problem
from optimizer.repair import repair
from optimizer.rules import Rules
from optimizer.search import Search, budget_for
from optimizer.usable import refuse, usable_slots
from optimizer.values import even_floor, even_value, fit_value, keep_value, levels_filled

Effort = Literal["quick", "standard", "thorough"]
QUICK_PAIRS = 100_000
"""With more pairs a quick effort takes bounds of keep, even and fit that need no solver."""
EFFORTS: tuple[Effort, ...] = get_args(Effort)


def allocate(
    problem: Problem,
    *,
    even: bool = True,
    effort: Effort = "standard",
    seed: int = 0,
    max_seconds: float | None = None,
    progress: Progress | None = None,
) -> Allocation:
    """Return an allocation that breaks no rule, the best that is found in the order of the objective.

    Without group rules that can bind it is exact. With them it keeps to ``effort``, counted in work and not
    in time: the same problem, effort and seed give the same bytes.

    Parameters
    ----------
    even
        Whether unmet slots are spread evenly over (school, level) before the fit counts.
    seed
        Of the search with group rules, 0 or more.
    max_seconds
        A safety cap on the search; the steps before and after it take their time.
    progress
        Told the phase, the share of the work that is done and, once there are any, the slots filled at each level.

    Raises
    ------
    ValueError
        The effort is unknown, the seed is negative or the cap is not positive.
    """
    _check(effort, seed, max_seconds)
    run = _Run(problem, even, effort, seed, _Clock(max_seconds), progress or _tell_nobody)
    run.progress("levels", 0.0)
    prepared = Prepared.of(problem)
    network, flow = prepared.network, prepared.filled()
    slots = network.slots(flow, problem.num_pairs)
    if not prepared.rules.can_bind:
        return run.exactly(network, slots, prepared.locks)
    rules = refuse(prepared.rules, prepared.usable)
    return run.under_rules(rules, network, prepared.level_bounds(flow), slots, prepared.locks)


class _Clock:
    """Says when the time of a search is over, and remembers having said so."""

    def __init__(self, max_seconds: float | None) -> None:
        self.end = math.inf if max_seconds is None else time.monotonic() + max_seconds
        self.has_stopped = False

    def is_over(self) -> bool:
        self.has_stopped = self.has_stopped or time.monotonic() > self.end
        return self.has_stopped


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One call of `allocate`."""

    problem: Problem
    even: bool
    effort: Effort
    seed: int
    clock: _Clock
    progress: Progress

    def exactly(self, network: Network, slots: Ints, locks: Ints) -> Allocation:
        """Return the optimum of a problem without group rules from the most ``slots`` by level."""
        problem = self.problem
        filled = levels_filled(problem, slots)
        self.progress("lines", 0.2, levels_reached(problem, slots, filled))
        slots = best_lines(problem, network, slots, even=self.even)
        least_even = even_value(problem, slots) if self.even else even_floor(problem, slots)
        bounds = Bounds(keep_value(problem, slots), least_even, fit_value(problem, slots))
        return self.result(slots, locks, filled, bounds, {})

    def under_rules(
        self, rules: Rules, network: Network, level_bounds: LevelBounds, slots: Ints, locks: Ints
    ) -> Allocation:
        """Return an allocation that keeps the group rules too, from the most ``slots`` by level without them."""
        problem, budget = self.problem, budget_for(self.effort, self.problem)

        def tell(phase: str, share: float, slots: Ints) -> None:
            bounds = level_bounds.of(levels_filled(problem, slots))
            self.progress(phase, share, levels_reached(problem, slots, bounds))

        self.progress("repair", 0.1)
        # What the search builds on decides most of the fit that the last line can still reach.
        slots = best_lines(problem, network, slots, even=False)
        slots = repair(problem, rules, locks, slots, budget.repairs)
        search = Search(
            problem,
            rules,
            locks,
            level_bounds,
            budget,
            np.random.default_rng(self.seed),
            self.clock.is_over,
            lambda share, slots: tell("search", 0.2 + 0.5 * share, slots),
        )
        slots = search.improve(slots)
        tell("lines", 0.7, slots)
        slots = Polish(search, even=self.even).improve(slots)
        tell("bounds", 0.8, slots)
        search.bound(slots)
        if self.effort == "quick" and problem.num_pairs > QUICK_PAIRS:
            ceiling = fit_ceiling(problem, usable_slots(problem, rules, locks), levels_filled(problem, slots))
            bounds = Bounds(0, even_floor(problem, slots), ceiling)
        else:
            bounds = line_bounds(problem, network, slots, even=self.even)
        return self.result(slots, locks, level_bounds.of(levels_filled(problem, slots)), bounds, search.work)

    def result(
        self, slots: Ints, locks: Ints, level_bounds: Ints, bounds: Bounds, work: Mapping[str, int]
    ) -> Allocation:
        """Return the allocation with what is proven of it."""
        allocation = judged(self.problem, slots, locks, level_bounds, bounds, even=self.even)
        self.progress("done", 1.0, allocation.levels)
        return replace(allocation, stopped_by_clock=self.clock.has_stopped, work=dict(work))


def _check(effort: str, seed: int, max_seconds: float | None) -> None:
    if effort not in EFFORTS:
        raise ValueError(f"effort: expected one of {', '.join(EFFORTS)}, got {effort!r}.")
    if seed < 0:
        raise ValueError(f"seed: expected 0 or more, got {seed}.")
    if max_seconds is not None and not max_seconds > 0:
        raise ValueError(f"max_seconds: expected more than 0, got {max_seconds}.")


def _tell_nobody(phase: str, share: float, levels: Sequence[Level] = (), /) -> None:
    """Take no notice of the progress."""
