"""The district's policy: every number a school board may want to change, with its default and its reason."""

import json
import textwrap
import tomllib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from matching.vocabulary import LEVELS

_Settings = typing.TypeVar("_Settings")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the pair rules ask where a district may choose."""

    require_clearance: bool = field(
        default=False,
        metadata={"why": "blank trained_slots mean all slots are cleared; true makes blank mean none is"},
    )
    min_shared_minutes: int = field(
        default=30, metadata={"why": "minutes a week: less leaves no time for a session worth the way"}
    )
    school_year_starts: int = field(
        default=7, metadata={"why": "month: a declined pair may be proposed again in the next school year"}
    )

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        _check_range("rules.min_shared_minutes", self.min_shared_minutes, 0, 7 * 24 * 60)
        _check_range("rules.school_year_starts", self.school_year_starts, 1, 12)


@dataclass(frozen=True, slots=True)
class Weights:
    """What each part counts in the fit; only their ratios matter."""

    similarity: float = field(
        default=0.60, metadata={"why": "that the partner offers what the school asks for outweighs all else"}
    )
    grades: float = field(
        default=0.08, metadata={"why": "an offer for all of the need's grades leaves no one out"}
    )
    distance: float = field(default=0.10, metadata={"why": "nearer partners come more often and stay longer"})
    schedule: float = field(default=0.05, metadata={"why": "more shared hours, fewer sessions cancelled"})
    languages: float = field(default=0.04, metadata={"why": "families are met in the language they speak"})
    priorities: float = field(default=0.03, metadata={"why": "partners keep to what they chose themselves"})
    quality: float = field(default=0.07, metadata={"why": "evaluated, good partnerships win"})
    commitment: float = field(default=0.03, metadata={"why": "sustained support outlasts one-year projects"})

    def __post_init__(self) -> None:
        """Refuse negative weights and a sum of nothing."""
        for name, value in self.as_dict().items():
            _check_range(f"fit.weights.{name}", value, 0.0, 1000.0)
        if sum(self.as_dict().values()) == 0:
            raise ValueError("Policy fit.weights: expected at least one weight above 0, got none.")

    def as_dict(self) -> dict[str, float]:
        """Return the weights by the name of their part."""
        return {part.name: float(getattr(self, part.name)) for part in fields(self)}


@dataclass(frozen=True, slots=True)
class Fit:
    """How a pair's fit is made from its parts."""

    floor: float = field(
        default=0.30,
        metadata={
            "why": "a candidate is at least this likely (0 to 1) to be what was asked for: of the floors that judge "
            "best, the one that lets the least through; see benchmarks/fit_floor.py"
        },
    )
    half_distance_km: float = field(
        default=5.0, metadata={"why": "km at which nearness is worth half: a short bus or car ride in a city"}
    )
    rating_prior: float = field(
        default=5.0,
        metadata={
            "why": "respondents: few ratings are drawn to the district's mean as if by this many average ones or more"
        },
    )
    published_from: int = field(
        default=5, metadata={"why": "respondents: ratings by fewer people are used but never shown"}
    )
    full_commitment_years: float = field(
        default=5.0, metadata={"why": "years of commitment that earn the full part"}
    )
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        _check_range("fit.floor", self.floor, 0.0, 1.0)
        _check_range("fit.half_distance_km", self.half_distance_km, 0.01, 20_000.0)
        _check_range("fit.rating_prior", self.rating_prior, 0.0, 1_000_000.0)
        _check_range("fit.published_from", self.published_from, 1, 1_000_000)
        _check_range("fit.full_commitment_years", self.full_commitment_years, 0.01, 1000.0)


@dataclass(frozen=True, slots=True)
class Priority:
    """How a blank priority is computed from evidence."""

    min_respondents: int = field(
        default=10, metadata={"why": "fewer than 10 respondents say little and could reveal who they are"}
    )
    min_schools: int = field(
        default=5, metadata={"why": "a standing within the district needs at least five schools to compare"}
    )
    survey: float = field(default=1.0, metadata={"why": "weight: what families, staff and students say"})
    diagnostic: float = field(default=1.0, metadata={"why": "weight: this year's learning"})
    state_test: float = field(default=1.0, metadata={"why": "weight: last year's learning"})
    attendance: float = field(default=1.0, metadata={"why": "weight: who is missing cannot learn"})
    enrollment: float = field(
        default=0.5, metadata={"why": "weight: poverty and language predict, but are not results"}
    )
    need_factor: float = field(
        default=2.0, metadata={"why": "evidence gathered for this very need counts this many times"}
    )

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        _check_range("priority.min_respondents", self.min_respondents, 1, 1_000_000)
        _check_range("priority.min_schools", self.min_schools, 2, 1_000_000)
        for name in ("survey", "diagnostic", "state_test", "attendance", "enrollment", "need_factor"):
            _check_range(f"priority.{name}", getattr(self, name), 0.0, 1000.0)


@dataclass(frozen=True, slots=True)
class Objective:
    """The lines of the objective that a district may reorder or switch."""

    levels: tuple[str, ...] = field(
        default=LEVELS,
        metadata={"why": "one-to-one mentoring first, then the most urgent: the order of filling"},
    )
    even: bool = field(
        default=True,
        metadata={"why": "among plans that fill the same levels, spread the gaps over the schools"},
    )

    def __post_init__(self) -> None:
        """Refuse anything but a reordering of the ten levels."""
        if sorted(self.levels) != sorted(LEVELS):
            raise ValueError(
                f"Policy objective.levels: expected each of {', '.join(LEVELS)} once, got {', '.join(self.levels)}."
            )


@dataclass(frozen=True, slots=True)
class Rematch:
    """What a rematch may touch of what is running."""

    lock_mentoring: bool = field(
        default=True,
        metadata={"why": "running mentoring stays: a mentor lost does harm, a new one can do more"},
    )
    end_below: float = field(
        default=2.5,
        metadata={
            "why": "a school's rating (1 to 5, drawn to the mean) below which a match ends at the rematch"
        },
    )
    min_respondents: int = field(
        default=5, metadata={"why": "fewer people cannot end a partnership by their ratings"}
    )

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        _check_range("rematch.end_below", self.end_below, 1.0, 5.0)
        _check_range("rematch.min_respondents", self.min_respondents, 1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Candidates:
    """How many pairs the optimizer sees."""

    max_pairs: int = field(
        default=2_000_000, metadata={"why": "up to here every candidate is held: about 1 GiB"}
    )
    per_side: int = field(
        default=20, metadata={"why": "beyond that, the best of each need and of each offer"}
    )

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        _check_range("candidates.max_pairs", self.max_pairs, 0, 100_000_000)
        _check_range("candidates.per_side", self.per_side, 1, 10_000)


@dataclass(frozen=True, slots=True)
class Learning:
    """When coordinators' decisions change the weights of the fit."""

    use: bool = field(
        default=True,
        metadata={
            "why": "learnt weights replace those above where they prove better; false keeps those above"
        },
    )
    min_decisions: int = field(
        default=200,
        metadata={
            "why": "accepted and declined recommendations: fewer cannot tell eight weights from chance"
        },
    )
    confidence: float = field(
        default=0.95,
        metadata={
            "why": "how sure it must be that learnt weights tell better what is accepted, on decisions held out"
        },
    )

    def __post_init__(self) -> None:
        """Refuse values outside their range."""
        _check_range("learning.min_decisions", self.min_decisions, 50, 1_000_000)
        _check_range("learning.confidence", self.confidence, 0.5, 0.9999)


@dataclass(frozen=True, slots=True)
class Policy:
    """All settings of a district; the defaults are the project's own recommendation."""

    rules: Rules = field(default_factory=Rules)
    fit: Fit = field(default_factory=Fit)
    priority: Priority = field(default_factory=Priority)
    objective: Objective = field(default_factory=Objective)
    candidates: Candidates = field(default_factory=Candidates)
    rematch: Rematch = field(default_factory=Rematch)
    learning: Learning = field(default_factory=Learning)


def read_policy(path: Path) -> Policy:
    """Return the policy of a TOML file; what it leaves out keeps its default.

    Raises
    ------
    ValueError
        Where the file is not TOML, names an unknown setting or gives a value outside its range.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"Policy {path.name}: expected a readable TOML file, got: {error}.") from error
    return policy_from_toml(text, path.name)


def policy_from_toml(text: str, name: str = "text") -> Policy:
    """Return the policy of a text in TOML, named ``name`` in errors; these are as `read_policy` has them."""
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"Policy {name}: expected a readable TOML file, got: {error}.") from error
    return policy_from_mapping(settings)


def policy_from_mapping(settings: Mapping[str, object]) -> Policy:
    """Return the policy of nested mappings, refusing unknown names.

    Raises
    ------
    ValueError
        Where a setting is unknown, of another type or outside its range.
    """
    return _build(Policy, settings, "")


def settings_of(policy: object, prefix: str = "") -> Iterator[tuple[str, object, str]]:
    """Yield ``(dotted name, value, reason)`` of every setting, in order."""
    for setting in fields(policy):  # type: ignore[arg-type]  # recursion walks dataclasses only
        value, name = getattr(policy, setting.name), f"{prefix}{setting.name}"
        if is_dataclass(value):
            yield from settings_of(value, f"{name}.")
        else:
            yield name, value, setting.metadata["why"]


def changed_settings(before: Policy, after: Policy) -> dict[str, tuple[object, object]]:
    """Return by dotted name what each setting that differs was and is."""
    values = zip(settings_of(before), settings_of(after), strict=True)
    return {name: (was, now) for (name, was, _), (_, now, _) in values if was != now}


def with_settings(policy: Policy, values: Mapping[str, object]) -> Policy:
    """Return a policy with other values, by dotted name, for some of its settings.

    Raises
    ------
    ValueError
        As `policy_from_mapping` has it.
    """
    given: dict[str, Any] = {}  # Any: nested mappings
    for dotted, value in ({name: value for name, value, _ in settings_of(policy)} | dict(values)).items():
        *tables, name = dotted.split(".")
        place = given
        for table in tables:
            place = place.setdefault(table, {})
        place[name] = list(value) if isinstance(value, tuple) else value
    return policy_from_mapping(given)


def policy_as_toml(policy: Policy) -> str:
    """Return what differs from the defaults as TOML, blank for nothing."""
    lines, table = [], ""
    for dotted, (_, value) in changed_settings(Policy(), policy).items():
        of_table, _, name = dotted.rpartition(".")
        if of_table != table:
            table = of_table
            lines.append(f"[{table}]")
        lines.append(f"{name} = {_as_toml(value)}")
    return "".join(f"{line}\n" for line in lines)


def explain_policy(policy: Policy) -> str:
    """Return the policy as a TOML file that says of every setting why its default is what it is."""
    lines: list[str] = []
    defaults = {name: value for name, value, _ in settings_of(Policy())}
    table = ""
    for dotted, value, why in settings_of(policy):
        of_table, _, name = dotted.rpartition(".")
        if of_table != table:
            table = of_table
            lines += ["", f"[{table}]"] if lines else [f"[{table}]"]
        lines += textwrap.wrap(
            f"{why[0].upper()}{why[1:]}.", 100, initial_indent="# ", subsequent_indent="# "
        )
        if value != defaults[dotted]:
            lines.append(f"# The default is {_as_toml(defaults[dotted])}.")
        lines.append(f"{name} = {_as_toml(value)}")
    return "\n".join(lines) + "\n"


def _as_toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _build(kind: type[_Settings], settings: Mapping[str, object], prefix: str) -> _Settings:
    types = typing.get_type_hints(kind)
    unknown = [name for name in settings if name not in types]
    if unknown:
        raise ValueError(f"Policy {prefix}{unknown[0]}: unknown setting, expected one of {', '.join(types)}.")
    return kind(**{name: _value(types[name], found, f"{prefix}{name}") for name, found in settings.items()})


def _value(expected: object, found: object, name: str) -> object:
    if isinstance(expected, type) and is_dataclass(expected):
        if not isinstance(found, Mapping):
            raise ValueError(f"Policy {name}: expected a table of settings, got {found!r}.")
        return _build(expected, found, f"{name}.")
    if typing.get_origin(expected) is tuple:
        if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
            raise ValueError(f"Policy {name}: expected a list of texts, got {found!r}.")
        return tuple(found)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    if expected is float and is_number:
        return float(typing.cast("float", found))  # TOML writes 1 for 1.0; the check above saw a number
    if type(found) is not expected:
        words = {bool: "true or false", int: "a whole number", float: "a number"}
        raise ValueError(f"Policy {name}: expected {words[typing.cast('type', expected)]}, got {found!r}.")
    return found


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"Policy {name}: expected {least} to {most}, got {value}.")
