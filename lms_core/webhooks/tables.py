"""Where other systems of a programme want to be told what happens."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Uuid

from lms_core.db import Instant, Json, metadata

webhook = Table(
    "webhook",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("url", String(2000), nullable=False),
    Column("events", Json, nullable=False),
    Column("enabled", Boolean, nullable=False),
    # the signing secret is derived from the installation's key and this number, and kept nowhere
    Column("secret_number", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_by", Uuid, ForeignKey("person.id")),
    Column("created_at", Instant, nullable=False),
)
