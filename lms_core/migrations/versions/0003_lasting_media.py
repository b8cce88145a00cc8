"""Files that are checked, quarantined and let go; how much there may be of them, and what is known of their contents."""

import sqlalchemy as sa
from alembic import op

import lms_core.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

READY = sa.text("state = 'ready'")
WHOLE = sa.text("state IN ('checking', 'ready')")
SHOWN = [
    "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "video/mp4", "video/webm",
    "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "text/vtt", "text/plain",
]  # fmt: skip
MEDIA = sa.table("media", sa.column("content_type"), sa.column("used_at"), sa.column("created_at"), sa.column("shown"))


def upgrade() -> None:
    op.drop_index("uq_media_ready", "media")
    with op.batch_alter_table("media") as batch:
        batch.add_column(sa.Column("reason", sa.Text(), nullable=True))
        batch.add_column(sa.Column("shown", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("used_at", lms_core.db.Instant(), nullable=True))
        batch.add_column(sa.Column("verified_at", lms_core.db.Instant(), nullable=True))
        batch.alter_column("name", existing_type=sa.String(200), type_=sa.String(255), existing_nullable=False)
        batch.alter_column("sha256", existing_type=sa.String(64), nullable=True)
        batch.drop_constraint(op.f("ck_media_state"), type_="check")
        batch.create_check_constraint(
            op.f("ck_media_state"), "state IN ('uploading', 'checking', 'ready', 'quarantined', 'deleting')"
        )
    op.execute(MEDIA.update().values(used_at=MEDIA.c.created_at, shown=MEDIA.c.content_type.in_(SHOWN)))
    with op.batch_alter_table("media") as batch:
        batch.alter_column("used_at", existing_type=lms_core.db.Instant(), nullable=False)
        batch.alter_column("shown", existing_type=sa.Boolean(), server_default=None)
    op.create_index(
        "uq_media_whole",
        "media",
        ["programme_id", "sha256"],
        unique=True,
        sqlite_where=WHOLE,
        postgresql_where=WHOLE,
    )
    op.create_index("ix_media_state_used_at", "media", ["state", "used_at"])
    op.create_index(op.f("ix_media_created_by"), "media", ["created_by"])
    with op.batch_alter_table("unit_file") as batch:
        batch.alter_column("name", existing_type=sa.String(200), type_=sa.String(255), existing_nullable=False)
    op.create_table(
        "media_quota",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("programme_bytes", sa.BigInteger(), nullable=True),
        sa.Column("person_bytes", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_media_quota_programme_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("programme_id", name=op.f("pk_media_quota")),
    )
    op.create_table(
        "media_preparation",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("seekable", sa.Boolean(), nullable=True),
        sa.Column("poster", sa.Boolean(), nullable=False),
        sa.Column("fixed_by", sa.Uuid(), nullable=True),
        sa.Column("at", lms_core.db.Instant(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'skipped', 'failed')", name=op.f("ck_media_preparation_state")
        ),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name=op.f("fk_media_preparation_media_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["fixed_by"], ["media.id"], name=op.f("fk_media_preparation_fixed_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("media_id", name=op.f("pk_media_preparation")),
    )
    op.create_index(op.f("ix_media_preparation_fixed_by"), "media_preparation", ["fixed_by"])
    op.create_table(
        "media_page_text",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name=op.f("fk_media_page_text_media_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("media_id", "page", name=op.f("pk_media_page_text")),
    )


def downgrade() -> None:
    op.drop_table("media_page_text")
    op.drop_table("media_preparation")
    op.drop_table("media_quota")
    op.execute("UPDATE unit_file SET name = substr(name, 1, 200)")
    with op.batch_alter_table("unit_file") as batch:
        batch.alter_column("name", existing_type=sa.String(255), type_=sa.String(200), existing_nullable=False)
    op.drop_index(op.f("ix_media_created_by"), "media")
    op.drop_index("ix_media_state_used_at", "media")
    op.drop_index("uq_media_whole", "media")
    # what is not proven to be right counts as not arrived
    op.execute("UPDATE media SET state = 'uploading' WHERE state IN ('checking', 'quarantined', 'deleting')")
    op.execute("UPDATE media SET sha256 = '' WHERE sha256 IS NULL")
    op.execute("UPDATE media SET name = substr(name, 1, 200)")
    with op.batch_alter_table("media") as batch:
        batch.drop_constraint(op.f("ck_media_state"), type_="check")
        batch.create_check_constraint(op.f("ck_media_state"), "state IN ('uploading', 'ready')")
        batch.alter_column("sha256", existing_type=sa.String(64), nullable=False)
        batch.alter_column("name", existing_type=sa.String(255), type_=sa.String(200), existing_nullable=False)
        batch.drop_column("verified_at")
        batch.drop_column("used_at")
        batch.drop_column("shown")
        batch.drop_column("reason")
    op.create_index(
        "uq_media_ready",
        "media",
        ["programme_id", "sha256"],
        unique=True,
        sqlite_where=READY,
        postgresql_where=READY,
    )
