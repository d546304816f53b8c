"""What no allocation can exceed at each level."""

from __future__ import annotations

import numpy as np

from optimizer.levels import fill_level
from optimizer.network import Network
from optimizer.problem import NUM_LEVELS, Ints


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


def level_bounds(needed: Ints, alone: Ints, together: Ints, filled: Ints) -> Ints:
    """Return min(needed, the most a level fills alone, the most with those before it less what they fill).

    Parameters
    ----------
    together
        The most slots that each level and those before it fill together, locked slots included.
    """
    before = np.cumsum(filled) - filled
    return np.minimum(np.minimum(needed, alone), together - before)
