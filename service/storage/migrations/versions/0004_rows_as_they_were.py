"""Rows as they were before someone changed them on a page."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what lets people take back what they did to a row."""
    op.create_table(
        "former_rows",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("row_table", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id"], ["districts.id"], name=op.f("fk_former_rows_district_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_rows")),
    )
    op.create_index(op.f("ix_former_rows_district_id"), "former_rows", ["district_id"], unique=False)
    op.create_index(op.f("ix_former_rows_expires_at"), "former_rows", ["expires_at"], unique=False)


def downgrade() -> None:
    """Remove it."""
    op.drop_index(op.f("ix_former_rows_expires_at"), table_name="former_rows")
    op.drop_index(op.f("ix_former_rows_district_id"), table_name="former_rows")
    op.drop_table("former_rows")
