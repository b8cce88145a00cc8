"""Who studies what: enrolment into programmes and into runs."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Uuid

from lms_core.db import Instant, metadata

programme_enrolment = Table(
    "programme_enrolment",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id"), primary_key=True, index=True),
    Column("regulation_id", Uuid, ForeignKey("regulation.id"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("since", Instant, nullable=False),
    CheckConstraint("state IN ('enrolled', 'withdrawn')", name="state"),
)

run_enrolment = Table(
    "run_enrolment",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("run_id", Uuid, ForeignKey("run.id"), primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id")),
    Column("state", String(20), nullable=False),
    # place in the order of arrival at this run, given under the run's lock
    Column("turn", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    Column("completed_at", Instant),
    CheckConstraint("state IN ('enrolled', 'waiting', 'withdrawn', 'completed')", name="state"),
    Index("ix_run_enrolment_turn", "run_id", "state", "turn"),
)
