"""Terms in which somebody's time for repeating exams stands still."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paused_term",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("plugin", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_paused_term_person_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name="fk_paused_term_programme_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "programme_id", "plugin", "number", name="pk_paused_term"),
    )


def downgrade() -> None:
    op.drop_table("paused_term")
