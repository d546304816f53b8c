"""Publications: the partnerships that a review makes, all or none, and how they are taken back."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from matching import publication
from matching.publication import Done, Publication
from matching.review import BrokenRules, Reviewed
from service.api import route
from service.api.access import Given, allow
from service.api.paging import After, Limit, Page, page_of
from service.api.reviewed import Broken, read_broken
from service.api.runs import READERS, number_of
from service.errors import ConflictError
from service.people.principal import Role
from service.runs import publishing, reviews
from service.runs.publishing import AnyRow, Ground, Grounds
from service.storage.tables import publications

router = APIRouter(tags=["publications"], route_class=route.Route)

Number = Annotated[int, Path(ge=1, lt=2**31)]


class Publish(BaseModel):
    """How a review is published."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"accept_rest": True, "dry_run": True}}
    )

    plan: Annotated[int, Field(strict=True, ge=0, lt=1_000)] | None = Field(
        default=None, description="Which plan of a curve, fewest moves first; left out: the last."
    )
    accept_rest: bool = Field(
        default=False, description="Whether what nobody decided about is accepted; else it stays as it runs."
    )
    dry_run: bool = Field(default=False, description="Only tell what it would do.")
    on: date | None = Field(
        default=None,
        description="First day of what begins, and the date that the rules see; left out: today.",
    )


class StandingRead(BaseModel):
    """What a row of the partnerships says of its pair."""

    slots: int
    status: str
    since: date | None
    locked: bool


class PublishedChange(BaseModel):
    """A partnership before and after, null where there is none."""

    need_id: str
    offer_id: str
    done: Done
    before: StandingRead | None
    after: StandingRead | None


class PublicationSummary(BaseModel):
    """A publication; of a dry run without number and moment."""

    number: int | None
    run_id: str | None
    """Null where a coordinator decided about one match without a run."""
    plan: int
    published_by: str
    published_at: datetime | None
    undone_by: str
    undone_at: datetime | None
    counts: dict[str, int]
    """How many partnerships it made, changed, ended and declined."""


class PublicationRead(PublicationSummary):
    """A publication with all its changes; of a dry run with the rules that refuse it."""

    changes: list[PublishedChange]
    refusals: list[Broken]


@router.post(
    "/runs/{run_id}/publish",
    status_code=201,
    name="publish_run",
    responses={200: {"model": PublicationRead, "description": "What a dry run would do."}},
)
@allow(Role.COORDINATOR)
def publish(given: Given, run_id: str, how: Publish, response: Response) -> PublicationRead:
    """Make the partnerships of a review, all or none; refused with each rule that the district would break now."""
    on = how.on or datetime.now(UTC).date()
    ground = _ground(given, on)
    plan = reviews.plan_of(given.connection, given.district_id, run_id, how.plan)
    matches = reviews.reviewed_with_locks(given.connection, run_id, plan)
    made = publication.publish(ground.district, ground.scorer, matches, on, accept_rest=how.accept_rest)
    if how.dry_run:
        response.status_code = 200
        return _thought_of(run_id, plan, made)
    if not made.changes and not made.refusals:
        raise ConflictError(f"Run {run_id}: expected decisions that are not published yet, found none.")
    row = _written(given, ground, made, (run_id, plan))
    response.headers["Location"] = f"/api/v1/publications/{row.number}"
    return _read(row)


@router.post("/publications/{number}/undo")
@allow(Role.COORDINATOR)
def undo_publication(given: Given, number: Number) -> PublicationRead:
    """Take a publication back; refused where its partnerships changed since, or their slots went to others."""
    ground = _ground(given, datetime.now(UTC).date())
    row = publishing.publication_of(given.connection, given.district_id, number)
    if row.undone_at is not None:
        raise ConflictError(f"Publication {number}: expected one that stands, this one was undone.")
    changes, broken = publishing.changes_made(row, ground)
    undone = publication.undo(ground.district, ground.scorer, ground.on, changes, broken)
    if undone.refusals:
        raise BrokenRules(undone.refusals)
    row = publishing.take_back(
        given.connection, given.district_id, ground, row, undone, given.principal.actor
    )
    given.record("undone", "publications", str(number), _counts(row))
    return _read(row)


@router.get("/publications")
@allow(*READERS)
def list_publications(given: Given, limit: Limit = 50, after: After = None) -> Page[PublicationSummary]:
    """Return the publications of a district, the latest first."""
    query = select(publications).where(publications.c.district_id == given.district_id)
    if after is not None:
        query = query.where(publications.c.number < number_of(after))
    found = given.connection.execute(query.order_by(publications.c.number.desc()).limit(limit + 1)).all()
    return page_of([PublicationSummary(**_summary(row)) for row in found], limit, lambda one: str(one.number))


@router.get("/publications/{number}")
@allow(*READERS)
def read_publication(given: Given, number: Number) -> PublicationRead:
    """Return a publication with all that it changed."""
    return _read(publishing.publication_of(given.connection, given.district_id, number))


def _ground(given: Given, on: date) -> Ground:
    """Return the district as it is under its lock; what takes long is done before, and again where it changed since."""
    grounds: Grounds = given.request.app.state.grounds
    with given.database.reading() as connection:
        grounds.of(connection, given.district_id, on)
    return grounds.of(given.connection, given.district_id, on)


def publish_one(given: Given, one: Reviewed, *others: Reviewed) -> PublicationRead:
    """Make what a coordinator decided about one match and those that give way to it, without a run, today.

    Raises
    ------
    BrokenRules
        Where the district would break a rule then.
    """
    ground = _ground(given, datetime.now(UTC).date())
    made = publication.publish(ground.district, ground.scorer, [one, *others], ground.on)
    return _read(_written(given, ground, made, None))


def _written(given: Given, ground: Ground, made: Publication, plan: tuple[str, int] | None) -> AnyRow:
    """Return the publication that was made, or refuse it."""
    if made.refusals:
        raise BrokenRules(made.refusals)
    row = publishing.write(given.connection, given.district_id, ground, made, plan, given.principal.actor)
    of = {"run": plan[0], "plan": plan[1]} if plan else {}
    given.record("published", "publications", str(row.number), {**of, **_counts(row)})
    return row


def _thought_of(run_id: str, plan: int, made: Publication) -> PublicationRead:
    """Return what a publication would do."""
    return PublicationRead(
        number=None,
        run_id=run_id,
        plan=plan,
        published_by="",
        published_at=None,
        undone_by="",
        undone_at=None,
        counts=dict(Counter(change.done.value for change in made.changes)),
        changes=[_change(publishing.stored(change)) for change in made.changes],
        refusals=[*map(read_broken, made.refusals)],
    )


def _read(row: AnyRow) -> PublicationRead:
    changes = [_change(change) for change in row.changes["rows"]]
    return PublicationRead(**_summary(row), changes=changes, refusals=[])


def _change(stored: publishing.Stored) -> PublishedChange:
    return PublishedChange(**{name: stored[name] for name in PublishedChange.model_fields})


def _summary(row: AnyRow) -> dict[str, Any]:  # Any: fields of a model
    names = [name for name in PublicationSummary.model_fields if name != "counts"]
    return {name: getattr(row, name) for name in names} | {"counts": _counts(row)}


def _counts(row: AnyRow) -> dict[str, int]:
    return dict(Counter(change["done"] for change in row.changes["rows"]))
