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
        Rule.KIND: "another kind of help",
        Rule.GRADES: "other grades",
        Rule.DISTANCE: "too far away",
        Rule.SCHEDULE: "other times",
        Rule.LANGUAGES: "none of the languages asked for",
        Rule.CLEARANCE: "no trained and cleared mentor",
        Rule.AGREEMENT: "agreement expired",
        Rule.EXCLUDED: "school excluded or pair declined",
        Rule.COST: "above the budget",
        Rule.FIT_FLOOR: "about something else",
        Rule.CAPACITY: "no free slots",
        Rule.TRAINED_CAPACITY: "no trained mentor free",
        Rule.NEED_SLOTS: "all its slots are filled",
        Rule.MIN_MATCH: "too few slots left for a match",
        Rule.MIN_NEED: "too few slots left for the least it asks",
        Rule.MAX_PARTNERS: "the school takes no more partners",
        Rule.MAX_SCHOOLS: "the partner takes no more schools",
    }
)
"""What stands in the way of a pair, by the rule that excludes it."""


class Cause(StrEnum):
    """Why a need has slots without a match."""

    NO_OFFER_OF_KIND = "no_offer_of_kind"
    RULES = "rules"
    FIT_FLOOR = "fit_floor"
    CAPACITY = "capacity"
    GROUP_RULE = "group_rule"
