"""Exams and marks; ECTS that are taken back by a second row; deadlines, their extensions, and hand-ins."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import lms_core.db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
NOT_REVERSED = sa.text("NOT reversed")
WHOLE = sa.text("state IN ('checking', 'ready')")
OPEN_WHOLE = sa.text("state IN ('checking', 'ready') AND NOT private")
VERSION = ["run_id", "unit_key", "person_id", "number"]
TAKEN = sa.text("state IN ('registered', 'passed')")
ROLE = sa.table("role", sa.column("name", sa.String), sa.column("permissions", JSON), sa.column("revision", sa.Integer))
GAINED = {
    "administrator": {
        "exams.register",
        "marks.record",
        "transcripts.read",
        "extensions.decide",
        "work.hand_in",
    },
    "programme_administrator": {"marks.record", "transcripts.read", "extensions.decide"},
    "lecturer": {"marks.record"},
    "participant": {"exams.register", "work.hand_in"},
    "examiner": {"marks.record", "transcripts.read", "extensions.decide"},
}
"""Roles that are there already get what the routes of this release ask for; roles of one's own stay as they are."""


def upgrade() -> None:
    op.create_table(
        "exam",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("starts", sa.DateTime(), nullable=False),
        sa.Column("ends", sa.DateTime(), nullable=False),
        sa.Column("register_by", sa.DateTime(), nullable=False),
        sa.Column("deregister_by", sa.DateTime(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("cancelled_at", lms_core.db.Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('written', 'oral', 'practical', 'paper')", name=op.f("ck_exam_kind")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_exam_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exam")),
    )
    op.create_index(op.f("ix_exam_run_id"), "exam", ["run_id"])
    op.create_table(
        "exam_registration",
        sa.Column("exam_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("marks", sa.Integer(), nullable=False),
        sa.Column("since", lms_core.db.Instant(), nullable=False),
        sa.CheckConstraint(
            "state IN ('registered', 'deregistered', 'passed', 'failed', 'excused', 'unexcused')",
            name=op.f("ck_exam_registration_state"),
        ),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_exam_registration_exam_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_exam_registration_person_id")),
        sa.ForeignKeyConstraint(["module_id"], ["module.id"], name=op.f("fk_exam_registration_module_id")),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name=op.f("fk_exam_registration_programme_id")),
        sa.PrimaryKeyConstraint("exam_id", "person_id", name=op.f("pk_exam_registration")),
    )
    op.create_index("ix_exam_registration_person", "exam_registration", ["person_id", "module_id"])
    op.create_index(
        "uq_exam_registration_taken",
        "exam_registration",
        ["person_id", "module_id"],
        unique=True,
        sqlite_where=TAKEN,
        postgresql_where=TAKEN,
    )
    op.create_table(
        "exam_mark",
        sa.Column("exam_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mark", lms_core.db.Hundredths(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", lms_core.db.Instant(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('passed', 'failed', 'excused', 'unexcused')", name=op.f("ck_exam_mark_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["exam_id", "person_id"],
            ["exam_registration.exam_id", "exam_registration.person_id"],
            name=op.f("fk_exam_mark_exam_id_person_id"),
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_exam_mark_recorded_by")),
        sa.PrimaryKeyConstraint("exam_id", "person_id", "number", name=op.f("pk_exam_mark")),
    )
    op.create_table(
        "unit_deadline",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit_key", sa.String(length=120), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", lms_core.db.Instant(), nullable=False),
        sa.Column("removed_at", lms_core.db.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_unit_deadline_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_deadline")),
        sa.UniqueConstraint("run_id", "unit_key", name=op.f("uq_unit_deadline_run_id_unit_key")),
    )
    op.create_table(
        "deadline_extension",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit_key", sa.String(length=120), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", lms_core.db.Instant(), nullable=False),
        sa.Column("withdrawn_at", lms_core.db.Instant(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('illness', 'care', 'work', 'technical', 'other')", name=op.f("ck_deadline_extension_reason")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_deadline_extension_run_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_deadline_extension_person_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_deadline_extension_decided_by")),
        sa.PrimaryKeyConstraint("run_id", "unit_key", "person_id", name=op.f("pk_deadline_extension")),
    )
    op.drop_index("uq_media_whole", "media")
    op.add_column("media", sa.Column("private", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "uq_media_whole", "media", ["programme_id", "sha256"], unique=True, sqlite_where=OPEN_WHOLE,
        postgresql_where=OPEN_WHOLE,
    )  # fmt: skip
    op.create_table(
        "hand_in_upload",
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit_key", sa.String(length=120), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name=op.f("fk_hand_in_upload_media_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_hand_in_upload_run_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_hand_in_upload_person_id")),
        sa.PrimaryKeyConstraint("media_id", "run_id", "unit_key", name=op.f("pk_hand_in_upload")),
    )
    op.create_index("ix_hand_in_upload_person", "hand_in_upload", ["run_id", "unit_key", "person_id"])
    op.create_table(
        "hand_in",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit_key", sa.String(length=120), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", lms_core.db.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_hand_in_run_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_hand_in_person_id")),
        sa.PrimaryKeyConstraint(*VERSION, name=op.f("pk_hand_in")),
    )
    op.create_table(
        "hand_in_file",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit_key", sa.String(length=120), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("media_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            VERSION,
            [f"hand_in.{name}" for name in VERSION],
            name=op.f("fk_hand_in_file_run_id_unit_key_person_id_number"),
        ),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name=op.f("fk_hand_in_file_media_id")),
        sa.PrimaryKeyConstraint(*VERSION, "position", name=op.f("pk_hand_in_file")),
    )
    op.create_index(op.f("ix_hand_in_file_media_id"), "hand_in_file", ["media_id"])
    op.create_table(
        "hand_in_verdict",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit_key", sa.String(length=120), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("score", lms_core.db.Hundredths(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("assessed_by", sa.Uuid(), nullable=False),
        sa.Column("assessed_at", lms_core.db.Instant(), nullable=False),
        sa.CheckConstraint("outcome IN ('accepted', 'returned')", name=op.f("ck_hand_in_verdict_outcome")),
        sa.ForeignKeyConstraint(
            VERSION,
            [f"hand_in.{name}" for name in VERSION],
            name=op.f("fk_hand_in_verdict_run_id_unit_key_person_id_number"),
        ),
        sa.ForeignKeyConstraint(["assessed_by"], ["person.id"], name=op.f("fk_hand_in_verdict_assessed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_in_verdict")),
    )
    op.create_index("ix_hand_in_verdict_version", "hand_in_verdict", VERSION)
    with op.batch_alter_table("credit") as batch:
        batch.add_column(sa.Column("reversed", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("reverses", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_credit_reverses"), "credit", ["reverses"], ["id"])
        batch.create_unique_constraint(op.f("uq_credit_reverses"), ["reverses"])
        batch.drop_constraint(op.f("uq_credit_person_id_source"), type_="unique")
    op.create_index(
        "uq_credit_booked",
        "credit",
        ["person_id", "source"],
        unique=True,
        sqlite_where=NOT_REVERSED,
        postgresql_where=NOT_REVERSED,
    )
    _permissions(lambda held, gained: held | gained)


def downgrade() -> None:
    _permissions(lambda held, gained: held - gained)
    op.drop_index("uq_credit_booked", "credit")
    # the account stays as it is; only one row of a source can bear its name
    op.execute("UPDATE credit SET source = 'reversed:' || id WHERE reversed")
    with op.batch_alter_table("credit") as batch:
        batch.create_unique_constraint(op.f("uq_credit_person_id_source"), ["person_id", "source"])
        batch.drop_constraint(op.f("uq_credit_reverses"), type_="unique")
        batch.drop_constraint(op.f("fk_credit_reverses"), type_="foreignkey")
        batch.drop_column("reverses")
        batch.drop_column("reversed")
    op.drop_table("hand_in_verdict")
    op.drop_table("hand_in_file")
    op.drop_table("hand_in")
    op.drop_table("hand_in_upload")
    op.drop_index("uq_media_whole", "media")
    # nobody needs them any more, and the earlier release would show them to others
    op.execute("UPDATE media SET state = 'deleting' WHERE private")
    op.drop_column("media", "private")
    op.create_index(
        "uq_media_whole", "media", ["programme_id", "sha256"], unique=True, sqlite_where=WHOLE,
        postgresql_where=WHOLE,
    )  # fmt: skip
    op.drop_table("deadline_extension")
    op.drop_table("unit_deadline")
    op.drop_table("exam_mark")
    op.drop_table("exam_registration")
    op.drop_table("exam")


def _permissions(change: Callable[[set[str], set[str]], set[str]]) -> None:
    for name, permissions, revision in op.get_bind().execute(sa.select(ROLE)).all():
        held = set(permissions)
        if name in GAINED and change(held, GAINED[name]) != held:
            values = {"permissions": sorted(change(held, GAINED[name])), "revision": revision + 1}
            op.execute(ROLE.update().where(ROLE.c.name == name).values(**values))
