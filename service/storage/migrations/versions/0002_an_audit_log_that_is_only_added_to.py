"""An audit log that is only added to."""

from alembic import op

revision = "0002"
down_revision = "0001"

SAID = "The audit log is only added to."


def upgrade() -> None:
    """Let the database itself refuse to change or remove entries of the audit log."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION refuse_audit_log_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{SAID}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_log_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_log_change()"
        )
    else:
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER audit_log_refuses_{change} BEFORE {change.upper()} ON audit_log "
                f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
            )


def downgrade() -> None:
    """Let entries be changed and removed."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_log_is_only_added_to ON audit_log")
        op.execute("DROP FUNCTION refuse_audit_log_change()")
    else:
        for change in ("update", "delete"):
            op.execute(f"DROP TRIGGER audit_log_refuses_{change}")
