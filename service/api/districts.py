"""Districts: made and removed by admins; their name and policy changed by their coordinators."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, insert, select, update

from matching.policy import changed_settings, policy_from_toml
from service.api import route
from service.api.access import EVERYONE, Context, Given, allow, etag
from service.api.paging import After, Limit, Page, page_of
from service.errors import ConflictError, NotAllowedError, NotFoundError
from service.people.principal import Role
from service.runs.records import AnyRow
from service.storage.tables import districts

router = route.router("districts")

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="Names it in ?district=.")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
PolicyText = Annotated[
    str,
    Field(max_length=100_000, description="TOML, as `match --explain-policy` prints it; blank: the default."),
]


class NewDistrict(BaseModel):
    """A district to make."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"key": "calder", "name": "Calder Bend"}}
    )

    key: Key
    name: Name
    policy: PolicyText = ""


class DistrictChange(BaseModel):
    """What to change of a district; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "Calder Bend Schools"}})

    name: Name | None = None
    policy: PolicyText | None = None


class DistrictRead(BaseModel):
    """A district."""

    key: str
    name: str
    policy: str
    version: int
    """Counts every change of its tables and its policy."""
    created_at: datetime
    changed_at: datetime


@router.get("")
@allow(*EVERYONE, of_district=False)
def list_districts(given: Given, limit: Limit = 50, after: After = None) -> Page[DistrictRead]:
    """Return the districts of whoever asks, by key."""
    asked = select(districts).order_by(districts.c.key).where(districts.c.key > (after or ""))
    if not given.principal.is_admin:
        asked = asked.where(districts.c.id.in_(place.district_id for place in given.principal.memberships))
    rows = given.connection.execute(asked.limit(limit + 1)).all()
    return page_of([_read(row) for row in rows], limit, lambda district: district.key)


@router.post("", status_code=201)
@allow(of_district=False)
def create_district(given: Given, new: NewDistrict, response: Response) -> DistrictRead:
    """Make an empty district."""
    policy_from_toml(new.policy)
    if given.connection.execute(select(districts.c.id).where(districts.c.key == new.key)).first():
        raise ConflictError(f"District {new.key}: expected a key that no district has yet.")
    now = datetime.now(UTC)
    row = given.connection.execute(
        insert(districts)
        .values(**new.model_dump(), version=1, created_at=now, changed_at=now)
        .returning(districts)
    ).one()
    given.record("created", "districts", new.key, matters=False)
    response.headers["Location"] = f"/api/v1/districts/{new.key}"
    response.headers["ETag"] = etag(row.version)
    return _read(row)


@router.get("/{key}")
@allow(*EVERYONE, of_district=False)
def read_district(given: Given, key: str, response: Response) -> DistrictRead:
    """Return a district."""
    row = _row(given, key)
    response.headers["ETag"] = etag(row.version)
    return _read(row)


@router.patch("/{key}")
@allow(*EVERYONE, of_district=False)
def change_district(given: Given, key: str, change: DistrictChange, response: Response) -> DistrictRead:
    """Change a district's name or policy; a coordinator of it may."""
    row = _row(given, key, to_change=True)
    given.check_version(row.version)
    row = write_change(given, row, change)
    response.headers["ETag"] = etag(row.version)
    return _read(row)


def write_change(given: Context, row: AnyRow, change: DistrictChange) -> AnyRow:
    """Change a district, write down which settings of its policy were and are what, and return it.

    Raises
    ------
    ValueError
        Where the policy is none.
    """
    cells = change.model_dump(exclude_none=True)
    policies = (policy_from_toml(text) for text in (row.policy, cells.get("policy", row.policy)))
    settings = changed_settings(*policies)
    values = cells | {"version": districts.c.version + 1, "changed_at": datetime.now(UTC)}
    changed = update(districts).where(districts.c.id == row.id).values(values).returning(districts)
    details = {"columns": sorted(cells)} | ({"settings": settings} if settings else {})
    given.record("changed", "districts", row.key, details, matters=False, chain=row.id)
    return given.connection.execute(changed).one()


@router.delete("/{key}", status_code=204)
@allow(of_district=False)
def delete_district(given: Given, key: str) -> None:
    """Remove a district with all that is in it, but for its audit log."""
    row = _row(given, key, to_change=True)
    given.check_version(row.version)
    given.connection.execute(delete(districts).where(districts.c.id == row.id))
    given.record("deleted", "districts", key)


def _row(given: Given, key: str, *, to_change: bool = False) -> AnyRow:
    """Return a district that whoever asks may know of, or change."""
    missing = NotFoundError(f"District {key}: expected one of yours, found none.")
    principal = given.principal
    if not principal.is_admin:
        place = next((place for place in principal.memberships if place.district_key == key), None)
        if place is None:
            raise missing
        if to_change and place.role not in (Role.COORDINATOR, Role.ADMIN):
            raise NotAllowedError("Only a coordinator or an admin may change a district.")
    asked = select(districts).where(districts.c.key == key)
    found = given.connection.execute(asked.with_for_update() if to_change else asked).one_or_none()
    if found is None:
        raise missing
    return found


def _read(row: AnyRow) -> DistrictRead:
    return DistrictRead.model_validate(row, from_attributes=True)
