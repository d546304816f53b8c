"""The values of an allocation in each line of the objective."""

from __future__ import annotations

import numpy as np

from optimizer.network import groups
from optimizer.problem import NUM_LEVELS, Ints, Problem, sum_by

MILLION = 1_000_000


def levels_filled(problem: Problem, slots: Ints) -> Ints:
    """Return the slots filled at each of the ten levels."""
    return sum_by(problem.need_level[problem.pair_need], slots, NUM_LEVELS)


def keep_value(problem: Problem, slots: Ints) -> int:
    """Return the slots taken from incumbents."""
    if problem.pair_incumbent is None:
        return 0
    return int(np.maximum(problem.pair_incumbent - slots, 0).sum())


def even_value(problem: Problem, slots: Ints) -> int:
    """Return the sum over (school, level) of unmet squared / needed, each in whole millionths."""
    needed, unmet, _ = _unmet(problem, slots)
    return int(unevenness(needed, unmet).sum())


def even_floor(problem: Problem, slots: Ints) -> int:
    """Return what `even_value` cannot be below if each level fills as many slots as ``slots`` does.

    With unmet spread over a level in proportion to needed, the sum is unmet squared / needed of the level
    (Cauchy and Schwarz); rounding each (school, level) down takes less than one millionth from each.
    """
    needed, unmet, level = _unmet(problem, slots)
    level_needed, level_unmet = (sum_by(level, part, NUM_LEVELS) for part in (needed, unmet))
    least = [
        int(part) ** 2 * MILLION // int(whole)
        for part, whole in zip(level_unmet, level_needed, strict=True)
        if whole
    ]
    return max(sum(least) - len(needed), 0)


def fit_value(problem: Problem, slots: Ints) -> int:
    """Return the sum of slots times fit, in millionths."""
    return int((problem.pair_fit * slots).sum())


def unevenness(needed: Ints, unmet: Ints) -> Ints:
    """Return unmet squared / needed in whole millionths: convex in unmet, as needed is at most a million."""
    return unmet * unmet * MILLION // needed


def _unmet(problem: Problem, slots: Ints) -> tuple[Ints, Ints, Ints]:
    group_level, group = groups(problem)
    filled = sum_by(group[problem.pair_need], slots, len(group_level))
    needed = sum_by(group, problem.need_slots, len(group_level))
    return needed, needed - filled, group_level
