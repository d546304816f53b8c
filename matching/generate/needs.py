"""Generated needs: which topics a school asks for, how much, when, and in whose voice."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.generate.draws import some, stated
from matching.generate.frames import Columns, frame_of, ids
from matching.generate.grammar import Grammar, Phrases, Topic
from matching.generate.places import Neighborhoods
from matching.generate.schools import TYPES, Schools
from matching.generate.voices import NeedVoice
from matching.generate.wording import Spans
from matching.vocabulary import KINDS

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

KIND_SHARES = {"mentoring": 0.32, "tutoring": 0.21, "program": 0.22, "event": 0.12, "resources": 0.13}
USUAL_SLOTS = {"mentoring": 11.0, "tutoring": 16.0, "program": 24.0, "event": 12.0, "resources": 60.0}
USUAL_ENROLLMENT = 600.0


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """The needs table with each need's school and topic, arrays of shape ``(num_needs,)``."""

    table: pd.DataFrame
    school: Index
    topic: Index


def make_needs(
    rng: np.random.Generator, num_needs: int, schools: Schools, neighborhoods: Neighborhoods, grammar: Grammar
) -> Needs:
    """Return the needs in order of their schools; poorer and larger schools have more of them."""
    school = _schools(rng, num_needs, schools)
    topic = _topics(rng, school, schools, grammar.topics)
    kind = kinds_of(topic, grammar.topics)
    slots = _slots(rng, kind, school, schools)
    spans = _spans(rng, topic, school, schools, grammar.topics)
    voice = NeedVoice(Phrases(rng), grammar, spans)
    hardship = schools.hardship[school]
    names = [neighborhoods.names[place] for place in schools.neighborhood[school].tolist()]
    said = voice.rows(topic.tolist(), slots.tolist(), names, hardship.tolist())
    columns: Columns = {
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
    ladder /= ladder[:, -1:]
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
    chances: Floats = share * suits
    kinds = np.array([KINDS.index(topic.kind) for topic in topics])
    for code, kind in enumerate(KINDS):
        of_kind = kinds == code
        total = chances[:, of_kind].sum(axis=1, keepdims=True)
        chances[:, of_kind] *= np.divide(KIND_SHARES[kind], total, out=np.zeros_like(total), where=total > 0)
    return chances


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
    """Return the grades that topic and school share, narrowed in some rows, more often where students are taught."""
    school_first, school_last = np.array([kind.span for kind in TYPES])[schools.types[school]].T
    first = np.maximum(school_first, np.array([entry.first_grade for entry in topics])[topic])
    last = np.minimum(school_last, np.array([entry.last_grade for entry in topics])[topic])
    is_for_all = np.isin(kinds_of(topic, topics), (KINDS.index("event"), KINDS.index("resources")))
    narrowed = rng.random(len(topic)) < np.where(is_for_all, 0.12, 0.45)
    width = last - first
    new_first = first + np.floor(rng.random(len(topic)) * (width + 1)).astype(np.int64)
    new_last = np.minimum(last, new_first + rng.integers(0, 3, len(topic)))
    whole = (first == school_first) & (last == school_last)
    is_stated = narrowed | (~whole & some(rng, len(topic), 0.5))
    return Spans(np.where(narrowed, new_first, first), np.where(narrowed, new_last, last), is_stated)


def _limits(
    rng: np.random.Generator, kind: Index, slots: Index, hardship: Floats
) -> dict[str, NDArray[np.generic]]:
    count = len(kind)
    pays = np.isin(kind, (KINDS.index("program"), KINDS.index("tutoring")))
    urgency = np.clip(np.rint(5.2 - 4.6 * hardship + rng.normal(0, 0.8, count)), 1, 5)
    least = np.minimum(slots, np.maximum(2, np.rint(slots * rng.uniform(0.1, 0.5, count))))
    return {
        "priority": stated(rng, urgency, 0.08),
        "min_slots": stated(rng, least, 0.3),
        "max_partners": stated(rng, rng.integers(1, 5, count), 0.35),
        "budget": np.where(pays, stated(rng, rng.integers(0, 13, count) * 500, 0.3), np.nan),
        "in_improvement_plan": rng.random(count) < 0.1 + 0.3 * hardship,
    }
