"""Why this match: what a coordinator can say on the telephone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from embeddings.language import in_english, language_of
from embeddings.shared_words import SharedWords
from matching.areas import focus_areas
from matching.candidates import ScoredPairs, Scorer
from matching.district import District
from matching.facts import offered_languages, positions
from matching.kept import Columns
from matching.rules import distance_km
from matching.tags import Tags, shared_areas
from matching.texts import Texts, plain_text
from matching.values import ALL_GRADES, MINUTES_A_DAY, format_grades, parse_schedule, split_list

Index = NDArray[np.int64]

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
LONGEST_FOCUS = 110
YEARS_WORTH_SAYING = 2
CLOSENESS = ((0.55, "very close"), (0.4, "close"), (0.25, "fairly close"))
"""What a cosine of at least so much is called; below the last, texts are "not close".

Of the pairs judged to suit in fixtures/relevance, an eighth reach the first, half the second, nine in ten the last.
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a pair suits: what is offered, why that suits the need, and the words that both texts hold, rarest first."""

    focus: str
    why: str
    shared_words: tuple[str, ...]

    @property
    def sentences(self) -> str:
        """What is offered and why it suits."""
        return f"{self.focus} {self.why}".lstrip()


class Explainer:
    """Why the pairs of a district suit each other; what it takes is gathered once."""

    def __init__(self, scorer: Scorer):
        district, facts = scorer.district, scorer.facts
        needs, offers = district.needs, district.offers
        self._facts, self._partnership = facts, scorer.partnership
        self._is_multilingual = scorer.texts.is_multilingual
        self._need_texts, self._offer_texts = scorer.texts.of_needs, scorer.texts.of_offers
        self._shared_words, self._read_offers = scorer.kept.of(_shared_words, {}, scorer.texts)
        self._focuses = offers["focus"].to_numpy(object)
        self._wanted, self._offered = (table["schedule"].to_numpy(object) for table in (needs, offers))
        self._asked = scorer.kept.of(_wanted_languages, _WANTED)
        self._spoken = scorer.kept.of(offered_languages, _SPOKEN)
        self._tags = scorer.texts.tags
        self._areas = needs["focus_area"].to_numpy(object)
        self._wishes = district.partners["priorities"].to_numpy(object)[facts.offers.partner]

    def reasons(
        self, pairs: ScoredPairs, *, text: str | None = None, tags: Tags | None = None
    ) -> list[Reason]:
        """Return the reason of each pair, such as "Reading mentors. Both say “third grade”; the texts are close ...".

        Parameters
        ----------
        text
            What all needs of these pairs say, where it is not what their rows say.
        tags
            What that text is about.
        """
        km = distance_km(self._facts, pairs.need, pairs.offer)
        shared = self._facts.needs.grades[pairs.need] & self._facts.offers.grades[pairs.offer]
        cells = (pairs.need, pairs.offer, pairs.texts.dense, km, shared, self._shared_areas(pairs, tags))
        found = []
        for need, offer, dense, distance, grades, area in zip(
            *(cell.tolist() for cell in cells), strict=True
        ):
            said = self._need_texts[need] if text is None else text
            words = self._words(said, offer)
            sentences = (
                self._texts_said(said, offer, words, dense),
                f"Both are about {focus_areas()[area].name}." if area >= 0 else "",
                _area_said(self._areas[need], self._wishes[offer]),
                _sentence(", ".join(part for part in self._terms(need, offer, distance, grades) if part)),
            )
            why = " ".join(sentence for sentence in sentences if sentence)
            found.append(Reason(_ended(clipped(self._focuses[offer])), why, words))
        return found

    def _shared_areas(self, pairs: ScoredPairs, tags: Tags | None) -> Index:
        """Return the area that both sides of each pair are about, -1 for none."""
        of_needs, of_offers = self._tags
        if tags is None:
            return shared_areas(of_needs, of_offers, pairs.need, pairs.offer)
        return shared_areas(tags, of_offers, np.zeros_like(pairs.need), pairs.offer)

    def _words(self, text: str, offer: int) -> tuple[str, ...]:
        """Return what both texts say, in English where only one of them is in Spanish."""
        if self._is_multilingual and language_of(text) != language_of(self._offer_texts[offer]):
            [text], offer = in_english([text]), self._read_offers.get(offer, offer)
        return tuple(word.word for word in self._shared_words.of(text, offer))

    def _texts_said(self, text: str, offer: int, words: Sequence[str], dense: float) -> str:
        """Say what the texts share word by word, and how near they are in meaning."""
        said = (
            f"both say {_joined([f'“{word}”' for word in words])}" if words else "no telling word in common"
        )
        meaning = f"the texts are {_closeness(dense)} in meaning ({dense:.2f})"
        asked, offered = language_of(text), language_of(self._offer_texts[offer])
        if asked == offered == "English":
            return _sentence(f"{said}; {meaning}")
        model = "by the multilingual model " if self._is_multilingual else ""
        if asked == offered:
            return _sentence(f"{said}; both are in {asked}; {model}{meaning}")
        read = "read in English, " if words and self._is_multilingual else ""
        return _sentence(f"{read}{said}; the need is in {asked}, the offer in {offered}; {model}{meaning}")

    def _terms(self, need: int, offer: int, km: float, shared: int) -> Iterator[str]:
        """Yield what speaks for a pair beside its texts, blank where nothing is to be said."""
        yield _grades_said(shared, int(self._facts.needs.grades[need]))
        yield "" if np.isnan(km) else f"{km:.1f} km away"
        yield _days_said(self._wanted[need], self._offered[offer])
        yield _languages_said(self._asked[need], self._spoken[offer])
        partner = self._partnership
        if partner.is_published[offer]:
            schools = int(partner.schools[offer])
            by = f" by {schools} school{'s' if schools > 1 else ''}" if schools else ""
            yield f"rated {partner.rating[offer]:.1f}{by}"
        if partner.years[offer] >= YEARS_WORTH_SAYING:
            yield f"committed for {partner.years[offer]:g} years"


def _shared_words(_: District, texts: Texts) -> tuple[SharedWords, dict[int, int]]:
    """Return the words of all offers, and where those in Spanish stand again in English words.

    The lexical side reads Spanish in English words; so does a pair of both languages here.
    """
    said = texts.of_offers
    read = in_english(said) if texts.is_multilingual else said
    foreign = [row for row, text in enumerate(said) if read[row] != text]
    places = {row: len(read) + place for place, row in enumerate(foreign)}
    return SharedWords([*said, *(read[row] for row in foreign)]), places


def _sentence(text: str) -> str:
    return _ended(text[:1].upper() + text[1:])


def _ended(text: str) -> str:
    return text if text == "" or text[-1] in ".!?" else f"{text}."


def clipped(text: str) -> str:
    """Return a text without tags, cut between words where it is long."""
    text = plain_text(text)
    if len(text) <= LONGEST_FOCUS:
        return text
    return text[:LONGEST_FOCUS].rsplit(" ", 1)[0].rstrip(",;:.") + " ..."


def without_focus(reason: str, focus: str) -> str:
    """Return the sentences of a `Reason` without what is offered, for where that stands beside them."""
    return reason.removeprefix(_ended(clipped(focus))).lstrip() or reason


def _closeness(dense: float) -> str:
    return next((words for least, words in CLOSENESS if round(dense, 2) >= least), "not close")


def _area_said(area: str, wishes: str) -> str:
    """Say that the need's focus area is one of the partner's own priorities."""
    is_wished = area and area.casefold() in {wish.casefold() for wish in split_list(wishes)}
    return f"{_sentence(area)[:-1]} is a priority of the partner." if is_wished else ""


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


_WANTED: Columns = {"needs": ("school_id", "languages"), "schools": ("school_id", "languages")}
_SPOKEN: Columns = {"offers": ("partner_id", "languages"), "partners": ("partner_id", "languages")}


def _wanted_languages(district: District) -> list[str]:
    school = positions(district.needs["school_id"], district.schools["school_id"])
    of_schools = district.schools["languages"].to_numpy(object)[school].tolist()
    own = district.needs["languages"].tolist()
    return [mine or theirs for mine, theirs in zip(own, of_schools, strict=True)]


@lru_cache(maxsize=65536)
def _languages_said(wanted: str, spoken: str) -> str:
    asked = {language.casefold() for language in split_list(wanted)} - {"english"}
    shared = [language for language in split_list(spoken) if language.casefold() in asked]
    return f"speaks {_joined(shared)}" if shared else ""


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
