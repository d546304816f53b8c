"""The words that two texts share, as they stand there: what a search by words goes by, made readable."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import log
from typing import NamedTuple
from unicodedata import normalize

from embeddings.lexical import fold, is_stop_word, stem

_WORD = re.compile(r"\w\w+")
_JOINT = re.compile(r"[\s'/\u2019-]{1,2}")
_LONGEST_RUN = 4
# A district's offers are read again with each change of its tables.
_TEXTS_REMEMBERED = 2**16
# A word in more documents than this says nothing about one of them.
_COMMON_SHARE, _COMMON_COUNT = 0.25, 5


class SharedWord(NamedTuple):
    """A word, or several in a row, that both texts hold; ``weight`` sums how rare its words are (idf)."""

    word: str
    weight: float


class SharedWords:
    """The words that any text shares with each of a fixed list of documents.

    Words are the same if their stems are, as in `Lexical`. The fewer documents hold a word, the more it weighs, by
    Lucene's idf ``ln(1 + (n - df + 0.5) / (df + 0.5))``; words that stand in too many of them are left out.
    """

    def __init__(self, documents: Sequence[str]):
        self._documents = [normalize("NFC", text) for text in documents]
        self._stems_of = [_stems_of(text) for text in self._documents]
        counts = Counter(stem for stems in self._stems_of for stem in set(stems))
        n = len(documents)
        common = max(_COMMON_COUNT, _COMMON_SHARE * n)
        self._idf = {
            s: log(1 + (n - df + 0.5) / (df + 0.5)) for s, df in counts.items() if s and df <= common
        }
        # Pairs come ordered by their query, so a few texts are enough.
        self._words_of = lru_cache(maxsize=64)(lambda text: tuple(_words(text)))

    def of(self, text: str, document: int, most: int = 3) -> tuple[SharedWord, ...]:
        """Return at most `most` words that a text shares with a document, heaviest first, then as the text has them."""
        text = normalize("NFC", text)
        stems = self._stems_of[document]
        shared = set(stems) & self._idf.keys()
        in_a_row = set(pairwise(stems))
        runs = list(_runs(self._words_of(text), shared, in_a_row))
        told: set[str] = set()
        chosen: list[SharedWord] = []
        for run in sorted(runs, key=lambda run: -self._weight(run)):
            if len(chosen) < most and told.isdisjoint(word.stem for word in run):
                chosen.append(SharedWord(_said(run, text, self._documents[document]), self._weight(run)))
                told.update(word.stem for word in run)
        return tuple(chosen)

    def _weight(self, run: Sequence["_Word"]) -> float:
        return sum(self._idf[word.stem] for word in run)


class _Word(NamedTuple):
    stem: str
    start: int
    end: int


@lru_cache(_TEXTS_REMEMBERED)
def _stems_of(text: str) -> tuple[str, ...]:
    return tuple(word.stem for word in _words(text))


def _words(text: str) -> Iterator["_Word"]:
    """Yield the words of a text; a blank stem stands where no run of words may go on."""
    end = 0
    for match in _WORD.finditer(text):
        if not _JOINT.fullmatch(text, end, match.start()):
            yield _Word("", end, end)
        yield _Word(_stem(match.group()), match.start(), match.end())
        end = match.end()


@lru_cache(_TEXTS_REMEMBERED)
def _stem(word: str) -> str:
    """Return the stem of a word, blank for a stop word."""
    folded = fold(word)
    return "" if is_stop_word(folded) else stem(folded)


def _runs(words: Sequence[_Word], shared: set[str], in_a_row: set[tuple[str, str]]) -> Iterator[list[_Word]]:
    """Yield the shared words of a text, those together that stand in a row in both texts."""
    run: list[_Word] = []
    for word in words:
        goes_on = bool(run) and len(run) < _LONGEST_RUN and (run[-1].stem, word.stem) in in_a_row
        if run and not (word.stem in shared and goes_on):
            yield run
            run = []
        if word.stem in shared:
            run.append(word)
    if run:
        yield run


def _said(run: Sequence[_Word], text: str, document: str) -> str:
    """Return a run as the text has it, without the capital that only begins a sentence or stands in a title."""
    start, end = run[0].start, run[-1].end
    said, before = text[start:end], text[:start].rstrip()
    begins = not before or before[-1] in ".!?:"
    if said.lower() in document:
        return said.lower()
    return said[0].lower() + said[1:] if begins and said[1:].islower() else said
