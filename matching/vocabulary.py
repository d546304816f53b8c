"""The fixed words of a district: kinds, statuses, the ten slot levels and the names of the rules."""

from enum import StrEnum

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


class Cause(StrEnum):
    """Why a need has slots without a match."""

    NO_OFFER_OF_KIND = "no_offer_of_kind"
    RULES = "rules"
    FIT_FLOOR = "fit_floor"
    CAPACITY = "capacity"
    GROUP_RULE = "group_rule"
