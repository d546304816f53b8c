"""A file on its way in: its sheets, how each is to be read, and what that comes to in the district."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from matching.district import District
from matching.mapping.applying import NAMED, applied, known_of, missing_of
from matching.mapping.finding import NearName
from matching.mapping.grids import Grid, LeftRow
from matching.mapping.guessing import SURE, Guess, SheetReading, guessed
from matching.mapping.trying import Trial, tried
from matching.merging import Mode
from service.api.access import Context
from service.storage.districts import load_district
from service.storage.uploads import (
    Kept,
    keep_reading,
    keep_upload,
    kept_upload,
    remember_readings,
    remembered_readings,
)

Json = dict[str, Any]  # Any: what JSON holds


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """How a sheet is to be read, and whether anyone looked at that or need not.

    Parameters
    ----------
    confidence
        Of each column, 0 to 1.
    is_remembered
        Whether a sheet like it was read so before.
    """

    reading: SheetReading
    confidence: tuple[float, ...]
    is_checked: bool
    is_remembered: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """A file on its way in.

    Parameters
    ----------
    names
        By table, the ids of names that were asked about.
    """

    id: str
    file_name: str
    grids: Sequence[Grid]
    plans: Sequence[SheetPlan]
    names: Mapping[str, Mapping[str, str]]

    @property
    def readings(self) -> list[SheetReading]:
        """How each sheet is read."""
        return [plan.reading for plan in self.plans]

    @property
    def unchecked(self) -> int | None:
        """The first sheet that someone should look at, None where there is none."""
        waiting = (
            place for place, plan in enumerate(self.plans) if not plan.is_checked or missing_of(plan.reading)
        )
        return next(waiting, None)

    def with_plan(self, place: int, plan: SheetPlan) -> "Staged":
        """Return the same with a sheet read otherwise."""
        return replace(self, plans=[plan if at == place else each for at, each in enumerate(self.plans)])

    def tried_on(self, before: District, mode: Mode, *, without_bad: bool) -> Trial:
        """Return what becomes of it in a district."""
        return tried(self.grids, self.readings, before, names=self.names, mode=mode, without_bad=without_bad)

    def unanswered(self, before: District) -> list[NearName]:
        """Return the names that may be those of schools or partners which are there, and nobody was asked about."""
        near = self.near(before)
        return [each for each in near if each.name not in self.names.get(each.table, {})]

    def near(self, before: District) -> list[NearName]:
        """Return all names that may be those of schools or partners which are there."""
        return applied(self.grids, self.readings, before, names=self.names).near


def stage(given: Context, file_name: str, grids: Sequence[Grid]) -> Staged:
    """Keep a file, its sheets to be read as the last time, else as they look."""
    digests = [digest_of(grid) for grid in grids]
    with reading(given) as connection:
        before = load_district(connection, given.district_id)
        known = remembered_readings(connection, given.district_id, digests)
    new = [grid for grid, digest in zip(grids, digests, strict=True) if digest not in known]
    guesses = iter(guessed(new, known_of(before), given.request.app.state.encoder)) if new else iter(())
    plans, names = [], {name: dict[str, str]() for name in NAMED}
    for digest in digests:
        if digest in known:
            plans.append(_plan_of({**known[digest]["plan"], "is_checked": True, "is_remembered": True}))
            for name in NAMED:
                names[name] |= known[digest]["names"].get(name, {})
        else:
            plans.append(_plan_guessed(next(guesses)))
    staged = Staged("", file_name, grids, plans, names)
    sheets = [asdict(grid) for grid in grids]
    key = keep_upload(
        given.connection, given.district_id, given.principal.actor, file_name, sheets, _json_of(staged)
    )
    return replace(staged, id=key)


def staged_of(given: Context, key: str) -> Staged:
    """Return a file that whoever asks has sent.

    Raises
    ------
    NotFoundError
        Where there is none of this id any more.
    """
    with reading(given) as connection:
        return _staged(kept_upload(connection, given.district_id, given.principal.actor, key))


@contextmanager
def reading(given: Context) -> Iterator[Connection]:
    """Give a transaction that only reads: what takes long must not keep those waiting who write."""
    if given.changes:
        with given.database.reading() as connection:
            yield connection
    else:
        yield given.connection


def district_of(given: Context) -> District:
    """Return the district as it stands."""
    with reading(given) as connection:
        return load_district(connection, given.district_id)


def save(given: Context, staged: Staged) -> None:
    """Keep how a file is to be read."""
    keep_reading(given.connection, staged.id, _json_of(staged))


def remember(given: Context, staged: Staged) -> None:
    """Remember for the next file with such sheets how these were read."""
    readings = {
        digest_of(grid): {"plan": asdict(plan), "names": _names_in(grid, plan, staged.names)}
        for grid, plan in zip(staged.grids, staged.plans, strict=True)
    }
    remember_readings(given.connection, given.district_id, readings, given.principal.actor)


def digest_of(grid: Grid) -> str:
    """Return what is the same for sheets of one name with the same columns, in whatever order of rows."""
    said = "\x1f".join([grid.name.casefold(), *grid.headers])
    return sha256(said.encode()).hexdigest()


def _plan_guessed(guess: Guess) -> SheetPlan:
    """Return the plan of a guess; one in which all is sure need not be looked at."""
    is_sure = all(
        sure >= SURE or target == "-"
        for sure, target in zip(guess.confidence, guess.reading.columns, strict=True)
    )
    return SheetPlan(guess.reading, guess.confidence, is_sure)


def _names_in(
    grid: Grid, plan: SheetPlan, names: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Return what was said of the names in a sheet."""
    cells = {
        cell
        for target, column in zip(plan.reading.columns, grid.columns, strict=True)
        if target not in ("+", "-")
        for cell in column
    }
    return {
        table: {name: key for name, key in said.items() if name in cells} for table, said in names.items()
    }


def _json_of(staged: Staged) -> Json:
    return {"plans": [asdict(plan) for plan in staged.plans], "names": staged.names}


def _staged(kept: Kept) -> Staged:
    return Staged(
        kept.id,
        kept.file_name,
        [_grid_of(sheet) for sheet in kept.sheets],
        [_plan_of(plan) for plan in kept.reading["plans"]],
        kept.reading["names"],
    )


def _grid_of(given: Mapping[str, Any]) -> Grid:  # Any: JSON
    return Grid(
        name=given["name"],
        headers=tuple(given["headers"]),
        columns=tuple(tuple(cells) for cells in given["columns"]),
        rows=tuple(given["rows"]),
        left_rows=tuple(LeftRow(**row) for row in given["left_rows"]),
        private=tuple(given["private"]),
        decimal_comma=given["decimal_comma"],
    )


def _plan_of(given: Mapping[str, Any]) -> SheetPlan:  # Any: JSON
    reading = given["reading"]
    return SheetPlan(
        SheetReading(reading["table"], tuple(reading["columns"]), reading["constants"]),
        tuple(given["confidence"]),
        given["is_checked"],
        given["is_remembered"],
    )
