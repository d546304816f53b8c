"""Who reads: the language, and numbers, shares and days as that language writes them.

Texts stand in English in the templates; the files of `locale/<language>/` hold them in other languages.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_time
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from starlette.requests import Request

#: By their code, as those who read them call them.
LANGUAGES: Final = {"en": "English", "es": "Español"}
COOKIE: Final = "partnermatch_language"
_FOLDER: Final = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Reader:
    """How a page speaks to someone; ``language`` is a key of `LANGUAGES`."""

    language: str

    @property
    def locale(self) -> Locale:
        """Babel's name of the language."""
        return Locale(self.language)

    def say(self, text: str, **values: object) -> str:
        """Return a text in the reader's language, its ``{names}`` filled in."""
        message = catalog_of(self.language).get(text)
        said = message.string if message and isinstance(message.string, str) and message.string else text
        return said.format(**values) if values else said

    def count(self, one: str, many: str, number: int, **values: object) -> str:
        """Return a text for one or for many things, ``{n}`` being how many."""
        message = catalog_of(self.language).get(one)
        forms = (
            message.string
            if message and isinstance(message.string, tuple) and all(message.string)
            else (one, many)
        )
        return forms[number != 1].format(n=self.number(number), **values)

    def number(self, value: float) -> str:
        """Return a number with its separators."""
        return format_decimal(value, locale=self.locale)

    def share(self, part: float, whole: float) -> str:
        """Return a part of a whole in percent."""
        return format_percent(part / whole if whole else 1.0, locale=self.locale)

    def day(self, day: date) -> str:
        """Return a day with its month in words."""
        return format_date(day, "long", locale=self.locale)

    def moment(self, moment: datetime) -> str:
        """Return a moment to the minute, in UTC."""
        day = format_date(moment.date(), "medium", locale=self.locale)
        return f"{day}, {format_time(moment, 'short', UTC, locale=self.locale)} UTC"


def reader_of(request: Request) -> Reader:
    """Return how to speak to whoever asks: as they chose, else as their browser prefers, else in English."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return Reader(chosen)
    accepted = [part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    found = negotiate_locale([part for part in accepted if part], LANGUAGES, sep="-")
    return Reader(found if found in LANGUAGES else "en")


@cache
def catalog_of(language: str) -> Catalog:
    """Return all texts of a language by their English, a file a subject."""
    found = Catalog(Locale(language))
    for path in sorted((_FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, Locale(language)):
                if message.id:
                    found[message.id] = message
    return found
