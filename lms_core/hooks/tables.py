"""How plugins fare, as each process counts it, why the migration of one failed, and the links of their guests."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, Uuid

from lms_core.db import Instant, metadata

plugin_call = Table(
    "plugin_call",
    metadata,
    Column("process", Uuid, primary_key=True),
    Column("plugin", String(60), primary_key=True),
    Column("hook", String(120), primary_key=True),
    Column("programme_id", Uuid, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("microseconds", BigInteger, nullable=False),
    Column("longest_microseconds", BigInteger, nullable=False),
    # how often, and for how long at most, a single step of it held up everybody else
    Column("blocked", Integer, nullable=False),
    Column("longest_block_microseconds", BigInteger, nullable=False),
    # how often it did not end when it was cancelled, and how often it left a connection open
    Column("abandoned", Integer, nullable=False),
    Column("leaked", Integer, nullable=False),
    Column("circuit", String(20), nullable=False),
    Column("last_error", Text),
    Column("last_error_at", Instant),
    Column("updated_at", Instant, nullable=False),
    Index("ix_plugin_call_updated_at", "updated_at"),
)

plugin_failure = Table(
    "plugin_failure",
    metadata,
    Column("plugin", String(60), primary_key=True),
    Column("wanted", Text, nullable=False),  # the revision that it did not reach
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

guest_link = Table(
    "guest_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("plugin", String(60), nullable=False),
    Column("role", String(120), nullable=False),
    Column("about", String(100), nullable=False),  # what it opens, as the plugin calls it
    Column("title", String(200), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("once", Boolean, nullable=False),
    Column("made_by", Uuid, ForeignKey("person.id")),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),  # last, by a transaction that committed
    Column("revoked_at", Instant),
    Column("revoked_by", Uuid, ForeignKey("person.id")),
)
