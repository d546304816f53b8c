"""What no allocation can exceed at each level."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from optimizer.levels import fill_level
from optimizer.network import Network
from optimizer.problem import NUM_LEVELS, Ints, Problem


def most_alone(network: Network, flow: Ints) -> Ints:
    """Return the most slots that each level can fill if only the locks of the others are kept.

    Parameters
    ----------
    flow
        The flow of the locks alone.
    """
    alone = np.zeros(NUM_LEVELS, np.int64)
    for level in range(NUM_LEVELS):
        trial = flow.copy()
        fill_level(network, trial, level, alone=True)
        alone[level] = trial[network.at.levels[level]]
    return alone


@dataclass(slots=True, eq=False)
class LevelBounds:
    """What no allocation can exceed at a level, given what the levels before it fill.

    Parameters
    ----------
    needed
        Slots needed at each level.
    alone
        The most slots that each level fills if no other has any but its locks.
    together
        The most slots that each level and those before it fill together, locked slots included.
    shown
        Levels shown to be unable to fill more, as (slots of the levels before, most).
    """

    needed: Ints
    alone: Ints
    together: Ints
    shown: dict[int, tuple[list[int], int]] = field(default_factory=dict)

    def of(self, filled: Ints) -> Ints:
        """Return min(needed, alone, together less what the levels before fill), or what was shown to be less."""
        before = np.cumsum(filled) - filled
        bounds = np.minimum(np.minimum(self.needed, self.alone), self.together - before)
        for level, (earlier, most) in self.shown.items():
            if earlier == filled[:level].tolist():
                bounds[level] = min(bounds[level], most)
        return bounds

    def is_shown(self, level: int, filled: Ints) -> bool:
        """Whether something was shown of ``level`` where the levels before it fill as many as here."""
        return level in self.shown and self.shown[level][0] == filled[:level].tolist()

    def show(self, level: int, filled: Ints, most: int) -> None:
        """Remember that ``level`` fills ``most`` at most once the levels before it fill as many as here."""
        self.shown[level] = (filled[:level].tolist(), most)


def fit_ceiling(problem: Problem, most: Ints, filled: Ints) -> int:
    """Return what the fit cannot exceed at so many slots ``filled`` by level, without solving anything.

    Each need takes its best pairs, each level the best of its needs; offers are not counted.
    """
    order = np.lexsort((-problem.pair_fit, problem.pair_need))
    order = order[_room(problem.pair_need[order], most[order], problem.need_slots) > 0]
    width = _room(problem.pair_need[order], most[order], problem.need_slots)
    by_level = np.lexsort((-problem.pair_fit[order], problem.need_level[problem.pair_need[order]]))
    order, width = order[by_level], width[by_level]
    taken = _room(problem.need_level[problem.pair_need[order]], width, filled)
    return int(problem.pair_fit[order] @ taken)


def _room(owner: Ints, width: Ints, limit: Ints) -> Ints:
    """Return how much of each width its owner, sorted, still has room for, the first first."""
    if not len(owner):
        return width
    before = np.cumsum(width) - width
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    before -= np.repeat(before[starts], np.diff(np.r_[starts, len(owner)]))
    room: Ints = np.clip(limit[owner] - before, 0, width)
    return room
