"""Organisations, programmes, what governs them (regulations), when they run (terms) and with which plugins."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    false,
)

from lms_core.db import Hundredths, Instant, Json, metadata

organisation = Table(
    "organisation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", String(120), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("country", String(2), nullable=False),
)

programme = Table(
    "programme",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", String(120), nullable=False, unique=True),
    Column("title", String(200), nullable=False),
    Column("degree", String(200), nullable=False),
    Column("language", String(35), nullable=False),
    # whether administrators approve the run enrolments that count under it
    Column("approval", Boolean, nullable=False, server_default=false()),
    Column("revision", Integer, nullable=False),
)

partner = Table(
    "programme_partner",
    metadata,
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True),
    Column("organisation_id", Uuid, ForeignKey("organisation.id"), primary_key=True),
    Column("part", String(20), nullable=False),
)

regulation = Table(
    "regulation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), nullable=False),
    Column("version", String(120), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("ects_total", Hundredths, nullable=False),
    Column("hours_per_ects", Hundredths, nullable=False),
    Column("limits", Json, nullable=False),
    UniqueConstraint("programme_id", "version"),
)

term = Table(
    "term",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), nullable=False),
    Column("season", String(10), nullable=False),
    Column("year", Integer, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("lectures_from", Date, nullable=False),
    Column("lectures_to", Date, nullable=False),
    Column("exams_from", Date, nullable=False),
    Column("exams_to", Date, nullable=False),
    UniqueConstraint("programme_id", "season", "year"),
    CheckConstraint("season IN ('winter', 'summer')", name="season"),
)

programme_plugin = Table(
    "programme_plugin",
    metadata,
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True),
    Column("plugin", String(120), primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("settings", Json, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_by", Uuid, ForeignKey("person.id")),
    Column("changed_at", Instant, nullable=False),
)

# every state that programme_plugin ever had; the highest revision is the present one
programme_plugin_change = Table(
    "programme_plugin_change",
    metadata,
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True),
    Column("plugin", String(120), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("settings", Json, nullable=False),
    Column("changed_by", Uuid, ForeignKey("person.id")),
    Column("changed_at", Instant, nullable=False),
)
