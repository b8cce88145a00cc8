"""Links by which people without an account use single things of plugins."""

import sqlalchemy as sa
from alembic import op

import lms_core.db

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guest_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.String(60), nullable=False),
        sa.Column("role", sa.String(120), nullable=False),
        sa.Column("about", sa.String(100), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("made_at", lms_core.db.Instant(), nullable=False),
        sa.Column("expires_at", lms_core.db.Instant(), nullable=False),
        sa.Column("used_at", lms_core.db.Instant()),
        sa.Column("revoked_at", lms_core.db.Instant()),
        sa.Column("revoked_by", sa.Uuid()),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_guest_link_programme_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_guest_link_made_by")),
        sa.ForeignKeyConstraint(["revoked_by"], ["person.id"], name=op.f("fk_guest_link_revoked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_link")),
        sa.UniqueConstraint("hash", name=op.f("uq_guest_link_hash")),
    )
    op.create_index(op.f("ix_guest_link_programme_id"), "guest_link", ["programme_id"])


def downgrade() -> None:
    op.drop_table("guest_link")
