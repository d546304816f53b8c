"""Real and narrow assignment problems for ``python -m benchmarks.peers``, and how good a plan for one is.

Papers or students are needs, reviewers or projects are offers; a need takes an offer once at most. The real ones lie
in ``shared/data/assignment`` beside the project, with their sources; they are not part of it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import SHARED_DATA

DATA = SHARED_DATA / "assignment"
TOLERANCE = 1e-6
"""Relative: the optima are published with four decimals or more."""
MILLION = 1_000_000
MIDL_OPTIMUM, MIDL_FLOOR_OPTIMUM = 201.884878, 201.7687
BIDS = {
    "preflib1": (6, 124.25),
    "preflib2": (7, 141.5),
    "preflib3": (6, 454.25),
    "aamas2015": (12, 1406.25),
}
"""Load of a reviewer and optimum of the sets of bids; every paper wants `REVIEWS`."""
REVIEWS = 3
WPI_OPTIMUM = (928.0, 885.0, 498.1733)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Plan = NDArray[np.int64]
"""1 where a need gets an offer, else 0, of shape ``(num_needs, num_offers)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One problem: fill every slot, then (with tiers) as many from the top tier, then the most score.

    Parameters
    ----------
    scores
        Of each pair, of shape ``(num_needs, num_offers)``.
    allowed
        Whether a pair may be matched, of the same shape.
    demand, load
        Slots each need asks for and each offer gives.
    optimum
        Known best values of the lines: slots filled, top-tier pairs if there are tiers, total score.
    top_tier
        Pairs that count before the score does.
    floor
        The least total score a need may get; 0 for none.
    """

    name: str
    scores: Floats
    allowed: Bools
    demand: Ints
    load: Ints
    optimum: tuple[float, ...] = ()
    top_tier: Bools | None = None
    floor: float = 0.0

    @property
    def worth(self) -> Ints:
        """Scores in whole millionths; a top-tier pair outweighs all that scores can differ by."""
        worth = np.rint(self.scores * MILLION).astype(np.int64)
        if self.top_tier is not None:
            spread = np.ptp(self.scores[self.allowed])
            worth += self.top_tier * (int(self.demand.sum() * spread) + 1) * MILLION
        return worth

    @property
    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Needs and offers of the pairs that may be matched, by need."""
        needs, offers = np.nonzero(self.allowed)
        return needs, offers

    def plan(self, slots: NDArray[np.generic]) -> Plan:
        """Return the plan that gives each of the `pairs` its slots, rounded to whole ones."""
        plan = np.zeros(self.scores.shape, np.int64)
        plan[self.pairs] = np.rint(slots).astype(np.int64)
        return plan


def lines(case: Case, plan: Plan) -> tuple[float, ...]:
    """Return the values of a plan in the order in which they count."""
    top = () if case.top_tier is None else (float(plan[case.top_tier].sum()),)
    return float(plan.sum()), *top, float((case.scores * plan).sum())


def worst_need(case: Case, plan: Plan) -> float:
    """Return the least total score of a need."""
    return float((case.scores * plan).sum(axis=1).min())


def gap_percent(values: tuple[float, ...], optimum: tuple[float, ...]) -> float:
    """Return how much the first line that falls short of its optimum loses, in percent of it."""
    for value, best in zip(values, optimum, strict=True):
        if abs(value - best) > TOLERANCE * best:
            return 100 * (best - value) / best
    return 0.0


def check(case: Case, plan: Plan) -> None:
    """Assert that a plan breaks no rule: pairs once and allowed, demand and load kept, no need under the floor."""
    assert np.isin(plan, (0, 1)).all(), "A need takes an offer once at most."
    assert not plan[~case.allowed].any(), "A pair that may not be matched is."
    assert (plan.sum(axis=1) <= case.demand).all(), "A need gets more than it asks for."
    assert (plan.sum(axis=0) <= case.load).all(), "An offer gives more than it has."
    assert worst_need(case, plan) >= case.floor - TOLERANCE, "A need is under the floor."


def cases(data: Path = DATA) -> Iterator[Case]:
    """Yield the problems; the real ones only where the data is."""
    if data.is_dir():
        for name, (load, optimum) in BIDS.items():
            yield read_bids(data / "bids" / f"{name}.in", load, optimum)
        midl = read_scores(data / "midl" / "scores.npy", load=4, optimum=MIDL_OPTIMUM)
        yield midl
        yield with_highest_floor(midl, MIDL_FLOOR_OPTIMUM)
        yield read_tiers(data / "wpi" / "IQP2017-2018", WPI_OPTIMUM)
    yield narrow()


def read_bids(path: Path, load: int, optimum: float) -> Case:
    """Return the problem of an ``.in`` file: rows and columns, then the scores; 0 is a conflict."""
    rows, columns, *cells = path.read_text(encoding="utf-8").split()
    scores = np.array(cells, np.float64).reshape(int(rows), int(columns))
    return _reviews(path.stem, scores, scores > 0, load, optimum)


def read_scores(path: Path, load: int, optimum: float) -> Case:
    """Return the problem of a matrix of reviewers by papers in which -1 is a conflict."""
    scores: Floats = np.load(path).T
    return _reviews(path.parent.name, np.maximum(scores, 0), scores >= 0, load, optimum)


def with_highest_floor(case: Case, optimum: float) -> Case:
    """Return the problem with a floor under every need: the best that the worst-off can have, in whole millionths."""
    best = np.sort(np.where(case.allowed, case.scores, 0), axis=1)[:, ::-1]
    floor = min(row[:slots].sum() for row, slots in zip(best, case.demand.tolist(), strict=True))
    values = (float(case.demand.sum()), optimum)
    return replace(case, name=f"{case.name} floor", floor=int(floor * MILLION) / MILLION, optimum=values)


def read_tiers(folder: Path, optimum: tuple[float, ...]) -> Case:
    """Return the problem of students who put projects into tiers (1, 0.5; 0 is out) and projects that score them."""
    tiers, scores = (_table(folder / f"{who}_preference.csv") for who in ("student", "project"))
    capacity = _table(folder / "project_capacity.csv")[:, 0].astype(np.int64)
    demand = np.ones(len(tiers), np.int64)
    return Case(folder.parent.name, scores, tiers > 0, demand, capacity, optimum, top_tier=tiers == 1)


def narrow(num_needs: int = 100, num_offers: int = 80, seed: int = 0) -> Case:
    """Return cosines of unit vectors that share most of their direction: 99 % of them within three hundredths."""
    rng = np.random.default_rng(seed)
    size = 8192
    shared = rng.normal(size=size) / np.sqrt(size)
    vectors = 1.2 * shared + rng.normal(size=(num_needs + num_offers, size)) / np.sqrt(size)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores: Floats = vectors[:num_needs] @ vectors[num_needs:].T
    return _reviews("narrow cosines", scores, np.ones(scores.shape, np.bool_), load=4)


def _reviews(name: str, scores: Floats, allowed: Bools, load: int, optimum: float | None = None) -> Case:
    num_needs, num_offers = scores.shape
    demand, loads = np.full(num_needs, REVIEWS), np.full(num_offers, load)
    values = () if optimum is None else (float(demand.sum()), optimum)
    return Case(name, scores, allowed, demand, loads, values)


def _table(path: Path) -> Floats:
    """Return the numbers of a table without its header and its first column."""
    with path.open(encoding="utf-8", newline="") as file:
        return np.array([row[1:] for row in list(csv.reader(file))[1:]], np.float64)
