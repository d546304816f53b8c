"""The documentation of the tables follows from the tables."""

import pytest

from matching.columns import Cell, Table
from matching.schemas import TABLES, describe_tables


def test_ten_tables_are_documented_with_every_column() -> None:
    text = describe_tables()
    assert len(TABLES) == 10
    for table in TABLES.values():
        assert f"### {table.name}\n" in text
        for column in table.columns:
            assert f"| **{column.name}** |" in text if column.is_required else f"| {column.name} |" in text


def test_documentation_says_what_a_blank_means() -> None:
    lines = describe_tables().splitlines()
    trained = next(line for line in lines if line.startswith("| trained_slots"))
    assert trained.endswith("| all slots |")
    assert "| **slots** | a whole number from 0 to 1000000 |" in describe_tables()


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_references_and_keys_name_columns_that_exist(table: Table) -> None:
    assert not table.key or table.columns_by_name[table.key].is_required
    assert all(TABLES[column.refers].key for column in table.columns if column.refers)


def test_contacts_are_marked_as_such() -> None:
    marked = [c.name for t in TABLES.values() for c in t.columns if c.cell is Cell.CONTACT]
    assert marked == 2 * ["contact_name", "contact_email", "contact_phone"]
