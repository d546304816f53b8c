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


@cache
def _signs() -> tuple[frozenset[str], frozenset[str]]:
    english = frozenset(STOPWORDS_EN_PLUS)
    others = frozenset([*STOPWORDS_SPANISH, *STOPWORDS_FRENCH, *STOPWORDS_PORTUGUESE])
    return english, others - english
