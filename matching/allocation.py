"""The district's problem as the optimizer sees it, and its answer in the district's words."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import optimizer
from matching.candidates import Candidates, ScoredPairs, Scorer
from matching.district import District
from matching.facts import NO_LIMIT, uses_trained
from matching.fit import MILLION
from matching.levels import Locks

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LevelResult:
    """What an allocation reaches at one slot level, in slots, and what no allocation can exceed there."""

    name: str
    needed: int
    filled: int
    bound: int
    proven: bool


@dataclass(frozen=True, slots=True)
class LineResult:
    """The value of a line after the levels, what no allocation can better, and whether that is proven."""

    value: int
    bound: int
    proven: bool


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """All matches of a district.

    ``matches`` has a row a match, ordered by need, then offer: need_id, school_id, offer_id, partner_id, slots, fit
    (0 to 1), similarity (0 to 1), the fit's parts (0 to 1) and the reason. ``even`` is in millionths, ``fit`` the sum
    over all filled slots in millionths. ``locks_cut`` names the locked matches that had to shrink.
    """

    matches: pd.DataFrame
    levels: tuple[LevelResult, ...]
    even: LineResult
    fit: LineResult
    status: str
    stopped_by_clock: bool
    locks_cut: pd.DataFrame

    def slots_filled(self, need_id: str) -> int:
        """Return the slots that a need gets."""
        return int(self.matches.loc[self.matches["need_id"] == need_id, "slots"].sum())


def problem_of(
    scorer: Scorer, candidates: Candidates, locks: Locks, levels: Index, incumbents: Locks | None = None
) -> optimizer.Problem:
    """Return the arrays that the optimizer takes; every locked pair and every incumbent is among the pairs.

    Such a pair that is no candidate may keep its slots and cannot grow.
    """
    facts, nothing = scorer.facts, np.zeros(0, np.int64)
    incumbents = incumbents or Locks(nothing, nothing, nothing)
    pairs = _pairs_with_running(scorer, candidates, locks, incumbents)
    has_running = len(locks.need) + len(incumbents.need) > 0
    needs, offers = facts.needs, facts.offers
    return optimizer.Problem(
        need_slots=needs.slots,
        need_level=levels,
        need_school=needs.school,
        offer_slots=np.maximum(offers.slots, 1),
        offer_partner=offers.partner,
        pair_need=pairs.need,
        pair_offer=pairs.offer,
        pair_fit=pairs.fit,
        pair_max_slots=pairs.max_slots if has_running else None,
        pair_locked=pairs.locked if len(locks.need) else None,
        pair_incumbent=pairs.incumbent if len(incumbents.need) else None,
        offer_min_slots=_unless_all(offers.min_slots, 1),
        offer_trained_slots=offers.trained,
        need_uses_trained=uses_trained(needs),
        need_min_slots=_unless_all(needs.min_slots, 1),
        need_max_partners=_limit(needs.max_partners),
        school_max_partners=_limit(facts.school_max_partners),
        partner_max_schools=_limit(facts.partner_max_schools),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    need: Index
    offer: Index
    fit: Index
    max_slots: Index
    locked: Index
    incumbent: Index


def _pairs_with_running(scorer: Scorer, candidates: Candidates, locks: Locks, incumbents: Locks) -> _Pairs:
    """Return candidates, locks and incumbents together, ordered by need, then offer; offers of 0 slots drop out."""
    facts = scorer.facts
    key = candidates.need * facts.num_offers + candidates.offer
    running = (locks, incumbents)
    running_keys = [one.need * facts.num_offers + one.offer for one in running]
    all_keys = np.unique(np.concatenate([key, *running_keys]))
    need, offer = np.divmod(all_keys, max(facts.num_offers, 1))
    fit = np.zeros(len(all_keys), np.int64)
    held = [np.zeros(len(all_keys), np.int64) for _ in running]
    for one, its_key, slots in zip(running, running_keys, held, strict=True):
        place = np.searchsorted(all_keys, its_key)
        fit[place] = scorer.score(one.need, one.offer).fit
        slots[place] = one.slots
    fit[np.searchsorted(all_keys, key)] = candidates.fit
    locked, incumbent = held
    most = np.minimum(facts.needs.slots[need], facts.offers.slots[offer])
    max_slots = np.where(np.isin(all_keys, key), most, np.minimum(np.maximum(locked, incumbent), most))
    columns = (need, offer, fit, max_slots, locked, incumbent)
    usable = facts.offers.slots[offer] > 0
    return _Pairs(*(column[usable] for column in columns))


def matches_of(district: District, pairs: ScoredPairs, slots: Index) -> pd.DataFrame:
    """Return the matches as a table: ids, slots, fit, and the fit's parts."""
    needs, offers = district.needs, district.offers
    columns = {
        "need_id": needs["need_id"].to_numpy()[pairs.need],
        "school_id": needs["school_id"].to_numpy()[pairs.need],
        "offer_id": offers["offer_id"].to_numpy()[pairs.offer],
        "partner_id": offers["partner_id"].to_numpy()[pairs.offer],
        "slots": slots,
    }
    return pd.DataFrame(columns | score_columns(pairs))


def locks_cut_of(district: District, locks: Locks, matches: pd.DataFrame) -> pd.DataFrame:
    """Return need_id, offer_id and slots_cut of the locked matches that had to shrink."""
    locked = pd.DataFrame(
        {
            "need_id": district.needs["need_id"].to_numpy()[locks.need],
            "offer_id": district.offers["offer_id"].to_numpy()[locks.offer],
            "locked": locks.slots,
        }
    )
    given = locked.merge(matches[["need_id", "offer_id", "slots"]], how="left")["slots"].fillna(0)
    locked["slots_cut"] = locked.pop("locked") - given.astype(np.int64)
    return locked[locked["slots_cut"] > 0].reset_index(drop=True)


def score_columns(pairs: ScoredPairs) -> dict[str, NDArray[np.float64]]:
    """Return fit (0 to 1), similarity (0 to 1) with its two sides, and each part of the fit (0 to 1), by name."""
    scores: dict[str, NDArray[np.float64]] = {
        "fit": pairs.fit / MILLION,
        "similarity": pairs.texts.similarity.astype(np.float64),
        "dense": pairs.texts.dense.astype(np.float64),
        "lexical": pairs.texts.lexical.astype(np.float64),
    }
    scores |= {f"fit_{name}": getattr(pairs.parts, name) for name in pairs.parts.__dataclass_fields__}
    return {name: values.round(6) for name, values in scores.items()}


def _unless_all(values: Index, trivial: int) -> Index | None:
    return None if (values == trivial).all() else values


def _limit(values: Index) -> Index | None:
    """Return a limit as the optimizer writes it, None where no entry is limited."""
    return None if (values == NO_LIMIT).all() else np.where(values == NO_LIMIT, optimizer.NO_LIMIT, values)
