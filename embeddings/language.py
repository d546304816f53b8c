"""Whether a text is in English: short words vote, for which no model has to be loaded."""

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from bm25s.stopwords import STOPWORDS_EN_PLUS, STOPWORDS_FRENCH, STOPWORDS_PORTUGUESE, STOPWORDS_SPANISH
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W\d_]+")


def are_english(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each text has at least as many signs of English as of another language; blank ones count as English.

    A sign of English is one of its stop words, a sign of another language a stop word of Spanish, French or
    Portuguese that is none in English, or a word with a letter that English does without (``ñ``, ``ó``, ``ж``).
    """
    english, other = _signs()
    verdicts = np.ones(len(texts), np.bool_)
    for row, text in enumerate(texts):
        words = _WORD.findall(text.lower())
        foreign = sum(word in other or not word.isascii() for word in words)
        verdicts[row] = not foreign or foreign <= sum(word in english for word in words)
    return verdicts


def language_of(text: str) -> str:
    """Return English, or else Spanish, French or Portuguese by its stop words, or "another language"."""
    if are_english([text])[0]:
        return "English"
    words = _WORD.findall(text.lower())
    counts = {name: sum(word in listed for word in words) for name, listed in _stop_words().items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "another language"


@cache
def _stop_words() -> dict[str, frozenset[str]]:
    english = frozenset(STOPWORDS_EN_PLUS)
    listed = {"Spanish": STOPWORDS_SPANISH, "French": STOPWORDS_FRENCH, "Portuguese": STOPWORDS_PORTUGUESE}
    return {name: frozenset(words) - english for name, words in listed.items()}


@cache
def _signs() -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(STOPWORDS_EN_PLUS), frozenset().union(*_stop_words().values())
