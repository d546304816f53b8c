"""Tokens for programs: a coordinator makes them, once shown and revocable."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from service.api import route
from service.api.access import Given, allow
from service.api.paging import After, Limit, Page, page_of
from service.api.people import Number
from service.errors import NotAllowedError
from service.people import tokens
from service.people.principal import Role

router = route.router("tokens")


class NewToken(BaseModel):
    """A token to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "nightly export", "role": "board", "may_write": False}},
    )

    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Role
    of: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    """The school of a leader or the partner of a partner; blank for other roles."""
    may_write: bool = True
    days: Annotated[int, Field(ge=1, le=tokens.MOST_DAYS)] = tokens.DAYS


class TokenRead(BaseModel):
    """A token without its secret."""

    id: int
    name: str
    role: Role
    of: str
    may_write: bool
    created_by: int | None
    """The person who made it; null for one of the command line."""
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    is_valid: bool


class TokenMade(BaseModel):
    """A new token; its secret is shown this once."""

    token: str
    """Send it as `Authorization: Bearer ...`."""
    id: int


@router.get("")
@allow(Role.COORDINATOR)
def list_tokens(given: Given, limit: Limit = 50, after: After = None) -> Page[TokenRead]:
    """Return the district's tokens, also those that ended, by number."""
    after_id = int(after) if after and after.isascii() and after.isdigit() else 0
    found = [
        token for token in tokens.list_tokens(given.connection, given.district_id) if token.id > after_id
    ]
    read = [TokenRead.model_validate(token, from_attributes=True) for token in found[: limit + 1]]
    return page_of(read, limit, lambda token: str(token.id))


@router.post("", status_code=201)
@allow(Role.COORDINATOR, has_secret=True)
def make_token(given: Given, new: NewToken, response: Response) -> TokenMade:
    """Make a token of this district; it ends when its maker is no longer what they are."""
    principal = given.principal
    if principal.user_id is None:
        raise NotAllowedError("Only a person makes tokens; this is a token.")
    if new.role is Role.ADMIN and not principal.is_admin:
        raise NotAllowedError("Only an admin makes a token of an admin.")
    grant = tokens.Grant(new.name, new.role, new.of, new.may_write, new.days)
    number, secret = tokens.issue(given.connection, given.district_id, grant, created_by=principal.user_id)
    details = {"role": new.role.value, "of": new.of, "may_write": new.may_write}
    given.record("created", "tokens", str(number), details, matters=False)
    response.headers["Location"] = f"/api/v1/tokens/{number}"
    return TokenMade(token=secret, id=number)


@router.delete("/{token_id}", status_code=204)
@allow(Role.COORDINATOR)
def revoke_token(given: Given, token_id: Number) -> None:
    """Let a token no longer in, at once."""
    tokens.revoke(given.connection, given.district_id, token_id)
    given.record("revoked", "tokens", str(token_id), matters=False)
