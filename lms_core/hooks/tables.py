"""How plugins fare: as each process of the installation counts it, and why the migration of one failed."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, Uuid

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
