"""Modules, their draft and published versions with units, runs of a version in a term, and sessions of a run."""

from sqlalchemy import (
    Boolean,
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
    false,
)

from lms_core.db import Hundredths, Instant, Json, metadata

module = Table(
    "module",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id"), nullable=False),
    Column("key", String(120), nullable=False),
    Column("title", String(200), nullable=False),
    Column("revision", Integer, nullable=False),
    UniqueConstraint("programme_id", "key"),
)

adoption = Table(
    "module_adoption",
    metadata,
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True),
    Column("module_id", Uuid, ForeignKey("module.id"), primary_key=True, index=True),
)

version = Table(
    "module_version",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("module_id", Uuid, ForeignKey("module.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("title", String(200), nullable=False),
    Column("ects", Hundredths, nullable=False),
    Column("workload_hours", Integer, nullable=False),
    Column("language", String(35), nullable=False),
    Column("offered", Json, nullable=False),
    Column("prerequisites", Json, nullable=False),
    Column("completion", Json),
    Column("units_required", Integer, nullable=False),
    Column("published_at", Instant),
    Column("published_by", Uuid, ForeignKey("person.id")),
    UniqueConstraint("module_id", "number"),
)
Index(
    "uq_module_version_draft",
    version.c.module_id,
    unique=True,
    sqlite_where=version.c.published_at.is_(None),
    postgresql_where=version.c.published_at.is_(None),
)

unit = Table(
    "unit",
    metadata,
    Column("version_id", Uuid, ForeignKey("module_version.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(120), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("parent", String(120)),
    Column("kind", String(20), nullable=False),
    Column("title", String(200), nullable=False),
    Column("required", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Column("minutes", Integer),
    Column("max_score", Hundredths),
    Column("completion", Json),
)

unit_file = Table(
    "unit_file",
    metadata,
    Column("version_id", Uuid, primary_key=True),
    Column("unit_key", String(120), primary_key=True),
    Column("key", String(120), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", String(255), nullable=False),
    Column("role", String(20), nullable=False),
    Column("media_id", Uuid, ForeignKey("media.id"), nullable=False, index=True),
    Column("language", String(35)),
    ForeignKeyConstraint(["version_id", "unit_key"], ["unit.version_id", "unit.key"], ondelete="CASCADE"),
)

run = Table(
    "run",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("module_id", Uuid, ForeignKey("module.id"), nullable=False, index=True),
    Column("version_id", Uuid, ForeignKey("module_version.id"), nullable=False),
    Column("term_id", Uuid, ForeignKey("term.id"), nullable=False),
    Column("title", String(200), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("seats_taken", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    # the last guard of the seats: whatever code forgets, the database refuses
    CheckConstraint("seats_taken >= 0 AND seats_taken <= capacity", name="seats"),
)

session = Table(
    "session",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", Uuid, ForeignKey("run.id"), nullable=False, index=True),
    Column("title", String(200), nullable=False),
    Column("starts", DateTime, nullable=False),
    Column("ends", DateTime, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("mode", String(20), nullable=False),
    Column("place", String(200), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", Instant),  # unknown for sessions planned before this was kept
    Column("cancelled_at", Instant),  # it stays, so that calendars that show it learn of the cancellation
    # only for those in session_person, not for all who have a seat in the run
    Column("for_named", Boolean, nullable=False, server_default=false()),
    CheckConstraint("mode IN ('on_site', 'online', 'hybrid')", name="mode"),
)

session_person = Table(
    "session_person",
    metadata,
    Column("session_id", Uuid, ForeignKey("session.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True, index=True),
    Column("teaches", Boolean, nullable=False),
)
