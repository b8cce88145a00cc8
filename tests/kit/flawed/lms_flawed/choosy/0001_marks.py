"""Marks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "choosy_mark",
        sa.Column("programme_id", sa.Uuid(), sa.ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.CheckConstraint("points > 100", name=op.f("ck_choosy_mark_points")),
    )


def downgrade() -> None:
    op.drop_table("choosy_mark")
