"""Remarks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("choosy_mark", sa.Column("remark", sa.String(20)))


def downgrade() -> None:
    op.drop_column("choosy_mark", "remark")
