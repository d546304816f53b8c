"""Schools and partners by their ids and names: known, perhaps known, or new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matching.mapping.names import id_of_name, is_same_written_out, name_key, near_names
from matching.values import parse_id

NEW: Final = ""
"""Said of a name: it is that of a school or partner that is not there yet."""


@dataclass(frozen=True, slots=True)
class NearName:
    """A name of a sheet that may be that of a school or partner which is there; ``near`` are ids, the likeliest first.

    Parameters
    ----------
    is_same
        Whether it is the likeliest one's once what is shortened is written out.
    """

    table: str
    name: str
    near: tuple[str, ...]
    is_same: bool


class Finder:
    """Finds schools, or partners, by their ids and names."""

    def __init__(
        self, table: str, known: Mapping[str, str], said: Mapping[str, str], near: list[NearName]
    ) -> None:
        self._table, self._known, self._said, self._near = table, known, said, near
        self._ids = set(known)
        self._by_name = {name_key(name): key for key, name in reversed(list(known.items()))}
        self._asked: set[str] = set()

    def ask(self, names: Sequence[str]) -> None:
        """Look which names may be those of known ones; what was said of a name counts, an id is none."""
        new = [
            name
            for name in dict.fromkeys(names)
            if name
            and name not in self._asked
            and name not in self._ids
            and name_key(name) not in self._by_name
        ]
        self._asked |= set(new)
        near = near_names(new, self._known)
        for name in new:
            ids = near.get(name, [])
            is_same = bool(ids) and is_same_written_out(name, self._known[ids[0]])
            if ids:
                self._near.append(NearName(self._table, name, tuple(ids), is_same))
            said = self._said.get(name, ids[0] if is_same else NEW)
            self._by_name[name_key(name)] = said if said in self._known else self._new(name)

    def id_of(self, given: str, name: str, federal: str = "") -> str:
        """Return the id that is given, or that of a name, or of what stands where an id should."""
        given = parse_id(given) if given else ""
        if given not in self._ids and " " in given:
            given, name = "", name or given
        if given:
            is_name = given not in self._ids and name_key(given) in self._by_name
            key = self._by_name[name_key(given)] if is_name else given
        elif federal:
            key = federal
        elif name:
            key = name if name in self._ids else self._by_name.get(name_key(name)) or self._new(name)
        else:
            return ""
        self._ids.add(key)
        if name:
            self._by_name.setdefault(name_key(name), key)
        return key

    def is_known(self, name: str) -> bool:
        """Whether this is an id or a name that is known."""
        return name in self._ids or name_key(name) in self._by_name

    def known_id(self, text: str) -> str:
        """Return the id of a name that is known; any other text as it is."""
        return text if text in self._ids else self._by_name.get(name_key(text), text)

    def _new(self, name: str) -> str:
        return id_of_name(name, self._ids)
