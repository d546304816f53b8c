"""How well texts are tagged with focus areas, and what the tags' probabilities rest on: ``python -m benchmarks.areas``.

The weights learn from ``fixtures/relevance/areas.csv``, judged by reading before anything tagged a text, and are
checked there by leaving each fifth out in turn. Needs whose focus area is given are left out: their text names it.
Unseen by every choice: descriptions of charities and of social services, whose tags were mapped to our areas
where one is plainly the other (`UK_CAT`, `TAXONOMY`), in ``../shared/data`` beside the project.

Writes ``matching/areas.json`` and the figures.
"""

import csv
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from benchmarks.labelled import FIXTURES, read_lines
from benchmarks.record import SHARED_DATA, write_record
from embeddings import CachedEncoder, Encoder, SentenceEncoder, WordHashEncoder
from embeddings.language import are_english
from matching.areas import area_numbered, focus_areas
from matching.district import District
from matching.tables import read_district
from matching.tags import LEAST, WORDS_ALONE, Tagger, Tags, calibrated, log_odds, softmax
from matching.texts import Texts, need_texts
from matching.values import split_list

FILE = Path(__file__).parents[1] / "matching" / "areas.json"
NUM_FOLDS = 5
NUM_BINS = 10
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Tags of UK-CAT, by code, whose charities are about one of our areas, whatever they do besides.
UK_CAT: Mapping[str, str] = MappingProxyType(
    {
        "AN": "nature", "AR": "visual-arts", "AR104": "visual-arts", "AR201": "media", "AR203": "media",
        "AR205": "media", "AR300": "theater-dance", "AR302": "theater-dance", "AR303": "music", "AR305": "music",
        "AS303": "clubs", "AS302": "clubs", "BE114": "early-learning", "CC101": "early-learning",
        "BE200": "disability", "ED304": "coding", "ED302": "career", "EN101": "nature", "EN102": "nature",
        "HE": "health", "HE305": "health", "HE400": "health", "HO105": "housing", "LE104": "sports",
        "SW103": "clothing", "SW301": "food",
    }
)  # fmt: skip
# Terms of a referral line's taxonomy, by their place in miami-211: the names are not ours to print.
TAXONOMY: Mapping[str, str] = MappingProxyType(
    {
        "q0025": "reading", "q0223": "reading", "q0401": "reading", "q0678": "reading", "q0049": "visual-arts",
        "q0284": "visual-arts", "q0057": "theater-dance", "q0170": "theater-dance", "q0435": "theater-dance",
        "q0619": "theater-dance", "q0440": "music", "q0441": "music", "q0059": "sports", "q0060": "sports",
        "q0242": "sports", "q0270": "sports", "q0309": "sports", "q0412": "sports", "q0528": "sports",
        "q0567": "sports", "q0577": "sports", "q0617": "sports", "q0624": "sports", "q0630": "sports",
        "q0661": "sports", "q0664": "sports", "q0674": "sports", "q0118": "civics", "q0128": "college",
        "q0333": "college", "q0543": "college", "q0134": "early-learning", "q0221": "early-learning",
        "q0321": "early-learning", "q0322": "early-learning", "q0501": "early-learning", "q0524": "early-learning",
        "q0547": "early-learning", "q0146": "coding", "q0154": "nutrition", "q0171": "summer",
        "q0196": "graduation", "q0211": "graduation", "q0278": "graduation", "q0237": "english",
        "q0275": "supplies", "q0348": "homework", "q0599": "homework", "q0640": "homework", "q0466": "nature",
        "q0473": "family-engagement", "q0548": "clubs", "q0579": "disability", "q0580": "disability",
        "q0581": "disability", "q0582": "disability", "q0596": "disability", "q0191": "disability",
        "q0597": "health", "q0637": "attendance", "q0620": "trades", "q0658": "trades", "q0659": "trades",
        "q0675": "money",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Texts with the areas that a reader accepts for each.

    Parameters
    ----------
    features
        Coverage and cosine of each text with each area, of shape ``(num_texts, num_areas, 1 or 2)``.
    first
        The area that is the first to accept, where one is.
    """

    features: Floats
    accepted: Mask
    first: NDArray[np.int64]


def main() -> None:
    """Fit for the bundled model and for words alone, check both, and write."""
    encoder = CachedEncoder(SentenceEncoder())
    district, stored, figures = read_district(FIXTURES / "demo"), {}, {}
    rows, slices = labelled_rows(district)
    for name, reader in ((encoder.name, encoder), (WORDS_ALONE, WordHashEncoder())):
        judged = judged_demo(district, reader, rows)
        stored[name] = fitted(judged)
        demo = checked(held_out(judged), judged)
        parts = {part: checked(held_out(judged)[of], among(judged, of)) for part, of in slices.items()}
        figures[name] = {"demo, held out": demo, **parts}
    write_weights(stored)
    for name, reader in ((encoder.name, encoder), (WORDS_ALONE, WordHashEncoder())):
        figures[name] |= unseen(reader)
    print_figures(figures)
    speed = seconds(district, encoder)
    print(speed)
    record = {"least": LEAST, "weights": stored, "figures": figures, "seconds": speed}
    write_record("areas", record, packages=("scikit-learn", "numpy", "scipy"))


def labelled_rows(district: District) -> tuple[NDArray[np.int64], dict[str, Mask]]:
    """Return the texts to judge by, needs first, then offers: those with an area, and without a given one."""
    labels, given = read_labels(), district.needs["focus_area"].tolist()
    ids = [*district.needs["need_id"], *district.offers["offer_id"]]
    given += [""] * len(district.offers)
    rows = np.array([row for row, its_id in enumerate(ids) if labels[its_id] and not given[row]])
    english = are_english([*need_texts(district.needs), *district.offers["focus"]])[rows]
    is_need = rows < len(district.needs)
    return rows, {"needs": is_need, "offers": ~is_need, "not English": ~english}


def read_labels() -> dict[str, list[int]]:
    """Return the areas that were judged to suit each text of the demo, the best first."""
    with (FIXTURES / "relevance" / "areas.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["id"]: [area_numbered(key) for key in (row["area"], *split_list(row["also"])) if key]
            for row in csv.DictReader(file)
        }


def judged_demo(district: District, encoder: Encoder, rows: NDArray[np.int64]) -> Judged:
    """Return the demo's judged texts as the product reads them."""
    labels = read_labels()
    ids = [*district.needs["need_id"], *district.offers["offer_id"]]
    texts = Texts(district, encoder)
    features = np.concatenate(texts.area_features())[rows]
    accepted = np.zeros(features.shape[:2], np.bool_)
    for place, row in enumerate(rows):
        accepted[place, labels[ids[row]]] = True
    return Judged(features, accepted, np.array([labels[ids[row]][0] for row in rows]))


def among(judged: Judged, of: Mask) -> Judged:
    """Return some of the texts."""
    return Judged(judged.features[of], judged.accepted[of], judged.first[of])


def fitted(judged: Judged) -> dict[str, float]:
    """Return the weights: a softmax over the areas first, then a logistic regression on its log-odds."""
    count = np.arange(len(judged.first))

    def loss(weights: Floats) -> tuple[float, Floats]:
        share = softmax(judged.features @ weights)
        chosen = judged.features[count, judged.first]
        gradient = ((share[:, :, None] * judged.features).sum(axis=1) - chosen).mean(axis=0)
        return -float(np.log(share[count, judged.first]).mean()), gradient

    weights = minimize(loss, np.ones(judged.features.shape[2]), jac=True).x
    odds = log_odds(softmax(judged.features @ weights))
    # Hardly any penalty: two figures from thousands of pairs need none.
    model = LogisticRegression(C=1e6).fit(odds.reshape(-1, 1), judged.accepted.ravel())
    names = ("lexical", "dense")[: len(weights)]
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    found = dict(zip(names, weights.tolist(), strict=True)) | {"slope": slope, "intercept": intercept}
    return {name: round(value, 3) for name, value in found.items()}


def probabilities(judged: Judged, weights: Mapping[str, float]) -> Floats:
    """Return the probability of each area."""
    sides = [weights[name] for name in ("lexical", "dense") if name in weights]
    share = softmax(judged.features @ np.array(sides))
    return calibrated(share, weights["slope"], weights["intercept"])


def held_out(judged: Judged) -> Floats:
    """Return the probabilities of each fifth by the weights of the others."""
    fold = np.random.default_rng(0).permutation(len(judged.first)) % NUM_FOLDS
    found = np.zeros(judged.accepted.shape)
    for part in range(NUM_FOLDS):
        of = fold == part
        found[of] = probabilities(among(judged, of), fitted(among(judged, ~of)))
    return found


def checked(probability: Floats, judged: Judged) -> dict[str, float]:
    """Return how often the best, or one of the best three, is right, and how true the probabilities are."""
    order = np.argsort(-probability, axis=1, kind="stable")
    count = np.arange(len(order))
    is_right, sure = judged.accepted[count, order[:, 0]], probability.max(axis=1)
    tagged = sure >= LEAST
    above = probability >= LEAST
    figures = {
        "texts": len(order),
        "accuracy@1": (order[:, 0] == judged.first).mean(),
        "accepted@1": is_right.mean(),
        "accuracy@3": (order[:, :3] == judged.first[:, None]).any(axis=1).mean(),
        "accepted@3": np.take_along_axis(judged.accepted, order[:, :3], axis=1).any(axis=1).mean(),
        "coverage": tagged.mean(),
        "accepted where tagged": is_right[tagged].mean() if tagged.any() else 0.0,
        "all tags accepted": judged.accepted[above].mean() if above.any() else 0.0,
        "ece": calibration_error(sure, is_right),
    }
    return {name: round(float(value), 3) for name, value in figures.items()}


def calibration_error(sure: Floats, is_right: Mask) -> float:
    """Return the mean distance of probability and frequency over ten equal steps, weighted by their texts."""
    step = np.minimum((sure * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    gaps = [abs(is_right[step == b].mean() - sure[step == b].mean()) * (step == b).mean() for b in set(step)]
    return float(sum(gaps))


def unseen(encoder: Encoder) -> dict[str, dict[str, float]]:
    """Return the same figures for descriptions whose tags were mapped; empty where there are none."""
    figures = {}
    for name, mapping in (("uk-charities", UK_CAT), ("miami-211", TAXONOMY)):
        folder = SHARED_DATA / "retrieval" / name
        if folder.is_dir():
            texts, accepted = mapped(folder, mapping)
            tags = Tagger(encoder).tag(texts)
            first = accepted.argmax(axis=1)
            figures[f"{name}, unseen"] = checked(tags.probability, Judged(np.empty(0), accepted, first))
    return figures


def mapped(folder: Path, mapping: Mapping[str, str]) -> tuple[list[str], Mask]:
    """Return the descriptions with a tag that is mapped, each with the areas of all such tags."""
    texts = {line["id"]: line["text"] for line in read_lines(folder / "corpus.jsonl")}
    areas: dict[str, set[int]] = {}
    with (folder / "qrels.tsv").open(encoding="utf-8", newline="") as file:
        for pair in csv.DictReader(file, delimiter="\t"):
            if pair["query_id"] in mapping:
                areas.setdefault(pair["doc_id"], set()).add(area_numbered(mapping[pair["query_id"]]))
    accepted = np.zeros((len(areas), len(focus_areas())), np.bool_)
    for row, numbers in enumerate(areas.values()):
        accepted[row, list(numbers)] = True
    return [texts[doc_id] for doc_id in areas], accepted


def write_weights(stored: dict[str, dict[str, float]]) -> None:
    """Write what the product reads, with hashes of what it rests on."""
    sources = (FILE.with_name("focus_areas.toml"), FIXTURES / "relevance" / "areas.csv")
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sources}
    FILE.write_text(json.dumps(stored | {"sha256": hashes}, indent=2) + "\n", encoding="utf-8")


def seconds(district: District, encoder: Encoder) -> dict[str, float]:
    """Return what tagging costs beyond the vectors: processor seconds for a district, and a thousand such texts."""
    texts = Texts(district, encoder)
    assert texts.tags[0].best()[0] >= 0
    many = need_texts(district.needs) * 333
    return {"demo, 360 texts": _spent(Texts(district, encoder)), f"{len(many)} texts, words": _words(many)}


def _spent(texts: Texts) -> float:
    start = time.process_time()
    assert len(texts.tags) == 2
    return round(time.process_time() - start, 3)


def _words(many: list[str]) -> float:
    start = time.process_time()
    assert isinstance(Tagger(WordHashEncoder()).tag(many), Tags)
    return round(time.process_time() - start, 3)


def print_figures(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print a line a set."""
    for name, sets in figures.items():
        print(name)
        for part, row in sets.items():
            print(f"  {part:24s} " + "  ".join(f"{key} {value:g}" for key, value in row.items()))


if __name__ == "__main__":
    main()
