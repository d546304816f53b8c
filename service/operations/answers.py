"""What every answer carries and leaves behind: an id, protective headers, a line in the log, its figures."""

import os
import re
import time
from collections.abc import Callable
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.operations.headers import protective
from service.operations.metrics import Metrics

Answer = Callable[[Request, Exception], Response]
NO_ROUTE: Final = "none"
# What nginx logs where the client went away before it was answered.
CLIENT_LEFT: Final = 499
_SANE_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
# Asked every few seconds by machines.
_QUIET: Final = frozenset(("/health/live", "/health/ready", "/metrics"))


class Answers:
    """Outermost middleware: no answer leaves without its id and headers, and no error passes unanswered.

    Parameters
    ----------
    app
        What answers.
    metrics
        Where requests are counted.
    answer
        Turns an exception into an answer.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, answer: Answer):
        self._app, self._metrics, self._answer = app, metrics, answer
        self._log = structlog.get_logger(__name__).bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        scope["request_id"] = request_id = _request_id(scope)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = [*message.get("headers", ())]
                added = protective(headers, scope["scheme"], scope["path"])
                message["headers"] = [*headers, *added, (b"x-request-id", request_id.encode())]
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            response = self._answer(Request(scope), error)
            if not status:
                await response(scope, receive, send_with_headers)
        finally:
            self._note(scope, status or CLIENT_LEFT, time.perf_counter() - begun)
            structlog.contextvars.reset_contextvars(**bound)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count the request and log it: by its route, as paths and queries may hold what a log must not."""
        route = route_of(scope)
        self._metrics.count_request(scope["method"], route, status, seconds)
        tell = self._log.debug if route in _QUIET else self._log.info
        tell(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1e3, 2),
        )


def route_of(scope: Scope) -> str:
    """Return the template of the route that answered, such as ``/api/v1/needs/{need_id}``."""
    # A router that is included keeps its own path; its whole path stands beside it.
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    return getattr(route, "path", NO_ROUTE)


def _request_id(scope: Scope) -> str:
    """Return the id the client or a proxy gave, if it is a sane one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return str(value, "ascii")
    return os.urandom(16).hex()
