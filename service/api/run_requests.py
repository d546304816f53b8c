"""What a run can be asked to do, as it is sent, and how that becomes a job."""

import io
import re
import zipfile
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi.openapi.models import Example
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import Connection, func, select

from matching.policy import policy_from_toml
from matching.report.summary import versions_in_use
from matching.schemas import MOST_SLOTS
from service.api.access import Context
from service.api.districts import PolicyText
from service.errors import ConflictError, NotFoundError
from service.runs import records
from service.runs.job import Job, snapshot_of
from service.runs.proposals import rows_of
from service.runs.records import Asked
from service.storage.districts import load_district
from service.storage.tables import districts, run_matches


def _written_out(value: object) -> object:
    """Refuse a number, which would be taken for seconds, and a date written in any other way."""
    if not (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        raise ValueError("expected a date such as 2027-01-15")
    return value


Id = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
Day = Annotated[date, BeforeValidator(_written_out), Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]
Options = dict[str, Any]  # Any: fields of a job


class Pair(BaseModel):
    """A need and an offer."""

    model_config = ConfigDict(extra="forbid")

    need_id: Id
    offer_id: Id


class Force(Pair):
    """Let a need have an offer, with at least so many slots; by default with the fewest that make a match."""

    change: Literal["force"]
    slots: Annotated[int, Field(strict=True, ge=1, le=MOST_SLOTS)] | None = None


class Forbid(Pair):
    """Keep an offer from a need."""

    change: Literal["forbid"]


class ChangeSlots(BaseModel):
    """Let an offer have so many slots more, or fewer."""

    model_config = ConfigDict(extra="forbid")

    change: Literal["slots"]
    offer_id: Id
    slots: Annotated[int, Field(strict=True, ge=-MOST_SLOTS, le=MOST_SLOTS)]


class DropPartner(BaseModel):
    """Let a partner withdraw."""

    model_config = ConfigDict(extra="forbid")

    change: Literal["drop_partner"]
    partner_id: Id


Change = Annotated[Force | Forbid | ChangeSlots | DropPartner, Field(discriminator="change")]


class _New(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: Day | None = Field(default=None, description="The date all rules see; left out: today.")
    effort: Literal["quick", "standard", "thorough"] = "standard"
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**53)] = 0
    policy: PolicyText | None = Field(default=None, description="TOML; left out: the district's own.")

    def options(self) -> Options:
        """Return what is a job's beside what all have."""
        return {}


class MatchRun(_New):
    """Match all offers to all needs."""

    kind: Literal["match"]


class CurveRun(_New):
    """Plan anew at mid-year for 0, 1, 2, 5, 10, ... moves; ``released`` are mentoring matches that may move."""

    kind: Literal["curve"]
    released: Annotated[list[Pair], Field(max_length=10_000)] = []

    def options(self) -> Options:
        """Return what is a job's beside what all have."""
        return {"released": tuple((pair.need_id, pair.offer_id) for pair in self.released)}


class RematchRun(_New):
    """Plan anew at mid-year, with at most ``max_moves`` slots taken from running matches."""

    kind: Literal["rematch"]
    max_moves: Annotated[int, Field(strict=True, ge=0, lt=2**53)] | None = None
    released: Annotated[list[Pair], Field(max_length=10_000)] = []

    def options(self) -> Options:
        """Return what is a job's beside what all have."""
        released = tuple((pair.need_id, pair.offer_id) for pair in self.released)
        return {"released": released, "max_moves": self.max_moves}


class WhatIfRun(_New):
    """Ask what changes would do to a plan: that of a run as it was made, else one matched now."""

    kind: Literal["what-if"]
    changes: Annotated[list[Change], Field(min_length=1, max_length=1_000)]
    base: Id | None = Field(
        default=None, description="A run that is done, asked about with its snapshot, date and policy."
    )
    base_plan: Annotated[int, Field(strict=True, ge=0, lt=1_000)] | None = Field(
        default=None, description="Which plan of a curve, from 0; left out: the last."
    )

    def options(self) -> Options:
        """Return what is a job's beside what all have."""
        return {"changes": tuple(change.model_dump() for change in self.changes)}


NewRun = Annotated[MatchRun | RematchRun | CurveRun | WhatIfRun, Field(discriminator="kind")]

EXAMPLES: Final[dict[str, Example]] = {
    "match": {"value": {"kind": "match", "effort": "quick"}},
    "rematch": {"value": {"kind": "rematch", "max_moves": 5, "on": "2027-01-15"}},
    "curve": {"value": {"kind": "curve"}},
    "what-if": {
        "value": {"kind": "what-if", "changes": [{"change": "drop_partner", "partner_id": "P001"}]},
    },
}


def asked_of(given: Context, connection: Connection, new: NewRun, model: str | None) -> Asked:
    """Return what a run is to do, on the district as it is or, asked about a run, on what that was made of.

    Raises
    ------
    ValueError
        Where the policy is none, or changes are about what is not there.
    NotFoundError, ConflictError
        Where there is no such run to ask about, or it has no plan.
    """
    if isinstance(new, WhatIfRun) and new.base is not None:
        return _asked_of_base(given, connection, new, new.base)
    row = connection.execute(select(districts).where(districts.c.id == given.district_id)).one()
    policy = row.policy if new.policy is None else new.policy
    policy_from_toml(policy)
    district = load_district(connection, given.district_id, with_contacts=False)
    snapshot = snapshot_of(district)
    _check_known(snapshot, new)
    job = Job(
        kind=new.kind,
        district=row.name,
        snapshot=snapshot,
        on=new.on or date.today(),
        policy=policy,
        effort=new.effort,
        seed=new.seed,
        model=model,
        **new.options(),
    )
    return Asked(
        job, given.district_id, row.version, district.input_sha256, versions_in_use(), given.principal.actor
    )


def _check_known(snapshot: bytes, new: NewRun) -> None:
    """Refuse at once what the run itself would only refuse once its turn came.

    Raises
    ------
    ValueError
        A what-if asks about a need, an offer or a partner that the district does not have.
    """
    if not isinstance(new, WhatIfRun):
        return
    with zipfile.ZipFile(io.BytesIO(snapshot)) as archive:
        known = {
            f"{thing}_id": {row[f"{thing}_id"] for row in rows_of(archive.read(f"{thing}s.csv"))}
            for thing in ("need", "offer", "partner")
        }
    for change in new.changes:
        for name, wanted in change.model_dump().items():
            if name in known and wanted not in known[name]:
                thing = name.removesuffix("_id").capitalize()
                raise ValueError(f"{thing} {wanted}: expected the id of one of this district, found none.")


def _asked_of_base(given: Context, connection: Connection, new: WhatIfRun, base_id: str) -> Asked:
    if new.policy is not None or new.on is not None:
        raise ValueError("policy, on: expected neither beside a base, whose own count.")
    base = records.run_of(connection, given.district_id, base_id)
    if base.state != "done":
        raise ConflictError(f"Run {base_id}: expected one that is done, this one is {base.state}.")
    plans = select(func.max(run_matches.c.plan)).where(run_matches.c.run_id == base_id)
    plan = new.base_plan if new.base_plan is not None else connection.scalar(plans) or 0
    if base.kind == "what-if" or plan > (connection.scalar(plans) or 0):
        raise NotFoundError(f"Run {base_id}: expected one with a plan {plan}, found none.")
    was = records.job_of(connection, base)
    _check_known(was.snapshot, new)
    job = Job(
        kind=new.kind,
        district=was.district,
        snapshot=was.snapshot,
        on=was.on,
        policy=was.policy,
        effort=new.effort,
        seed=new.seed,
        model=was.model,
        released=was.released,
        base_kind=was.kind,
        **new.options(),
    )
    return Asked(
        job,
        given.district_id,
        base.district_version,
        base.input_sha256,
        versions_in_use(),
        given.principal.actor,
        base_id,
        plan,
    )
