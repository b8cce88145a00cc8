"""Secret addresses under which calendar programs read a person's calendar."""

from sqlalchemy import Column, ForeignKey, String, Table, Uuid

from lms_core.db import Instant, metadata

calendar_feed = Table(
    "calendar_feed",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
)
