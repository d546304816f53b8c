"""The texts of convenings that stand in no template: in the domain and in the code of packets."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import matching
from matching.convenings.recognition import GUIDELINES, State
from service.pages import reader
from service.pages.convenings.convened import KIND_WORDS
from service.pages.convenings.meetings import PURPOSES
from service.pages.convenings.packets import QUESTIONS, TO_TALK_ABOUT

DOMAIN, PAGES = (Path(module.__file__ or "").parent for module in (matching, reader))
FILES: Final = tuple(path for folder in (DOMAIN, PAGES) for path in (folder / "convenings").glob("*.py"))
#: How many of its first arguments each call says.
SAYS: Final = {"Said": 1, "Item": 2, "_met": 1, "_not_met": 1, "_unknown": 1, "say": 1, "count": 1}


def texts() -> list[str]:
    """Return all of them, of a text for one and for many things the one."""
    listed = [*GUIDELINES, *State, *KIND_WORDS.values(), *PURPOSES.values(), *QUESTIONS.values()]
    listed += [question for asked in TO_TALK_ABOUT.values() for question in asked]
    return [*map(str, listed), *(text for path in FILES for text in _in_code(path))]


def _in_code(path: Path) -> Iterator[str]:
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            for part in call.args[: SAYS.get(name, 0)]:
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                    yield part.value
