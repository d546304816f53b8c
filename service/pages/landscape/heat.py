"""How strongly a cell of a heat map is coloured: by what it lacks or has too much of, in three steps each."""

from collections.abc import Iterable
from dataclasses import dataclass

from matching.landscape.supply import Balance


@dataclass(frozen=True, slots=True)
class Scale:
    """The least difference between open and free slots of each of three steps."""

    least: tuple[int, int, int]

    def step(self, balance: Balance | None) -> str:
        """Return the name of a cell's colour: ``lack-1`` to ``lack-3``, ``idle-1`` to ``idle-3``, "" for neither."""
        gap = balance.gap if balance else 0
        size = sum(abs(gap) >= least for least in self.least)
        return f"{'lack' if gap > 0 else 'idle'}-{size}" if size else ""


def scale_of(balances: Iterable[Balance]) -> Scale:
    """Return the scale for some cells: a step is three times the one before, the largest difference thrice the last."""
    most = max((abs(balance.gap) for balance in balances), default=0)
    second = max(round(most / 9), 2)
    return Scale((1, second, max(round(most / 3), second + 1)))
