"""The audit log: whatever is done to it shows."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.operations.audit_log import (
    BEFORE_THE_FIRST,
    INSTALLATION,
    Break,
    Entry,
    Head,
    append,
    canonical,
    heads,
    verify,
)
from service.storage.database import Database

FIRST = Entry(1, 1, "2026-09-14T08:00:00+00:00", "user:1", "created", "needs", "n1", "{}", BEFORE_THE_FIRST)

UNGUARDED = {
    "sqlite": ["DROP TRIGGER audit_log_refuses_update", "DROP TRIGGER audit_log_refuses_delete"],
    "postgresql": ["SET LOCAL session_replication_role = replica"],
}


def record(database: Database, chain: int, *things: str) -> None:
    with database.writing() as connection:
        for thing_id in things:
            append(connection, chain, actor="user:1", action="changed", thing=("needs", thing_id))


def tampered(database: Database, statement: str, heads: list[Head] | None = None) -> Break | None:
    """Return what verifying finds after somebody who may do anything to the database did this to it."""
    with database.writing() as connection:
        for guard in UNGUARDED[connection.dialect.name]:
            connection.execute(text(guard))
        connection.execute(text(statement))
    with database.reading() as connection:
        return verify(connection, heads or [])


def test_a_hash_covers_the_canonical_text_of_the_entry_and_the_hash_before_it() -> None:
    # printf '%s' '{"action":...}' | sha256sum, with the keys sorted
    assert canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
    assert FIRST.sealed().sha256 == "447d3bb0ea946a1fc9b4416a5eb7c41a16421bb626b4ef3604c106ff9464f86d"


@pytest.mark.parametrize(
    "change",
    [{"actor": "user:2"}, {"details": '{"a":1}'}, {"at": ""}, {"previous_sha256": "1" * 64}, {"chain": 2}],
)
def test_any_other_word_gives_another_hash(change: dict[str, str]) -> None:
    assert replace(FIRST, **change).sealed().sha256 != FIRST.sealed().sha256  # type: ignore[arg-type]  # mixed


def test_each_chain_counts_and_holds_by_itself(database: Database) -> None:
    record(database, 1, "n1", "n2")
    record(database, INSTALLATION, "n1")
    record(database, 1, "n3")
    with database.reading() as connection:
        assert [(head.chain, head.number) for head in heads(connection)] == [(0, 1), (1, 3)]
        assert verify(connection, heads(connection)) is None


def test_an_entry_is_lost_with_its_transaction(database: Database) -> None:
    with pytest.raises(TypeError, match="JSON"):
        record(database, 1, "n1", object())  # type: ignore[arg-type]  # to fail after the first
    record(database, 1, "n2")
    with database.reading() as connection:
        assert [head.number for head in heads(connection)] == [1]


def test_contacts_and_texts_do_not_enter(database: Database) -> None:
    said = {
        "contact_email": "a@example.org",
        "was": {"statement": "x"},
        "why": "call 602-555-0142",
        "slots": 3,
    }
    with database.writing() as connection:
        entry = append(connection, 1, actor="user:1", action="x", thing=("y", "z"), details=said)
    told = json.loads(entry.details)
    assert told == {
        "contact_email": "[hidden]",
        "was": {"statement": "[hidden]"},
        "why": "call [hidden]",
        "slots": 3,
    }


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"])
def test_the_database_itself_refuses_to_change_the_log(database: Database, statement: str) -> None:
    record(database, 1, "n1")
    with pytest.raises(DBAPIError, match="only added to"), database.writing() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "UPDATE audit_log SET thing_id = 'n9' WHERE number = 2",
            Break(1, 2, "it was changed after it was written"),
        ),
        ("DELETE FROM audit_log WHERE number = 2", Break(1, 3, "entry 2 is gone")),
        ("DELETE FROM audit_log WHERE number = 1", Break(1, 2, "entry 1 is gone")),
        (
            "UPDATE audit_log SET number = 4 WHERE number = 3",
            Break(1, 4, "entry 3 is gone"),
        ),
    ],
)
def test_the_first_broken_place_is_found(database: Database, statement: str, expected: Break) -> None:
    record(database, 1, "n1", "n2", "n3")
    assert tampered(database, statement) == expected


def test_an_entry_forged_with_a_right_hash_breaks_the_one_after_it(database: Database) -> None:
    record(database, 1, "n1", "n2")
    forged = replace(FIRST, actor="user:7").sealed()
    found = tampered(
        database,
        f"UPDATE audit_log SET at = '{forged.at}', actor = 'user:7', action = 'created', sha256 = '{forged.sha256}' "
        "WHERE number = 1",
    )
    assert found == Break(1, 2, "it does not follow the entry before it")


def test_entries_cut_off_the_end_are_missed_where_the_head_was_noted(database: Database) -> None:
    record(database, 1, "n1", "n2")
    with database.reading() as connection:
        noted = heads(connection)
    cut = "DELETE FROM audit_log WHERE number = 2"
    assert tampered(database, cut) is None
    with database.reading() as connection:
        assert verify(connection, noted) == Break(1, 2, "an entry noted down earlier is gone")


def test_a_chain_written_anew_is_not_the_one_noted(database: Database) -> None:
    record(database, 1, "n1")
    noted = [Head(1, 1, "f" * 64)]
    with database.reading() as connection:
        assert verify(connection, noted) == Break(1, 1, "it is not the entry noted down earlier")


def test_entries_of_many_at_once_are_all_kept(database: Database) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda thing: record(database, INSTALLATION, thing), map(str, range(60))))
    with database.reading() as connection:
        assert (heads(connection)[0].number, verify(connection)) == (60, None)
