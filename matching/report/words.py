"""The fixed words of a district as a reader sees them: kinds, levels, causes, respondents, parts of the fit."""

from collections.abc import Mapping
from types import MappingProxyType

from matching.vocabulary import Cause

KIND_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "mentoring": "Mentoring",
        "tutoring": "Tutoring",
        "program": "Programs",
        "event": "Events",
        "resources": "Resources",
    }
)

CAUSE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        Cause.NO_OFFER_OF_KIND: "No partner offers this",
        Cause.RULES: "Partners offer this, but none may come",
        Cause.FIT_FLOOR: "Partners could come, but none is about this",
        Cause.CAPACITY: "Suitable partners have no slots left",
        Cause.GROUP_RULE: "A limit stands in the way",
    }
)

CAUSE_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        Cause.NO_OFFER_OF_KIND: "Recruit a partner for this kind of support.",
        Cause.RULES: "See which rule excludes most: often one talk about times, grades or distance is enough.",
        Cause.FIT_FLOOR: "Recruit for this subject, or describe the need in more words.",
        Cause.CAPACITY: "Ask these partners for more slots, or find more partners like them.",
        Cause.GROUP_RULE: "Ask the school, or the partner, whether its limit may be loosened.",
    }
)

RESPONDENT_WORDS: Mapping[str, str] = MappingProxyType(
    {"family": "Families", "staff": "Staff", "student": "Students", "community": "Community"}
)

PART_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "similarity": "Subject",
        "grades": "Grades",
        "distance": "Nearness",
        "schedule": "Times",
        "languages": "Languages",
        "priorities": "Partner\u2019s priorities",
        "quality": "Evaluations",
        "commitment": "Commitment",
    }
)
"""The parts of the fit, by the names of the policy's weights."""


def level_words(name: str) -> str:
    """Return a slot level as a reader sees it: ``mentoring-1`` is "Mentoring, priority 1"."""
    line, priority = name.rsplit("-", 1)
    return f"{'Mentoring' if line == 'mentoring' else 'All other'}, priority {priority}"


def counted(count: int, word: str, plural: str = "") -> str:
    """Return a count with its noun: "1 slot", "1,200 slots"."""
    return f"{count:,} {word if count == 1 else plural or word + 's'}"
