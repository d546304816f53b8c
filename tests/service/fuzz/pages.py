"""The pages, and what machines ask for, with forms and addresses filled at random; other methods than a path has."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from fastapi.routing import iter_route_contexts
from httpx2 import InvalidURL, Response
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from service.people.principal import Role
from tests.service.fuzz.asks import Draw
from tests.service.fuzz.hostile import BODIES, CONTENT_TYPES, HEADERS, TEXTS
from tests.service.fuzz.play import Found
from tests.service.fuzz.world import CONTACT, OTHER_CONTACT, WHO, World

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO")
FIELDS = (
    "email",
    "password",
    "then",
    "csrf",
    "key",
    "name",
    "again",
    "language",
    "state",
    "code",
    "district",
)
VALUES = [
    *TEXTS,
    "csrf",
    "ana@school.org",
    "a long enough pass phrase",
    "/",
    "//evil.example",
    "demo",
    "de",
    "1",
]


@dataclass(frozen=True)
class Look:
    """A request to a path, whatever its document says."""

    method: str
    address: str
    headers: list[tuple[bytes, bytes]]
    body: bytes | None


def play_pages(world: World, number: int, examples: int, found: Found) -> None:
    """Ask every path of the application, documented or not, several times."""
    routes = iter_route_contexts(world.app.routes)
    for path in sorted({route.path or "/" for route in routes if "/events" not in (route.path or "")}):
        _look_at(world, path, number, examples, found)
    world.renew()


def _look_at(world: World, path: str, number: int, examples: int, found: Found) -> None:
    @seed(zlib.crc32(f"{number} {path}".encode()))
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def once(data: st.DataObject) -> None:
        who, look = data.draw(st.sampled_from(WHO)), _look(path, data.draw)
        try:
            answer = world.client(who).request(
                look.method, look.address, headers=look.headers, content=look.body, follow_redirects=False
            )
        except (UnicodeEncodeError, InvalidURL):
            return
        world.answers[answer.status_code] += 1
        for what in _faults(who, look, answer):
            found.wrong.setdefault((path, what[:60]), f"{path}: {what}\n    {who} {look}")

    once()


def _look(path: str, draw: Draw) -> Look:
    fields = {
        draw(st.sampled_from(FIELDS)): draw(st.sampled_from(VALUES)) for _ in range(draw(st.integers(0, 4)))
    }
    method = draw(st.sampled_from(METHODS))
    while "{" in path:
        before, _, rest = path.partition("{")
        path = (
            before
            + draw(st.sampled_from(["x", "demo", "1", "a%2Fb", "%ff", "..", "N01"]))
            + rest.partition("}")[2]
        )
    form = urlencode(fields, errors="surrogatepass")
    if method in ("GET", "HEAD"):
        return Look(method, f"{path}?{form}", _headers(draw), None)
    kind = ("Content-Type", "application/x-www-form-urlencoded")
    if draw(st.integers(0, 3)) == 0:
        kind = ("Content-Type", draw(st.sampled_from(CONTENT_TYPES)))
        return Look(method, path, _headers(draw, kind), draw(st.sampled_from(BODIES)))
    return Look(method, path, _headers(draw, kind), form.encode())


def _headers(draw: Draw, *given: tuple[str, str]) -> list[tuple[bytes, bytes]]:
    chosen = [*given, ("Accept", draw(st.sampled_from(["text/html", "*/*", "application/json"])))]
    if draw(st.integers(0, 4)) == 0:
        chosen.append(draw(st.sampled_from(HEADERS)))
    return [(name.encode(), value.encode("latin-1")) for name, value in chosen]


def _faults(who: Role | None, look: Look, answer: Response) -> Iterator[str]:
    if answer.status_code >= 500 and "/health/ready" not in look.address:
        yield f"{answer.status_code}: {answer.text[:600]}"
    if "content-security-policy" not in answer.headers or "x-request-id" not in answer.headers:
        yield "it has no id, or no policy"
    if OTHER_CONTACT in answer.text or (CONTACT in answer.text and who in (None, Role.BOARD)):
        yield "a contact is told"
    if answer.status_code == 405 and look.method in answer.headers.get("allow", look.method):
        yield f"405 and Allow: {answer.headers.get('allow')}"
    if urlsplit(answer.headers.get("location", "/")).netloc not in ("", "localhost"):
        yield f"it leads away: {answer.headers['location']}"
    if "<script>alert" in answer.text and "html" in answer.headers.get("content-type", ""):
        yield "a script came back"
