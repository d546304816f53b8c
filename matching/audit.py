"""The check of any allocation from the rules alone, with no solver's code: also of one typed by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from embeddings import Encoder
from matching.candidates import ScoredPairs, Scorer, scorer_of
from matching.district import District
from matching.facts import pair_key, positions, uses_trained
from matching.fit import MILLION
from matching.levels import Locks, level_of_needs, locks_of
from matching.policy import Policy
from matching.priority import priorities_of
from matching.rules import PAIR_RULES
from matching.standing import as_of_now
from matching.vocabulary import LEVELS, RULE_WORDS, Rule

Index = NDArray[np.int64]
Bools = NDArray[np.bool_]

TOLERANCE = 1e-5
"""Difference up to which a figure in a file counts as equal: files hold six decimals."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an audit has to say: the rule's name, an error or a warning, and the sentence.

    ``owner`` is the school of ``max_partners`` or the partner of ``max_schools``, where it is about one; ``excess`` the
    slots, partners or schools by which the rule is broken, for a pair rule its slots that no lock holds.
    """

    rule: str
    is_error: bool
    message: str
    need_id: str = ""
    offer_id: str = ""
    owner: str = field(default="", kw_only=True, compare=False)
    excess: int = field(default=0, kw_only=True, compare=False)


@dataclass(frozen=True, slots=True)
class AuditedLevel:
    """Slots needed and filled at a slot level."""

    name: str
    needed: int
    filled: int


@dataclass(frozen=True, slots=True)
class Audit:
    """Every finding, errors first, and the values of the allocation as computed from the rules.

    ``even`` is the sum over (school, level) of unmet squared / needed, each rounded down to millionths; ``fit`` the
    sum of fit over all filled slots, in millionths.
    """

    findings: tuple[Finding, ...]
    levels: tuple[AuditedLevel, ...]
    even: int
    fit: int

    @property
    def is_passed(self) -> bool:
        """Whether no rule is broken; warnings do not count."""
        return not any(finding.is_error for finding in self.findings)


def audit_allocation(
    district: District,
    matches: pd.DataFrame,
    policy: Policy | None = None,
    *,
    on: date | None = None,
    encoder: Encoder | None = None,
) -> Audit:
    """Return what is wrong with an allocation and what it reaches, on the date `on` (by default today)."""
    policy = policy or Policy()
    district = as_of_now(district, policy)
    scorer = scorer_of(district, policy, on or date.today(), encoder)
    priorities = priorities_of(district, policy.priority)
    return audit_matches(matches, scorer, priorities["priority"].to_numpy())


def audit_matches(matches: pd.DataFrame, scorer: Scorer, priority: Index) -> Audit:
    """Return what is wrong with an allocation and what it reaches.

    Parameters
    ----------
    matches
        A row a match: need_id, offer_id, slots; school_id, partner_id, fit (0 to 1) and similarity (0 to 1) are
        compared where they are there, never trusted.
    priority
        Priority of each need, 1 to 5.
    """
    findings, plan = _judged(matches, scorer)
    levels, even = _values(plan, priority)
    return Audit(findings, levels, even, int(plan.pairs.fit @ plan.slots))


def findings_of(matches: pd.DataFrame, scorer: Scorer) -> tuple[Finding, ...]:
    """Return what is wrong with matches, errors first, `matches` as in `audit_matches`; needs may be closed."""
    return _judged(matches, scorer)[0]


def _judged(matches: pd.DataFrame, scorer: Scorer) -> "tuple[tuple[Finding, ...], _Plan]":
    need = positions(matches["need_id"], scorer.district.needs["need_id"])
    offer = positions(matches["offer_id"], scorer.district.offers["offer_id"])
    known = (need >= 0) & (offer >= 0)
    findings = list(_reference_findings(matches, need, offer))
    slots = np.maximum(matches["slots"].to_numpy(np.int64), 0)
    plan = _plan_of(scorer, need[known], offer[known], slots[known])
    findings += _pair_findings(plan)
    findings += _capacity_findings(plan)
    findings += _least_findings(plan)
    findings += _count_findings(plan)
    findings += _lock_findings(plan)
    findings += _figure_findings(plan, matches[known], need[known], offer[known])
    findings.sort(key=lambda finding: (not finding.is_error, finding.rule, finding.need_id, finding.offer_id))
    return tuple(findings), plan


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """The allocation as arrays, one entry a distinct pair, with the locks on it."""

    scorer: Scorer
    pairs: ScoredPairs
    slots: Index
    locked: Index
    locks: Locks

    def finding(
        self, rule: str, message: str, pair: int, *, is_error: bool = True, excess: int | None = None
    ) -> Finding:
        """Return a finding about one pair, by default with the slots that no lock holds."""
        ids = self.need_id(self.pairs.need[pair]), self.offer_id(self.pairs.offer[pair])
        if excess is None:
            excess = max(int(self.slots[pair] - self.locked[pair]), 0)
        return Finding(rule, is_error, message, *ids, excess=excess)

    def need_id(self, need: int) -> str:
        return str(self.scorer.district.needs["need_id"].iat[need])

    def offer_id(self, offer: int) -> str:
        return str(self.scorer.district.offers["offer_id"].iat[offer])


def _plan_of(scorer: Scorer, need: Index, offer: Index, slots: Index) -> _Plan:
    num_offers = scorer.facts.num_offers
    keys, inverse = np.unique(pair_key(need, offer, num_offers), return_inverse=True)
    totals = np.bincount(inverse, weights=slots, minlength=len(keys)).astype(np.int64)
    locks = locks_of(scorer.district)
    locked = np.zeros(len(keys), dtype=np.int64)
    lock_keys = pair_key(locks.need, locks.offer, num_offers)
    there = np.isin(lock_keys, keys)
    locked[np.searchsorted(keys, lock_keys[there])] = locks.slots[there]
    need, offer = np.divmod(keys, max(num_offers, 1))
    return _Plan(scorer, scorer.score(need, offer), totals, locked, locks)


def _reference_findings(matches: pd.DataFrame, need: Index, offer: Index) -> Iterator[Finding]:
    ids = list(zip(matches["need_id"], matches["offer_id"], strict=True))
    for row in _rows(need < 0):
        yield Finding("unknown", True, f"There is no need {ids[row][0]} in the district.", *ids[row])
    for row in _rows(offer < 0):
        yield Finding("unknown", True, f"There is no offer {ids[row][1]} in the district.", *ids[row])
    for row in _rows(matches["slots"].to_numpy() < 1):
        yield Finding(
            "slots", True, f"A match has at least 1 slot, got {matches['slots'].iat[row]}.", *ids[row]
        )
    for row in _rows(matches.duplicated(["need_id", "offer_id"]).to_numpy()):
        message = "The pair is listed more than once; its slots are added up."
        yield Finding("duplicate", True, message, *ids[row])


def _pair_findings(plan: _Plan) -> Iterator[Finding]:
    """Yield the pairs that break a pair rule: warnings where a lock holds every slot, and for the fit floor."""
    facts, policy = plan.scorer.facts, plan.scorer.policy
    is_held = plan.locked >= plan.slots
    for rule, allows in PAIR_RULES.items():
        for pair in _rows(~allows(facts, plan.pairs.need, plan.pairs.offer, policy.rules)):
            if is_held[pair]:
                yield plan.finding(rule, f"Locked despite {rule}.", pair, is_error=False)
            else:
                yield plan.finding(rule, f"The pair breaks the rule {rule}: {RULE_WORDS[rule]}.", pair)
    similarity = plan.pairs.texts.similarity
    for pair in _rows(similarity < np.float32(policy.fit.floor)):
        held = "Locked despite" if is_held[pair] else "The similarity lies below"
        message = f"{held} the fit floor: {similarity[pair]:.2f}, the policy asks {policy.fit.floor:g}."
        yield plan.finding(Rule.FIT_FLOOR, message, pair, is_error=False)


def _capacity_findings(plan: _Plan) -> Iterator[Finding]:
    """Yield the offers and needs that are given more slots than they have; no lock overrides this."""
    facts, pairs = plan.scorer.facts, plan.pairs
    used = np.bincount(pairs.offer, weights=plan.slots, minlength=facts.num_offers)
    mentoring = plan.slots * uses_trained(facts.needs)[pairs.need]
    trained = np.bincount(pairs.offer, weights=mentoring, minlength=facts.num_offers)
    filled = np.bincount(pairs.need, weights=plan.slots, minlength=facts.num_needs)
    for offer in _rows(used > facts.offers.slots):
        message = f"The offer gives {used[offer]:.0f} slots, it has {facts.offers.slots[offer]}."
        excess = int(used[offer] - facts.offers.slots[offer])
        yield Finding(Rule.CAPACITY, True, message, "", plan.offer_id(offer), excess=excess)
    for offer in _rows(trained > facts.offers.trained):
        cleared = facts.offers.trained[offer]
        message = f"The offer mentors in {trained[offer]:.0f} slots, {cleared} are trained and cleared."
        excess = int(trained[offer] - cleared)
        yield Finding(Rule.TRAINED_CAPACITY, True, message, "", plan.offer_id(offer), excess=excess)
    for need in _rows(filled > facts.needs.slots):
        message = f"The need gets {filled[need]:.0f} slots, it asks for {facts.needs.slots[need]}."
        excess = int(filled[need] - facts.needs.slots[need])
        yield Finding(Rule.NEED_SLOTS, True, message, plan.need_id(need), excess=excess)


def _least_findings(plan: _Plan) -> Iterator[Finding]:
    """Yield matches and needs with fewer slots than is worth doing; warnings where a lock holds some of them."""
    facts, pairs = plan.scorer.facts, plan.pairs
    trained = uses_trained(facts.needs)[pairs.need]
    least = np.minimum(facts.offers.min_slots[pairs.offer], facts.needs.slots[pairs.need])
    least = np.minimum(least, facts.offers.slots[pairs.offer])
    least = np.where(trained, np.minimum(least, facts.offers.trained[pairs.offer]), least)
    is_held = plan.locked > 0
    for pair in _rows(plan.slots < least):
        message = f"The match has {plan.slots[pair]} slots, at least {least[pair]} are worth doing."
        message, excess = _despite(is_held[pair]) + message, int(least[pair] - plan.slots[pair])
        yield plan.finding(Rule.MIN_MATCH, message, pair, is_error=not is_held[pair], excess=excess)
    filled = np.bincount(pairs.need, weights=plan.slots, minlength=facts.num_needs)
    held = np.bincount(pairs.need, weights=is_held, minlength=facts.num_needs)
    for need in _rows((filled > 0) & (filled < facts.needs.min_slots)):
        message = f"The need gets {filled[need]:.0f} slots, it asks for none or at least {facts.needs.min_slots[need]}."
        locked = bool(held[need] > 0)
        excess = int(facts.needs.min_slots[need] - filled[need])
        yield Finding(
            Rule.MIN_NEED, not locked, _despite(locked) + message, plan.need_id(need), excess=excess
        )


def _count_findings(plan: _Plan) -> Iterator[Finding]:
    """Yield needs and schools with too many partners and partners with too many schools."""
    facts, schools, partners = plan.scorer.facts, plan.scorer.district.schools, plan.scorer.district.partners
    partner, school = facts.offers.partner[plan.pairs.offer], facts.needs.school[plan.pairs.need]
    for need, count, held in _too_many(plan, plan.pairs.need, partner, facts.needs.max_partners):
        most = int(facts.needs.max_partners[need])
        message = f"{_despite(held)}The need has {count} partners, at most {most} are allowed."
        yield Finding(Rule.MAX_PARTNERS, not held, message, plan.need_id(need), excess=count - most)
    for row, count, held in _too_many(plan, school, partner, facts.school_max_partners):
        name, most = str(schools["school_id"].iat[row]), int(facts.school_max_partners[row])
        message = f"{_despite(held)}School {name} has {count} partners, at most {most} are allowed."
        yield Finding(Rule.MAX_PARTNERS, not held, message, owner=name, excess=count - most)
    for row, count, held in _too_many(plan, partner, school, facts.partner_max_schools):
        name, most = str(partners["partner_id"].iat[row]), int(facts.partner_max_schools[row])
        message = f"{_despite(held)}Partner {name} serves {count} schools, at most {most} are allowed."
        yield Finding(Rule.MAX_SCHOOLS, not held, message, owner=name, excess=count - most)


def _too_many(plan: _Plan, owner: Index, other: Index, limit: Index) -> Iterator[tuple[int, int, bool]]:
    """Yield owners with more distinct others than their limit, the count, and whether locks hold them all."""
    links = pd.DataFrame({"owner": owner, "other": other, "locked": plan.locked > 0})
    distinct = links.groupby(["owner", "other"])["locked"].max().reset_index()
    counts = distinct.groupby("owner")["locked"].agg(["size", "sum"])
    counts = counts[counts["size"].to_numpy() > limit[counts.index.to_numpy()]]
    for row, count, locked in counts.itertuples():
        yield int(row), int(count), bool(locked == count)


def _lock_findings(plan: _Plan) -> Iterator[Finding]:
    """Yield the locked matches that the allocation cuts: errors unless the locks kept leave no slot for more."""
    facts, locks, pairs = plan.scorer.facts, plan.locks, plan.pairs
    held = np.minimum(plan.locked, plan.slots)
    needed = np.bincount(pairs.need, weights=held, minlength=facts.num_needs)
    given = np.bincount(pairs.offer, weights=held, minlength=facts.num_offers)
    mentoring = uses_trained(facts.needs)
    trained = np.bincount(pairs.offer, weights=held * mentoring[pairs.need], minlength=facts.num_offers)
    exceeds = (needed >= facts.needs.slots)[locks.need] | (given >= facts.offers.slots)[locks.offer]
    exceeds |= (trained >= facts.offers.trained)[locks.offer] & mentoring[locks.need]
    slots_by_pair = dict(
        zip(zip(pairs.need.tolist(), pairs.offer.tolist(), strict=True), plan.slots, strict=True)
    )
    for row, (need, offer) in enumerate(zip(locks.need.tolist(), locks.offer.tolist(), strict=True)):
        slots = int(slots_by_pair.get((need, offer), 0))
        if slots < locks.slots[row]:
            why = "the locks exceed what is there" if exceeds[row] else "nothing forces this"
            message = f"The locked match of {locks.slots[row]} slots has {slots}: {why}."
            ids, excess = (plan.need_id(need), plan.offer_id(offer)), int(locks.slots[row]) - slots
            yield Finding(Rule.PAIR_LOCKED, not exceeds[row], message, *ids, excess=excess)


def _figure_findings(plan: _Plan, matches: pd.DataFrame, need: Index, offer: Index) -> Iterator[Finding]:
    """Yield the figures of the file that differ from those computed here."""
    district, facts = plan.scorer.district, plan.scorer.facts
    keys = pair_key(plan.pairs.need, plan.pairs.offer, facts.num_offers)
    pair = np.searchsorted(keys, pair_key(need, offer, facts.num_offers))
    expected = {
        "school_id": district.needs["school_id"].to_numpy()[need],
        "partner_id": district.offers["partner_id"].to_numpy()[offer],
        "fit": plan.pairs.fit[pair] / MILLION,
        "similarity": plan.pairs.texts.similarity[pair].astype(np.float64),
    }
    for column in [column for column in expected if column in matches]:
        stated, computed = matches[column].to_numpy(), expected[column]
        if column.endswith("_id"):
            differs = (stated != computed) & (stated != "")
        else:
            differs = np.abs(stated.astype(np.float64) - computed) > TOLERANCE
        for row in _rows(differs):
            message = f"The file says {column} {stated[row]}, it is {_rounded(computed[row])}."
            yield plan.finding("figure", message, int(pair[row]))


def _values(plan: _Plan, priority: Index) -> tuple[tuple[AuditedLevel, ...], int]:
    needs, names = plan.scorer.facts.needs, plan.scorer.policy.objective.levels
    level = level_of_needs(needs.kind, priority, names)
    filled = np.bincount(plan.pairs.need, weights=plan.slots, minlength=len(level))
    filled = np.minimum(filled, needs.slots).astype(np.int64)
    table = pd.DataFrame({"level": level, "school": needs.school, "needed": needs.slots, "filled": filled})
    by_level = table.groupby("level")[["needed", "filled"]].sum().reindex(range(len(LEVELS)), fill_value=0)
    levels = tuple(
        AuditedLevel(name, int(row[0]), int(row[1]))
        for name, row in zip(names, by_level.to_numpy(), strict=True)
    )
    groups = table.groupby(["school", "level"])[["needed", "filled"]].sum()
    unmet = groups["needed"] - groups["filled"]
    return levels, int((MILLION * unmet**2 // groups["needed"]).sum())


def _rows(mask: Bools) -> list[int]:
    rows: list[int] = np.flatnonzero(mask).tolist()
    return rows


def _despite(held: bool) -> str:
    return "Held by locks: " if held else ""


def _rounded(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
