"""What is asked: requests of schemathesis, or of the document's examples, with real ids and hostile values."""

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core import NOT_SET
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from tests.service.fuzz.hostile import (
    BODIES,
    BOUNDARY,
    CONTENT_TYPES,
    HEADERS,
    NUMBERS,
    OTHERS,
    PLAUSIBLE,
    TEXTS,
    Json,
)
from tests.service.fuzz.world import Ids, uploads

Operation = APIOperation[Any, Any, Any, Any]  # Any: of a library
AnyCase = Case[Operation]
Draw = Callable[[st.SearchStrategy[Any]], Any]  # Any: what a strategy gives

_KINDS_OF_KEY: Final = ("school_id", "need_id", "partner_id", "offer_id", "convening_id", "run_id")
#: Where a parameter is called by no name of its own.
_OF_PATH: Final = {
    "/publications/": "publications",
    "/imports/": "imports",
    "/matches/": "matches",
}


@dataclass(frozen=True)
class Ask:
    """One request."""

    operation: Operation
    method: str
    path: str
    """With the names of its parameters."""
    names: Mapping[str, str]
    """What stands in their place."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def address(self) -> str:
        """The path and the query, quoted."""
        path = self.path
        for name, value in self.names.items():
            path = path.replace("{" + name + "}", quote(value, safe="", errors="surrogatepass"))
        query = urlencode(self.query, errors="surrogatepass")
        return path + (f"?{query}" if query else "")


def asks(operation: Operation, ids: Ids, draw: Draw) -> Ask:
    """Return a request to an operation."""
    how = draw(st.sampled_from(["example", "example", "positive", "positive", "positive", "negative"]))
    is_example = how == "example"
    made = _of_example(operation, draw) if is_example else _of_case(operation, GenerationMode(how), draw)
    made = _with_ids(made, ids, draw)
    made = _with_headers(made, ids, draw)
    if how != "negative":
        made = _with_body(made, how, ids, draw)
    for change in (_hostile_query, _hostile_path, _hostile_header, _hostile_body):
        if draw(st.integers(0, 14)) == 0:
            made = change(made, draw)
    return made


def _of_example(operation: Operation, draw: Draw) -> Ask:
    body = None
    if operation.body:
        found = _examples(operation)
        body = json.dumps(draw(st.sampled_from(found))).encode() if found else None
    headers = {"Content-Type": "application/json"} if body is not None else {}
    names = {name: "X" for name in _parameters(operation, "path")}
    return Ask(operation, operation.method.upper(), operation.full_path, names, headers=headers, body=body)


def _of_case(operation: Operation, mode: GenerationMode, draw: Draw) -> Ask:
    case: AnyCase = draw(_strategy(operation, mode))
    body, kind = None, case.media_type
    if case.body is not NOT_SET:
        body = _encoded(case.body)
    headers = {name: str(value) for name, value in dict(case.headers or {}).items()}
    for own in ("Authorization", "Cookie", "X-CSRF-Token", "Host", "If-Match", "Idempotency-Key"):
        headers = {name: value for name, value in headers.items() if name.lower() != own.lower()}
    if body is not None and kind:
        headers["Content-Type"] = kind
    names = {name: _plain(value) for name, value in (case.path_parameters or {}).items()}
    query = tuple((name, _plain(value)) for name, value in (case.query or {}).items() if value is not None)
    return Ask(operation, case.method.upper(), operation.full_path, names, query, headers, body)


_STRATEGIES: dict[tuple[str, GenerationMode], st.SearchStrategy[AnyCase]] = {}


def _strategy(operation: Operation, mode: GenerationMode) -> st.SearchStrategy[AnyCase]:
    key = (operation.label, mode)
    if key not in _STRATEGIES:
        _STRATEGIES[key] = operation.as_strategy(generation_mode=mode)
    return _STRATEGIES[key]


def _examples(operation: Operation) -> list[Json]:
    """Return the examples of a body that the document has."""
    raw = operation.schema.raw_schema
    content = operation.definition.raw["requestBody"]["content"].get("application/json", {})
    named = [example["value"] for example in content.get("examples", {}).values()]
    schema = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    example = raw["components"]["schemas"].get(schema, {}).get("example")
    return named or ([] if example is None else [example])


def _parameters(operation: Operation, place: str) -> list[str]:
    return [one["name"] for one in operation.definition.raw.get("parameters", []) if one["in"] == place]


def _with_ids(ask: Ask, ids: Ids, draw: Draw) -> Ask:
    """Name what is there, most of the time."""
    names = dict(ask.names)
    for name in names:
        known = _known(ask, name, ids)
        if known and draw(st.integers(0, 9)) > 0:
            names[name] = draw(st.sampled_from(known))
    query = dict(ask.query)
    if draw(st.integers(0, 19)) > 0:
        query["district"] = "demo"
    if "district" not in _parameters(ask.operation, "query"):
        query.pop("district", None)
    for name in ("limit", "plan", "after", "slots", "sort"):
        if name in query and draw(st.booleans()):
            del query[name]
    if "dry_run" in _parameters(ask.operation, "query") and draw(st.booleans()):
        query["dry_run"] = "false"
    return replace(ask, names=names, query=tuple(query.items()))


def _known(ask: Ask, name: str, ids: Ids) -> list[str]:
    """Return what a parameter of a path may name."""
    if name == "run_id" and ask.path.endswith("/events"):
        # Any other tells its story until somebody does it.
        return ids["ended"]
    if name == "key":
        subject = ask.path.split("/")[3]
        if subject == "districts":
            return ["spare"] if ask.method == "DELETE" else ["demo", "demo", "spare"]
        return ids[subject]
    if name == "number":
        return next(ids[kind] for part, kind in _OF_PATH.items() if part in ask.path)
    known = {"district": ["demo", "spare"], "user_id": ids["users"], "token_id": ids["tokens"]}
    return known.get(name) or (ids["files"] if name == "name" else ids.get(name, []))


def _with_headers(ask: Ask, ids: Ids, draw: Draw) -> Ask:
    headers = dict(ask.headers)
    if ask.method in ("PATCH", "DELETE") or ask.path.endswith("/imports"):
        match = draw(st.sampled_from(["*"] * 8 + ['"1"', '"2", "1"', "nonsense", None]))
        headers |= {"If-Match": match} if match else {}
    if ask.method == "POST" and draw(st.integers(0, 3)) == 0:
        headers["Idempotency-Key"] = f"key {draw(st.integers(0, 10**6))}"
    return replace(ask, headers=headers)


def _with_body(ask: Ask, how: str, ids: Ids, draw: Draw) -> Ask:
    """Let a body name what is there, and spoil a value of it now and then."""
    if ask.path.endswith("/imports") and ask.method == "POST":
        return _with_upload(ask, draw)
    if ask.body is None or ask.headers.get("Content-Type") != "application/json":
        return ask
    body = json.loads(ask.body)
    if how == "positive" or draw(st.booleans()):
        body = _plausible(body, "", ids, draw)
    else:
        body = _plausible(body, "", ids, draw, only_ids=True)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        body = _spoiled(body, draw)
    return replace(ask, body=_encoded(body))


def _plausible(value: Json, name: str, ids: Ids, draw: Draw, *, only_ids: bool = False) -> Json:
    """Return a value with ids of what is there, and what a cell of that name may hold."""
    known = _ids_of(name, ids)
    if known and isinstance(value, str) and draw(st.integers(0, 9)) > 0:
        return draw(st.sampled_from(known))
    if not only_ids and name in PLAUSIBLE and value is not None and draw(st.integers(0, 9)) > 1:
        return draw(st.sampled_from([*PLAUSIBLE[name]]))
    if isinstance(value, dict):
        return {key: _plausible(one, key, ids, draw, only_ids=only_ids) for key, one in value.items()}
    if isinstance(value, list):
        return [_plausible(one, name, ids, draw, only_ids=only_ids) for one in value[:20]]
    return value


def _ids_of(name: str, ids: Ids) -> list[str]:
    if name in ("of", "not_schools"):
        return ids["school_id"] + ids["partner_id"]
    if name == "base":
        return ids["ended"]
    return ids.get(name, []) if name in _KINDS_OF_KEY else []


def _spoiled(body: Json, draw: Draw) -> Json:
    """Return a body with one value replaced, left out, or added."""
    body = deepcopy(body)
    places = [*_places(body)]
    if not places:
        return draw(_hostile())
    holder, key = draw(st.sampled_from(places))
    action = draw(st.sampled_from(["replace"] * 6 + ["remove", "add"]))
    if action == "remove":
        del holder[key]
    elif action == "replace":
        holder[key] = draw(_hostile())
    elif isinstance(holder, dict):
        holder[
            draw(st.sampled_from([*TEXTS, "extra", "contact_name", "version", "number", "district_id"]))
        ] = draw(_hostile())
    else:
        holder.append(draw(_hostile()))
    return body


def _hostile() -> st.SearchStrategy[Json]:
    made: st.SearchStrategy[Json] = st.sampled_from([*TEXTS, *TEXTS, *NUMBERS, *OTHERS])
    return made


def _places(value: Json) -> Iterator[tuple[Any, Any]]:  # Any: a list or an object, and a place in it
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _with_upload(ask: Ask, draw: Draw) -> Ask:
    """Let a form hold a file that an import takes, or one that was damaged."""
    upload = draw(st.sampled_from(uploads()))
    body, name = upload.body, upload.name
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        body = _damaged(body, draw)
    if draw(st.integers(0, 5)) == 0:
        name = draw(st.sampled_from([*TEXTS, "schools.csv", "x.zip", "x.xlsx", "x.json"]))
    if name.startswith("hsds") or draw(st.integers(0, 19)) == 0:
        ask = replace(ask, query=(*(one for one in ask.query if one[0] != "format"), ("format", "hsds")))
    field_name = draw(st.sampled_from(["file"] * 9 + ["File"]))
    safe = name.encode("utf-8", "surrogatepass").replace(b'"', b"%22").replace(b"\r", b"").replace(b"\n", b"")
    head = b'Content-Disposition: form-data; name="%s"; filename="%s"' % (field_name.encode(), safe)
    line = f"--{BOUNDARY}".encode()
    form = line + b"\r\n" + head + b"\r\n\r\n" + body + b"\r\n" + line + b"--\r\n"
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return replace(ask, body=form, headers={**ask.headers, **kind})


def _damaged(body: bytes, draw: Draw) -> bytes:
    """Return a file with bytes changed, cut off, repeated or put in."""
    place = draw(st.integers(0, max(len(body) - 1, 0)))
    kind = draw(st.sampled_from(["flip", "flip", "cut", "repeat", "insert"]))
    if kind == "cut":
        return body[:place]
    if kind == "repeat":
        return body[:place] + body[place : place + 200] * 3 + body[place:]
    if kind == "insert":
        words: bytes = draw(st.sampled_from(TEXTS)).encode("utf-8", "surrogatepass")
        return body[:place] + words + body[place:]
    return body[:place] + bytes([draw(st.integers(0, 255))]) + body[place + 1 :]


def _hostile_query(ask: Ask, draw: Draw) -> Ask:
    names = [*_parameters(ask.operation, "query"), "unknown", "district", "", "\0"]
    added = (draw(st.sampled_from(names)), draw(st.sampled_from(TEXTS + [str(one) for one in NUMBERS])))
    return replace(ask, query=(*ask.query, added))


def _hostile_path(ask: Ask, draw: Draw) -> Ask:
    if not ask.names:
        return replace(ask, path=ask.path + draw(st.sampled_from(["/", "//", "/%00", "/%ff", "/..", ";x"])))
    name = draw(st.sampled_from(sorted(ask.names)))
    value = draw(st.sampled_from(TEXTS + [str(one) for one in NUMBERS[:-1]])) or "%"
    return replace(ask, names={**ask.names, name: value[:1000]})


def _hostile_header(ask: Ask, draw: Draw) -> Ask:
    name, value = draw(st.sampled_from(HEADERS))
    return replace(ask, headers={**ask.headers, name: value})


def _hostile_body(ask: Ask, draw: Draw) -> Ask:
    kind = draw(st.sampled_from(CONTENT_TYPES))
    body = draw(st.sampled_from([*BODIES, ask.body]))
    return replace(ask, body=body, headers={**ask.headers, "Content-Type": kind})


def _encoded(body: Json) -> bytes:
    """Return a body as JSON; halves of characters stand in it as JSON can carry them."""
    if isinstance(body, bytes):
        return body
    return json.dumps(body, default=repr).encode()


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=repr)
