"""Marks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("leaving_mark", sa.Column("programme_id", sa.Uuid(), primary_key=True))


def downgrade() -> None:
    pass
