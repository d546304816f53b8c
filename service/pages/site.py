"""All pages of the application, and what they need beside it."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from service.landscapes import Landscapes
from service.pages import (
    account,
    adding,
    changing,
    comparing,
    district,
    home,
    importing,
    landscape,
    landscape_links,
    moves,
    needs,
    openid,
    people,
    place_lists,
    places,
    policies,
    programs,
    proposing,
    publishing,
    recruiting,
    reading_sheets,
    recalibrating,
    reviewing,
    row_lists,
    runs,
    signing_in,
)
from service.pages import convenings, handing_out, recognizing
from service.pages.printing import Prints
from service.pages.rendering import FOLDER
from service.people.oidc import Client, Provider
from service.people.passwords import Passwords
from service.people.sign_in import SignIn
from service.settings import Settings


def add_pages(app: FastAPI) -> None:
    """Add the pages to an application, and to its state ``sign_in``, ``openid`` and ``landscapes``, which they ask."""
    app.state.sign_in = SignIn(app.state.database, Passwords())
    app.state.openid = _provider(app.state.settings)
    app.state.landscapes = Landscapes(app.state.recommenders)
    for part in (signing_in, home, account, people, programs):
        app.include_router(part.router)
    app.include_router(openid.router)
    app.include_router(district.router)
    app.include_router(place_lists.router)
    app.include_router(places.router)
    app.include_router(needs.router)
    app.include_router(proposing.router)
    for part in (
        comparing,
        runs,
        recalibrating,
        moves,
        reviewing,
        adding,
        publishing,
        policies,
        changing,
        row_lists,
        landscape,
        landscape_links,
        recruiting,
    ):
        app.include_router(part.router)
    app.state.prints = Prints()
    for part in (convenings, handing_out, recognizing):
        app.include_router(part.router)
    app.include_router(importing.router)
    app.include_router(reading_sheets.router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")


def _provider(settings: Settings) -> Provider | None:
    if not settings.oidc_issuer:
        return None
    client_id, secret, name = settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_name
    return Provider(Client(settings.oidc_issuer, client_id, secret, name))
