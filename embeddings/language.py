"""Which language a text is in, and Spanish put into English words: words vote, no model has to be loaded."""

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

import numpy as np
from bm25s.stopwords import STOPWORDS_EN_PLUS, STOPWORDS_FRENCH, STOPWORDS_PORTUGUESE, STOPWORDS_SPANISH
from numpy.typing import NDArray

from embeddings.glossary import in_english_words, is_spanish

_WORD = re.compile(r"[^\W\d_]+")
# A district's texts are read for several purposes, and again with each change of its tables.
_TEXTS_REMEMBERED = 2**17
_END_OF_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\s*\n\s*")


def are_english(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each text has at least as many signs of English as of another language; blank ones count as English.

    A sign of English is one of its stop words, a sign of another language a stop word of Spanish, French or
    Portuguese that is none in English, or a word with a letter that English does without (``ñ``, ``ó``, ``ж``). Where
    there is no sign of English, as in a term of few words, so is each word of the Spanish glossary.
    """
    return np.fromiter(map(_is_english, texts), np.bool_, len(texts))


@lru_cache(_TEXTS_REMEMBERED)
def _is_english(text: str) -> bool:
    english, other = _signs()
    words = _WORD.findall(text.lower())
    num_english = sum(word in english for word in words)
    foreign = sum(word in other or not word.isascii() for word in words)
    foreign += not num_english and any(is_spanish(word) for word in words)
    return foreign <= num_english


@lru_cache(_TEXTS_REMEMBERED)
def language_of(text: str) -> str:
    """Return English, or else Spanish, French or Portuguese by its words, or "another language"."""
    if _is_english(text):
        return "English"
    words = _WORD.findall(text.lower())
    counts = {name: sum(word in listed for word in words) for name, listed in _stop_words().items()}
    counts["Spanish"] += sum(is_spanish(word) for word in words)
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "another language"


def in_english(texts: Sequence[str]) -> list[str]:
    """Return the texts, each sentence of a Spanish one put into English words unless it is in English."""
    return [text if _is_english(text) else _in_english(text) for text in texts]


@lru_cache(_TEXTS_REMEMBERED)
def _in_english(text: str) -> str:
    if language_of(text) != "Spanish":
        return text
    words = [
        sentence if _is_english(sentence) else f"{in_english_words(sentence)}."
        for sentence in _END_OF_SENTENCE.split(text)
    ]
    return " ".join(filter(None, words))


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
