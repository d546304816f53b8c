"""The mutations of `benchmarks.mutations`: every constraint once, taken out by a change of its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
Changes = Mapping[str, tuple[str, str]]

OPTIMIZER_TESTS = tuple(
    f"tests/optimizer/test_{name}.py"
    for name in ("rules", "usable", "neighbourhood", "properties", "mip", "bounds", "search", "exact")
)
AUDIT_TESTS = ("tests/matching/test_audit.py",)
RULES_TESTS = ("tests/matching/test_rules.py", "tests/matching/test_candidates.py")
UNMET_TESTS = ("tests/matching/test_unmet.py", "tests/matching/test_unmet_locks.py")


class Mutation(NamedTuple):
    """A line of a file that is replaced, and the tests of which one has to fail then."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]

    def applied_to(self, text: str) -> str:
        """Return the text with the replacement.

        Raises
        ------
        ValueError
            The line is not there just once: the code has changed, and this catalog has to follow.
        """
        if (count := text.count(self.before)) != 1:
            raise ValueError(f"{self.name}: expected once in {self.file}, found {count} times: {self.before}")
        return text.replace(self.before, self.after)


def _of(file: str, tests: tuple[str, ...], changes: Changes) -> list[Mutation]:
    return [
        Mutation(f"{Path(file).stem}: {name}", file, before, after, tests)
        for name, (before, after) in changes.items()
    ]


_NETWORK: Changes = {
    "capacity": (
        "1 + offers, problem.offer_slots, 0 * offers - 1",
        "1 + offers, 2 * problem.offer_slots, 0 * offers - 1",
    ),
    "trained_capacity": ("trained_slots[trained], 0 * trained", "2 + trained_slots[trained], 0 * trained"),
    "need_slots": (
        "first_group + group, problem.need_slots, problem.need_level",
        "first_group + group, 2 * problem.need_slots, problem.need_level",
    ),
    "pair_locked": ("arc_low[at.pairs] = low[pair]", "arc_low[at.pairs] = 0 * low[pair]"),
    "pair_max_slots": (
        "return most if problem.pair_max_slots is None else np.minimum(most, problem.pair_max_slots)",
        "return most",
    ),
}
_USABLE: Changes = {
    "need_slots": ("return np.minimum(reach, problem.need_slots)", "return reach"),
    "need_slots beside locks": (
        "np.minimum(most_slots(problem), problem.need_slots[need] - locked)",
        "most_slots(problem)",
    ),
    "capacity beside locks": ("np.minimum(most, problem.offer_slots[offer] - locked)", "most"),
    "trained_capacity beside locks": (
        "np.minimum(most, problem.offer_trained_slots[offer] - locked), most)",
        "most, most)",
    ),
    "pair_locked above all rules": (
        "np.maximum(np.where(refused, 0, most), locks)",
        "np.where(refused, 0, most)",
    ),
}
_LOCKS: Changes = {
    "need_slots": ("of_need[n] -= held", "of_need[n] -= 0"),
    "capacity": ("of_offer[o] -= held", "of_offer[o] -= 0"),
    "trained_capacity": ("trained[o] -= held * uses_trained[n]", "trained[o] -= 0"),
    "latest level first": (
        "np.lexsort((offer, need, problem.need_level[need]))",
        "np.lexsort((offer, need))",
    ),
}
_RULES: Changes = {
    "min_match": ("np.where(locks > 0, 1, _min_match(problem))", "np.ones(problem.num_pairs, np.int64)"),
    "min_match beside a lock": ("np.where(locks > 0, 1, _min_match(problem))", "_min_match(problem)"),
    "min_match of a small need": (
        "np.minimum(problem.offer_min_slots[offer], problem.need_slots[need])",
        "problem.offer_min_slots[offer]",
    ),
    "min_match of a small offer": (
        "least = np.minimum(least, problem.offer_slots[offer])",
        "least = least + 0",
    ),
    "min_match of few trained slots": ("least = np.minimum(least, trained)", "least = least + 0"),
    "min_need": ("np.clip(problem.need_min_slots, 1, NO_LIMIT)", "np.ones(problem.num_needs, np.int64)"),
    "min_need beside a lock": ("np.where(locked > 0, 1, np.clip(", "np.where(locked > NO_LIMIT, 1, np.clip("),
    "max_partners of a need": (
        "_links(need, partner, problem.need_max_partners, locks)",
        "_links(need, partner, None, locks)",
    ),
    "max_partners of a school": (
        "_links(school, partner, problem.school_max_partners, locks)",
        "_links(school, partner, None, locks)",
    ),
    "max_schools of a partner": ("problem.partner_max_schools, locks, owner", "None, locks, owner"),
    "max_partners beside locks": (
        "limit = np.maximum(limit, np.bincount(owner, weights=is_locked",
        "limit = np.maximum(limit, 0 * np.bincount(owner, weights=is_locked",
    ),
}
_NEIGHBOURHOOD: Changes = {
    "need_slots": (
        "in _members(need, problem.need_slots[need]):",
        "in _members(need, 2 * problem.need_slots[need]):",
    ),
    "capacity": ("in _members(offer, near.offer_left):", "in _members(offer, 2 * near.offer_left):"),
    "trained_capacity": (
        "_members(offer[trained], near.trained_left[trained])",
        "_members(offer[trained], 9 + near.trained_left[trained])",
    ),
    "min_match": ("model.add(variable >= least * is_used)", "model.add(variable >= is_used)"),
    "min_need": ("model.add(total >= least * is_used)", "model.add(total >= is_used)"),
    "pair_locked": ("model.new_int_var(least, most", "model.new_int_var(0 * least, most"),
    "max_partners of a need": (
        "partners.limit[partners.owner[of_pair]])])",
        "9 + partners.limit[partners.owner[of_pair]])])",
    ),
    "max_partners of a school": (
        "(schools.owner[of_pair], near.school_left[closed])",
        "(schools.owner[of_pair], 9 + near.school_left[closed])",
    ),
    "max_schools of a partner": (
        "(rules.partner_schools.owner[of_pair], near.partner_left[closed])",
        "(rules.partner_schools.owner[of_pair], 9 + near.partner_left[closed])",
    ),
}
_MIP: Changes = {
    "need_slots": (
        "program.limit(need, slots, -np.inf, problem.need_slots[need])",
        "program.limit(need, slots, -np.inf, 9 * problem.need_slots[need])",
    ),
    "capacity": (
        "program.limit(offer, slots, -np.inf, near.offer_left)",
        "program.limit(offer, slots, -np.inf, 9 + near.offer_left)",
    ),
    "trained_capacity": ("-np.inf, near.trained_left[trained])", "-np.inf, 9 + near.trained_left[trained])"),
    "min_match": (
        "switch[pairs], least[pairs], on_least=True)",
        "switch[pairs], 0 * least[pairs], on_least=True)",
    ),
    "min_need": (
        "switch, rules.min_need[need[pairs]], on_least=True)",
        "switch, 0 * rules.min_need[need[pairs]], on_least=True)",
    ),
    "max_partners of a need": (
        "limits = [(owner, links.limit[owner])]",
        "limits = [(owner, 9 + links.limit[owner])]",
    ),
    "max_partners of a school": (
        "[(schools.owner[of_pair], near.school_left),",
        "[(schools.owner[of_pair], 9 + near.school_left),",
    ),
    "max_schools of a partner": (
        "(partners.owner[of_pair], near.partner_left)]",
        "(partners.owner[of_pair], 9 + near.partner_left)]",
    ),
}
_AUDIT: Changes = {
    "unknown need": ("for row in _rows(need < 0):", "for row in _rows(need < -9):"),
    "unknown offer": ("for row in _rows(offer < 0):", "for row in _rows(offer < -9):"),
    "slots": ('_rows(matches["slots"].to_numpy() < 1)', '_rows(matches["slots"].to_numpy() < -9)'),
    "duplicate": (
        'matches.duplicated(["need_id", "offer_id"]).to_numpy()',
        'matches.duplicated(["need_id", "offer_id"]).to_numpy()[:0]',
    ),
    "pair rules": (
        "_rows(~allows(facts, plan.pairs.need, plan.pairs.offer, policy.rules))",
        "_rows(~allows(facts, plan.pairs.need, plan.pairs.offer, policy.rules))[:0]",
    ),
    "pair rules of a grown lock": ("is_held = plan.locked >= plan.slots", "is_held = plan.locked > 0"),
    "fit_floor": ("_rows(similarity < np.float32(policy.fit.floor))", "_rows(similarity < -9)"),
    "capacity": ("_rows(used > facts.offers.slots)", "_rows(used > 9 * facts.offers.slots)"),
    "trained_capacity": (
        "_rows(trained > facts.offers.trained)",
        "_rows(trained > 9 + facts.offers.trained)",
    ),
    "trained_capacity of mentoring alone": (
        "mentoring = plan.slots * uses_trained(facts.needs)[pairs.need]",
        "mentoring = plan.slots",
    ),
    "need_slots": ("_rows(filled > facts.needs.slots)", "_rows(filled > 9 * facts.needs.slots)"),
    "min_match": ("_rows(plan.slots < least)", "_rows(plan.slots < 0 * least)"),
    "min_match of a small need": (
        "np.minimum(facts.offers.min_slots[pairs.offer], facts.needs.slots[pairs.need])",
        "facts.offers.min_slots[pairs.offer]",
    ),
    "min_match of a small offer": (
        "least = np.minimum(least, facts.offers.slots[pairs.offer])",
        "least = least + 0",
    ),
    "min_match of few trained slots": (
        "np.minimum(least, facts.offers.trained[pairs.offer]), least)",
        "least, least)",
    ),
    "min_match beside a lock": ("pair, is_error=not is_held[pair]", "pair, is_error=True"),
    "min_need": ("(filled > 0) & (filled < facts.needs.min_slots)", "(filled > 0) & (filled < 0)"),
    "min_need beside a lock": ("locked = bool(held[need] > 0)", "locked = bool(held[need] > 9)"),
    "max_partners of a need": (
        "partner, facts.needs.max_partners)",
        "partner, 9 + facts.needs.max_partners)",
    ),
    "max_partners of a school": (
        "_too_many(plan, school, partner, facts.school_max_partners)",
        "_too_many(plan, school, partner, 9 + facts.school_max_partners)",
    ),
    "max_schools of a partner": (
        "_too_many(plan, partner, school, facts.partner_max_schools)",
        "_too_many(plan, partner, school, 9 + facts.partner_max_schools)",
    ),
    "counts beside locks": ("bool(locked == count)", "bool(locked > 0)"),
    "pair_locked": ("if slots < locks.slots[row]:", "if slots < 0 * locks.slots[row]:"),
    "pair_locked cut for a need": (
        "(needed >= facts.needs.slots)[locks.need] |",
        "(needed < 0)[locks.need] |",
    ),
    "pair_locked cut for an offer": (
        "| (given >= facts.offers.slots)[locks.offer]",
        "| (given < 0)[locks.offer]",
    ),
    "pair_locked cut for trained slots": (
        "exceeds |= (trained >= facts.offers.trained)[locks.offer] & mentoring[locks.need]",
        "exceeds |= False",
    ),
    "trained slots of mentoring locks alone": ("[locks.offer] & mentoring[locks.need]", "[locks.offer]"),
    "figures": ("for row in _rows(differs):", "for row in _rows(differs)[:0]:"),
}
_PAIR_RULES: Changes = {
    rule: (
        f"        Rule.{rule.upper()}: {function},\n",
        f"        Rule.{rule.upper()}: lambda f, n, o, r: ~has_agreement(f, n, o, r) | True,\n",
    )
    for rule, function in {
        "agreement": "has_agreement",
        "clearance": "is_cleared",
        "cost": "is_affordable",
        "excluded": "is_not_excluded",
        "languages": "shares_language",
        "distance": "is_within_radius",
        "schedule": "shares_time",
    }.items()
} | {
    "kind": ("block = among & shares_kind(", "block = among & True | among & shares_kind("),
    "grades": ("block &= shares_grade(", "block &= True | shares_grade("),
}
_UNMET: Changes = {
    "later slots": (
        "later = (state.given - state.locked)[offers, level + 1 :]",
        "later = 0 * (state.given)[offers, level + 1 :]",
    ),
    "locks of later needs": ("(state.given - state.locked)[offers", "(state.given)[offers"),
    "locks of later mentoring needs": (
        "(state.given_mentoring - state.locked_mentoring)[offers",
        "(state.given_mentoring)[offers",
    ),
    "idle trained slots": ("np.minimum(later - later_mentoring, idle)", "(later - later_mentoring)"),
}

CATALOG: tuple[Mutation, ...] = (
    *_of("optimizer/network.py", OPTIMIZER_TESTS, _NETWORK),
    *_of("optimizer/usable.py", OPTIMIZER_TESTS, _USABLE),
    *_of("optimizer/locks.py", OPTIMIZER_TESTS, _LOCKS),
    *_of("optimizer/rules.py", OPTIMIZER_TESTS, _RULES),
    *_of("optimizer/neighbourhood.py", OPTIMIZER_TESTS, _NEIGHBOURHOOD),
    *_of("optimizer/mip.py", OPTIMIZER_TESTS, _MIP),
    *_of("matching/audit.py", AUDIT_TESTS, _AUDIT),
    *_of("matching/rules.py", RULES_TESTS, _PAIR_RULES),
    *_of("matching/unmet.py", UNMET_TESTS, _UNMET),
)
"""Every mutation, by file."""
