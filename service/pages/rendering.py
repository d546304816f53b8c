"""From a template to an answer."""

from collections.abc import Iterable
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from matching.areas import area_numbered, focus_areas
from matching.vocabulary import RULE_WORDS, Rule
from service.pages.reader import LANGUAGES, Reader, reader_of
from service.pages.sentences import told

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
    reader = reader_of(request)
    shown = {
        "provider": provider.client.name if provider else "",
        "errors": {},
        "principal": None,
        "address": _address(request),
        "language": reader.language,
        "languages": LANGUAGES,
        "_": reader.say,
        "ngettext": reader.count,
        "number": reader.number,
        "share": reader.share,
        "day": reader.day,
        "moment": reader.moment,
        "level_words": partial(level_words, reader),
        "why": partial(_why, reader),
        "told": partial(told, reader),
        "area_words": partial(_area_words, reader),
        **values,
    }
    return _templates().TemplateResponse(request, template, shown, status_code=status)


def level_words(reader: Reader, level: str) -> str:
    """Return a slot level in words."""
    line, priority = level.split("-")
    if line == "mentoring":
        return reader.say("Mentoring, priority {priority}", priority=priority)
    return reader.say("Other help, priority {priority}", priority=priority)


def _why(reader: Reader, rules: Iterable[str]) -> str:
    """Return what stands in the way in words."""
    return ", ".join(reader.say(RULE_WORDS[Rule(rule)]) for rule in rules)


def _area_words(reader: Reader, key: str) -> str:
    """Return a focus area in words, "" for none."""
    if not key:
        return ""
    area = focus_areas()[area_numbered(key)]
    return area.spanish[:1].upper() + area.spanish[1:] if reader.language == "es" else area.title


def wants_page(request: Request) -> bool:
    """Whether a browser asks for a page, not a program for data."""
    accepts = request.headers.get("accept", "")
    return "text/html" in accepts and not request.url.path.startswith(("/api/", "/health/", "/metrics"))


def render_problem(request: Request, status: int, detail: str) -> Response:
    """Return the page that tells what went wrong: the sign-in form where nobody is signed in."""
    if status == HTTPStatus.UNAUTHORIZED:
        came_to_sign_in = request.url.path.startswith("/sign-in")
        said = {"errors": {"": detail}} if came_to_sign_in else {"is_asked": True}
        return render(request, "sign_in.html", status, then=_address(request), **said)
    request_id = request.scope.get("request_id", "")
    return render(
        request,
        "problem.html",
        status,
        code=status,
        detail="" if detail == HTTPStatus(status).phrase else detail,
        back=_back(request),
        request_id=request_id,
    )


def _back(request: Request) -> str:
    """Return the page of ours from which a request came, "" where there is none or it is this one."""
    came = urlsplit(request.headers.get("referer", ""))
    address = came.path + (f"?{came.query}" if came.query else "")
    is_ours = came.netloc == request.headers.get("host") and came.path.startswith("/") and address[:2] != "//"
    return address if is_ours and (request.method != "GET" or address != _address(request)) else ""


def _address(request: Request) -> str:
    """Return where to go on after signing in: where a page was asked for, if it can be asked for again."""
    is_public = request.url.path.startswith("/sign-in")
    if request.method != "GET" or is_public:
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


@cache
def _templates() -> Jinja2Templates:
    return Jinja2Templates(FOLDER / "templates")
