"""What the host of plugins keeps: their calls, permissions, jobs and history; dead letters, webhooks, calendar feeds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import lms_core.db

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
OPEN_BEFORE = sa.text("done_at IS NULL")
OPEN = sa.text("done_at IS NULL AND dead_at IS NULL")
DEAD = sa.text("dead_at IS NOT NULL")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plugin_call",
        sa.Column("process", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("hook", sa.String(length=120), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("microseconds", sa.BigInteger(), nullable=False),
        sa.Column("longest_microseconds", sa.BigInteger(), nullable=False),
        sa.Column("blocked", sa.Integer(), nullable=False),
        sa.Column("longest_block_microseconds", sa.BigInteger(), nullable=False),
        sa.Column("abandoned", sa.Integer(), nullable=False),
        sa.Column("leaked", sa.Integer(), nullable=False),
        sa.Column("circuit", sa.String(length=20), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_error_at", lms_core.db.Instant(), nullable=True),
        sa.Column("updated_at", lms_core.db.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("process", "plugin", "hook", "programme_id", name=op.f("pk_plugin_call")),
    )
    op.create_index("ix_plugin_call_updated_at", "plugin_call", ["updated_at"], unique=False)

    op.create_table(
        "plugin_permission",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_plugin_permission")),
    )
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", lms_core.db.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_calendar_feed_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("hash", name=op.f("uq_calendar_feed_hash")),
    )
    op.create_index(op.f("ix_calendar_feed_person_id"), "calendar_feed", ["person_id"], unique=False)

    op.create_table(
        "job_schedule",
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", lms_core.db.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_job_schedule_programme_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plugin", "job", "programme_id", name=op.f("pk_job_schedule")),
    )
    op.create_table(
        "programme_plugin_change",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", lms_core.db.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name=op.f("fk_programme_plugin_change_changed_by")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_programme_plugin_change_programme_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("programme_id", "plugin", "revision", name=op.f("pk_programme_plugin_change")),
    )
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("secret_number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", lms_core.db.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_webhook_created_by")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_webhook_programme_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index(op.f("ix_webhook_programme_id"), "webhook", ["programme_id"], unique=False)

    op.add_column("outbox_delivery", sa.Column("dead_at", lms_core.db.Instant(), nullable=True))
    op.create_index(
        "ix_outbox_delivery_dead",
        "outbox_delivery",
        ["dead_at"],
        unique=False,
        sqlite_where=DEAD,
        postgresql_where=DEAD,
    )

    op.drop_index("ix_outbox_delivery_open", "outbox_delivery")
    op.create_index(
        "ix_outbox_delivery_open",
        "outbox_delivery",
        ["subscriber", "aggregate", "event_id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_outbox_delivery_due", "outbox_delivery", ["due_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_outbox_programme", "outbox", ["programme_id", "id"])
    op.create_index("ix_idempotency_key_at", "idempotency_key", ["at"])
    op.execute("UPDATE outbox_delivery SET subscriber = 'plugin:' || subscriber")
    op.execute(
        "INSERT INTO programme_plugin_change (programme_id, plugin, revision, enabled, settings, changed_by, changed_at) "
        "SELECT programme_id, plugin, revision, enabled, settings, changed_by, changed_at FROM programme_plugin"
    )
    op.add_column("person", sa.Column("language", sa.String(length=2), server_default="en", nullable=False))

    op.add_column("session", sa.Column("changed_at", lms_core.db.Instant(), nullable=True))
    op.add_column("session", sa.Column("cancelled_at", lms_core.db.Instant(), nullable=True))


def downgrade() -> None:
    op.drop_column("session", "cancelled_at")
    op.drop_column("session", "changed_at")

    op.drop_column("person", "language")

    op.execute("DELETE FROM outbox_delivery WHERE subscriber NOT LIKE 'plugin:%'")
    op.execute("UPDATE outbox_delivery SET subscriber = substr(subscriber, 8)")
    op.drop_index("ix_outbox_delivery_open", "outbox_delivery")
    op.create_index(
        "ix_outbox_delivery_open",
        "outbox_delivery",
        ["subscriber", "aggregate", "event_id"],
        sqlite_where=OPEN_BEFORE,
        postgresql_where=OPEN_BEFORE,
    )
    op.drop_index("ix_idempotency_key_at", "idempotency_key")
    op.drop_index("ix_outbox_programme", "outbox")
    op.drop_index("ix_outbox_delivery_due", "outbox_delivery")
    op.drop_index("ix_outbox_delivery_dead", "outbox_delivery", sqlite_where=DEAD, postgresql_where=DEAD)
    op.drop_column("outbox_delivery", "dead_at")

    op.drop_index(op.f("ix_webhook_programme_id"), "webhook")

    op.drop_table("webhook")
    op.drop_table("programme_plugin_change")
    op.drop_table("job_schedule")
    op.drop_index(op.f("ix_calendar_feed_person_id"), "calendar_feed")

    op.drop_table("calendar_feed")
    op.drop_table("plugin_permission")
    op.drop_index("ix_plugin_call_updated_at", "plugin_call")

    op.drop_table("plugin_call")
