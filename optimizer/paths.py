"""Lexicographically shortest paths in whole numbers, as fast as numpy can: what prices are made of.

Lengths are tuples that are compared line by line. Neighbouring lines share one integer where the longest path
leaves room for them, so no line ever spills into another; lines that do not fit follow as another stage, on the
arcs that lie on a shortest path of the stages before.

References
----------
Ahuja, Magnanti, Orlin (1993), Network Flows, chapters 5 (label correcting) and 9 (reduced costs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from optimizer.problem import Bools, Ints

FAR = 2**62
"""The length of a path that does not exist."""
_MOST = 2**59


class NegativeCycleError(ValueError):
    """A way round makes every path shorter, so none is the shortest."""


@dataclass(frozen=True, slots=True)
class Stages:
    """How lines share integers: for each stage its lines and what one of each counts."""

    lines: tuple[tuple[int, ...], ...]
    worth: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, bounds: Sequence[int]) -> Stages:
        """Return as few stages as hold lines in which no path is longer, or shorter, than ``bounds``."""
        stages: list[tuple[int, ...]] = [()]
        for line in range(len(bounds)):
            together = (*stages[-1], line)
            if stages[-1] and _total(_worth(together, bounds), together, bounds) > _MOST:
                stages.append((line,))
            else:
                stages[-1] = together
        return cls(tuple(stages), tuple(_worth(stage, bounds) for stage in stages))

    def fold(self, lines: Sequence[tuple[Ints, Ints]], size: int) -> Ints:
        """Return the lengths by stage of ``size`` arcs, of which each line gives some and what they cost there."""
        folded = np.zeros((len(self.lines), size), np.int64)
        for stage, (members, worths) in enumerate(zip(self.lines, self.worth, strict=True)):
            for line, worth in zip(members, worths, strict=True):
                arcs, cost = lines[line]
                folded[stage, arcs] += cost * worth
        return folded

    def unfold(self, folded: Ints) -> Ints:
        """Return the lines of lengths by stage."""
        lines = np.zeros((sum(map(len, self.lines)), folded.shape[1]), np.int64)
        for stage, (members, worths) in enumerate(zip(self.lines, self.worth, strict=True)):
            rest = folded[stage].copy()
            for line, worth in zip(members, worths, strict=True):
                lines[line] = (rest + worth // 2) // worth
                rest -= lines[line] * worth
        return lines


def _worth(lines: tuple[int, ...], bounds: Sequence[int]) -> tuple[int, ...]:
    """Return what one of each line counts: more than all that two paths can differ by in those after it."""
    worth, after = [], 0
    for line in reversed(lines):
        worth.append(after + 1)
        after += 2 * bounds[line] * worth[-1]
    return tuple(reversed(worth))


def _total(worth: tuple[int, ...], lines: tuple[int, ...], bounds: Sequence[int]) -> int:
    return sum(bounds[line] * each for line, each in zip(lines, worth, strict=True))


class Arcs(NamedTuple):
    """Arcs with their lengths by stage, of shape ``(num_stages, num_arcs)``."""

    tail: Ints
    head: Ints
    length: Ints

    def take(self, chosen: Ints | Bools) -> Arcs:
        """Return some of the arcs."""
        return Arcs(self.tail[chosen], self.head[chosen], self.length[:, chosen])

    def reverse(self) -> Arcs:
        """Return the arcs the other way round."""
        return Arcs(self.head, self.tail, self.length)

    def join(self, other: Arcs) -> Arcs:
        """Return these arcs and others."""
        return Arcs(*(np.concatenate(both, axis=-1) for both in zip(self, other, strict=True)))

    def shift(self, potential: Ints) -> Arcs:
        """Return the arcs with their reduced lengths: plus the potential of the head, less that of the tail."""
        return self._replace(length=self.length + potential[:, self.head] - potential[:, self.tail])


def distances(arcs: Arcs, start: Ints) -> Ints:
    """Return the least length from any start to each node, by stage; `FAR` where there is no path.

    Parameters
    ----------
    arcs
        Without a cycle of negative length.
    start
        What a path that starts at a node has cost already, by stage; `FAR` where none may start.

    Raises
    ------
    NegativeCycleError
        There is a cycle of negative length.
    """
    found = np.empty_like(start)
    is_start = np.ones(start.shape[1], np.bool_)
    for stage in range(len(start)):
        length = arcs.length[stage]
        first = np.where(is_start, start[stage], FAR)
        found[stage] = _label(arcs, length, first)
        arrived, left = found[stage][arcs.head], found[stage][arcs.tail]
        is_start &= found[stage] == start[stage]
        arcs = arcs.take((left < FAR) & (left + length == arrived))
    return found


def _label(arcs: Arcs, length: Ints, distance: Ints) -> Ints:
    """Return the least lengths of one stage, by Bellman and Ford."""
    moved = distance < FAR
    for _ in range(len(distance) + 1):
        live = np.flatnonzero(moved[arcs.tail])
        before = distance.copy()
        np.minimum.at(distance, arcs.head[live], before[arcs.tail[live]] + length[live])
        moved = distance < before
        if not moved.any():
            return distance
    raise NegativeCycleError


def merge(arcs: Arcs, part: Ints, potential: Ints) -> Arcs:
    """Return the shortest arc between each two parts at reduced lengths.

    Raises
    ------
    NegativeCycleError
        An arc within a part, where all nodes are at distance 0 from each other, has a negative length.
    """
    tail, head = part[arcs.tail], part[arcs.head]
    reduced = arcs.length[0] + potential[0][arcs.head] - potential[0][arcs.tail]
    is_inside = tail == head
    suspect = np.flatnonzero(is_inside & (reduced <= 0))
    if is_negative(arcs.take(suspect).shift(potential).length).any():
        raise NegativeCycleError
    between = np.flatnonzero(~is_inside)
    key = head[between] * (int(part.max(initial=0)) + 1) + tail[between]
    order = np.argsort(key)
    between, key = between[order], key[order]
    reduced = reduced[between]
    for stage in range(len(potential)):
        if stage:
            height = potential[stage]
            reduced = arcs.length[stage, between] + height[arcs.head[between]] - height[arcs.tail[between]]
        is_least = _is_least(key, reduced)
        between, key = between[is_least], key[is_least]
    between = between[_runs(key)]
    return Arcs(tail[between], head[between], arcs.take(between).shift(potential).length)


def _is_least(key: Ints, value: Ints) -> Bools:
    """Whether each value is the least of its key; keys are sorted."""
    starts = _runs(key)
    if not len(key):
        return np.zeros(0, np.bool_)
    least = np.minimum.reduceat(value, starts)
    found: Bools = value == np.repeat(least, np.diff(np.append(starts, len(key))))
    return found


def is_negative(lengths: Ints) -> Bools:
    """Whether the first line or stage of each that is not 0 is below 0."""
    negative = np.zeros(lengths.shape[1], np.bool_)
    for line in reversed(lengths):
        negative = (line < 0) | ((line == 0) & negative)
    return negative


def parts(rigid: Arcs, num_nodes: int) -> Ints:
    """Return the part of each node: its component by arcs that can be used both ways."""
    graph = sparse.coo_array((np.ones(len(rigid.tail)), (rigid.tail, rigid.head)), (num_nodes, num_nodes))
    return csgraph.connected_components(graph, directed=False)[1].astype(np.int64)


def potentials(rigid: Arcs, part: Ints) -> Ints:
    """Return potentials by stage that reduce to 0 the arcs of a spanning tree of each part."""
    num_nodes, root = len(part), len(part)
    _, first = np.unique(part, return_index=True)
    number = np.arange(1, len(rigid.tail) + 1)
    rows = np.concatenate([rigid.tail, rigid.head, np.full(len(first), root)])
    columns = np.concatenate([rigid.head, rigid.tail, first])
    data = np.concatenate([number, -number, np.full(len(first), len(number) + 1)]).astype(np.float64)
    graph = sparse.csr_array((data, (rows, columns)), shape=(num_nodes + 1, num_nodes + 1))
    tree = csgraph.breadth_first_tree(graph, root).tocoo()
    above, arc = np.full(num_nodes + 1, root), tree.data.astype(np.int64)
    above[tree.col] = tree.row
    length = np.pad(rigid.length, ((0, 0), (1, 1)))
    potential = np.zeros((len(rigid.length), num_nodes + 1), np.int64)
    potential[:, tree.col] = -np.sign(arc) * length[:, np.abs(arc)]
    while (above != root).any():
        potential += potential[:, above]
        above = above[above]
    return potential[:, :num_nodes]


def _runs(key: Ints) -> Ints:
    """Return where each run of equal keys starts."""
    return np.flatnonzero(np.r_[True, key[1:] != key[:-1]][: len(key)])
