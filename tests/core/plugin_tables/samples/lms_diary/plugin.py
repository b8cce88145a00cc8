"""A diary: what a student did in a session of her programme, by topic. A sample of a plugin with tables."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, LargeBinary, Numeric, String, Table, Uuid, false

from lms_core.api import Hundredths, Instant, Json, Permission, Plugin, core_key, plugin_tables

tables = plugin_tables("diary")

topic = Table(
    "diary_topic",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("title", String(200), nullable=False, unique=True),
)

entry = Table(
    "diary_entry",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", core_key("programme"), nullable=False),
    Column("person_id", core_key("person"), nullable=False, index=True),
    Column("session_id", core_key("session", ondelete="SET NULL")),
    Column("at", Instant, nullable=False),
    Column("day", Date, nullable=False),
    Column("text", String(2000), nullable=False),
    Column("hours", Hundredths, nullable=False),
    Column("topic_id", Uuid, ForeignKey("diary_topic.id", ondelete="SET NULL")),
    Column("shared", Boolean, nullable=False, server_default=false()),
    Column("weight", Numeric(10, 3)),
    Column("picture", LargeBinary),
    Column("more", Json),
    Index("ix_diary_entry_day", "programme_id", "day"),
)


class Diary(Plugin):
    """Keeps a diary."""

    name = "diary"
    tables = tables
    migrations = "lms_diary:migrations"
    permissions = (Permission("diary.read", "read diaries", ("lecturer",)),)
