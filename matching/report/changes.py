"""What a mid-year plan changes, in the words and the order of the page: calls first, then school by school."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from matching.changes import Change
from matching.district import District
from matching.rematching import Rematching, knee
from matching.report.words import KIND_WORDS, level_words
from matching.standing import Cause

CHANGE_WORDS = {
    Change.KEPT: "Goes on",
    Change.ENLARGED: "Grows",
    Change.NEW: "Begins",
    Change.REDUCED: "Shrinks",
    Change.ENDED: "Ends",
}
LOST = (Change.ENDED, Change.REDUCED)


@dataclass(frozen=True, slots=True)
class ChangeStory:
    """What becomes of one match; ``is_forced`` where the world takes slots and not the plan."""

    school: str
    need: str
    kind: str
    partner: str
    focus: str
    change: str
    is_lost: bool
    is_forced: bool
    before: int
    after: int
    reason: str


@dataclass(frozen=True, slots=True)
class Handout:
    """All changes of one school or one partner: a page to hand over."""

    anchor: str
    name: str
    before: int
    after: int
    changes: Sequence[ChangeStory]


@dataclass(frozen=True, slots=True)
class Shift:
    """Slots before and after under one name."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class CurveStory:
    """One plan of a curve: its budget, what it moves, what every level reaches, its share of the gain at one level."""

    max_moves: int
    moves: int
    filled: Sequence[int]
    gain: float
    is_knee: bool


@dataclass(frozen=True, slots=True)
class ChangesStory:
    """What a plan changes; ``counts`` tells matches and ``shifts`` slots, ``curve_level`` is where the curve gains."""

    counts: Sequence[tuple[str, int]]
    moves: int
    forced: int
    levels: Sequence[Shift]
    kinds: Sequence[Shift]
    calls: Sequence[ChangeStory]
    schools: Sequence[Handout]
    partners: Sequence[Handout]
    curve: Sequence[CurveStory]
    curve_levels: Sequence[str]
    curve_level: str


def changes_story(points: Sequence[Rematching]) -> ChangesStory:
    """Return what the last of some plans changes, and the curve of all of them."""
    last = points[-1]
    told = _told(last)
    kept = told["change"].value_counts()
    level_names = [level.name for level in last.matching.allocation.levels]
    curve_level, curve = _curve(points)
    order = {name: rank for rank, name in enumerate(level_names)}
    told["rank"] = told["level"].map(order).fillna(len(order))
    lost = told[told["change"].isin(LOST)].sort_values(
        ["is_forced", "rank"], ascending=[False, True], kind="stable"
    )
    return ChangesStory(
        counts=[(words, int(kept.get(change, 0))) for change, words in CHANGE_WORDS.items()],
        moves=last.moves,
        forced=int(last.changes["forced"].sum()),
        levels=[
            Shift(level_words(name) if name else "Closed needs", *_slots(told[told["level"] == name]))
            for name in (*level_names, "")
            if (told["level"] == name).any()
        ],
        kinds=[
            Shift(words, *_slots(told[told["kind"] == words]))
            for words in KIND_WORDS.values()
            if (told["kind"] == words).any()
        ],
        calls=_stories(lost),
        schools=_handouts(told, "school", "school_id", "changes-school"),
        partners=_handouts(told, "partner", "partner_id", "changes-partner"),
        curve=curve,
        curve_levels=[level_words(name) for name in level_names],
        curve_level=curve_level,
    )


def _told(plan: Rematching) -> pd.DataFrame:
    """Return the changes with the names and words that a reader knows."""
    district = plan.district
    rows = plan.changes
    needs, offers = district.needs.set_index("need_id"), district.offers.set_index("offer_id")
    need, offer = needs.loc[rows["need_id"]], offers.loc[rows["offer_id"]]
    title = need["title"].where(need["title"] != "", need["statement"])
    return rows.assign(
        school=_names(district, "schools", "school_id", rows["school_id"]),
        partner=_names(district, "partners", "partner_id", rows["partner_id"]),
        need=title.to_numpy(),
        focus=offer["focus"].to_numpy(),
        kind=need["kind"].map(KIND_WORDS).to_numpy(),
        is_forced=((rows["forced"] > 0) & (rows["cause"] != Cause.BETTER_USE)).to_numpy(),
    )


def _names(district: District, table: str, key: str, ids: pd.Series) -> list[str]:
    names: list[str] = district.tables[table].set_index(key)["name"].loc[ids].tolist()
    return names


def _handouts(told: pd.DataFrame, side: str, key: str, anchor: str) -> list[Handout]:
    """Return the changes of each school or partner, by name; those that only go on come last in each."""
    order = told.assign(goes_on=told["change"] == Change.KEPT)
    order = order.sort_values([side, key, "goes_on", "rank"], kind="stable")
    return [
        Handout(f"{anchor}-{number}", str(rows[side].iat[0]), *_slots(rows), _stories(rows))
        for number, (_, rows) in enumerate(order.groupby([side, key], sort=False), start=1)
    ]


def _stories(rows: pd.DataFrame) -> list[ChangeStory]:
    names = [field for field in ChangeStory.__dataclass_fields__ if field not in ("is_lost", "change")]
    return [
        ChangeStory(
            **dict(zip(names, cells, strict=True)),
            change=CHANGE_WORDS[Change(change)],
            is_lost=change in LOST,
        )
        for change, *cells in rows[["change", *names]].itertuples(index=False)
    ]


def _slots(rows: pd.DataFrame) -> tuple[int, int]:
    return int(rows["before"].sum()), int(rows["after"].sum())


def _curve(points: Sequence[Rematching]) -> tuple[str, list[CurveStory]]:
    """Return the first level that the last plan fills better than the first, and each plan's share of that gain."""
    first, last = points[0], points[-1]
    gains = [
        level for level, (low, high) in enumerate(zip(first.filled, last.filled, strict=True)) if high > low
    ]
    if len(points) == 1 or not gains:
        return "", []
    level, best = gains[0], knee(points)
    whole = last.filled[level] - first.filled[level]
    stories = [
        CurveStory(
            point.max_moves or 0,
            point.moves,
            point.filled,
            (point.filled[level] - first.filled[level]) / whole,
            number == best,
        )
        for number, point in enumerate(points)
    ]
    return level_words(last.matching.allocation.levels[level].name), stories
