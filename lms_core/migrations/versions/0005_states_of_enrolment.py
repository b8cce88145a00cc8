"""Enrolment with approval, offers, quotas, lottery and minimum number; every change of it on record."""

import sqlalchemy as sa
from alembic import op

import lms_core.db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BEFORE = ("enrolled", "waiting", "withdrawn", "completed")
STATES = ("requested", "declined", "offered", "enrolled", "waiting", "withdrawn", "expired", "completed")
ENROLMENT = sa.table("run_enrolment", sa.column("state"))


def _state(allowed: tuple[str, ...]) -> str:
    return f"state IN ({', '.join(repr(state) for state in allowed)})"


def upgrade() -> None:
    op.add_column("programme", sa.Column("approval", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("run_enrolment") as batch:
        batch.add_column(sa.Column("quota", sa.String(length=120), nullable=True))
        batch.add_column(sa.Column("deadline", lms_core.db.Instant(), nullable=True))
        batch.add_column(sa.Column("judged_at", lms_core.db.Instant(), nullable=True))
        batch.add_column(sa.Column("objection", sa.Text(), nullable=True))
        batch.drop_constraint(op.f("ck_run_enrolment_state"), type_="check")
        batch.create_check_constraint(op.f("ck_run_enrolment_state"), _state(STATES))
        batch.create_check_constraint(op.f("ck_run_enrolment_deadline"), "(state = 'offered') = (deadline IS NOT NULL)")
    op.create_table(
        "seat_rules",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("approval", sa.Boolean(), nullable=False),
        sa.Column("offer_hours", sa.Integer(), nullable=True),
        sa.Column("minimum", sa.Integer(), nullable=True),
        sa.Column("decide_at", lms_core.db.Instant(), nullable=True),
        sa.Column("draw_at", lms_core.db.Instant(), nullable=True),
        sa.Column("drawn_at", lms_core.db.Instant(), nullable=True),
        sa.Column("seed", sa.String(length=64), nullable=True),
        sa.Column("planned", lms_core.db.Json, nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", lms_core.db.Instant(), nullable=True),
        sa.CheckConstraint("decision IN ('go', 'no_go')", name=op.f("ck_seat_rules_decision")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_seat_rules_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_seat_rules_decided_by")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_seat_rules")),
    )
    op.create_table(
        "seat_quota",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("released_at", lms_core.db.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_seat_quota_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name=op.f("fk_seat_quota_programme_id")),
        sa.PrimaryKeyConstraint("run_id", "key", name=op.f("pk_seat_quota")),
    )
    op.create_table(
        "enrolment_waiver",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("granted_at", lms_core.db.Instant(), nullable=False),
        sa.CheckConstraint("rule IN ('prerequisites', 'limits', 'clashes')", name=op.f("ck_enrolment_waiver_rule")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_enrolment_waiver_run_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_enrolment_waiver_person_id")),
        sa.ForeignKeyConstraint(["granted_by"], ["person.id"], name=op.f("fk_enrolment_waiver_granted_by")),
        sa.PrimaryKeyConstraint("run_id", "person_id", "rule", name=op.f("pk_enrolment_waiver")),
    )
    op.create_table(
        "enrolment_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.String(length=20), nullable=True),
        sa.Column("after", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", lms_core.db.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_enrolment_change_run_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_enrolment_change_person_id")),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_enrolment_change_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_change")),
    )
    op.create_index("ix_enrolment_change_run_id_id", "enrolment_change", ["run_id", "id"])


def downgrade() -> None:
    op.drop_table("enrolment_change")
    op.drop_table("enrolment_waiver")
    op.drop_table("seat_quota")
    op.drop_table("seat_rules")
    with op.batch_alter_table("run_enrolment") as batch:
        batch.drop_constraint(op.f("ck_run_enrolment_deadline"), type_="check")
        batch.drop_column("deadline")
    # what the older release does not know becomes what is nearest; an offered seat is held, so it is a seat
    for later, earlier in (("requested", "waiting"), ("offered", "enrolled"), ("declined", "withdrawn"),
                           ("expired", "withdrawn")):  # fmt: skip
        op.execute(ENROLMENT.update().where(ENROLMENT.c.state == later).values(state=earlier))
    with op.batch_alter_table("run_enrolment") as batch:
        batch.drop_constraint(op.f("ck_run_enrolment_state"), type_="check")
        batch.create_check_constraint(op.f("ck_run_enrolment_state"), _state(BEFORE))
        for name in ("objection", "judged_at", "quota"):
            batch.drop_column(name)
    with op.batch_alter_table("programme") as batch:
        batch.drop_column("approval")
