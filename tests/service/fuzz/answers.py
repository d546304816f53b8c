"""What every answer is held to, whatever was asked."""

import json
from collections.abc import Iterator
from typing import Final

from httpx2 import Response
from jsonschema import Draft202012Validator
from schemathesis import Response as Checked
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from service.api.problems import Problem
from service.people.principal import Role
from tests.service.fuzz.asks import Ask
from tests.service.fuzz.world import CONTACT, OTHER_CONTACT, World

_CHECKS: Final = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
_SAFE: Final = ("GET", "HEAD", "OPTIONS", "TRACE")
_PUBLISHES: Final = ("/publish", "/publications/{number}/undo")
_MOST: Final = 300


def faults(world: World, who: Role | None, ask: Ask) -> Iterator[str]:
    """Ask, and yield what is wrong with the answer and with what it left behind."""
    before, overdrawn = world.state(), world.overdrawn() if ask.path.endswith(_PUBLISHES) else set()
    answer = send(world, who, ask)
    yield from _of_answer(who, ask, answer)
    if ask.path.endswith(_PUBLISHES) and (more := world.overdrawn() - overdrawn):
        yield f"given twice: {more}"
    is_change = world.state() != before
    if is_change and (ask.method in _SAFE or answer.status_code >= 400):
        yield f"{answer.status_code}: it changed something"
    if answer.status_code == 201 and "location" in answer.headers:
        yield from _of_made(world, who, ask, answer)
    if answer.status_code in (200, 204) and ask.method in ("PATCH", "DELETE"):
        yield from _of_changed(world, who, ask, answer)
    if ask.method == "POST" and "Idempotency-Key" in ask.headers and answer.is_success:
        yield from _of_same_again(world, who, ask, answer)


def send(world: World, who: Role | None, ask: Ask) -> Response:
    """Return the answer to a request, byte by byte as it is."""
    headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in ask.headers.items()
    ]
    answer = world.client(who).request(
        ask.method, ask.address, headers=headers, content=ask.body, follow_redirects=False
    )
    world.answers[answer.status_code] += 1
    return answer


def _of_answer(who: Role | None, ask: Ask, answer: Response) -> Iterator[str]:
    if answer.status_code >= 500 and not (ask.path == "/health/ready" and answer.status_code == 503):
        yield f"{answer.status_code}: {answer.text[:_MOST]}"
        return
    if "x-request-id" not in answer.headers or "content-security-policy" not in answer.headers:
        yield "it has no id, or no policy"
    text = answer.text
    if OTHER_CONTACT in text or (CONTACT in text and who in (None, Role.BOARD)):
        yield "a contact is told"
    yield from _of_refusal(answer)
    if answer.is_success and _is_against_the_document(ask):
        yield "a body that the document refuses was accepted"
    if ask.method not in _SAFE[1:] and answer.status_code != 405:
        yield from _of_document(ask, answer)


def _of_refusal(answer: Response) -> Iterator[str]:
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 400 and kind.startswith("application/problem+json"):
        Problem.model_validate_json(answer.content, strict=True)
    elif answer.status_code >= 400 and not kind.startswith("text/html") and answer.content:
        yield f"{answer.status_code} as {kind}"
    if answer.status_code == 405 and not answer.headers.get("allow"):
        yield "405 without Allow"
    if answer.status_code == 401 and "www-authenticate" not in answer.headers and "html" not in kind:
        yield "401 without WWW-Authenticate"


def _of_document(ask: Ask, answer: Response) -> Iterator[str]:
    case = ask.operation.Case(path_parameters=dict(ask.names))
    if "text/html" in ask.headers.get("Accept", "") or ask.path != ask.operation.full_path:
        return
    try:
        case.validate_response(Checked.from_any(answer), checks=_CHECKS)
    except FailureGroup as group:
        yield from (f"{type(one).__name__}: {str(one)[:_MOST]}" for one in group.exceptions)


def _is_against_the_document(ask: Ask) -> bool:
    """Whether a body breaks its schema."""
    content = ask.operation.definition.raw.get("requestBody", {}).get("content", {})
    if ask.body is None or "application/json" not in content:
        return False
    components = ask.operation.schema.raw_schema["components"]
    validator = Draft202012Validator({**content["application/json"]["schema"], "components": components})
    return not validator.is_valid(json.loads(ask.body))


def _of_made(world: World, who: Role | None, ask: Ask, answer: Response) -> Iterator[str]:
    """Hold that what was made is there, as it was told."""
    district = dict(ask.query).get("district")
    found = world.client(who).get(
        answer.headers["location"], params={"district": district} if district else {}
    )
    if "/tokens/" in str(found.url) and found.status_code == 405:
        return
    if found.status_code != 200:
        yield f"what was made is not there: {found.status_code} {found.text[:_MOST]}"
    elif "etag" in answer.headers and ("/api/v1/imports" not in ask.path) and found.json() != _made(answer):
        yield f"what was made reads otherwise: {found.text[:_MOST]} {answer.text[:_MOST]}"


def _made(answer: Response) -> object:
    """Return what an answer tells of what was made; a match is told with its cost."""
    told = answer.json()
    return told.get("match", told)


def _of_changed(world: World, who: Role | None, ask: Ask, answer: Response) -> Iterator[str]:
    """Hold that what was changed reads as was told, and what was removed is gone."""
    found = world.client(who).get(ask.address)
    if found.status_code in (401, 405):
        return
    if ask.method == "DELETE" and ask.path.endswith(("{key}", "{number}")) and found.status_code != 404:
        yield f"what was removed is there: {found.status_code}"
    if ask.method == "PATCH" and found.status_code == 200 and found.json() != answer.json():
        yield f"what was changed reads otherwise: {found.text[:_MOST]} {answer.text[:_MOST]}"


def _of_same_again(world: World, who: Role | None, ask: Ask, answer: Response) -> Iterator[str]:
    before = world.state()
    again = send(world, who, ask)
    if world.state() != before and ask.path != "/api/v1/recommendations":
        yield "the same request with the same key changed something again"
    if who is None or (again.status_code == 409 and "secret" in again.text):
        return
    if "/recommendations" not in ask.path and _told(again) != _told(answer):
        yield f"the same request with the same key: {answer.status_code} {again.status_code} {again.text[:_MOST]}"


def _told(answer: Response) -> tuple[int, object]:
    try:
        return answer.status_code, json.loads(answer.content)
    except ValueError:
        return answer.status_code, answer.content
