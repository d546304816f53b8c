"""What browsers send along by themselves: the session's cookie, and from where a request was made.

A cookie comes with requests that pages of other sites make too; so whatever changes something also needs the session's
CSRF token, and must not come from elsewhere.

References
----------
OWASP, "Cross-Site Request Forgery Prevention Cheat Sheet"; RFC 6265bis, section 4.1.3 (``__Host-``).
"""

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from service.errors import NotAllowedError

SESSION: Final = "partnermatch"


def read_cookie(request: Request, name: str) -> str:
    """Return a cookie of ours, "" where there is none; over https no other host of our domain can have set it."""
    return request.cookies.get(_full_name(request, name), "")


def set_cookie(
    response: Response, request: Request, name: str, value: str, lasts: timedelta | None = None
) -> None:
    """Let a browser keep a cookie, out of reach of scripts and other sites; without ``lasts`` until it closes."""
    is_secure = request.url.scheme == "https"
    seconds = int(lasts.total_seconds()) if lasts is not None else None
    response.set_cookie(
        _full_name(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, request: Request, name: str) -> None:
    """Let a browser forget a cookie."""
    set_cookie(response, request, name, "", timedelta(0))


def check_origin(request: Request) -> None:
    """Refuse what a page of another site asks a browser for; programs send neither header.

    Raises
    ------
    NotAllowedError
        Where it comes from elsewhere.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    is_ours = origin is None or _host_of(origin) == request.headers.get("host", "")
    if site not in ("same-origin", "none") or not is_ours:
        raise NotAllowedError("Origin: expected a page of this service, found another site.")


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _full_name(request: Request, name: str) -> str:
    return f"__Host-{name}" if request.url.scheme == "https" else name
