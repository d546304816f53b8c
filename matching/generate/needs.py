"""Generated needs: which topics a school asks for, how much, when, and in whose voice."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.generate.frames import frame_of, ids
from matching.generate.grammar import Grammar, Phrases, Topic, sentence_case
from matching.generate.places import Neighborhoods
from matching.generate.schools import TYPES, Schools
from matching.generate.wording import (
    Times,
    grades_cell,
    grades_said,
    pupils_said,
    times_of,
    usually_said,
)
from matching.vocabulary import KINDS

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

KIND_SHARES = {"mentoring": 0.30, "tutoring": 0.22, "program": 0.23, "event": 0.12, "resources": 0.13}
USUAL_SLOTS = {"mentoring": 11.0, "tutoring": 16.0, "program": 24.0, "event": 12.0, "resources": 60.0}
USUAL_ENROLLMENT = 600.0


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """The needs table with each need's school and topic, arrays of shape ``(num_needs,)``."""

    table: pd.DataFrame
    school: Index
    topic: Index


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """First and last grade of each row as indices into GRADES, and whether the row states them."""

    first: Index
    last: Index
    is_stated: NDArray[np.bool_]

    def cells(self) -> list[str]:
        """Return the grades column."""
        rows = zip(self.first.tolist(), self.last.tolist(), self.is_stated.tolist(), strict=True)
        return [grades_cell(first, last) if stated else "" for first, last, stated in rows]


def make_needs(
    rng: np.random.Generator, num_needs: int, schools: Schools, neighborhoods: Neighborhoods, grammar: Grammar
) -> Needs:
    """Return the needs in order of their schools; poorer and larger schools have more of them."""
    school = _schools(rng, num_needs, schools)
    topic = _topics(rng, school, schools, grammar.topics)
    kind = kinds_of(topic, grammar.topics)
    slots = _slots(rng, kind, school, schools)
    spans = _spans(rng, topic, school, schools, grammar.topics)
    writer = _Writer(Phrases(rng), grammar, spans)
    hardship = schools.hardship[school]
    names = [neighborhoods.names[place] for place in schools.neighborhood[school].tolist()]
    said = writer.rows(topic.tolist(), slots.tolist(), names, hardship.tolist())
    columns = {
        "need_id": ids("N", num_needs),
        "school_id": schools.table["school_id"].to_numpy()[school],
        "kind": [KINDS[code] for code in kind.tolist()],
        "slots": slots,
        "grades": spans.cells(),
        **said,
        **_limits(rng, kind, slots, hardship),
    }
    return Needs(frame_of("needs", num_needs, columns), school, topic)


def kinds_of(topic: Index, topics: tuple[Topic, ...]) -> Index:
    """Return the kind of each topic's needs as an index into KINDS."""
    return np.array([KINDS.index(entry.kind) for entry in topics])[topic]


def _schools(rng: np.random.Generator, num_needs: int, schools: Schools) -> Index:
    """Return each need's school: one each where that suffices, the rest by size and hardship."""
    num_schools = len(schools.types)
    weight = np.sqrt(schools.enrollment) * (0.5 + schools.hardship)
    one_each = np.arange(num_schools if num_needs >= num_schools else 0)
    rest = rng.choice(num_schools, num_needs - len(one_each), p=weight / weight.sum())
    return np.sort(np.concatenate([one_each, rest]))


def _topics(rng: np.random.Generator, school: Index, schools: Schools, topics: tuple[Topic, ...]) -> Index:
    """Return each need's topic, one that suits the school's grades; a school seldom asks twice for one."""
    ladder = np.cumsum(_chances(topics), axis=1)
    types = schools.types[school]
    topic = np.empty(len(school), dtype=np.int64)
    again = np.arange(len(school))
    for _ in range(3):
        topic[again] = (rng.random(len(again))[:, np.newaxis] > ladder[types[again]]).sum(axis=1)
        _, firsts = np.unique(school * len(topics) + topic, return_index=True)
        again = np.setdiff1d(np.arange(len(school)), firsts)
    return topic


def _chances(topics: tuple[Topic, ...]) -> Floats:
    """Return each topic's share of the needs of a type of school, shape ``(len(TYPES), len(topics))``."""
    kind_total = {kind: sum(topic.weight for topic in topics if topic.kind == kind) for kind in KINDS}
    share = np.array([KIND_SHARES[topic.kind] * topic.weight / kind_total[topic.kind] for topic in topics])
    first, last = np.array([kind.span for kind in TYPES]).T[:, :, np.newaxis]
    suits = np.array([topic.first_grade for topic in topics]) <= last
    suits &= np.array([topic.last_grade for topic in topics]) >= first
    chances = share * suits
    kinds = np.array([KINDS.index(topic.kind) for topic in topics])
    for code, kind in enumerate(KINDS):
        of_kind = kinds == code
        total = chances[:, of_kind].sum(axis=1, keepdims=True)
        chances[:, of_kind] *= np.divide(KIND_SHARES[kind], total, out=np.zeros_like(total), where=total > 0)
    return chances / chances.sum(axis=1, keepdims=True)


def _slots(rng: np.random.Generator, kind: Index, school: Index, schools: Schools) -> Index:
    usual = np.array([USUAL_SLOTS[name] for name in KINDS])[kind]
    size = (schools.enrollment[school] / USUAL_ENROLLMENT) ** 0.4
    need = 0.6 + 0.8 * schools.hardship[school]
    slots = np.maximum(1, np.rint(usual * size * need * rng.lognormal(0, 0.45, len(kind))))
    rounded = np.where(slots >= 20, np.rint(slots / 5) * 5, slots)  # noqa: PLR2004 - people round large numbers
    return rounded.astype(np.int64)


def _spans(
    rng: np.random.Generator, topic: Index, school: Index, schools: Schools, topics: tuple[Topic, ...]
) -> Spans:
    """Return the grades that topic and school share, narrowed in about half of the rows."""
    school_first, school_last = np.array([kind.span for kind in TYPES])[schools.types[school]].T
    first = np.maximum(school_first, np.array([entry.first_grade for entry in topics])[topic])
    last = np.minimum(school_last, np.array([entry.last_grade for entry in topics])[topic])
    narrowed = rng.random(len(topic)) < 0.45
    width = last - first
    new_first = first + np.floor(rng.random(len(topic)) * (width + 1)).astype(np.int64)
    new_last = np.minimum(last, new_first + rng.integers(0, 3, len(topic)))
    whole = (first == school_first) & (last == school_last)
    is_stated = narrowed | (~whole & (rng.random(len(topic)) < 0.5))
    return Spans(np.where(narrowed, new_first, first), np.where(narrowed, new_last, last), is_stated)


def _limits(
    rng: np.random.Generator, kind: Index, slots: Index, hardship: Floats
) -> dict[str, NDArray[np.generic]]:
    count = len(kind)

    def some(share: float, values: NDArray[np.generic]) -> Floats:
        return np.where(rng.random(count) < share, values, np.nan)

    pays = np.isin(kind, (KINDS.index("program"), KINDS.index("tutoring")))
    urgency = np.clip(np.rint(5.2 - 4.6 * hardship + rng.normal(0, 0.8, count)), 1, 5)
    least = np.minimum(slots, np.maximum(2, np.rint(slots * rng.uniform(0.1, 0.5, count))))
    return {
        "priority": some(0.08, urgency),
        "min_slots": some(0.3, least),
        "max_partners": some(0.35, rng.integers(1, 5, count)),
        "budget": np.where(pays, some(0.3, rng.integers(0, 13, count) * 500), np.nan),
        "in_improvement_plan": rng.random(count) < 0.1 + 0.3 * hardship,
    }


class _Writer:
    """Writes the texts of needs, and what the texts mention: when, and in which language."""

    def __init__(self, phrases: Phrases, grammar: Grammar, spans: Spans) -> None:
        self._phrases = phrases
        self._words = grammar.words
        self._topics = grammar.topics
        self._spans = list(zip(spans.first.tolist(), spans.last.tolist(), strict=True))
        self._of_kind = {kind: [topic for topic in grammar.topics if topic.kind == kind] for kind in KINDS}

    def rows(
        self, topics: list[int], slots: list[int], places: list[str], hardship: list[float]
    ) -> dict[str, list[str]]:
        columns: dict[str, list[str]] = {
            name: [] for name in ("statement", "schedule", "languages", "focus_area", "goal", "title")
        }
        for row, number in enumerate(topics):
            topic = self._topics[number]
            filled, schedule = self._filled(topic, self._spans[row], slots[row], places[row])
            is_spanish = self._phrases.chance(0.12 * hardship[row])
            spoken = self._spanish(topic) if is_spanish else self._statement(topic, filled)
            columns["statement"].append(sentence_case(spoken))
            columns["schedule"].append(schedule)
            asks = is_spanish and self._phrases.chance(0.4) or self._phrases.chance(0.05)
            columns["languages"].append("Spanish" if asks else "")
            columns["focus_area"].append(topic.focus if self._phrases.chance(0.5) else "")
            columns["goal"].append(self._goal(topic, filled) if self._phrases.chance(0.2) else "")
            columns["title"].append(self._title(topic) if self._phrases.chance(0.4) else "")
        return columns

    def _filled(
        self, topic: Topic, span: tuple[int, int], slots: int, place: str
    ) -> tuple[dict[str, str], str]:
        pick = self._phrases.pick
        times = pick(times_of(topic.when, is_offer=False)) if self._phrases.chance(0.35) else None
        slot_words = {
            "pupils": pick(pupils_said(*span)),
            "grades": pick(grades_said(*span)),
            "when": pick(times.said if times else usually_said(topic.when)),
            "n": str(slots),
            "place": place,
        }
        return slot_words, times.cell if times else ""

    def _statement(self, topic: Topic, filled: Mapping[str, str]) -> str:
        say, chance = self._phrases.say, self._phrases.chance
        if chance(0.05):
            return say(self._words["vague_needs"][topic.kind], filled)
        if chance(0.12):
            return self._terse(topic, filled)
        said = [say(topic.texts["asks"], filled)]
        if chance(0.4):
            said.insert(self._phrases.pick((0, 1, 1)), say(topic.texts["whys"], filled))
        if chance(0.3):
            said.append(say(self._words["logistics"][topic.kind], filled))
        if chance(0.08):
            other = self._phrases.pick(self._of_kind[topic.kind])
            if other is not topic:
                extra = say(other.texts["wants"], filled)
                said.append(say(self._words["mixed"]["needs"], {"other": extra}))
        return " ".join(said)

    def _terse(self, topic: Topic, filled: Mapping[str, str]) -> str:
        want = self._phrases.say(topic.texts["wants"], filled)
        return self._phrases.pick((f"{want}, {filled['grades']}", f"{want} {filled['when']}", want))

    def _spanish(self, topic: Topic) -> str:
        return self._phrases.say(topic.texts["spanish_asks"], {})

    def _title(self, topic: Topic) -> str:
        title = topic.name if self._phrases.chance(0.5) else self._phrases.say(topic.texts["wants"], {})
        return sentence_case(title)

    def _goal(self, topic: Topic, filled: Mapping[str, str]) -> str:
        goals = self._words["goals"]
        return sentence_case(self._phrases.say(goals.get(topic.focus, goals["other"]), filled))
