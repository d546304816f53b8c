"""Pages without a face: to a provider of OpenID Connect and back."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.api.access import Given, allow
from service.api.browsers import SESSION, drop_cookie, read_cookie, set_cookie
from service.api.people import base_url
from service.api.route import Route
from service.errors import NotFoundError
from service.pages.people.signing_in import enter
from service.people import oidc, sessions

router = APIRouter(route_class=Route, include_in_schema=False)

_ATTEMPT: Final = "partnermatch-openid"
_LASTS: Final = timedelta(minutes=10)
_RETURN: Final = "/sign-in/openid/return"


# Both change something, so that no transaction waits for the provider.
@router.get("/sign-in/openid")
@allow(is_public=True, of_district=False, changes=True)
def leave(request: Request) -> Response:
    """Send the browser to the provider."""
    attempt = oidc.Attempt.new()
    response = RedirectResponse(_provider(request).authorization_url(attempt, _return_url(request)), 303)
    set_cookie(response, request, _ATTEMPT, attempt.secret, _LASTS)
    return response


@router.get(_RETURN)
@allow(is_public=True, of_district=False, changes=True)
def come_back(given: Given, request: Request) -> Response:
    """Sign in whom the provider names, where they have an account."""
    provider, attempt = _provider(request), oidc.Attempt(read_cookie(request, _ATTEMPT))
    identity = provider.identity_of(attempt, dict(request.query_params), _return_url(request))
    user_id = oidc.user_of(given.connection, identity)
    if user_id is None:
        raise provider.unknown()
    before = read_cookie(request, SESSION)
    response = enter(request, sessions.start(given.connection, user_id, instead_of=before))
    drop_cookie(response, request, _ATTEMPT)
    return response


def _provider(request: Request) -> oidc.Provider:
    provider: oidc.Provider | None = request.app.state.openid
    if provider is None:
        raise NotFoundError("OpenID Connect: expected a provider in the settings, found none.")
    return provider


def _return_url(request: Request) -> str:
    return base_url(request).rstrip("/") + _RETURN
