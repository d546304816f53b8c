"""Documents to read on a page, to print and to hand out: the same blocks as HTML and as a tagged PDF.

What people wrote reaches the typesetter as data, never as markup.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, TypeAlias
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import typst

TEMPLATE: Final = Path(__file__).parent / "document.typ"
_ZIP_YEARS: Final = (1980, 2107)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below the document's own."""

    text: str
    block: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; soft where it only explains."""

    text: str
    is_soft: bool = False
    block: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of points, each with what is said below it, which may be blank."""

    points: Sequence[tuple[str, str]]
    block: Literal["list"] = "list"


@dataclass(frozen=True, slots=True)
class Table:
    """A table under a heading; ``numeric`` are the columns of numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[int] = ()
    block: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to answer by hand: on lines, or by a mark on a scale of 1 to 5."""

    text: str
    lines: int = 1
    is_scale: bool = False
    block: Literal["ask"] = "ask"


Block: TypeAlias = Heading | Text | Listed | Table | Ask


@dataclass(frozen=True, slots=True)
class Document:
    """What is handed out: a line above the title, the title, and what follows.

    Parameters
    ----------
    name
        Of its file, without an ending.
    """

    name: str
    kicker: str
    title: str
    blocks: Sequence[Block]


def pdf_of(documents: Sequence[Document], title: str, language: str, day: date, page: str = "Page") -> bytes:
    """Return documents as one tagged PDF, each on a new page; the same documents give the same bytes.

    It conforms to PDF/UA-1. Only where a text has characters that the built-in font lacks, fonts of this machine help
    out, and conformance is not claimed.

    Parameters
    ----------
    day
        Stands in it as the day of its making.
    page
        The word for it.
    """
    told = {
        "title": title,
        "language": language,
        "page": page,
        "day": [day.year, day.month, day.day],
        "documents": [asdict(document) for document in documents],
    }
    inputs = {"data": json.dumps(_printable(told), ensure_ascii=False)}
    try:
        return _compiled(inputs, is_strict=True)
    except typst.TypstError:
        return _compiled(inputs, is_strict=False)


def zip_of(files: Iterable[tuple[str, bytes]], day: date) -> bytes:
    """Return files as a zip; the same files give the same bytes."""
    made, year = BytesIO(), min(max(day.year, _ZIP_YEARS[0]), _ZIP_YEARS[1])
    with ZipFile(made, "w", ZIP_STORED) as archive:
        for name, content in files:
            entry = ZipInfo(name, (year, day.month, day.day, 0, 0, 0))
            archive.writestr(entry, content)
    return made.getvalue()


def _compiled(inputs: dict[str, str], *, is_strict: bool) -> bytes:
    """Return the PDF: strictly by PDF/UA-1 with the built-in font, or with all fonts and no claim."""
    compiler = typst.Compiler(str(TEMPLATE), root=str(TEMPLATE.parent), ignore_system_fonts=is_strict)
    made = compiler.compile(
        format="pdf", sys_inputs=inputs, pdf_standards="ua-1" if is_strict else None, timestamp=0
    )
    if not isinstance(made, bytes):
        raise TypeError(f"PDF: expected one file, got {type(made).__name__}.")
    return made


def _printable(told: object) -> object:
    """Return what is told without marks that no font can show, such as control characters."""
    if isinstance(told, str):
        return "".join(mark for mark in told if mark.isprintable() or mark in "\n\N{ZERO WIDTH JOINER}")
    if isinstance(told, dict):
        return {name: _printable(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [_printable(value) for value in told]
    return told
