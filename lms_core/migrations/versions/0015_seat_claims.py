"""Seats that a plugin keeps for persons whom it names."""

import sqlalchemy as sa
from alembic import op

from lms_core.db import Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seat_claim",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_seat_claim_person_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name="fk_seat_claim_programme_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "programme_id", "plugin", name="pk_seat_claim"),
    )
    op.add_column("seat_quota", sa.Column("plugin", sa.String(length=120)))
    op.add_column("run_enrolment", sa.Column("claimed", sa.String(length=120)))


def downgrade() -> None:
    op.drop_column("run_enrolment", "claimed")
    op.drop_column("seat_quota", "plugin")
    op.drop_table("seat_claim")
