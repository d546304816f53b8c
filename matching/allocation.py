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


def problem_of(scorer: Scorer, candidates: Candidates, locks: Locks, levels: Index) -> optimizer.Problem:
    """Return the arrays that the optimizer takes; every locked pair is among the pairs.

    A locked pair that is no candidate keeps its slots and cannot grow.
    """
    facts = scorer.facts
    pairs = _pairs_with_locks(scorer, candidates, locks)
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
        pair_max_slots=pairs.max_slots if len(locks.need) else None,
        pair_locked=pairs.locked if len(locks.need) else None,
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


def _pairs_with_locks(scorer: Scorer, candidates: Candidates, locks: Locks) -> _Pairs:
    """Return the candidates and the locked pairs together, ordered by need, then offer; offers of 0 slots drop out."""
    facts = scorer.facts
    key = candidates.need * facts.num_offers + candidates.offer
    locked_key = locks.need * facts.num_offers + locks.offer
    all_keys = np.union1d(key, locked_key)
    need, offer = np.divmod(all_keys, max(facts.num_offers, 1))
    fit, locked = np.zeros(len(all_keys), np.int64), np.zeros(len(all_keys), np.int64)
    fit[np.searchsorted(all_keys, locked_key)] = scorer.score(locks.need, locks.offer).fit
    fit[np.searchsorted(all_keys, key)] = candidates.fit
    locked[np.searchsorted(all_keys, locked_key)] = locks.slots
    most = np.minimum(facts.needs.slots[need], facts.offers.slots[offer])
    max_slots = np.where(np.isin(all_keys, key), most, np.minimum(locked, most))
    usable = facts.offers.slots[offer] > 0
    return _Pairs(need[usable], offer[usable], fit[usable], max_slots[usable], locked[usable])


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
