"""Files of a programme in the content store, what is known of their contents, and how much there may be of them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    false,
)

from lms_core.db import Instant, metadata

media = Table(
    "media",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("content_type", String(127), nullable=False),
    Column("sha256", String(64)),  # unknown until the end of an upload that did not announce it
    Column("state", String(20), nullable=False),
    Column("reason", Text),
    Column("shown", Boolean, nullable=False),  # its bytes are what name and type say, and browsers may show them
    Column("part_size", Integer, nullable=False),
    Column("upload_id", String(500)),
    Column("created_by", Uuid, ForeignKey("person.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False),  # announced, continued or put into a unit: it is not waste yet
    # brought by one person for herself alone: in no list, in no unit, never taken for another file of the same bytes
    Column("private", Boolean, nullable=False, server_default=false()),
    Column("verified_at", Instant),  # when all of its bytes were last read and found right
    CheckConstraint("state IN ('uploading', 'checking', 'ready', 'quarantined', 'deleting')", name="state"),
)
# The same bytes are stored once in a programme. An upload that never ends must not keep others from sending them.
_whole = media.c.state.in_(["checking", "ready"]) & ~media.c.private
Index(
    "uq_media_whole",
    media.c.programme_id,
    media.c.sha256,
    unique=True,
    sqlite_where=_whole,
    postgresql_where=_whole,
)
Index("ix_media_programme_sha256", media.c.programme_id, media.c.sha256)
Index("ix_media_state_used_at", media.c.state, media.c.used_at)

quota = Table(
    "media_quota",
    metadata,
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True),
    Column("programme_bytes", BigInteger),
    Column("person_bytes", BigInteger),
    Column("revision", Integer, nullable=False),
)

plugin_file = Table(
    "plugin_file",
    metadata,
    Column("media_id", Uuid, ForeignKey("media.id", ondelete="CASCADE"), primary_key=True),
    Column("plugin", String(60), nullable=False),
    Column("about", String(100), nullable=False),  # what it was brought for, as the plugin calls it
    Column("kept", Boolean, nullable=False),  # before that it is swept away like what nobody needs
    Index("ix_plugin_file_about", "plugin", "about"),
)
"""A private file that a plugin answers for: nothing else of the core leads to it."""

preparation = Table(
    "media_preparation",
    metadata,
    Column("media_id", Uuid, ForeignKey("media.id", ondelete="CASCADE"), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("reason", Text),
    Column("duration_ms", BigInteger),
    Column("width", Integer),
    Column("height", Integer),
    Column("pages", Integer),
    Column("seekable", Boolean),
    Column("poster", Boolean, nullable=False),
    Column("fixed_by", Uuid, ForeignKey("media.id", ondelete="SET NULL"), index=True),  # the same film, to be sought in
    Column("at", Instant, nullable=False),
    CheckConstraint("state IN ('waiting', 'done', 'skipped', 'failed')", name="state"),
)

page_text = Table(
    "media_page_text",
    metadata,
    Column("media_id", Uuid, ForeignKey("media.id", ondelete="CASCADE"), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("folded", Text, nullable=False),  # in lower case, which SQLite makes of ASCII only
)
