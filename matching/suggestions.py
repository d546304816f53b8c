"""What a recommendation tells: which pairs, why they suit, and what stands in their way."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from matching.cards import NeedCard, OfferCard
from matching.explain import Reason
from matching.vocabulary import RULE_WORDS, Rule


@dataclass(frozen=True, slots=True)
class Scores:
    """What a pair is worth: ``parts`` are those of the fit by name; all 0 to 1 but for ``dense``, a cosine."""

    fit: float
    similarity: float
    dense: float
    lexical: float
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A pair that breaks no pair rule and reaches the fit floor.

    Parameters
    ----------
    slots_here
        What this very pair runs with already.
    blocked_by
        The group rules for which this pair cannot get one more slot now; empty where it can.
    """

    need: NeedCard
    offer: OfferCard
    scores: Scores
    slots_here: int
    blocked_by: tuple[Rule, ...]
    reason: Reason

    @property
    def cells(self) -> dict[str, object]:
        """What is told of the pair itself, flat: the cells of a row."""
        return {
            "fit": self.scores.fit,
            "similarity": self.scores.similarity,
            "dense": self.scores.dense,
            "lexical": self.scores.lexical,
            **{f"fit_{name}": value for name, value in self.scores.parts.items()},
            "slots_here": self.slots_here,
            "blocked_by": "|".join(self.blocked_by),
            "blocked_why": rules_said(self.blocked_by),
            "shared_words": "|".join(self.reason.shared_words),
            "reason": self.reason.sentences,
        }


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A pair of the same kind of help with similar texts; ``rules`` are all that stand in its way."""

    need: NeedCard
    offer: OfferCard
    similarity: float
    rules: tuple[Rule, ...]

    @property
    def cells(self) -> dict[str, object]:
        """What is told of the pair itself, flat: the cells of a row."""
        return {"similarity": self.similarity, "rules": "|".join(self.rules), "why": rules_said(self.rules)}


@dataclass(frozen=True, slots=True)
class OffersForNeed:
    """Who could help with a need: those who can come now first, then those a group rule blocks, each best fit first.

    ``near_misses`` are the most similar of all others of this kind of help.
    """

    need: NeedCard
    offers: tuple[Suggestion, ...]
    near_misses: tuple[NearMiss, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the offers as a table, a row each."""
        return pd.DataFrame(_rows("offer", self.offers))

    def as_dict(self) -> dict[str, object]:
        """Return all of it for a program to read: the need, and a list each of offers and near misses."""
        return {
            **asdict(self.need),
            "offers": _rows("offer", self.offers),
            "near_misses": _rows("offer", self.near_misses),
        }


@dataclass(frozen=True, slots=True)
class NeedsForPartner:
    """What a partner could help with: a row a need, with the offer of this partner that suits it best.

    Open needs come first, then those that a group rule blocks, each best fit first whatever its level: a partner on the
    telephone asks what it is good for. The level stands beside it; serving urgent needs first is what `match` does.
    ``near_misses`` are the most similar of all other needs of these kinds of help.
    """

    partner_id: str
    partner: str
    offers: tuple[OfferCard, ...]
    needs: tuple[Suggestion, ...]
    near_misses: tuple[NearMiss, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the needs as a table, a row each."""
        return pd.DataFrame(_rows("need", self.needs))

    def as_dict(self) -> dict[str, object]:
        """Return all of it for a program to read: the partner's offers, and a list each of needs and near misses."""
        return {
            "partner_id": self.partner_id,
            "partner": self.partner,
            "offers": [asdict(offer) for offer in self.offers],
            "needs": _rows("need", self.needs),
            "near_misses": _rows("need", self.near_misses),
        }


def rules_said(rules: Sequence[Rule]) -> str:
    """Return what stands in the way in words, blank for no rule."""
    return ", ".join(RULE_WORDS[rule] for rule in rules)


def _rows(side: str, pairs: Sequence[Suggestion | NearMiss]) -> list[dict[str, object]]:
    """Return a flat row a pair: the side that was looked for, what tells the other one, and the pair's cells."""
    if side == "offer":
        return [asdict(pair.offer) | pair.cells for pair in pairs]
    return [
        asdict(pair.need)
        | {"offer_id": pair.offer.offer_id, "slots_free": pair.offer.slots_free}
        | pair.cells
        for pair in pairs
    ]
