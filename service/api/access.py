"""Who may call a route, and what a route is given: its caller, its district and one transaction."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import compare_digest
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends
from sqlalchemy import Connection, select, update
from starlette.requests import Request

from service.api.browsers import SESSION, check_origin, read_cookie
from service.errors import NotAllowedError, NotFoundError, NotSignedInError, StaleError, VersionMissingError
from service.operations import audit_log
from service.people.principal import Membership, Principal, Role
from service.people.recognition import principal_of_session, principal_of_token
from service.people.sessions import prolong
from service.storage.database import Database
from service.storage.tables import districts

# Any: an endpoint takes what its route asks for.
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

EVERYONE: Final = frozenset(Role)
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route.

    Parameters
    ----------
    roles
        Who may; an admin always may. Empty: admins only.
    is_public
        Whether nobody need be signed in.
    of_district
        Whether the route is about one district; others are about people and the installation.
    changes
        Whether it changes anything: then its transaction is one that writes, under the district's lock. By default
        what the method says.
    has_secret
        Whether its answer is shown once and so never kept for an idempotency key.
    """

    roles: frozenset[Role]
    is_public: bool = False
    of_district: bool = True
    changes: bool | None = None
    has_secret: bool = False


def allow(
    *roles: Role,
    is_public: bool = False,
    of_district: bool = True,
    changes: bool | None = None,
    has_secret: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """Say who may call an endpoint, parameters as `Access`; a route whose endpoint does not say is refused at start."""

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.access = Access(frozenset(roles), is_public, of_district, changes, has_secret)  # type: ignore[attr-defined]  # functions take attributes
        return endpoint

    return declare


def access_of(endpoint: Callable[..., object]) -> Access:
    """Return who may call an endpoint.

    Raises
    ------
    TypeError
        Where it does not say.
    """
    found = getattr(endpoint, "access", None)
    if not isinstance(found, Access):
        raise TypeError(
            f"{endpoint.__module__}.{endpoint.__name__}: expected @allow(...) to say who may call it."
        )
    return found


class Context:
    """What an endpoint works with: who asks, about which district, in one transaction.

    The transaction opens when it is first used, so an endpoint that reads an upload first keeps nobody waiting; the
    route ends it before the answer leaves.
    """

    def __init__(
        self,
        database: Database,
        request: Request,
        principal: Principal | None,
        place: Membership | None,
        *,
        changes: bool,
    ) -> None:
        self.database = database
        self.request = request
        self._principal = principal
        self._place = place
        self.changes = changes
        self._stack = ExitStack()
        self._connection: Connection | None = None

    @property
    def principal(self) -> Principal:
        """Who asks.

        Raises
        ------
        NotSignedInError
            On a public route, where nobody is signed in.
        """
        if self._principal is None:
            raise NotSignedInError("Sign in, or send a token as Bearer.")
        return self._principal

    @property
    def is_signed_in(self) -> bool:
        """Whether it is known who asks."""
        return self._principal is not None

    @property
    def place(self) -> Membership:
        """The district this is about, and what the caller is in it; only on a route of a district."""
        if self._place is None:
            raise TypeError("This route is about no district.")
        return self._place

    @property
    def district_id(self) -> int:
        """The district this is about."""
        return self.place.district_id

    @property
    def role(self) -> Role:
        """What the caller is in the district."""
        return self.place.role

    @property
    def connection(self) -> Connection:
        """The request's one transaction; where it changes something, no one else changes the district until it ends."""
        if self._connection is None:
            opened = self.database.writing() if self.changes else self.database.reading()
            self._connection = self._stack.enter_context(opened)
            if self.changes and self._place is not None:
                lock = select(districts.c.version).where(districts.c.id == self.district_id).with_for_update()
                self._connection.execute(lock)
        return self._connection

    def record(
        self,
        action: str,
        thing: str,
        thing_id: str,
        details: Mapping[str, object] | None = None,
        *,
        matters: bool = True,
        chain: int | None = None,
    ) -> None:
        """Write into the audit log what was done; where it changes the district, count its version up.

        Parameters
        ----------
        action
            A verb: ``created``, ``changed``, ``deleted``, ``published`` ...
        thing
            What kind of thing, such as ``needs``.
        details
            What changed, without contacts and secrets.
        matters
            Whether a table of the route's district changed.
        chain
            The chain of another district, on a route that is about none.
        """
        if matters and self._place is not None:
            changed = {"version": districts.c.version + 1, "changed_at": datetime.now(UTC)}
            self.connection.execute(
                update(districts).where(districts.c.id == self.district_id).values(changed)
            )
        audit_log.append(
            self.connection,
            chain or (self._place.district_id if self._place else audit_log.INSTALLATION),
            actor=self._principal.actor if self._principal else "nobody",
            action=action,
            thing=(thing, thing_id),
            details=details,
        )

    def adopt(self, stack: ExitStack, connection: Connection) -> None:
        """Take over a transaction that is open already."""
        self._stack, self._connection = stack, connection

    def check_version(self, version: int) -> None:
        """Check that the change is meant for this version of the thing, by the request's If-Match.

        Raises
        ------
        VersionMissingError
            Where the request does not say.
        StaleError
            Where it means another version.
        """
        asked = self.request.headers.get("if-match")
        if asked is None:
            raise VersionMissingError("If-Match: expected the ETag that reading this gave, found none.")
        if asked.strip() != "*" and etag(version) not in [part.strip() for part in asked.split(",")]:
            raise StaleError(
                f"If-Match: expected {etag(version)}, found {asked}: it was changed since; read it again."
            )

    def end(self, error: BaseException | None = None) -> None:
        """End the transaction: what it changed is kept, all of it, or none of it where there is an error."""
        if error is None:
            self._stack.close()
        else:
            self._stack.__exit__(type(error), error, error.__traceback__)


def context_of(request: Request) -> Context:
    """Return what the route opened for this request."""
    found: Context = request.state.context
    return found


async def _given(request: Request) -> Context:
    return context_of(request)


#: A parameter of an endpoint of this type is given the request's context.
Given = Annotated[Context, Depends(_given)]


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def open_context(database: Database, request: Request, access: Access, csrf: str) -> Context:
    """Return the context of a request whose caller may call the route.

    Parameters
    ----------
    csrf
        What a form or a script sent to show that a page of ours asks; "" where nothing was.

    Raises
    ------
    NotSignedInError, NotAllowedError, NotFoundError
        Where the caller may not.
    """
    is_safe = request.method in SAFE_METHODS
    changes = not is_safe if access.changes is None else access.changes
    stack = ExitStack()
    with stack:
        connection = stack.enter_context(database.reading())
        principal = _principal(connection, request)
        if not is_safe and not (principal and principal.is_token):
            check_origin(request)
        place = None
        if not access.is_public:
            place = _checked(connection, request, access, principal, csrf)
        context = Context(database, request, principal, place, changes=changes)
        if not changes:
            context.adopt(stack.pop_all(), connection)
    if principal and principal.is_due:
        with database.writing() as connection:
            prolong(connection, read_cookie(request, SESSION))
    return context


def _principal(connection: Connection, request: Request) -> Principal | None:
    """Return who asks: by a token, else by a session."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return principal_of_token(connection, secret.strip())
    secret = read_cookie(request, SESSION)
    return principal_of_session(connection, secret) if secret else None


def _checked(
    connection: Connection, request: Request, access: Access, principal: Principal | None, csrf: str
) -> Membership | None:
    """Return the caller's place where the route is of a district, or refuse."""
    if principal is None:
        raise NotSignedInError("Sign in, or send a token as Bearer.")
    changes = request.method not in SAFE_METHODS if access.changes is None else access.changes
    if changes and not principal.may_write:
        raise NotAllowedError("This token only reads.")
    is_safe = request.method in SAFE_METHODS or principal.is_token
    if not is_safe and not compare_digest(csrf.encode(), principal.csrf.encode()):
        raise NotAllowedError("X-CSRF-Token: expected that of your session.")
    if not access.of_district:
        if principal.is_admin or access.roles == EVERYONE:
            return None
        why = "; a token is of one district" if principal.is_token else ""
        raise NotAllowedError(f"Only an admin who signs in may do this{why}.")
    # Pages name the district in their path, where a reader sees it.
    key = request.path_params.get("district") or request.query_params.get("district")
    place = _place(connection, principal, key)
    if place.role is not Role.ADMIN and place.role not in access.roles:
        raise NotAllowedError(f"A {place.role} may not do this; {_named(access.roles)} may.")
    return place


def _place(connection: Connection, principal: Principal, key: str | None) -> Membership:
    """Return what the principal is in the district it names; an admin is one in every district."""
    if not principal.is_admin:
        return principal.membership_in(key)
    asked = select(districts.c.id, districts.c.key).order_by(districts.c.id).limit(2)
    found = connection.execute(asked if key is None else asked.where(districts.c.key == key)).all()
    if key is None and len(found) != 1:
        raise NotAllowedError("District: expected ?district= with the key of a district, found none.")
    if not found:
        raise NotFoundError(f"District {key}: expected one of yours, found none.")
    return Membership(found[0].id, found[0].key, Role.ADMIN)


def _named(roles: frozenset[Role]) -> str:
    return ", ".join(sorted({*roles, Role.ADMIN}))
