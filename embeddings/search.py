"""Text scores of pairs, and the best documents for a query: cosine and BM25 together."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from embeddings.cache import CachedEncoder
from embeddings.calibration import Calibration, calibration_of
from embeddings.encoder import Encoder, SentenceEncoder
from embeddings.language import are_english, in_english
from embeddings.lexical import Lexical
from embeddings.passages import NUM_PASSAGES
from embeddings.vectors import GRID, Progress, Vectors, embed

# BM25 that every query lacks: keeps one common word shared by two short texts from looking like a full match.
# Unlike a scale within each query, coverage lets pairs of different queries be compared, as an allocation must.
ALWAYS_MISSING = np.float32(8)
# Passages take nine times the memory and the products of whole texts: too much where candidates of a state are sought.
MOST_READ_CLOSELY = 5000
_PAIRS_AT_ONCE = 8192
_ROWS_AT_ONCE = 512
# Sparse products this small stay in the processor's cache: 4 times faster than 512 rows in one.
_ROWS_IN_CACHE = 32


@dataclass(frozen=True, slots=True)
class TextScores:
    """How alike the texts of pairs are.

    Parameters
    ----------
    dense
        Cosine of the vectors, -1 to 1.
    lexical
        Coverage, 0 to 1: the query's BM25 with the document as a share of what it could be, ``bm25 / (most + 8)``.
    total
        The weighted sum that pairs are ranked by; what it counts is the calibration's.
    """

    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    total: NDArray[np.float32]
    calibration: Calibration

    @property
    def similarity(self) -> NDArray[np.float32]:
        """How alike the texts are, 0 to 1: a probability where the model is calibrated."""
        return self.calibration.similarity(self.total)


class PairScorer:
    """Text scores of any pairs of a list of queries and a list of documents.

    Scores do not depend on which other pairs are asked for together with a pair. With the bundled model, cached, and as
    many documents as a district has (`MOST_READ_CLOSELY`), the cosine is the mean of that with the whole document and
    that with the best of its passages; a state's documents are compared as a whole. With the bundled model, cached,
    Spanish is read in English words, and where a text is not in English, the cosine is the mean of the bundled and of
    a multilingual model's, with a calibration of their own.

    Parameters
    ----------
    progress
        Called with ``"embedding"`` and the share of new texts that is read, 0 to 1.
    earlier
        A scorer of other texts; vectors of those that are here too are taken from it, and the index of all documents.
    """

    def __init__(
        self,
        queries: Sequence[str],
        documents: Sequence[str],
        encoder: Encoder,
        *,
        progress: Progress | None = None,
        earlier: "PairScorer | None" = None,
    ):
        self._encoder = encoder
        close = _close_reader(encoder, len(documents))
        self.calibration = calibration_of((close or encoder).name)
        foreign = earlier._foreign_documents.known if earlier else None
        self._foreign_documents: _ForeignDocuments = _ForeignDocuments(
            documents, encoder, (close or encoder).name, foreign
        )
        read = self._read([*queries, *documents])
        asked, read = read[: len(queries)], read[len(queries) :]
        known = earlier._vectors if earlier else (None, None)
        if close is None:
            whole = Vectors([*asked, *read], encoder, earlier=known[0], progress=progress)
            self._vectors: tuple[Vectors, Vectors | None] = whole, None
            [vectors] = whole.parts
            self._queries, self._documents = vectors[: len(asked)], vectors[len(asked) :]
            self._passages: list[NDArray[np.float32]] = []
        else:
            size, last = 1 + NUM_PASSAGES, known[1]
            closely = Vectors(read, close, num_parts=size, earlier=last, progress=progress)
            whole = Vectors(asked, encoder, earlier=known[0], progress=progress)
            self._vectors = whole, closely
            self._documents, *self._passages = closely.parts
            self._queries = whole.parts[0].reshape(len(asked), self._documents.shape[1])
        self._read_documents = read
        is_same = earlier is not None and earlier._read_documents == read
        self._lexical: Lexical = earlier._lexical if earlier and is_same else Lexical(read)
        self._count(asked)
        known_queries = earlier._foreign.queries if earlier and earlier._foreign else None
        self._foreign: _Foreign | None = self._foreign_documents.asked(queries, progress, known=known_queries)

    @property
    def is_multilingual(self) -> bool:
        """Whether a pair with a text that is not in English is scored by a multilingual model."""
        return self._foreign_documents.calibration is not None

    def with_queries(self, queries: Sequence[str], *, stored: bool = True) -> "PairScorer":
        """Return the scorer of other queries, at least one; it shares the documents' vectors and index.

        Where no query so far was in another language than English, the first one that is has the multilingual model
        read all documents.

        Parameters
        ----------
        stored
            Whether a cached encoder stores the queries' vectors; what someone asks for only now is faster without.
        """
        scorer, read = copy(self), self._read(queries)
        scorer._queries = embed(read, self._encoder, stored=stored)
        scorer._count(read)
        scorer._foreign = self._foreign_documents.asked(queries, stored=stored)
        return scorer

    def _read(self, texts: Sequence[str]) -> list[str]:
        """Return the texts as the encoder and the index read them."""
        return in_english(texts) if self.is_multilingual else list(texts)

    def _count(self, read: Sequence[str]) -> None:
        self._counts = self._lexical.count(read)
        self._most = self._lexical.most(self._counts) + ALWAYS_MISSING

    def among(self, documents: NDArray[np.int64]) -> "PairScorer":
        """Return the scorer of these documents alone, by number; the pairs' scores stay the same."""
        scorer = copy(self)
        scorer._documents = self._documents[documents]
        scorer._passages = [vectors[documents] for vectors in self._passages]
        scorer._lexical = self._lexical.among(documents)
        scorer._foreign_documents = self._foreign_documents.among(documents)
        scorer._foreign = self._foreign and self._foreign.among(documents)
        return scorer

    def cosines_to(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the cosines of all queries, and of all documents as a whole, to other unit vectors of the encoder."""
        targets = np.rint(vectors / GRID).T * GRID
        return self._queries @ targets, self._documents @ targets

    def block(self, rows: slice | NDArray[np.int64]) -> TextScores:
        """Return the scores of some queries with all documents, of shape ``(num_rows, num_documents)``."""
        queries = self._queries[rows]
        dense = _cosines(queries, self._documents)
        if self._passages:
            best = _cosines(queries, self._passages[0])
            for vectors in self._passages[1:]:
                np.maximum(best, _cosines(queries, vectors), out=best)
            dense = _mean(dense, best)
        lexical = np.empty(dense.shape, np.float32)
        counts, most = self._counts[rows], self._most[rows]
        for start in range(0, len(lexical), _ROWS_IN_CACHE):
            part = slice(start, start + _ROWS_IN_CACHE)
            bm25 = self._lexical.scores_of(counts[part])
            bm25.data /= np.repeat(most[part], np.diff(bm25.indptr))
            bm25.toarray(out=lexical[part])
        total = self.calibration.total(dense, lexical)
        if self._foreign is not None:
            self._foreign.rescore(rows, dense, lexical, total)
        return TextScores(dense, lexical, total, self.calibration)

    def pairs(self, query_index: NDArray[np.int64], document_index: NDArray[np.int64]) -> TextScores:
        """Return the scores of the pairs given, one entry a pair."""
        dense = np.empty(len(query_index), np.float32)
        bm25 = np.empty(len(query_index), np.float32)
        for start in range(0, len(query_index), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            q, d = query_index[part], document_index[part]
            dense[part] = np.einsum("ij,ij->i", self._queries[q], self._documents[d])
            if self._passages:
                cosines = [np.einsum("ij,ij->i", self._queries[q], vectors[d]) for vectors in self._passages]
                dense[part] = _mean(dense[part], np.max(cosines, axis=0))
            bm25[part] = self._counts[q].multiply(self._lexical.weights[d]).sum(axis=1)
        lexical = bm25 / self._most[query_index]
        total = self.calibration.total(dense, lexical)
        if self._foreign is not None:
            self._foreign.rescore_pairs(query_index, document_index, dense, lexical, total)
        return TextScores(dense, lexical, total, self.calibration)


@dataclass(frozen=True, slots=True, eq=False)
class _Foreign:
    """The pairs with a text that is not in English: who is concerned, and what a multilingual model says.

    Vectors are those of all queries and documents; where no text of the other side asks for one, it is zero.
    """

    is_query: NDArray[np.bool_]
    is_document: NDArray[np.bool_]
    queries: Vectors
    documents: NDArray[np.float32]
    calibration: Calibration

    def among(self, documents: NDArray[np.int64]) -> "_Foreign":
        """Return the same for these documents alone."""
        return replace(self, is_document=self.is_document[documents], documents=self.documents[documents])

    def rescore(
        self,
        rows: slice | NDArray[np.int64],
        dense: NDArray[np.float32],
        lexical: NDArray[np.float32],
        total: NDArray[np.float32],
    ) -> None:
        """Replace cosine and total of the pairs concerned in a block of whole rows."""
        is_query, column = self.is_query[rows], np.flatnonzero(self.is_document)
        everything, queries = np.arange(len(self.documents)), self.queries.parts[0][rows]
        for row, to in ((np.flatnonzero(is_query), everything), (np.flatnonzero(~is_query), column)):
            if len(row) == 0:
                continue
            pairs = np.ix_(row, to)
            documents = self.documents if to is everything else self.documents[to]
            dense[pairs] = _mean(dense[pairs], queries[row] @ documents.T)
            total[pairs] = self.calibration.total(dense[pairs], lexical[pairs])

    def rescore_pairs(
        self,
        query_index: NDArray[np.int64],
        document_index: NDArray[np.int64],
        dense: NDArray[np.float32],
        lexical: NDArray[np.float32],
        total: NDArray[np.float32],
    ) -> None:
        """Replace cosine and total of the pairs concerned."""
        concerned = np.flatnonzero(self.is_query[query_index] | self.is_document[document_index])
        queries = self.queries.parts[0]
        for start in range(0, len(concerned), _PAIRS_AT_ONCE):
            part = concerned[start : start + _PAIRS_AT_ONCE]
            q, d = query_index[part], document_index[part]
            cosines = np.einsum("ij,ij->i", queries[q], self.documents[d])
            dense[part] = _mean(dense[part], cosines)
            total[part] = self.calibration.total(dense[part], lexical[part])


class Search:
    """The best of a list of documents for any query.

    Parameters
    ----------
    encoder
        By default the bundled model with its vectors cached on disk.
    """

    def __init__(self, documents: Sequence[str], encoder: Encoder | None = None):
        encoder = CachedEncoder(SentenceEncoder()) if encoder is None else encoder
        self._scorer = PairScorer([], documents, encoder)
        self._num_documents = len(documents)

    def top(self, queries: Sequence[str], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the best documents of each query and their scores, best first.

        Parameters
        ----------
        k
            How many, from 1 to the number of documents.

        Returns
        -------
        indices, scores
            Both of shape ``(len(queries), k)``; ties by the lower index. The scores are similarities, 0 to 1.

        Raises
        ------
        ValueError
            Where k is below 1 or above the number of documents.
        """
        if not 1 <= k <= self._num_documents:
            raise ValueError(f"k: must be from 1 to the {self._num_documents} documents, got {k}.")
        indices, scores = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
        if not queries:
            return indices, scores
        scorer = self._scorer.with_queries(queries)
        for start in range(0, len(queries), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            indices[rows], scores[rows] = top_k(scorer.block(rows).total, k)
        return indices, scorer.calibration.similarity(scores)


def top_k(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the columns of the k highest scores of each row and these scores, highest first.

    Parameters
    ----------
    k
        At least 1; all columns where there are fewer.

    Returns
    -------
    columns, scores
        Both of shape ``(num_rows, min(k, num_columns))``; ties by the lower column.
    """
    if k < 1:
        raise ValueError(f"k: must be >= 1, got {k}.")
    num_rows, num_columns = scores.shape
    k = min(k, num_columns)
    columns = np.empty((num_rows, k), np.int64)
    for row in range(num_rows if k else 0):
        line = scores[row]
        least = np.partition(line, num_columns - k)[num_columns - k]
        reached = np.flatnonzero(line >= least)
        columns[row] = reached[np.argsort(-line[reached], kind="stable")[:k]]
    return columns, np.take_along_axis(scores, columns, axis=1)


def name_of_both(english: str, multilingual: str) -> str:
    """Return what the calibration of pairs that are not in English is stored under."""
    return f"{english}+{multilingual}"


class _ForeignDocuments:
    """The documents as a multilingual model reads them: each of its vectors is made when a query first asks for it."""

    def __init__(self, documents: Sequence[str], encoder: Encoder, name: str, earlier: Vectors | None = None):
        self._documents = list(documents)
        self._earlier = earlier
        self._is_foreign = ~are_english(documents)
        self._encoder = encoder.multilingual if isinstance(encoder, CachedEncoder) else None
        calibration = calibration_of(name_of_both(name, self._encoder.name)) if self._encoder else None
        self.calibration = calibration if calibration and calibration.is_probability else None
        self._lock = Lock()
        self._vectors: dict[bool, Vectors] = {}

    @property
    def known(self) -> Vectors | None:
        """The vectors of as many documents as were read."""
        return self._vectors.get(True) or self._vectors.get(False) or self._earlier

    def among(self, documents: NDArray[np.int64]) -> "_ForeignDocuments":
        """Return the same for these documents alone."""
        chosen = copy(self)
        chosen._documents = [self._documents[i] for i in documents]
        chosen._is_foreign = self._is_foreign[documents]
        chosen._vectors = {which: vectors.among(documents) for which, vectors in self._vectors.items()}
        return chosen

    def asked(
        self,
        queries: Sequence[str],
        progress: Progress | None = None,
        *,
        stored: bool = True,
        known: Vectors | None = None,
    ) -> _Foreign | None:
        """Return what to rescore; None where all is English or there is no multilingual model beside the encoder."""
        is_query = ~are_english(queries)
        encoder, is_needed = self._encoder, is_query | self._is_foreign.any()
        if encoder is None or self.calibration is None or not is_needed.any() or not self._documents:
            return None
        asked = [text if needed else "" for text, needed in zip(queries, is_needed, strict=True)]
        documents = self._read(encoder, bool(is_query.any()), progress)
        read = Vectors(asked, encoder, earlier=known, progress=progress, stored=stored)
        return _Foreign(is_query, self._is_foreign, read, documents, self.calibration)

    def _read(
        self, encoder: CachedEncoder, all_of_them: bool, progress: Progress | None
    ) -> NDArray[np.float32]:
        """Return the documents' vectors; zero for those in English unless all are, or once were, wanted."""
        with self._lock:
            all_of_them |= True in self._vectors
            if all_of_them not in self._vectors:
                is_read = self._is_foreign | all_of_them
                texts = [text if read else "" for text, read in zip(self._documents, is_read, strict=True)]
                self._vectors[all_of_them] = Vectors(texts, encoder, earlier=self._earlier, progress=progress)
            return self._vectors[all_of_them].parts[0]


def _close_reader(encoder: Encoder, num_documents: int) -> CachedEncoder | None:
    """Return what reads a district's documents with their passages, None for a state's or another model."""
    is_district = 0 < num_documents <= MOST_READ_CLOSELY
    return encoder.close if is_district and isinstance(encoder, CachedEncoder) else None


def _cosines(queries: NDArray[np.float32], documents: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines of all pairs; for a single query several times faster as a matrix times a vector."""
    if len(queries) == 1:
        cosines: NDArray[np.float32] = documents @ queries[0]
        return cosines[None]
    return queries @ documents.T


def _mean(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of two cosines; exact, as both are whole multiples of 2**-22."""
    return (left + right) * np.float32(0.5)
