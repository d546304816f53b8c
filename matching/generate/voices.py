"""What schools and partners say: each in its own voice, from the grammar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matching.generate.grammar import Grammar, Phrases, Templates, Topic, sentence_case
from matching.generate.places import SECOND_LANGUAGES
from matching.generate.wording import Spans, grades_said, pupils_said, times_of, usually_said
from matching.vocabulary import KINDS

Said = Mapping[str, str]

SHARE_WITH_SCHEDULE = 0.35
SPANISH_AT_FULL_HARDSHIP = 0.12
SPANISH_OFFERS = 0.05
VAGUE = 0.05
_NEED_CELLS = ("statement", "schedule", "languages", "focus_area", "goal", "title")
_OFFER_CELLS = ("focus", "kinds", "schedule", "languages")
_UNITS = {
    "mentoring": "students",
    "tutoring": "students",
    "program": "students",
    "event": "people",
    "resources": "packages",
}
_ANY_TIME = ("event", "resources")
_REFERS_BACK = ("They", "Most", "Some", "Half", "Many", "Several", "Nobody", "Without", "Only", "Last year")


@dataclass(frozen=True, slots=True)
class _Row:
    """What one row's sentences mention, and its schedule cell."""

    said: Said
    schedule: str


class NeedVoice:
    """Writes the texts of needs, and the cells that go with them."""

    def __init__(self, phrases: Phrases, grammar: Grammar, spans: Spans) -> None:
        self._phrases = phrases
        self._words = grammar.words
        self._topics = grammar.topics
        self._spans = list(zip(spans.first.tolist(), spans.last.tolist(), strict=True))
        self._of_kind = {kind: [topic for topic in grammar.topics if topic.kind == kind] for kind in KINDS}

    def rows(
        self, topics: list[int], slots: list[int], places: list[str], hardship: list[float]
    ) -> dict[str, list[str]]:
        """Return the columns with words, one entry a need; harder places write in Spanish more often."""
        columns: dict[str, list[str]] = {name: [] for name in _NEED_CELLS}
        for row, number in enumerate(topics):
            topic = self._topics[number]
            filled = _filled(self._phrases, topic, self._spans[row], slots[row], places[row])
            is_spanish = self._phrases.chance(SPANISH_AT_FULL_HARDSHIP * hardship[row])
            for name, cell in self._cells(topic, filled, is_spanish).items():
                columns[name].append(cell)
        return columns

    def _cells(self, topic: Topic, row: _Row, is_spanish: bool) -> dict[str, str]:
        chance = self._phrases.chance
        statement = self._spanish(topic) if is_spanish else self._statement(topic, row.said)
        asks_spanish = chance(0.4 if is_spanish else 0.05)
        return {
            "statement": sentence_case(statement),
            "schedule": row.schedule,
            "languages": "Spanish" if asks_spanish else "",
            "focus_area": topic.focus if chance(0.5) else "",
            "goal": self._goal(topic, row.said) if chance(0.2) and topic.kind != "event" else "",
            "title": self._title(topic) if chance(0.4) else "",
        }

    def _statement(self, topic: Topic, row: Said) -> str:
        say, chance = self._phrases.say, self._phrases.chance
        if chance(VAGUE):
            return say(self._words["vague_needs"][topic.kind], row)
        if chance(0.12):
            return self._terse(topic, row)
        said = [say(topic.texts["asks"], row)]
        if chance(0.4):
            why = say(topic.texts["whys"], row)
            is_first = not why.startswith(_REFERS_BACK) and chance(0.4)
            said.insert(0 if is_first else 1, why)
        if chance(0.35):
            said.append(say(self._words["logistics"][topic.kind], row))
        if chance(0.2):
            said.append(_particular(self._phrases, self._words, "needs", row, said))
        if chance(0.08):
            other = self._phrases.pick(self._of_kind[topic.kind])
            if other is not topic:
                extra = say(other.texts["wants"], row)
                said.append(say(self._words["mixed"]["needs"], {"other": extra}))
        return " ".join(said)

    def _terse(self, topic: Topic, row: Said) -> str:
        want = self._phrases.say(topic.texts["wants"], row)
        when = "" if topic.kind in _ANY_TIME else f", {row['when']}"
        return self._phrases.pick((f"{want}, {row['grades']}", f"{want}{when}", f"{want} ({row['n']})"))

    def _spanish(self, topic: Topic) -> str:
        said = self._phrases.say(topic.texts["spanish_asks"], {})
        more = self._phrases.say(self._words["spanish"]["needs"], {}) if self._phrases.chance(0.5) else ""
        return f"{said} {more}".strip()

    def _title(self, topic: Topic) -> str:
        title = topic.name if self._phrases.chance(0.5) else self._phrases.say(topic.texts["wants"], {})
        return sentence_case(title)

    def _goal(self, topic: Topic, row: Said) -> str:
        goals = self._words["goals"]
        return sentence_case(self._phrases.say(goals.get(topic.focus, goals["other"]), row))


class OfferVoice:
    """Writes what partners say of their offers, and the cells that go with it."""

    def __init__(self, phrases: Phrases, grammar: Grammar, spans: Spans) -> None:
        self._phrases = phrases
        self._words = grammar.words
        self._topics = grammar.topics
        self._spans = list(zip(spans.first.tolist(), spans.last.tolist(), strict=True))
        self._of_family: dict[str, list[Topic]] = {}
        for topic in grammar.topics:
            self._of_family.setdefault(topic.family, []).append(topic)

    def rows(
        self, topics: list[int], slots: list[int], places: list[str], is_person: list[bool]
    ) -> dict[str, list[str]]:
        """Return the columns with words, one entry an offer; a single person speaks for himself or herself."""
        columns: dict[str, list[str]] = {name: [] for name in _OFFER_CELLS}
        for row, number in enumerate(topics):
            topic = self._topics[number]
            filled = _filled(self._phrases, topic, self._spans[row], slots[row], places[row], is_offer=True)
            for name, cell in self._cells(topic, filled, is_person[row]).items():
                columns[name].append(cell)
        return columns

    def _cells(self, topic: Topic, row: _Row, is_person: bool) -> dict[str, str]:
        is_spanish = not is_person and self._phrases.chance(SPANISH_OFFERS)
        if is_person:
            focus = self._solo(topic, row.said)
        elif is_spanish:
            focus = self._spanish(topic)
        else:
            focus = self._focus(topic, row.said)
        return {
            "focus": sentence_case(focus),
            "kinds": self._phrases.pick(topic.shares),
            "schedule": row.schedule,
            "languages": "English|Spanish" if is_spanish else self._languages(),
        }

    def _solo(self, topic: Topic, row: Said) -> str:
        said = self._phrases.say(topic.texts["solo"], row)
        more = self._phrases.say(self._words["solo"]["details"], row) if self._phrases.chance(0.6) else ""
        return f"{said} {more}".strip()

    def _spanish(self, topic: Topic) -> str:
        said = self._phrases.say(topic.texts["spanish_gives"], {})
        more = self._phrases.say(self._words["spanish"]["offers"], {}) if self._phrases.chance(0.4) else ""
        return f"{said} {more}".strip()

    def _focus(self, topic: Topic, row: Said) -> str:
        say, chance = self._phrases.say, self._phrases.chance
        if chance(VAGUE):
            return say(self._words["vague_offers"][topic.kind], row)
        if chance(0.25):
            return self._named(topic, row)
        said = [say(topic.texts["gives"], row)]
        if chance(0.15):
            said.insert(0, f"{topic.name}.")
        if chance(0.4):
            said.append(say(self._words["details"][topic.kind], row))
        if chance(0.35):
            said.append(_particular(self._phrases, self._words, "offers", row, said))
        if chance(0.1):
            other = self._phrases.pick(self._of_family[topic.family])
            if other is not topic:
                extra = say(other.texts["has"], row)
                said.append(say(self._words["mixed"]["offers"], {"other": extra}))
        return " ".join(said)

    def _named(self, topic: Topic, row: Said) -> str:
        say, programs = self._phrases.say, self._words["programs"]
        name = f"{say(programs['first'], row)} {say(programs['second'], row)}"
        has = topic.name if self._phrases.chance(0.4) else say(topic.texts["has"], row)
        when = "" if topic.kind in _ANY_TIME else f", {row['when']}"
        whom = self._phrases.pick((f" for {row['pupils']}", when, ""))
        return self._phrases.pick(
            (f"{name}: {has}{whom}", f"{has}{whom}", f"{name}, {has} in {row['place']}")
        )

    def _languages(self) -> str:
        if self._phrases.chance(0.72):
            return ""
        other = self._phrases.pick(("Spanish", "Spanish", self._phrases.pick(SECOND_LANGUAGES)))
        return "English" if self._phrases.chance(0.25) else f"English|{other}"


def _particular(
    phrases: Phrases, words: Mapping[str, Mapping[str, Templates]], side: str, row: Said, said: Sequence[str]
) -> str:
    """Return a last sentence, one with the number of slots only where nothing said so far has it."""
    is_counted = not any(row["n"] in text for text in said) and phrases.chance(0.4)
    return phrases.say(words["counted" if is_counted else "particulars"][side], row)


def _filled(
    phrases: Phrases, topic: Topic, span: tuple[int, int], slots: int, place: str, *, is_offer: bool = False
) -> _Row:
    """Return the words of a row; its sentences name the schedule that its cell states."""
    has_schedule = topic.kind != "resources" and phrases.chance(SHARE_WITH_SCHEDULE)
    times = phrases.pick(times_of(topic.when, is_offer=is_offer)) if has_schedule else None
    said = {
        "pupils": phrases.pick(pupils_said(*span)),
        "grades": phrases.pick(grades_said(*span)),
        "when": phrases.pick(times.said if times else usually_said(topic.when)),
        "n": str(slots),
        "place": place,
        "unit": _UNITS[topic.kind],
    }
    return _Row(said, times.cell if times else "")
