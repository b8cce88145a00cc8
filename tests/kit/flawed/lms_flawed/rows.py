from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, String, Table, Uuid

from lms_core.api import Hundredths, Instant, Json, Plugin, core_key, plugin_tables

hasty = plugin_tables("hasty")
Table("hasty_shift", hasty, Column("id", Integer, primary_key=True), Column("title", String(5), nullable=False))
Table(
    "hasty_duty",
    hasty,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", core_key("programme"), nullable=False),
    Column("session_id", core_key("session"), nullable=False),
    Column("media_id", core_key("media"), nullable=False),
    Column("shift_id", ForeignKey("hasty_shift.id", ondelete="CASCADE"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("at", Instant, nullable=False),
    Column("day", Date, nullable=False),
    Column("hours", Hundredths, nullable=False),
    Column("more", Json, nullable=False),
    Column("place", String(20), nullable=False),
    CheckConstraint("state IN ('planned', 'done')", name="state"),
)
choosy = plugin_tables("choosy")
Table(
    "choosy_mark",
    choosy,
    Column("programme_id", core_key("programme"), primary_key=True),
    Column("points", Integer, nullable=False),
    Column("remark", String(20)),
    CheckConstraint("points > 100", name="points"),
)


class Hasty(Plugin):
    """Adds a column that rows would need a value for."""

    name = "hasty"
    tables = hasty
    migrations = "lms_flawed:hasty"


class Choosy(Plugin):
    """Has a table that nobody can make up a row for."""

    name = "choosy"
    tables = choosy
    migrations = "lms_flawed:choosy"
