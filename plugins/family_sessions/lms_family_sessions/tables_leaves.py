"""Leaves of people: sealed, for the kind alone (maternity, illness) is a reason. Exports leave them out, as needs."""

from sqlalchemy import Column, Integer, Table, Uuid

from lms_core.api import Instant, core_key
from lms_family_sessions.sealing import columns
from lms_family_sessions.tables import tables

leave = Table(
    "family_sessions_leave",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("of_programme", Uuid, core_key("programme"), key="programme_id", nullable=False),
    Column("person_id", Uuid, core_key("person"), nullable=False, index=True),
    *columns(),
    Column("revision", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
)
