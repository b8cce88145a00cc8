"""Marks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "lingering_mark",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("programme_id", sa.Uuid(), sa.ForeignKey("programme.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_table("lingering_note", sa.Column("id", sa.Uuid(), primary_key=True))


def downgrade() -> None:
    op.drop_table("lingering_note")
    op.drop_table("lingering_mark")
