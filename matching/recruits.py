"""An offer worth recruiting, as data and in words that a school board understands."""

from dataclasses import dataclass

from matching.shortages import Shortage, counted
from matching.texts import plain_text

LEAST_RADIUS_KM = 1.0
_LONGEST_EXAMPLE = 60
KIND_SLOTS = {
    "mentoring": "mentoring slot",
    "tutoring": "tutoring slot",
    "program": "program slot",
    "event": "event volunteer",
    "resources": "resource package",
}
"""What a slot of each kind is called."""


@dataclass(frozen=True, slots=True)
class Recruit:
    """An offer worth recruiting, and what the plan fills with it once those before it are there too.

    Parameters
    ----------
    kind, slots, trained_slots, grades, languages, schedule
        As in the offers table: ``languages`` and ``schedule`` are blank where no need that it fills asks.
    near_school_id, near_school, radius_km
        It has to reach so far around this school, at least 1; blank and None: anywhere.
    example_need_id, example
        The need whose text stood for the subject.
    slots_filled
        Slots that the plan fills with it and did not without.
    by_level
        The same for each level that changes.
    need_ids, num_schools
        Where its slots go.
    sentence
        All that in words.
    """

    kind: str
    slots: int
    trained_slots: int
    grades: str
    languages: str
    schedule: str
    near_school_id: str
    near_school: str
    radius_km: float | None
    example_need_id: str
    example: str
    slots_filled: int
    by_level: dict[str, int]
    need_ids: tuple[str, ...]
    num_schools: int
    sentence: str


@dataclass(frozen=True, slots=True)
class RecruitingBrief:
    """Why levels stay short of need, and whom to recruit, in order; each counts on those before it."""

    shortages: tuple[Shortage, ...]
    recruits: tuple[Recruit, ...]


def sentence_of(recruit: Recruit) -> str:
    """Return what is sought and what it fills."""
    said = [
        f"{counted(recruit.slots, f'more {KIND_SLOTS[recruit.kind]}')}"
        f"{', trained and cleared' if recruit.trained_slots else ''}",
        f"for grades {recruit.grades.replace('|', ', ')}",
        place_words(recruit),
        f"speaking {recruit.languages}" if recruit.languages else "",
        f"for needs like \u201c{recruit.example}\u201d",
    ]
    filled, schools = counted(recruit.slots_filled, "slot"), counted(recruit.num_schools, "school")
    return (
        f"{', '.join(part for part in said if part)}: {filled} filled at {schools} ({gain_words(recruit)})."
    )


def gain_words(recruit: Recruit) -> str:
    """Return the slots it fills by level: "mentoring: 15 of priority 1; other help: 3 of priority 2"."""
    said: dict[str, list[str]] = {}
    for level, count in recruit.by_level.items():
        line, priority = level.rsplit("-", 1)
        number = f"{count:,}" if count > 0 else f"{-count:,} fewer"
        said.setdefault("mentoring" if line == "mentoring" else "other help", []).append(
            f"{number} of priority {priority}"
        )
    return "; ".join(f"{line}: {', '.join(counts)}" for line, counts in said.items())


def place_words(recruit: Recruit) -> str:
    """Return where the offer has to reach, in words."""
    if not recruit.near_school:
        return "anywhere in the district"
    if recruit.radius_km == LEAST_RADIUS_KM:
        return f"at or near {recruit.near_school}"
    return f"within {recruit.radius_km:g} km of {recruit.near_school}"


def clipped(text: str) -> str:
    """Return a text short enough to stand for a subject."""
    plain = plain_text(text).rstrip(". ")
    if len(plain) <= _LONGEST_EXAMPLE:
        return plain
    return plain[:_LONGEST_EXAMPLE].rsplit(" ", 1)[0].rstrip(",;:") + " ..."
