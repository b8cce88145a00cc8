"""What is kept of tracks: what each student has said of her time and wishes, plans, and what she accepted."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, Uuid

from lms_core.api import Instant, Json, core_key, plugin_tables

tables = plugin_tables("part_time_tracks")

track = Table(
    "part_time_tracks_track",
    tables,
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), primary_key=True),
    Column("content", Json, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

plan = Table(
    "part_time_tracks_plan",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("person_id", Uuid, core_key("person"), nullable=False),
    Column("asked", Json, nullable=False),
    Column("state", String(20), nullable=False),  # queued, done, failed
    Column("tries", Integer, nullable=False),  # so often a worker has begun to make it
    Column("made_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("result", Json),
    Column("reason", Text),  # why it failed
    Column("basis", String(64)),  # a digest of all that it was made from
    Column("accepted_at", Instant),
    Column("hypothetical", Boolean, nullable=False),  # made for what is not so
    Column("holds", Boolean, nullable=False),  # the one that she accepted last
    Index("ix_part_time_tracks_plan_person", "programme_id", "person_id", "id"),
)

# of which dates she was told, and how many days before; each is told once
reminder = Table(
    "part_time_tracks_reminder",
    tables,
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), primary_key=True),
    Column("about", String(100), primary_key=True),
    Column("days", Integer, primary_key=True),
)

# the plan that holds, module by module: for what a whole programme can expect
placed = Table(
    "part_time_tracks_placed",
    tables,
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), primary_key=True),
    Column("module_id", Uuid, core_key("module"), primary_key=True),
    Column("term", Integer, nullable=False),  # as terms are counted without gaps
    Column("run_id", Uuid, core_key("run", "SET NULL")),
)

# what if a module were taught in other seasons: what came of it, in numbers that may be told, and nobody's name
move = Table(
    "part_time_tracks_move",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("module_id", Uuid, core_key("module"), nullable=False),
    Column("title", Text, nullable=False),  # of the module
    Column("offered", String(20), nullable=False),  # its seasons, with a comma between
    Column("first", Integer, nullable=False),  # the term from which on, as terms are counted without gaps
    Column("state", String(20), nullable=False),  # queued, running, done, failed
    Column("share", Integer, nullable=False),  # per cent of the students that are planned
    Column("tries", Integer, nullable=False),  # so often a worker has begun
    Column("made_by", Uuid, core_key("person", "SET NULL")),
    Column("made_at", Instant, nullable=False),
    Column("heard_at", Instant, nullable=False),  # a worker was busy with it then
    Column("ended_at", Instant),
    Column("result", Json),
    Column("reason", Text),  # why it failed
    Index("ix_part_time_tracks_move_module", "programme_id", "module_id", "id"),
)
