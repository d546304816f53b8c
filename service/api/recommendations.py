"""Recommendations: offers for a need, needs for a partner, and what a coordinator makes of them."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from matching.questions import Question
from service.api.access import Given, allow
from service.api.cells import LONGEST_TEXT
from service.api.route import Route
from service.errors import NotFoundError
from service.people.principal import Role
from service.people.reach import within_reach
from service.recommending import Recommenders
from service.storage import rows

router = APIRouter(tags=["recommendations"], route_class=Route)

MOST: Final = 100
#: Reading a longer text takes the model longer.
LONGEST_QUESTION: Final = 5_000
Kind = Literal["mentoring", "tutoring", "program", "event", "resources"]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Most recommendations.")]
Area = Annotated[
    str | None, Query(max_length=100, description="Key or name of a focus area: only what is about it.")
]
Id = Annotated[str, Path(max_length=LONGEST_TEXT)]

_NEED: Final = {
    "need_id": "N001",
    "school_id": "S001",
    "school": "Juniper Elementary",
    "title": "Reading in third grade",
    "statement": "One-to-one reading support for third graders",
    "kind": "mentoring",
    "priority": 1,
    "level": "mentoring-1",
    "slots": 12,
    "slots_open": 7,
    "focus_areas": ["reading"],
}
_OFFER: Final = {
    "offer_id": "O001",
    "partner_id": "P001",
    "partner": "Harbor Rotary",
    "focus": "Retired teachers read with children one to one",
    "kinds": ["mentoring", "tutoring"],
    "slots": 10,
    "slots_free": 8,
    "focus_areas": ["reading"],
}
_PAIR: Final = {
    "fit": 0.78,
    "similarity": 0.86,
    "dense": 0.61,
    "lexical": 0.4,
    "parts": {"similarity": 0.86, "distance": 0.7, "schedule": 0.5},
    "slots_here": 0,
    "blocked_by": [],
    "blocked_why": "",
    "shared_words": ["one to one", "read"],
    "reason": "Retired teachers read with children one to one. Both say “one to one”.",
}
_MISS: Final = {"similarity": 0.81, "rules": ["schedule"], "why": "no time in common"}


def _config(example: dict[str, Any] | None = None) -> ConfigDict:  # Any: a value of JSON
    return ConfigDict(extra="forbid", json_schema_extra={"example": example} if example else None)


class Asked(BaseModel):
    """What a school lacks: a stored need, or a text with its kind of help and, where it has one, its school."""

    model_config = _config({"need_id": "N001", "limit": 5})

    need_id: str | None = Field(None, max_length=LONGEST_TEXT)
    text: str | None = Field(None, max_length=LONGEST_QUESTION)
    kind: Kind | None = Field(None, description="Only with a text, and always with one.")
    school_id: str = Field("", max_length=LONGEST_TEXT, description="Only with a text.")
    area: str | None = Field(None, max_length=100, description="Key or name of a focus area.")
    limit: int = Field(10, ge=1, le=MOST)


class NeedTold(BaseModel):
    """A need; ``slots_open`` no running partnership fills. A text alone has no id, title, priority and level."""

    model_config = _config(_NEED)

    need_id: str
    school_id: str
    school: str
    title: str
    statement: str
    kind: Kind
    priority: int | None
    level: str | None
    slots: int
    slots_open: int
    focus_areas: list[str]


class OfferTold(BaseModel):
    """An offer; ``slots_free`` no running partnership holds: for a mentoring need, trained ones."""

    model_config = _config(_OFFER)

    offer_id: str
    partner_id: str
    partner: str
    focus: str
    kinds: list[Kind]
    slots: int
    slots_free: int
    focus_areas: list[str]


class Pair(BaseModel):
    """Why a pair suits, and which group rules keep it from getting one more slot now."""

    model_config = _config()

    fit: float
    similarity: float
    dense: float
    lexical: float
    parts: dict[str, float]
    """Parts of the fit by name, each 0 to 1."""
    slots_here: int
    """What this very pair runs with already."""
    blocked_by: list[str]
    blocked_why: str
    shared_words: list[str]
    reason: str


class Miss(BaseModel):
    """A similar pair, with all rules that stand in its way."""

    model_config = _config()

    similarity: float
    rules: list[str]
    why: str


class RecommendedOffer(Pair):
    """An offer that suits the need."""

    offer: OfferTold


class MissedOffer(Miss):
    """An offer that a rule excludes."""

    offer: OfferTold


class RecommendedNeed(Pair):
    """A need that one of the offers suits."""

    need: NeedTold
    offer_id: str
    slots_free: int


class MissedNeed(Miss):
    """A need that a rule excludes."""

    need: NeedTold
    offer_id: str
    slots_free: int


class Offers(BaseModel):
    """Who could help with a need: those who can come now first, each best fit first; then the nearest misses."""

    model_config = _config(
        {
            "need": _NEED,
            "recommendations": [_PAIR | {"offer": _OFFER}],
            "near_misses": [_MISS | {"offer": _OFFER}],
        }
    )

    need: NeedTold
    recommendations: list[RecommendedOffer]
    near_misses: list[MissedOffer]


class Needs(BaseModel):
    """What a partner could help with: a need once, with the partner's offer that suits it best."""

    model_config = _config(
        {
            "partner_id": "P001",
            "partner": "Harbor Rotary",
            "offers": [_OFFER],
            "recommendations": [_PAIR | {"need": _NEED, "offer_id": "O001", "slots_free": 8}],
            "near_misses": [_MISS | {"need": _NEED, "offer_id": "O001", "slots_free": 8}],
        }
    )

    partner_id: str
    partner: str
    offers: list[OfferTold]
    recommendations: list[RecommendedNeed]
    near_misses: list[MissedNeed]


class Feedback(BaseModel):
    """What a coordinator makes of a recommendation."""

    model_config = _config(
        {"need_id": "N001", "offer_id": "O001", "decision": "declined", "reason": "Too far away"}
    )

    need_id: str = Field(max_length=LONGEST_TEXT)
    offer_id: str = Field(max_length=LONGEST_TEXT)
    decision: Literal["accepted", "declined"]
    reason: str | None = Field(None, max_length=LONGEST_TEXT)


class FeedbackKept(BaseModel):
    """A decision as it is kept; it stands among the decisions under its number."""

    model_config = _config(
        {
            "number": 12,
            "need_id": "N001",
            "offer_id": "O001",
            "decision": "declined",
            "reason": "Too far away",
            "date": "2026-09-14",
        }
    )

    number: int
    need_id: str
    offer_id: str
    decision: Literal["accepted", "declined"]
    reason: str | None
    date: date


@router.post("/recommendations", response_model=Offers)
@allow(Role.COORDINATOR, Role.LEADER, Role.BOARD, changes=False)
def recommend_offers(given: Given, asked: Asked) -> Response:
    """Return the offers that suit a need best; school leaders ask for their own schools. This changes nothing."""
    question = Question(**asked.model_dump() | {"kind": asked.kind or ""})
    _check_own(given, asked)
    return _answer(given, question)


@router.get("/partners/{partner_id:path}/recommendations", response_model=Needs)
@allow(Role.COORDINATOR, Role.PARTNER, Role.BOARD)
def recommend_needs_for_partner(
    given: Given, partner_id: Id, limit: Limit = 10, area: Area = None
) -> Response:
    """Return the needs that a partner's offers suit best; partners ask for themselves."""
    if given.role is Role.PARTNER and partner_id not in given.place.of:
        raise NotFoundError(f"Partner {partner_id}: expected one of yours, found none.")
    return _answer(given, Question(partner_id=partner_id, limit=limit, area=area))


@router.get("/offers/{offer_id:path}/recommendations", response_model=Needs)
@allow(Role.COORDINATOR, Role.PARTNER, Role.BOARD)
def recommend_needs_for_offer(given: Given, offer_id: Id, limit: Limit = 10, area: Area = None) -> Response:
    """Return the needs that an offer suits best; partners ask for their own."""
    if given.role is Role.PARTNER:
        _check_reach(given, "offers", offer_id)
    return _answer(given, Question(offer_id=offer_id, limit=limit, area=area))


@router.post("/recommendations/feedback", status_code=201)
@allow(Role.COORDINATOR)
def keep_feedback(given: Given, said: Feedback, response: Response) -> FeedbackKept:
    """Keep what became of a recommendation: the fit learns from it. To rule a pair out, decline a partnership."""
    _check_reach(given, "needs", said.need_id)
    _check_reach(given, "offers", said.offer_id)
    cells = said.model_dump() | {"date": date.today().isoformat()}
    row = rows.insert(given.connection, given.district_id, "decisions", cells)
    given.record("created", "decisions", str(row.number))
    response.headers["Location"] = f"/api/v1/decisions/{row.number}"
    return FeedbackKept(number=row.number, **row.cells)


def _check_own(given: Given, asked: Asked) -> None:
    """Check that a school leader asks for a school of its own."""
    if given.role is not Role.LEADER:
        return
    if asked.need_id is not None:
        _check_reach(given, "needs", asked.need_id)
    elif asked.school_id not in given.place.of:
        raise NotFoundError(f"School {asked.school_id}: expected one of yours, found none.")


def _check_reach(given: Given, table: str, key: str) -> None:
    rows.get(given.connection, given.district_id, table, key, where=within_reach(given.place, table))


def _answer(given: Given, question: Question) -> Response:
    recommenders: Recommenders = given.request.app.state.recommenders
    answer = recommenders.answer(given.connection, given.district_id, question)
    return Response(answer, media_type="application/json")
