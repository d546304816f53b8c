"""The grammar of the generated texts: templates with alternatives and slots, read from the TOML files beside it."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TypeVar

import numpy as np

from matching.values import GRADES
from matching.vocabulary import KINDS

_T = TypeVar("_T")
_MARKS = re.compile(r"(\{[^}]*\}|<\w+>)")
_SENTENCE_START = re.compile(r"((?:^|[.!?] )[\"¿¡]?)([a-záéíóúñ])")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a template that each row fills for itself."""

    name: str


Template = tuple["str | Slot | tuple[Template, ...]", ...]
Templates = tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that schools ask for and partners give, in the words of each side.

    ``kind`` is the need's; ``shares`` are the cells that an offer's kinds may hold; ``first_grade`` and
    ``last_grade`` are indices into `GRADES`; ``when`` names the schedules that suit.
    """

    name: str
    kind: str
    shares: tuple[str, ...]
    family: str
    focus: str
    weight: float
    first_grade: int
    last_grade: int
    when: str
    partners: tuple[str, ...]
    texts: Mapping[str, Templates]


@dataclass(frozen=True, slots=True)
class Grammar:
    """All topics, and the general words under their section and key."""

    topics: tuple[Topic, ...]
    words: Mapping[str, Mapping[str, Templates]]


class Phrases:
    """Draws words from one stream of random numbers, so that the same seed says the same."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._stream = _uniforms(rng)

    def chance(self, share: float) -> bool:
        """Return True in `share` of all calls."""
        return next(self._stream) < share

    def pick(self, options: Sequence[_T]) -> _T:
        """Return one of the options, all equally likely."""
        return options[int(next(self._stream) * len(options))]

    def say(self, templates: Templates, slots: Mapping[str, str]) -> str:
        """Return one of the templates, filled."""
        return self._fill(self.pick(templates), slots)

    def _fill(self, template: Template, slots: Mapping[str, str]) -> str:
        said = []
        for part in template:
            if isinstance(part, str):
                said.append(part)
            elif isinstance(part, Slot):
                said.append(slots[part.name])
            else:
                said.append(self._fill(self.pick(part), slots))
        return "".join(said)


def load_grammar() -> Grammar:
    """Return the grammar that comes with the package."""
    folder = files("matching.generate")
    topics = tomllib.loads(folder.joinpath("topics.toml").read_text(encoding="utf-8"))["topic"]
    words = tomllib.loads(folder.joinpath("words.toml").read_text(encoding="utf-8"))
    return Grammar(
        tuple(_topic(entry) for entry in topics),
        {section: {key: parse_all(texts) for key, texts in keys.items()} for section, keys in words.items()},
    )


def parse_all(texts: Sequence[str]) -> Templates:
    """Return the templates written in `texts`."""
    return tuple(_parse(text) for text in texts)


def sentence_case(text: str) -> str:
    """Return the text with a capital at the start of every sentence."""
    return _SENTENCE_START.sub(lambda match: match[1] + match[2].upper(), text)


def _topic(entry: Mapping[str, object]) -> Topic:
    texts = ("asks", "whys", "gives", "wants", "has", "spanish_asks", "spanish_gives", "solo")
    first, _, last = str(entry["grades"]).partition("-")
    return Topic(
        name=str(entry["name"]),
        kind=str(entry["kind"]),
        shares=tuple(
            "|".join(sorted(cell.split("|"), key=KINDS.index)) for cell in _strings(entry["shares"])
        ),
        family=str(entry["family"]),
        focus=str(entry["focus"]),
        weight=float(str(entry["weight"])),
        first_grade=GRADES.index(first),
        last_grade=GRADES.index(last or first),
        when=str(entry["when"]),
        partners=_strings(entry["partners"]),
        texts={key: parse_all(_strings(entry.get(key, []))) for key in texts},
    )


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"Grammar: expected a list of texts, got {value!r}.")
    return tuple(map(str, value))


def _parse(text: str) -> Template:
    return tuple(_part(part) for part in _MARKS.split(text) if part)


def _part(part: str) -> str | Slot | Templates:
    if part.startswith("{"):
        return parse_all(part[1:-1].split("|"))
    return Slot(part[1:-1]) if part.startswith("<") else part


def _uniforms(rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield from rng.random(4096).tolist()
