"""${message[:1].upper() + message[1:].rstrip(".")}."""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision).replace("'", '"')}
down_revision = ${repr(down_revision).replace("'", '"')}


def upgrade() -> None:
    """Lead the tables of the revision before to this one."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Lead them back."""
    ${downgrades if downgrades else "pass"}
