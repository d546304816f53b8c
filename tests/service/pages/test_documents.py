"""Documents as PDF: what people wrote is data, and the same document is the same file."""

import re
from datetime import date

import pytest

from service.pages.convenings.documents import (
    Ask,
    Block,
    Document,
    Heading,
    Listed,
    Table,
    Text,
    pdf_of,
    zip_of,
)

DAY = date(2027, 1, 20)


def document(text: str) -> Document:
    table = Table([text, "n"], [[text, "1"]], [1])
    blocks: list[Block] = [
        Heading(text),
        Text(text),
        Listed([(text, text)]),
        table,
        Ask(text),
        Ask(text, is_scale=True),
    ]
    return Document("d", text, text, blocks)


def conforms(content: bytes) -> bool:
    return b"<pdfuaid:part>1" in content


@pytest.mark.parametrize(
    "text",
    [
        "#panic()",
        "*bold* _italic_ $x^2$ `raw`",
        '\\ #let x = read("/etc/passwd") \\',
        "<label> @reference // comment /* */",
        "= Heading\n- item\n+ item",
        "#{ while true {} }",
        "\" ' ] } ) [ { (",
        "a\x07b\x00c",
        "K'iche', Tiếng Việt, Soomaali, العربية",
    ],
)
def test_text_is_data_and_never_markup(text: str) -> None:
    found = pdf_of([document(text)], text, "en", DAY)
    assert found.startswith(b"%PDF-")
    assert conforms(found)


def test_same_document_is_the_same_file() -> None:
    assert pdf_of([document("a")], "t", "en", DAY) == pdf_of([document("a")], "t", "en", DAY)
    assert pdf_of([document("a")], "t", "en", DAY) != pdf_of([document("b")], "t", "en", DAY)


def test_file_is_tagged_has_its_language_and_the_convenings_day() -> None:
    found = pdf_of([document("a")], "t", "es", DAY)
    assert b"/StructTreeRoot" in found
    assert b"/Lang(es)" in found
    assert b"2027-01-20" in found


def test_each_document_begins_on_a_new_page() -> None:
    assert len(re.findall(rb"/Type/Page/", pdf_of([document("a")] * 3, "t", "en", DAY))) == 3


def test_text_that_the_font_cannot_write_is_set_without_claiming_conformance() -> None:
    found = pdf_of([document("中文")], "t", "en", DAY)
    assert found.startswith(b"%PDF-")
    assert not conforms(found)


def test_zip_of_the_same_files_is_the_same() -> None:
    assert zip_of([("a", b"1")], DAY) == zip_of([("a", b"1")], DAY)
