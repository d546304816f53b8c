"""Who made a one-time link."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what lets a link end with the role of whoever made it."""
    op.add_column("invitations", sa.Column("made_by", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("invitations", "made_by")
