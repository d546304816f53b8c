"""Pages of rows: every row once, in the same order on both databases."""

import base64
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from matching.errors import DataError
from matching.schemas import TABLES
from service.storage import rows
from service.storage.database import Database
from service.storage.ordering import Order
from service.storage.rows import Row
from tests.districts import make_district, make_need, make_partner, make_school
from tests.service.districts import add_district

NAMES = ["zebra", "Zebra", "äpfel", "apple", "Apple", "école", "_x", "a b", "ab", "😀", "ﬁ", ""]
DISTRICT = make_district(
    [
        make_need(
            f"{'nN'[i % 2]}{i}",
            slots=i % 5,
            priority=i % 4 or None,
            goal=NAMES[i % len(NAMES)],
            budget=[None, 0.1, 1e300, 2.5][i % 4],
            schedule=[] if i % 3 else ["Mon 15:00-16:30"],
            in_improvement_plan=i % 2 == 0,
        )
        for i in range(23)
    ],
    schools=[make_school("s0")],
    partners=[
        make_partner(
            f"p{i}", agreement_expires=f"2027-0{i}-01" if i % 3 else None, priorities=["Reading", "art"]
        )
        for i in range(1, 8)
    ],
)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.writing() as opened:
        add_district(opened, DISTRICT)
        yield opened


def walk(connection: Connection, table: str, **options: object) -> list[Row]:
    """Return the rows of all pages."""
    found, after = [], None
    while True:
        page = rows.page(connection, 1, table, limit=4, after=after, **options)  # type: ignore[arg-type]  # any option
        found += page.rows
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("name", ["number", *TABLES["needs"].columns_by_name])
def test_pages_hold_each_row_once_in_order(connection: Connection, name: str, sign: str) -> None:
    found = walk(connection, "needs", sort=sign + name)
    cells = [None if name == "number" else row.cells[name] for row in found]
    expected = sorted(range(23), reverse=sign == "-")
    filled = [number for number in expected if name == "number" or _cell(number, name) is not None]
    filled.sort(key=lambda number: 0 if name == "number" else _cell(number, name), reverse=sign == "-")
    blank = [number for number in expected if number not in filled]
    assert [row.number - 1 for row in found] == filled + blank
    assert cells == [None if name == "number" else _cell(number, name) for number in filled + blank]


def _cell(number: int, name: str) -> Any:  # Any: a value of JSON
    """Return the cell of the district that was stored, as a row gives it."""
    value = DISTRICT.needs[name].iloc[number]
    if name in ("schedule", "languages"):
        return value.split("|") if value else None
    return None if pd.isna(value) or value == "" else value


def test_dates_are_ordered_with_blanks_behind(connection: Connection) -> None:
    found = walk(connection, "partners", sort="-agreement_expires")
    assert [row.cells["partner_id"] for row in found] == ["p7", "p5", "p4", "p2", "p1", "p6", "p3"]


def test_new_and_removed_rows_move_no_other(connection: Connection) -> None:
    first = rows.page(connection, 1, "needs", sort="slots", limit=10)
    rows.delete(connection, 1, "needs", first.rows[9])
    rows.insert(connection, 1, "needs", make_need("n99", slots=0))
    rest = rows.page(connection, 1, "needs", sort="slots", limit=50, after=first.next)
    seen = [row.number for row in first.rows + rest.rows]
    assert sorted(seen) == list(range(1, 24))


@pytest.mark.parametrize(
    ("table", "filters", "count"),
    [
        ("needs", {"slots": 3}, 4),
        ("needs", {"slots": "3", "in_improvement_plan": True}, 2),
        ("needs", {"priority": None}, 6),
        ("needs", {"goal": "Zebra"}, 2),
        ("needs", {"goal": None}, 1),
        ("needs", {"kind": "Mentoring"}, 23),
        ("needs", {"budget": 0.1}, 6),
        ("needs", {"schedule": None}, 15),
        ("partners", {"priorities": "Reading"}, 7),
        ("partners", {"priorities": "Read"}, 0),
        ("partners", {"priorities": "reading"}, 0),
        ("partners", {"agreement_expires": "2027-01-01"}, 1),
        ("partners", {"name": "partner p1"}, 0),
    ],
)  # fmt: skip
def test_filter_keeps_the_rows_with_a_cell(
    connection: Connection, table: str, filters: dict[str, object], count: int
) -> None:
    assert len(walk(connection, table, filters=filters)) == count


@pytest.mark.parametrize(
    "filters", [{"slots": "many"}, {"goal": "a\0"}, {"kind": "tutor"}, {"slots": 10**40}]
)
def test_filter_that_is_no_cell_is_refused(connection: Connection, filters: dict[str, object]) -> None:
    with pytest.raises(DataError):
        rows.page(connection, 1, "needs", filters=filters)


def test_unknown_columns_are_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="expected number or one of"):
        rows.page(connection, 1, "needs", sort="colour")
    with pytest.raises(ValueError, match="expected one of its columns"):
        rows.page(connection, 1, "needs", filters={"colour": "red"})


def test_cursor_of_another_order_is_refused(connection: Connection) -> None:
    cursor = rows.page(connection, 1, "needs", sort="slots", limit=1).next
    with pytest.raises(ValueError, match="expected the next of a page in the order goal"):
        rows.page(connection, 1, "needs", sort="goal", after=cursor)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4
)
SORTS = st.sampled_from(["slots", "goal", "-budget", "agreement_expires", "schedule", "in_improvement_plan"])


@given(sort=SORTS, cursor=st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_text_that_is_no_cursor_is_refused(connection: Connection, sort: str, cursor: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        rows.page(connection, 1, "needs", sort=sort, after=cursor)


@given(sort=SORTS, number=st.integers(), cell=JSON)
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_forged_cursor_is_refused_or_names_a_place(
    connection: Connection, sort: str, number: int, cell: object
) -> None:
    table = "partners" if sort == "agreement_expires" else "needs"
    order = Order.of(connection, table, sort, None)
    everything = [row.number for row in rows.page(connection, 1, table, sort=sort, limit=50).rows]
    try:
        found = rows.page(connection, 1, table, sort=sort, after=order.cursor(number, cell), limit=50).rows
    except ValueError:
        return
    assert [row.number for row in found] == everything[len(everything) - len(found) :]
