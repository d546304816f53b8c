"""How alike two texts are, 0 to 1: for a calibrated model the probability that they belong together."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("calibration.json")
"""Made by ``python -m benchmarks.calibration``, which says from what and how well it holds."""
Scores: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the two sides of a text score count, and what their sum means.

    Parameters
    ----------
    dense, lexical, intercept
        The total is ``dense * cosine + lexical * coverage + intercept``.
    is_probability
        Whether the total is the log-odds that the pair is relevant. Otherwise it is itself how alike the texts are.
    """

    dense: float
    lexical: float
    intercept: float
    is_probability: bool

    def total(self, dense: Scores, lexical: Scores) -> Scores:
        """Return the weighted sum that pairs are ranked by."""
        weights = np.array([self.dense, self.lexical, self.intercept], np.float32)
        result: Scores = weights[0] * dense
        result += weights[1] * lexical
        result += weights[2]
        return result

    def similarity(self, total: Scores) -> Scores:
        """Return how alike the texts are, 0 to 1."""
        if not self.is_probability:
            return np.clip(total, np.float32(0), np.float32(1))
        odds: Scores = np.exp(-total)
        odds += np.float32(1)
        return np.divide(np.float32(1), odds, out=odds)


# With the bundled model, too, the lexical side counts more than twice the dense one; few pairs reach 1.
UNCALIBRATED = Calibration(dense=2 / 3, lexical=4 / 3, intercept=0.0, is_probability=False)
"""For a model without calibration: two thirds of cosine + 2 coverage, cut to 0 to 1; no probability."""


def calibration_of(model: str) -> Calibration:
    """Return the stored calibration if it was made with this very model, else `UNCALIBRATED`.

    Parameters
    ----------
    model
        The encoder's name, which tells its weights from others.
    """
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    if model not in stored:
        return UNCALIBRATED
    weights = stored[model]
    return Calibration(weights["dense"], weights["lexical"], weights["intercept"], is_probability=True)
