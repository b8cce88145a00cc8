"""What is kept of childcare: what is offered on which day, and who has a place or waits for one.

As with people's needs, an export of the programme leaves the bookings out: they tell who has children.
"""

from sqlalchemy import Column, Date, DateTime, ForeignKey, Index, Integer, String, Table, Uuid

from lms_core.api import Instant, core_key
from lms_family_sessions.tables import tables

offer = Table(
    "family_sessions_offer",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False, index=True),
    Column("day", Date, nullable=False),
    Column("begins", String(5), nullable=False),  # as the wall shows it in the zone, such as 08:30
    Column("ends", String(5), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("place", String(200), nullable=False),
    Column("places", Integer, nullable=False),
    Column("age_from", Integer, nullable=False),
    Column("age_to", Integer, nullable=False),
    Column("closes", DateTime, nullable=False),
    Column("free_until", DateTime, nullable=False),
    Column("cost_cents", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("cancelled_at", Instant),
)

offer_run = Table(
    "family_sessions_offer_run",
    tables,
    Column("offer_id", Uuid, ForeignKey(offer.c.id, ondelete="CASCADE"), primary_key=True),
    Column("run_id", Uuid, core_key("run"), primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
)
"""Whose participants may book."""

booking = Table(
    "family_sessions_booking",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("of_programme", Uuid, core_key("programme"), key="programme_id", nullable=False),
    Column("offer_id", Uuid, ForeignKey(offer.c.id, ondelete="CASCADE"), nullable=False),
    Column("person_id", Uuid, core_key("person"), nullable=False, index=True),
    Column("age", Integer, nullable=False),  # in years, on that day
    Column("state", String(10), nullable=False),  # booked, waiting, cancelled
    Column("turn", Integer, nullable=False),  # in the order of arrival, given while the offer's row is held
    Column("moved_up_at", Instant),
    Column("cost", String(10), nullable=False),  # none, due, paid, waived, refund
    Column("cost_cents", Integer, nullable=False),  # as it was when she booked
    Column("currency", String(3), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("ix_family_sessions_booking_offer", "offer_id", "state", "turn"),
)
