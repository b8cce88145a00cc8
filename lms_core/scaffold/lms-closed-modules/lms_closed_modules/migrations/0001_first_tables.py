"""First tables."""

import lms_core.api
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "closed_modules_closure",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("closed_at", lms_core.api.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["module_id"], ["module.id"], name=op.f("fk_closed_modules_closure_module_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_closed_modules_closure_programme_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("programme_id", "module_id", name=op.f("pk_closed_modules_closure")),
    )


def downgrade() -> None:
    op.drop_table("closed_modules_closure")
