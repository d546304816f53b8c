"""The headers that tell a browser what an answer may do: use our own files only, be framed by nobody, stay unsaved."""

from typing import Final

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A run's report carries its style in itself and has no script; in a sandbox it can neither send nor follow anything.
REPORT_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; frame-ancestors 'self'"
)
_OFF: Final = ("camera", "microphone", "geolocation", "payment", "usb", "interest-cohort")
_ALWAYS: Final[tuple[tuple[bytes, bytes], ...]] = tuple(
    (name.encode(), value.encode())
    for name, value in (
        ("content-security-policy", CONTENT_POLICY),
        ("x-content-type-options", "nosniff"),
        # With less than this a browser hides the Origin by which we tell our own forms from others'.
        ("referrer-policy", "same-origin"),
        ("permissions-policy", ", ".join(f"{feature}=()" for feature in _OFF)),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    )
)
_ENCRYPTED: Final = (*_ALWAYS, (b"strict-transport-security", b"max-age=31536000; includeSubDomains"))

_UNSAVED: Final = (b"cache-control", b"no-store")
# Asked about again each time: what a new release brings is seen at once.
_SAVED: Final = (b"cache-control", b"no-cache")


def protective(headers: list[tuple[bytes, bytes]], scheme: str, path: str) -> list[tuple[bytes, bytes]]:
    """Return the headers to add to an answer: each protective one that it does not set itself.

    Parameters
    ----------
    headers
        Those the answer has, names in lower case.
    scheme
        "http" or "https", as the client sees it.
    path
        What was asked for; a browser may keep our own static files.
    """
    given = {name for name, _ in headers}
    saved = _SAVED if path.startswith("/static/") else _UNSAVED
    return [pair for pair in (saved, *(_ENCRYPTED if scheme == "https" else _ALWAYS)) if pair[0] not in given]
