"""BM25 over stemmed English words by bm25s: every score of every pair is one sparse product."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cache, lru_cache
from itertools import chain
from threading import Lock
from typing import TypeAlias

import bm25s
import numpy as np
import Stemmer
from bm25s.stopwords import STOPWORDS_EN_PLUS, STOPWORDS_SPANISH
from bm25s.tokenization import Tokenized
from numpy.typing import NDArray
from scipy import sparse

Matrix: TypeAlias = "sparse.csr_array[np.float64, tuple[int, int]]"
Scores: TypeAlias = "sparse.csr_array[np.float32, tuple[int, int]]"
_WORD = re.compile(r"\w\w+")
# A district's texts are read for several purposes, and again with each change of its tables.
_TEXTS_REMEMBERED = 2**17
# A stemmer serves one thread at a time.
_STEMMING = Lock()


class Lexical:
    """BM25 scores of queries against a fixed list of documents.

    Words are lower-cased, accents folded, English and Spanish stop words left out, the rest stemmed (Snowball,
    English). bm25s indexes and weighs with its defaults (Lucene's variant, k1 = 1.5, b = 0.75); only the product
    with all queries at once is done here, which it has no call for.

    References
    ----------
    Robertson and Zaragoza (2009), The Probabilistic Relevance Framework: BM25 and Beyond.
    Lù (2024), BM25S: orders of magnitude faster lexical search via eager sparse scoring.
    """

    def __init__(self, documents: Sequence[str]):
        stems = [stems_of(text) for text in documents]
        self._vocabulary = number_stems(stems)
        self._weights_by_stem = _weights_by_stem(stems, self._vocabulary)
        self.weights = self._weights_by_stem.T.tocsr()
        self._most_of_stem = _most_of_stem(self._weights_by_stem)

    def among(self, documents: NDArray[np.int64]) -> "Lexical":
        """Return the index of these documents alone, by number; their scores stay the same."""
        lexical = copy(self)
        lexical.weights = self.weights[documents]
        lexical._weights_by_stem = self._weights_by_stem[:, documents]
        return lexical

    def count(self, queries: Sequence[str]) -> Matrix:
        """Return how often each stem of the documents stands in each query."""
        return count_stems([stems_of(text) for text in queries], self._vocabulary)

    def most(self, counts: Matrix) -> NDArray[np.float32]:
        """Return the BM25 score of each counted query if one document were the best for each of its stems."""
        return np.asarray(counts @ self._most_of_stem, np.float32)

    def scores(self, queries: Sequence[str]) -> Scores:
        """Return the raw BM25 scores, of shape ``(len(queries), num_documents)``."""
        return self.scores_of(self.count(queries))

    def scores_of(self, counts: Matrix) -> Scores:
        """Return the raw BM25 scores of queries that are already counted."""
        exact = counts @ self._weights_by_stem
        # Its own astype would sort the columns first, which takes longer than the product.
        cells = (exact.data.astype(np.float32), exact.indices, exact.indptr)
        return sparse.csr_array(cells, shape=exact.shape)


@lru_cache(_TEXTS_REMEMBERED)
def stems_of(text: str) -> tuple[str, ...]:
    """Return the stems of a text's words in their order, stop words left out."""
    ignored = _ignored()
    return tuple(stem(word) for word in _WORD.findall(fold(text)) if word not in ignored)


def number_stems(texts: Iterable[Iterable[str]]) -> dict[str, int]:
    """Return a number for each stem of any text, in the order in which they come."""
    return {stem: number for number, stem in enumerate(dict.fromkeys(chain.from_iterable(texts)))}


def count_stems(texts: Sequence[Sequence[str]], vocabulary: Mapping[str, int]) -> Matrix:
    """Return how often each stem stands in each text, shape ``(len(texts), len(vocabulary))``."""
    numbers = [[vocabulary[stem] for stem in stems if stem in vocabulary] for stems in texts]
    lengths = np.fromiter(map(len, numbers), np.int32, len(numbers))
    columns = np.fromiter(chain.from_iterable(numbers), np.int32, int(lengths.sum()))
    rows = np.repeat(np.arange(len(numbers), dtype=np.int32), lengths)
    shape = (len(numbers), len(vocabulary))
    return sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()


def stop_words() -> list[str]:
    """Return the English and Spanish words that tell nothing, folded."""
    return sorted({fold(word) for word in (*STOPWORDS_EN_PLUS, *STOPWORDS_SPANISH)})


def fold(text: str) -> str:
    """Return the text in lower case and without accents."""
    text = text.lower()
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def is_stop_word(word: str) -> bool:
    """Whether a folded word is an English or Spanish one that tells nothing."""
    return word in _ignored()


@lru_cache(_TEXTS_REMEMBERED)
def stem(word: str) -> str:
    """Return the stem of a folded word."""
    with _STEMMING:
        found: str = _stemmer().stemWord(word)
    return found


@cache
def _ignored() -> frozenset[str]:
    return frozenset(stop_words())


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def _weights_by_stem(texts: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> Matrix:
    """Return what each stem adds to the BM25 score of each document that holds it."""
    shape = (len(vocabulary), len(texts))
    if not vocabulary:
        return sparse.csr_array(shape, dtype=np.float64)
    index = bm25s.BM25()
    numbers = [[vocabulary[stem] for stem in stems] for stems in texts]
    index.index(Tokenized(numbers, vocabulary), create_empty_token=False, show_progress=False)
    by_stem = index.scores
    # Numbers of 24 bits held in 53: their sums are exact, so a score is the same in every order of adding up.
    cells = (by_stem["data"].astype(np.float64), by_stem["indices"], by_stem["indptr"])
    return sparse.csr_array(cells, shape=shape)


def _most_of_stem(weights_by_stem: Matrix) -> NDArray[np.float64]:
    """Return the most that each stem adds to any document's score."""
    most = np.zeros(weights_by_stem.shape[0])
    held = np.diff(weights_by_stem.indptr) > 0
    if held.any():
        most[held] = np.maximum.reduceat(weights_by_stem.data, weights_by_stem.indptr[:-1][held])
    return most
