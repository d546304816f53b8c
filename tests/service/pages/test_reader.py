"""What pages say in each language, and how they write numbers and days."""

import ast
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from io import StringIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from starlette.requests import Request

from matching.areas import focus_areas
from matching.policy import Weights
from matching.schemas import CONVENING_KINDS, PARTNER_KINDS, RESPONDENTS, SOURCES, TABLES
from matching.vocabulary import KINDS, RULE_WORDS
from service.pages import reader
from service.pages.frame import PLACES
from service.pages.reader import LANGUAGES, Reader, catalog_of, reader_of

PAGES = Path(reader.__file__).parent


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


def words_of_pages() -> Iterator[str | tuple[str, ...]]:
    """Yield what templates and the code beside them say."""
    keywords = {"_": None, "ngettext": (1, 2), "say": None, "count": (1, 2)}
    found = extract_from_dir(str(PAGES), [("**.html", "jinja2"), ("**.py", "python")], keywords=keywords)
    yield from {message for _, _, message, _, _ in found}


def words_of_code() -> Iterator[str]:
    """Yield every text that stands in the code of the domain and the service."""
    for path in (
        path for folder in ("matching", "service") for path in (PAGES.parents[1] / folder).rglob("*.py")
    ):
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_word_of_the_pages_is_translated(language: str) -> None:
    catalog = catalog_of(language)
    words = {
        *words_of_pages(),
        *KINDS,
        *RULE_WORDS.values(),
        *CONVENING_KINDS,
        *PARTNER_KINDS,
        *RESPONDENTS,
        *SOURCES,
        *TABLES,
        *(words for _, words, _ in PLACES),
        *(part.name for part in fields(Weights)),
    }
    missing = [
        word
        for word in words
        if not (message := catalog.get(word if isinstance(word, str) else word[0])) or not message.string
    ]
    assert missing == []


def placeholders(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    last = text if isinstance(text, str) else (text or [""])[-1]
    return sorted(name for _, name, _, _ in Formatter().parse(last) if name)


def test_translations_take_the_values_of_the_english_words() -> None:
    for message in catalog_of("es"):
        if message.id:
            assert placeholders(message.id) == placeholders(message.string)


def test_no_text_is_translated_in_two_files() -> None:
    """Otherwise one of them would be changed in vain."""
    found = []
    for path in (PAGES / "locale" / "es").glob("*.po"):
        with path.open("rb") as file:
            found += [str(message.id) for message in read_po(file) if message.id]
    assert len(found) == len(set(found))


def test_no_text_is_translated_that_nobody_asks_for() -> None:
    """The sentences of the domain are patterns; `test_sentences` has them."""
    asked = {text if isinstance(text, str) else text[0] for text in words_of_pages()}
    asked |= (
        set(words_of_code())
        | {part.name for part in fields(Weights)}
        | {area.group for area in focus_areas()}
    )
    for column in (column for table in TABLES.values() for column in table.columns):
        asked |= {column.meaning, *(word.replace("_", " ") for word in (column.name, *column.words))}
    found = []
    for path in sorted((PAGES / "locale" / "es").glob("*.po")):
        if path.stem != "sentences":
            ids = [
                message.id for message in read_po(StringIO(path.read_text(encoding="utf-8"))) if message.id
            ]
            found += [text for text in ids if (text if isinstance(text, str) else text[0]) not in asked]
    assert found == []


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("es-MX,es;q=0.9,en;q=0.8", "es"), ("en-GB", "en"), ("fr", "en"), ("", "en"), ("*;q=x, ,es", "es")],
)
def test_browser_says_the_language(accepted: str, language: str) -> None:
    assert reader_of(request(accept_language=accepted)).language == language


def test_choice_goes_before_the_browser() -> None:
    chosen = request(accept_language="en", cookie="partnermatch_language=es")
    assert reader_of(chosen).language == "es"
    assert reader_of(request(accept_language="en", cookie="partnermatch_language=xx")).language == "en"


def test_numbers_shares_and_days_are_the_readers() -> None:
    english, spanish = Reader("en"), Reader("es")
    assert (english.number(12345), spanish.number(12345)) == ("12,345", "12.345")
    assert (english.share(1, 4), english.share(0, 0)) == ("25%", "100%")
    assert (english.day(date(2027, 1, 20)), spanish.day(date(2027, 1, 20))) == (
        "January 20, 2027",
        "20 de enero de 2027",
    )


def test_one_and_many_are_told_apart() -> None:
    spanish = Reader("es")
    assert spanish.count("{n} slot", "{n} slots", 1) == "1 plaza"
    assert spanish.count("{n} slot", "{n} slots", 2000) == "2.000 plazas"
    assert Reader("en").count("{n} slot", "{n} slots", 0) == "0 slots"
