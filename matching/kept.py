"""What was made of a district's columns, kept while these columns stay the same: a change costs what depends on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar, cast

from matching.district import District

Columns: TypeAlias = Mapping[str, Sequence[str]]
Given = ParamSpec("Given")
Made = TypeVar("Made")


class Kept:
    """What is made of one version of a district; what an earlier version gave just so is not made again.

    Parameters
    ----------
    earlier
        That of an earlier version. Tables and columns that have stayed are recognised the faster if they are the very
        same objects.
    """

    def __init__(self, district: District, earlier: "Kept | None" = None):
        self._tables = district.tables
        self._district = district
        self._before = earlier._tables if earlier else {}
        self._made_before = earlier._made if earlier else {}
        self._made: dict[str, tuple[tuple[object, ...], object]] = {}
        self._is_same: dict[tuple[str, str], bool] = {}

    def of(
        self,
        make: Callable[Concatenate[District, Given], Made],
        columns: Columns,
        *given: Given.args,
        **_: Given.kwargs,
    ) -> Made:
        """Return what a function makes of some columns of the district and of other values.

        It is handed a district of these columns alone: what it does not name it cannot read. The other values are
        compared by ``==``; large ones should be equal only to themselves.
        """
        name = f"{make.__module__}.{make.__qualname__}"
        before = self._made_before.get(name)
        if before is not None and before[0] == given and self.are_same(columns):
            self._made[name] = before
        else:
            self._made[name] = given, make(self._only(columns), *given)  # type: ignore[call-arg]  # no keywords
        return cast("Made", self._made[name][1])  # the same function made it

    def settle(self) -> "Kept":
        """Let go of the earlier version, once all is made."""
        self._before, self._made_before = {}, {}
        return self

    def are_same(self, columns: Columns) -> bool:
        """Whether all these columns are as they were in the earlier version; never without one."""
        return bool(self._before) and all(
            self._stays(table, column) for table, names in columns.items() for column in names
        )

    def _stays(self, table: str, column: str) -> bool:
        now, before = self._tables[table], self._before[table]
        if now is before:
            return True
        if (table, column) not in self._is_same:
            self._is_same[table, column] = now[column].equals(before[column])
        return self._is_same[table, column]

    def _only(self, columns: Columns) -> District:
        """Return the district with these columns alone; of other tables not even the number of rows."""
        tables = {
            name: table[list(columns[name])] if name in columns else None
            for name, table in self._tables.items()
        }
        return replace(self._district, **tables)  # type: ignore[arg-type]  # who reads a None is to fail
