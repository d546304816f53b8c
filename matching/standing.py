"""What running partnerships stand for at a rematch: which the world ends, which stay, which may move.

The rule that a running mentoring match stays is the product's: matches that break do harm, and being rematched can
do more.

References
----------
J. Grossman, C. Chan, S. Schwartz and J. Rhodes, "The Test of Time in School-Based Mentoring", American Journal of
Community Psychology 49 (2012).
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.district import District
from matching.evaluation import match_ratings
from matching.facts import facts_of, positions
from matching.policy import Policy
from matching.rules import PAIR_RULES
from matching.vocabulary import KINDS, MENTORING, RULE_WORDS, Rule

Bools = NDArray[np.bool_]
Pair = tuple[str, str]

RUNNING = ("active", "paused")


class Cause(StrEnum):
    """Why a running match changes; all but the last two are forced, not proposed."""

    NEED_CLOSED = "need_closed"
    PARTNER_WITHDREW = "partner_withdrew"
    AGREEMENT_EXPIRED = "agreement_expired"
    CLEARANCE_LAPSED = "clearance_lapsed"
    RULE_BROKEN = "rule_broken"
    OVER_CAPACITY = "over_capacity"
    EVALUATION = "evaluation"
    BETTER_USE = "better_use"


def running_matches(
    district: District, policy: Policy, on: date, released: Collection[Pair] = ()
) -> pd.DataFrame:
    """Return a row a running match: need_id, offer_id, slots, is_locked, cause, why.

    ``cause`` and ``why`` are blank where it may go on. It is locked where its row says so, or where it is an active
    mentoring match that nothing releases.

    Parameters
    ----------
    released
        Need and offer of the mentoring matches that the coordinator lets the plan move.

    Raises
    ------
    ValueError
        Where a released pair is no running match.
    """
    rows = district.partnerships
    rows = rows[rows["status"].isin(RUNNING)].reset_index(drop=True)
    pairs = pd.MultiIndex.from_frame(rows[["need_id", "offer_id"]])
    for need_id, offer_id in released:
        if (need_id, offer_id) not in pairs:
            raise ValueError(f"Released {need_id}={offer_id}: expected a running partnership, found none.")
    is_released = pairs.isin(list(released)) if len(rows) else np.zeros(0, dtype=bool)
    found = _causes(district, policy, on, rows)
    need = positions(rows["need_id"], district.needs["need_id"])
    is_mentoring = district.needs["kind"].to_numpy()[need] == KINDS[MENTORING]
    is_active = (rows["status"] == "active").to_numpy()
    stays = rows["locked"].to_numpy(dtype=bool)
    if policy.rematch.lock_mentoring:
        stays = stays | (is_active & is_mentoring & ~is_released)
    broken = found["cause"].eq(Cause.RULE_BROKEN).to_numpy() & stays
    found.loc[broken, ["cause", "why"]] = ""
    ended = found["cause"].ne("").to_numpy()
    return rows[["need_id", "offer_id", "slots"]].assign(
        is_locked=stays & ~ended, cause=found["cause"], why=found["why"]
    )


def badly_evaluated(district: District, policy: Policy, rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return the school's drawn rating of the partner of each row where the policy ends it for that, else NaN."""
    found, settings = match_ratings(district, policy.fit, rows), policy.rematch
    is_bad = (found["rating"] < settings.end_below) & (found["respondents"] >= settings.min_respondents)
    return found["rating"].where(is_bad).to_numpy(dtype=np.float64)


def _causes(district: District, policy: Policy, on: date, rows: pd.DataFrame) -> pd.DataFrame:
    """Return cause and why of each running match that cannot go on as it is, the first that applies."""
    facts = facts_of(district, policy.rules, on)
    need = positions(rows["need_id"], district.needs["need_id"])
    offer = positions(rows["offer_id"], district.offers["offer_id"])
    broken = {rule: ~allows(facts, need, offer, policy.rules) for rule, allows in PAIR_RULES.items()}
    rating = badly_evaluated(district, policy, rows)
    locked = rows["locked"].to_numpy(dtype=bool)
    found = pd.DataFrame({"cause": [""] * len(rows), "why": [""] * len(rows)})

    def set_where(applies: Bools, cause: Cause, why: str | list[str]) -> None:
        words = np.full(len(rows), why, dtype=object) if isinstance(why, str) else np.array(why, dtype=object)
        applies = applies & found["cause"].eq("").to_numpy()
        found.loc[applies, "cause"], found.loc[applies, "why"] = cause.value, words[applies]

    set_where(facts.needs.slots[need] == 0, Cause.NEED_CLOSED, "The school has closed the need.")
    set_where(facts.offers.slots[offer] == 0, Cause.PARTNER_WITHDREW, "The partner has withdrawn the offer.")
    set_where(
        broken[Rule.AGREEMENT] & ~locked, Cause.AGREEMENT_EXPIRED, "The partner's agreement has expired."
    )
    set_where(
        broken[Rule.CLEARANCE] & ~locked,
        Cause.CLEARANCE_LAPSED,
        "The partner has no mentor who is trained and cleared.",
    )
    said = [
        ""
        if np.isnan(value)
        else f"The school rates the partner {value:.1f}, the policy ends below {policy.rematch.end_below:g}."
        for value in rating
    ]
    set_where(~np.isnan(rating) & ~locked, Cause.EVALUATION, said)
    for rule, breaks in broken.items():
        set_where(breaks & ~locked, Cause.RULE_BROKEN, f"It breaks the rule {rule}: {RULE_WORDS[rule]}.")
    return found


def with_standing(district: District, policy: Policy, running: pd.DataFrame) -> District:
    """Return the district as the plan sees it: locks where matches stay, and what has ended no longer running.

    A match that ended for its evaluation counts as declined, so that it does not come back this school year; so does
    any other that would end for it.
    """
    rows = district.partnerships.copy()
    is_running = rows["status"].isin(RUNNING).to_numpy()
    rows.loc[is_running, "locked"] = running["is_locked"].to_numpy()
    ended = np.where(running["cause"] == Cause.EVALUATION, "declined", "ended")
    status = np.where(running["cause"] == "", rows.loc[is_running, "status"], ended)
    rows.loc[is_running, "status"] = status
    # Declined without a date means this school year.
    rows.loc[is_running & (rows["status"] == "declined"), "since"] = pd.NaT
    return replace(district, partnerships=_with_badly_evaluated(district, policy, rows))


def _with_badly_evaluated(district: District, policy: Policy, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the other pairs, as declined, that the policy would end for their evaluation."""
    seen = district.evaluations[["school_id", "partner_id"]].drop_duplicates()
    pairs = seen.merge(district.needs[["need_id", "school_id"]], on="school_id")
    pairs = pairs.merge(district.offers[["offer_id", "partner_id"]], on="partner_id")[["need_id", "offer_id"]]
    standing = pd.MultiIndex.from_frame(rows.loc[rows["status"] != "ended", ["need_id", "offer_id"]])
    is_other = ~pd.MultiIndex.from_frame(pairs).isin(standing)
    bad = pairs[is_other & ~np.isnan(badly_evaluated(district, policy, pairs))]
    if bad.empty:
        return rows
    declined = (
        rows.iloc[:0]
        .reindex(range(len(bad)))
        .assign(
            need_id=bad["need_id"].to_numpy(), offer_id=bad["offer_id"].to_numpy(), slots=0, status="declined"
        )
    )
    declined["locked"] = False
    return pd.concat([rows, declined.astype(rows.dtypes)], ignore_index=True)


def as_of_now(district: District, policy: Policy) -> District:
    """Return the district without closed needs, those of 0 slots, and with what ended for its evaluation declined."""
    rows = district.partnerships
    is_open = district.needs["slots"] > 0
    if not is_open.all():
        closed = district.needs.loc[~is_open, "need_id"]
        rows = rows[~rows["need_id"].isin(closed)].reset_index(drop=True)
        evidence = district.evidence[~district.evidence["need_id"].isin(closed)].reset_index(drop=True)
        needs = district.needs[is_open].reset_index(drop=True)
        district = replace(district, needs=needs, evidence=evidence, partnerships=rows)
    return without_returns(district, policy)


def without_returns(district: District, policy: Policy) -> District:
    """Return the district with what ended for its evaluation declined, so that it cannot come again this year."""
    rows = district.partnerships
    ended = (rows["status"] == "ended").to_numpy()
    is_bad = ended & ~np.isnan(badly_evaluated(district, policy, rows))
    if not is_bad.any():
        return district
    rows = rows.copy()
    rows.loc[is_bad, "status"], rows.loc[is_bad, "since"] = "declined", pd.NaT
    return replace(district, partnerships=rows)
