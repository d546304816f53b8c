"""The fixed words of a district: kinds, statuses, the ten slot levels and the names of the rules."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

KINDS = ("mentoring", "tutoring", "program", "event", "resources")
MENTORING = KINDS.index("mentoring")
PRIORITIES = (1, 2, 3, 4, 5)
LEVELS = tuple(f"{line}-{priority}" for line in ("mentoring", "other") for priority in PRIORITIES)


class Rule(StrEnum):
    """The hard rules; one name each in candidates, audit, explanation and report."""

    KIND = "kind"
    GRADES = "grades"
    DISTANCE = "distance"
    SCHEDULE = "schedule"
    LANGUAGES = "languages"
    CLEARANCE = "clearance"
    AGREEMENT = "agreement"
    EXCLUDED = "excluded"
    COST = "cost"
    FIT_FLOOR = "fit_floor"
    CAPACITY = "capacity"
    TRAINED_CAPACITY = "trained_capacity"
    NEED_SLOTS = "need_slots"
    MIN_MATCH = "min_match"
    MIN_NEED = "min_need"
    MAX_PARTNERS = "max_partners"
    MAX_SCHOOLS = "max_schools"
    PAIR_LOCKED = "pair_locked"


RULE_WORDS: Mapping[Rule, str] = MappingProxyType(
    {
        Rule.KIND: "are of another kind",
        Rule.GRADES: "serve other grades",
        Rule.DISTANCE: "lie outside the partner's radius",
        Rule.SCHEDULE: "come at other times",
        Rule.LANGUAGES: "speak none of the languages asked for",
        Rule.CLEARANCE: "have no trained and cleared mentor",
        Rule.AGREEMENT: "have an expired agreement",
        Rule.EXCLUDED: "exclude this school or were declined",
        Rule.COST: "cost more than the budget",
        Rule.FIT_FLOOR: "are about something else",
    }
)
"""What each pair rule says of the offers that it excludes; "of 12 offers, 5 ..."."""


class Cause(StrEnum):
    """Why a need has slots without a match."""

    NO_OFFER_OF_KIND = "no_offer_of_kind"
    RULES = "rules"
    FIT_FLOOR = "fit_floor"
    CAPACITY = "capacity"
    GROUP_RULE = "group_rule"
