"""Recommended offers for one need: the best that no rule excludes, and the best of those that one does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from embeddings import Encoder
from matching.allocation import score_columns
from matching.candidates import ScoredPairs, Scorer, scorer_of
from matching.district import District
from matching.explain import Explainer
from matching.facts import positions
from matching.policy import Policy
from matching.rules import PAIR_RULES
from matching.schemas import TABLES
from matching.typed import blank_column
from matching.vocabulary import KINDS, MENTORING, RULE_WORDS, Rule

Index = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEW_NEED = "new"
NEAR_MISSES = 5
RUNNING = ("active", "paused")


@dataclass(frozen=True, slots=True, eq=False)
class Recommendation:
    """Offers for one need, best first.

    ``offers`` break no rule: offer_id, partner_id, partner, focus, fit (0 to 1), similarity (0 to 1), the fit's parts,
    slots, slots_free (what no running partnership of another need holds) and reason. ``near_misses`` are the most
    similar of the others: ``rules`` has the names of all rules that stand in the way, ``why`` says them in words.
    """

    need_id: str
    statement: str
    kind: str
    offers: pd.DataFrame
    near_misses: pd.DataFrame


def recommend(
    district: District,
    need_id: str,
    policy: Policy | None = None,
    *,
    on: date | None = None,
    limit: int = 10,
    encoder: Encoder | None = None,
) -> Recommendation:
    """Return the offers that suit a need best, and the most similar of those that a rule excludes.

    Raises
    ------
    ValueError
        Where the district has no such need, or the limit is below 1.
    """
    if limit < 1:
        raise ValueError(f"Limit: expected a whole number >= 1, got {limit}.")
    row = int(positions(pd.Series([need_id]), district.needs["need_id"])[0])
    if row < 0:
        raise ValueError(f"Need {need_id}: expected the id of a need of this district, found none.")
    alone = replace(district, needs=district.needs.iloc[[row]].reset_index(drop=True))
    scorer = scorer_of(alone, policy or Policy(), on or date.today(), encoder)
    offers = np.arange(len(district.offers))
    pairs = scorer.score(np.zeros_like(offers), offers)
    broken = _broken_rules(scorer, pairs)
    is_allowed = np.logical_not(np.logical_or.reduce(list(broken.values())))
    best = _best(is_allowed & (scorer.facts.offers.slots > 0), pairs.fit, limit)
    missed = _best(~is_allowed & ~broken[Rule.KIND], pairs.texts.similarity, min(limit, NEAR_MISSES))
    need = alone.needs.iloc[0]
    return Recommendation(
        need_id=need["need_id"],
        statement=need["statement"],
        kind=need["kind"],
        offers=_offer_table(alone, scorer, best, _free_slots(district, scorer, need_id)),
        near_misses=_miss_table(alone, pairs, missed, broken),
    )


def with_new_need(district: District, text: str, kind: str, school_id: str = "") -> District:
    """Return the district with one more need, named `NEW_NEED`, of a school or of none in particular.

    Raises
    ------
    ValueError
        Where the kind or the school is unknown, the text is blank, or a need is called `NEW_NEED` already.
    """
    if kind not in KINDS:
        raise ValueError(f"Kind {kind}: expected one of {', '.join(KINDS)}.")
    if not text.strip():
        raise ValueError("Text: expected what the school needs, got nothing.")
    if NEW_NEED in set(district.needs["need_id"]):
        raise ValueError(f"Need {NEW_NEED}: the district has a need of that id already, expected none.")
    schools = district.schools
    if not school_id:
        schools = pd.concat([schools, _blank_rows("schools")], ignore_index=True)
    elif school_id not in set(schools["school_id"]):
        raise ValueError(f"School {school_id}: expected the id of a school of this district, found none.")
    need = _blank_rows("needs").assign(
        need_id=NEW_NEED, school_id=school_id, statement=text, kind=kind, slots=1
    )
    return replace(district, schools=schools, needs=pd.concat([district.needs, need], ignore_index=True))


def _blank_rows(table: str) -> pd.DataFrame:
    blank = {
        column.name: blank_column(column, 1) for column in TABLES[table].columns if not column.is_required
    }
    required = {column.name: [""] for column in TABLES[table].columns if column.is_required}
    return pd.DataFrame(required | blank)


def _broken_rules(scorer: Scorer, pairs: ScoredPairs) -> Mapping[Rule, Bools]:
    """Return for each rule which pairs break it."""
    broken = {
        rule: ~allows(scorer.facts, pairs.need, pairs.offer, scorer.policy.rules)
        for rule, allows in PAIR_RULES.items()
    }
    return broken | {Rule.FIT_FLOOR: pairs.texts.similarity < np.float32(scorer.policy.fit.floor)}


def _best(mask: Bools, score: NDArray[np.int64] | NDArray[np.float32], limit: int) -> Index:
    """Return the indices where the mask holds, highest score first, ties by the lower index."""
    rows = np.flatnonzero(mask)
    return rows[np.argsort(-score[rows], kind="stable")[:limit]]


def _free_slots(district: District, scorer: Scorer, need_id: str) -> Index:
    """Return what running partnerships of other needs leave of each offer; for mentoring, of its trained slots too."""
    rows = district.partnerships
    rows = rows[rows["status"].isin(RUNNING) & (rows["need_id"] != need_id)]
    offer = positions(rows["offer_id"], district.offers["offer_id"])
    slots = rows["slots"].to_numpy(np.float64)
    offers, num_offers = scorer.facts.offers, len(district.offers)
    free = offers.slots - np.bincount(offer, weights=slots, minlength=num_offers)
    if scorer.facts.needs.kind[0] == MENTORING:
        kind = district.needs["kind"].to_numpy()[positions(rows["need_id"], district.needs["need_id"])]
        mentored = np.bincount(offer, weights=slots * (kind == KINDS[MENTORING]), minlength=num_offers)
        free = np.minimum(free, offers.trained - mentored)
    left: Index = np.maximum(free, 0).astype(np.int64)
    return left


def _offer_table(district: District, scorer: Scorer, offers: Index, free: Index) -> pd.DataFrame:
    pairs = scorer.score(np.zeros_like(offers), offers)
    return (
        _who(district, offers)
        .assign(**score_columns(pairs))
        .assign(
            slots=district.offers["slots"].to_numpy()[offers],
            slots_free=free[offers],
            reason=[reason.sentences for reason in Explainer(scorer).reasons(pairs)],
        )
    )


def _miss_table(
    district: District, pairs: ScoredPairs, offers: Index, broken: Mapping[Rule, Bools]
) -> pd.DataFrame:
    rules = [[rule for rule, breaks in broken.items() if breaks[offer]] for offer in offers]
    return _who(district, offers).assign(
        similarity=pairs.texts.similarity[offers].astype(np.float64).round(6),
        rules=["|".join(names) for names in rules],
        why=[", ".join(RULE_WORDS[name] for name in names) for names in rules],
    )


def _who(district: District, offers: Index) -> pd.DataFrame:
    rows = district.offers.iloc[offers]
    partner = positions(rows["partner_id"], district.partners["partner_id"])
    return pd.DataFrame(
        {
            "offer_id": rows["offer_id"].to_numpy(),
            "partner_id": rows["partner_id"].to_numpy(),
            "partner": district.partners["name"].to_numpy()[partner],
            "focus": rows["focus"].to_numpy(),
        }
    )
