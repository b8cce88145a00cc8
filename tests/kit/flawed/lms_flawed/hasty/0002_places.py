"""Places."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("hasty_duty", sa.Column("place", sa.String(20), nullable=False))


def downgrade() -> None:
    op.drop_column("hasty_duty", "place")
