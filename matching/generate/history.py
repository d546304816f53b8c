"""What has happened so far in a generated district: partnerships that run, how they went, what people said."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from matching.district import District
from matching.facts import Facts, facts_of
from matching.generate.draws import some, stated, stated_days
from matching.generate.frames import Columns, frame_of, ids
from matching.generate.grammar import Grammar, Phrases, sentence_case
from matching.generate.needs import Needs
from matching.generate.supply import Supply
from matching.policy import Rules
from matching.rules import PAIR_RULES
from matching.vocabulary import MENTORING

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

INCUMBENT_SHARES = (0.55, 0.37)
"""Shares of needs with no and with one partnership so far; the rest have two."""
NEAREST = 10
STATUSES = ("active", "paused", "ended", "declined", "proposed")
STATUS_SHARES = (0.72, 0.06, 0.12, 0.05, 0.05)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Need and offer of each pair, in order of need and then of distance."""

    need: Index
    offer: Index


def known_pairs(
    tables: Mapping[str, pd.DataFrame], needs: Needs, supply: Supply, on: date
) -> tuple[Facts, Pairs]:
    """Return each need's nearest offers of its own topic that break no pair rule on the day `on`."""
    rules = Rules()
    facts = facts_of(_without_history(tables), rules, on)
    schools, partners = tables["schools"], tables["partners"]
    asking, giving = _points(schools, needs.school), _points(partners, supply.partner)
    need, offer = _nearest(asking, giving, needs.topic, supply.topic)
    for allows in PAIR_RULES.values():
        allowed = allows(facts, need, offer, rules)
        need, offer = need[allowed], offer[allowed]
    return facts, Pairs(need, offer)


def make_partnerships(
    rng: np.random.Generator, facts: Facts, pairs: Pairs, tables: Mapping[str, pd.DataFrame], on: date
) -> tuple[pd.DataFrame, Pairs]:
    """Return the partnerships table and its pairs; what is active or paused keeps every rule together."""
    ledger = _Ledger(facts)
    drawn = rng.random((len(pairs.need), 2))
    status = np.array(STATUSES)[np.searchsorted(np.cumsum(STATUS_SHARES)[:-1], drawn[:, 0])]
    most = np.searchsorted(np.cumsum(INCUMBENT_SHARES), rng.random(facts.num_needs), side="right")
    rows = list(_taken(ledger, pairs, status.tolist(), drawn[:, 1].tolist(), most.tolist()))
    need, offer, slots = (np.array([row[part] for row in rows], dtype=np.int64) for part in range(3))
    said = [str(row[3]) for row in rows]
    is_recent = np.isin(said, ("declined", "proposed"))
    days = np.where(is_recent, rng.integers(1, 60, len(rows)), rng.integers(90, 1200, len(rows)))
    since = np.datetime64(on) - days.astype("timedelta64[D]")
    columns: Columns = {
        "need_id": tables["needs"]["need_id"].to_numpy()[need],
        "offer_id": tables["offers"]["offer_id"].to_numpy()[offer],
        "slots": slots,
        "status": said,
        "since": stated_days(rng, since, 0.85),
        "locked": (np.array(said) == "active") & some(rng, len(rows), 0.04),
    }
    return frame_of("partnerships", len(rows), columns), Pairs(need, offer)


def make_evaluations(
    rng: np.random.Generator,
    facts: Facts,
    running: Pairs,
    pairs: Pairs,
    tables: Mapping[str, pd.DataFrame],
    year: int,
) -> pd.DataFrame:
    """Return evaluations of about half of the partnerships and of some earlier ones, by a quality each partner has."""
    current = np.flatnonzero(some(rng, len(running.need), 0.5))
    earlier = np.flatnonzero(some(rng, len(pairs.need), 0.25 * facts.num_offers / max(len(pairs.need), 1)))
    need = np.concatenate([running.need[current], pairs.need[earlier]])
    offer = np.concatenate([running.offer[current], pairs.offer[earlier]])
    is_current = np.arange(len(need)) < len(current)
    partner, count = facts.offers.partner[offer], len(need)
    quality = rng.normal(4.1, 0.5, facts.num_partners)[partner]
    respondents = rng.geometric(0.12, count)
    rating = np.clip(quality + rng.normal(0, 1.0, count) / np.sqrt(respondents), 1, 5).round(1)
    before = rng.uniform(15, 70, count).round()
    gain = np.rint(6 + 6 * (quality - 4) + rng.normal(0, 6, count))
    measured = some(rng, count, 0.4)
    names_school = is_current | some(rng, count, 0.6)
    columns: Columns = {
        "partner_id": tables["partners"]["partner_id"].to_numpy()[partner],
        "school_id": np.where(names_school, tables["needs"]["school_id"].to_numpy()[need], ""),
        "need_id": np.where(
            is_current & some(rng, count, 0.7), tables["needs"]["need_id"].to_numpy()[need], ""
        ),
        "term": np.where(is_current, f"spring {year + 1}", f"spring {year}"),
        "rating": stated(rng, rating, 0.94),
        "outcome_before": np.where(measured, before, np.nan),
        "outcome_after": np.where(measured, np.clip(before + gain, 0, 100), np.nan),
        "students": stated(rng, np.minimum(facts.needs.slots[need], 80), 0.6),
        "respondents": stated(rng, respondents, 0.85),
    }
    order = np.lexsort((need, partner))
    return frame_of(
        "evaluations", count, {name: np.asarray(values)[order] for name, values in columns.items()}
    )


def make_comments(rng: np.random.Generator, needs: Needs, grammar: Grammar, year: int) -> pd.DataFrame:
    """Return what families, staff, students and neighbors said, about what their school asks for."""
    phrases = Phrases(rng)
    chosen = np.flatnonzero(some(rng, len(needs.topic), 0.35))
    speakers = ("family", "family", "family_spanish", "staff", "staff", "student", "community")
    voices = [phrases.pick(speakers) for _ in chosen]
    comments = grammar.words["comments"]
    texts = [
        phrases.say(comments[voice], {"want": phrases.say(grammar.topics[topic].texts["wants"], {})})
        for voice, topic in zip(voices, needs.topic[chosen].tolist(), strict=True)
    ]
    columns: Columns = {
        "school_id": needs.table["school_id"].to_numpy()[chosen],
        "respondent": [voice.partition("_")[0] for voice in voices],
        "text": [sentence_case(text) for text in texts],
        "term": [f"spring {year + 1}" if phrases.chance(0.8) else "" for _ in voices],
    }
    return frame_of("comments", len(chosen), columns)


def make_convenings(rng: np.random.Generator, on: date, places: list[str]) -> pd.DataFrame:
    """Return the meetings of the school year around `on`."""
    year = on.year if on.month >= Rules().school_year_starts else on.year - 1
    days = [date(year, 9, 22), date(year, 11, 18), date(year + 1, 1, 20), date(year + 1, 5, 26)]
    days = [day + timedelta(days=int(shift)) for day, shift in zip(days, rng.integers(-5, 6, 4), strict=True)]
    columns: Columns = {
        "convening_id": ids("C", 4, digits=2),
        "date": np.array(days, dtype="datetime64[D]"),
        "kind": ["beginning", "other", "midyear", "end"],
        "place": [f"{places[int(rng.integers(len(places)))]} Library", "Online", "District office", ""],
    }
    return frame_of("convenings", 4, columns)


def _without_history(tables: Mapping[str, pd.DataFrame]) -> District:
    return District(
        name="generated",
        schools=tables["schools"],
        needs=tables["needs"],
        partners=tables["partners"],
        offers=tables["offers"],
        partnerships=frame_of("partnerships", 0, {}),
        evidence=frame_of("evidence", 0, {}),
        evaluations=frame_of("evaluations", 0, {}),
        comments=frame_of("comments", 0, {}),
        convenings=frame_of("convenings", 0, {}),
        decisions=frame_of("decisions", 0, {}),
    )


def _points(table: pd.DataFrame, rows: Index) -> Floats:
    """Return latitude and longitude of each of `rows` of a table, far away where they are blank."""
    points: Floats = table[["latitude", "longitude"]].to_numpy(dtype=np.float64)
    return np.nan_to_num(points[rows])


def _nearest(needs: Floats, offers: Floats, need_topic: Index, offer_topic: Index) -> tuple[Index, Index]:
    """Return each need's nearest offers of its topic; offers of unknown place come last."""
    found = [np.empty((0, 2), dtype=np.int64)]
    for topic in np.unique(need_topic):
        asking, giving = np.flatnonzero(need_topic == topic), np.flatnonzero(offer_topic == topic)
        if len(giving):
            nearest = cKDTree(offers[giving]).query(needs[asking], range(1, min(NEAREST, len(giving)) + 1))[1]
            found.append(np.column_stack([np.repeat(asking, nearest.shape[1]), giving[nearest.ravel()]]))
    need, offer = np.concatenate(found).T
    order = np.argsort(need, kind="stable")
    return need[order], offer[order]


class _Ledger:
    """What is still free while partnerships are taken one after the other, so that no group rule is broken."""

    def __init__(self, facts: Facts) -> None:
        needs, offers = facts.needs, facts.offers
        self.need_left: list[int] = needs.slots.tolist()
        self.offer_left: list[int] = offers.slots.tolist()
        self.trained_left: list[int] = offers.trained.tolist()
        self._school, self._partner = needs.school.tolist(), offers.partner.tolist()
        self._uses_trained = (needs.kind == MENTORING).tolist()
        self._least_of_need: list[int] = needs.min_slots.tolist()
        self._least_of_offer: list[int] = offers.min_slots.tolist()
        self._limits = (
            needs.max_partners.tolist(),
            facts.school_max_partners.tolist(),
            facts.partner_max_schools.tolist(),
        )
        self._met: tuple[list[set[int]], ...] = tuple([set() for _ in limit] for limit in self._limits)

    def take(self, need: int, offer: int, share: float) -> int:
        """Take about `share` of what both sides have left; return the slots taken, 0 where a rule forbids it."""
        most = min(self.need_left[need], self.offer_left[offer])
        if self._uses_trained[need]:
            most = min(most, self.trained_left[offer])
        least = max(self._least_of_need[need], self._least_of_offer[offer])
        if most < max(least, 1) or not self._may_meet(need, offer):
            return 0
        slots = max(least, round(most * share), 1)
        self.need_left[need] -= slots
        self.offer_left[offer] -= slots
        if self._uses_trained[need]:
            self.trained_left[offer] -= slots
        for met, owner, other in self._sides(need, offer):
            met[owner].add(other)
        return slots

    def _may_meet(self, need: int, offer: int) -> bool:
        sides = zip(self._sides(need, offer), self._limits, strict=True)
        return all(
            other in met[owner] or len(met[owner]) < limit[owner] for (met, owner, other), limit in sides
        )

    def _sides(self, need: int, offer: int) -> tuple[tuple[list[set[int]], int, int], ...]:
        """Return who would meet whom: the need and the school a partner, the partner a school."""
        school, partner = self._school[need], self._partner[offer]
        of_need, of_school, of_partner = self._met
        return (of_need, need, partner), (of_school, school, partner), (of_partner, partner, school)


def _taken(
    ledger: _Ledger, pairs: Pairs, status: list[str], share: list[float], most: list[int]
) -> Iterator[tuple[int, int, int, str]]:
    """Yield need, offer, slots and status; a need takes its first pairs, as many as `most` says."""
    busy = dict.fromkeys(range(len(most)), 0)
    for row, (need, offer) in enumerate(zip(pairs.need.tolist(), pairs.offer.tolist(), strict=True)):
        if busy[need] >= most[need]:
            continue
        if status[row] in ("active", "paused"):
            slots = ledger.take(need, offer, 0.4 + 0.6 * share[row])
        else:
            slots = max(1, round(min(ledger.need_left[need], ledger.offer_left[offer]) * share[row]))
        if slots:
            busy[need] += 1
            yield need, offer, slots, status[row]
