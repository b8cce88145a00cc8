"""Permissions of plugins that only certain roles may hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    op.add_column("plugin_permission", sa.Column("confined_to", kind))


def downgrade() -> None:
    op.drop_column("plugin_permission", "confined_to")
