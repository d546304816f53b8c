"""Why a gap stays open: the cause of every slot without a match, told apart and counted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import optimizer
from matching.candidates import Scorer
from matching.facts import NO_LIMIT, Facts
from matching.rules import PAIR_RULES
from matching.vocabulary import KINDS, LEVELS, MENTORING, RULE_WORDS, Cause, Rule

Index = NDArray[np.int64]


def unmet_needs(
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
    table = scorer.district.needs.iloc[needs][["need_id", "school_id", "kind"]].reset_index(drop=True)
    return table.assign(
        priority=priorities["priority"].to_numpy()[needs],
        slots_unmet=state.unmet[needs],
        cause=[cause.value for cause, _ in found],
        detail=[detail for _, detail in found],
        priority_reason=priorities["priority_reason"].to_numpy()[needs],
    )


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What an allocation uses; ``given`` and ``given_mentoring`` count an offer's slots by the level they go to.

    Of these, ``locked`` and ``locked_mentoring`` count those that a lock holds.
    """

    slots: Index
    unmet: Index
    free: Index
    free_trained: Index
    given: Index
    given_mentoring: Index
    locked: Index
    locked_mentoring: Index
    first_pair: Index
    need_partners: set[tuple[int, int]]
    school_partners: set[tuple[int, int]]
    partners_of_need: Index
    partners_of_school: Index
    schools_of_partner: Index

    @classmethod
    def of(cls, facts: Facts, problem: optimizer.Problem, slots: Index) -> "_State":
        need, offer = problem.pair_need, problem.pair_offer
        is_mentoring = facts.needs.kind[need] == MENTORING
        place, shape = (offer, problem.need_level[need]), (facts.num_offers, len(LEVELS))
        given, given_mentoring = _sums(place, slots, shape), _sums(place, slots * is_mentoring, shape)
        locked = np.minimum(slots, _locked(problem))
        matched = slots > 0
        partner, school = facts.offers.partner[offer[matched]], facts.needs.school[need[matched]]
        need_partners = set(zip(need[matched].tolist(), partner.tolist(), strict=True))
        school_partners = set(zip(school.tolist(), partner.tolist(), strict=True))
        return cls(
            slots=slots,
            unmet=facts.needs.slots - _sums((need,), slots, (facts.num_needs,)),
            free=facts.offers.slots - given.sum(axis=1),
            free_trained=facts.offers.trained - given_mentoring.sum(axis=1),
            given=given,
            given_mentoring=given_mentoring,
            locked=_sums(place, locked, shape),
            locked_mentoring=_sums(place, locked * is_mentoring, shape),
            first_pair=np.searchsorted(need, np.arange(facts.num_needs + 1)),
            need_partners=need_partners,
            school_partners=school_partners,
            partners_of_need=_count([n for n, _ in need_partners], facts.num_needs),
            partners_of_school=_count([s for s, _ in school_partners], facts.num_schools),
            schools_of_partner=_count([p for _, p in school_partners], facts.num_partners),
        )

    def pairs_of_need(self, need: int) -> slice:
        return slice(int(self.first_pair[need]), int(self.first_pair[need + 1]))


def _locked(problem: optimizer.Problem) -> Index:
    return np.zeros(problem.num_pairs, np.int64) if problem.pair_locked is None else problem.pair_locked


def _sums(index: tuple[Index, ...], values: Index, shape: tuple[int, ...]) -> Index:
    sums = np.zeros(shape, dtype=np.int64)
    np.add.at(sums, index, values)
    return sums


def _count(entries: list[int], size: int) -> Index:
    return np.bincount(np.array(entries, dtype=np.int64), minlength=size)


def _cause(scorer: Scorer, problem: optimizer.Problem, state: _State, need: int) -> tuple[Cause, str]:
    pairs = state.pairs_of_need(need)
    offers, level = problem.pair_offer[pairs][_is_candidate(problem, pairs)], int(problem.need_level[need])
    if len(offers) == 0:
        return _cause_without_candidates(scorer, need)
    is_mentoring = bool(scorer.facts.needs.kind[need] == MENTORING)
    too_much = _too_much(scorer.facts, need, offers, is_mentoring)
    if too_much and state.unmet[need] == scorer.facts.needs.slots[need]:
        return Cause.GROUP_RULE, too_much
    free = np.minimum(state.free[offers], state.free_trained[offers]) if is_mentoring else state.free[offers]
    blocked = _group_rules(scorer.facts, state, need, offers[free > 0], free[free > 0])
    later = _held_later(state, offers, level, is_mentoring)
    said = [_given_said(state, pairs, offers, level, is_mentoring)]
    if blocked:
        said.append(f"What keeps the free slots of some away: {_listed(blocked)}.")
    if later:
        said.append(
            f"Later levels hold {_plural(later, 'slot')} of theirs: limits on partners, schools or the "
            "least size of a match keep them there, or the search did not free them."
        )
    said += _conditions(scorer.facts, state, need)
    could_fill = int(free.sum()) + later >= state.unmet[need]
    return Cause.GROUP_RULE if could_fill else Cause.CAPACITY, " ".join(said)


def _is_candidate(problem: optimizer.Problem, pairs: slice) -> NDArray[np.bool_]:
    """Whether each pair is more than a match locked despite a rule, which cannot grow."""
    need, offer = problem.pair_need[pairs], problem.pair_offer[pairs]
    if problem.pair_max_slots is None:
        return np.ones(len(need), dtype=bool)
    most = np.minimum(problem.need_slots[need], problem.offer_slots[offer])
    return np.asarray(problem.pair_max_slots[pairs] == most)


def _too_much(facts: Facts, need: int, offers: Index, is_mentoring: bool) -> str:
    """Say that the need takes more at least than all partners it may have could give, blank where it does not."""
    slots = (facts.offers.trained if is_mentoring else facts.offers.slots)[offers]
    by_partner = np.sort(np.bincount(facts.offers.partner[offers], weights=slots))[::-1].astype(np.int64)
    least, most = int(facts.needs.min_slots[need]), int(facts.needs.max_partners[need])
    could_give = int(by_partner[:most].sum())
    if could_give >= least:
        return ""
    asks = f"at least {least} slots or none" + (
        f" from at most {_plural(most, 'partner')}" if most != NO_LIMIT else ""
    )
    suit = f"{_plural(len(offers), 'offer')} {'suit' if len(offers) != 1 else 'suits'} this need"
    have = "the largest partner has" if most == 1 else "together they have"
    what = "trained slots" if is_mentoring else "slots"
    return f"{suit}, but it asks for {asks}, and {have} {could_give} {what}."


def _conditions(facts: Facts, state: _State, need: int) -> list[str]:
    """Say what the need itself asks that makes it harder to fill."""
    least, most = int(facts.needs.min_slots[need]), int(facts.needs.max_partners[need])
    if least > 1 and state.unmet[need] == facts.needs.slots[need]:
        partners = f" from at most {_plural(most, 'partner')}" if most != NO_LIMIT else ""
        return [f"It asks for at least {least} slots or none{partners}."]
    if _is_full(facts.needs.max_partners[need], state.partners_of_need[need]):
        return [f"It has the {_plural(most, 'partner')} that it asks for at most."]
    return []


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
            f"reaches {np.floor(100 * best) / 100:.2f}, the policy asks {scorer.policy.fit.floor:g}."
        )
    counts = {RULE_WORDS[rule]: int((~passes).sum()) for rule, passes in allowed.items() if not passes.all()}
    said = "The only" if len(offers) == 1 else f"None of {len(offers)}"
    stays = f"{kind} offer may not" if len(offers) == 1 else f"{kind} offers may"
    return Cause.RULES, f"{said} {stays} come: {_listed(counts)}."


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


def _held_later(state: _State, offers: Index, level: int, is_mentoring: bool) -> int:
    """Return the slots of these offers that go to later levels though the need could use them."""
    later = (state.given - state.locked)[offers, level + 1 :].sum(axis=1)
    if not is_mentoring:
        return int(later.sum())
    later_mentoring = (state.given_mentoring - state.locked_mentoring)[offers, level + 1 :].sum(axis=1)
    idle = state.free_trained[offers] - np.minimum(state.free[offers], state.free_trained[offers])
    return int((later_mentoring + np.minimum(later - later_mentoring, idle)).sum())


def _given_said(state: _State, pairs: slice, offers: Index, level: int, is_mentoring: bool) -> str:
    """Say where the slots go that the need could use: for mentoring the trained ones."""
    given = state.given_mentoring if is_mentoring else state.given
    locked = state.locked_mentoring if is_mentoring else state.locked
    to_need = int(state.slots[pairs].sum())
    groups = (
        (to_need, "this need already"),
        (int(given[offers, level].sum()) - to_need, "needs of the same level"),
        (int(given[offers, :level].sum()), "needs that come first"),
        (int(locked[offers, level + 1 :].sum()), "locked matches of needs that come later"),
    )
    goes = [f"{count} to {words}" for count, words in groups if count]
    suits = f"{_plural(len(offers), 'offer')} {'suit' if len(offers) != 1 else 'suits'} this need"
    if not goes:
        return f"{suits}."
    return f"{suits}. Their {'trained slots' if is_mentoring else 'slots'} are given: {', '.join(goes)}."


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"


def _listed(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{words} ({count})" for words, count in ordered)
