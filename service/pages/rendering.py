"""From a template to an answer."""

from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

FOLDER: Final = Path(__file__).parent


def render(request: Request, template: str, /, status: int = HTTPStatus.OK, **values: object) -> Response:
    """Return a page.

    Parameters
    ----------
    template
        The name of its file.
    values
        What it shows, beside ``provider``: the name on the button of OpenID Connect, "" where there is none.
    """
    provider = getattr(request.app.state, "openid", None)
    shown = {"provider": provider.client.name if provider else "", "errors": {}, **values}
    return _templates().TemplateResponse(request, template, shown, status_code=status)


def wants_page(request: Request) -> bool:
    """Whether a browser asks for a page, not a program for data."""
    accepts = request.headers.get("accept", "")
    return "text/html" in accepts and not request.url.path.startswith(("/api/", "/health/", "/metrics"))


def render_problem(request: Request, status: int, title: str, detail: str) -> Response:
    """Return the page that tells what went wrong: the sign-in form where nobody is signed in."""
    if status == HTTPStatus.UNAUTHORIZED:
        return render(request, "sign_in.html", status, errors={"": detail}, then=_address(request))
    return render(request, "problem.html", status, title=title, detail=detail)


def _address(request: Request) -> str:
    """Return where to go on after signing in: where a page was asked for, if it can be asked for again."""
    is_public = request.url.path.startswith("/sign-in")
    if request.method != "GET" or is_public:
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


@cache
def _templates() -> Jinja2Templates:
    return Jinja2Templates(FOLDER / "templates")
