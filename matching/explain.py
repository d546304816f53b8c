"""Why this match: one sentence a coordinator can say on the telephone."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from matching.candidates import ScoredPairs
from matching.district import District
from matching.facts import Facts, offered_languages
from matching.fit import Partnership
from matching.rules import distance_km
from matching.texts import plain_text
from matching.values import ALL_GRADES, MINUTES_A_DAY, format_grades, parse_schedule, split_list

Index = NDArray[np.int64]

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
LONGEST_FOCUS = 110
YEARS_WORTH_SAYING = 2


def match_reasons(
    district: District, facts: Facts, partnership: Partnership, pairs: ScoredPairs
) -> list[str]:
    """Return a sentence a pair, such as "Reading mentors, for grades 3-5, 2.1 km away, free on Wednesdays"."""
    km = distance_km(facts, pairs.need, pairs.offer)
    shared = facts.needs.grades[pairs.need] & facts.offers.grades[pairs.offer]
    offers = district.offers
    focuses, offered = offers["focus"].tolist(), offers["schedule"].tolist()
    spoken, asked = offered_languages(district), _wanted_languages(district, facts)
    wanted = district.needs["schedule"].tolist()
    sentences = []
    for row, (need, offer) in enumerate(zip(pairs.need.tolist(), pairs.offer.tolist(), strict=True)):
        said = [
            _clipped(focuses[offer]),
            _grades_said(int(shared[row]), int(facts.needs.grades[need])),
            "" if np.isnan(km[row]) else f"{km[row]:.1f} km away",
            _days_said(wanted[need], offered[offer]),
            _languages_said(asked[need], spoken[offer]),
            *_partner_said(partnership, offer),
        ]
        sentences.append(", ".join(part for part in said if part))
    return sentences


def _clipped(focus: str) -> str:
    text = plain_text(focus).rstrip(".")
    if len(text) <= LONGEST_FOCUS:
        return text
    return text[:LONGEST_FOCUS].rsplit(" ", 1)[0].rstrip(",;:") + " ..."


@lru_cache(maxsize=4096)
def _grades_said(shared: int, needed: int) -> str:
    if shared in (0, ALL_GRADES):
        return ""
    grades = format_grades(shared)
    word = "grade" if grades.isalnum() else "grades"
    return f"for {word} {grades.replace('|', ', ')}" + (
        "" if needed in (shared, ALL_GRADES) else " of the need"
    )


@lru_cache(maxsize=65536)
def _days_said(wanted: str, offered: str) -> str:
    """Return the days on which the offer comes at a time that the need asks for, or comes at all."""
    if not offered:
        return ""
    times = parse_schedule(offered)
    if wanted:
        asked = parse_schedule(wanted)
        times = tuple((s, e) for s, e in times if any(s < end and start < e for start, end in asked))
    days = sorted({start // MINUTES_A_DAY for start, _ in times})
    return f"free on {_joined([WEEKDAYS[day] for day in days])}" if days else ""


def _wanted_languages(district: District, facts: Facts) -> list[str]:
    of_schools = district.schools["languages"].to_numpy()[facts.needs.school]
    return [own or school for own, school in zip(district.needs["languages"], of_schools, strict=True)]


@lru_cache(maxsize=65536)
def _languages_said(wanted: str, spoken: str) -> str:
    asked = {language.casefold() for language in split_list(wanted)} - {"english"}
    shared = [language for language in split_list(spoken) if language.casefold() in asked]
    return f"speaks {_joined(shared)}" if shared else ""


def _partner_said(partnership: Partnership, offer: int) -> Iterator[str]:
    if partnership.is_published[offer]:
        schools = int(partnership.schools[offer])
        by = f" by {schools} school{'s' if schools > 1 else ''}" if schools else ""
        yield f"rated {partnership.rating[offer]:.1f}{by}"
    if partnership.years[offer] >= YEARS_WORTH_SAYING:
        yield f"committed for {partnership.years[offer]:g} years"


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
