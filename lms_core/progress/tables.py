"""The ledger of progress, the state it joins to, and booked credits."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
)

from lms_core.db import Hundredths, Instant, Json, metadata

progress_event = Table(
    "progress_event",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), nullable=False),
    Column("run_id", Uuid, ForeignKey("run.id"), nullable=False),
    Column("unit_key", String(120), nullable=False),
    Column("completed", Boolean, nullable=False),
    Column("score", Hundredths),
    Column("attempt", Integer),
    Column("position", Integer),
    Column("watched", Json),
    Column("facts", Json),
    Column("session_id", Uuid, ForeignKey("session.id")),
    Column("attended", Json),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("recorded_by", Uuid, ForeignKey("person.id"), nullable=False),
)

unit_state = Table(
    "unit_state",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("run_id", Uuid, ForeignKey("run.id"), primary_key=True),
    Column("unit_key", String(120), primary_key=True),
    Column("completed_at", Instant),  # decided: by the unit's rule, or as told where it has none; never taken back
    Column("told_at", Instant),
    Column("score", Hundredths),  # the best of the two that follow
    Column("told_score", Hundredths),
    Column("attempts", Json, nullable=False),  # the latest word on each: {attempt: [at, event, score]}
    Column("position", Integer),
    Column("position_at", Instant),
    Column("position_event", Uuid),
    Column("watched", Json, nullable=False),  # disjoint pieces in order: [[from, to], ...]
    Column("facts", Json, nullable=False),
    Column("attended", Json, nullable=False),  # the latest word on each session: {session: [at, event, ...]}
    # place in the order in which this person's states changed, given under the lock of her row
    Column("changed", BigInteger, nullable=False),
    UniqueConstraint("person_id", "changed"),
    # outline and dashboard are range scans of one person's rows in one run
    sqlite_with_rowid=False,
)

# a unit that the run has no more, and the version in which it had it last: what devices tell of it late still counts
former_unit = Table(
    "former_unit",
    metadata,
    Column("run_id", Uuid, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("unit_key", String(120), primary_key=True),
    Column("version_id", Uuid, ForeignKey("module_version.id"), nullable=False),
)

# what participants are shown of each change of a run's version, as it was told when it happened
run_correction = Table(
    "run_correction",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", Uuid, ForeignKey("run.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("told", Json, nullable=False),
    Column("changed_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("at", Instant, nullable=False),
)

credit = Table(
    "credit",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), nullable=False),
    Column("source", String(200), nullable=False),
    Column("programme_id", Uuid, ForeignKey("programme.id")),
    Column("title", String(200), nullable=False),
    Column("ects", Hundredths, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("authority", Uuid, ForeignKey("person.id"), nullable=False),
    Column("booked_at", Instant, nullable=False),
    # earned elsewhere; of a module it is told without this where nothing was done for it here
    Column("recognised", Boolean, nullable=False, server_default=false()),
    # ECTS taken back leave both rows: this one is marked, and another has their negative and names this one
    Column("reversed", Boolean, nullable=False, server_default=false()),
    Column("reverses", Uuid, ForeignKey("credit.id"), unique=True),
)
COUNTING = ~credit.c.reversed & credit.c.reverses.is_(None)
"""ECTS that a person has: neither taken back nor the taking back of others."""
Index(
    "uq_credit_booked",
    credit.c.person_id,
    credit.c.source,
    unique=True,
    sqlite_where=~credit.c.reversed,
    postgresql_where=~credit.c.reversed,
)
