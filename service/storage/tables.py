"""The database's tables: those of a district as `matching.schemas` documents them, and the service's own.

A district's cells keep their types: whole numbers, decimals, dates and flags are such columns, all else is text with ""
for blank; a blank number or date is NULL, and so is a blank reference, which a foreign key then leaves alone. Unknown
columns stand as JSON in ``extra``. ``number`` counts rows up in the order of the file, ``version`` a row's changes.
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from matching import columns, schemas

# SQLite numbers rows by itself only where the column is INTEGER, and takes the number of what was deleted again unless
# told not to (``sqlite_autoincrement``); ids compare by code point everywhere.
_Number: Final = BigInteger().with_variant(Integer(), "sqlite")
_Id: Final = Text().with_variant(Text(collation="C"), "postgresql")


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment with its zone."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC.

        Raises
        ------
        ValueError
            Where it has no zone.
        """
        if value is not None and value.tzinfo is None:
            raise ValueError(f"Moment {value}: expected one with a time zone.")
        return value and value.astimezone(UTC)


metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Any: a column's Python type differs with its cell.
_TYPES: Final[dict[columns.Cell, TypeEngine[Any]]] = {
    columns.Cell.ID: _Id,
    columns.Cell.WHOLE: BigInteger(),
    columns.Cell.NUMBER: Double(),
    columns.Cell.DATE: Date(),
    columns.Cell.FLAG: Boolean(),
}


def column_is_nullable(column: columns.Column) -> bool:
    """Whether a blank cell of a district's column is NULL; it is "" otherwise."""
    is_reference = bool(column.refers) and column.cell is columns.Cell.ID and not column.is_required
    is_number = column.cell in (columns.Cell.WHOLE, columns.Cell.NUMBER, columns.Cell.DATE)
    return is_reference or (is_number and not column.is_required)


def _district_table(table: columns.Table) -> Table:
    """Return where the rows of one table of all districts stand."""
    cells = [
        Column(column.name, _TYPES.get(column.cell, Text()), nullable=column_is_nullable(column))
        for column in table.columns
    ]
    references = [column for column in table.columns if column.refers and column.cell is columns.Cell.ID]
    keys = [
        ForeignKeyConstraint(
            ["district_id", column.name],
            [f"{column.refers}.district_id", f"{column.refers}.{schemas.TABLES[column.refers].key}"],
        )
        for column in references
    ]
    indexes = [Index(None, "district_id", column.name) for column in references]
    unique = [UniqueConstraint("district_id", table.key)] if table.key else []
    return Table(
        table.name,
        metadata,
        Column("number", _Number, primary_key=True, autoincrement=True),
        Column("district_id", Integer, ForeignKey("districts.id", ondelete="CASCADE"), nullable=False),
        Column("version", Integer, nullable=False, default=1, server_default="1"),
        *cells,
        Column("extra", JSON, nullable=False, default=dict, server_default="{}"),
        *keys,
        *unique,
        *indexes,
        Index(None, "district_id", "number"),
        sqlite_autoincrement=True,
    )


districts: Final = Table(
    "districts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", _Id, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    # Counts every change of the district's tables or policy.
    Column("version", Integer, nullable=False, default=1),
    Column("policy", Text, nullable=False, default=""),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

# In the order of the schemas, in which a table refers to earlier ones only.
DISTRICT_TABLES: Final = {name: _district_table(table) for name, table in schemas.TABLES.items()}

users: Final = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False, default=""),
    Column("is_admin", Boolean, nullable=False, default=False),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)
identities: Final = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
)
# ``of`` is the school of a leader or the partner of a partner, "" for the other roles: a row each.
memberships: Final = Table(
    "memberships",
    metadata,
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("district_id", Integer, ForeignKey("districts.id", ondelete="CASCADE"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("of", _Id, primary_key=True, default=""),
)
# Of what lets someone in, only a SHA-256 is kept.
sessions: Final = Table(
    "sessions",
    metadata,
    Column("secret_sha256", Text, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)
tokens: Final = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("secret_sha256", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("district_id", Integer, ForeignKey("districts.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),
    Column("of", _Id, nullable=False, default=""),
    Column("may_write", Boolean, nullable=False, default=True),
    Column("created_by", Integer, ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    sqlite_autoincrement=True,
)
# A link that works once: the first admin's, and those that invite or let someone choose a new password.
invitations: Final = Table(
    "invitations",
    metadata,
    Column("secret_sha256", Text, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE")),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    # Null for a link of the command line. No user is ever removed.
    Column("made_by", Integer),
)
idempotency: Final = Table(
    "idempotency",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
)

RUN_STATES: Final = ("queued", "running", "done", "failed", "cancelled")
runs: Final = Table(
    "runs",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column(
        "district_id", Integer, ForeignKey("districts.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("kind", Text, nullable=False),
    Column("request", JSON, nullable=False),
    Column("base_id", Text, ForeignKey("runs.id")),
    Column("input_sha256", Text, nullable=False),
    Column("district_version", Integer, nullable=False),
    Column("versions", JSON, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("phase", Text, nullable=False, default=""),
    Column("share", Double, nullable=False, default=0.0),
    Column("levels", JSON, nullable=False, default=list),
    Column("summary", JSON, nullable=False, default=dict),
    Column("fault", Text, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("worker", Text, nullable=False, default=""),
    Column("heartbeat_at", Moment),
    Column("created_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    CheckConstraint(f"state IN ({', '.join(map(repr, RUN_STATES))})", name="state"),
)
run_files: Final = Table(
    "run_files",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
# ``plan`` numbers the points of a curve; ``planned`` are the slots of the plan, 0 where it ends a running match or
# where someone added it by hand, ``ran`` those it ran with, ``slots`` those it has once it is accepted.
run_matches: Final = Table(
    "run_matches",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("plan", Integer, primary_key=True, default=0),
    Column("number", Integer, primary_key=True),
    Column("version", Integer, nullable=False, default=1),
    Column("need_id", _Id, nullable=False),
    Column("offer_id", _Id, nullable=False),
    Column("school_id", _Id, nullable=False),
    Column("partner_id", _Id, nullable=False),
    Column("planned", BigInteger, nullable=False),
    Column("ran", BigInteger, nullable=False, default=0),
    Column("slots", BigInteger, nullable=False),
    Column("fit", Double, nullable=False),
    Column("similarity", Double, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decision", Text, nullable=False, default="proposed"),
    Column("decision_reason", Text, nullable=False, default=""),
    Column("decided_by", Text, nullable=False, default=""),
    Column("locked", Boolean, nullable=False, default=False),
    Column("is_by_hand", Boolean, nullable=False, default=False),
    Column("override_reason", Text, nullable=False, default=""),
    # The rules that it overrides.
    Column("overridden", JSON, nullable=False, default=list),
    UniqueConstraint("run_id", "plan", "need_id", "offer_id"),
)
publications: Final = Table(
    "publications",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column(
        "district_id", Integer, ForeignKey("districts.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("run_id", Text, ForeignKey("runs.id"), index=True),
    Column("plan", Integer, nullable=False, default=0),
    # What was changed, row by row, before and after, and which rules were broken before: enough to undo it.
    Column("changes", JSON, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("undone_by", Text, nullable=False, default=""),
    Column("undone_at", Moment),
)
imports: Final = Table(
    "imports",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column(
        "district_id", Integer, ForeignKey("districts.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("file_name", Text, nullable=False),
    Column("mode", Text, nullable=False),
    # Rows added, changed, removed and unchanged of each table.
    Column("counts", JSON, nullable=False),
    # The rows as they were, and the versions they were left in: enough to undo it.
    Column("changes", LargeBinary, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("imported_at", Moment, nullable=False),
    Column("undone_by", Text, nullable=False, default=""),
    Column("undone_at", Moment),
)
# A file on its way in, between the steps of the import's pages: its sheets as they were read, without columns about
# single students, and how they are to be read.
uploads: Final = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column(
        "district_id", Integer, ForeignKey("districts.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("owner", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sheets", LargeBinary, nullable=False),
    Column("reading", JSON, nullable=False, default=dict),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)
# How a sheet of this name and with these columns was read the last time.
sheet_readings: Final = Table(
    "sheet_readings",
    metadata,
    Column("district_id", Integer, ForeignKey("districts.id", ondelete="CASCADE"), primary_key=True),
    Column("headers_sha256", Text, primary_key=True),
    Column("reading", JSON, nullable=False),
    Column("read_by", Text, nullable=False),
    Column("read_at", Moment, nullable=False),
)
# A row as it was before someone changed or removed it, or nothing where they added it: what they can take back.
former_rows: Final = Table(
    "former_rows",
    metadata,
    Column("id", Text, primary_key=True),
    Column(
        "district_id", Integer, ForeignKey("districts.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("owner", Text, nullable=False),
    Column("done", Text, nullable=False),
    Column("row_table", Text, nullable=False),
    # The row's id, or its number; the version that it was left in, 0 where it was removed.
    Column("row_key", _Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("cells", JSON, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)
# A chain a district, and one of the installation, whose ``chain`` is 0; no row is ever changed or removed.
audit_log: Final = Table(
    "audit_log",
    metadata,
    Column("chain", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("thing", Text, nullable=False),
    Column("thing_id", Text, nullable=False),
    # Canonical JSON, as it was hashed.
    Column("details", Text, nullable=False),
    Column("previous_sha256", Text, nullable=False),
    Column("sha256", Text, nullable=False),
)
