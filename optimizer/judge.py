"""An allocation with what is proven of it, from its slots and what bounds them."""

from __future__ import annotations

from optimizer.allocation import Allocation, Level, Line
from optimizer.lines import Bounds
from optimizer.problem import Ints, Problem
from optimizer.values import even_value, fit_value, keep_value, levels_filled


def levels_reached(problem: Problem, slots: Ints, bounds: Ints) -> tuple[Level, ...]:
    """Return what ``slots`` fill at each level beside what can be filled there, proven where they are equal."""
    columns = (problem.level_needed, levels_filled(problem, slots), bounds)
    return tuple(
        Level(needed, filled, bound, proven=filled == bound)
        for needed, filled, bound in zip(*(column.tolist() for column in columns), strict=True)
    )


def judged(
    problem: Problem, slots: Ints, locks: Ints, level_bounds: Ints, bounds: Bounds, *, even: bool
) -> Allocation:
    """Return ``slots`` as an allocation, proven where a value equals its bound.

    Parameters
    ----------
    locks
        The locked slots that are kept.
    level_bounds, bounds
        What no allocation can better, by level and by line.
    even
        Whether even has to be proven too for the allocation to be optimal.
    """
    levels = levels_reached(problem, slots, level_bounds)
    values = (keep_value(problem, slots), even_value(problem, slots), fit_value(problem, slots))
    keep, evenness, fit = (
        Line(value, bound, proven=value == bound) for value, bound in zip(values, bounds, strict=True)
    )
    asked = (keep, evenness, fit) if even else (keep, fit)
    is_proven = all(level.proven for level in levels) and all(line.proven for line in asked)
    return Allocation(
        slots=slots,
        levels=levels,
        keep=keep,
        even=evenness,
        fit=fit,
        locks_cut=0 * locks if problem.pair_locked is None else problem.pair_locked - locks,
        status="optimal" if is_proven else "feasible",
        stopped_by_clock=False,
        work={},
    )
