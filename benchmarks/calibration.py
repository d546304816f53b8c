"""From text scores to the probability that a pair is relevant: ``python -m benchmarks.calibration``.

The probability is meant for what a coordinator sees, a need and an offer of the same kind in one district, of which
one in five is relevant (`PRIOR`, the mean of the demo's kinds). Pairs of the public sets are drawn towards that: only
documents of the query's branch of the taxonomy count, and relevant ones weigh one fifth. A logistic regression on
cosine and coverage then learns from all sets, each as three words and as whole descriptions; pairs with a text that is
not in English are left to another model. It is checked with each source of texts held out in turn.

Writes ``embeddings/calibration.json``, the figures and a picture of the reliability, and tells which fit floor follows.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import altair
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.fit_floor import Judged, fit_floor, print_table
from benchmarks.labelled import LabelledSet, Mask, read_sets, same_branch, statements
from benchmarks.record import RESULTS, write_record
from benchmarks.retrieval import metrics, raw_total
from embeddings import CachedEncoder, SentenceEncoder
from embeddings.calibration import FILE, calibration_of
from embeddings.language import are_english
from embeddings.search import name_of_both

PRIOR = 0.2
# Hardly any penalty: two weights from thousands of pairs need none.
PENALTY = 1e6
# What cosine and coverage count against each other where passages are read, chosen by nDCG@10, which hardly changes
# from 0.85 to 1.1 (miami-211 is best at 0.85, demo at 0.95, uk-charities at 1.1). Fitted to all pairs instead of to the
# first ten, it is 0.57, and uk-charities loses .010.
DENSE_TO_LEXICAL = 0.9
NUM_BINS = 10
Values = NDArray[np.float64]
Pairs = tuple[NDArray[np.intp], ...]
Figures = dict[str, dict[str, float]]
Sources = dict[str, list[LabelledSet]]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The judged English pairs of one form of a set, their weights summing to 1."""

    name: str
    features: Values
    relevant: Mask
    weights: Values
    raw: Values


def main() -> None:
    """Fit with and without passages, check with each source held out, and write."""
    encoder = CachedEncoder(SentenceEncoder())
    stored, figures, curves, sources = calibrated(CachedEncoder(SentenceEncoder(), closely=False))
    record: dict[str, object] = {"whole texts": {"stored": stored, "held_out": figures}}
    stored, figures, curves, sources = calibrated(encoder)
    picture(curves)
    floor = fit_floor({name: judged(both, encoder) for name, both in sources.items()}, encoder)
    record |= {"passages": {"stored": stored, "held_out": figures}, "fit_floor": floor}
    write_record("calibration", record, packages=("scikit-learn", "numpy"))


def calibrated(encoder: CachedEncoder) -> tuple[dict[str, object], Figures, pd.DataFrame, Sources]:
    """Fit, check with each source held out, and store; return the weights, the figures, the curves and the sets."""
    sources = {
        labelled.name: forms(labelled, encoder)
        for labelled in read_sets()
        if labelled.name in ("miami-211", "uk-charities", "demo")
    }
    samples = {name: [sample(form, encoder) for form in both] for name, both in sources.items()}
    figures: Figures = {}
    curves = []
    ratio = DENSE_TO_LEXICAL if encoder.close else None
    for name in samples:
        model = fitted([s for other, ss in samples.items() if other != name for s in ss], ratio)
        for form, held_out in zip(sources[name], samples[name], strict=True):
            figures[form.name] = checked(form, held_out, model, encoder)
            curves.append(reliability(held_out, model).assign(held_out=form.name))
    everything = [s for both in samples.values() for s in both]
    stored = weights_of(fitted(everything, ratio)) | {"prior": PRIOR, "data_sha256": data_hash(sources)}
    save(scored_as(encoder), stored)
    figures |= multilingual(encoder)
    print_table(f"{scored_as(encoder)}, each source of texts held out", figures)
    print(stored)
    return stored, figures, pd.concat(curves), sources


def scored_as(encoder: CachedEncoder) -> str:
    """Return what the calibration of a district's pairs is stored under."""
    return (encoder.close or encoder).name


def forms(labelled: LabelledSet, encoder: CachedEncoder) -> list[LabelledSet]:
    """Return the set with its pairs of the same kind, and its descriptions taken as needs."""
    if labelled.name == "demo":
        return [labelled]
    alike = same_branch(labelled)
    return [alike, statements(alike, encoder)]


def sample(labelled: LabelledSet, encoder: CachedEncoder) -> Sample:
    """Return the judged pairs of two English texts."""
    english = are_english(labelled.queries)[:, None] & are_english(labelled.documents)
    pairs = np.nonzero(labelled.is_judged & english)
    scores = labelled.scores(encoder)
    relevant = labelled.relevant[pairs]
    return Sample(
        name=labelled.name,
        features=np.column_stack([scores.dense[pairs], scores.lexical[pairs]]).astype(np.float64),
        relevant=relevant,
        weights=_by_kind(labelled, pairs) if labelled.name == "demo" else _by_prior(relevant),
        raw=raw_total(labelled, encoder)[pairs].astype(np.float64),
    )


def multilingual(encoder: CachedEncoder) -> dict[str, dict[str, float]]:
    """Fit both models together on the demo's pairs with a text that is not in English, store and check it.

    The Spanish set is for the check alone: its three words lie at another level than the sentences of a need.
    """
    other = encoder.multilingual
    if other is None:
        return {}
    sets = {labelled.name: labelled for labelled in read_sets()}
    both = name_of_both(scored_as(encoder), other.name)
    if not calibration_of(both).is_probability:
        # Uncalibrated pairs are scored by the English model alone: any weights will do to see what both say.
        save(both, json.loads(FILE.read_text(encoding="utf-8"))[scored_as(encoder)])
    demo = foreign_sample(sets["demo"], encoder)
    model = fitted([demo])
    figures = {"demo, not English, not held out": checked_foreign(demo, model)}
    if "miami-211-spanish" in sets:
        spanish = foreign_sample(spanish_in_branch(sets), encoder)
        figures["miami-211-spanish"] = checked_foreign(spanish, model)
    save(both, weights_of(model) | {"prior": PRIOR, "data_sha256": data_hash({"demo": [sets["demo"]]})})
    return figures


def spanish_in_branch(sets: Mapping[str, LabelledSet]) -> LabelledSet:
    """Return the Spanish queries with the documents of their branch, known from all English ones."""
    spanish, english = sets["miami-211-spanish"], sets["miami-211"]
    together = np.array([[mine == other for other in english.branches] for mine in spanish.branches])
    return replace(spanish, is_judged=together.astype(np.float32) @ english.relevant.astype(np.float32) > 0)


def foreign_sample(labelled: LabelledSet, encoder: CachedEncoder) -> Sample:
    """Return the judged pairs with a text that is not in English."""
    foreign = ~are_english(labelled.queries)[:, None] | ~are_english(labelled.documents)
    pairs = np.nonzero(labelled.is_judged & foreign)
    scores = labelled.scores(encoder)
    relevant = labelled.relevant[pairs]
    features = np.column_stack([scores.dense[pairs], scores.lexical[pairs]]).astype(np.float64)
    return Sample(labelled.name, features, relevant, _by_prior(relevant), features[:, 0])


def checked_foreign(held_out: Sample, model: LogisticRegression) -> dict[str, float]:
    """Return how well a model fits pairs that are not English."""
    likely = model.predict_proba(held_out.features)[:, 1]
    area = roc_auc_score(held_out.relevant, likely, sample_weight=held_out.weights)
    error = calibration_error(likely, held_out)
    return {"expected calibration error": round(error, 4), "auc over all pairs": round(float(area), 4)}


def judged(both: Sequence[LabelledSet], encoder: CachedEncoder) -> list[Judged]:
    """Return similarity, label and weight of the pairs of each form, as the product has them now."""
    calibration = calibration_of(scored_as(encoder))
    found = []
    for s in (sample(form, encoder) for form in both):
        dense, lexical = s.features.astype(np.float32).T
        similarity = calibration.similarity(calibration.total(dense, lexical))
        found.append((similarity.astype(np.float64), s.relevant, s.weights))
    return found


def fitted(samples: Sequence[Sample], ratio: float | None = None) -> LogisticRegression:
    """Return the logistic regression on the samples, each source of texts with the same weight.

    Parameters
    ----------
    ratio
        How many times its lexical weight the dense one is; by default both are fitted.
    """
    num_forms = {s.name: sum(s.name.split(",")[0] == t.name.split(",")[0] for t in samples) for s in samples}
    weights = np.concatenate([s.weights / num_forms[s.name] for s in samples])
    features = np.concatenate([s.features for s in samples])
    relevant = np.concatenate([s.relevant for s in samples])
    model = LogisticRegression(C=PENALTY, tol=1e-8)
    if ratio is None:
        return model.fit(features, relevant, sample_weight=weights)
    model.fit(features @ [[ratio], [1.0]], relevant, sample_weight=weights)
    model.coef_, model.n_features_in_ = model.coef_ * [ratio, 1.0], 2
    return model


def weights_of(model: LogisticRegression) -> dict[str, object]:
    """Return the weights of a model by their names in `embeddings.calibration.Calibration`."""
    dense, lexical = (round(float(weight), 4) for weight in model.coef_[0])
    return {"dense": dense, "lexical": lexical, "intercept": round(float(model.intercept_[0]), 4)}


def checked(
    labelled: LabelledSet, held_out: Sample, model: LogisticRegression, encoder: CachedEncoder
) -> dict[str, float]:
    """Return how well a model fits a set it has not seen, beside the raw score."""
    likely = model.predict_proba(held_out.features)[:, 1]
    scores = labelled.scores(encoder)
    ranking = scores.dense * np.float32(model.coef_[0, 0]) + scores.lexical * np.float32(model.coef_[0, 1])
    weights = held_out.weights
    figures = {
        "expected calibration error": calibration_error(likely, held_out),
        "brier score": np.average((likely - held_out.relevant) ** 2, weights=weights),
        "brier score, always the prior": np.average((PRIOR - held_out.relevant) ** 2, weights=weights),
        "auc over all pairs": roc_auc_score(held_out.relevant, likely, sample_weight=weights),
        "auc over all pairs, raw": roc_auc_score(held_out.relevant, held_out.raw, sample_weight=weights),
        "ndcg@10 in branch": metrics(ranking, labelled)[:, 0].mean(),
        "ndcg@10 in branch, raw": metrics(raw_total(labelled, encoder), labelled)[:, 0].mean(),
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def calibration_error(likely: Values, held_out: Sample) -> float:
    """Return the mean distance of said and found share over ten bins of the probability, weighted by pairs."""
    bins = np.minimum((likely * NUM_BINS).astype(int), NUM_BINS - 1)
    gaps = np.bincount(bins, held_out.weights * (likely - held_out.relevant), NUM_BINS)
    return float(np.abs(gaps).sum() / held_out.weights.sum())


def reliability(held_out: Sample, model: LogisticRegression) -> pd.DataFrame:
    """Return said and found share of relevant pairs a bin."""
    likely = model.predict_proba(held_out.features)[:, 1]
    bins = np.minimum((likely * NUM_BINS).astype(int), NUM_BINS - 1)
    weight = np.bincount(bins, held_out.weights, NUM_BINS)
    some = np.bincount(bins, minlength=NUM_BINS) >= 30
    said, found = (
        np.bincount(bins, held_out.weights * values, NUM_BINS)[some] / weight[some]
        for values in (likely, held_out.relevant)
    )
    return pd.DataFrame({"said": said, "found": found, "pairs": np.bincount(bins, minlength=NUM_BINS)[some]})


def picture(curves: pd.DataFrame) -> None:
    """Save the reliability of each held-out set."""
    scale = altair.Scale(domain=[0, 1])
    diagonal = altair.Chart(pd.DataFrame({"said": [0, 1], "found": [0, 1]})).mark_line(
        color="#999999", strokeDash=[4, 4]
    )
    lines = altair.Chart(curves).mark_line(point=True)
    axes = {
        "x": altair.X("said:Q", title="Probability said", scale=scale),
        "y": altair.Y("found:Q", title="Share found relevant", scale=scale),
    }
    chart = diagonal.encode(**axes) + lines.encode(**axes, color=altair.Color("held_out:N", title="Held out"))
    chart.properties(width=420, height=420).save(RESULTS / "reliability.svg")


def save(model: str, stored: Mapping[str, object]) -> None:
    """Put the weights of one model beside those of others."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    FILE.write_text(json.dumps(known | {model: dict(stored)}, indent=2) + "\n", encoding="utf-8")


def data_hash(sources: Mapping[str, Sequence[LabelledSet]]) -> str:
    """Return a hash of all texts and labels."""
    digest = hashlib.sha256()
    for both in sources.values():
        for form in both:
            digest.update("\0".join([form.name, *form.queries, *form.documents]).encode())
            digest.update(np.packbits(form.is_judged).tobytes() + form.grades.tobytes())
    return digest.hexdigest()


def _by_prior(relevant: Mask) -> Values:
    weights: Values = np.where(relevant, PRIOR / relevant.sum(), (1 - PRIOR) / (~relevant).sum())
    return weights


def _by_kind(labelled: LabelledSet, pairs: Pairs) -> Values:
    """Return weights that give every kind the same sum; each keeps its own share of relevant pairs."""
    kind = np.array([rows[pairs[0]] for rows in labelled.slices.values()]).argmax(axis=0)
    weights: Values = 1 / np.bincount(kind)[kind] / len(labelled.slices)
    return weights


if __name__ == "__main__":
    main()
