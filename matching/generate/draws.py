"""Small draws that most tables need: which rows have something, and columns that are blank in the others."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def some(rng: np.random.Generator, count: int, share: float) -> Bools:
    """Return which of `count` rows are chosen, about `share` of them."""
    return rng.random(count) < share


def stated(rng: np.random.Generator, values: ArrayLike, share: float) -> Floats:
    """Return the numbers, NaN (a blank cell) in all but about `share` of the rows."""
    numbers = np.asarray(values, dtype=np.float64)
    return np.where(some(rng, len(numbers), share), numbers, np.nan)


def stated_days(
    rng: np.random.Generator, values: NDArray[np.datetime64], share: float
) -> NDArray[np.datetime64]:
    """Return the days, NaT (a blank cell) in all but about `share` of the rows."""
    return np.where(some(rng, len(values), share), values, np.datetime64("NaT"))
