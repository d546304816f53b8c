"""Cells that start a formula: written so that no spreadsheet runs them, and read back as they were.

A text whose first letter, after any apostrophes, would start a formula gets one more apostrophe in front. That is
undone by taking one away, so every text comes back: ``=1+1`` is written ``'=1+1``, and ``'=1+1`` is ``''=1+1``.
Negative numbers are no formulas and stay as they are.

References
----------
OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import re
from typing import Final

# The last four are the full-width forms, which a Japanese or Chinese Excel takes for the plain ones.
_STARTS: Final = (
    "=+\\-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\uff20"
)
_FORMULA: Final = re.compile(rf"'*(?!-\d+(?:\.\d+)?\Z)[{_STARTS}]")


def escaped(text: str) -> str:
    """Return the text of a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescaped(cell: str) -> str:
    """Return the text that was written as this cell."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
