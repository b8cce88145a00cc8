"""Pieces of films, facts and attendance in the ledger, rules of completion, and the order in which states change."""

import sqlalchemy as sa
from alembic import op

from lms_core.db import Instant, Json

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WITHOUT_ROWID = {"sqlite_with_rowid": False}


def upgrade() -> None:
    op.add_column("module_version", sa.Column("completion", Json, nullable=True))
    op.add_column("unit", sa.Column("completion", Json, nullable=True))
    with op.batch_alter_table("progress_event") as batch:
        batch.add_column(sa.Column("watched", Json, nullable=True))
        batch.add_column(sa.Column("facts", Json, nullable=True))
        batch.add_column(sa.Column("session_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("attended", Json, nullable=True))
        batch.create_foreign_key(op.f("fk_progress_event_session_id"), "session", ["session_id"], ["id"])
    with op.batch_alter_table("unit_state", table_kwargs=WITHOUT_ROWID) as batch:
        batch.add_column(sa.Column("watched", Json, nullable=False, server_default="[]"))
        batch.add_column(sa.Column("told_at", Instant(), nullable=True))
        batch.add_column(sa.Column("facts", Json, nullable=False, server_default="[]"))
        batch.add_column(sa.Column("attended", Json, nullable=False, server_default="{}"))
        batch.add_column(sa.Column("changed", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE unit_state SET told_at = completed_at")
    op.execute(
        "UPDATE unit_state SET changed = (SELECT count(*) FROM unit_state AS other"
        " WHERE other.person_id = unit_state.person_id"
        " AND (other.run_id, other.unit_key) <= (unit_state.run_id, unit_state.unit_key))"
    )
    with op.batch_alter_table("unit_state", table_kwargs=WITHOUT_ROWID) as batch:
        for name in ("watched", "facts", "attended"):
            batch.alter_column(name, existing_type=Json, server_default=None)
        batch.alter_column("changed", existing_type=sa.BigInteger(), server_default=None)
        batch.create_unique_constraint(op.f("uq_unit_state_person_id_changed"), ["person_id", "changed"])


def downgrade() -> None:
    with op.batch_alter_table("unit_state", table_kwargs=WITHOUT_ROWID) as batch:
        batch.drop_constraint(op.f("uq_unit_state_person_id_changed"), type_="unique")
        for name in ("changed", "attended", "facts", "told_at", "watched"):
            batch.drop_column(name)
    with op.batch_alter_table("progress_event") as batch:
        batch.drop_constraint(op.f("fk_progress_event_session_id"), type_="foreignkey")
        for name in ("attended", "session_id", "facts", "watched"):
            batch.drop_column(name)
    with op.batch_alter_table("unit") as batch:
        batch.drop_column("completion")
    with op.batch_alter_table("module_version") as batch:
        batch.drop_column("completion")
