"""Why the migration of a plugin failed."""

import sqlalchemy as sa
from alembic import op

import lms_core.db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plugin_failure",
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", lms_core.db.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("plugin", name=op.f("pk_plugin_failure")),
    )


def downgrade() -> None:
    op.drop_table("plugin_failure")
