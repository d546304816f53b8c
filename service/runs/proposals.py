"""What the plans of a run propose, as rows that are reviewed: their matches, and the running ones that they end."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from matching.escaping import unescaped

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[Mapping[str, str]]
ENDED: Final = "It runs now; the plan ends it."


def rows_of(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file of ours, texts as they were before they were made safe for spreadsheets."""
    reader = csv.DictReader(io.StringIO(data.decode(), newline=""))
    return [{name: unescaped(cell) for name, cell in row.items()} for row in reader]


def proposals(snapshot: bytes, matches: Rows, changes: Rows) -> Iterator[dict[str, object]]:
    """Yield a row a match of a plan, then one a running match that the plan ends, numbered from 1.

    Parameters
    ----------
    snapshot
        The district's tables, as a job holds them.
    matches, changes
        The rows of the plan's files of these names; there are changes at mid-year alone.
    """
    from matching.review import proposed

    with zipfile.ZipFile(io.BytesIO(snapshot)) as archive:
        tables = {name: rows_of(archive.read(f"{name}.csv")) for name in ("needs", "offers", "partnerships")}
    school = {row["need_id"]: row["school_id"] for row in tables["needs"]}
    partner = {row["offer_id"]: row["partner_id"] for row in tables["offers"]}
    told = {(row["need_id"], row["offer_id"]): row for row in matches}
    reasons = {(row["need_id"], row["offer_id"]): row["reason"] for row in changes}
    found = proposed(_table(tables["partnerships"], "status"), _table(matches))
    for number, one in enumerate(found, start=1):
        row = told.get(one.pair, {})
        yield {
            "number": number,
            "need_id": one.need_id,
            "offer_id": one.offer_id,
            "school_id": school[one.need_id],
            "partner_id": partner[one.offer_id],
            "planned": one.planned,
            "ran": one.ran,
            "slots": one.slots,
            "locked": one.is_locked,
            "fit": float(row.get("fit", 0)),
            "similarity": float(row.get("similarity", 0)),
            "reason": row.get("reason") or reasons.get(one.pair, ENDED),
        }


def locked_pairs(snapshot: bytes) -> set[tuple[str, str]]:
    """Return need and offer of the partnerships that were locked in a district's tables, as a job holds them."""
    with zipfile.ZipFile(io.BytesIO(snapshot)) as archive:
        rows = rows_of(archive.read("partnerships.csv"))
    return {(row["need_id"], row["offer_id"]) for row in rows if row["locked"] == "yes"}


def _table(rows: Rows, *columns: str) -> "pd.DataFrame":
    import pandas as pd

    cells = {name: [row[name] for row in rows] for name in ("need_id", "offer_id", *columns)}
    slots = pd.Series([int(row["slots"]) for row in rows], dtype="int64")
    locked = pd.Series([row.get("locked", "") == "yes" for row in rows], dtype="bool")
    return pd.DataFrame(cells | {"slots": slots, "locked": locked})
