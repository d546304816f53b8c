"""Retrieval quality, the fit floor and the speed of text scores: ``python -m benchmarks.retrieval``.

The sets lie in ``../shared/data`` beside the project and are no part of it; what is absent is left out. Nothing is
chosen here but the fit floor: the highest that loses at most 5 % of the relevant pairs in each set it is chosen on.
A stricter one loses at most 2 % of the needs; a need is lost with the last of its relevant pairs.
"""

import csv
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.text_speed import speed
from embeddings import CachedEncoder, Encoder, Lexical, PairScorer, SentenceEncoder, top_k
from matching.tables import read_district
from matching.texts import need_texts, offer_texts

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULT = ROOT / "benchmarks" / "results" / "retrieval.json"
CORPUS_OF = {"miami-211": "miami-211", "uk-charities": "uk-charities", "miami-211-spanish": "miami-211"}
CHOOSING = ("miami-211", "uk-charities")
DISTRICTS = {"demo": ROOT / "fixtures" / "demo", "san-francisco": DATA / "san-francisco"}
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 15))
METRICS = ("ndcg@10", "recall@10", "mrr@10")
# Two descriptions this alike are the same service listed twice, not a need and an offer.
TWINS = 1.6
Scores = NDArray[np.float32]
Values = NDArray[np.float64]
Mask = NDArray[np.bool_]
Table = dict[str, dict[str, float]]
Intervals = dict[str, Table]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSet:
    """Real texts with labels: ``relevant`` is of shape ``(num_queries, num_documents)``."""

    name: str
    queries: list[str]
    documents: list[str]
    relevant: Mask
    in_school: Mask


def main() -> None:
    """Measure, print the tables and write the results."""
    encoder = CachedEncoder(SentenceEncoder())
    sets = list(read_sets())
    results: dict[str, object] = {
        "facts": facts(encoder),
        "quality": {labelled.name: quality(labelled, encoder) for labelled in sets},
        "fit_floor": fit_floor(sets, encoder),
    }
    times = speed()
    print_table("speed, seconds", times)
    results["speed"] = times
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def read_sets() -> Iterable[LabelledSet]:
    """Yield the sets that are on this machine."""
    for name, corpus in CORPUS_OF.items():
        folder = DATA / "retrieval" / name
        if not folder.is_dir():
            print(f"{name}: not on this machine, left out")
            continue
        queries = read_lines(folder / "queries.jsonl")
        documents = read_lines(folder.parent / corpus / "corpus.jsonl")
        row = {query["id"]: i for i, query in enumerate(queries)}
        column = {document["id"]: i for i, document in enumerate(documents)}
        relevant = np.zeros((len(row), len(column)), np.bool_)
        with (folder / "qrels.tsv").open(encoding="utf-8", newline="") as file:
            for pair in csv.DictReader(file, delimiter="\t"):
                relevant[row[pair["query_id"]], column[pair["doc_id"]]] = True
        in_school = np.array([query["domain"] == "school_youth" for query in queries])
        texts = [[line["text"] for line in lines] for lines in (queries, documents)]
        yield LabelledSet(name, texts[0], texts[1], relevant, in_school)


def read_lines(path: Path) -> list[dict[str, str]]:
    """Return the objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def quality(labelled: LabelledSet, encoder: Encoder) -> Intervals:
    """Return each method's metrics with 95 % intervals, and by how much the pair score beats either side."""
    scores = PairScorer(labelled.queries, labelled.documents, encoder).block(slice(None))
    bm25 = Lexical(labelled.documents).scores(labelled.queries).toarray()
    methods = {
        "bm25": bm25,
        "dense": scores.dense,
        "pair score": scores.total,
        "hybrid, scaled per query": scaled(scores.dense) + scaled(bm25),
    }
    values = {method: metrics(s, labelled.relevant) for method, s in methods.items()}
    result = {
        method: {metric: interval(v[:, i]) for i, metric in enumerate(METRICS)}
        for method, v in values.items()
    }
    result["ndcg@10 in school"] = {m: interval(v[labelled.in_school, 0]) for m, v in values.items()}
    result["pair score above"] = {
        other: interval(values["pair score"][:, 0] - values[other][:, 0]) for other in ("bm25", "dense")
    }
    print_intervals(f"{labelled.name}, {len(labelled.queries)} queries", result)
    return result


def metrics(scores: Scores, relevant: Mask) -> Values:
    """Return nDCG, recall and reciprocal rank of the first ten of each query.

    Recall is of at most ten: a query with more relevant documents is at 1 when all ten are.
    """
    hits = np.take_along_axis(relevant, top_k(scores, 10)[0], axis=1)
    discounts = 1 / np.log2(np.arange(2, 12))
    findable = np.minimum(relevant.sum(axis=1), 10)
    ideal = np.cumsum(discounts)[findable - 1]
    first = np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0)
    return np.column_stack([hits @ discounts / ideal, hits.sum(axis=1) / findable, first])


def scaled(scores: Scores) -> Scores:
    """Return the scores scaled to 0..1 within each query."""
    low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
    result: Scores = (scores - low) / np.maximum(high - low, np.float32(1e-9))
    return result


def interval(values: Values) -> dict[str, float]:
    """Return the mean and its 95 % bootstrap interval over queries."""
    picks = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    low, high = np.quantile(values[picks].mean(axis=1), [0.025, 0.975])
    return {
        "mean": round(float(values.mean()), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def fit_floor(sets: Sequence[LabelledSet], encoder: Encoder) -> dict[str, object]:
    """Return what each threshold on the pair score loses and lets pass, and the floor that follows."""
    tables: dict[str, Table] = {}
    for labelled in sets:
        scores = PairScorer(labelled.queries, labelled.documents, encoder).block(slice(None)).total
        known = np.ones_like(labelled.relevant)
        tables[labelled.name] = floor_table(scores, labelled.relevant, known)
        if labelled.name in CHOOSING:
            tables[f"{labelled.name}, statements"] = floor_table(*statements(labelled, encoder))
    for name, table in tables.items():
        print_table(f"fit floor, {name}", table)
    passing = {name: passing_share(folder, encoder) for name, folder in DISTRICTS.items() if folder.is_dir()}
    print_table("fit floor, districts without labels: share of all pairs that pass", passing)
    chosen = [tables[name] for name in CHOOSING if name in tables]
    floors = {
        "recommended": highest(chosen, "relevant lost", 0.05),
        "strict": highest(chosen, "needs with all relevant lost", 0.02),
    }
    print(f"\nfloors: {floors}, chosen on {', '.join(CHOOSING)}")
    return {**floors, "chosen_on": CHOOSING, "tables": tables, "passing": passing}


def statements(labelled: LabelledSet, encoder: Encoder) -> tuple[Scores, Mask, Mask]:
    """Return the scores, labels and countable pairs of 400 descriptions taken as needs.

    The sets' queries are of three words; a need is a sentence or two. Two descriptions are relevant to each
    other where a query has both.
    """
    described = np.flatnonzero(labelled.relevant.any(axis=0))
    needs = np.random.default_rng(0).choice(described, 400, replace=False)
    texts = [labelled.documents[i] for i in needs]
    scores = PairScorer(texts, labelled.documents, encoder).block(slice(None)).total
    tags = labelled.relevant.astype(np.float32)
    countable = scores < TWINS
    countable[np.arange(len(needs)), needs] = False
    return scores, (tags[:, needs].T @ tags > 0) & countable, countable


def floor_table(scores: Scores, relevant: Mask, countable: Mask) -> Table:
    """Return, for each threshold, the shares it loses and lets pass."""
    shown = np.zeros_like(relevant)
    np.put_along_axis(shown, top_k(scores, 20)[0], True, axis=1)
    unlabelled = countable & ~relevant
    asking = relevant.any(axis=1)
    table = {}
    for threshold in THRESHOLDS:
        passes = scores >= threshold
        served = np.asarray((passes & relevant).any(axis=1))
        shares = {
            "relevant lost": (~passes)[relevant],
            "needs with all relevant lost": ~served[asking],
            "others passing": passes[unlabelled],
            "relevant lost of top 20": (~passes)[shown & relevant],
            "others passing of top 20": passes[shown & unlabelled],
        }
        table[f"{threshold:.2f}"] = {name: round(float(share.mean()), 4) for name, share in shares.items()}
    return table


def passing_share(folder: Path, encoder: Encoder) -> dict[str, float]:
    """Return the share of all pairs of a district that reach each threshold."""
    district = read_district(folder)
    needs, offers = need_texts(district.needs), offer_texts(district)
    scores = PairScorer(needs, offers, encoder).block(slice(None)).total
    return {f"{threshold:.2f}": round(float((scores >= threshold).mean()), 4) for threshold in THRESHOLDS}


def highest(tables: Sequence[Table], measure: str, most: float) -> float | None:
    """Return the highest threshold at which the measure is at most ``most`` in every table."""
    kept = [t for t in THRESHOLDS if all(table[f"{t:.2f}"][measure] <= most for table in tables)]
    return max(kept) if tables and kept else None


def facts(encoder: Encoder) -> dict[str, object]:
    """Return what the figures depend on."""
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True).strip()
    packages = ("numpy", "scipy", "torch", "sentence-transformers", "bm25s", "PyStemmer")
    return {
        "commit": commit,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
        "encoder": encoder.name,
    }


def print_intervals(title: str, result: Intervals) -> None:
    """Print means with their intervals, a line a method."""
    print(f"\n{title}")
    for name, cells in result.items():
        shown = [f"{key} {x['mean']:.3f} [{x['low']:.3f}, {x['high']:.3f}]" for key, x in cells.items()]
        print(f"  {name:25} {'  '.join(shown)}")


def print_table(title: str, table: Table) -> None:
    """Print a line a key."""
    print(f"\n{title}")
    for name, cells in table.items():
        print(f"  {name:36} " + "  ".join(f"{key} {value:.3f}" for key, value in cells.items()))


if __name__ == "__main__":
    main()
