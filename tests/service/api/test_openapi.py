"""The OpenAPI document: valid, with examples that hold, and names that read well in a generated client."""

import re
import warnings
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import schemathesis

from service.app import create_app
from service.settings import Settings
from service.storage.database import Database, sqlite_url

Json = dict[str, Any]  # Any: JSON


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Json:
    database = Database(sqlite_url(tmp_path_factory.mktemp("openapi")))
    made: Json = create_app(Settings(model="words"), database).openapi()
    database.close()
    return made


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_document_is_what_openapi_expects(document: Json) -> None:
    with warnings.catch_warnings():
        # It brings classes that newer versions of a library call by another name.
        warnings.simplefilter("ignore", DeprecationWarning)
        schemathesis.openapi.from_dict(document).validate()


def test_every_operation_has_a_short_name_of_its_own(document: Json) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch("[a-z]+(_[a-z]+)+", name) or len(name) > 30] == []


def test_every_model_is_named_once(document: Json) -> None:
    names = document["components"]["schemas"]
    assert [name for name in names if re.search("-(Input|Output)$|__", name)] == []


def test_no_operation_has_two_parameters_of_a_name(document: Json) -> None:
    for name, operation in operations(document):
        found = [(one["in"], one["name"]) for one in operation.get("parameters", [])]
        assert len(found) == len(set(found)), name


def test_every_body_has_an_example_and_its_schema_takes_it(document: Json) -> None:
    for name, operation in operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is not None:
            found = examples(document, body)
            assert found, name
            for example in found:
                jsonschema.validate(example, body["schema"] | {"components": document["components"]})


def test_an_example_of_an_answer_is_one(document: Json) -> None:
    shown = [schema for schema in document["components"]["schemas"].values() if "example" in schema]
    assert shown
    for schema in shown:
        jsonschema.validate(schema["example"], schema | {"components": document["components"]})


def examples(document: Json, body: Json) -> list[Any]:
    """Return the examples of a body: its own, or that of its schema."""
    named = [example["value"] for example in body.get("examples", {}).values()]
    schema = document["components"]["schemas"].get(body["schema"].get("$ref", "").rpartition("/")[2], {})
    return named or [schema[name] for name in ("example",) if name in schema]
