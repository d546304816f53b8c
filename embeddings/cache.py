"""Vectors kept on disk, by model and text: only new texts are embedded."""

import hashlib
import logging
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import DEFAULT_NAME, Encoder, MultilingualEncoder, SentenceEncoder
from embeddings.passages import PassageEncoder

# Goes up when the same encoder name may come to mean other vectors (a new way to cut long texts).
FORMAT = 1
BATCH = 256
_IN_ONE_QUERY = 500
logger = logging.getLogger(__name__)


class CachedEncoder:
    """An encoder that stores each vector and never computes it twice.

    One SQLite file serves all models and any number of processes. It holds hashes of texts, not the texts. A
    cache that cannot be read or written is a warning in the log, never an error: the vectors are then computed.

    Parameters
    ----------
    path
        The file; by default ``vectors-1.sqlite`` in the user's cache folder.
    closely
        Whether a district's offers are to be read passage by passage, where the encoder is the bundled model.
    """

    def __init__(self, encoder: Encoder, path: Path | str | None = None, *, closely: bool = True):
        self._encoder = encoder
        self._closely = closely
        self._path = default_path() if path is None else Path(path)
        self._vector_of = lru_cache(maxsize=256)(lambda text: encoder.encode([text])[0])

    @property
    def name(self) -> str:
        """The name of the encoder beneath."""
        return self._encoder.name

    @cached_property
    def multilingual(self) -> "CachedEncoder | None":
        """What reads texts that are not in English, cached in the same file; None for a model that we do not know."""
        return CachedEncoder(MultilingualEncoder(), self._path) if self.name == DEFAULT_NAME else None

    @cached_property
    def close(self) -> "CachedEncoder | None":
        """What reads a text with its passages, cached in the same file; None for another model or where not wanted."""
        is_bundled = isinstance(self._encoder, SentenceEncoder) and self.name == DEFAULT_NAME
        return CachedEncoder(PassageEncoder(), self._path) if is_bundled and self._closely else None

    def encode(
        self, texts: Sequence[str], progress: Callable[[str, float], None] | None = None
    ) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dim)``, in the given order.

        New texts are embedded longest first in batches, each stored as soon as it is done: an interrupted
        run goes on where it stopped.

        Parameters
        ----------
        progress
            Called with ``"embedding"`` and the share done (0 to 1, by characters) after each batch; not
            called where nothing is new.

        Returns
        -------
        vectors
            Of shape ``(0, 0)`` for no texts: that is no reason to load a model.
        """
        keys = [text_key(text) for text in texts]
        text_by_key = dict(zip(keys, texts, strict=True))
        vector_by_key = self._stored(text_by_key)
        new = {key: text for key, text in text_by_key.items() if key not in vector_by_key}
        for done, batch in self._encoded(new):
            self._store(batch)
            vector_by_key.update(batch)
            if progress is not None:
                progress("embedding", done)
        if not keys:
            return np.zeros((0, 0), np.float32)
        return np.frombuffer(b"".join([vector_by_key[key] for key in keys]), "<f4").reshape(len(keys), -1)

    def encode_asked(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of texts, at least one, that someone asks about now: not stored, the last ones remembered.

        To store a vector is to wait for the disk, longer than the model takes for it.
        """
        return np.stack([self._vector_of(unicodedata.normalize("NFC", text)) for text in texts])

    def _encoded(self, new: dict[bytes, str]) -> Iterator[tuple[float, dict[bytes, bytes]]]:
        """Yield the share done and the vectors of each batch."""
        keys = sorted(new, key=lambda key: (-len(new[key]), key))
        todo = sum(len(text) + 1 for text in new.values())
        done = 0
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            vectors = self._encoder.encode([unicodedata.normalize("NFC", new[key]) for key in batch])
            done += sum(len(new[key]) + 1 for key in batch)
            rows = vectors.astype("<f4")
            yield done / todo, {key: row.tobytes() for key, row in zip(batch, rows, strict=True)}

    def _stored(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the vectors that are on disk, by key."""
        wanted = list(keys)
        found: dict[bytes, bytes] = {}
        try:
            if self._path.exists():
                with closing(self._connect()) as database:
                    for start in range(0, len(wanted), _IN_ONE_QUERY):
                        found.update(_select(database, self.name, wanted[start : start + _IN_ONE_QUERY]))
        except (sqlite3.Error, OSError) as error:
            logger.warning("The cache of vectors %s cannot be read (%s): embedding anew.", self._path, error)
        return found

    def _store(self, vectors: dict[bytes, bytes]) -> None:
        rows = [(self.name, key, vector) for key, vector in vectors.items()]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as database, database:
                database.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)
        except (sqlite3.Error, OSError) as error:
            logger.warning("The cache of vectors %s cannot be written (%s).", self._path, error)

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=60)
        try:
            database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (model TEXT, text_key BLOB, vector BLOB NOT NULL, "
                "PRIMARY KEY (model, text_key))"
            )
        except sqlite3.Error:
            database.close()
            raise
        return database


def default_path() -> Path:
    """Return where vectors are kept unless told otherwise."""
    from platformdirs import user_cache_path

    return user_cache_path("partnermatch", appauthor=False) / f"vectors-{FORMAT}.sqlite"


def text_key(text: str) -> bytes:
    """Return the hash of a text, the same however its accents are composed."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")).digest()


def _select(database: sqlite3.Connection, model: str, keys: Sequence[bytes]) -> Iterable[tuple[bytes, bytes]]:
    marks = ",".join("?" * len(keys))
    query = f"SELECT text_key, vector FROM vectors WHERE model = ? AND text_key IN ({marks})"
    rows: list[tuple[bytes, bytes]] = database.execute(query, [model, *keys]).fetchall()
    return rows
