"""Single rows on both databases: what may be done to them, and what is refused."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, false

from matching.errors import DataError
from service.errors import ConflictError, NotFoundError, StaleError
from service.storage import rows
from service.storage.database import Database
from service.storage.rows import Row
from service.storage.tables import DISTRICT_TABLES
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.districts import add_district

SMALL = make_district(
    [make_need("n0", school_id="s0"), make_need("n1", school_id="s1")],
    [make_offer("o0", partner_id="p0"), make_offer("o1", partner_id="p0")],
    schools=[make_school("s0"), make_school("s1", contact_email="mary@example.org"), make_school("S1")],
    partners=[make_partner("p0", not_schools=["s1", "S1"])],
    partnerships=[{"need_id": "n0", "offer_id": "o0", "slots": 2, "status": "active"}],
    evidence=[
        {"school_id": "s0", "need_id": "n0", "source": "survey", "measure": "reading_pct", "value": 40}
    ],
    evaluations=[{"partner_id": "p0", "school_id": "s1", "need_id": "n1", "term": "fall 2026"}],
)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """Give a transaction in which district 1 holds two schools, needs and offers."""
    with database.writing() as opened:
        add_district(opened, SMALL)
        yield opened


def change(connection: Connection, table: str, key: str | int, **cells: object) -> Row:
    return rows.change(connection, 1, table, rows.get(connection, 1, table, key), cells)


def number_of(connection: Connection, table: str) -> int:
    return rows.page(connection, 1, table).rows[0].number


def test_row_comes_out_as_it_went_in(connection: Connection) -> None:
    cells = make_need(
        "n2",
        schedule=["Mon 15:00-16:30"],
        languages=["Thai", "Hmong"],
        budget=12.5,
        in_improvement_plan=True,
        grades="K-2",
    )
    row = rows.insert(connection, 1, "needs", {**cells, "extra": {"bus line": "44"}})
    assert row == rows.get(connection, 1, "needs", "n2")
    assert {name: row.cells[name] for name in cells} == cells
    assert (row.version, row.extra, row.cells["goal"]) == (1, {"bus line": "44"}, None)


def test_change_keeps_what_it_does_not_name(connection: Connection) -> None:
    before = rows.get(connection, 1, "needs", "n0")
    after = change(connection, "needs", "n0", slots=9, goal="Read by grade 3")
    assert after.cells == before.cells | {"slots": 9, "goal": "Read by grade 3"}
    assert (after.version, after.number) == (2, before.number)


def test_null_makes_a_cell_blank(connection: Connection) -> None:
    assert change(connection, "partners", "p0", not_schools=None).cells["not_schools"] is None


def test_row_without_an_id_is_given_a_free_one(connection: Connection) -> None:
    cells = make_need(None)
    made = [rows.insert(connection, 1, "needs", cells).cells["need_id"] for _ in range(3)]
    assert made == ["N003", "N004", "N005"]


def test_ids_tell_small_from_capital_letters(connection: Connection) -> None:
    assert rows.get(connection, 1, "schools", "S1").cells["name"] == "School S1"
    with pytest.raises(NotFoundError):
        rows.get(connection, 1, "needs", "N1")


@pytest.mark.parametrize("key", ["n9", "n\0", "n\ud800", ""])
def test_unknown_id_is_not_found(connection: Connection, key: str) -> None:
    with pytest.raises(NotFoundError):
        rows.get(connection, 1, "needs", key)


@pytest.mark.parametrize("number", [10**30, -1, 999])
def test_unknown_number_is_not_found(connection: Connection, number: int) -> None:
    with pytest.raises(NotFoundError):
        rows.get(connection, 1, "partnerships", number)


def test_row_of_another_district_is_not_found(connection: Connection) -> None:
    other = add_district(connection, key="other")
    with pytest.raises(NotFoundError):
        rows.get(connection, other, "needs", "n0")
    with pytest.raises(DataError, match="school_id from table schools"):
        rows.insert(connection, other, "needs", make_need("n0", school_id="s0"))


PAIR = {"need_id": "n0", "offer_id": "o0", "slots": 1, "status": "proposed"}
FIGURE = {"source": "survey", "measure": "x", "value": 1}
NEEDED = {"school_id": "s0", "statement": "x", "kind": "event"}


@pytest.mark.parametrize(
    ("table", "cells", "told"),
    [
        ("needs", {**NEEDED, "need_id": "n0", "slots": 1}, 'need_id: found "n0", expected an id that no other row has'),
        ("needs", {**NEEDED, "slots": 999_996}, "at most 1000000 slots in all needs of a school"),
        ("needs", {**NEEDED, "slots": 1, "school_id": "s9"}, 'found "s9", expected a school_id from table schools'),
        ("needs", {**NEEDED, "slots": 1, "min_slots": 2}, "min_slots: found .2., expected at most the row's slots"),
        ("needs", {}, "slots: found a blank cell"),
        ("schools", {"school_id": "s2", "name": "x", "grades": "K", "latitude": 1}, "longitude: found a blank cell"),
        ("partners", {"name": "x", "kind": "faith", "not_schools": ["s0", "s9"]}, "ids from table schools"),
        ("offers", {"partner_id": "p0", "focus": "x", "kinds": ["event"], "slots": 1, "trained_slots": 2}, "trained"),
        ("partnerships", PAIR, "stands in no earlier row"),
        ("evidence", {**FIGURE, "school_id": "s0", "need_id": "n1"}, "expected a need of the row's school"),
        ("comments", {"school_id": "s0", "respondent": "family", "text": "a\0"}, "text: found the letter U.0000"),
    ],
)  # fmt: skip
def test_row_that_breaks_a_rule_is_not_made(
    connection: Connection, table: str, cells: dict[str, object], told: str
) -> None:
    with pytest.raises(DataError, match=told):
        rows.insert(connection, 1, table, cells)


@pytest.mark.parametrize(
    ("table", "cells", "told"),
    [
        ("needs", {"slots": 1_000_001}, "slots: found"),
        ("needs", {"school_id": "s1"}, 'evidence, column need_id: found "n0" in row 1, expected a need of the row'),
        ("needs", {"min_slots": 6}, "at most the row's slots"),
        ("needs", {"need_id": "n7"}, "need_id: found another id, expected n0: an id stays as it is"),
        ("needs", {"kind": None}, "kind: found a blank cell"),
        ("needs", {"nothing": 1}, "no such column"),
        ("needs", {"extra": {"student name": "x"}}, "no record of a single student"),
        ("needs", {"extra": ["x"]}, "extra: found a list"),
    ],
)  # fmt: skip
def test_change_that_breaks_a_rule_changes_nothing(
    connection: Connection, table: str, cells: dict[str, object], told: str
) -> None:
    before = rows.get(connection, 1, table, "n0")
    with pytest.raises(DataError, match=told):
        change(connection, table, "n0", **cells)
    assert rows.get(connection, 1, table, "n0") == before


def test_all_that_is_wrong_is_told_at_once(connection: Connection) -> None:
    with pytest.raises(DataError) as caught:
        change(connection, "needs", "n0", slots=-1, kind="tutor", school_id="s9")
    assert {problem.column for problem in caught.value.problems} >= {"slots", "kind", "school_id"}


def test_ended_partnership_may_come_again_once(connection: Connection) -> None:
    change(connection, "partnerships", number_of(connection, "partnerships"), status="ended")
    rows.insert(connection, 1, "partnerships", PAIR)
    with pytest.raises(DataError, match="stands in no earlier row"):
        change(connection, "partnerships", number_of(connection, "partnerships"), status="active")


def test_slots_of_a_school_are_counted_with_those_of_its_other_needs(connection: Connection) -> None:
    rows.insert(connection, 1, "needs", {**NEEDED, "need_id": "n2", "slots": 999_995})
    with pytest.raises(DataError, match="at most 1000000 slots in all needs of a school"):
        change(connection, "needs", "n0", slots=6)
    assert change(connection, "needs", "n0", slots=4).cells["slots"] == 4


@pytest.mark.parametrize(
    ("table", "key", "told"),
    [
        ("schools", "s1", r"1 of needs in school_id \(n1\), 1 of partners in not_schools \(p0\), 1 of evaluations"),
        ("schools", "S1", r"found 1 of partners in not_schools \(p0\)\."),
        ("needs", "n0", r"1 of partnerships in need_id \(1\), 1 of evidence in need_id \(1\)"),
        ("partners", "p0", r"2 of offers in partner_id \(o0, o1\), 1 of evaluations"),
        ("offers", "o0", r"1 of partnerships in offer_id \(1\)"),
    ],
)  # fmt: skip
def test_row_that_others_refer_to_is_not_removed(
    connection: Connection, table: str, key: str, told: str
) -> None:
    with pytest.raises(ConflictError, match=told):
        rows.delete(connection, 1, table, rows.get(connection, 1, table, key))


def test_only_the_first_of_many_that_refer_are_named(connection: Connection) -> None:
    for _ in range(4):
        rows.insert(connection, 1, "comments", {"school_id": "s0", "respondent": "staff", "text": "x"})
    with pytest.raises(ConflictError, match=r"4 of comments in school_id \(1, 2, 3, \.\.\.\)"):
        rows.delete(connection, 1, "schools", rows.get(connection, 1, "schools", "s0"))


def test_removed_row_is_gone_and_its_number_is_not_given_again(connection: Connection) -> None:
    rows.delete(connection, 1, "partnerships", rows.get(connection, 1, "partnerships", 1))
    assert rows.insert(connection, 1, "partnerships", PAIR).number == 2
    with pytest.raises(NotFoundError):
        rows.get(connection, 1, "partnerships", 1)


def test_row_changed_since_it_was_read_is_neither_changed_nor_removed(connection: Connection) -> None:
    read = rows.get(connection, 1, "offers", "o1")
    change(connection, "offers", "o1", slots=6)
    with pytest.raises(StaleError):
        rows.change(connection, 1, "offers", read, {"slots": 7})
    with pytest.raises(StaleError):
        rows.delete(connection, 1, "offers", read)
    assert rows.get(connection, 1, "offers", "o1").cells["slots"] == 6


def test_contacts_are_seen_only_where_they_may_be(connection: Connection) -> None:
    own = DISTRICT_TABLES["schools"].c.school_id == "s0"
    change(connection, "schools", "s0", contact_name="Ann", extra={"nurse": "Joe"})
    seen = rows.page(connection, 1, "schools", contacts=own).rows
    assert [(row.cells["contact_name"], row.extra) for row in seen[:2]] == [
        ("Ann", {"nurse": "Joe"}),
        (None, {}),
    ]
    hidden = rows.get(connection, 1, "schools", "s0", contacts=false())
    assert (hidden.cells["contact_name"], hidden.extra) == (None, {})


def test_contacts_that_are_not_seen_are_not_found_either(connection: Connection) -> None:
    filters = {"contact_email": "mary@example.org"}
    assert len(rows.page(connection, 1, "schools", filters=filters).rows) == 1
    assert rows.page(connection, 1, "schools", filters=filters, contacts=false()).rows == []
    ordered = rows.page(connection, 1, "schools", sort="-contact_email", contacts=false()).rows
    assert [row.cells["school_id"] for row in ordered] == ["S1", "s1", "s0"]
