"""The plan for mid-year: from what runs and what has changed to a plan that moves no more than it must."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import optimizer
from embeddings import Encoder
from matching.changes import changes_of, partnerships_after
from matching.consequences import taken_up
from matching.district import District
from matching.facts import positions
from matching.levels import Locks
from matching.pipeline import Basis, Matching, Prepared, Progress, Run, conclude, prepare
from matching.policy import Policy
from matching.standing import Pair, as_of_now, running_matches, with_standing

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Rematching:
    """A plan for mid-year beside what runs.

    ``district`` is the one that was given, closed needs included. ``changes`` has the columns of
    `matching.changes.COLUMNS`; ``partnerships`` is the table as it stands once the plan is accepted; ``max_moves``
    is the budget, None where there was none, and ``moves`` what the plan takes of it.
    """

    district: District
    matching: Matching
    changes: pd.DataFrame
    partnerships: pd.DataFrame
    max_moves: int | None

    @property
    def moves(self) -> int:
        """Slots that the plan proposes to take from running matches."""
        return int(self.changes["moved"].sum())

    @property
    def filled(self) -> tuple[int, ...]:
        """Slots filled at each level, in the policy's order."""
        return tuple(level.filled for level in self.matching.allocation.levels)


def rematch(  # noqa: PLR0913 - each is one plain option of a plan
    district: District,
    policy: Policy | None = None,
    *,
    max_moves: int | None = None,
    released: Collection[Pair] = (),
    run: Run | None = None,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> Rematching:
    """Return the plan that fills the most by level while it takes at most ``max_moves`` slots from running matches.

    What the world forces (a partner withdrew, a need was closed, an agreement or a clearance ran out, more is promised
    than there is) is applied first and is no move. Running mentoring matches stay unless they are released.

    Parameters
    ----------
    max_moves
        By default as many as the levels ask for.
    released
        Need and offer ids of running mentoring matches that the plan may move.

    Raises
    ------
    ValueError
        Where the budget is negative or a released pair is not running.
    """
    start = Start.of(district, policy or Policy(), run or Run(), released, encoder, progress)
    with start.prepared.clock.stage("allocate"):
        answer = optimizer.allocate_within(
            start.prepared.problem, max_moves, progress=progress, **start.prepared.options
        )
    return start.plan(answer, max_moves)


def rematch_curve(
    district: District,
    policy: Policy | None = None,
    *,
    released: Collection[Pair] = (),
    run: Run | None = None,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> tuple[Rematching, ...]:
    """Return the plans for 0, 1, 2, 5, 10, ... moves up to the plan without a limit, parameters as `rematch`.

    A later plan is never worse at the first level where it differs from an earlier one.
    """
    start = Start.of(district, policy or Policy(), run or Run(), released, encoder, progress)
    with start.prepared.clock.stage("allocate"):
        points = optimizer.move_curve(start.prepared.problem, progress=progress, **start.prepared.options)
    return tuple(start.plan(point.allocation, point.max_moves) for point in points)


def standing_rematch(
    district: District,
    matches: pd.DataFrame,
    policy: Policy | None = None,
    *,
    on: date | None = None,
    released: Collection[Pair] = (),
    encoder: Encoder | None = None,
) -> Basis:
    """Return the plan of mid-year that a table of matches is; parameters and errors as `standing_plan` has them."""
    run = Run(on=on or date.today())
    return taken_up(Start.of(district, policy or Policy(), run, released, encoder).prepared, matches)


def knee(points: Sequence[Rematching]) -> int:
    """Return which plan of a curve brings most for its moves: where the curve lies farthest above its chord.

    It is drawn over the first level that the last plan fills better than the first.

    References
    ----------
    V. Satopää, J. Albrecht, D. Irwin and B. Raghavan, "Finding a 'Kneedle' in a Haystack", ICDCS Workshops (2011).
    """
    first, last = points[0], points[-1]
    gains = [
        level for level, (low, high) in enumerate(zip(first.filled, last.filled, strict=True)) if high > low
    ]
    if not gains or not last.moves:
        return 0
    level = gains[0]
    whole = last.filled[level] - first.filled[level]
    above = [
        (point.filled[level] - first.filled[level]) / whole - point.moves / last.moves for point in points
    ]
    return int(np.argmax(above))


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """What all plans of a district start from.

    ``running`` has a row a running match, with ``fitting``: the slots that the world leaves it; ``prepared`` holds the
    problem in which these are incumbents.
    """

    district: District
    running: pd.DataFrame
    prepared: Prepared

    @classmethod
    def of(
        cls,
        district: District,
        policy: Policy,
        run: Run,
        released: Collection[Pair] = (),
        encoder: Encoder | None = None,
        progress: Progress | None = None,
    ) -> "Start":
        """Return the start of a district on the date of ``run``, parameters as `rematch`."""
        running = running_matches(district, policy, run.on, released)
        now = as_of_now(with_standing(district, policy, running), policy)
        stays = running[running["cause"] == ""]
        need, offer = _rows(now, stays)
        incumbents = Locks(need, offer, stays["slots"].to_numpy(np.int64))
        prepared = prepare(now, policy, run, encoder, progress, incumbents)
        fitting = optimizer.fitting_incumbents(prepared.problem)
        problem = replace(prepared.problem, pair_incumbent=fitting)
        allowed = pd.DataFrame(
            {
                "need_id": now.needs["need_id"].to_numpy()[problem.pair_need],
                "offer_id": now.offers["offer_id"].to_numpy()[problem.pair_offer],
                "fitting": fitting,
            }
        )
        running = running.merge(allowed, on=["need_id", "offer_id"], how="left")
        running["fitting"] = np.where(running["cause"] == "", running["fitting"].fillna(0), 0).astype(
            np.int64
        )
        return cls(district, running, replace(prepared, problem=problem))

    def plan(self, answer: optimizer.Allocation, max_moves: int | None) -> Rematching:
        """Return one answer of the optimizer as a plan."""
        matching = conclude(self.prepared, answer)
        changes = changes_of(self.district, self.running, matching)
        partnerships = partnerships_after(self.district, changes, pd.Timestamp(self.prepared.run.on))
        return Rematching(self.district, matching, changes, partnerships, max_moves)


def _rows(district: District, pairs: pd.DataFrame) -> tuple[Index, Index]:
    return (
        positions(pairs["need_id"], district.needs["need_id"]),
        positions(pairs["offer_id"], district.offers["offer_id"]),
    )
