"""The fixed words of a district as a reader sees them: kinds, levels, causes, respondents, parts of the fit."""

from collections.abc import Mapping, Sequence
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
        Cause.CAPACITY: "Suitable partners have too few slots left",
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
    {"family": "Family", "staff": "Staff", "student": "Student", "community": "Community"}
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

_LINE_WORDS: Mapping[str, str] = MappingProxyType({"mentoring": "mentoring", "other": "everything else"})


def level_words(name: str) -> str:
    """Return a slot level as a reader sees it: ``mentoring-1`` is "Mentoring, priority 1"."""
    line, priority = name.rsplit("-", 1)
    return f"{'Mentoring' if line == 'mentoring' else 'All other'}, priority\u00a0{priority}"


def order_words(names: Sequence[str]) -> str:
    """Return an order of levels in words: "mentoring from priority 1 to 5, then everything else of priority 1"."""
    runs: list[tuple[str, list[int]]] = []
    for name in names:
        line, priority = name.rsplit("-", 1)
        if runs and runs[-1][0] == line and runs[-1][1][-1] + 1 == int(priority):
            runs[-1][1].append(int(priority))
        else:
            runs.append((line, [int(priority)]))
    return ", then ".join(_run_words(*run) for run in runs)


def name_words(name: str) -> str:
    """Return the name of a folder as a heading: ``san-francisco`` is "San Francisco"; written names stay."""
    return name.replace("-", " ").replace("_", " ").title() if name == name.lower() else name


def counted(count: int, word: str, plural: str = "") -> str:
    """Return a count with its noun: "1 slot", "1,200 slots"."""
    return f"{count:,} {word if count == 1 else plural or word + 's'}"


def _run_words(line: str, priorities: Sequence[int]) -> str:
    if len(priorities) == 1:
        return f"{_LINE_WORDS[line]} of priority {priorities[0]}"
    return f"{_LINE_WORDS[line]} from priority {priorities[0]} to {priorities[-1]}"
