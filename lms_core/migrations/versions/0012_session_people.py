"""Sessions that are for some of a run's participants, and who teaches a session."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("for_named", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "session_person",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("teaches", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_session_person_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_session_person_person_id")),
        sa.PrimaryKeyConstraint("session_id", "person_id", name=op.f("pk_session_person")),
    )
    op.create_index(op.f("ix_session_person_person_id"), "session_person", ["person_id"])


def downgrade() -> None:
    op.drop_table("session_person")
    op.drop_column("session", "for_named")
