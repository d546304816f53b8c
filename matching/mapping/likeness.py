"""How alike two short texts are: by the words they share, rare ones before common ones, and by what they mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from embeddings import Encoder
from matching.mapping.words import plain_words

_STOP: Final = frozenset(
    {"the", "a", "an", "of", "to", "is", "are", "your", "you", "our", "for", "in", "at", "on", "any", "this", "that"}
    | {"please", "and", "or", "will", "would", "can", "could", "do", "does", "we", "us", "i", "be", "with", "have"}
    | {"has", "de", "la", "el", "los", "las", "del", "en", "su", "sus", "y", "o", "un", "una", "se", "es", "por"}
)  # fmt: skip
_NEAR: Final = 0.84
_SHORTEST: Final = 4


class Likeness:
    """Compares headers with phrases.

    Parameters
    ----------
    encoder
        Tells what texts mean; without one only words count.
    phrases
        All that headers are compared with: a word that stands in many of them says little.
    """

    def __init__(self, encoder: Encoder | None, phrases: Sequence[str]) -> None:
        self._encoder = encoder
        listed = list(dict.fromkeys(phrases))
        counts = Counter(word for phrase in listed for word in set(_words(phrase)))
        self._weight = {word: log(1 + len(listed) / count) for word, count in counts.items()}
        self._most = log(1 + len(listed))
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._learn(listed)

    def of(self, headers: Sequence[str], phrases: Sequence[str]) -> NDArray[np.float64]:
        """Return how alike each header is to each phrase, 0 to 1, shape ``(num_headers, num_phrases)``."""
        by_words = np.array([[self._shared(header, phrase) for phrase in phrases] for header in headers])
        if self._encoder is None:
            return by_words.reshape(len(headers), len(phrases))
        self._learn([*headers, *phrases])
        left = np.stack([self._vectors[text] for text in headers])
        right = np.stack([self._vectors[text] for text in phrases])
        meant = np.clip((left @ right.T).astype(np.float64), 0.0, 1.0)
        either: NDArray[np.float64] = np.maximum(by_words, 0.55 * by_words + 0.45 * meant)
        return either

    def _learn(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if self._encoder is not None and new:
            said = [" ".join(plain_words(text)) for text in new]
            self._vectors |= dict(zip(new, self._encoder.encode(said), strict=True))

    def _shared(self, header: str, phrase: str) -> float:
        """Return how many of the words of both are shared, by their weights."""
        if _said(header) == _said(phrase):
            return 1.0
        own, other = _words(header), _words(phrase)
        alike = [(word, near) for word in own if (near := _nearest(word, other))]
        shared = sum(self._of_word(near) for _, near in alike)
        if not shared:
            return 0.0
        all_own, all_other = sum(map(self._of_word, own)), sum(map(self._of_word, other))
        both, held = 2 * shared / (all_own + all_other), min(shared / all_other, 1.0)
        return min(0.55 * both + 0.4 * held, 0.95)

    def _of_word(self, word: str) -> float:
        return self._weight.get(word, self._most)


@lru_cache(maxsize=10_000)
def _said(text: str) -> tuple[str, ...]:
    return tuple(plain_words(text))


@lru_cache(maxsize=10_000)
def _words(text: str) -> tuple[str, ...]:
    """Return the words that say something, those of several in one form; all of them where none does."""
    words = _said(text)
    kept = [word for word in words if word not in _STOP] or words
    return tuple(
        dict.fromkeys(word[:-1] if len(word) >= _SHORTEST and word.endswith("s") else word for word in kept)
    )


def _nearest(word: str, others: Sequence[str]) -> str:
    """Return the word that is this one, a start of it, or spelled nearly so, "" for none."""
    if word in others:
        return word
    return next((other for other in others if _is_near(word, other)), "")


@lru_cache(maxsize=200_000)
def _is_near(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    if len(short) < _SHORTEST:
        return False
    return long.startswith(short) or SequenceMatcher(None, short, long).ratio() >= _NEAR
