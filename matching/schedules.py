"""The minutes a week that a need's and an offer's schedule share."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.values import parse_schedule

Index = NDArray[np.int64]

_CHUNK = 50_000
_MOST_CELLS = 20_000_000


class SharedMinutes:
    """Shared minutes of needs and offers, exact to the minute.

    The week is cut at every time that any schedule starts or ends; a schedule is the set of the pieces it
    covers, so what two share is a product of short rows weighted by the pieces' lengths. Only distinct
    schedules are multiplied: all with all where that table is small, else those of the pairs asked for.
    """

    def __init__(self, need_cells: Iterable[str], offer_cells: Iterable[str]) -> None:
        """Cut the week for the schedules of all needs and offers; a blank cell states none."""
        self._need_rows, needs = pd.factorize(np.array(list(need_cells), dtype=object))
        self._offer_rows, offers = pd.factorize(np.array(list(offer_cells), dtype=object))
        need_times = [parse_schedule(cell) if cell else () for cell in needs]
        offer_times = [parse_schedule(cell) if cell else () for cell in offers]
        edges = sorted({edge for times in need_times + offer_times for span in times for edge in span})
        cuts = np.array(edges, dtype=np.int64)
        self._lengths = np.diff(cuts).astype(np.float32)
        self._needs, self._offers = _cover(need_times, cuts), _cover(offer_times, cuts)
        self._table: NDArray[np.float32] | None = None
        if len(self._needs) * len(self._offers) <= _MOST_CELLS:
            self._table = (self._needs * self._lengths) @ self._offers.T.astype(np.float32)
        self._need_states: NDArray[np.bool_] = np.array([bool(times) for times in need_times], dtype=bool)
        self._offer_states: NDArray[np.bool_] = np.array([bool(times) for times in offer_times], dtype=bool)

    @property
    def need_minutes(self) -> NDArray[np.float32]:
        """Minutes a week that each need states, 0 where it states none, shape ``(num_needs,)``."""
        return (self._needs @ self._lengths)[self._need_rows]

    def are_known(self, need: Index, offer: Index) -> NDArray[np.bool_]:
        """Whether both sides of each pair state a schedule; indices broadcast."""
        return self._need_states[self._need_rows[need]] & self._offer_states[self._offer_rows[offer]]

    def of_pairs(self, need: Index, offer: Index) -> NDArray[np.float32]:
        """Return the minutes a week that each pair shares; indices broadcast, 0 where a side states none."""
        if self._table is not None:
            return self._table[self._need_rows[need], self._offer_rows[offer]]
        need_row, offer_row = np.broadcast_arrays(self._need_rows[need], self._offer_rows[offer])
        keys, inverse = np.unique(need_row * len(self._offers) + offer_row, return_inverse=True)
        minutes = np.empty(len(keys), dtype=np.float32)
        for start in range(0, len(keys), _CHUNK):
            needs, offers = np.divmod(keys[start : start + _CHUNK], len(self._offers))
            minutes[start : start + _CHUNK] = (self._needs[needs] & self._offers[offers]) @ self._lengths
        return minutes[inverse].reshape(need_row.shape)


def _cover(times: Sequence[Sequence[tuple[int, int]]], cuts: Index) -> NDArray[np.bool_]:
    """Which piece of the week each schedule covers, shape ``(len(times), num_pieces)``."""
    covered = np.zeros((len(times), max(len(cuts) - 1, 0)), dtype=bool)
    for row, spans in enumerate(times):
        for start, end in spans:
            first, last = np.searchsorted(cuts, (start, end))
            covered[row, first:last] = True
    return covered
