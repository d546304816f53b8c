"""The review of a run: what is decided about its matches, which rules refuse that, and what it costs the levels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from matching import review
from matching.pipeline import Basis
from matching.review import Decision, Review, Reviewed
from matching.schemas import MOST_SLOTS
from service.api import route
from service.api.access import Given, allow, etag
from service.api.results import Plan
from service.api.reviewed import (
    Added,
    CostRead,
    MatchDecision,
    MatchRead,
    NewMatch,
    ReviewRead,
    read_broken,
    read_cost,
)
from service.errors import NotFoundError
from service.people.principal import Role
from service.runs import reviews
from service.runs.plans import take_up
from service.runs.records import AnyRow, job_of

router = APIRouter(prefix="/runs", tags=["review"], route_class=route.Route)

Number = Annotated[int, Path(ge=1, lt=2**31)]
Slots = Annotated[
    int | None, Query(ge=0, le=MOST_SLOTS, description="What if it had so many; left out: as it is decided.")
]


@router.get("/{run_id}/matches/{number}")
@allow(Role.COORDINATOR, Role.BOARD)
def read_match(given: Given, run_id: str, number: Number, response: Response, plan: Plan = None) -> MatchRead:
    """Return a match of a plan."""
    plan = reviews.plan_of(given.connection, given.district_id, run_id, plan)
    return _answer(_row(reviews.rows_of_plan(given.connection, run_id, plan), number), response)


@router.patch("/{run_id}/matches/{number}")
@allow(Role.COORDINATOR)
def decide_match(
    given: Given, run_id: str, number: Number, change: MatchDecision, response: Response, plan: Plan = None
) -> MatchRead:
    """Decide about a match: accept or decline it, change its slots, lock it; refused with the rules that it breaks."""
    plan = _made_ready(given, run_id, plan, {number: change})
    rows = reviews.rows_of_plan(given.connection, run_id, plan)
    given.check_version(_row(rows, number).version)
    return _answer(_decide(given, (run_id, plan), rows, {number: change})[0], response)


def decide_matches(
    given: Given, run_id: str, changes: Mapping[int, MatchDecision], plan: int | None = None
) -> Sequence[AnyRow]:
    """Decide about matches of a plan of a run by their numbers, all or none; raises as `decide_match`."""
    plan = _made_ready(given, run_id, plan, changes)
    rows = reviews.rows_of_plan(given.connection, run_id, plan)
    return _decide(given, (run_id, plan), rows, changes)


def _made_ready(given: Given, run_id: str, plan: int | None, changes: Mapping[int, MatchDecision]) -> int:
    """Return a plan, which is taken up before the district is locked where a decision has to be judged by it."""
    with given.database.reading() as connection:
        plan = reviews.plan_of(connection, given.district_id, run_id, plan)
        rows = reviews.rows_of_plan(connection, run_id, plan)
    if not review.is_plain(map(reviews.reviewed, rows), _decisions(rows, changes)):
        basis_of(given, run_id, plan)
    return plan


def _decide(
    given: Given, plan: tuple[str, int], rows: Sequence[AnyRow], changes: Mapping[int, MatchDecision]
) -> Sequence[AnyRow]:
    """Keep decisions about some of the rows of a plan; nothing is written where one of them breaks a rule."""
    before, decided = [*map(reviews.reviewed, rows)], _decisions(rows, changes)
    if review.is_plain(before, decided):
        decided = [replace(one, overridden=()) for one in decided]
    else:
        _, basis = basis_of(given, *plan)
        after = review.decide(Review(basis, tuple(before)), *decided)
        of_pair = {one.pair: one for one in after.matches}
        decided = [of_pair[one.pair] for one in decided]
    kept = reviews.keep(
        given.connection, plan, dict(zip(changes, decided, strict=True)), given.principal.actor
    )
    _record(given, "decided", kept)
    return kept


def _decisions(rows: Sequence[AnyRow], changes: Mapping[int, MatchDecision]) -> list[Reviewed]:
    of_number = {row.number: row for row in rows}
    return [
        _decided(reviews.reviewed(_found(of_number.get(number), number)), change)
        for number, change in changes.items()
    ]


@router.post(
    "/{run_id}/matches",
    status_code=201,
    responses={200: {"model": Added, "description": "What refuses it, and what it would cost."}},
)
@allow(Role.COORDINATOR)
def add_match(
    given: Given,
    run_id: str,
    new: NewMatch,
    response: Response,
    plan: Plan = None,
    dry_run: Annotated[bool, Query(description="Only tell what refuses it and what it would cost.")] = False,
) -> Added:
    """Add a match by hand, refused with the rules that it breaks; its cost tells who would give way at best."""
    plan, basis = basis_of(given, run_id, plan)
    given_now = Review(
        basis, tuple(map(reviews.reviewed, reviews.rows_of_plan(given.connection, run_id, plan)))
    )
    one = Reviewed(
        need_id=new.need_id,
        offer_id=new.offer_id,
        slots=new.slots,
        is_by_hand=True,
        decision=Decision.ACCEPTED,
        is_locked=new.locked,
        override=new.override,
    )
    cost = read_cost(review.cost(given_now, [one]))
    if dry_run:
        response.status_code = 200
        return Added(match=None, broken=[*map(read_broken, review.broken_by(given_now, one))], cost=cost)
    reviews.check_is_new(given_now, one)
    one = review.decide(given_now, one).of_pair(one.pair)
    row = reviews.add(given.connection, (run_id, plan), basis.scorer, one, given.principal.actor)
    _record(given, "added", [row])
    response.headers["Location"] = f"/api/v1/runs/{run_id}/matches/{row.number}?plan={plan}"
    return Added(match=_answer(row, response), broken=[], cost=cost)


@router.get("/{run_id}/matches/{number}/cost")
@allow(Role.COORDINATOR, Role.BOARD)
def read_match_cost(
    given: Given, run_id: str, number: Number, plan: Plan = None, slots: Slots = None
) -> CostRead:
    """Return what the decision about a match costs by itself; of one that nobody decided about, to decline it."""
    plan, basis = basis_of(given, run_id, plan)
    one = reviews.reviewed(_row(reviews.rows_of_plan(given.connection, run_id, plan), number))
    return read_cost(review.cost(Review(basis, ()), [one.if_given(slots)]))


@router.get("/{run_id}/review")
@allow(Role.COORDINATOR, Role.BOARD)
def read_review(given: Given, run_id: str, plan: Plan = None) -> ReviewRead:
    """Return how far a review is, and what all its decisions together cost."""
    plan, basis = basis_of(given, run_id, plan)
    found = Review(basis, tuple(map(reviews.reviewed, reviews.rows_of_plan(given.connection, run_id, plan))))
    counts = {word.value: sum(one.decision is word for one in found.matches) for word in Decision}
    return ReviewRead(run_id=run_id, plan=plan, cost=read_cost(review.cost(found)), **counts)


def basis_of(given: Given, run_id: str, plan: int | None) -> tuple[int, Basis]:
    """Return a plan and what it was made of; it is taken up before the district is locked, so nobody waits for it."""
    with given.database.reading() as connection:
        plan = reviews.plan_of(connection, given.district_id, run_id, plan)

    def take_it_up() -> Basis:
        with given.database.reading() as connection:
            job = job_of(connection, reviews.run_with_plans(connection, given.district_id, run_id))
            planned = reviews.matches_planned(reviews.rows_of_plan(connection, run_id, plan))
        return take_up(job, planned)

    return plan, given.request.app.state.plans.basis((run_id, plan), take_it_up)


def _decided(one: Reviewed, change: MatchDecision) -> Reviewed:
    """Return a match as it is decided; what is proposed again has the slots of the plan."""
    decision = Decision(change.decision)
    slots = one.slots if change.slots is None else change.slots
    if decision is Decision.PROPOSED and not one.is_by_hand:
        slots = one.planned
    return replace(
        one,
        decision=decision,
        slots=slots,
        is_locked=one.is_locked if change.locked is None else change.locked,
        reason=change.reason,
        override=change.override,
        overridden=(),
    )


def _row(rows: Sequence[AnyRow], number: int) -> AnyRow:
    return _found(next((row for row in rows if row.number == number), None), number)


def _found(row: AnyRow | None, number: int) -> AnyRow:
    if row is None:
        raise NotFoundError(f"Match {number}: expected the number of a match of this plan, found none.")
    return row


def _record(given: Given, action: str, rows: Sequence[AnyRow]) -> None:
    """Write down what was decided, however many matches it is about, in one entry."""
    numbers = ".".join(str(row.number) for row in rows)
    told = {name: [getattr(row, name) for row in rows] for name in ("decision", "slots", "overridden")}
    details = {name: values[0] for name, values in told.items()} if len(rows) == 1 else told
    given.record(action, "matches", f"{rows[0].run_id}/{rows[0].plan}/{numbers}", details, matters=False)


def _answer(row: AnyRow, response: Response) -> MatchRead:
    response.headers["ETag"] = etag(row.version)
    return MatchRead.model_validate(row, from_attributes=True)
