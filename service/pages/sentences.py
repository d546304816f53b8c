"""The domain's sentences in the reader's language.

The domain speaks English and knows no catalogue: its sentences stand in files and in the database, and programs read
them. Here a sentence is recognised by its pattern and said again. The patterns are the entries of
`locale/<language>/sentences.po`; what stands in braces there is told by the word before its first ``_``:

========== ====================================================================================
n, day     a number, a date
level      a slot level, kind a kind of help, count a number with its noun; all said in turn
phrase     another pattern, sentence one with its period, list several: "a, b and c"; measures several
           that begin with "measure: " here
times      days with their hours
word       a word of the catalogue, a focus area or a language, else kept; words several, area one
grades     grades, id the id of a row, ids several: kept as they are
quoted     words in quotation marks
text       what schools and partners wrote, and names: kept as it is
========== ====================================================================================

An entry with the comment ``after a focus`` begins what the domain says; before it stand a partner's own words.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache, partial
from pathlib import Path
from string import Formatter
from textwrap import shorten
from types import MappingProxyType
from typing import Final

from babel import Locale
from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from embeddings.language import language_of
from matching.areas import area_named, focus_areas
from matching.vocabulary import KINDS
from service.pages.reader import Reader, catalog_of

LONGEST_TEXT: Final = 6000
"""In characters; beyond that, a text stays as it is."""
_MOST_PARTS: Final = 60
_REMEMBERED: Final = 2**12
_FOLDER: Final = Path(__file__).parent / "locale"
_AFTER_A_FOCUS: Final = "after a focus"
_GRADE: Final = r"(?:PK|TK|K|\d{1,2})"
_OPEN: Final = r".{1,400}?"
_PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "n": r"-?\d[\d,]{0,20}(?:\.\d{1,12})?",
        "day": r"\d{4}-\d{2}-\d{2}",
        "level": r"(?:mentoring|other help) at priority \d|(?:mentoring|other)-\d",
        "kind": "|".join(KINDS),
        "count": r"\d[\d,]{0,20} [a-z][a-z ]{2,40}?",
        "phrase": _OPEN,
        "list": _OPEN,
        "measures": _OPEN,
        "word": r"[^,;:()%“”]{1,80}?",
        "words": r"[^;:()%“”]{1,200}?",
        "quoted": r"“[^“”]{1,100}”(?:(?:, | and )“[^“”]{1,100}”){0,20}",
        "sentence": r".{1,400}?\.",
        "times": r"[A-Z][a-z]{2} [\d:-]{3,11}(?:, [A-Z][a-z]{2} [\d:-]{3,11}){0,20}",
        "grades": rf"{_GRADE}(?:-{_GRADE})?(?:, {_GRADE}(?:-{_GRADE})?){{0,14}}",
        "area": r"[^.;:()“”]{1,80}?",
        "id": r"[^\s,;]{1,200}?",
        "ids": r"[^\s,;]{1,100}?(?: and [^\s,;]{1,100}?){0,20}",
        "text": _OPEN,
    }
)
_SEPARATORS: Final = re.compile(r"(, | and | or |; )")
_AND: Final = re.compile(r"(?<=”) and (?=“)")
_NUMBER: Final = re.compile(r"\d|\{(n|day|count)\b|\{(n|count)_")
_WORD: Final = re.compile(r"[^\W\d_]+(?=[\s,.;:]|$)")
_DAY: Final = re.compile(r"[A-Z][a-z]{2}")
_BOUNDARY: Final = re.compile(r"(?<=[.!?:;)”])\s+")
_LANGUAGES: Final = MappingProxyType({"English": "en", "Spanish": "es", "French": "fr", "Portuguese": "pt"})


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern of the domain's, and how it is said: escaped, its values by their names in both.

    ``telling`` are letters that stand in each text of the pattern; ``start`` and ``tail`` are how it begins and ends.
    """

    expression: re.Pattern[str]
    said: str
    begins: str
    start: str
    telling: str
    tail: str
    ends: bool
    follows_a_focus: bool


def told(reader: Reader, text: str, most: int = LONGEST_TEXT) -> Markup:
    """Return what the domain says in the reader's language; what is in another one says so in its markup.

    Parameters
    ----------
    most
        In characters: what is longer is cut, between its sentences where it had to be translated.
    """
    if reader.language == "en":
        return escape(text if len(text) <= most else shorten(text, most, placeholder=" ..."))
    if len(text) > LONGEST_TEXT:
        return _marked(text, "en")
    said = Markup()
    for part, num_letters in _parts(reader, text):
        if said and len(said.striptags()) + num_letters > most:
            return said.rstrip() + " ..."
        said += part
    return said


def _marked(text: str, language: str) -> Markup:
    return Markup('<span lang="{}">{}</span>').format(language, text)


@lru_cache(_REMEMBERED)
def _parts(reader: Reader, text: str) -> Sequence[tuple[Markup, int]]:
    """Return the sentences of a text as they are told, with their lengths and what stands between them."""
    return [(part, len(part.striptags())) for part in _Telling(reader).sentences(text)]


@dataclass(frozen=True, slots=True)
class _Grammar:
    """What a language has: words, and its patterns, the most telling first.

    Sentences are found by the word that they begin with, phrases by that word and the letter that they end with; both
    are "" where they may be anything.
    """

    sentences: Mapping[str, Sequence[_Pattern]]
    phrases: Mapping[tuple[str, str], Sequence[_Pattern]]
    exact: Mapping[str, str]
    words: Mapping[str, str]


@cache
def _grammar(language: str) -> _Grammar:
    every = list(_patterns(language))
    starts, tails = {"", *(one.start for one in every)}, {"", *(one.tail for one in every)}
    ending = [one for one in every if one.ends]
    sentences = {start: [one for one in ending if one.start in ("", start)] for start in starts}
    phrases = {
        (start, tail): [one for one in every if one.start in ("", start) and one.tail in ("", tail)]
        for start in starts
        for tail in tails
    }
    said = {message.id: message.string for message in catalog_of(language)}
    exact = {one: str(words) for one, words in said.items() if isinstance(one, str) and "{" not in one}
    languages = Locale(language).languages
    words = {
        **{
            name.casefold(): languages[code]
            for code, name in Locale("en").languages.items()
            if code in languages
        },
        **exact,
    }
    return _Grammar(sentences, phrases, exact, words)


class _Telling:
    """A text while it is told."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._grammar = _grammar(reader.language)
        self._read: dict[str, Markup | None] = {}
        self._say: Mapping[str, Callable[[str], Markup | None]] = {
            "n": self._number,
            "day": self._day,
            "list": self._list,
            "measures": partial(self._list, of="measure: "),
            "word": self._word,
            "words": self._words,
            "times": lambda text: escape(_DAY.sub(lambda day: self._reader.say(day[0]), text)),
            "quoted": lambda text: escape(_AND.sub(f" {self._reader.say('and')} ", text)),
            "area": self._area,
            "ids": lambda text: escape(text.replace(" and ", self._separator(" and "))),
            **dict.fromkeys(("grades", "id", "text"), escape),
        }

    def sentences(self, text: str) -> Iterator[Markup]:
        """Yield what a text says, sentence by sentence with the white space between them; nothing is left out."""
        whole = self._phrase(text)
        if whole is not None:
            yield whole
            return
        start = at = 0
        while at < len(text):
            said, end, follows_a_focus = self._sentence(text, at)
            if said is not None:
                yield from self._untold(text[start:at], is_focus=follows_a_focus)
                yield said
                start = at = end
                continue
            boundary = _BOUNDARY.search(text, at)
            at = boundary.end() if boundary else len(text)
        yield from self._untold(text[start:], is_focus=False)

    def _untold(self, text: str, *, is_focus: bool) -> Iterator[Markup]:
        """Yield what has no pattern: a partner's own words in their language, all else as English."""
        stripped = text.strip()
        if stripped:
            language = _LANGUAGES.get(language_of(stripped), "") if is_focus else "en"
            before, after = text.split(stripped, 1)
            inner = Markup('<q lang="{}">{}</q>').format(language, stripped)
            yield escape(before) + (inner if is_focus else _marked(stripped, "en")) + escape(after)
        elif text:
            yield escape(text)

    def _sentence(self, text: str, at: int) -> tuple[Markup | None, int, bool]:
        """Return the sentence that begins at a place, where it ends, and whether it goes on from a focus."""
        patterns = self._grammar.sentences
        for pattern in patterns.get(_start(text[at : at + 40])) or patterns[""]:
            if text.find(pattern.telling, at) < 0:
                continue
            found = pattern.expression.match(text, at)
            said = None if found is None else self._filled(pattern, found, text[at])
            if found is not None and said is not None:
                return said, found.end(), pattern.follows_a_focus
        return None, at, False

    def _phrase(self, text: str) -> Markup | None:
        """Return a whole phrase as it is said, None where it has no pattern; each is read once a text."""
        if text not in self._read:
            self._read[text] = self._phrase_anew(text) if text else None
        return self._read[text]

    def _phrase_anew(self, text: str) -> Markup | None:
        if exact := self._grammar.exact.get(text):
            return escape(exact)
        if exact := self._grammar.exact.get(text[0].lower() + text[1:]):
            return escape(exact[:1].upper() + exact[1:])
        patterns, start, tail = self._grammar.phrases, _start(text[:40]), text[-1]
        likely = patterns.get((start, tail)) or patterns.get((start, "")) or patterns.get(("", tail))
        for pattern in likely or patterns["", ""]:
            if pattern.telling not in text:
                continue
            found = pattern.expression.fullmatch(text)
            said = None if found is None else self._filled(pattern, found, text[0])
            if said is not None:
                return said
        return None

    def _filled(self, pattern: _Pattern, found: re.Match[str], first: str) -> Markup | None:
        values = {}
        for name, value in found.groupdict().items():
            said = self._say.get(name.split("_")[0], self._phrase)(value)
            if said is None:
                return None
            values[name] = said
        return Markup(_as_begun(pattern, first).format(**values))

    def _list(self, text: str, of: str = "") -> Markup | None:
        """Return a list with each of its phrases said, as if ``of`` stood before each; a phrase may hold commas."""
        parts = _SEPARATORS.split(text)
        if len(parts) > _MOST_PARTS:
            return None
        said: dict[int, Markup] = {len(parts) + 1: Markup()}
        for start in range(len(parts) - 1, -1, -2):
            for end in range(start + 1, len(parts) + 1, 2):
                rest = said.get(end + 1)
                phrase = None if rest is None else self._phrase(of + "".join(parts[start:end]))
                if rest is not None and phrase is not None:
                    said[start] = phrase + (self._separator(parts[end]) if end < len(parts) else "") + rest
                    break
        return said.get(0)

    def _separator(self, text: str) -> str:
        word = text.strip()
        return f" {self._reader.say(word)} " if word.isalpha() else text

    def _words(self, text: str) -> Markup:
        parts = _SEPARATORS.split(text)
        return Markup().join(
            escape(self._separator(part)) if place % 2 else self._word(part)
            for place, part in enumerate(parts)
        )

    def _word(self, text: str) -> Markup:
        words = self._grammar.words
        return escape(words.get(text) or words.get(text.casefold()) or text)

    def _area(self, text: str) -> Markup:
        number = area_named(text)
        return self._word(text) if number is None else escape(focus_areas()[number].spanish)

    def _day(self, text: str) -> Markup:
        try:
            return escape(self._reader.day(date.fromisoformat(text)))
        except ValueError:
            return escape(text)

    def _number(self, text: str) -> Markup:
        """Return a number with all of its digits, as the language writes it."""
        whole, _, part = text.replace(",", "").partition(".")
        symbols = self._reader.locale.number_symbols["latn"]
        written = whole if len(whole) <= len("999") else self._reader.number(int(whole))
        return escape(written + (symbols["decimal"] + part if part else ""))


def _patterns(language: str) -> Iterator[_Pattern]:
    """Yield the patterns of a language, those with the most letters of their own first."""
    with (_FOLDER / language / "sentences.po").open("rb") as file:
        messages = [message for message in read_po(file, Locale(language)) if message.id]
    literals = {str(one.id): [literal for literal, *_ in Formatter().parse(str(one.id))] for one in messages}
    messages.sort(key=lambda one: -sum(map(len, literals[str(one.id)])))
    for message in messages:
        text = str(message.id)
        ends = text.endswith((".", ":", "{sentence}"))
        first, *others = literals[text]
        yield _Pattern(
            expression=re.compile(_expression(text) + (r"(?=\s|\Z)" if ends else ""), re.DOTALL),
            said=str(escape(message.string)),
            begins=text[0],
            start=_start(text),
            telling=max(first[1:], *others, key=len) if others else first[1:],
            tail="" if text.endswith("}") else text[-1],
            ends=ends,
            follows_a_focus=_AFTER_A_FOCUS in message.auto_comments,
        )


def _expression(text: str) -> str:
    """Return a pattern as a regular expression whose first letter may be of either case."""
    parts = [
        re.escape(literal) + (f"(?P<{name}>{_PATTERNS[name.split('_')[0]]})" if name else "")
        for literal, name, *_ in Formatter().parse(text)
    ]
    if text[0].isalpha():
        return f"[{text[0].lower()}{text[0].upper()}]" + "".join(parts)[1:]
    return "".join(parts)


def _start(text: str) -> str:
    """Return the word that a text begins with, "0" for a number; blank where that may be anything."""
    if _NUMBER.match(text):
        return "0"
    found = _WORD.match(text)
    return found[0].lower() if found else ""


def _as_begun(pattern: _Pattern, first: str) -> str:
    """Return how a pattern is said, its first letter as large as the English one."""
    if first == pattern.begins or not first.isalpha() or not pattern.begins.isalpha():
        return pattern.said
    return (pattern.said[:1].upper() if first.isupper() else pattern.said[:1].lower()) + pattern.said[1:]
