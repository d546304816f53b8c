"""What every route does: it knows its caller, opens one transaction, and commits before the answer leaves."""

import hashlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from fastapi.routing import APIRoute
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from service.api.access import SAFE_METHODS, Access, Context, access_of, open_context
from service.api.openapi import operation_of
from service.errors import ConflictError, KeyReusedError
from service.storage.tables import idempotency

Handler = Callable[[Request], Coroutine[Any, Any, Response]]  # Any: what a coroutine is sent, nothing

KEPT_HEADERS: Final = ("content-type", "location", "etag")
LONGEST_KEY: Final = 200


class Route(APIRoute):
    """A route whose endpoint says by `allow` who may call it; the application does not start where one does not say."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], **options: Any
    ) -> None:  # Any: FastAPI's options
        self.access = access_of(endpoint)
        methods = frozenset(options.get("methods") or ("GET",))
        options["openapi_extra"] = operation_of(self.access, methods, options.get("openapi_extra"))
        options["operation_id"] = options.get("name") or endpoint.__name__
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler within one transaction."""
        handle, access = super().get_route_handler(), self.access

        async def answer(request: Request) -> Response:
            try:
                return await answer_open(request)
            finally:
                # An upload may have been read for the token beside it, and by no endpoint.
                await request.close()

        async def answer_open(request: Request) -> Response:
            _check_address(request)
            csrf = "" if request.method in SAFE_METHODS else await _csrf_sent(request)
            context = await run_in_threadpool(open_context, request.app.state.database, request, access, csrf)
            request.state.context = context
            asked = None
            try:
                asked = await _Asked.of(request, context)
                kept = await run_in_threadpool(asked.answer_kept, context) if asked else None
                response = kept or await handle(request)
                if context.changes or not context.database.is_sqlite:
                    await run_in_threadpool(_finish, context, None if kept else asked, response, access)
                else:
                    # A reader of a file ends at once: a thread would cost more than it does.
                    context.end()
            except BaseException as error:
                context.end(error)
                # The same request may have come twice at once, and the other was first.
                kept = await run_in_threadpool(asked.answer_kept, context) if asked else None
                if kept:
                    return kept
                if isinstance(error, IntegrityError):
                    said = "Someone else changed this at the same time; read it again."
                    raise ConflictError(said) from error
                raise
            return response

        return answer


def router(name: str) -> APIRouter:
    """Return the router of one subject of the API, under its name."""
    return APIRouter(prefix=f"/{name}", tags=[name], route_class=Route)


class _Asked:
    """A request with an idempotency key: done once, answered as often as it comes."""

    def __init__(self, key: str, actor: str, request_sha256: str) -> None:
        self.key, self.actor, self.request_sha256 = key, actor, request_sha256

    @classmethod
    async def of(cls, request: Request, context: Context) -> "_Asked | None":
        """Return what a request asks for, None where it names no key or nobody asks."""
        key = request.headers.get("idempotency-key")
        if key is None or request.method != "POST" or not context.is_signed_in:
            return None
        if not 1 <= len(key) <= LONGEST_KEY:
            raise ValueError(f"Idempotency-Key: expected 1 to {LONGEST_KEY} characters, found {len(key)}.")
        said = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await _body(request)
        return cls(key, context.principal.actor, hashlib.sha256(said).hexdigest())

    def answer_kept(self, context: Context) -> Response | None:
        """Return the answer that was given to this request before.

        Raises
        ------
        KeyReusedError
            Where the key came with another request.
        """
        where = (idempotency.c.actor == self.actor) & (idempotency.c.key == self.key)
        with context.database.reading() as connection:
            found = connection.execute(select(idempotency).where(where)).one_or_none()
        if found is None:
            return None
        if found.request_sha256 != self.request_sha256:
            raise KeyReusedError(
                f"Idempotency-Key {self.key}: expected a new one, for it came with another request."
            )
        if not found.body and found.status == HTTPStatus.CREATED:
            raise ConflictError("This was made already; its secret is shown once.")
        return Response(found.body, found.status, found.headers | {"idempotency-replayed": "true"})

    def keep(self, context: Context, response: Response, *, has_secret: bool) -> None:
        """Keep the answer, in the transaction of what it tells."""
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        kept = insert(idempotency).values(
            actor=self.actor,
            key=self.key,
            request_sha256=self.request_sha256,
            status=response.status_code,
            headers=headers,
            body=b"" if has_secret else response.body,
            created_at=datetime.now(UTC),
        )
        context.connection.execute(kept)


def _finish(context: Context, asked: _Asked | None, response: Response, access: Access) -> None:
    if asked and context.changes:
        asked.keep(context, response, has_secret=access.has_secret)
    context.end()


def _check_address(request: Request) -> None:
    """Refuse a character that PostgreSQL cannot keep, and that no id has."""
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise ValueError("Address: expected no NUL character.")


async def _body(request: Request) -> bytes:
    """Return the body without what a client makes anew each time it sends a form: the line between its parts."""
    body, kind = await request.body(), request.headers.get("content-type", "")
    boundary = kind.partition("boundary=")[2].partition(";")[0].strip(' "') if "multipart/" in kind else ""
    return body.replace(boundary.encode(), b"") if boundary else body


async def _csrf_sent(request: Request) -> str:
    """Return what shows that a page of ours asks; the body is read before a transaction begins."""
    await request.body()
    if "x-csrf-token" in request.headers:
        return request.headers["x-csrf-token"]
    if request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        field = (await request.form()).get("csrf", "")
        return field if isinstance(field, str) else ""
    return ""
