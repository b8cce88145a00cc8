"""Units that runs have no more, for what devices tell of them late; scores that correct others; when exams changed."""

import sqlalchemy as sa
from alembic import op

from lms_core.db import Hundredths, Instant, Json

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WITHOUT_ROWID = {"sqlite_with_rowid": False}


def upgrade() -> None:
    former = op.create_table(
        "former_unit",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit_key", sa.String(length=120), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_former_unit_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["module_version.id"], name=op.f("fk_former_unit_version_id")),
        sa.PrimaryKeyConstraint("run_id", "unit_key", name=op.f("pk_former_unit")),
    )
    rows = _former(op.get_bind())
    if rows:
        op.bulk_insert(former, rows)
    op.create_table(
        "attempts_elsewhere",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_attempts_elsewhere_person_id")),
        sa.ForeignKeyConstraint(["module_id"], ["module.id"], name=op.f("fk_attempts_elsewhere_module_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_attempts_elsewhere_decided_by")),
        sa.PrimaryKeyConstraint("person_id", "module_id", name=op.f("pk_attempts_elsewhere")),
    )
    op.add_column("exam", sa.Column("changed_at", Instant(), nullable=True))
    op.add_column("progress_event", sa.Column("attempt", sa.Integer(), nullable=True))
    with op.batch_alter_table("unit_state", table_kwargs=WITHOUT_ROWID) as batch:
        batch.add_column(sa.Column("told_score", Hundredths(), nullable=True))
        batch.add_column(sa.Column("attempts", Json, nullable=False, server_default="{}"))
    with op.batch_alter_table("unit_state", table_kwargs=WITHOUT_ROWID) as batch:
        batch.alter_column("attempts", existing_type=Json, server_default=None)
    op.execute("UPDATE unit_state SET told_score = score")  # of no attempt: it was the best of all


def _former(connection: sa.Connection) -> list[dict[str, object]]:
    """Return what the corrections of runs have removed and not brought back."""
    run = sa.table("run", sa.column("id", sa.Uuid()), sa.column("module_id", sa.Uuid()))
    version = sa.table(
        "module_version",
        sa.column("id", sa.Uuid()),
        sa.column("module_id", sa.Uuid()),
        sa.column("number", sa.Integer()),
    )
    correction = sa.table(
        "run_correction", sa.column("id", sa.Uuid()), sa.column("run_id", sa.Uuid()), sa.column("told", Json)
    )
    numbers = {(row.module_id, row.number): row.id for row in connection.execute(sa.select(version))}
    query = sa.select(correction.c.run_id, correction.c.told, run.c.module_id).join(
        run, run.c.id == correction.c.run_id
    )
    found: dict[tuple[object, str], object] = {}
    for row in connection.execute(query.order_by(correction.c.id)):
        for unit in row.told["added"]:
            found.pop((row.run_id, unit["key"]), None)
        for unit in row.told["removed"]:
            found[row.run_id, unit["key"]] = numbers[row.module_id, row.told["before"]]
    return [{"run_id": run_id, "unit_key": key, "version_id": version} for (run_id, key), version in found.items()]


def downgrade() -> None:
    op.execute(
        "UPDATE unit_state SET score = (SELECT max(score) FROM progress_event AS event"
        " WHERE event.person_id = unit_state.person_id AND event.run_id = unit_state.run_id"
        " AND event.unit_key = unit_state.unit_key)"
    )
    with op.batch_alter_table("unit_state", table_kwargs=WITHOUT_ROWID) as batch:
        batch.drop_column("attempts")
        batch.drop_column("told_score")
    with op.batch_alter_table("progress_event") as batch:
        batch.drop_column("attempt")
    with op.batch_alter_table("exam") as batch:
        batch.drop_column("changed_at")
    op.drop_table("attempts_elsewhere")
    op.drop_table("former_unit")
