"""A recommendation as values of JSON: lists as arrays, each pair with its cards, scores and what stands in its way."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TypeAlias

from matching.cards import NeedCard, OfferCard
from matching.suggestions import NearMiss, NeedsForPartner, OffersForNeed, Suggestion, rules_said
from matching.values import split_list

Value: TypeAlias = Mapping[str, object]

_NEED, _OFFER = (tuple(part.name for part in fields(card)) for card in (NeedCard, OfferCard))


def told_of(answer: OffersForNeed | NeedsForPartner) -> Value:
    """Return an answer with its recommendations, best first, and its near misses, most similar first."""
    if isinstance(answer, OffersForNeed):
        about: Value = {"need": _need(answer.need)}
        pairs = [{"offer": _offer(pair.offer)} | _pair(pair) for pair in answer.offers]
        missed = [{"offer": _offer(miss.offer)} | _miss(miss) for miss in answer.near_misses]
    else:
        about = {
            "partner_id": answer.partner_id,
            "partner": answer.partner,
            "offers": [_offer(offer) for offer in answer.offers],
        }
        pairs = [_both(pair) | _pair(pair) for pair in answer.needs]
        missed = [_both(miss) | _miss(miss) for miss in answer.near_misses]
    return {**about, "recommendations": pairs, "near_misses": missed}


def _need(card: NeedCard) -> dict[str, object]:
    cells = {name: getattr(card, name) for name in _NEED}
    cells["focus_areas"] = split_list(cells.pop("focus_area"))
    return cells


def _offer(card: OfferCard) -> dict[str, object]:
    cells = {name: getattr(card, name) for name in _OFFER}
    cells["kinds"], cells["focus_areas"] = split_list(card.kinds), split_list(cells.pop("focus_area"))
    return cells


def _both(pair: Suggestion | NearMiss) -> dict[str, object]:
    """Return the need of a pair, and of the partner's own offers which one it is."""
    return {
        "need": _need(pair.need),
        "offer_id": pair.offer.offer_id,
        "slots_free": pair.offer.slots_free,
    }


def _pair(pair: Suggestion) -> dict[str, object]:
    scores = pair.scores
    return {
        "fit": scores.fit,
        "similarity": scores.similarity,
        "dense": scores.dense,
        "lexical": scores.lexical,
        "parts": scores.parts,
        "slots_here": pair.slots_here,
        "blocked_by": pair.blocked_by,
        "blocked_why": rules_said(pair.blocked_by),
        "shared_words": pair.reason.shared_words,
        "reason": pair.reason.sentences,
    }


def _miss(miss: NearMiss) -> dict[str, object]:
    return {"similarity": miss.similarity, "rules": miss.rules, "why": rules_said(miss.rules)}
