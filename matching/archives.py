"""Files from strangers: what is too much, and zips opened only when all they would unpack to is known to be little."""

from __future__ import annotations

import re
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from matching.errors import DataError, Problem

_MEGABYTE: Final = 1_000_000
_CHUNK: Final = 1 << 20
_ENCRYPTED: Final = 0x1
_DAMAGED: Final = (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
_DEFINITION: Final = re.compile(rb"<\0?!\0?D\0?O\0?C\0?T\0?Y\0?P\0?E")
"""In UTF-8 and in UTF-16, the only encodings of XML in which ASCII is not itself."""
_LONGEST_DEFINITION: Final = 17
_ROW_END: Final = re.compile(rb"(?:row|si)>")
_MOST_TAGS_HELD: Final = 600_000
_TAGS_A_CELL: Final = 7
"""A text in its cell takes six."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may hold; beyond any of these it is refused before more of it is read.

    The defaults hold two or three times what 30,000 needs and 30,000 offers come to with all that belongs to them.

    Parameters
    ----------
    file_bytes, unpacked_bytes
        Size of the file, and of all that is packed in it.
    ratio
        Unpacked bytes a packed byte; texts reach 20, sheets with many like rows 100.
    entries
        Files in a zip or parts of a workbook.
    rows, columns, cells
        Rows and columns of each table, cells of all tables together, blank ones too.
    """

    file_bytes: int = 50 * _MEGABYTE
    unpacked_bytes: int = 250 * _MEGABYTE
    ratio: int = 200
    entries: int = 1_000
    rows: int = 500_000
    columns: int = 500
    cells: int = 6_000_000


LIMITS: Final = Limits()
UNLIMITED: Final = Limits(*([sys.maxsize] * 7))
"""For files on one's own disk."""


def opened_zip(file: BinaryIO, name: str, limits: Limits) -> zipfile.ZipFile:
    """Return a zip after its own list of contents was found to be harmless.

    The library never unpacks more of an entry than that list says, so the sizes in it can be relied on.

    Raises
    ------
    DataError
        When it is damaged or encrypted, leads out of its folder, repeats a name, or holds too much.
    """
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGED as error:
        raise refusal(f"{name}, which cannot be read", "a zip or a workbook that is whole") from error
    entries = archive.infolist()
    if len(entries) > limits.entries:
        raise refusal(f"{len(entries)} files in {name}", f"at most {limits.entries}")
    _check_sizes(entries, name, limits)
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise refusal(f"two files of one name in {name}", "each name once")
    for entry in entries:
        _check_entry(entry)
    return archive


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return the bytes of an entry.

    Raises
    ------
    DataError
        When it is damaged or packed in a way that is not known.
    """
    return b"".join(_chunks(archive, entry))


def check_workbook(archive: zipfile.ZipFile, name: str, limits: Limits) -> None:
    """Refuse a workbook whose XML defines anything, has more tags than cells need, or very many in one row.

    No program writes a workbook with definitions (DOCTYPE): they let a few bytes stand for many. A reader holds the
    tags of a row at once.

    Raises
    ------
    DataError
        When it is such a workbook.
    """
    num_tags, most = 0, max(_TAGS_A_CELL * limits.cells, _MOST_TAGS_HELD)
    for entry in archive.infolist():
        num_held, end = 0, b""
        for chunk in _chunks(archive, entry):
            if _DEFINITION.search(end + chunk):
                raise refusal(f"{name}, with definitions in its XML", "a workbook as Excel writes it")
            end = chunk[-_LONGEST_DEFINITION:]
            num_tags += chunk.count(b"<")
            num_held = chunk.count(b"<") + (0 if _ROW_END.search(chunk) else num_held)
            if num_held > _MOST_TAGS_HELD or num_tags > most:
                raise refusal(f"very many tags in {name}", f"a workbook of at most {limits.cells} cells")


def counted(
    records: Iterable[Sequence[str]], table: str, limits: Limits, before: int = 0
) -> Iterator[Sequence[str]]:
    """Yield the records of a table up to the limits, `before` cells having been read from other tables.

    Raises
    ------
    DataError
        When there are more.
    """
    num_cells = before
    for row, record in enumerate(records, start=1):
        num_cells += len(record)
        if row > limits.rows:
            raise refusal(f"more than {limits.rows} rows", f"at most {limits.rows}", table)
        if len(record) > limits.columns:
            raise refusal(f"{len(record)} columns in row {row}", f"at most {limits.columns}", table)
        if num_cells > limits.cells:
            raise refusal(f"more than {limits.cells} cells in all tables", f"at most {limits.cells}", table)
        yield record


def check_size(num_bytes: int, name: str, limits: Limits) -> None:
    """Refuse a file that is too large.

    Raises
    ------
    DataError
        When it is.
    """
    if num_bytes > limits.file_bytes:
        raise refusal(
            f"{_megabytes(num_bytes)} in {name}", f"a file of at most {_megabytes(limits.file_bytes)}"
        )


def refusal(found: str, expected: str, table: str = "") -> DataError:
    """Return the error for a file that is not read at all."""
    return DataError([Problem(table, None, None, found, expected)])


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(entry) as unpacked:
            while chunk := unpacked.read(_CHUNK):
                yield chunk
    except _DAMAGED as error:
        raise refusal(f"{_short(entry.filename)}, which cannot be unpacked", "a zip that is whole") from error


def _check_sizes(entries: Sequence[zipfile.ZipInfo], name: str, limits: Limits) -> None:
    unpacked, packed = (sum(getattr(e, size) for e in entries) for size in ("file_size", "compress_size"))
    if unpacked > limits.unpacked_bytes:
        found = f"{_megabytes(unpacked)} packed in {name}"
        raise refusal(found, f"at most {_megabytes(limits.unpacked_bytes)}")
    if unpacked > _MEGABYTE and unpacked > limits.ratio * packed:
        found = f"{_megabytes(unpacked)} packed into {packed} bytes in {name}"
        raise refusal(found, f"at most {limits.ratio} bytes packed into one")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    shown = _short(entry.filename)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The library unpacks other kinds without a limit.
        raise refusal(f"{shown} in the zip, packed in an unusual way", "a zip as Windows or macOS makes it")
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
        raise refusal(f"{shown} in the zip, which leads out of its folder", "plain names")
    if entry.flag_bits & _ENCRYPTED:
        raise refusal(f"{shown} in the zip, which has a password", "a zip without a password")


def _short(name: str) -> str:
    """Return the name of an entry as a message can show it."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in name)
    return plain if len(plain) <= 80 else f"{plain[:80]}..."  # noqa: PLR2004 - about a line


def _megabytes(num_bytes: int) -> str:
    return f"{num_bytes / _MEGABYTE:.1f} MB"
