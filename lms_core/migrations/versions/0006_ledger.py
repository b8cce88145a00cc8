"""What was watched of a film, and the order in which the states of a person's units changed."""

import sqlalchemy as sa
from alembic import op

from lms_core.db import Json

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WITHOUT_ROWID = {"sqlite_with_rowid": False}


def upgrade() -> None:
    with op.batch_alter_table("progress_event") as batch:
        batch.add_column(sa.Column("watched", Json, nullable=True))
    with op.batch_alter_table("unit_state", table_kwargs=WITHOUT_ROWID) as batch:
        batch.add_column(sa.Column("watched", Json, nullable=False, server_default="[]"))
        batch.add_column(sa.Column("changed", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE unit_state SET changed = (SELECT count(*) FROM unit_state AS other"
        " WHERE other.person_id = unit_state.person_id"
        " AND (other.run_id, other.unit_key) <= (unit_state.run_id, unit_state.unit_key))"
    )
    with op.batch_alter_table("unit_state", table_kwargs=WITHOUT_ROWID) as batch:
        batch.alter_column("watched", existing_type=Json, server_default=None)
        batch.alter_column("changed", existing_type=sa.BigInteger(), server_default=None)
        batch.create_unique_constraint(op.f("uq_unit_state_person_id_changed"), ["person_id", "changed"])


def downgrade() -> None:
    with op.batch_alter_table("unit_state", table_kwargs=WITHOUT_ROWID) as batch:
        batch.drop_constraint(op.f("uq_unit_state_person_id_changed"), type_="unique")
        batch.drop_column("changed")
        batch.drop_column("watched")
    with op.batch_alter_table("progress_event") as batch:
        batch.drop_column("watched")
