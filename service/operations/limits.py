"""What a request may be: for a name we answer to, not too large, and done within its time."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.operations.answers import Answer

ANY_HOST: Final = "*"
# What is parsed in one piece before anything else can be done; files are read bit by bit.
_IN_ONE_PIECE: Final = (b"application/json", b"application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a request may go.

    Parameters
    ----------
    hosts
        Names that requests may be addressed to, without port; ``*`` is any.
    json_bytes
        Most that a JSON or form body may have.
    upload_bytes
        Most that any other body, such as a file, may have.
    seconds
        Longest time until an answer begins.
    """

    hosts: Collection[str] = ("localhost", "127.0.0.1", "[::1]")
    json_bytes: int = 2**20
    upload_bytes: int = 2**25
    seconds: float = 120.0


class Limits:
    """Middleware that refuses what goes beyond its bounds, parameters as in `Answers`."""

    def __init__(self, app: ASGIApp, bounds: Bounds, answer: Answer):
        self._app, self._bounds, self._answer = app, bounds, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its bounds."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        # Whoever asks for our health may know no name of ours.
        if not scope["path"].startswith("/health/"):
            _check_host(headers.get(b"host", b""), self._bounds.hosts)
        is_one_piece = headers.get(b"content-type", b"").lower().startswith(_IN_ONE_PIECE)
        exchange = _Exchange(
            scope,
            receive,
            send,
            self._answer,
            self._bounds.json_bytes if is_one_piece else self._bounds.upload_bytes,
        )
        exchange.check_length(headers.get(b"content-length", b""))
        await exchange.pass_on(self._app, self._bounds.seconds)


class _Exchange:
    """One request and its answer, watched."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, answer: Answer, most_bytes: int):
        self._scope, self._receive, self._send, self._answer = scope, receive, send, answer
        self._most_bytes = self._bytes_left = most_bytes
        self._is_reading = False
        self._has_begun = False
        self._refusal: asyncio.Task[None] | None = None

    def check_length(self, declared: bytes) -> None:
        """Refuse a body that says of itself that it is too large."""
        if declared.isdigit() and int(declared) > self._most_bytes:
            raise self._too_large()

    async def pass_on(self, app: ASGIApp, seconds: float) -> None:
        """Let the application answer, or say that it takes too long."""
        # A timer is cheaper than a task of its own; a thread at work could not be stopped by either.
        timer = asyncio.get_running_loop().call_later(seconds, self._give_up)
        try:
            await app(self._scope, self._read, self._write)
        except Exception:
            if self._refusal is None:
                raise
        finally:
            timer.cancel()
            if self._refusal is not None:
                await self._refusal

    async def _read(self) -> Message:
        self._is_reading = True
        message = await self._receive()
        self._is_reading = False
        if message["type"] == "http.request":
            self._bytes_left -= len(message.get("body", b""))
            if self._bytes_left < 0:
                raise self._too_large()
        return message

    async def _write(self, message: Message) -> None:
        if self._refusal is None:
            self._has_begun = True
            await self._send(message)

    def _give_up(self) -> None:
        if self._has_begun:
            return
        status = HTTPStatus.REQUEST_TIMEOUT if self._is_reading else HTTPStatus.SERVICE_UNAVAILABLE
        words = (
            "This took too long; whether it was done shows when you repeat it with the same Idempotency-Key."
        )
        response = self._answer(Request(self._scope), HTTPException(status, words))
        self._refusal = asyncio.ensure_future(response(self._scope, self._receive, self._send))

    def _too_large(self) -> HTTPException:
        # A parser of bodies lets no other exception through as it is.
        words = f"Body: expected at most {self._most_bytes:,} bytes, found more."
        return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words)


def _check_host(header: bytes, hosts: Collection[str]) -> None:
    """Refuse a request that was meant for somebody else: a name that was made to lead here by a stranger."""
    if ANY_HOST in hosts:
        return
    given = header.decode("latin-1").lower()
    name = given if given.endswith("]") else given.rpartition(":")[0] or given
    if name not in hosts:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST,
            "Host: expected a name that PARTNERMATCH_ALLOWED_HOSTS lists, found another.",
        )
