"""Needs and offers as a reader sees them: a card each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.candidates import Scorer
from matching.district import District
from matching.levels import level_of_needs
from matching.occupancy import Occupancy
from matching.priority import priorities_of

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class NeedCard:
    """A need with its school; ``slots_open`` no running partnership fills. A new text has no id, priority and level.

    ``focus_area`` holds the keys of the areas that it is about, the likeliest first, as ``a|b``.
    """

    need_id: str
    school_id: str
    school: str
    title: str
    statement: str
    kind: str
    priority: int | None
    level: str | None
    slots: int
    slots_open: int
    focus_area: str


@dataclass(frozen=True, slots=True)
class OfferCard:
    """An offer with its partner; ``slots_free`` no running partnership holds: for a mentoring need, trained ones."""

    offer_id: str
    partner_id: str
    partner: str
    focus: str
    kinds: str
    slots: int
    slots_free: int
    focus_area: str


class Cards:
    """The cards of a district's needs and offers, made as they are asked for."""

    def __init__(self, district: District, scorer: Scorer, occupancy: Occupancy):
        needs, offers = district.needs, district.offers
        facts, policy = scorer.facts, scorer.policy
        self._need_tags, self._offer_tags = scorer.texts.tags
        asked = ["need_id", "school_id", "title", "statement", "kind", "slots"]
        self._needs = list(needs[asked].itertuples(index=False, name=None))
        self._schools = (
            district.schools["name"].to_numpy(dtype=object)[facts.needs.school[: len(needs)]].tolist()
        )
        priority = priorities_of(district, policy.priority)["priority"].to_numpy()
        level = level_of_needs(facts.needs.kind[: len(needs)], priority, policy.objective.levels)
        self._priorities = priority.tolist()
        self._levels = [policy.objective.levels[index] for index in level.tolist()]
        self._open = occupancy.open_slots(np.arange(len(needs))).tolist()
        offered = ["offer_id", "partner_id", "focus", "kinds", "slots"]
        self._offers = list(offers[offered].itertuples(index=False, name=None))
        self._partners = district.partners["name"].to_numpy(dtype=object)[facts.offers.partner].tolist()

    def need(self, row: int) -> NeedCard:
        """Return the card of the need in a row of the table."""
        need_id, school_id, title, statement, kind, slots = self._needs[row]
        return NeedCard(
            need_id=need_id,
            school_id=school_id,
            school=self._schools[row],
            title=title,
            statement=statement,
            kind=kind,
            priority=self._priorities[row],
            level=self._levels[row],
            slots=slots,
            slots_open=self._open[row],
            focus_area=self._need_tags.keys(row),
        )

    def offer(self, row: int, slots_free: int) -> OfferCard:
        """Return the card of the offer in a row of the table."""
        offer_id, partner_id, focus, kinds, slots = self._offers[row]
        return OfferCard(
            offer_id=offer_id,
            partner_id=partner_id,
            partner=self._partners[row],
            focus=focus,
            kinds=kinds,
            slots=slots,
            slots_free=slots_free,
            focus_area=self._offer_tags.keys(row),
        )
