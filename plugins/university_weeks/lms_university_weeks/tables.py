"""What is kept of University Weeks: the week as entered, plans with their progress, and what was published."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, String, Table, Text, UniqueConstraint, Uuid

from lms_core.api import Instant, Json, core_key, plugin_tables

tables = plugin_tables("university_weeks")

week = Table(
    "university_weeks_week",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False, index=True),
    Column("title", String(200), nullable=False),
    Column("content", Json, nullable=False),
    Column("secret", String(60), nullable=False),  # from which the codes at the doors are made
    Column("revision", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", Uuid, core_key("person", "SET NULL")),
)

availability = Table(
    "university_weeks_availability",
    tables,
    Column("week_id", Uuid, ForeignKey(week.c.id, ondelete="CASCADE"), primary_key=True),
    Column("lecturer", String(60), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("available", Json, nullable=False),
    Column("disliked", Json, nullable=False),
    Column("at", Instant, nullable=False),
)

member = Table(
    "university_weeks_member",
    tables,
    Column("week_id", Uuid, ForeignKey(week.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("track", String(60), nullable=False),
)

wish = Table(
    "university_weeks_wish",
    tables,
    Column("week_id", Uuid, ForeignKey(week.c.id, ondelete="CASCADE"), primary_key=True),
    Column("choice", String(60), primary_key=True),
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("ranked", Json, nullable=False),  # options, the best first
    Column("at", Instant, nullable=False),
)

assignment = Table(
    "university_weeks_assignment",
    tables,
    Column("week_id", Uuid, ForeignKey(week.c.id, ondelete="CASCADE"), primary_key=True),
    Column("choice", String(60), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("seed", String(64), nullable=False),  # drawn once, for good
    Column("places", Json, nullable=False),  # of each option, as they were then
    Column("each", Integer, nullable=False),
    Column("made_by", Uuid, core_key("person", "SET NULL")),
    Column("made_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

given = Table(
    "university_weeks_given",
    tables,
    Column("week_id", Uuid, ForeignKey(week.c.id, ondelete="CASCADE"), primary_key=True),
    Column("choice", String(60), primary_key=True),
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("ranked", Json, nullable=False),  # her wishes, as they counted
    Column("options", Json, nullable=False),
    Column("by_hand", Boolean, nullable=False),  # it stays when places are given again
)

presence = Table(
    "university_weeks_presence",
    tables,
    Column("week_id", Uuid, ForeignKey(week.c.id, ondelete="CASCADE"), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("arrived_at", Instant),
    Column("left_at", Instant),
    Column("minutes", Integer),  # by a list, which counts before what was noted at the door
    Column("noted_by", Uuid, core_key("person", "SET NULL")),
    Column("noted_at", Instant, nullable=False),
)

plan = Table(
    "university_weeks_plan",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("week_id", Uuid, ForeignKey(week.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),  # of the week that it is for
    Column("content", Json, nullable=False),  # the week as it was then
    Column("task", Json, nullable=False),  # what was asked for
    Column("state", String(20), nullable=False),  # queued, running, done, cancelled, failed
    Column("stop", Boolean, nullable=False),  # somebody wants it to end with what there is
    Column("tries", Integer, nullable=False),  # so often a worker has begun to compute it
    Column("made_by", Uuid, core_key("person", "SET NULL")),
    Column("made_at", Instant, nullable=False),
    Column("heard_at", Instant, nullable=False),  # its process was alive then
    Column("ended_at", Instant),
    Column("result", Json),
    Column("reason", Text),  # why it failed
)

progress = Table(
    "university_weeks_progress",
    tables,
    Column("plan_id", Uuid, ForeignKey(plan.c.id, ondelete="CASCADE"), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("number", Integer, primary_key=True),
    Column("best", Integer),
    Column("bound", Integer),
    Column("seconds", Float, nullable=False),
)

publication = Table(
    "university_weeks_publication",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("week_id", Uuid, ForeignKey(week.c.id, ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("plan_id", Uuid, ForeignKey(plan.c.id, ondelete="SET NULL")),
    Column("content", Json, nullable=False),  # the week that was planned
    Column("placed", Json, nullable=False),  # where each session is, and which session of a run it has become
    Column("changes", Json, nullable=False),  # against the version before, in words
    Column("made_by", Uuid, core_key("person", "SET NULL")),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("week_id", "version"),
)
