"""Needs and offers as a reader sees them: a card each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.candidates import Scorer
from matching.kept import Columns
from matching.levels import level_of_needs
from matching.occupancy import Occupancy
from matching.priority import priority_numbers
from matching.schemas import EVIDENCE

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


_PRIORITIES: Columns = {
    "needs": ("need_id", "school_id", "title", "statement", "priority"),
    "evidence": tuple(EVIDENCE.columns_by_name),
}


class Cards:
    """The cards of a district's needs and offers, made as they are asked for."""

    def __init__(self, scorer: Scorer, occupancy: Occupancy):
        district, facts, policy = scorer.district, scorer.facts, scorer.policy
        self._need_tags, self._offer_tags = scorer.texts.tags
        asked, offered = (
            ("need_id", "school_id", "title", "statement", "kind", "slots"),
            ("offer_id", "partner_id", "focus", "kinds", "slots"),
        )
        self._needs = [district.needs[name].to_numpy(object) for name in asked]
        self._schools = district.schools["name"].to_numpy(object)[facts.needs.school]
        priority = scorer.kept.of(priority_numbers, _PRIORITIES, policy.priority)
        self._level_of = level_of_needs(facts.needs.kind, priority, policy.objective.levels)
        self._priorities, self._levels = priority, policy.objective.levels
        self._open = occupancy.open_slots(np.arange(facts.num_needs))
        self._offers = [district.offers[name].to_numpy(object) for name in offered]
        self._partners = district.partners["name"].to_numpy(object)[facts.offers.partner]

    def need(self, row: int) -> NeedCard:
        """Return the card of the need in a row of the table."""
        need_id, school_id, title, statement, kind, slots = (column[row] for column in self._needs)
        return NeedCard(
            need_id=need_id,
            school_id=school_id,
            school=self._schools[row],
            title=title,
            statement=statement,
            kind=kind,
            priority=int(self._priorities[row]),
            level=self._levels[self._level_of[row]],
            slots=int(slots),
            slots_open=int(self._open[row]),
            focus_area=self._need_tags.keys(row),
        )

    def offer(self, row: int, slots_free: int) -> OfferCard:
        """Return the card of the offer in a row of the table."""
        offer_id, partner_id, focus, kinds, slots = (column[row] for column in self._offers)
        return OfferCard(
            offer_id=offer_id,
            partner_id=partner_id,
            partner=self._partners[row],
            focus=focus,
            kinds=kinds,
            slots=int(slots),
            slots_free=slots_free,
            focus_area=self._offer_tags.keys(row),
        )
