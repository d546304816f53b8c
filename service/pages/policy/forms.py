"""A policy as a form: read from what was sent, and shown field by field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from babel.dates import get_month_names
from starlette.datastructures import ImmutableMultiDict

from matching.policy import Policy, settings_of, with_settings
from matching.vocabulary import LEVELS
from service.pages.policy.words import GROUPS, MONTHS, SETTINGS, Words, plain, said
from service.pages.reader import Reader

Sent = ImmutableMultiDict[str, Any]  # Any: texts, and files where someone sends such
_RANGE: Final = re.compile(r"expected ([\d.]+) to ([\d.]+), got")
_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy that is being changed.

    Parameters
    ----------
    policy
        What was sent, the stored value where that is wrong.
    typed
        Numbers as they were written, by the setting's name.
    faults
        What is wrong, likewise.
    """

    policy: Policy
    typed: Mapping[str, str]
    faults: Mapping[str, str]


def read_draft(sent: Sent, stored: Policy) -> Draft:
    """Return the policy that a form holds; ``move`` and ``default`` are what its small buttons ask for."""
    values: dict[str, object] = {}
    typed: dict[str, str] = {}
    faults: dict[str, str] = {}
    defaults = {name: value for name, value, _ in settings_of(Policy())}
    for name, was, _ in settings_of(stored):
        if sent.get("default") == name:
            values[name] = defaults[name]
            continue
        try:
            value = _value(name, was, sent)
            with_settings(Policy(), {name: value})
            values[name] = value
        except ValueError as error:
            faults[name], typed[name] = str(error), str(sent.get(name, ""))[:_LONGEST]
    try:
        return Draft(with_settings(stored, values), typed, faults)
    except ValueError as error:
        # What settings that are right one by one are wrong in together: the weights, all 0.
        first = next(name for name in SETTINGS if str(error).startswith(f"Policy {name.rpartition('.')[0]}:"))
        return Draft(
            stored, typed | {name: str(sent.get(name, "")) for name in SETTINGS}, {first: str(error)}
        )


def groups_of(reader: Reader, draft: Draft, stored: Policy) -> list[dict[str, Any]]:  # Any: what is shown
    """Return all fields of the form, group by group."""
    now, was, default = (
        {name: value for name, value, _ in settings_of(policy)} for policy in (draft.policy, stored, Policy())
    )
    found = []
    for group in GROUPS:
        fields = [
            _field(reader, name, now[name], draft)
            | {
                "default": said(reader, name, default[name]),
                "is_default": now[name] == default[name] and name not in draft.faults,
                "was": "" if now[name] == was[name] else said(reader, name, was[name]),
            }
            for name in group.names
        ]
        is_touched = any(field["was"] or not field["is_default"] for field in fields)
        found.append({"group": group, "fields": fields, "is_folded": group.is_rare and not is_touched})
    return found


def _field(reader: Reader, name: str, value: object, draft: Draft) -> dict[str, Any]:  # Any: likewise
    words = SETTINGS[name]
    field: dict[str, Any] = {"name": name, "words": words, "value": value, "said": said(reader, name, value)}
    field["fault"] = _fault_words(reader, words, draft.faults[name]) if name in draft.faults else ""
    if isinstance(value, bool):
        return field | {"kind": "switch"}
    if isinstance(value, tuple):
        return field | {"kind": "order"}
    if name == MONTHS:
        return field | {"kind": "months", "months": get_month_names("wide", locale=reader.locale)}
    assert isinstance(value, int | float)  # there is no other kind of setting
    number = value * words.scale
    is_on_slider = not draft.faults and words.most and _is_on_slider(words, number)
    text = draft.typed.get(name, plain(number))
    return field | {"kind": "slider" if is_on_slider else "number", "value": text}


def _is_on_slider(words: Words, number: float) -> bool:
    steps = (number - words.least) / words.step
    return words.least <= number <= words.most and abs(steps - round(steps)) < 1e-6  # noqa: PLR2004 - rounding


def _value(name: str, was: object, sent: Sent) -> object:
    """Return what was sent for a setting, of the type that it has.

    Raises
    ------
    ValueError
        Where it is no number.
    """
    if isinstance(was, bool):
        return sent.get(name) == "on"
    if isinstance(was, tuple):
        return _moved([str(level) for level in sent.getlist(name)], str(sent.get("move", "")))
    text = str(sent.get(name, "")).strip()[:_LONGEST]
    number = round(float(text) / SETTINGS[name].scale, 9)
    if not isfinite(number):
        raise ValueError(f"{name}: expected a number, got {text}.")
    if isinstance(was, int):
        if number != int(number):
            raise ValueError(f"{name}: expected a whole number, got {text}.")
        return int(number)
    return number


def _moved(levels: list[str], move: str) -> list[str]:
    """Return the levels in another order: ``up`` or ``down`` before a level changes it with its neighbour."""
    way, _, level = move.partition(":")
    if level not in LEVELS or level not in levels:
        return levels
    here = levels.index(level)
    there = here + {"up": -1, "down": 1}.get(way, 0)
    if 0 <= there < len(levels):
        levels[here], levels[there] = levels[there], levels[here]
    return levels


def _fault_words(reader: Reader, words: Words, fault: str) -> str:
    if found := _RANGE.search(fault):
        least, most = (reader.number(float(end) * words.scale) for end in found.groups())
        return reader.say("Write a number from {least} to {most}.", least=least, most=most)
    if "weight above 0" in fault:
        return reader.say("At least one weight must be above 0.")
    if "whole number" in fault:
        return reader.say("Write a whole number.")
    return reader.say("Write a number such as 5.")
