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
    free = state.free[offers]
    if problem.need_uses_trained is not None and problem.need_uses_trained[need]:
        free = np.minimum(free, state.free_trained[offers])
    blocked = _group_rules(scorer.facts, state, need, offers[free > 0], free[free > 0])
    said = [f"{_plural(len(offers), 'candidate')}: {_given(problem, state, need, offers)}"]
    if blocked:
        said.append(_listed(blocked))
    later = _slots_at_later_levels(problem, state, need, offers)
    if later:
        said.append(
            f"{_plural(later, 'slot')} of theirs serve later levels, because a limit on partners, schools or the least "
            "size of a match keeps them there or the search did not free them"
        )
    could_fill = int(free.sum()) + later >= state.unmet[need]
    return Cause.GROUP_RULE if could_fill else Cause.CAPACITY, "; ".join(said) + "."


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
    return Cause.RULES, f"Of {_plural(len(offers), f'{kind} offer')}, {_listed(counts)}."


def _slots_at_later_levels(problem: optimizer.Problem, state: _State, need: int, offers: Index) -> int:
    pairs = np.concatenate([state.pairs_of_offer(int(offer)) for offer in offers])
    later = problem.need_level[problem.pair_need[pairs]] > problem.need_level[need]
    return int(state.slots[pairs[later]].sum())


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
        return "would exceed the need's number of partners (max_partners)"
    if is_new_to_school and _is_full(facts.school_max_partners[school], state.partners_of_school[school]):
        return "would exceed the school's number of partners (max_partners)"
    if is_new_to_school and _is_full(facts.partner_max_schools[partner], state.schools_of_partner[partner]):
        return "already serve as many schools as the partner allows (max_schools)"
    if min(slots, int(state.unmet[need])) < facts.offers.min_slots[offer]:
        return "have fewer slots left than the least worth doing in one match (min_match)"
    if facts.needs.min_slots[need] > 1:
        return "could not bring the need to its least number of slots (min_need)"
    return "have free slots that only a rearrangement under the group rules could use"


def _is_full(limit: np.int64, count: np.int64) -> bool:
    return bool(limit != NO_LIMIT and count >= limit)


def _given(problem: optimizer.Problem, state: _State, need: int, offers: Index) -> str:
    """Say to whom the slots of a need's candidates go."""
    pairs = np.concatenate([state.pairs_of_offer(int(offer)) for offer in offers])
    others = pairs[(problem.pair_need[pairs] != need) & (state.slots[pairs] > 0)]
    levels = problem.need_level[problem.pair_need[others]]
    own = int(state.slots[state.pairs_of_need(need)].sum())
    earlier = int(state.slots[others[levels < problem.need_level[need]]].sum())
    same = int(state.slots[others[levels == problem.need_level[need]]].sum())
    groups = (
        (own, "to this need"),
        (same, "to needs of the same level"),
        (earlier, "to needs that come first"),
    )
    given = [f"{count} {words}" for count, words in groups if count]
    return f"of their slots {', '.join(given)}" if given else "none of their slots are given"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"


def _listed(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{count} {words}" for words, count in ordered)
