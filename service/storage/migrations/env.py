"""How Alembic runs: on the connection of whoever calls it, in that connection's transaction."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from service.storage.tables import Moment, metadata


def _written(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Return how a revision writes a type: none of our own, for a revision must not change when they do."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=_written,
)
with context.begin_transaction():
    context.run_migrations()
