"""The application: its state, what stands around every request, and its routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute
from threadpoolctl import threadpool_limits

from service.api import (
    districts,
    own,
    people,
    problems,
    publications,
    recommendations,
    resources,
    results,
    review,
    runs,
    tokens,
    transfer,
)
from service.api.openapi import document
from service.operations.endpoints import attend
from service.operations.figures import show_figures
from service.operations.limits import Bounds
from service.overviews import Overviews
from service.pages.site import pages, prepare_pages
from service.previews import Previews
from service.recommending import Recommenders, Warming
from service.runs.executors import executor_of
from service.runs.job import encoder_of
from service.runs.plans import Plans
from service.runs.publishing import Grounds
from service.runs.supervisor import Supervisor
from service.settings import Settings
from service.storage.database import Database
from service.storage.migrations import check_tables

DESCRIPTION = """What schools lack, what partners give, who is recommended for what and why; runs that allocate
it all, their review and publication. Lists are `{"items": [...], "next": cursor or null}`; errors are problem+json
(RFC 9457); a change names the version it is meant for by If-Match; a POST with an Idempotency-Key is done once."""


def create_app(settings: Settings | None = None, database: Database | None = None) -> FastAPI:
    """Return the application on a database whose tables exist.

    Parameters
    ----------
    settings
        By default from the environment.
    database
        By default the one the settings name.
    """
    settings = settings or Settings()
    app = FastAPI(
        title="Partnermatch",
        version=version("partnermatch"),
        description=DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.settings = settings
    app.state.database = database or Database(settings.url)
    app.state.supervisor = Supervisor(app.state.database, partial(executor_of, settings))
    app.state.plans = Plans()
    encoder = encoder_of(settings.model)
    app.state.encoder = encoder
    app.state.recommenders, app.state.overviews = Recommenders(encoder), Overviews(encoder)
    app.state.previews, app.state.grounds = Previews(encoder), Grounds(encoder)
    problems.tell_problems(app)
    app.router.routes.extend(_routes())
    prepare_pages(app)
    attend(app, _bounds(settings), problems.answer, settings.metrics_token)
    app.state.checks["database"] = partial(check_tables, app.state.database)
    show_figures(app.state.metrics, app.state.database, app.state.recommenders.figures)
    app.openapi = partial(document, app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        hosts=settings.hosts,
        json_bytes=settings.max_json_bytes,
        upload_bytes=settings.max_upload_bytes,
        seconds=settings.request_seconds,
    )


@cache
def _routes() -> list[BaseRoute]:
    """Return the routes of the API and the pages; they hold no state: made once for all applications of a process."""
    every = APIRouter()
    for router in (_api(), *pages()):
        every.include_router(router)
    return every.routes


def _api() -> APIRouter:
    """Return all routes of the API."""
    api = APIRouter(prefix="/api/v1", responses=problems.RESPONSES)
    # Routes are tried in this order, and recommendations are asked for most.
    for part in (recommendations, districts, own, people, publications, results, review, runs, tokens):
        api.include_router(part.router)
    for router in (*resources.routers(), *transfer.routers()):
        api.include_router(router)
    return api


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep what runs beside the requests as long as the application."""
    supervisor = app.state.supervisor
    await run_in_threadpool(supervisor.start)
    app.state.checks["runs"] = supervisor.check
    warming = Warming(app.state.database, app.state.recommenders)
    # Requests are the threads here: products of one vector that take several more each stall under load.
    with threadpool_limits(1, "blas"):
        warming.start()
        yield
    await run_in_threadpool(warming.stop)
    await run_in_threadpool(supervisor.stop)
    app.state.database.close()
