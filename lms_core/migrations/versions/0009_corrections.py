"""What participants are shown when a run moves to another version."""

import sqlalchemy as sa
from alembic import op

import lms_core.db

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("told", lms_core.db.Json, nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("at", lms_core.db.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_correction_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["changed_by"], ["person.id"], name=op.f("fk_run_correction_changed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_correction")),
    )
    op.create_index(op.f("ix_run_correction_run_id"), "run_correction", ["run_id"])


def downgrade() -> None:
    op.drop_table("run_correction")
