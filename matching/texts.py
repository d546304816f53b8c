"""What is compared of a need and an offer as text, and how similar a pair's texts are."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from embeddings import Encoder, PairScorer, TextScores
from matching.district import District
from matching.facts import positions
from matching.kept import Columns
from matching.tags import Tagger, Tags

Index = NDArray[np.int64]
Scores = NDArray[np.float32]
logger = logging.getLogger(__name__)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,80}>")

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class PairTexts:
    """Text scores of each pair, shape ``(num_pairs,)``.

    ``similarity`` (0 to 1) is the probability that the pair is relevant, where the model is calibrated;
    ``dense`` (cosine) and ``lexical`` (coverage of the need's words) are its two sides. ``priorities`` is the need's
    similarity to the partner's own priorities, NaN where the partner names none.
    """

    dense: Scores
    lexical: Scores
    similarity: Scores
    priorities: Scores


TEXT_COLUMNS: Columns = {
    "needs": ("title", "statement", "goal", "focus_area"),
    "offers": ("partner_id", "focus"),
    "partners": ("partner_id", "description", "priorities"),
}
"""All that `Texts` reads."""


class Texts:
    """The texts of a district, ready to be scored pair by pair; ``of_needs`` and ``of_offers`` is what they say."""

    def __init__(
        self,
        district: District,
        encoder: Encoder,
        progress: Progress | None = None,
        *,
        earlier: "Texts | None" = None,
    ) -> None:
        """Encode the needs, the offers and the partners' own priorities; what an earlier one has read is taken over."""
        self.model, self.encoder = encoder.name, encoder
        self.of_needs, self.of_offers = need_texts(district.needs), offer_texts(district)
        known = earlier._offers if earlier else None
        self._offers: PairScorer = PairScorer(
            self.of_needs, self.of_offers, encoder, progress=progress, earlier=known
        )
        if not self._offers.calibration.is_probability:
            logger.info(
                "Similarities by the model %s are no probabilities: it is not calibrated.", encoder.name
            )
        cells, distinct = pd.factorize(district.partners["priorities"].to_numpy(dtype=object))
        wishes = [cell.replace("|", ", ") for cell in distinct]
        self._wishes = wishes
        self._priorities = self._scorer_of_wishes(earlier)
        partner = positions(district.offers["partner_id"], district.partners["partner_id"])
        self._wish_of_offer = cells[partner]
        self._is_blank = np.array([not wish for wish in wishes], dtype=bool)
        self._given = district.needs["focus_area"].tolist()
        self._focuses = [plain_text(focus) for focus in district.offers["focus"].tolist()]
        if earlier and earlier.model == self.model:
            # Kept: a tagger reads the examples of all areas first.
            self.tagger = earlier.tagger

    def _scorer_of_wishes(self, earlier: "Texts | None") -> PairScorer | None:
        """Return the scorer of the needs with what partners want, None where none wants anything."""
        if not any(self._wishes):
            return None
        if earlier is None or earlier.model != self.model:
            return PairScorer(self.of_needs, self._wishes, self.encoder)
        if earlier.of_needs == self.of_needs and earlier._wishes == self._wishes:
            return earlier._priorities
        return PairScorer(self.of_needs, self._wishes, self.encoder, earlier=earlier._priorities)

    @property
    def is_multilingual(self) -> bool:
        """Whether a pair with a text that is not in English is scored by a multilingual model."""
        return self._offers.is_multilingual

    @cached_property
    def tagger(self) -> Tagger:
        """What tells the focus areas of a text."""
        return Tagger(self.encoder)

    @cached_property
    def tags(self) -> tuple[Tags, Tags]:
        """The focus areas of the needs and of the offers, from the vectors that are there already."""
        needs, offers = self._area_cosines()
        return (
            self.tagger.tag_read(self.of_needs, self._given, needs),
            self.tagger.tag_read(self._focuses, None, offers),
        )

    def area_features(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what the tags of needs and of offers are decided by."""
        needs, offers = self._area_cosines()
        return self.tagger.features(self.of_needs, needs), self.tagger.features(self._focuses, offers)

    def _area_cosines(self) -> tuple[Scores, Scores] | tuple[None, None]:
        if not self.tagger.reads_meaning or len(self._given) + len(self._focuses) == 0:
            return None, None
        return self._offers.cosines_to(self.tagger.prototypes)

    def block(self, start: int, stop: int) -> TextScores:
        """Return the scores of needs `start` to `stop` with every offer, shape ``(stop - start, num_offers)``."""
        return self._offers.block(slice(start, stop))

    def with_offers(self, offer: Index) -> PairScorer:
        """Return the scorer of all needs with these offers alone, numbered by their place in `offer`."""
        return self._offers.among(offer)

    def scores(self, need: Index, offer: Index) -> TextScores:
        """Return the scores of each pair but for the partner's own priorities."""
        return self._offers.pairs(need, offer)

    def pairs(self, need: Index, offer: Index) -> PairTexts:
        """Return the scores of each pair."""
        scores = self.scores(need, offer)
        return PairTexts(scores.dense, scores.lexical, scores.similarity, self.priorities(need, offer))

    def priorities(self, need: Index, offer: Index) -> Scores:
        """Return each need's similarity to the partner's own priorities, NaN where it names none."""
        if self._priorities is None:
            return np.full(len(need), np.nan, dtype=np.float32)
        wish = self._wish_of_offer[offer]
        found = np.full(len(need), np.nan, dtype=np.float32)
        known = ~self._is_blank[wish]
        found[known] = self._priorities.pairs(need[known], wish[known]).similarity
        return found

    def priorities_of(self, need: int | str) -> Scores:
        """Return one need's similarity to the priorities of each offer's partner; a need is a number or a new text."""
        if self._priorities is None:
            return np.full(len(self._wish_of_offer), np.nan, dtype=np.float32)
        scorer = (
            self._priorities if isinstance(need, int) else self._priorities.with_queries([need], stored=False)
        )
        row = need if isinstance(need, int) else 0
        wished = scorer.block(slice(row, row + 1)).similarity[0]
        return np.where(self._is_blank, np.float32(np.nan), wished)[self._wish_of_offer]


def need_texts(needs: pd.DataFrame) -> list[str]:
    """Return what each need says, title first."""
    return _joined(needs, ("title", "statement", "goal", "focus_area"))


def offer_texts(district: District) -> list[str]:
    """Return what each offer says: its focus, then who the partner is."""
    partner = positions(district.offers["partner_id"], district.partners["partner_id"])
    described = district.partners.iloc[partner].reset_index(drop=True)
    return _joined(
        pd.DataFrame({"focus": district.offers["focus"], "description": described["description"]}),
        ("focus", "description"),
    )


@lru_cache(2**17)
def plain_text(text: str) -> str:
    """Return a text without the tags and the runs of space that came along from a web page."""
    return " ".join(_TAG.sub(" ", text).split())


def _joined(table: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    cells = zip(*(table[column].tolist() for column in columns), strict=True)
    return [". ".join(plain_text(cell).rstrip(". ") for cell in row if cell) for row in cells]
