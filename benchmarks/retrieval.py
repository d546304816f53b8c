"""Retrieval quality: ``python -m benchmarks.retrieval``. Nothing is chosen here.

`CHOSEN_ON` says which set chose what. The programmes of San Francisco chose nothing: they were first measured when all
was settled.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.labelled import LabelledSet, programme_set, read_sets
from benchmarks.record import write_record
from embeddings import CachedEncoder, Encoder, Lexical, SentenceEncoder, top_k

METRICS = ("ndcg@10", "recall@10", "mrr@10")
PACKAGES = ("numpy", "scipy", "onnxruntime", "tokenizers", "bm25s", "PyStemmer")
CHOSEN_ON = {
    "passages, how many and how they count": "miami-211 and demo; uk-charities was looked at too",
    "weights of the two sides and the calibration": "miami-211, uk-charities and demo (each is also held out in turn)",
    "glossary of Spanish": "no set, then extended by common words missing in the demo's needs",
    "telling Spanish from English": "miami-211-spanish and demo",
    "nothing": "san-francisco, programmes",
}
Scores = NDArray[np.float32]
Values = NDArray[np.float64]
Intervals = dict[str, dict[str, dict[str, float]]]


def main() -> None:
    """Measure, print the tables and write the results."""
    encoder = CachedEncoder(SentenceEncoder())
    sets = [*read_sets(), *filter(None, [programme_set()])]
    figures: dict[str, object] = {
        "encoder": encoder.name,
        "chosen on": CHOSEN_ON,
        "quality": {labelled.name: quality(labelled, encoder) for labelled in sets},
    }
    write_record("retrieval", figures, packages=PACKAGES)


def quality(labelled: LabelledSet, encoder: Encoder) -> Intervals:
    """Return each method's metrics with 95 % intervals, and by how much our score beats the others."""
    bm25 = Lexical(labelled.documents).scores(labelled.queries).toarray()
    ours = labelled.scores(encoder)
    methods = {
        "TF-IDF, words and characters": tf_idf(labelled),
        "BM25": bm25,
        "dense": cosines(labelled, encoder),
        "raw pair score": raw_total(labelled, encoder),
        "hybrid, scaled per query": scaled(cosines(labelled, encoder)) + scaled(bm25),
        "ours, dense side": ours.dense,
        "ours, whole texts": labelled.scores(CachedEncoder(SentenceEncoder(), closely=False)).total,
        "ours": ours.total,
    }
    values = {method: metrics(s, labelled) for method, s in methods.items()}
    asking = labelled.relevant.any(axis=1)
    result = {
        method: {metric: interval(v[:, i]) for i, metric in enumerate(METRICS)}
        for method, v in values.items()
    }
    for name, rows in labelled.slices.items():
        result[f"ndcg@10, {name}"] = {m: interval(v[rows[asking], 0]) for m, v in values.items()}
    result["ours above"] = {
        other: interval(values["ours"][:, 0] - v[:, 0]) for other, v in values.items() if other != "ours"
    }
    print_intervals(f"{labelled.name}, {len(labelled.queries)} queries", result)
    return result


def tf_idf(labelled: LabelledSet) -> Scores:
    """Return the mean cosine of words and of three to five characters, as scikit-learn counts them."""
    views = (
        TfidfVectorizer(stop_words="english", sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True),
    )
    cosines = [
        (view.fit_transform(labelled.documents) @ view.transform(labelled.queries).T).toarray().T
        for view in views
    ]
    result: Scores = np.mean(cosines, axis=0, dtype=np.float32)
    return result


def metrics(scores: Scores, labelled: LabelledSet) -> Values:
    """Return nDCG (the gain is the grade), recall and reciprocal rank of the first ten of each query.

    Only judged pairs are ranked, only queries with a relevant document count. Recall is of at most ten: a query
    with more relevant documents is at 1 when all ten are.
    """
    asking = labelled.relevant.any(axis=1)
    ranked = np.where(labelled.is_judged, scores, np.float32(-np.inf))[asking]
    grades = labelled.grades[asking]
    gains = np.take_along_axis(grades, top_k(ranked, 10)[0], axis=1)
    discounts = 1 / np.log2(np.arange(2, 12))
    ideal = -np.sort(-grades, axis=1)[:, :10] @ discounts
    hits = gains > 0
    findable = np.minimum((grades > 0).sum(axis=1), 10)
    first = np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0)
    return np.column_stack([gains @ discounts / ideal, hits.sum(axis=1) / findable, first])


def raw_total(labelled: LabelledSet, encoder: Encoder) -> Scores:
    """Return cosine + bm25 / (bm25 + 5), the score to beat."""
    bm25 = Lexical(labelled.documents).scores(labelled.queries).toarray()
    result: Scores = cosines(labelled, encoder) + bm25 / (bm25 + np.float32(5))
    return result


def cosines(labelled: LabelledSet, encoder: Encoder) -> Scores:
    """Return what the model alone says."""
    result: Scores = encoder.encode(labelled.queries) @ encoder.encode(labelled.documents).T
    return result


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


def print_intervals(title: str, result: Intervals) -> None:
    """Print means with their intervals, a line a method."""
    print(f"\n{title}")
    for name, cells in result.items():
        shown = [f"{key} {x['mean']:.3f} [{x['low']:.3f}, {x['high']:.3f}]" for key, x in cells.items()]
        print(f"  {name:25} {'  '.join(shown)}")


if __name__ == "__main__":
    main()
