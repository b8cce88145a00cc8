"""What is kept of internships."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, Uuid

from lms_core.api import Hundredths, Instant, Json, core_key, plugin_tables

tables = plugin_tables("internship_credit")

organisation = Table(
    "internship_credit_organisation",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("place", String(200), nullable=False),
    Column("country", String(2), nullable=False),
    Column("words", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    UniqueConstraint("programme_id", "name", "place", name="uq_internship_credit_organisation_name"),
)
"""A firm; `words` is its name as `folding` writes it for searching."""

contact = Table(
    "internship_credit_contact",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("organisation_id", Uuid, ForeignKey(organisation.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("email", String(254), nullable=False),
    Column("position", String(200), nullable=False),
    Column("language", String(2), nullable=False),
)
"""Whom to write to at a firm; the lowest `number` stands for whoever is not named."""

site = Table(
    "internship_credit_site",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("organisation_id", Uuid, ForeignKey(organisation.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("street", String(200), nullable=False),
    Column("place", String(200), nullable=False),
    Column("country", String(2), nullable=False),
)
"""Where a firm has people at work."""

supervisor = Table(
    "internship_credit_supervisor",
    tables,
    Column("programme_id", Uuid, core_key("programme"), primary_key=True),
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("subjects", Text, nullable=False),
)
"""Who looks after internships for the university, if a student asks."""

offer = Table(
    "internship_credit_offer",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("organisation_id", Uuid, ForeignKey(organisation.c.id, ondelete="CASCADE"), nullable=False),
    Column("site_id", Uuid, ForeignKey(site.c.id, ondelete="SET NULL")),
    Column("contact_id", Uuid, ForeignKey(contact.c.id, ondelete="SET NULL")),
    Column("state", String(10), nullable=False),
    Column("title", String(200), nullable=False),
    Column("tasks", Text, nullable=False),
    Column("skills", Text, nullable=False),
    Column("place", String(200), nullable=False),
    Column("language", String(200), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("weekly_hours", Hundredths, nullable=False),
    Column("pay_cents", Integer),
    Column("kind", String(10), nullable=False),
    Column("places", Integer, nullable=False),
    Column("closes_on", Date, nullable=False),
    Column("words", Text, nullable=False),
    Column("skill_words", Text, nullable=False),
    Column("language_words", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Index("ix_internship_credit_offer_closes", "programme_id", "closes_on"),
)
"""Places at a firm, for which students apply once it is open; what is searched stands there as `folding` writes it."""

application = Table(
    "internship_credit_application",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("offer_id", Uuid, ForeignKey(offer.c.id, ondelete="CASCADE"), nullable=False),
    Column("person_id", Uuid, core_key("person"), nullable=False),
    Column("state", String(10), nullable=False),
    Column("words", Text, nullable=False),
    Column("turn", Integer, nullable=False),  # in which order the host agreed; 0 before that
    Column("changed_at", Instant, nullable=False),
    UniqueConstraint("offer_id", "person_id", name="uq_internship_credit_application_person"),
)
"""Who applied for what; `placed` has one of the places, `waiting` is agreed to and waits for one."""

case = Table(
    "internship_credit_case",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("person_id", Uuid, core_key("person"), nullable=False),
    Column("regulation", String(120), nullable=False),
    Column("part", String(40), nullable=False),
    Column("organisation_id", Uuid, ForeignKey(organisation.c.id, ondelete="CASCADE"), nullable=False),
    Column("site_id", Uuid, ForeignKey(site.c.id, ondelete="SET NULL")),
    Column("contact_id", Uuid, ForeignKey(contact.c.id, ondelete="SET NULL")),
    Column("application_id", Uuid, ForeignKey(application.c.id, ondelete="SET NULL")),
    Column("supervisor_id", Uuid, core_key("person", ondelete="SET NULL")),
    Column("state", String(20), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("due", Date),
    Column("decided_on", Date),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("draft_report", Text),
    Column("forgotten_at", Instant),
    Column("details", Json, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("moved_at", Instant, nullable=False),
    Index("ix_internship_credit_case_person", "programme_id", "person_id"),
    Index("ix_internship_credit_case_state", "programme_id", "state"),
)
"""A case; `details` is the rest of the Struct `Case`, the columns are what is looked for.

It came to its state at `moved_at`. At which site of the firm it is, whom to write to there, which application it came
from and what the student has written of her report stand in columns only; the step that hands the report in takes it
into the history. At `forgotten_at` its personal words were deleted.
"""

rating = Table(
    "internship_credit_rating",
    tables,
    Column("case_id", Uuid, ForeignKey(case.c.id, ondelete="CASCADE"), primary_key=True),
    Column("points", Integer, nullable=False),
)
"""How the student rates the host. It names no programme, so that the export of none shows who said what."""

history = Table(
    "internship_credit_history",
    tables,
    Column("case_id", Uuid, ForeignKey(case.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("action", String(20), nullable=False),
    Column("role", String(20), nullable=False),
    Column("by_id", Uuid, core_key("person", ondelete="SET NULL")),
    Column("by_name", String(200), nullable=False),
    Column("before", String(20), nullable=False),
    Column("after", String(20), nullable=False),
    Column("note", Text, nullable=False),
    Column("entered", Json, nullable=False),
)
"""Every step of a case, in its order; rows are only added, and lose what people wrote when its time is over."""

agreement = Table(
    "internship_credit_agreement",
    tables,
    Column("case_id", Uuid, ForeignKey(case.c.id, ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("content", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
)
"""What was signed, byte for byte."""

signature = Table(
    "internship_credit_signature",
    tables,
    Column("case_id", Uuid, ForeignKey(case.c.id, ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("party", String(20), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("at", Instant, nullable=False),
)

document = Table(
    "internship_credit_document",
    tables,
    Column("id", Uuid, core_key("media"), primary_key=True),
    Column("case_id", Uuid, ForeignKey(case.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("role", String(20), nullable=False),
    Column("by_id", Uuid, core_key("person", ondelete="SET NULL")),
    Column("by_name", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("relied", Boolean, nullable=False),
)
"""A file that was brought to a case; `relied` once a step rests upon it. How long it is kept follows from its kind."""

settled = Table(
    "internship_credit_settled",
    tables,
    Column("programme_id", Uuid, core_key("programme"), primary_key=True),
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("part", String(40), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("ects", Hundredths, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("replaced_by", Json, nullable=False),  # keys of modules
    Column("booked", Boolean, nullable=False),
    Column("by_id", Uuid, core_key("person", ondelete="SET NULL")),
    Column("at", Instant, nullable=False),
)
"""What the board has waived, or recognised from elsewhere with so many ECTS, as it holds now."""

settled_line = Table(
    "internship_credit_settled_line",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("person_id", Uuid, core_key("person"), nullable=False),
    Column("part", String(40), nullable=False),
    Column("action", String(20), nullable=False),
    Column("ects", Hundredths, nullable=False),
    Column("by_name", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_internship_credit_settled_line_person", "programme_id", "person_id"),
)
"""Everything that was settled or taken back; rows are only added."""

work_day = Table(
    "internship_credit_work_day",
    tables,
    Column("programme_id", Uuid, core_key("programme"), primary_key=True),
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("hours", Hundredths, nullable=False),
)
"""When a student worked beside her study, as she says: a residence title may limit it."""

reminder = Table(
    "internship_credit_reminder",
    tables,
    Column("case_id", Uuid, ForeignKey(case.c.id, ondelete="CASCADE"), primary_key=True),
    Column("what", String(60), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
    Column("at", Instant, nullable=False),
)
"""Of what somebody was reminded, so that she is once."""
