"""What stands between a need and an offer, rule by rule, and what would have to change."""

from dataclasses import dataclass

import numpy as np

from matching.candidates import Scorer
from matching.facts import offered_languages, pair_key
from matching.rules import PAIR_RULES, distance_km
from matching.values import ALL_GRADES, format_grades
from matching.vocabulary import KINDS, Rule


@dataclass(frozen=True, slots=True)
class RuleGap:
    """A pair rule that a pair breaks: what is so, and what would have to be."""

    rule: Rule
    found: str
    wanted: str


def rule_gaps(scorer: Scorer, need: int, offer: int) -> tuple[RuleGap, ...]:
    """Return every pair rule that keeps an offer from a need, none where it is a candidate."""
    pair = np.array([need]), np.array([offer])
    rules = scorer.policy.rules
    broken = [rule for rule, allows in PAIR_RULES.items() if not allows(scorer.facts, *pair, rules)[0]]
    if scorer.texts.pairs(*pair).similarity[0] < np.float32(scorer.policy.fit.floor):
        broken.append(Rule.FIT_FLOOR)
    return tuple(RuleGap(rule, *_SAID[rule](scorer, need, offer)) for rule in broken)


def _kind(scorer: Scorer, need: int, offer: int) -> tuple[str, str]:
    kind = KINDS[int(scorer.facts.needs.kind[need])]
    given = str(scorer.district.offers["kinds"].iloc[offer]).replace("|", ", ")
    return f"the need is {kind}, the offer gives {given}", f"the offer would have to give {kind} too"


def _grades(scorer: Scorer, need: int, offer: int) -> tuple[str, str]:
    asked, given = (
        _grades_said(int(bits))
        for bits in (scorer.facts.needs.grades[need], scorer.facts.offers.grades[offer])
    )
    return f"the need is for {asked}, the offer for {given}", f"the offer would have to serve some of {asked}"


def _grades_said(bits: int) -> str:
    grades = format_grades(bits)
    word = "grade" if grades.isalnum() else "grades"
    return "all grades" if bits == ALL_GRADES else f"{word} {grades.replace('|', ', ')}"


def _distance(scorer: Scorer, need: int, offer: int) -> tuple[str, str]:
    km = float(distance_km(scorer.facts, np.array([need]), np.array([offer]))[0])
    radius = float(scorer.facts.offers.radius[offer])
    wanted = np.ceil(km * 10) / 10
    return (
        f"the school is {km:.1f} km away, the partner comes as far as {radius:g} km",
        f"the partner would have to come as far as {wanted:.1f} km",
    )


def _schedule(scorer: Scorer, need: int, offer: int) -> tuple[str, str]:
    shared = int(scorer.facts.shared_minutes.of_pairs(np.array([need]), np.array([offer]))[0])
    asked, given = (table["schedule"] for table in (scorer.district.needs, scorer.district.offers))
    least = scorer.policy.rules.min_shared_minutes
    return (
        f"the need asks for {_times(asked.iloc[need])}, the offer comes {_times(given.iloc[offer])}: "
        f"{shared} minutes a week in common",
        f"their times would have to share {least} minutes a week",
    )


def _times(schedule: str) -> str:
    return schedule.replace("|", ", ")


def _languages(scorer: Scorer, need: int, offer: int) -> tuple[str, str]:
    asked = str(scorer.district.needs["languages"].iloc[need]).replace("|", " or ")
    spoken = offered_languages(scorer.district)[offer].replace("|", ", ")
    return f"the need asks for {asked}, the offer speaks {spoken}", f"someone would have to speak {asked}"


def _clearance(scorer: Scorer, need: int, offer: int) -> tuple[str, str]:
    until = scorer.district.offers["cleared_until"].iloc[offer]
    if int(scorer.facts.offers.trained[offer]) < 1:
        return (
            "no one of this offer is trained and cleared for mentoring",
            "at least one of its people would have to be trained and cleared",
        )
    if until == until:  # noqa: PLR0124 - a blank date is not equal to itself
        return f"the clearance ended on {until:%Y-%m-%d}", "the clearance would have to be renewed"
    return "the table names no date up to which its people are cleared", "the table would have to name one"


def _agreement(scorer: Scorer, need: int, offer: int) -> tuple[str, str]:
    partner = int(scorer.facts.offers.partner[offer])
    expired = scorer.district.partners["agreement_expires"].iloc[partner]
    return f"the partner's agreement expired on {expired:%Y-%m-%d}", "the agreement would have to be renewed"


def _excluded(scorer: Scorer, need: int, offer: int) -> tuple[str, str]:
    facts = scorer.facts
    key = pair_key(facts.needs.school[[need]], facts.offers.partner[[offer]], facts.num_partners)
    if np.isin(key, facts.excluded)[0]:
        return (
            "the partner does not go to this school (not_schools)",
            "the partner would have to agree to go there",
        )
    return "the pair was declined this school year", "it may be proposed again next school year"


def _cost(scorer: Scorer, need: int, offer: int) -> tuple[str, str]:
    cost, budget = float(scorer.facts.offers.cost[offer]), float(scorer.facts.needs.budget[need])
    return (
        f"it costs the school {cost:g}, the need's budget is {budget:g}",
        f"the budget would have to be {cost:g}, or the offer cost no more than {budget:g}",
    )


def _fit_floor(scorer: Scorer, need: int, offer: int) -> tuple[str, str]:
    similarity = float(scorer.texts.pairs(np.array([need]), np.array([offer])).similarity[0])
    return (
        f"what the offer says is unlikely to be what the need asks for: similarity "
        f"{np.floor(100 * similarity) / 100:.2f}, the policy asks {scorer.policy.fit.floor:g}",
        "the texts of need and offer would have to say more clearly that they are about the same",
    )


_SAID = {
    Rule.KIND: _kind,
    Rule.GRADES: _grades,
    Rule.DISTANCE: _distance,
    Rule.SCHEDULE: _schedule,
    Rule.LANGUAGES: _languages,
    Rule.CLEARANCE: _clearance,
    Rule.AGREEMENT: _agreement,
    Rule.EXCLUDED: _excluded,
    Rule.COST: _cost,
    Rule.FIT_FLOOR: _fit_floor,
}
