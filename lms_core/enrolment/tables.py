"""Who studies what: enrolment into programmes and into runs, the rules of a run's seats, and what happened to them."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, Uuid

from lms_core.db import Instant, Json, metadata

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
    # the quota whose seat is held; null for a seat that anybody could have
    Column("quota", String(120)),
    # the same, where a plugin says for whom it is: kept apart, so that no list of enrolments shows it
    Column("claimed", String(120)),
    # until when an offered seat is held
    Column("deadline", Instant),
    # when plugins last said whether a waiting person may have a seat, and why not
    Column("judged_at", Instant),
    Column("objection", Text),
    CheckConstraint(
        "state IN ('requested', 'declined', 'offered', 'enrolled', 'waiting', 'withdrawn', 'expired', 'completed')",
        name="state",
    ),
    CheckConstraint("(state = 'offered') = (deadline IS NOT NULL)", name="deadline"),
    Index("ix_run_enrolment_turn", "run_id", "state", "turn"),
)

seat_rules = Table(
    "seat_rules",
    metadata,
    Column("run_id", Uuid, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("approval", Boolean, nullable=False),
    Column("offer_hours", Integer),
    Column("minimum", Integer),
    Column("decide_at", Instant),
    Column("draw_at", Instant),
    Column("drawn_at", Instant),
    Column("seed", String(64)),
    # as the planner wrote them: wall times, which the instants above were computed from, and their zone
    Column("planned", Json, nullable=False),
    Column("decision", String(10)),
    Column("decided_by", Uuid, ForeignKey("person.id")),
    Column("decided_at", Instant),
    CheckConstraint("decision IN ('go', 'no_go')", name="decision"),
)

seat_quota = Table(
    "seat_quota",
    metadata,
    Column("run_id", Uuid, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(120), primary_key=True),
    Column("seats", Integer, nullable=False),
    Column("programme_id", Uuid, ForeignKey("programme.id"), nullable=False),
    Column("plugin", String(120)),  # that says for whom it is; null: for all of the programme
    Column("released_at", Instant),
)

seat_claim = Table(
    "seat_claim",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True),
    Column("plugin", String(120), primary_key=True),  # that decided so
    Column("until", Instant, nullable=False),
)
"""Persons for whom the quotas of a plugin keep seats; nothing says why."""

enrolment_waiver = Table(
    "enrolment_waiver",
    metadata,
    Column("run_id", Uuid, ForeignKey("run.id"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("rule", String(20), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("granted_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("granted_at", Instant, nullable=False),
    CheckConstraint("rule IN ('prerequisites', 'limits', 'clashes')", name="rule"),
)

# one line for each change of a run's enrolments, never changed
enrolment_change = Table(
    "enrolment_change",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", Uuid, ForeignKey("run.id"), nullable=False),
    Column("person_id", Uuid, ForeignKey("person.id"), nullable=False),
    Column("before", String(20)),
    Column("after", String(20), nullable=False),
    Column("actor_id", Uuid, ForeignKey("person.id")),  # null: the system itself
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_enrolment_change_run_id_id", "run_id", "id"),
)
