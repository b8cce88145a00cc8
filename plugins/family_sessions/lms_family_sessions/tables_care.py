"""What is kept of people's needs: sealed documents, and what planners learn of them, which holds no reason.

An entry is one sealed document: neither its kind nor a word or date of it is readable here. Rows of `constraint` follow
from it. The column for the programme has another name in the database (`of_programme`), so that an export of the
programme, which its administrators read, leaves all of it out: that somebody has an entry, and fourteen whole weeks of
hers, would tell enough.
"""

from sqlalchemy import Column, Date, ForeignKey, Integer, String, Table, UniqueConstraint, Uuid

from lms_core.api import Instant, core_key
from lms_family_sessions.sealing import columns
from lms_family_sessions.tables import tables

entry = Table(
    "family_sessions_entry",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("of_programme", Uuid, core_key("programme"), key="programme_id", nullable=False),
    Column("person_id", Uuid, core_key("person"), nullable=False, index=True),
    *columns(),
    Column("revision", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

constraint = Table(
    "family_sessions_constraint",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("of_programme", Uuid, core_key("programme"), key="programme_id", nullable=False),
    Column("person_id", Uuid, core_key("person"), nullable=False, index=True),
    Column("entry_id", Uuid, ForeignKey(entry.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("strength", String(10), nullable=False),  # cannot, rather_not
    Column("first_day", Date, nullable=False),
    Column("last_day", Date),  # null: no end
    Column("weekdays", Integer, nullable=False),  # bits, Monday is 1
    Column("from_minute", Integer, nullable=False),  # of the day, 0 to 1440
    Column("to_minute", Integer, nullable=False),
    Column("zone", String(64), nullable=False),
)

child_land = Table(
    "family_sessions_child_land",
    tables,
    Column("of_programme", Uuid, core_key("programme"), key="programme_id", nullable=False, index=True),
    Column("person_id", Uuid, core_key("person"), nullable=False),
    Column("entry_id", Uuid, ForeignKey(entry.c.id, ondelete="CASCADE"), primary_key=True),
    Column("land", String(2), primary_key=True),
)
"""Länder whose school holidays matter because of children in an entry: neither how many these are nor how old."""

reading = Table(
    "family_sessions_reading",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("of_programme", Uuid, core_key("programme"), key="programme_id", nullable=False),
    Column("person_id", Uuid, core_key("person"), nullable=False, index=True),  # whose entries were read
    Column("reader_id", Uuid, core_key("person", "SET NULL")),
    Column("at", Instant, nullable=False),
    *columns(),  # for what purpose
)

in_calendar = Table(
    "family_sessions_in_calendar",
    tables,
    Column("of_programme", Uuid, core_key("programme"), key="programme_id", primary_key=True),
    Column("person_id", Uuid, core_key("person"), primary_key=True),
)
"""Who wants to see in her calendar when she is not available."""

refusal = Table(
    "family_sessions_refusal",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("of_programme", Uuid, core_key("programme"), key="programme_id", nullable=False),
    Column("run_id", Uuid, core_key("run"), nullable=False),
    Column("day", Date, nullable=False),
    Column("starts", Instant, nullable=False),  # as it was planned
    Column("ends", Instant, nullable=False),
    UniqueConstraint("run_id", "day", "starts", "ends"),
)
"""Plans that were refused for a protection: how often somebody asked, and for when."""
