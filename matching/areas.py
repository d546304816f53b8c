"""The vocabulary of focus areas: what needs and offers are about, in words of our own."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from embeddings.lexical import fold


@dataclass(frozen=True, slots=True)
class FocusArea:
    """One area, with what schools and partners say of it and what other taxonomies call it.

    Parameters
    ----------
    name
        As it stands inside a sentence: "Both are about ``name``."
    aliases
        What else a ``focus_area`` cell may say.
    needs, offers
        Examples of ours, a school's side and a partner's.
    open_eligibility
        Categories of Open Eligibility; empty where none is the same.
    ntee
        Letters of major groups of the National Taxonomy of Exempt Entities.
    """

    key: str
    group: str
    name: str
    spanish: str
    definition: str
    aliases: tuple[str, ...]
    needs: tuple[str, ...]
    offers: tuple[str, ...]
    open_eligibility: tuple[str, ...]
    ntee: tuple[str, ...]

    @property
    def title(self) -> str:
        """The name with a capital, as it stands in a table."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def examples(self) -> tuple[str, ...]:
        """The texts that its vector is the mean of: name with definition, then the examples."""
        return (f"{self.title}. {self.definition}", *self.needs, *self.offers)

    @property
    def words(self) -> str:
        """All that is said of it in English, for a search by words."""
        return " ".join((*self.examples, *self.aliases))


@cache
def focus_areas() -> tuple[FocusArea, ...]:
    """Return the areas in the order of the vocabulary."""
    text = files("matching").joinpath("focus_areas.toml").read_text(encoding="utf-8")
    return tuple(_area(entry) for entry in tomllib.loads(text)["area"])


def area_named(text: str) -> int | None:
    """Return the number of the area with that key, name or alias, in any case and with or without accents."""
    return _numbers().get(_plain(text))


def area_numbered(key: str) -> int:
    """Return the number of the area with that key or name.

    Raises
    ------
    ValueError
        Where there is none.
    """
    number = area_named(key)
    if number is None:
        keys = ", ".join(area.key for area in focus_areas())
        raise ValueError(f"Area {key}: expected one of {keys}.")
    return number


def titles_of(numbers: Sequence[int]) -> str:
    """Return the titles of areas, separated by commas."""
    return ", ".join(focus_areas()[number].title for number in numbers)


def describe_areas() -> str:
    """Return the vocabulary as Markdown, a table a group."""
    lines = ["# Focus areas"]
    for group in dict.fromkeys(area.group for area in focus_areas()):
        lines += ["", f"## {group}", "", "| key | name | what it is | a school says | a partner says |"]
        lines[-1] += " Open Eligibility | NTEE |"
        lines.append("|---|---|---|---|---|---|---|")
        lines += [_row(area) for area in focus_areas() if area.group == group]
    return "\n".join(lines)


def _area(entry: Mapping[str, str | Sequence[str]]) -> FocusArea:
    cells = {name: cell if isinstance(cell, str) else tuple(cell) for name, cell in entry.items()}
    return FocusArea(**cells)  # type: ignore[arg-type]  # a test holds the file to the fields' types


def _row(area: FocusArea) -> str:
    sides = ["; ".join(side) for side in (area.needs, area.offers, area.open_eligibility)]
    names = f"{area.title} ({area.spanish})"
    return f"| {' | '.join([f'`{area.key}`', names, area.definition, *sides, ', '.join(area.ntee)])} |"


@cache
def _numbers() -> dict[str, int]:
    """Return the number of each area by all that it is called."""
    return {
        _plain(name): number
        for number, area in enumerate(focus_areas())
        for name in (area.key, area.name, area.spanish, *area.aliases)
    }


def _plain(text: str) -> str:
    """Return a name without case, accents and marks between its words."""
    return " ".join(fold(text).replace("-", " ").replace("_", " ").split())
