"""The one place where exceptions become status codes: problem+json.

References
----------
RFC 9457, "Problem Details for HTTP APIs".
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from matching.audit import Finding
from matching.errors import DataError
from matching.errors import Problem as DataProblem
from matching.review import OVERRIDABLE, BrokenRules
from service.errors import (
    ConflictError,
    KeyReusedError,
    NotAllowedError,
    NotFoundError,
    NotReadyError,
    NotSignedInError,
    ServiceError,
    StaleError,
    TooLargeError,
    TooManyError,
    VersionMissingError,
)
from service.pages.rendering import render_problem, wants_page

log = structlog.get_logger(__name__)

STATUS: Final[dict[type[Exception], HTTPStatus]] = {
    NotSignedInError: HTTPStatus.UNAUTHORIZED,
    NotAllowedError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    StaleError: HTTPStatus.PRECONDITION_FAILED,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    VersionMissingError: HTTPStatus.PRECONDITION_REQUIRED,
    TooManyError: HTTPStatus.TOO_MANY_REQUESTS,
    NotReadyError: HTTPStatus.SERVICE_UNAVAILABLE,
    BrokenRules: HTTPStatus.CONFLICT,
    KeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    DataError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RequestValidationError: HTTPStatus.UNPROCESSABLE_ENTITY,
}
MEDIA_TYPE: Final = "application/problem+json"
#: How pydantic begins what it says, and how that goes on after "expected".
_IN_OUR_WORDS: Final = (
    ("Value error, ", ""),
    ("expected ", ""),
    ("Input should be ", ""),
    ("String should have ", "a text of "),
    ("String should match pattern ", "a text like "),
)
OWN_PACKAGES: Final = ("matching", "optimizer", "embeddings", "service")


class Fault(BaseModel):
    """One thing that is wrong with what was sent."""

    model_config = ConfigDict(extra="forbid")

    at: str
    """Where it stands: the field, or table, row and column."""
    found: str
    expected: str


class Problem(BaseModel):
    """What a caller is told of an error, as RFC 9457 has it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "Need N999: expected the id of one of this district, found none.",
                "request_id": "01JQ6Y0T2N",
                "errors": [],
            }
        },
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str = ""
    errors: list[Fault] = []


#: What every route of the API may answer beside what it is for.
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {  # Any: FastAPI's own type of these
    code: {
        "description": "What went wrong.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for code in ("4XX", "5XX", 422)
}


def tell_problems(app: FastAPI) -> None:
    """Answer every error of an application as a problem."""
    for kind in (
        ServiceError,
        DataError,
        ValueError,
        RequestValidationError,
        HTTPException,
        OperationalError,
        Exception,
    ):
        app.add_exception_handler(kind, answer)


def answer(request: Request, error: Exception) -> Response:
    """Return the answer to a request that ended in an error."""
    status, detail, errors, headers = _told(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("failed", exc_info=error)
    if wants_page(request):
        page = render_problem(request, status, detail)
        page.headers.update(headers)
        return page
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=request.scope.get("request_id", ""),
        errors=errors,
    )
    return JSONResponse(problem.model_dump(), status, headers, MEDIA_TYPE)


def _told(error: Exception) -> tuple[int, str, list[Fault], dict[str, str]]:
    """Return status, words, faults and headers of an error; nothing of what nobody foresaw."""
    if isinstance(error, HTTPException):
        return error.status_code, error.detail, [], dict(error.headers or {})
    if isinstance(error, ServiceError):
        return STATUS[type(error)], str(error), [], _headers_of(error)
    if isinstance(error, OperationalError):
        said = "The database does not answer; try again shortly."
        return HTTPStatus.SERVICE_UNAVAILABLE, said, [], {"Retry-After": "2"}
    faults = _faults(error)
    if faults:
        is_rule = isinstance(error, BrokenRules)
        others = f" {len(faults) - 1} more in errors." if faults[1:] else ""
        said = str(error) if is_rule else f"{faults[0].at}: expected {faults[0].expected}.{others}"
        return STATUS[BrokenRules if is_rule else DataError], said, faults, {}
    if isinstance(error, ValueError) and _is_our_own(error.__traceback__):
        return HTTPStatus.UNPROCESSABLE_ENTITY, str(error), [], {}
    said = "A fault of the program, not of your data; nothing was changed."
    return HTTPStatus.INTERNAL_SERVER_ERROR, said, [], {}


def _headers_of(error: ServiceError) -> dict[str, str]:
    if isinstance(error, NotSignedInError):
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyError | NotReadyError) else {}


def _faults(error: Exception) -> list[Fault]:
    """Return what is wrong with what was sent, cell by cell or field by field; the fields themselves are not told."""
    if isinstance(error, DataError):
        return [
            Fault(at=_at(problem), found=problem.found, expected=problem.expected)
            for problem in error.problems
        ]
    if isinstance(error, BrokenRules):
        return [*map(_fault_of_rule, error.findings)]
    if isinstance(error, RequestValidationError):
        return [
            Fault(at="/".join(map(str, fault["loc"])), found="", expected=_expected(fault))
            for fault in error.errors()
        ]
    return []


def _expected(fault: Mapping[str, Any]) -> str:  # Any: what pydantic says of a fault
    """Return what a field should be, in words that follow "expected"."""
    told = {"missing": "a value", "extra_forbidden": "no field of this name", "json_invalid": "JSON"}
    said: str = told.get(fault["type"], fault["msg"])
    for beginning, instead in _IN_OUR_WORDS:
        said = said.replace(beginning, instead, 1) if said.startswith(beginning) else said
    return said


def _fault_of_rule(found: Finding) -> Fault:
    at = "/".join(filter(None, (str(found.rule), found.need_id, found.offer_id, found.owner)))
    can_yield = found.rule in OVERRIDABLE
    expected = (
        "the rule kept, or a reason to override it" if can_yield else "the rule kept, whatever the reason"
    )
    return Fault(at=at, found=found.message, expected=expected)


def _at(problem: DataProblem) -> str:
    parts = (problem.table, f"row {problem.row}" if problem.row else "", problem.column or "")
    return "/".join(part for part in parts if part) or "file"


def _is_our_own(trace: TracebackType | None) -> bool:
    """Whether one of our packages raised it itself: what a library did not like is no caller's mistake."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(OWN_PACKAGES)
