"""What the OpenAPI document says beside what FastAPI finds in the endpoints."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.api.access import Access
from service.api.problems import Fault, Problem

Document = dict[str, Any]  # JSON

_SCHEMES: Final[Document] = {
    "token": {"type": "http", "scheme": "bearer", "description": "What `partnermatch token` prints."},
    "session": {"type": "apiKey", "in": "cookie", "name": "partnermatch", "description": "Who signed in."},
}


def _parameter(name: str, place: str, description: str) -> Document:
    return {
        "name": name,
        "in": place,
        "required": False,
        "schema": {"type": "string"},
        "description": description,
    }


_DISTRICT: Final = _parameter(
    "district", "query", "Key of the district; where left out, the only one you have."
)
IF_MATCH: Final = _parameter("If-Match", "header", "The ETag that reading gave; a change has to send it.")
_ONCE: Final = _parameter(
    "Idempotency-Key", "header", "A text of your own; with it the request is done once."
)


def operation_of(access: Access, methods: frozenset[str], given: Document | None) -> Document:
    """Return what a route's access says in the document: its roles, and the parameters all such routes have."""
    told = dict(given or {})
    parameters = list(told.get("parameters", []))
    if access.of_district and not access.is_public:
        parameters.append(_DISTRICT)
    if methods & {"PATCH", "DELETE"}:
        parameters.append(IF_MATCH)
    if "POST" in methods:
        parameters.append(_ONCE)
    told["x-roles"] = sorted({*access.roles, "admin"}) if not access.is_public else ["everyone"]
    return (
        told
        | ({"parameters": parameters} if parameters else {})
        | ({"security": []} if access.is_public else {})
    )


def document(app: FastAPI) -> Document:
    """Return the document of an application."""
    if app.openapi_schema is None:
        made: Document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for model in (Fault, Problem):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            schemas[model.__name__] = schema
        for path in made["paths"].values():
            for operation in path.values():
                _name_once(operation)
        made["components"]["securitySchemes"] = _SCHEMES
        made["security"] = [{name: []} for name in _SCHEMES]
        app.openapi_schema = made
    return app.openapi_schema


def _name_once(operation: Document) -> None:
    """Keep the first of parameters of one name: an endpoint that names one itself knows more about it."""
    if "parameters" in operation:
        found = {(one["in"], one["name"]): one for one in reversed(operation["parameters"])}
        operation["parameters"] = [*reversed(found.values())]
