"""Sheets, and how each is read, to the tables of an upload: every cell repaired, every row with its id.

A school or a partner is found by its id or its name, else it is new; a need or an offer without an id gets one made of
what it says, so that the same sheet, imported again, changes rows and doubles none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from matching.district import District
from matching.exporting import cell_texts
from matching.files import Sheets
from matching.mapping.finding import Finder, NearName
from matching.mapping.grids import Grid
from matching.mapping.guessing import EXTRA, LEFT, SheetReading, required_of, targets_of
from matching.mapping.names import Known, digest_of
from matching.mapping.repairs import repaired
from matching.mapping.words import OWNERS, plain_words
from matching.schemas import TABLES
from matching.sheets import Sheet, header_warnings, long_cells
from matching.values import word_key

NAMED: Final = ("schools", "partners")

Names = Mapping[str, Mapping[str, str]]
"""By table, the id of each name that was asked about, `NEW` where it is a new one."""
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class ReadAs:
    """A text that was read as another one, and in how many cells of a column."""

    sheet: str
    header: str
    found: str
    read: str
    cells: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row of an upload stands: the place of its sheet among all, and its number there."""

    sheet: int
    row: int


@dataclass(slots=True)
class Upload:
    """What sheets come to: tables as an import takes them, where each row comes from, and what was read how.

    Parameters
    ----------
    origins
        By table, where the row numbered 1, 2, ... of its sheet stands.
    """

    sheets: Sheets = field(default_factory=Sheets)
    origins: dict[str, list[Origin]] = field(default_factory=dict)
    read_as: list[ReadAs] = field(default_factory=list)
    near: list[NearName] = field(default_factory=list)


def known_of(district: District) -> Known:
    """Return what a district holds already, as mapping asks for it."""
    tables = district.tables
    keyed = {name: table.key for name, table in TABLES.items() if table.key}
    return Known(
        {name: frozenset(tables[name][key]) for name, key in keyed.items()},
        {name: dict(zip(tables[name][keyed[name]], tables[name]["name"], strict=True)) for name in NAMED},
    )


def missing_of(reading: SheetReading) -> list[str]:
    """Return the required columns without which a sheet cannot be read at all."""
    if not reading.table:
        return []
    if reading.table in NAMED:
        # What else a row of one that is there does not say stays as it is.
        ways = {f"{reading.table}.name", f"{reading.table}.{TABLES[reading.table].key}"}
        return [] if ways & set(reading.columns) else [f"{reading.table}.name"]
    asked = [name for name in required_of(reading.table) if name not in reading.columns]
    asked = [name for name in asked if not reading.constants.get(name)]
    owners = OWNERS.get(reading.table, {})
    for column in TABLES[reading.table].columns:
        if column.is_required and column.refers in owners:
            ways = {f"{reading.table}.{column.name}", f"{column.refers}.name"}
            if not ways & {*reading.columns, *(name for name, text in reading.constants.items() if text)}:
                asked.append(f"{column.refers}.name")
    return asked


def applied(
    grids: Sequence[Grid],
    readings: Sequence[SheetReading],
    before: District,
    *,
    names: Names | None = None,
    without: Collection[tuple[int, int]] = (),
) -> Upload:
    """Return the tables that sheets come to.

    Parameters
    ----------
    names
        What was said of names that may be known ones; of others, one that is spelled out the same is the same.
    without
        Rows to leave out, as places of sheets and row numbers.
    """
    work = _Work(grids, readings, before, names or {})
    order = sorted(range(len(grids)), key=lambda index: _rank(readings[index].table))
    left = set(without)
    for index in order:
        if readings[index].table:
            work.add(index, left)
    return work.finished()


def _rank(table: str) -> int:
    return list(TABLES).index(table) if table else -1


class _Work:
    """The rows of all tables as they come together."""

    def __init__(
        self, grids: Sequence[Grid], readings: Sequence[SheetReading], before: District, names: Names
    ) -> None:
        self.grids, self.readings, self.before = grids, readings, before
        self.known = known_of(before)
        self.rows: dict[str, list[tuple[Row, Origin]]] = {name: [] for name in TABLES}
        self.upload = Upload()
        self._found = {
            name: Finder(name, self.known.names[name], names.get(name, {}), self.upload.near)
            for name in NAMED
        }
        self._counts: Counter[tuple[str, str]] = Counter()
        self._owned: dict[str, dict[str, Row]] = {name: {} for name in NAMED}
        self._listed: dict[str, set[str]] = {name: set() for name in NAMED}

    def add(self, index: int, left: Collection[tuple[int, int]]) -> None:
        """Add the rows of one sheet."""
        grid, reading = self.grids[index], self.readings[index]
        table = reading.table
        columns = self._columns(grid, reading)
        kept = [place for place, row in enumerate(grid.rows) if (index, row) not in left]
        for name in NAMED:
            named = columns.get(f"{name}.name") or [""] * len(grid.rows)
            given = columns.get(f"{table}.{TABLES[name].key}") or [""] * len(grid.rows)
            # Where an id should stand, people write a name.
            self._found[name].ask([named[at] or (given[at] if " " in given[at] else "") for at in kept])
        for place in kept:
            row = {name: cells[place] for name, cells in columns.items()}
            self._add_row(table, row, Origin(index, grid.rows[place]), reading.constants)

    def finished(self) -> Upload:
        """Return all that came together."""
        for table, pairs in self.rows.items():
            if pairs:
                self._finish(table, pairs)
        return self.upload

    def _columns(self, grid: Grid, reading: SheetReading) -> dict[str, list[str]]:
        """Return the repaired cells under the full names of their columns, extra ones under their headers."""
        targets = targets_of(reading.table)
        columns: dict[str, list[str]] = {}
        for header, target, cells in zip(grid.headers, reading.columns, grid.columns, strict=True):
            if target == EXTRA:
                columns[f"+{_extra_name(header, reading.table)}"] = list(cells)
            elif target != LEFT and target in targets:
                columns[target] = self._repaired(grid, header, target, cells, reading)
        for target, text in reading.constants.items():
            is_own = reading.table not in NAMED and target.startswith(f"{reading.table}.")
            if text and target in targets and is_own:
                own = columns.get(target, [""] * len(grid.rows))
                columns[target] = [cell or text for cell in own]
        return columns

    def _repaired(
        self, grid: Grid, header: str, target: str, cells: Sequence[str], reading: SheetReading
    ) -> list[str]:
        column = targets_of(reading.table)[target]
        in_miles = bool({"mile", "miles", "millas"} & set(plain_words(header)))
        counts = Counter(cells)
        read = {
            text: repaired(text, column, decimal_comma=grid.decimal_comma, in_miles=in_miles)
            for text in counts
            if text
        }
        self.upload.read_as += [
            ReadAs(grid.name, header, text, new, counts[text])
            for text, new in read.items()
            if new.casefold() != text.casefold()
        ]
        filled = (
            _filled_down(cells)
            if target.endswith(".name") and target.partition(".")[0] != reading.table
            else cells
        )
        down = sum(bool(new) and not old for old, new in zip(cells, filled, strict=True))
        if down:
            self.upload.read_as.append(ReadAs(grid.name, header, "", "\N{UPWARDS ARROW}", down))
        return [read.get(text, text) for text in filled]

    def _add_row(self, table: str, row: Row, origin: Origin, constants: Mapping[str, str]) -> None:
        own = {name.partition(".")[2]: cell for name, cell in row.items() if name.startswith(f"{table}.")}
        extra = {name: cell for name, cell in row.items() if name.startswith("+")}
        for owner in OWNERS.get(table, {}):
            theirs = {
                name.partition(".")[2]: cell for name, cell in row.items() if name.startswith(f"{owner}.")
            }
            key = TABLES[owner].key
            own[key] = self._found[owner].id_of(own.get(key, ""), theirs.get("name", ""))
            if own[key] and table in ("needs", "offers"):
                if own[key] not in self.known.ids[owner]:
                    theirs = _with_constants(theirs, owner, constants)
                self._bring(owner, own[key], theirs, origin)
        self._give_id(table, own)
        self._refer_by_id(table, own)
        if table in NAMED:
            self._listed[table].add(own[TABLES[table].key])
            if own[TABLES[table].key] not in self.known.ids[table]:
                own = _with_constants(own, table, constants)
        self.rows[table].append((own | extra, origin))

    def _bring(self, owner: str, key: str, theirs: Row, origin: Origin) -> None:
        """Bring a row's school or partner along: a new one, or what the sheet says of one that is there."""
        is_new = key not in self.known.ids[owner]
        about = {name: cell for name, cell in theirs.items() if cell and name != "name"}
        brought = self._owned[owner]
        if key not in brought:
            if key in self._listed[owner] or not (about or (is_new and theirs.get("name"))):
                return
            brought[key] = {TABLES[owner].key: key, "name": theirs.get("name", "") if is_new else ""}
            self.rows[owner].append((brought[key], origin))
        brought[key] |= {name: cell for name, cell in about.items() if not brought[key].get(name)}

    def _give_id(self, table: str, own: Row) -> None:
        key = TABLES[table].key
        if not key or own.get(key):
            return
        if table in NAMED:
            own[key] = self._found[table].id_of("", own.get("name", ""), federal=self._federal(own))
        elif table == "convenings":
            own[key] = "-".join(filter(None, (own.get("date", ""), own.get("kind", ""))))
        else:
            owner = own.get("school_id" if table == "needs" else "partner_id", "")
            said = own.get("statement" if table == "needs" else "focus", "")
            own[key] = f"{owner}-{digest_of(said)}" if said else ""
        self._counts[table, own[key]] += 1
        if own[key] and table not in NAMED and self._counts[table, own[key]] > 1:
            own[key] += f"-{self._counts[table, own[key]]}"

    def _federal(self, own: Row) -> str:
        """Return the id of the school that is there under a row's number in the national directory, if any."""
        schools = self.before.schools
        found = (
            schools.loc[schools["nces_id"] == own.get("nces_id"), "school_id"] if own.get("nces_id") else ()
        )
        return str(next(iter(found), ""))

    def _refer_by_id(self, table: str, own: Row) -> None:
        """Put ids in the place of names of schools that a partner is kept apart from."""
        if table == "partners" and own.get("not_schools"):
            known = self._found["schools"]
            parts = own["not_schools"].replace(";", "|").split("|")
            if "|" not in own["not_schools"] and not known.is_known(own["not_schools"].strip()):
                parts = [part for each in parts for part in each.split(",")]
            own["not_schools"] = "|".join(known.known_id(part.strip()) for part in parts if part.strip())

    def _finish(self, table: str, pairs: Sequence[tuple[Row, Origin]]) -> None:
        """Make the sheet of a table; a cell that a row's own sheet has no column for stays as the district has it."""
        documented = [column.name for column in TABLES[table].columns]
        names = list(dict.fromkeys(name for row, _ in pairs for name in row))
        names = [name for name in documented if name in names] + [
            name for name in names if name.startswith("+")
        ]
        required = [column.name for column in TABLES[table].columns if column.is_required]
        names = [name for name in documented if name in {*names, *required}] + [
            n for n in names if n.startswith("+")
        ]
        standing = self._standing(table, names)
        key = TABLES[table].key
        cells: dict[str, list[str]] = {name: [] for name in names}
        for row, _ in pairs:
            there = standing.get(row.get(key, ""), {}) if key else {}
            for name in names:
                held = row.get(name)
                is_owned = row.get(key) in self._owned.get(table, {}) and not held
                cells[name].append(there.get(name, "") if held is None or is_owned else held)
        frame = pd.DataFrame(
            {name.removeprefix("+"): pd.array(column, dtype="str") for name, column in cells.items()}
        )
        numbers = np.arange(1, len(pairs) + 1, dtype=np.int64)
        texts = {str(name): tuple(frame[name]) for name in frame}
        problems = tuple(long_cells(TABLES[table], texts, numbers))
        warned = tuple(header_warnings(TABLES[table], map(str, frame.columns)))
        self.upload.sheets.by_table[table] = Sheet(TABLES[table], frame, numbers, problems, warned)
        self.upload.origins[table] = [origin for _, origin in pairs]

    def _standing(self, table: str, names: Sequence[str]) -> dict[str, Row]:
        """Return the rows that are there already, as texts, by their ids."""
        key = TABLES[table].key
        own = self.before.tables[table]
        if not key or own.empty:
            return {}
        plain = [name for name in (each.removeprefix("+") for each in names) if name in own]
        texts = {name: cell_texts(own[name]) for name in plain}
        shown = {
            name if name in TABLES[table].columns_by_name else f"+{name}": cells
            for name, cells in texts.items()
        }
        return {
            row_id: dict(zip(shown, cells, strict=True))
            for row_id, cells in zip(own[key], zip(*shown.values(), strict=True), strict=True)
        }


def _filled_down(cells: Sequence[str]) -> list[str]:
    """Return cells in which a blank one says what stands above it, as where cells were merged."""
    filled: list[str] = []
    for cell in cells:
        filled.append(cell or (filled[-1] if filled else ""))
    return filled


def _with_constants(theirs: Row, owner: str, constants: Mapping[str, str]) -> Row:
    """Return what is said of a new school or partner, with what is said of all new ones."""
    said = {name.partition(".")[2]: text for name, text in constants.items() if name.startswith(f"{owner}.")}
    return theirs | {name: text for name, text in said.items() if text and not theirs.get(name)}


def _extra_name(header: str, table: str) -> str:
    """Return the name of a column that is kept; one that a table has already is not its column."""
    taken = {word_key(column.name) for column in TABLES[table].columns}
    return f"{header} (as sent)" if word_key(header) in taken else header
