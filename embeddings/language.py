"""Which language a text is in, and Spanish put into English words: words vote, no model has to be loaded."""

import re
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from bm25s.stopwords import STOPWORDS_EN_PLUS, STOPWORDS_FRENCH, STOPWORDS_PORTUGUESE, STOPWORDS_SPANISH
from numpy.typing import NDArray

from embeddings.glossary import in_english_words, is_spanish

_WORD = re.compile(r"[^\W\d_]+")
_END_OF_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\s*\n\s*")


def are_english(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each text has at least as many signs of English as of another language; blank ones count as English.

    A sign of English is one of its stop words, a sign of another language a stop word of Spanish, French or
    Portuguese that is none in English, or a word with a letter that English does without (``ñ``, ``ó``, ``ж``). Where
    there is no sign of English, as in a term of few words, so is each word of the Spanish glossary.
    """
    english, other = _signs()
    verdicts = np.ones(len(texts), np.bool_)
    for row, text in enumerate(texts):
        words = _WORD.findall(text.lower())
        num_english = sum(word in english for word in words)
        foreign = sum(word in other or not word.isascii() for word in words)
        foreign += not num_english and any(is_spanish(word) for word in words)
        verdicts[row] = foreign <= num_english
    return verdicts


def language_of(text: str) -> str:
    """Return English, or else Spanish, French or Portuguese by its words, or "another language"."""
    if are_english([text])[0]:
        return "English"
    words = _WORD.findall(text.lower())
    counts = {name: sum(word in listed for word in words) for name, listed in _stop_words().items()}
    counts["Spanish"] += sum(is_spanish(word) for word in words)
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "another language"


def in_english(texts: Sequence[str]) -> list[str]:
    """Return the texts, each sentence of a Spanish one put into English words unless it is in English."""
    rows: list[int] = np.flatnonzero(~are_english(texts)).tolist()
    read = list(texts)
    for row in rows:
        if language_of(texts[row]) == "Spanish":
            sentences = _END_OF_SENTENCE.split(texts[row])
            words = [
                sentence if english else f"{in_english_words(sentence)}."
                for sentence, english in zip(sentences, are_english(sentences), strict=True)
            ]
            read[row] = " ".join(filter(None, words))
    return read


@cache
def _stop_words() -> dict[str, frozenset[str]]:
    listed = {"Spanish": STOPWORDS_SPANISH, "French": STOPWORDS_FRENCH, "Portuguese": STOPWORDS_PORTUGUESE}
    return {name: _without_letters(words, "yoeu") - _english_stop_words() for name, words in listed.items()}


@cache
def _signs() -> tuple[frozenset[str], frozenset[str]]:
    return _english_stop_words(), frozenset().union(*_stop_words().values())


@cache
def _english_stop_words() -> frozenset[str]:
    return _without_letters(STOPWORDS_EN_PLUS, "ai")


def _without_letters(words: Iterable[str], kept: str) -> frozenset[str]:
    """Return the words but for single letters (of ``Children's``, ``vitamin C``) that are none in the language."""
    return frozenset(word for word in words if len(word) > 1 or word in kept)
