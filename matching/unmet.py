"""Why a gap stays open: the cause of every slot without a match, told apart and counted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import optimizer
from matching.candidates import Scorer
from matching.district import District
from matching.facts import NO_LIMIT, Facts
from matching.rules import PAIR_RULES
from matching.vocabulary import KINDS, MENTORING, RULE_WORDS, Cause, Rule

Index = NDArray[np.int64]
Bools = NDArray[np.bool_]


def unmet_needs(
    district: District,
    scorer: Scorer,
    problem: optimizer.Problem,
    slots: Index,
    priorities: pd.DataFrame,
) -> pd.DataFrame:
    """Return a row for each need with unmet slots: ids, kind, priority, slots_unmet, cause, detail, priority_reason.

    Ordered by the policy's levels, most unmet slots first, then by id.
    """
    state = _State.of(scorer.facts, problem, slots)
    needs = np.flatnonzero(state.unmet > 0)
    needs = needs[np.lexsort((needs, -state.unmet[needs], problem.need_level[needs]))]
    found = [_cause(scorer, problem, state, int(need)) for need in needs]
    table = district.needs.iloc[needs][["need_id", "school_id", "kind"]].reset_index(drop=True)
    return table.assign(
        priority=priorities["priority"].to_numpy()[needs],
        slots_unmet=state.unmet[needs],
        cause=[cause.value for cause, _ in found],
        detail=[detail for _, detail in found],
        priority_reason=priorities["priority_reason"].to_numpy()[needs],
    )


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What an allocation uses: by need, offer, and pair, and where each need's pairs begin."""

    slots: Index
    unmet: Index
    free: Index
    free_trained: Index
    first_pair: Index
    pairs_by_offer: Index
    first_of_offer: Index
    need_partners: set[tuple[int, int]]
    school_partners: set[tuple[int, int]]
    partners_of_need: Index
    partners_of_school: Index
    schools_of_partner: Index

    @classmethod
    def of(cls, facts: Facts, problem: optimizer.Problem, slots: Index) -> "_State":
        need, offer = problem.pair_need, problem.pair_offer
        trained = facts.needs.kind[need] == MENTORING
        used = np.bincount(offer, weights=slots, minlength=facts.num_offers)
        used_trained = np.bincount(offer, weights=slots * trained, minlength=facts.num_offers)
        filled = np.bincount(need, weights=slots, minlength=facts.num_needs)
        order = np.argsort(offer, kind="stable")
        matched = slots > 0
        partner, school = facts.offers.partner[offer[matched]], facts.needs.school[need[matched]]
        need_partners = set(zip(need[matched].tolist(), partner.tolist(), strict=True))
        school_partners = set(zip(school.tolist(), partner.tolist(), strict=True))
        return cls(
            slots=slots,
            unmet=facts.needs.slots - filled.astype(np.int64),
            free=facts.offers.slots - used.astype(np.int64),
            free_trained=facts.offers.trained - used_trained.astype(np.int64),
            first_pair=np.searchsorted(need, np.arange(facts.num_needs + 1)),
            pairs_by_offer=order,
            first_of_offer=np.searchsorted(offer[order], np.arange(facts.num_offers + 1)),
            need_partners=need_partners,
            school_partners=school_partners,
            partners_of_need=_count([n for n, _ in need_partners], facts.num_needs),
            partners_of_school=_count([s for s, _ in school_partners], facts.num_schools),
            schools_of_partner=_count([p for _, p in school_partners], facts.num_partners),
        )

    def pairs_of_need(self, need: int) -> slice:
        return slice(int(self.first_pair[need]), int(self.first_pair[need + 1]))

    def pairs_of_offer(self, offer: int) -> Index:
        return self.pairs_by_offer[self.first_of_offer[offer] : self.first_of_offer[offer + 1]]


def _count(entries: list[int], size: int) -> Index:
    return np.bincount(np.array(entries, dtype=np.int64), minlength=size)


def _cause(scorer: Scorer, problem: optimizer.Problem, state: _State, need: int) -> tuple[Cause, str]:
    offers = problem.pair_offer[state.pairs_of_need(need)]
    if len(offers) == 0:
        return _cause_without_candidates(scorer, need)
    trained_only = scorer.facts.needs.kind[need] == MENTORING
    free = state.free[offers]
    if trained_only:
        free = np.minimum(free, state.free_trained[offers])
    blocked = _group_rules(scorer.facts, state, need, offers[free > 0], free[free > 0])
    given = _given(problem, state, need, offers)
    usable = state.free_trained[offers] - free if trained_only else given.later_other
    later = given.later_mentoring + np.minimum(given.later_other, usable)
    said = [_said(given, len(offers), "trained slots" if trained_only else "slots")]
    if blocked:
        said.append(f"What keeps the free slots of some away: {_listed(blocked)}.")
    if later.any():
        said.append(
            f"Later levels hold {_plural(int(later.sum()), 'slot')} of theirs: limits on partners, schools or the "
            "least size of a match keep them there, or the search did not free them."
        )
    could_fill = int(free.sum() + later.sum()) >= state.unmet[need]
    return Cause.GROUP_RULE if could_fill else Cause.CAPACITY, " ".join(said)


def _cause_without_candidates(scorer: Scorer, need: int) -> tuple[Cause, str]:
    facts, kind = scorer.facts, KINDS[int(scorer.facts.needs.kind[need])]
    needs, offers = np.full(facts.num_offers, need), np.arange(facts.num_offers)
    of_kind = PAIR_RULES[Rule.KIND](facts, needs, offers, scorer.policy.rules)
    needs, offers = needs[of_kind], offers[of_kind]
    if len(offers) == 0:
        return Cause.NO_OFFER_OF_KIND, f"No partner offers {kind}."
    allowed = {
        rule: rule_allows(facts, needs, offers, scorer.policy.rules)
        for rule, rule_allows in PAIR_RULES.items()
    }
    eligible = np.logical_and.reduce(list(allowed.values()))
    if eligible.any():
        best = scorer.texts.pairs(needs[eligible], offers[eligible]).similarity.max()
        return Cause.FIT_FLOOR, (
            f"{_plural(int(eligible.sum()), f'{kind} offer')} could come, but none is about this: the most similar "
            f"reaches {best:.2f}, the policy asks {scorer.policy.fit.floor:g}."
        )
    counts = {RULE_WORDS[rule]: int((~passes).sum()) for rule, passes in allowed.items() if not passes.all()}
    return Cause.RULES, f"None of {_plural(len(offers), f'{kind} offer')} may come: {_listed(counts)}."


def _group_rules(facts: Facts, state: _State, need: int, offers: Index, free: Index) -> dict[str, int]:
    """Count the candidates with free slots by the group rule that keeps each from coming."""
    counts: dict[str, int] = {}
    for offer, slots in zip(offers.tolist(), free.tolist(), strict=True):
        words = _group_rule(facts, state, need, offer, slots)
        counts[words] = counts.get(words, 0) + 1
    return counts


def _group_rule(facts: Facts, state: _State, need: int, offer: int, slots: int) -> str:
    partner, school = int(facts.offers.partner[offer]), int(facts.needs.school[need])
    is_new_to_need = (need, partner) not in state.need_partners
    is_new_to_school = (school, partner) not in state.school_partners
    if is_new_to_need and _is_full(facts.needs.max_partners[need], state.partners_of_need[need]):
        return "the need has its most partners (max_partners)"
    if is_new_to_school and _is_full(facts.school_max_partners[school], state.partners_of_school[school]):
        return "the school has its most partners (max_partners)"
    if is_new_to_school and _is_full(facts.partner_max_schools[partner], state.schools_of_partner[partner]):
        return "the partner has its most schools (max_schools)"
    if min(slots, int(state.unmet[need])) < facts.offers.min_slots[offer]:
        return "fewer slots left than are worth a match (min_match)"
    if facts.needs.min_slots[need] > 1:
        return "too few for the least the need asks (min_need)"
    return "usable only by a rearrangement under these limits"


def _is_full(limit: np.int64, count: np.int64) -> bool:
    return bool(limit != NO_LIMIT and count >= limit)


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """Where the slots of a need's candidates go; the later levels by candidate, shape ``(num_candidates,)``."""

    to_need: int
    to_same: int
    to_earlier: int
    later_mentoring: Index
    later_other: Index


def _given(problem: optimizer.Problem, state: _State, need: int, offers: Index) -> _Given:
    """Return where the slots go that the need could use: for mentoring the trained ones."""
    pairs_of_each = [state.pairs_of_offer(int(offer)) for offer in offers]
    pairs = np.concatenate(pairs_of_each)
    candidate = np.repeat(np.arange(len(offers)), [len(each) for each in pairs_of_each])
    needs, slots = problem.pair_need[pairs], state.slots[pairs]
    level, own_level = problem.need_level[needs], problem.need_level[need]
    is_mentoring = _uses_trained(problem)[needs]
    competes = is_mentoring | ~_uses_trained(problem)[need]
    later = level > own_level
    return _Given(
        to_need=int(slots[needs == need].sum()),
        to_same=int(slots[competes & (level == own_level) & (needs != need)].sum()),
        to_earlier=int(slots[competes & (level < own_level)].sum()),
        later_mentoring=_sum_by(candidate, slots * (later & is_mentoring), len(offers)),
        later_other=_sum_by(candidate, slots * (later & ~is_mentoring), len(offers)),
    )


def _said(given: _Given, num_offers: int, slots: str) -> str:
    groups = (
        (given.to_need, "this need already"),
        (given.to_same, "needs of the same level"),
        (given.to_earlier, "needs that come first"),
    )
    goes = [f"{count} to {words}" for count, words in groups if count]
    suits = f"{_plural(num_offers, 'offer')} {'suit' if num_offers != 1 else 'suits'} this need"
    return f"{suits}. Their {slots} are given: {', '.join(goes)}." if goes else f"{suits}."


def _uses_trained(problem: optimizer.Problem) -> Bools:
    if problem.need_uses_trained is None:
        return np.zeros(problem.num_needs, dtype=bool)
    return problem.need_uses_trained


def _sum_by(index: Index, values: Index, size: int) -> Index:
    return np.bincount(index, weights=values, minlength=size).astype(np.int64)


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"


def _listed(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{words} ({count})" for words, count in ordered)
