"""What `optimizer.allocate` returns: the slots of every pair, and how good they are proven to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from optimizer.problem import Ints

Status = Literal["optimal", "feasible"]


@dataclass(frozen=True, slots=True)
class Level:
    """Slots of one level: needed, filled, and what no allocation that fills the levels before it so can exceed."""

    needed: int
    filled: int
    bound: int
    proven: bool


class Progress(Protocol):
    """What is told while an allocation is made."""

    def __call__(self, phase: str, share: float, levels: Sequence[Level] = (), /) -> None:
        """Take the name of a phase, the share of the work that is done (0 to 1) and, once known, what is filled."""
        ...


def part_of(progress: Progress | None, start: float, end: float, phase: str = "") -> Progress | None:
    """Return what tells a part of the work, from share ``start`` to ``end``, under its own phases or under one."""
    if progress is None:
        return None
    whole = progress

    def tell(own: str, share: float, levels: Sequence[Level] = (), /) -> None:
        whole(phase or own, start + share * (end - start), levels)

    return tell


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the objective after the levels, and what no allocation with the lines before it can better."""

    value: int
    bound: int
    proven: bool


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """An allocation that breaks no rule, with bounds.

    Parameters
    ----------
    slots
        Slots of each pair, of shape ``(num_pairs,)``.
    levels
        The ten levels in policy order.
    keep
        Slots taken from incumbents (least is best).
    even
        Sum over (school, level) of unmet squared / needed, in millionths (least is best).
    fit
        Sum of slots times fit, in millionths (most is best).
    locks_cut
        Slots by which each pair's lock had to be cut, of shape ``(num_pairs,)``.
    status
        ``"optimal"`` where every level and every line asked for is proven.
    stopped_by_clock
        Whether ``max_seconds`` ended the search before its effort was spent.
    work
        Counters of the work done, the same in every run.
    """

    slots: Ints
    levels: tuple[Level, ...]
    keep: Line
    even: Line
    fit: Line
    locks_cut: Ints
    status: Status
    stopped_by_clock: bool
    work: Mapping[str, int]
