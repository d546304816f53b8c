"""All pages of the application, and what they need beside it."""

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from service.landscapes import Landscapes
from service.pages.convenings import handing_out, meetings, recognizing
from service.pages.convenings.printing import Prints
from service.pages.imports import importing, reading_sheets
from service.pages.landscape import links, recruiting
from service.pages.landscape import overview as landscape
from service.pages.midyear import moves, recalibrating
from service.pages.needs import needs, overview, proposing
from service.pages.people import account, home, openid, people, programs, signing_in
from service.pages.places import lists as place_lists
from service.pages.places import places
from service.pages.policy import policy
from service.pages.rendering import FOLDER
from service.pages.rows import changing
from service.pages.rows import lists as row_lists
from service.pages.runs import adding, comparing, publishing, reviewing, runs
from service.people.oidc import Client, Provider
from service.people.passwords import Passwords
from service.people.sign_in import SignIn
from service.settings import Settings


def prepare_pages(app: FastAPI) -> None:
    """Add to an application the state that pages ask (``sign_in``, ``openid``, ``landscapes``), and their files."""
    app.state.sign_in = SignIn(app.state.database, Passwords())
    app.state.openid = _provider(app.state.settings)
    app.state.landscapes = Landscapes(app.state.recommenders)
    app.state.prints = Prints()
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")


def pages() -> list[APIRouter]:
    """Return the routes of all pages, in the order in which they are tried."""
    parts = (
        *(signing_in, openid, home, account, people, programs),
        *(overview, place_lists, places, needs, proposing),
        # Before one run, whose key any word could be.
        *(comparing, runs, recalibrating, moves, reviewing, adding, publishing),
        *(policy, changing, row_lists, landscape, links, recruiting),
        *(meetings, handing_out, recognizing, importing, reading_sheets),
    )
    return [part.router for part in parts]


def _provider(settings: Settings) -> Provider | None:
    if not settings.oidc_issuer:
        return None
    client_id, secret, name = settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_name
    return Provider(Client(settings.oidc_issuer, client_id, secret, name))
