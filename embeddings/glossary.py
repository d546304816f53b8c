"""Spanish words in English: a glossary of our own, and endings that the two languages share.

``spanish.tsv`` was written for this project from the general vocabulary of schools, families, social services, arts,
sports, health and work, with the words that bind them; no retrieval set was looked up for it.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import Stemmer
from bm25s.stopwords import STOPWORDS_SPANISH

from embeddings.lexical import fold

FILE = Path(__file__).with_name("spanish.tsv")
"""A Spanish word or phrase and its English words a line."""
_WORD = re.compile(r"\w+")
_LONGEST_PHRASE = 4
# Shorter stems are those of many words: `tall` of taller (workshop), talla (size) and tallo (stalk).
_SHORTEST_STEM = 4
# Spanish words of the glossary that are English ones too, with another meaning.
_ALSO_ENGLISH = frozenset(
    ("auto", "come", "mate", "mayor", "meta", "nota", "once", "red", "sale", "solo", "taller")
)
# Words that end so, or so and with an s, are often spelled alike: musical, excursions, tutors.
_ALIKE = ("al", "or", "sion")
_ENDINGS = (
    ("logia", "logy"),
    ("grafia", "graphy"),
    ("cion", "tion"),
    ("idad", "ity"),
    ("dad", "ty"),
    ("ismo", "ism"),
    ("ista", "ist"),
    ("encia", "ence"),
    ("ancia", "ance"),
    ("mente", "ly"),
    ("ario", "ary"),
    ("ico", "ic"),
    ("ica", "ic"),
    ("ivo", "ive"),
    ("iva", "ive"),
    ("oso", "ous"),
    ("osa", "ous"),
    ("ente", "ent"),
    ("ante", "ant"),
)
Phrase = tuple[str, ...]


def in_english_words(text: str) -> str:
    """Return the English for each word of a Spanish text, longest phrases first, without its stop words.

    Other forms of a word are found by its stem. A word that is not in the glossary gets the English form of its
    ending (``-ción``, ``-tion``); a name stays as it is, but for accents and capitals.
    """
    words = _WORD.findall(fold(text))
    found: list[str] = []
    start = 0
    while start < len(words):
        for stop in range(min(start + _LONGEST_PHRASE, len(words)), start, -1):
            english = _lookup(tuple(words[start:stop]))
            if english is not None:
                break
        else:
            stop, english = start + 1, _cognate(words[start])
        found.append(english)
        start = stop
    return " ".join(filter(None, found))


def is_spanish(word: str) -> bool:
    """Whether the glossary has the word, or what it is the plural of, and English has no word spelled so."""
    entries, english = _by_phrase(), _english_words()
    folded = fold(word)
    if folded in english or folded.removesuffix("s").endswith(_ALIKE):
        return False
    return any((form,) in entries and form not in english for form in _forms(folded))


def _lookup(words: Phrase) -> str | None:
    """Return the English for a word or phrase in any form, "" for a stop word, None for what is not known."""
    if len(words) == 1 and words[0] in _stop_words():
        return ""
    entries = _by_phrase()
    for form in _forms(words[-1]):
        if (*words[:-1], form) in entries:
            return entries[*words[:-1], form]
    stems = _stems(words)
    return None if len(stems[0]) < _SHORTEST_STEM else _by_stems().get(stems)


def _cognate(word: str) -> str:
    for form in _forms(word):
        for spanish, english in _ENDINGS:
            if form.endswith(spanish) and len(form) >= len(spanish) + 3:
                return form.removesuffix(spanish) + english
    return word


def _forms(word: str) -> Iterator[str]:
    """Yield the word and what it may be the plural of."""
    yield word
    if word.endswith("ces"):
        yield word[:-3] + "z"
    if word.endswith("es"):
        yield word[:-2]
    if word.endswith("s"):
        yield word[:-1]


def _stems(words: Sequence[str]) -> Phrase:
    # One of its own, for threads cannot share a stemmer.
    return tuple(Stemmer.Stemmer("spanish").stemWords(list(words)))


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(fold(word) for word in STOPWORDS_SPANISH)


@cache
def _by_phrase() -> dict[Phrase, str]:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    entries = (line.split("\t") for line in lines)
    return {tuple(fold(spanish).split()): english for spanish, english in entries}


@cache
def _by_stems() -> dict[Phrase, str]:
    """Return the English by stems; of two entries with the same, the shorter one counts."""
    ordered = sorted(_by_phrase().items(), key=lambda entry: (-len(" ".join(entry[0])), entry[0]))
    return {_stems(words): english for words, english in ordered}


@cache
def _english_words() -> frozenset[str]:
    return _ALSO_ENGLISH.union(*(fold(english).split() for english in _by_phrase().values()))
