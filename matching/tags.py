"""Which focus areas a text is about, each with a probability; an area that someone gave wins."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from embeddings import CachedEncoder, Encoder, Lexical
from embeddings.language import in_english
from embeddings.search import ALWAYS_MISSING
from matching.areas import area_named, focus_areas

Floats = NDArray[np.float64]
Cosines = NDArray[np.float32]
Index = NDArray[np.int64]
WORDS_ALONE = "words alone"
SIDES = ("lexical", "dense")
LEAST = 0.5
"""A text is about an area where that is more likely than not."""
_PAIRS_AT_ONCE = 65536


@dataclass(frozen=True, slots=True, eq=False)
class Tags:
    """What each text is about.

    Parameters
    ----------
    probability
        That a reader accepts an area for a text, of shape ``(num_texts, num_areas)``; they need not sum to 1.
    is_given
        Whether a text's area was given, of shape ``(num_texts,)``; then its probability is 1 and all others' are 0.
    """

    probability: Floats
    is_given: NDArray[np.bool_]

    def areas(self, row: int) -> tuple[int, ...]:
        """Return the areas that a text is about, the most likely first."""
        line = self.probability[row]
        order = np.argsort(-line, kind="stable")
        return tuple(order[line[order] >= LEAST].tolist())

    def best(self) -> NDArray[np.int64]:
        """Return the most likely area of each text, -1 where none is likely."""
        best = self.probability.argmax(axis=1)
        return np.where(self.probability.max(axis=1) >= LEAST, best, -1)

    def keys(self, row: int) -> str:
        """Return the keys of the areas that a text is about, as a cell of a table."""
        return "|".join(focus_areas()[number].key for number in self.areas(row))

    def about(self, area: int) -> NDArray[np.bool_]:
        """Whether each text is about an area."""
        return self.probability[:, area] >= LEAST


class Tagger:
    """Tags texts by their cosine to the areas and by the words that they share with them.

    The score of an area is ``dense * cosine + lexical * coverage``, its share of a text's softmax becomes a
    probability by ``sigmoid(slope * log-odds + intercept)``. The figures come from ``python -m benchmarks.areas``;
    they hold for the bundled model. With any other, words alone decide, with figures of their own.
    """

    def __init__(self, encoder: Encoder):
        stored = json.loads(files("matching").joinpath("areas.json").read_text(encoding="utf-8"))
        self._encoder = encoder
        self._weights: dict[str, float] = stored.get(encoder.name, stored[WORDS_ALONE])
        self.reads_meaning = encoder.name in stored
        self._lexical = Lexical([area.words for area in focus_areas()])

    @cached_property
    def prototypes(self) -> Cosines:
        """The vector of each area: the unit mean of its examples'."""
        counts = [len(area.examples) for area in focus_areas()]
        vectors = self._encoder.encode([text for area in focus_areas() for text in area.examples])
        means = np.add.reduceat(vectors, np.r_[0, np.cumsum(counts)[:-1]], axis=0)
        unit: Cosines = means / np.linalg.norm(means, axis=1, keepdims=True)
        return unit

    def tag(self, texts: Sequence[str], given: Sequence[str] | None = None, *, stored: bool = True) -> Tags:
        """Return the tags of texts, read one by one.

        Parameters
        ----------
        given
            A focus area or blank for each text.
        stored
            Whether a cached encoder stores the texts' vectors; what someone asks for only now is faster without.
        """
        if not self.reads_meaning or not texts:
            return self.tag_read(texts, given, None)
        encoder, read = self._encoder, in_english(texts)
        if isinstance(encoder, CachedEncoder) and not stored:
            vectors = encoder.encode_asked(read)
        else:
            vectors = encoder.encode(read)
        return self.tag_read(texts, given, vectors @ self.prototypes.T)

    def tag_read(self, texts: Sequence[str], given: Sequence[str] | None, cosines: Cosines | None) -> Tags:
        """Return the tags of texts whose cosines to `prototypes` are known; None where only words count."""
        weights = self._weights
        features = self.features(texts, cosines)
        sides = np.array([weights[name] for name in SIDES if name in weights])
        share = softmax(features @ sides[: features.shape[2]])
        probability = calibrated(share, weights["slope"], weights["intercept"])
        is_given = np.zeros(len(texts), np.bool_)
        areas = {cell: self._area_of(cell) for cell in {*(given or ())} - {""}}
        for row, cell in enumerate(given or ()):
            area = areas.get(cell)
            if area is not None:
                probability[row], probability[row, area], is_given[row] = 0.0, 1.0, True
        return Tags(probability, is_given)

    def features(self, texts: Sequence[str], cosines: Cosines | None) -> Floats:
        """Return coverage, and cosine where it counts, of shape ``(num_texts, num_areas, 1 or 2)``.

        Coverage is the share of a text's words, by what they tell, that an area is described with.
        """
        counts = self._lexical.count(in_english(texts))
        most = self._lexical.most(counts) + ALWAYS_MISSING
        coverage = self._lexical.scores_of(counts).toarray() / most[:, None]
        both = [coverage] if cosines is None else [coverage, cosines]
        return np.stack(both, axis=2).astype(np.float64)

    def _area_of(self, cell: str) -> int | None:
        """Return the area that someone means: the one of that name, else the likeliest, None where none is likely."""
        named = area_named(cell)
        if named is not None:
            return named
        best = int(self.tag([cell]).best()[0])
        return best if best >= 0 else None


def tag(texts: Sequence[str], given: Sequence[str] | None, encoder: Encoder) -> Tags:
    """Return what each text is about; ``given`` holds a focus area or blank for each."""
    return Tagger(encoder).tag(texts, given)


def shared_areas(needs: Tags, offers: Tags, need: Index, offer: Index) -> Index:
    """Return the area that both texts of each pair are about, the likeliest where there are several, -1 for none."""
    shared = np.full(len(need), -1, np.int64)
    for start in range(0, len(need), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        mine, theirs = needs.probability[need[part]], offers.probability[offer[part]]
        both = np.where(np.minimum(mine, theirs) >= LEAST, mine * theirs, 0.0)
        shared[part] = np.where(both.max(axis=1) > 0, both.argmax(axis=1), -1)
    return shared


def softmax(score: Floats) -> Floats:
    """Return the share of each area in a text's scores."""
    power = np.exp(score - score.max(axis=1, keepdims=True, initial=-np.inf))
    share: Floats = power / power.sum(axis=1, keepdims=True)
    return share


def log_odds(share: Floats) -> Floats:
    """Return the log-odds of shares, which neither 0 nor 1 sends to infinity."""
    clipped = np.clip(share, 1e-9, 1 - 1e-9)
    odds: Floats = np.log(clipped) - np.log1p(-clipped)
    return odds


def calibrated(share: Floats, slope: float, intercept: float) -> Floats:
    """Return the probability that a reader accepts an area of that share."""
    probability: Floats = 1 / (1 + np.exp(-(slope * log_odds(share) + intercept)))
    return probability
