"""Generated partners and their offers: less than the schools ask for, least of all for mentoring."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.generate.draws import some, stated, stated_days
from matching.generate.frames import Columns, frame_of, ids
from matching.generate.grammar import Grammar, Phrases, Topic
from matching.generate.needs import Needs, kinds_of
from matching.generate.partners import Owners, make_partners
from matching.generate.places import Neighborhoods
from matching.generate.voices import OfferVoice
from matching.generate.wording import Spans
from matching.schemas import PARTNER_KINDS
from matching.vocabulary import KINDS, MENTORING

Index = NDArray[np.int64]
Bools = NDArray[np.bool_]

KIND_SHARES = {"mentoring": 0.26, "tutoring": 0.23, "program": 0.26, "event": 0.12, "resources": 0.13}
USUAL_SLOTS = {"mentoring": 8.0, "tutoring": 14.0, "program": 22.0, "event": 12.0, "resources": 55.0}
SUPPLY_PER_DEMAND = 1 / 1.2
MENTORING_SUPPLY_PER_DEMAND = 0.6
PARTNER_WEIGHTS = {"nonprofit": 4, "individual": 1}
"""How often a kind of partner makes an offer of a topic that suits it; 2 for kinds not named."""
NEW_PARTNER = {
    "individual": 1.0,
    "nonprofit": 0.5,
    "higher_education": 0.55,
    "government": 0.6,
    "business": 0.7,
}
"""Chance that the next offer is by another partner; 0.8 for kinds not named."""


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """The partners and offers tables, each offer's partner and topic, and each partner's neighborhood."""

    partners: pd.DataFrame
    offers: pd.DataFrame
    partner: Index
    topic: Index


def make_supply(
    rng: np.random.Generator,
    num_offers: int,
    needs: Needs,
    neighborhoods: Neighborhoods,
    grammar: Grammar,
    on: np.datetime64,
) -> Supply:
    """Return partners and offers for the demand that `needs` state, richer places giving more.

    Agreements and clearances end around the day `on`, most of them after it.
    """
    topic = _topics(rng, num_offers, grammar.topics)
    owners, order = _owners(rng, topic, neighborhoods, grammar.topics)
    topic = topic[order]
    kind = kinds_of(topic, grammar.topics)
    is_person = owners.kind[owners.partner] == PARTNER_KINDS.index("individual")
    slots = _slots(rng, kind, needs, is_person)
    places = [neighborhoods.names[place] for place in owners.neighborhood[owners.partner].tolist()]
    spans = _spans(rng, topic, grammar.topics)
    voice = OfferVoice(Phrases(rng), grammar, spans)
    said = voice.rows(topic.tolist(), slots.tolist(), places, is_person.tolist())
    partner_ids = ids("P", len(owners.kind))
    columns: Columns = {
        "offer_id": ids("O", num_offers),
        "partner_id": [partner_ids[partner] for partner in owners.partner.tolist()],
        "slots": slots,
        "grades": spans.cells(),
        **said,
        **_limits(rng, said["kinds"], kind, slots),
    }
    partners = make_partners(rng, owners, topic, neighborhoods, grammar)
    supply = Supply(partners, frame_of("offers", num_offers, columns), owners.partner, topic)
    return _with_terms(rng, supply, needs, on)


def _with_terms(rng: np.random.Generator, supply: Supply, needs: Needs, on: np.datetime64) -> Supply:
    """Return the supply with agreements and clearances that end around `on`, and schools that partners bar."""
    num_partners, num_offers = len(supply.partners), len(supply.offers)
    trains = supply.offers["kinds"].str.contains("mentoring").to_numpy()
    clearance = np.where(trains, _dates(rng, on, num_offers, share=0.6), np.datetime64("NaT"))
    school_ids = needs.table["school_id"].to_numpy()
    barred = np.full(num_partners, "", dtype=object)
    if len(school_ids):
        bars = np.flatnonzero(some(rng, num_partners, 0.03))
        barred[bars] = school_ids[rng.integers(0, len(school_ids), len(bars))]
    partners = supply.partners.assign(
        agreement_expires=_dates(rng, on, num_partners, share=0.5).astype("datetime64[s]"),
        not_schools=pd.Series(barred).astype("str"),
    )
    offers = supply.offers.assign(cleared_until=clearance.astype("datetime64[s]"))
    return Supply(partners, offers, supply.partner, supply.topic)


def _topics(rng: np.random.Generator, num_offers: int, topics: tuple[Topic, ...]) -> Index:
    kind_total = {kind: sum(topic.weight for topic in topics if topic.kind == kind) for kind in KINDS}
    share = np.array([KIND_SHARES[topic.kind] * topic.weight / kind_total[topic.kind] for topic in topics])
    return rng.choice(len(topics), num_offers, p=share / share.sum()).astype(np.int64)


def _owners(
    rng: np.random.Generator, topic: Index, neighborhoods: Neighborhoods, topics: tuple[Topic, ...]
) -> tuple[Owners, Index]:
    """Return who makes each offer, and the order that puts offers of one partner together.

    A partner is of one kind, and its offers are of one family of topics.
    """
    suits = [
        [PARTNER_KINDS.index(kind) for kind in entry.partners for _ in range(PARTNER_WEIGHTS.get(kind, 2))]
        for entry in topics
    ]
    draws = rng.random(len(topic)).tolist()
    kind = np.array(
        [suits[t][int(draw * len(suits[t]))] for t, draw in zip(topic.tolist(), draws, strict=True)], np.int64
    )
    families = sorted({entry.family for entry in topics})
    family = np.array([families.index(entry.family) for entry in topics])[topic]
    order = np.lexsort((rng.random(len(topic)), family, kind))
    is_new = (
        rng.random(len(topic)) < np.array([NEW_PARTNER.get(name, 0.8) for name in PARTNER_KINDS])[kind[order]]
    )
    is_new |= (np.diff(kind[order], prepend=-1) != 0) | (np.diff(family[order], prepend=-1) != 0)
    number = rng.permutation(is_new.sum())
    partner = number[np.cumsum(is_new) - 1] if len(topic) else np.empty(0, np.int64)
    kind_of_partner = np.empty(len(number), dtype=np.int64)
    kind_of_partner[partner] = kind[order]
    weight = 1.25 - neighborhoods.poverty
    where = rng.choice(len(neighborhoods), len(number), p=weight / weight.sum())
    by_partner = np.argsort(partner, kind="stable")
    return Owners(partner[by_partner], kind_of_partner, where), order[by_partner]


def _slots(rng: np.random.Generator, kind: Index, needs: Needs, is_person: Bools) -> Index:
    """Return slots that add up to the wanted share of each kind's demand, to within a few; one person gives few."""
    asked = needs.table.groupby("kind")["slots"].sum()
    demand = asked.reindex(KINDS, fill_value=0).to_numpy(dtype=np.float64)
    others = demand.sum() - demand[MENTORING]
    wanted = SUPPLY_PER_DEMAND * demand.sum() - MENTORING_SUPPLY_PER_DEMAND * demand[MENTORING]
    target = demand * (wanted / others if others > 0 else 0.0)
    target[MENTORING] = MENTORING_SUPPLY_PER_DEMAND * demand[MENTORING]
    drawn = np.array([USUAL_SLOTS[name] for name in KINDS])[kind] * rng.lognormal(0, 0.6, len(kind))
    drawn *= np.where(is_person, 0.25, 1.0)
    total = np.bincount(kind, weights=drawn, minlength=len(KINDS))
    factor = np.divide(target, total, out=np.ones(len(KINDS)), where=total > 0)
    return np.maximum(1, np.floor(drawn * np.minimum(factor, 4.0)[kind] + rng.random(len(kind)))).astype(
        np.int64
    )


def _spans(rng: np.random.Generator, topic: Index, topics: tuple[Topic, ...]) -> Spans:
    """Return the grades served: the topic's, narrowed at either end in most rows."""
    first = np.array([entry.first_grade for entry in topics])[topic]
    last = np.array([entry.last_grade for entry in topics])[topic]
    width = last - first
    low = first + np.minimum(rng.integers(0, 3, len(topic)), width // 2)
    high = last - np.minimum(rng.integers(0, 4, len(topic)), (width - (low - first)) // 2)
    return Spans(low, high, some(rng, len(topic), 0.7))


def _limits(
    rng: np.random.Generator, kinds: list[str], kind: Index, slots: Index
) -> dict[str, NDArray[np.generic]]:
    count = len(slots)
    trains = np.array(["mentoring" in cell for cell in kinds], dtype=np.bool_)
    least = np.minimum(slots, np.maximum(2, np.rint(slots * rng.uniform(0.1, 0.5, count))))
    trained = np.rint(slots * np.minimum(1.0, rng.uniform(0.3, 1.3, count)))
    trained = np.where(some(rng, count, 0.05), 0, trained)
    asks_money = ~np.isin(kind, (MENTORING, KINDS.index("resources"), KINDS.index("event")))
    cost = rng.integers(1, 16, count) * 250
    return {
        "min_slots": stated(rng, least, 0.3),
        "trained_slots": np.where(trains, stated(rng, trained, 0.65), np.nan),
        "cost_to_school": np.where(asks_money, stated(rng, cost, 0.2), np.nan),
    }


def _dates(
    rng: np.random.Generator, on: np.datetime64, count: int, *, share: float
) -> NDArray[np.datetime64]:
    """Return dates up to three years ahead, a few of them past, NaT where none is given."""
    days = np.where(some(rng, count, 0.08), rng.integers(-120, 0, count), rng.integers(20, 1100, count))
    return stated_days(rng, on + days.astype("timedelta64[D]"), share)
