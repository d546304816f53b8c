"""The policy of a district in plain words: looked at, changed, taken back, and what a change would do before that."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from matching.policy import Policy, explain_policy, policy_as_toml, policy_from_toml, with_settings
from service.api.access import Context, Given, allow
from service.api.districts import DistrictChange, write_change
from service.api.route import Route
from service.errors import NotReadyError
from service.pages.frame import SentForm, go_to, show, standing_of
from service.pages.naming import names_of
from service.pages.policy.forms import Draft, groups_of, read_draft
from service.pages.policy.words import change_in_words, differences_in_words
from service.pages.reader import reader_of
from service.pages.runs.runs import people_of
from service.people.principal import Role
from service.runs.records import AnyRow
from service.storage.tables import audit_log, districts

router = APIRouter(prefix="/districts/{district}/policy", route_class=Route, include_in_schema=False)

MOST_CHANGES: Final = 10
MOST_NEEDS: Final = 10
MOST_TEXT: Final = 100_000
Shown = dict[str, Any]  # Any: what a template shows


@router.get("")
@allow(Role.COORDINATOR, Role.BOARD)
def show_policy(given: Given, request: Request) -> Response:
    """Show the policy, and what an edited one would change; a board reads it."""
    sent, stored = request.query_params, _stored(given)
    if given.role is Role.BOARD or "draft" not in sent:
        return _page(given, Draft(stored, {}, {}), is_saved="saved" in sent)
    return _page(given, read_draft(sent, stored))


@router.post("")
@allow(Role.COORDINATOR)
def save(given: Given, request: Request, sent: SentForm) -> Response:
    """Save the policy that a form holds; what is wrong stands beside its field, and nothing is changed then."""
    stored = _stored(given)
    draft = read_draft(sent, stored)
    if draft.faults:
        return _page(given, draft, HTTPStatus.UNPROCESSABLE_ENTITY)
    if sent.get("stored") != _mark(stored):
        return _page(given, draft, HTTPStatus.CONFLICT, is_stale=True)
    return _saved(given, policy_as_toml(draft.policy))


@router.post("/text")
@allow(Role.COORDINATOR)
def save_text(given: Given, request: Request, sent: SentForm) -> Response:
    """Save a policy that was written as TOML."""
    text = str(sent.get("text", ""))[:MOST_TEXT].replace("\r\n", "\n")
    draft = Draft(_stored(given), {}, {})
    try:
        policy_from_toml(text)
    except ValueError as error:
        return _page(given, draft, HTTPStatus.UNPROCESSABLE_ENTITY, text=text, text_fault=str(error))
    if sent.get("stored") != _mark(draft.policy):
        return _page(given, draft, HTTPStatus.CONFLICT, text=text, is_stale=True)
    return _saved(given, text)


@router.post("/undo")
@allow(Role.COORDINATOR)
def undo(given: Given, request: Request, sent: SentForm) -> Response:
    """Take the last change of the policy back."""
    stored = _stored(given)
    last = _changes(given)[:1]
    if not last or str(last[0].number) != sent.get("number"):
        return _page(given, Draft(stored, {}, {}), HTTPStatus.CONFLICT, is_stale=True)
    were = {name: was for name, (was, _) in _settings(last[0]).items()}
    return _saved(given, policy_as_toml(with_settings(stored, were)))


def _stored(given: Context) -> Policy:
    return policy_from_toml(_row(given).policy)


def _row(given: Context) -> AnyRow:
    return given.connection.execute(select(districts).where(districts.c.id == given.district_id)).one()


def _mark(policy: Policy) -> str:
    """Return what tells one policy from another."""
    return hashlib.sha256(policy_as_toml(policy).encode()).hexdigest()[:16]


def _saved(given: Context, text: str) -> RedirectResponse:
    row = _row(given)
    if text != row.policy:
        write_change(given, row, DistrictChange(policy=text))
    return go_to(given, "/policy?saved#done")


def _page(given: Context, draft: Draft, status: int = HTTPStatus.OK, **values: object) -> Response:
    row, reader = _row(given), reader_of(given.request)
    stored = policy_from_toml(row.policy)
    changes = _changes(given)
    return show(
        given,
        "policy.html",
        status,
        groups=groups_of(reader, draft, stored),
        draft=draft,
        differs=differences_in_words(reader, stored, draft.policy),
        preview=_preview(given, draft, stored),
        policy_text=policy_as_toml(draft.policy),
        stored=_mark(stored),
        changes=[
            (change, datetime.fromisoformat(change.at), change_in_words(reader, _settings(change)))
            for change in changes
        ],
        names=people_of(given.connection, changes),
        is_running=bool(standing_of(given).overview.needs["filled"].any()),
        **{"is_saved": False, "is_stale": False, "text": explain_policy(stored), "text_fault": ""} | values,
    )


def _preview(given: Context, draft: Draft, stored: Policy) -> Shown | None:
    """Return what a draft would change, None where it is the stored policy; blank while the texts are being read."""
    if draft.policy == stored or draft.faults:
        return None
    state, standing = given.request.app.state, standing_of(given)
    try:
        found = state.previews.of(
            given.connection, given.district_id, standing, draft.policy, state.recommenders
        )
    except NotReadyError:
        return {}
    names = names_of(standing)
    needs = standing.overview.needs.set_index("need_id")[["school", "kind", "statement"]]
    told = needs.to_dict("index")
    return {
        "found": found,
        "levels": [pair for pair in found.levels if pair[0].needed or pair[1].needed],
        "lost": [told[need] for need in found.lost[:MOST_NEEDS] if need in told],
        "gained": [told[need] for need in found.gained[:MOST_NEEDS] if need in told],
        "best": [
            (told[need], *([names.match(need, offer)["partner"] for offer in side] for side in sides))
            for need, *sides in found.best
        ],
    }


def _changes(given: Context) -> list[AnyRow]:
    """Return the last changes of the policy, the latest first."""
    log = audit_log.c
    asked = select(log.number, log.at, log.details, log.actor.label("changed_by")).where(
        log.chain == given.district_id,
        log.thing == "districts",
        log.action == "changed",
        log.details.contains('"settings":'),
    )
    return list(given.connection.execute(asked.order_by(log.number.desc()).limit(MOST_CHANGES)))


def _settings(change: AnyRow) -> Mapping[str, Any]:  # Any: JSON
    settings: Mapping[str, Any] = json.loads(change.details)["settings"]
    return settings
