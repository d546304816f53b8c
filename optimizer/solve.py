"""From a problem to an allocation: levels first, then keep, even and fit, with what is proven of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from optimizer.allocation import Allocation, Level, Line
from optimizer.bounds import level_bounds, most_alone
from optimizer.levels import fill_levels
from optimizer.lines import Bounds, best_lines, line_bounds
from optimizer.locks import fitting_locks
from optimizer.network import build, flow_of
from optimizer.problem import NO_LIMIT, Ints, Problem
from optimizer.repair import firm, firm_low, repair
from optimizer.rules import group_rules
from optimizer.values import even_floor, even_value, fit_value, keep_value, levels_filled

Effort = Literal["quick", "standard", "thorough"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)
Progress = Callable[[str, float], None]


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
        Called with the name of the phase and the share of the work that is done, 0 to 1.

    Raises
    ------
    ValueError
        The effort is unknown, the seed is negative or the cap is not positive.
    """
    _check(effort, seed, max_seconds)
    tell = progress or _tell_nobody
    tell("levels", 0.0)
    locks = fitting_locks(problem)
    high = np.full(problem.num_pairs, NO_LIMIT) if problem.pair_max_slots is None else problem.pair_max_slots
    high = np.maximum(high, locks)
    network = build(problem, locks, high)
    locked = flow_of(network, problem, locks)
    flow = fill_levels(network, locked)
    slots = network.slots(flow, problem.num_pairs)
    together = np.cumsum(flow[network.at.levels])
    rules = group_rules(problem, locks)
    if not rules.can_bind:
        tell("lines", 0.2)
        slots = best_lines(problem, network, slots, even=even)
        bounds = _exact(problem, slots, even=even)
        level_bound = levels_filled(problem, slots)
    else:
        tell("repair", 0.1)
        slots = repair(problem, rules, locks, slots, rounds=6)
        tell("lines", 0.5)
        is_firm = firm(problem, rules, slots)
        support = build(problem, firm_low(problem, rules, locks, slots, is_firm), np.where(is_firm, high, 0))
        slots = support.slots(fill_levels(support, flow_of(support, problem, slots)), problem.num_pairs)
        slots = best_lines(problem, support, slots, even=even)
        tell("bounds", 0.7)
        alone = most_alone(network, locked)
        level_bound = level_bounds(problem.level_needed, alone, together, levels_filled(problem, slots))
        bounds = line_bounds(problem, network, slots, even=even)
    tell("done", 1.0)
    return _allocation(problem, slots, locks, level_bound, bounds, even)


def _exact(problem: Problem, slots: Ints, *, even: bool) -> Bounds:
    least_even = even_value(problem, slots) if even else even_floor(problem, slots)
    return Bounds(keep_value(problem, slots), least_even, fit_value(problem, slots))


def _allocation(
    problem: Problem, slots: Ints, locks: Ints, level_bound: Ints, bounds: Bounds, even: bool
) -> Allocation:
    needed, filled = problem.level_needed.tolist(), levels_filled(problem, slots).tolist()
    levels = tuple(
        Level(*level, proven=level[1] == level[2])
        for level in zip(needed, filled, level_bound.tolist(), strict=True)
    )
    values = (keep_value(problem, slots), even_value(problem, slots), fit_value(problem, slots))
    keep, evenness, fit = (
        Line(value, bound, proven=value == bound) for value, bound in zip(values, bounds, strict=True)
    )
    is_proven = all(level.proven for level in levels) and all(
        line.proven for line in ((keep, evenness, fit) if even else (keep, fit))
    )
    return Allocation(
        slots=slots,
        levels=levels,
        keep=keep,
        even=evenness,
        fit=fit,
        locks_cut=np.zeros_like(locks) if problem.pair_locked is None else problem.pair_locked - locks,
        status="optimal" if is_proven else "feasible",
        stopped_by_clock=False,
        work={},
    )


def _check(effort: str, seed: int, max_seconds: float | None) -> None:
    if effort not in EFFORTS:
        raise ValueError(f"effort: expected one of {', '.join(EFFORTS)}, got {effort!r}.")
    if seed < 0:
        raise ValueError(f"seed: expected 0 or more, got {seed}.")
    if max_seconds is not None and not max_seconds > 0:
        raise ValueError(f"max_seconds: expected more than 0, got {max_seconds}.")


def _tell_nobody(phase: str, share: float) -> None:
    """Take no notice of the progress."""
