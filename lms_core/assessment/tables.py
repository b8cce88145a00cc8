"""Exams of runs with every mark that was ever given, and deadlines of units with their extensions."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from lms_core.db import Hundredths, Instant, metadata

exam = Table(
    "exam",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", Uuid, ForeignKey("run.id"), nullable=False, index=True),
    Column("title", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("starts", DateTime, nullable=False),
    Column("ends", DateTime, nullable=False),
    Column("register_by", DateTime, nullable=False),
    Column("deregister_by", DateTime, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("place", String(200), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", Instant),  # unknown for exams planned before this was kept
    Column("cancelled_at", Instant),
    CheckConstraint("kind IN ('written', 'oral', 'practical', 'paper')", name="kind"),
)

registration = Table(
    "exam_registration",
    metadata,
    Column("exam_id", Uuid, ForeignKey("exam.id"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("module_id", Uuid, ForeignKey("module.id"), nullable=False),  # of the exam's run: attempts count by module
    Column("programme_id", Uuid, ForeignKey("programme.id")),
    Column("state", String(20), nullable=False),  # once there are marks, the outcome of the latest
    Column("marks", Integer, nullable=False),  # how many there are: the number of the latest
    Column("since", Instant, nullable=False),
    CheckConstraint(
        "state IN ('registered', 'deregistered', 'passed', 'failed', 'excused', 'unexcused')", name="state"
    ),
    Index("ix_exam_registration_person", "person_id", "module_id"),
)
# The last guard of the attempts: nobody is registered twice for one module, nor for one that she has passed.
_taken = registration.c.state.in_(["registered", "passed"])
Index(
    "uq_exam_registration_taken",
    registration.c.person_id,
    registration.c.module_id,
    unique=True,
    sqlite_where=_taken,
    postgresql_where=_taken,
)

# rows are only ever added: a correction is another row, and the highest number holds
mark = Table(
    "exam_mark",
    metadata,
    Column("exam_id", Uuid, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("mark", Hundredths),
    Column("outcome", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    ForeignKeyConstraint(["exam_id", "person_id"], ["exam_registration.exam_id", "exam_registration.person_id"]),
    CheckConstraint("outcome IN ('passed', 'failed', 'excused', 'unexcused')", name="outcome"),
)

# failures at another university that count here, by a decision of the examination board
elsewhere = Table(
    "attempts_elsewhere",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("module_id", Uuid, ForeignKey("module.id"), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("decided_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)

paused_term = Table(
    "paused_term",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True),
    Column("plugin", String(120), primary_key=True),  # that decided so
    Column("number", Integer, primary_key=True),  # of the term, as terms are counted without gaps
)
"""Terms of a person in which her time for repeating exams stands still; nothing says why."""

deadline = Table(
    "unit_deadline",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", Uuid, ForeignKey("run.id"), nullable=False),
    Column("unit_key", String(120), nullable=False),
    Column("due", DateTime, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("removed_at", Instant),  # it stays, so that calendars that show it learn of it by a higher revision
    UniqueConstraint("run_id", "unit_key"),
)

extension = Table(
    "deadline_extension",
    metadata,
    Column("run_id", Uuid, ForeignKey("run.id"), primary_key=True),
    Column("unit_key", String(120), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("due", DateTime, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("note", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("decided_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("withdrawn_at", Instant),  # it stays for the same reason
    CheckConstraint("reason IN ('illness', 'care', 'work', 'technical', 'other')", name="reason"),
)

# a file that somebody brought for her own hand-in, to one unit of one run; whether it was handed in is told below
upload = Table(
    "hand_in_upload",
    metadata,
    Column("media_id", Uuid, ForeignKey("media.id", ondelete="CASCADE"), primary_key=True),
    Column("run_id", Uuid, ForeignKey("run.id"), primary_key=True),
    Column("unit_key", String(120), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), nullable=False),
    Index("ix_hand_in_upload_person", "run_id", "unit_key", "person_id"),
)

hand_in = Table(
    "hand_in",
    metadata,
    Column("run_id", Uuid, ForeignKey("run.id"), primary_key=True),
    Column("unit_key", String(120), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
)

_VERSION = ["run_id", "unit_key", "person_id", "number"]

hand_in_file = Table(
    "hand_in_file",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("unit_key", String(120), primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("media_id", Uuid, ForeignKey("media.id"), nullable=False, index=True),
    ForeignKeyConstraint(_VERSION, [f"hand_in.{name}" for name in _VERSION]),
)

# rows are only ever added; the latest one of a version holds
verdict = Table(
    "hand_in_verdict",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("unit_key", String(120), nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("score", Hundredths),
    Column("remarks", Text, nullable=False),
    Column("assessed_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("assessed_at", Instant, nullable=False),
    ForeignKeyConstraint(_VERSION, [f"hand_in.{name}" for name in _VERSION]),
    CheckConstraint("outcome IN ('accepted', 'returned')", name="outcome"),
    Index("ix_hand_in_verdict_version", *_VERSION),
)
