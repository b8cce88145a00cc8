"""What was done because of protected time: exams that were moved, deadlines that were extended. Nothing says why.

An export of the programme leaves it out, as it does people's needs.
"""

from sqlalchemy import Column, DateTime, Integer, String, Table, UniqueConstraint, Uuid

from lms_core.api import Instant, core_key
from lms_family_sessions.tables import tables

consequence = Table(
    "family_sessions_consequence",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("of_programme", Uuid, core_key("programme"), key="programme_id", nullable=False),
    Column("person_id", Uuid, core_key("person"), nullable=False),
    Column("kind", String(10), nullable=False),  # exam, deadline
    Column("key", String(160), nullable=False),  # the exam, or the run with the unit: each once for a person
    Column("run_id", Uuid, core_key("run"), nullable=False),
    Column("module_id", Uuid, core_key("module")),  # of an exam
    Column("unit_key", String(120)),
    Column("exam_id", Uuid),
    Column("to_exam_id", Uuid),
    Column("registered_at", Instant),  # when she was registered for that, which was not by herself
    Column("title", String(200), nullable=False),
    Column("before", DateTime, nullable=False),  # on the wall in the zone
    Column("after", DateTime),
    Column("zone", String(64), nullable=False),
    Column("state", String(10), nullable=False),  # done, open (there is no later exam yet), undone
    Column("revision", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    UniqueConstraint("person_id", "programme_id", "key"),
)
