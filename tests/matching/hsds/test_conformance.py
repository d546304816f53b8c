"""Held against the schemas and examples of HSDS 3.1 themselves, where they are there."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from matching.district import District
from matching.hsds import merge_hsds, read_hsds, write_hsds
from matching.hsds.specification import HSDS_TABLES, NESTED_LISTS, NESTED_ROWS, WORDS
from matching.tables import read_district
from tests.districts import make_district, make_need
from tests.matching.hsds.directories import HSDS, bytes_of, rows_of

pytestmark = pytest.mark.skipif(not HSDS.is_dir(), reason="the schemas of HSDS 3.1 are not there")

EXAMPLES = HSDS / "examples_csv"
FIXTURES = Path(__file__).parents[3] / "fixtures"
FIVE = ("organizations", "services", "locations", "schedules", "service_capacity")
ON = dt.date(2026, 9, 14)


def schema_of(entity: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((HSDS / "schema" / f"{entity}.json").read_text(encoding="utf-8"))
    return schema


def validator_of(schema: dict[str, Any]) -> Draft202012Validator:
    resources = [
        (f"{table.entity}.json", DRAFT202012.create_resource(schema_of(table.entity)))
        for table in HSDS_TABLES.values()
    ]
    return Draft202012Validator(
        schema, registry=Registry().with_resources(resources), format_checker=FormatChecker()
    )


def tabular_validator(table: str) -> Draft202012Validator:
    """Return the check of one CSV row: HSDS requires references there instead of nested objects."""
    schema = schema_of(HSDS_TABLES[table].entity)
    nested = {name for name, value in schema["properties"].items() if "$ref" in value}
    required = (set(schema["required"]) - nested) | set(schema.get("tabular_required", []))
    return validator_of({**schema, "required": sorted(required)})


def typed(table: str, row: dict[str, str]) -> dict[str, object]:
    numbers = HSDS_TABLES[table].numbers
    return {name: float(cell) if name in numbers else cell for name, cell in row.items() if cell}


def assert_valid(folder: Path) -> None:
    for table in HSDS_TABLES:
        validator = tabular_validator(table)
        for row in rows_of(folder / f"{table}.csv"):
            assert [error.message for error in validator.iter_errors(typed(table, row))] == [], (table, row)
    for name in ("organization", "service"):
        validator = validator_of(schema_of(name))
        for value in json.loads((folder / f"{name}s.json").read_text(encoding="utf-8")):
            assert [error.message for error in validator.iter_errors(value)] == [], (name, value["id"])


def with_examples() -> District:
    return merge_hsds(read_hsds(EXAMPLES), make_district([make_need()]))


@pytest.mark.parametrize("name", ["tiny", "demo", "midyear"])
@pytest.mark.parametrize("with_contacts", [False, True])
def test_every_row_and_object_we_write_is_valid(tmp_path: Path, name: str, with_contacts: bool) -> None:
    write_hsds(read_district(FIXTURES / name), tmp_path / "out", on=ON, with_contacts=with_contacts)
    assert_valid(tmp_path / "out")


def test_the_examples_are_valid_when_they_are_given_back(tmp_path: Path) -> None:
    write_hsds(with_examples(), tmp_path / "out", on=ON, with_contacts=True)
    assert_valid(tmp_path / "out")


def test_the_examples_come_back_whole(tmp_path: Path) -> None:
    write_hsds(with_examples(), tmp_path / "out", on=ON, with_contacts=True)
    for path in sorted(EXAMPLES.glob("*.csv")):
        written = rows_of(tmp_path / "out" / path.name)
        for row in rows_of(path):
            assert any(row.items() <= one.items() for one in written), (path.name, row)


@pytest.mark.parametrize("table", FIVE)
def test_the_five_tables_have_every_column_of_the_examples(tmp_path: Path, table: str) -> None:
    write_hsds(with_examples(), tmp_path / "out", on=ON)
    (example, *_), (written, *_) = (
        rows_of(EXAMPLES / f"{table}.csv"),
        rows_of(tmp_path / "out" / f"{table}.csv"),
    )
    assert list(written) == list(example)


def test_the_example_is_read_for_what_it_says() -> None:
    read = read_hsds(EXAMPLES)
    offer, partner = read.offers.iloc[0], read.partners.iloc[0]
    assert partner["name"] == "Example Organization Inc."
    assert offer["focus"].startswith("Community Counselling: Counselling Services provided by")
    assert (offer["languages"], offer["grades"]) == ("Urdu", "7-13")
    # Its capacity is of another service, its place at 100 degrees north, its price in pounds, its hours in two weeks.
    assert (offer["slots"], offer["schedule"]) == (1, "")
    assert np.isnan([partner["latitude"], offer["cost_to_school"]]).all()


def test_an_export_of_the_examples_is_the_same_when_it_is_read_and_written_again(tmp_path: Path) -> None:
    write_hsds(with_examples(), tmp_path / "one", on=ON, with_contacts=True)
    again = merge_hsds(read_hsds(tmp_path / "one"), make_district([make_need()]))
    write_hsds(again, tmp_path / "two", on=ON, with_contacts=True)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


@pytest.mark.parametrize("table", HSDS_TABLES)
def test_we_know_each_table_as_the_specification_has_it(table: str) -> None:
    ours, schema = HSDS_TABLES[table], schema_of(HSDS_TABLES[table].entity)
    nested = {
        name for name, value in schema["properties"].items() if "$ref" in value or value["type"] == "array"
    }
    assert set(ours.columns) == set(schema["properties"]) - nested
    assert set(ours.nested) == nested <= {*NESTED_LISTS, *NESTED_ROWS}
    flat = {*schema["required"], *schema.get("tabular_required", [])} - nested
    assert ours.required == flat
    numbers = {name for name, value in schema["properties"].items() if value.get("type") == "number"}
    assert ours.numbers == numbers


@pytest.mark.parametrize(("table", "column"), WORDS)
def test_we_know_the_words_of_the_specification(table: str, column: str) -> None:
    assert list(WORDS[table, column]) == schema_of(HSDS_TABLES[table].entity)["properties"][column]["enum"]
