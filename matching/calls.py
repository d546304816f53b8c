"""The calls to make once a mid-year plan is chosen: whom first, and how many others wait for their yes.

The rule is one that a coordinator can explain. First come those who lose help because something happened, mentoring
before all else. Then those whose running match the plan ends or shrinks for a better use. Then those who are asked to
begin or to give more: partners before schools, the one first for whose yes most others wait. Whoever brought a change
about (a partner that withdrew, a school that closed its need) knows of it and is not called for that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pandas as pd

from matching.changes import Change
from matching.standing import Cause

LOST: Final = (Change.ENDED, Change.REDUCED)
GAINED: Final = (Change.NEW, Change.ENLARGED)
SCHOOL, PARTNER = "school", "partner"
_COLUMN: Final = {SCHOOL: "school_id", PARTNER: "partner_id"}
_KNOWS: Final = {Cause.PARTNER_WITHDREW: PARTNER, Cause.NEED_CLOSED: SCHOOL}
Party = tuple[str, str]
"""`SCHOOL` or `PARTNER`, and its id."""
Row = Mapping[str, Any]  # Any: cells of several types


class Stage(StrEnum):
    """Why someone is called, in the order of the calls."""

    FORCED = "forced"
    MOVED = "moved"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Call:
    """A call to a school or a partner: why first of all, who waits for its yes, and what there is to say.

    ``changes`` are rows of the table of changes, ``waiting`` the schools and partners that wait for a partner's yes.
    """

    side: str
    of: str
    stage: Stage
    waiting: frozenset[Party]
    changes: tuple[int, ...]


def calls_of(changes: pd.DataFrame, levels: Sequence[str]) -> list[Call]:
    """Return the calls that a plan asks for, in the order in which to make them, one a school and one a partner.

    Parameters
    ----------
    changes
        With the columns of `matching.changes.COLUMNS`.
    levels
        The names of the levels in the policy's order.
    """
    rows: list[Row] = [*changes.astype(object).to_dict("records")]  # type: ignore[list-item]  # keys are texts
    told: dict[Party, list[int]] = {}
    for number, row in enumerate(rows):
        if row["change"] == Change.KEPT:
            continue
        for side, column in _COLUMN.items():
            if _KNOWS.get(row["cause"]) != side:
                told.setdefault((side, str(row[column])), []).append(number)
    follows = _follows(rows)
    ranks = {level: rank for rank, level in enumerate(levels)}
    calls = [
        Call(side, key, _stage(rows, own), _waiting(follows, (side, key)), _in_order(rows, own, ranks))
        for (side, key), own in told.items()
    ]
    return sorted(calls, key=lambda call: _place(call, rows, ranks))


def stage_of(row: Row) -> Stage:
    """Return why a change asks for a call."""
    if row["change"] in GAINED:
        return Stage.ASKED
    return Stage.MOVED if row["cause"] == Cause.BETTER_USE else Stage.FORCED


def _stage(rows: Sequence[Row], own: Sequence[int]) -> Stage:
    stages = {stage_of(rows[number]) for number in own}
    return next(stage for stage in Stage if stage in stages)


def _follows(rows: Sequence[Row]) -> dict[Party, set[Party]]:
    """Return who waits for whom: a school for a partner that comes, a partner for the one who takes over from it."""
    found: dict[Party, set[Party]] = {}
    leaving: dict[str, set[Party]] = {}
    for row in rows:
        if row["moved"]:
            leaving.setdefault(row["need_id"], set()).add((PARTNER, str(row["partner_id"])))
    for row in rows:
        if row["change"] in GAINED:
            waiting = {(SCHOOL, str(row["school_id"]))} | leaving.get(row["need_id"], set())
            found.setdefault((PARTNER, str(row["partner_id"])), set()).update(waiting)
    return found


def _waiting(follows: Mapping[Party, set[Party]], party: Party) -> frozenset[Party]:
    """Return all who wait for a party, those included who wait for one that waits."""
    found: set[Party] = set()
    ahead = [party]
    while ahead:
        new = follows.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return frozenset(found - {party})


def _in_order(rows: Sequence[Row], own: Sequence[int], ranks: Mapping[str, int]) -> tuple[int, ...]:
    stages = list(Stage)
    return tuple(
        sorted(own, key=lambda number: (stages.index(stage_of(rows[number])), _rank(rows[number], ranks)))
    )


def _place(call: Call, rows: Sequence[Row], ranks: Mapping[str, int]) -> tuple[int | str | bool, ...]:
    first = rows[call.changes[0]]
    slots = sum(abs(rows[number]["after"] - rows[number]["before"]) for number in call.changes)
    stage, rank = list(Stage).index(call.stage), _rank(first, ranks)
    if call.stage is Stage.FORCED:
        return stage, rank, -len(call.waiting), -slots, call.side, call.of
    return stage, call.side == SCHOOL, -len(call.waiting), rank, -slots, call.of


def _rank(row: Row, ranks: Mapping[str, int]) -> int:
    """Return the place of a change's level; mentoring first, a closed need, which has none, last."""
    return ranks.get(row["level"], len(ranks))
