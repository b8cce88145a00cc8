"""Shifts."""

import sqlalchemy as sa
from alembic import op

import lms_core.api

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "hasty_shift",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(5), nullable=False),
    )
    op.create_table(
        "hasty_duty",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("programme_id", sa.Uuid(), sa.ForeignKey("programme.id", ondelete="CASCADE"), nullable=False),
        sa.Column("session_id", sa.Uuid(), sa.ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
        sa.Column("media_id", sa.Uuid(), sa.ForeignKey("media.id", ondelete="CASCADE"), nullable=False),
        sa.Column("shift_id", sa.Integer(), sa.ForeignKey("hasty_shift.id", ondelete="CASCADE"), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("at", lms_core.api.Instant(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hours", lms_core.api.Hundredths(), nullable=False),
        sa.Column("more", lms_core.api.Json, nullable=False),
        sa.CheckConstraint("state IN ('planned', 'done')", name=op.f("ck_hasty_duty_state")),
    )


def downgrade() -> None:
    op.drop_table("hasty_duty")
    op.drop_table("hasty_shift")
