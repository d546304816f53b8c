"""What machines ask for: whether we live, whether we are ready, and our figures."""

import logging
import secrets
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final, Literal

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict

from service.errors import NotFoundError
from service.operations.answers import Answer, Answers
from service.operations.limits import Bounds, Limits
from service.operations.metrics import MEDIA_TYPE, Metrics

Check = Callable[[], None]
# What a proxy adds to a request that it passes on for somebody else.
_PASSED_ON: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")

log = logging.getLogger(__name__)
router: Final = APIRouter(tags=["health"])


class Liveness(BaseModel):
    """That the process answers."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """Whether requests can be answered, and which part fails where not."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"is_ready": True, "parts": {"database": True}}}
    )

    is_ready: bool
    parts: dict[str, bool]


def attend(app: FastAPI, bounds: Bounds, answer: Answer, metrics_token: str = "") -> None:
    """Put what every request and every keeper needs around an application; call it after all other middleware.

    Parameters
    ----------
    app
        Gets the state ``metrics``, and ``checks``: what readiness asks by name, each raising where its part fails.
    bounds
        How far a request may go.
    answer
        Turns an exception into an answer.
    metrics_token
        What lets someone at another machine see the figures; without one nobody there does.
    """
    app.state.metrics, app.state.checks, app.state.metrics_token = Metrics(), {}, metrics_token
    app.add_middleware(Limits, bounds=bounds, answer=answer)
    app.add_middleware(Answers, metrics=app.state.metrics, answer=answer)
    app.include_router(router)


@router.get("/health/live", operation_id="check_liveness")
async def live() -> Liveness:
    """Say that the process answers; it looks at nothing else."""
    return Liveness()


@router.get(
    "/health/ready",
    operation_id="check_readiness",
    responses={503: {"model": Readiness, "description": "A part fails; send requests elsewhere."}},
)
def ready(request: Request, response: Response) -> Readiness:
    """Say whether requests can be answered: the database is there and up to date, and runs are looked after."""
    parts = {name: _holds(name, check) for name, check in request.app.state.checks.items()}
    is_ready = all(parts.values())
    if not is_ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Readiness(is_ready=is_ready, parts=parts)


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Return the figures in Prometheus' format to this machine, or to whoever has the token for them."""
    if not (_is_of_this_machine(request) or _has_token(request, request.app.state.metrics_token)):
        raise NotFoundError("Nothing here.")
    return Response(request.app.state.metrics.page(), media_type=MEDIA_TYPE)


def _holds(name: str, check: Check) -> bool:
    try:
        check()
    except Exception:
        log.exception("Not ready: %s.", name)
        return False
    return True


def _is_of_this_machine(request: Request) -> bool:
    """Whether a request comes from here, and not through a proxy here from somewhere else."""
    if any(name in request.headers for name in _PASSED_ON) or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _has_token(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "")
    return bool(token) and secrets.compare_digest(given.encode(), f"Bearer {token}".encode())
