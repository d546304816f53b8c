"""The settings of a policy in plain words: what each does, and what it trades off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from babel.dates import get_month_names

from matching.policy import Policy, changed_settings, policy_from_toml
from service.pages.reader import Reader
from service.pages.rendering import level_words
from service.runs.records import AnyRow

HUNDRED: Final = 100


@dataclass(frozen=True, slots=True)
class Words:
    """How a setting is told and changed.

    Parameters
    ----------
    why
        What it does, and what is lost by more and by less of it.
    unit
        Stands behind the number; a share, 0 to 1, is told as "%".
    most, step, least
        Where a slider ends, its steps, and where it begins, in the unit; ``most`` 0 for a field to write into.
    """

    label: str
    why: str
    unit: str = ""
    most: float = 0
    step: float = 1
    least: float = 0

    @property
    def scale(self) -> int:
        """By what a value is told in the unit."""
        return HUNDRED if self.unit == "%" else 1


SETTINGS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "objective.levels": Words(
            "What is filled first",
            "A level takes all it can before the next one gets a slot. Who stands further down may get nothing.",
        ),
        "objective.even": Words(
            "Spread what stays open over the schools",
            "On: no school carries most of the gaps alone. Off: the best fitting pairs go first, wherever they are.",
        ),
        "fit.floor": Words(
            "How sure it must be that an offer is what a school asks for",
            "Higher: fewer and safer pairs, and more slots stay open. Lower: more is filled, with more to check.",
            "%",
            100,
        ),
        "fit.weights.similarity": Words(
            "Weight: the offer is what was asked for",
            "Only the proportions of these eight weights count. More of this one: closer to the school's own words.",
            "%",
            100,
        ),
        "fit.weights.grades": Words(
            "Weight: all grades are served",
            "More: offers for all of a need's grades come before those for some.",
            "%",
            100,
        ),
        "fit.weights.distance": Words(
            "Weight: the way is short",
            "More: near partners come first, who come more often and stay longer. Better ones far away lose.",
            "%",
            100,
        ),
        "fit.weights.schedule": Words(
            "Weight: the hours suit",
            "More: partners with more of the school's hours come first.",
            "%",
            100,
        ),
        "fit.weights.languages": Words(
            "Weight: the families' languages are spoken",
            "More: partners who speak them come first, also where a need does not ask for it.",
            "%",
            100,
        ),
        "fit.weights.priorities": Words(
            "Weight: it is what the partner cares for",
            "More: partners get what they chose themselves, and schools somewhat less of what they asked for.",
            "%",
            100,
        ),
        "fit.weights.quality": Words(
            "Weight: schools rated the partner well",
            "More: well rated partners come first. New partners, whom nobody has rated yet, count as average.",
            "%",
            100,
        ),
        "fit.weights.commitment": Words(
            "Weight: the partner stays for years",
            "More: lasting support comes before one-year projects.",
            "%",
            100,
        ),
        "fit.half_distance_km": Words(
            "The way at which nearness is worth half",
            "Short for a dense city, long for the country: beyond it, distance counts ever less in favor.",
            "km",
            50,
            0.5,
        ),
        "fit.full_commitment_years": Words(
            "Years of commitment that count in full",
            "Whoever promises as many years or more gets the full part; fewer years get their share of it.",
            "years",
            20,
            0.5,
        ),
        "rules.require_clearance": Words(
            "Mentors without a date of clearance are not cleared",
            "On: nobody mentors whose clearance is not on record, and many offers may drop out until it is. "
            "Off: where nothing is on record, they count as cleared.",
        ),
        "rules.min_shared_minutes": Words(
            "Time that a pair must have in common",
            "More: no session is too short to be worth the way. Less: more pairs are possible. "
            "It counts only where both say when they can.",
            "minutes a week",
            240,
            15,
        ),
        "rules.school_year_starts": Words(
            "Month in which a school year begins",
            "A pair that was declined may be proposed again from then on.",
        ),
        "priority.min_respondents": Words(
            "Answers that evidence needs to count",
            "More: safer, and nobody can be recognized behind a number. Less: small schools have a say too.",
            "people",
            50,
            1,
            1,
        ),
        "priority.min_schools": Words(
            "Schools that are needed to compare",
            "With fewer, a school is measured by its own numbers alone.",
            "schools",
            30,
            1,
            2,
        ),
        "priority.survey": Words(
            "Weight: what families, staff and students say",
            "Only the proportions of these five weights count. More: voices decide who is urgent.",
            "%",
            200,
            5,
        ),
        "priority.diagnostic": Words(
            "Weight: this year's tests in class",
            "More: who lags behind now is urgent.",
            "%",
            200,
            5,
        ),
        "priority.state_test": Words(
            "Weight: last year's state tests",
            "More: results that all schools can be compared by, though a year old.",
            "%",
            200,
            5,
        ),
        "priority.attendance": Words(
            "Weight: attendance",
            "More: schools where many are missing are urgent.",
            "%",
            200,
            5,
        ),
        "priority.enrollment": Words(
            "Weight: who goes to the school",
            "Poverty and language say who may need help, not who does: more of it takes weight from results.",
            "%",
            200,
            5,
        ),
        "priority.need_factor": Words(
            "Evidence gathered for a need itself counts so many times",
            "More: who measured what the need is about goes first. One: it counts as any other evidence.",
            "times",
            10,
            0.5,
        ),
        "rematch.lock_mentoring": Words(
            "Mentoring that runs stays",
            "On: a student keeps the mentor, as losing one does harm. Off: mid-year may move mentors to fill more.",
        ),
        "rematch.end_below": Words(
            "Rating below which a match ends at mid-year",
            "From 1 to 5. Higher: weak matches end sooner, and their slots stay open until someone else comes.",
            "of 5",
            5,
            0.1,
            1,
        ),
        "rematch.min_respondents": Words(
            "Answers that it takes to end a match",
            "More: no partner is ended by a few. Fewer: what goes wrong is seen sooner.",
            "people",
            50,
            1,
            1,
        ),
        "fit.rating_prior": Words(
            "Caution with few ratings",
            "So many average answers are added to each partner's own. More: one bad rating does little harm, "
            "and one good one little good.",
            "answers",
            50,
        ),
        "fit.published_from": Words(
            "Answers from which a rating is shown",
            "With fewer it counts and nobody sees it: who answered could be recognized.",
            "people",
            50,
            1,
            1,
        ),
        "learning.use": Words(
            "Learn from what coordinators accept and decline",
            "On: weights that foretell your decisions better take the place of those above. Off: those above stay.",
        ),
        "learning.min_decisions": Words(
            "Decisions it takes to learn from",
            "Fewer than this cannot tell a habit from chance.",
            "decisions",
            2000,
            50,
            50,
        ),
        "learning.confidence": Words(
            "How sure it must be that what was learnt is better",
            "More: it changes later and errs less.",
            "%",
            99,
            1,
            50,
        ),
        "candidates.max_pairs": Words(
            "Pairs that a plan looks at",
            "Up to here it sees every pair, and what it proves holds for all. More takes memory.",
            "pairs",
        ),
        "candidates.per_side": Words(
            "Beyond that: the best of each need and each offer",
            "More: nothing is overlooked, and a plan takes longer.",
            "pairs",
        ),
    }
)
"""Every setting of a policy, by its dotted name."""


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together; those that few change are folded while they are as by default."""

    key: str
    title: str
    lead: str
    names: tuple[str, ...]
    is_rare: bool = False


def _names(prefix: str, *others: str) -> tuple[str, ...]:
    return (*(name for name in SETTINGS if name.startswith(prefix)), *others)


GROUPS: Final = (
    Group(
        "first",
        "What comes first",
        "One-to-one mentoring, most urgent needs first: that is the default. Move a level to change the order.",
        _names("objective."),
    ),
    Group(
        "alike",
        "What makes a good pair",
        "Each pair that breaks no rule gets a fit, from these parts.",
        (
            "fit.floor",
            *_names("fit.weights."),
            "fit.half_distance_km",
            "fit.full_commitment_years",
        ),
    ),
    Group("rules", "Rules", "What no plan may break.", _names("rules.")),
    Group(
        "urgent",
        "How urgent a need is",
        "Where a school gives no priority, it is computed from what was measured.",
        _names("priority."),
        is_rare=True,
    ),
    Group(
        "midyear",
        "Mid-year and ratings",
        "What a rematch may touch, and what ratings do.",
        _names("rematch.", "fit.rating_prior", "fit.published_from"),
    ),
    Group(
        "learning",
        "Learning",
        "From the decisions that are made in this district.",
        _names("learning."),
        is_rare=True,
    ),
    Group(
        "limits",
        "Limits",
        "For very large districts; others never reach them.",
        _names("candidates."),
        is_rare=True,
    ),
)
MONTHS: Final = "rules.school_year_starts"
TOLD_LEVELS: Final = 3


def plain(value: float) -> str:
    """Return a number as a form holds it."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def said(reader: Reader, name: str, value: object) -> str:
    """Return the value of a setting in words."""
    words = SETTINGS[name]
    if isinstance(value, bool):
        return reader.say("on") if value else reader.say("off")
    if isinstance(value, Sequence) and not isinstance(value, str):
        first = ", ".join(level_words(reader, str(level)) for level in value[:TOLD_LEVELS])
        return f"{first}, …"
    if not isinstance(value, int | float):
        return str(value)
    if name == MONTHS:
        return str(get_month_names("wide", locale=reader.locale)[int(value)])
    number = reader.number(round(value * words.scale, 6))
    if words.unit == "%":
        return f"{number}\N{NO-BREAK SPACE}%"
    return f"{number} {reader.say(words.unit)}" if words.unit else number


def differences_in_words(reader: Reader, before: Policy, after: Policy) -> list[tuple[str, str, str]]:
    """Return the label of each setting that differs, what it was and what it is."""
    return change_in_words(reader, changed_settings(before, after))


def change_in_words(reader: Reader, settings: Mapping[str, Sequence[object]]) -> list[tuple[str, str, str]]:
    """Return the same of settings by name, each with what it was and is; what has no words any more is left out."""
    return [
        (reader.say(SETTINGS[name].label), *_both(reader, name, was, now))
        for name, (was, now) in settings.items()
        if name in SETTINGS
    ]


def _both(reader: Reader, name: str, was: object, now: object) -> tuple[str, str]:
    """Return both values in words; of two orders the places that differ."""
    if not (isinstance(was, list | tuple) and isinstance(now, list | tuple)):
        return said(reader, name, was), said(reader, name, now)
    places = [place for place, (one, other) in enumerate(zip(was, now, strict=True)) if one != other]
    told = range(places[0], min(places[-1] + 1, places[0] + TOLD_LEVELS))
    more = ", …" if places[-1] >= places[0] + TOLD_LEVELS else ""
    sides = (
        ", ".join(f"{place + 1}. {level_words(reader, side[place])}" for place in told) for side in (was, now)
    )
    one, other = sides
    return one + more, other + more


def policy_of(run: AnyRow) -> Policy | None:
    """Return the policy that a run was asked for with, None where this release does not know it any more."""
    try:
        return _parsed(run.request["policy"])
    except ValueError:
        return None


@lru_cache(64)
def _parsed(text: str) -> Policy:
    return policy_from_toml(text)
