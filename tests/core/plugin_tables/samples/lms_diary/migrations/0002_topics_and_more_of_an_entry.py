"""Topics, and more of an entry."""

import sqlalchemy as sa
from alembic import op

import lms_core.api

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "diary_topic",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diary_topic")),
        sa.UniqueConstraint("title", name=op.f("uq_diary_topic_title")),
    )
    with op.batch_alter_table("diary_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("topic_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("shared", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("weight", sa.Numeric(precision=10, scale=3), nullable=True))
        batch_op.add_column(sa.Column("picture", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("more", lms_core.api.Json, nullable=True))
        batch_op.create_index("ix_diary_entry_day", ["programme_id", "day"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_diary_entry_topic_id"), "diary_topic", ["topic_id"], ["id"], ondelete="SET NULL"
        )


def downgrade() -> None:
    with op.batch_alter_table("diary_entry", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_diary_entry_topic_id"), type_="foreignkey")
        batch_op.drop_index("ix_diary_entry_day")
        batch_op.drop_column("more")
        batch_op.drop_column("picture")
        batch_op.drop_column("weight")
        batch_op.drop_column("shared")
        batch_op.drop_column("topic_id")

    op.drop_table("diary_topic")
