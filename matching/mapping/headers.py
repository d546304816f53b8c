"""Which row of a sheet is its header, and what stands above it: titles, or a second row that groups columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from matching.mapping.words import ALL_PHRASES, phrases_of, plain_words

_NO_LABEL: Final = re.compile(r"[-+$]?[\d.,/: ]+%?|\S+@\S+|https?://\S+|yes|no|x|n/?a", re.IGNORECASE)
_LONGEST: Final = 200
_MOST_TITLES: Final = 15
_SHORT: Final = 30


@dataclass(frozen=True, slots=True)
class Header:
    """Where a header stands among the filled rows, ``start`` to before ``stop``, and its labels.

    Parameters
    ----------
    cells
        The last of its rows as it is written.
    """

    start: int
    stop: int
    labels: tuple[str, ...]
    cells: tuple[str, ...]


def header_of(records: Sequence[Sequence[str]]) -> Header | None:
    """Return the header of a sheet from its first rows, none of them blank; None where no row could be one."""
    if not records:
        return None
    width = max(sum(map(bool, record)) for record in records)
    scored = [
        (_score(record, width) - index / 50, -index) for index, record in enumerate(records[:_MOST_TITLES])
    ]
    best = -max(scored)[1]
    cells = tuple(" ".join(cell.split()) for cell in records[best])
    if best and _is_group_row(records[best - 1], cells):
        return Header(best - 1, best + 1, _joined(records[best - 1], cells), cells)
    if best + 1 < len(records) and _continues(cells, records[best + 1]):
        below = tuple(" ".join(cell.split()) for cell in records[best + 1])
        return Header(best, best + 2, _joined(cells, below), below)
    return Header(best, best + 1, cells, cells)


def is_known(label: str) -> bool:
    """Whether a header is what people call some column."""
    return " ".join(plain_words(label)) in _known()


@cache
def _known() -> frozenset[str]:
    return frozenset(
        " ".join(plain_words(phrase))
        for table, columns in ALL_PHRASES.items()
        for column in columns
        for phrase in (column, *phrases_of(table, column))
    )


def _score(record: Sequence[str], width: int) -> float:
    """Return how much a row looks like a header: filled, of labels, none twice, some of them known."""
    filled = [cell for cell in record if cell]
    labels = [cell for cell in filled if _is_label(cell)]
    known = sum(map(is_known, set(labels)))
    return (2 * len(labels) - len(filled) + known - (len(labels) - len(set(labels))) / 2) / width


def _is_label(cell: str) -> bool:
    return len(cell) <= _LONGEST and not _NO_LABEL.fullmatch(cell)


def _is_group_row(above: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether the row above names groups of columns: several labels, fewer than the header has."""
    filled = [cell for cell in above if cell]
    is_between = 1 < len(filled) < sum(map(bool, cells))
    return is_between and all(map(_is_label, filled)) and all(len(cell) <= _SHORT for cell in filled)


def _continues(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Whether the row below names columns that the header leaves blank, and leaves some blank that it names."""
    own = [bool(cell) for cell in cells]
    filled = [(index, cell) for index, cell in enumerate(below) if cell]
    last = max((index for index, is_filled in enumerate(own) if is_filled), default=0)
    fills_gap = any(index >= len(own) or not own[index] for index, _ in filled)
    leaves_gap = any(own[index] and not (index < len(below) and below[index]) for index in range(len(own)))
    known = sum(is_known(cell) for _, cell in filled)
    reach = filled[-1][0] <= last + 2 if filled else False
    return fills_gap and leaves_gap and reach and 2 * known >= len(filled)


def _joined(above: Sequence[str], below: Sequence[str]) -> tuple[str, ...]:
    """Return labels of two rows: what the upper one groups keeps its own name where that alone is clear."""
    labels, group = [], ""
    for index in range(max(len(above), len(below))):
        upper = " ".join(above[index].split()) if index < len(above) else ""
        lower = below[index] if index < len(below) else ""
        group = upper or group
        is_clear = lower and below.count(lower) == 1 and is_known(lower) and len(plain_words(lower)) > 1
        labels.append(lower if is_clear else upper if not lower else f"{group} {lower}".strip())
    return tuple(labels)
