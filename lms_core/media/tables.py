"""Files of a programme in the content store."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Uuid

from lms_core.db import Instant, metadata

media = Table(
    "media",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("content_type", String(127), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("part_size", Integer, nullable=False),
    Column("upload_id", String(500)),
    Column("created_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("state IN ('uploading', 'ready')", name="state"),
)
# The same bytes are stored once in a programme. An upload that never ends must not keep others from sending them.
Index(
    "uq_media_ready",
    media.c.programme_id,
    media.c.sha256,
    unique=True,
    sqlite_where=media.c.state == "ready",
    postgresql_where=media.c.state == "ready",
)
Index("ix_media_programme_sha256", media.c.programme_id, media.c.sha256)
