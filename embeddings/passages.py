"""Vectors of a text's passages: a few words that answer a need count, though the rest is about other things."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import DEFAULT_NAME, SentenceEncoder
from embeddings.lexical import stop_words
from embeddings.models import BundledModel, unit

NUM_PASSAGES = 8
# A passage of fewer tokens says little: short texts have fewer passages.
_FEWEST_TOKENS = 8


class PassageEncoder(SentenceEncoder):
    """The bundled model's vector of a text and of each of its passages, from one reading.

    A text of n tokens has ``n // 8`` passages, at least one and at most eight, as long as each other. The vector of
    one is the unit mean of its tokens as they were read within the whole text, but for stop words and punctuation.
    Where a text is too long for the model, those of its pieces are averaged one by one.

    References
    ----------
    Khattab and Zaharia (2020), ColBERT: the maximum over parts that were read in their context.
    Günther et al. (2024), Late Chunking: Contextual Chunk Embeddings.
    """

    @property
    def name(self) -> str:
        """What identifies the vectors."""
        return f"{DEFAULT_NAME}/{NUM_PASSAGES}-passages"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of each text and its passages, side by side; zero for a passage it has not.

        Returns
        -------
        vectors
            Of shape ``(len(texts), 9 * 384)``.
        """
        vectors = super().encode(texts)
        return unit(vectors.reshape(-1, BundledModel.dim)).reshape(vectors.shape)

    @cached_property
    def _model(self) -> "_PassageModel":
        return _PassageModel()


class _PassageModel(BundledModel):
    """The bundled model with all that it says of a text's passages."""

    dim = BundledModel.dim * (1 + NUM_PASSAGES)

    @cached_property
    def _weights(self) -> NDArray[np.float32]:
        """Whether each token of the vocabulary counts, 0 or 1."""
        ignored = frozenset(stop_words())
        vocabulary = self._tokenizer.get_vocab()
        weights = np.zeros(max(vocabulary.values()) + 1, np.float32)
        for token, number in vocabulary.items():
            weights[number] = token not in ignored and any(map(str.isalnum, token))
        return weights

    def _pooled(
        self, hidden: NDArray[np.float32], ids: NDArray[np.int64], is_token: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        vectors = np.zeros((len(ids), 1 + NUM_PASSAGES, BundledModel.dim), np.float32)
        vectors[:, 0] = super()._pooled(hidden, ids, is_token)
        for row, last in enumerate(is_token.sum(axis=1) - 1):
            # The first and the last token are the model's own.
            count = min(NUM_PASSAGES, max(1, (last - 1) // _FEWEST_TOKENS))
            starts = np.arange(count) * max(last - 1, 1) // count
            weighted = hidden[row, 1:last] * self._weights[ids[row, 1:last], None]
            if last > 1:
                vectors[row, 1 : 1 + count] = unit(np.add.reduceat(weighted, starts, axis=0))
        return vectors.reshape(len(ids), -1)
