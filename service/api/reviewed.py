"""What is sent and answered about a review: decisions, matches, costs and broken rules."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from matching import review
from matching.audit import Finding
from matching.schemas import MOST_SLOTS

Words = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]
Id = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]


class MatchDecision(BaseModel):
    """What is decided about a match; slots and lock stay where they are left out."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"decision": "declined", "reason": "Too far for them"}}
    )

    decision: Literal["proposed", "accepted", "declined"] = Field(
        default="accepted", description="`proposed` takes an earlier decision back."
    )
    reason: Words = Field(default="", description="Why it is declined; a decline needs one.")
    slots: Annotated[int, Field(strict=True, ge=0, le=MOST_SLOTS)] | None = Field(
        default=None, description="Its slots once accepted; 0 only for a running match that the plan ends."
    )
    locked: bool | None = Field(default=None, description="Whether later plans have to keep it.")
    override: Words = Field(
        default="", description="Why it may break rules; no reason gives slots that are not there."
    )


class NewMatch(BaseModel):
    """A match to add by hand."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"need_id": "N001", "offer_id": "O001", "slots": 4}}
    )

    need_id: Id
    offer_id: Id
    slots: Annotated[int, Field(strict=True, ge=1, le=MOST_SLOTS)]
    locked: bool = False
    override: Words = Field(default="", description="Why it may break rules.")


class MatchRead(BaseModel):
    """A match of a plan, or a running one that the plan ends, with what was decided about it."""

    number: int
    version: int
    need_id: str
    school_id: str
    offer_id: str
    partner_id: str
    planned: int
    """Slots in the plan: 0 where the plan ends it, or where it was added by hand."""
    ran: int
    """Slots with which it ran when the plan was made, or since it was published."""
    slots: int
    """Slots once it is accepted."""
    fit: float
    similarity: float
    reason: str
    decision: str
    decision_reason: str
    decided_by: str
    locked: bool
    is_by_hand: bool
    override_reason: str
    overridden: list[str]


class LevelCost(BaseModel):
    """Slots at a level: needed, filled as planned, as decided, and at best after what is decided."""

    level: str
    needed: int
    planned: int
    decided: int
    best: int


class Move(BaseModel):
    """A match that the rest of the plan would change to make the best of what is decided; slots before and after."""

    need_id: str
    school_id: str
    offer_id: str
    partner_id: str
    before: int
    after: int
    fit: float
    reason: str


class CostRead(BaseModel):
    """What decisions cost the plan, and what the rest of it could make of them."""

    levels: list[LevelCost]
    sentence: str
    moves: list[Move]
    is_proven: bool


class Broken(BaseModel):
    """A rule that would be broken, with its figures; ``owner`` is the school or the partner that has too many."""

    rule: str
    need_id: str
    offer_id: str
    owner: str
    message: str


class Added(BaseModel):
    """A match added by hand; of a dry run null, with the rules that stand against it."""

    match: MatchRead | None
    broken: list[Broken]
    cost: CostRead


class ReviewRead(BaseModel):
    """How far a review is, and what all its decisions together cost."""

    run_id: str
    plan: int
    proposed: int
    accepted: int
    declined: int
    cost: CostRead


def read_cost(cost: review.Cost) -> CostRead:
    """Return a cost as it is answered."""
    return CostRead.model_validate(
        {
            "levels": cost.levels.to_dict("records"),
            "sentence": cost.best.sentence,
            "moves": cost.best.moves[list(Move.model_fields)].to_dict("records"),
            "is_proven": cost.best.is_proven,
        }
    )


def read_broken(found: Finding) -> Broken:
    """Return a broken rule as it is answered."""
    return Broken(
        rule=found.rule,
        need_id=found.need_id,
        offer_id=found.offer_id,
        owner=found.owner,
        message=found.message,
    )
