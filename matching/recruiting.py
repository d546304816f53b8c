"""Which new offers would fill the most slots: ranked, each a real row of the offers table that was solved again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import optimizer
from matching.candidates import ScoredPairs, Scorer, scorer_of
from matching.district import District, blank_rows
from matching.facts import Facts
from matching.pipeline import Matching
from matching.recruits import LEAST_RADIUS_KM, Recruit, RecruitingBrief, clipped, sentence_of
from matching.rules import PAIR_RULES, distance_km
from matching.shortages import shortages
from matching.texts import need_texts
from matching.values import format_grades, format_schedule, parse_grades, parse_schedule, split_list
from matching.vocabulary import KINDS, LEVELS, MENTORING
from optimizer.newcomers import NewOffer, refilled, with_offer, without_last

Index = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

MOST_RECRUITS = 10
MOST_SEEDS = 150
"""Open needs around which a new offer is tried, the most urgent and largest first."""
USUAL_RADIUS_KM = 5.0
"""How far a new partner goes where no partner of the district says."""
BANDS = ("PK-5", "6-8", "9-13")
"""Grades that one new offer serves: people who suit first graders seldom suit seniors."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A new offer as it stands in the table, with the partner's place; ``need`` gives kind, subject and place."""

    need: int
    slots: int
    grades: str
    languages: str
    schedule: str
    radius_km: float


def recruiting_brief(matching: Matching) -> RecruitingBrief:
    """Return why a plan leaves slots open, level by level, and the offers most worth recruiting.

    The offer that gains most at the first level where any gains comes first, the next is found with it there.

    Around every open need an offer is imagined: of its kind, on its subject, as far as the district's partners
    usually go. The rules and the fit floor say whom it may serve. The best is cut down to the grades, times and
    places where it fills slots; then, as rows of the offers table, all are scored and solved again one by one.
    """
    basis, levels = matching.basis, matching.allocation.levels
    return RecruitingBrief(
        shortages(basis.scorer, basis.problem, basis.slots, levels, matching.unmet),
        tuple(_recruits(basis.scorer, basis.problem, basis.slots, matching.run.on)),
    )


def _recruits(scorer: Scorer, problem: optimizer.Problem, slots: Index, on: date) -> Iterator[Recruit]:
    filled = np.bincount(problem.pair_need, weights=slots, minlength=problem.num_needs).astype(np.int64)
    unmet = problem.need_slots - filled
    tried = _tried(scorer, problem, unmet)
    if tried:
        policy, encoder = scorer.settled_policy, scorer.texts.encoder
        wide = scorer_of(with_rows(scorer.district, tried, on), policy, on, encoder)
        chosen = _best_rows(_Gaps.of(scorer.facts, problem, slots, unmet), wide, problem, tried)
        exact = scorer_of(with_rows(scorer.district, chosen, on), policy, on, encoder)
        yield from _verified(exact, problem, slots, chosen)


def with_rows(district: District, rows: Sequence[_Row], on: date) -> District:
    """Return the district with each new offer, of a new partner at the school of its need, at the end of the tables."""
    needs = district.needs.iloc[[row.need for row in rows]]
    at = district.schools.set_index("school_id").loc[needs["school_id"]]
    # Longer than any id that is there, so a new one.
    stem = max([*district.offers["offer_id"], *district.partners["partner_id"], ""], key=len) + "+"
    ids = [f"{stem}{number}" for number in range(len(rows))]
    slots = [row.slots for row in rows]
    partners = blank_rows("partners", len(rows)).assign(
        partner_id=ids,
        name="New partner",
        kind="nonprofit",
        latitude=at["latitude"].to_numpy(),
        longitude=at["longitude"].to_numpy(),
        radius_km=[row.radius_km for row in rows],
    )
    offers = blank_rows("offers", len(rows)).assign(
        offer_id=ids,
        partner_id=ids,
        focus=need_texts(needs),
        kinds=needs["kind"].to_numpy(),
        slots=slots,
        trained_slots=pd.array(slots, dtype="Int64"),
        cleared_until=pd.Series([pd.Timestamp(on) + timedelta(days=365)] * len(rows), dtype="datetime64[s]"),
        grades=[row.grades for row in rows],
        languages=[row.languages for row in rows],
        schedule=[row.schedule for row in rows],
    )
    return replace(
        district,
        partners=pd.concat([district.partners, partners], ignore_index=True),
        offers=pd.concat([district.offers, offers], ignore_index=True),
    )


def _tried(scorer: Scorer, problem: optimizer.Problem, unmet: Index) -> list[_Row]:
    """Return a wide offer for each open need and each band of its grades: any times, as far as partners go."""
    needs = np.flatnonzero(unmet > 0)
    needs = needs[np.lexsort((needs, -unmet[needs], problem.need_level[needs]))][:MOST_SEEDS]
    spoken = _languages_to_speak(scorer.district.needs, unmet)
    stated = scorer.district.partners["radius_km"].dropna()
    radius = float(stated.median()) if len(stated) else USUAL_RADIUS_KM
    return [
        _Row(need, int(unmet.sum()), band, spoken[need], "", radius)
        for need in needs.tolist()
        for band in BANDS
        if parse_grades(band) & int(scorer.facts.needs.grades[need])
    ]


def _languages_to_speak(needs: pd.DataFrame, unmet: Index) -> list[str]:
    """Return for each need the one language it asks for that would fill most slots; blank where English will do."""
    asked = [split_list(cell) for cell in needs["languages"].tolist()]
    weight: dict[str, int] = {}
    for languages, slots in zip(asked, unmet.tolist(), strict=True):
        for language in languages:
            weight[language.casefold()] = weight.get(language.casefold(), 0) + slots
    best = [min(names, key=lambda name: (-weight[name.casefold()], name), default="") for names in asked]
    return [
        "" if "english" in map(str.casefold, names) else name for names, name in zip(asked, best, strict=True)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Gaps:
    """The open needs with what limits a new partner there; what earlier recruits fill is taken off in place."""

    need: Index
    slots: Index
    school: Index
    need_places: Index
    school_places: Index

    @classmethod
    def of(cls, facts: Facts, problem: optimizer.Problem, slots: Index, unmet: Index) -> "_Gaps":
        matched = slots > 0
        need, offer = problem.pair_need[matched], problem.pair_offer[matched]
        partner, school = facts.offers.partner[offer], facts.needs.school[need]
        open_needs = np.flatnonzero(unmet > 0)
        need_places = facts.needs.max_partners - _distinct(need, partner, facts.num_needs)
        school_places = facts.school_max_partners - _distinct(school, partner, facts.num_schools)
        return cls(
            open_needs,
            unmet[open_needs],
            facts.needs.school[open_needs],
            need_places[open_needs],
            school_places,
        )

    def fillable(self) -> Index:
        """Return the slots that one more partner could fill at each open need."""
        has_place = (self.need_places > 0) & (self.school_places[self.school] > 0)
        return np.where(has_place, self.slots, 0)

    def fill(self, rows: Index) -> None:
        """Take a recruit that fills these open needs off."""
        self.slots[rows] = 0
        self.school_places[np.unique(self.school[rows])] -= 1


def _distinct(owner: Index, other: Index, size: int) -> Index:
    links = np.unique(np.stack([owner, other]), axis=1)
    return np.bincount(links[0], minlength=size).astype(np.int64)


def _best_rows(gaps: _Gaps, scorer: Scorer, problem: optimizer.Problem, tried: Sequence[_Row]) -> list[_Row]:
    """Return the rows to recruit, one after the other the one that fills most, cut down to where it fills."""
    first = scorer.facts.num_offers - len(tried)
    pairs = _candidates(scorer, gaps.need, first)
    serves = np.zeros((len(tried), len(gaps.need)), np.bool_)
    serves[pairs.offer - first, np.searchsorted(gaps.need, pairs.need)] = True
    # Who speaks a language that is hard to find is sought for those who ask for one alone.
    asks = (scorer.district.needs["languages"] != "").to_numpy()[gaps.need]
    serves &= np.array([not row.languages for row in tried])[:, np.newaxis] | asks
    offers = np.arange(first, scorer.facts.num_offers)
    km = distance_km(scorer.facts, gaps.need[np.newaxis, :], offers[:, np.newaxis])
    levels = problem.need_level[gaps.need, np.newaxis] == np.arange(len(LEVELS))
    chosen: list[_Row] = []
    while len(chosen) < MOST_RECRUITS:
        fillable = gaps.fillable()
        gain = serves @ (fillable[:, np.newaxis] * levels)
        way = (serves * np.where(np.isnan(km), 0, km)) @ fillable
        best = int(np.lexsort((way, *(-gain.T[::-1])))[0])
        if not gain[best].any():
            break
        filled = np.flatnonzero(serves[best] & (fillable > 0))
        row = replace(tried[best], slots=int(fillable[filled].sum()))
        chosen.append(_cut_down(scorer, row, gaps.need[filled], km[best, filled]))
        gaps.fill(filled)
    return chosen


def _candidates(scorer: Scorer, needs: Index, first_offer: int) -> ScoredPairs:
    """Return the pairs of these needs with the offers from the first new one on that break no rule."""
    facts, policy = scorer.facts, scorer.policy
    offers = np.arange(first_offer, facts.num_offers)
    grid = needs[:, np.newaxis], offers[np.newaxis, :]
    is_allowed = np.logical_and.reduce([allows(facts, *grid, policy.rules) for allows in PAIR_RULES.values()])
    row, column = np.nonzero(is_allowed)
    similarity = scorer.texts.pairs(needs[row], offers[column]).similarity
    is_likely = similarity >= np.float32(policy.fit.floor)
    return scorer.score(needs[row[is_likely]], offers[column[is_likely]])


def _cut_down(scorer: Scorer, row: _Row, needs: Index, km: Floats) -> _Row:
    """Return the row with no more grades, times and way than these needs ask for."""
    bits = int(np.bitwise_or.reduce(scorer.facts.needs.grades[needs])) & parse_grades(row.grades)
    cells = scorer.district.needs["schedule"].iloc[needs]
    windows = {window for cell in cells if cell for window in parse_schedule(cell)}
    schedule = format_schedule(parse_schedule(format_schedule(sorted(windows))) if windows else ())
    known = km[~np.isnan(km)]
    radius = max(float(np.ceil(known.max())), LEAST_RADIUS_KM) if len(known) else float("nan")
    return replace(row, grades=format_grades(bits), schedule=schedule, radius_km=radius)


def _verified(
    scorer: Scorer, problem: optimizer.Problem, slots: Index, rows: Sequence[_Row]
) -> Iterator[Recruit]:
    """Yield the rows that fill slots, the most promising first, with what the plan fills with those before it there."""
    first = scorer.facts.num_offers - len(rows)
    pairs = _candidates(scorer, np.arange(scorer.facts.num_needs), first)
    left = [(row, pairs.offer == first + index) for index, row in enumerate(rows)]
    slots = refilled(problem, slots)
    while left:
        row, own = left.pop(
            _most_promising(problem, slots, [(row.slots, pairs.need[own]) for row, own in left])
        )
        larger, new_slots = _taken_in(problem, slots, NewOffer(row.slots, pairs.need[own], pairs.fit[own]))
        used = int(new_slots[problem.num_pairs :].sum())
        if 0 < used < row.slots:
            larger, new_slots = _taken_in(problem, slots, NewOffer(used, pairs.need[own], pairs.fit[own]))
        gain = _filled(larger, new_slots) - _filled(problem, slots)
        if gain.sum() > larger.offer_slots[-1]:
            # More than it has: the plan would have found some of that without it.
            slots = without_last(problem, new_slots)
            gain = _filled(larger, new_slots) - _filled(problem, slots)
        if gain.sum() > 0:
            needs = pairs.need[own][new_slots[problem.num_pairs :] > 0]
            yield _recruit(scorer, replace(row, slots=int(larger.offer_slots[-1])), needs, gain)
            problem, slots = larger, new_slots


def _most_promising(problem: optimizer.Problem, slots: Index, offers: Sequence[tuple[int, Index]]) -> int:
    """Return which of the offers, as slots and needs, could fill most, level by level; the first of several."""
    filled = np.bincount(problem.pair_need, weights=slots, minlength=problem.num_needs).astype(np.int64)
    unmet, level = problem.need_slots - filled, problem.need_level
    promised = []
    for most, needs in offers:
        open_slots = np.bincount(level[needs], weights=unmet[needs], minlength=len(LEVELS))
        promised.append(np.diff(np.minimum(np.cumsum(open_slots), most), prepend=0).tolist())
    return promised.index(max(promised))


def _taken_in(problem: optimizer.Problem, slots: Index, offer: NewOffer) -> tuple[optimizer.Problem, Index]:
    larger = with_offer(problem, offer)
    return larger, refilled(larger, slots, enough=offer.slots)


def _filled(problem: optimizer.Problem, slots: Index) -> Index:
    level = problem.need_level[problem.pair_need]
    return np.bincount(level, weights=slots, minlength=len(LEVELS)).astype(np.int64)


def _recruit(scorer: Scorer, row: _Row, needs: Index, gain: Index) -> Recruit:
    district = scorer.district
    seed = district.needs.iloc[row.need]
    school = district.schools.set_index("school_id").loc[seed["school_id"]]
    names = scorer.policy.objective.levels
    recruit = Recruit(
        kind=seed["kind"],
        slots=row.slots,
        trained_slots=row.slots if KINDS.index(seed["kind"]) == MENTORING else 0,
        grades=row.grades,
        languages=row.languages,
        schedule=row.schedule,
        near_school_id="" if np.isnan(row.radius_km) else seed["school_id"],
        near_school="" if np.isnan(row.radius_km) else school["name"],
        radius_km=None if np.isnan(row.radius_km) else row.radius_km,
        example_need_id=seed["need_id"],
        example=clipped(seed["title"] or seed["statement"]),
        slots_filled=int(gain.sum()),
        by_level={name: count for name, count in zip(names, gain.tolist(), strict=True) if count},
        need_ids=tuple(district.needs["need_id"].to_numpy()[needs].tolist()),
        num_schools=len(np.unique(scorer.facts.needs.school[needs])),
        sentence="",
    )
    return replace(recruit, sentence=sentence_of(recruit))
