"""What is kept of proposed dates: what was asked for by whom and when, how far the search is, and what came of it.

Burdens of people are never kept: a search gets them, and forgets them.
"""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, Uuid

from lms_core.api import Instant, Json, core_key
from lms_family_sessions.tables import tables

suggestion = Table(
    "family_sessions_suggestion",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("task", Json, nullable=False),
    Column("state", String(20), nullable=False),  # queued, running, done, cancelled, failed, stale
    Column("stop", Boolean, nullable=False),  # somebody wants it to end with what there is
    Column("tries", Integer, nullable=False),  # so often a worker has begun to search
    Column("made_by", Uuid, core_key("person", "SET NULL")),
    Column("made_at", Instant, nullable=False),
    Column("heard_at", Instant, nullable=False),  # its process was alive then
    Column("ended_at", Instant),
    Column("result", Json),
    Column("reason", Text),  # why it failed
    Column("basis", String(64)),  # a digest of all that it was made from
    Column("accepted", Json),  # the sessions of runs that it has become
    Index("ix_family_sessions_suggestion_made", "programme_id", "made_by", "made_at"),
)

search_step = Table(
    "family_sessions_search_step",
    tables,
    Column("suggestion_id", Uuid, ForeignKey(suggestion.c.id, ondelete="CASCADE"), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("number", Integer, primary_key=True),
    Column("stage", String(20), nullable=False),
    Column("levels", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
)
