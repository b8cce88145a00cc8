"""Events and jobs that wait to be delivered, who must get them, and when recurring jobs are due."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, Uuid, text

from lms_core.db import Instant, metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),  # UUIDv7: the order of the events of one aggregate
    Column("name", String(120), nullable=False),
    Column("aggregate", String(120), nullable=False),
    Column("programme_id", Uuid),
    Column("payload", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("fanned_out", Boolean, nullable=False),
)
NEW = text("NOT fanned_out")  # the same words in index and queries, or SQLite does not use the index
Index("ix_outbox_new", outbox.c.id, sqlite_where=NEW, postgresql_where=NEW)
Index("ix_outbox_programme", outbox.c.programme_id, outbox.c.id)

delivery = Table(
    "outbox_delivery",
    metadata,
    Column("event_id", Uuid, ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True),
    Column("subscriber", String(120), primary_key=True),  # channel:name, such as plugin:internship_credit
    Column("aggregate", String(120), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),  # while somebody delivers it, the end of her lease
    Column("done_at", Instant),
    Column("dead_at", Instant),  # given up; waits for an administrator and holds nothing back
    Column("error", Text),
)
OPEN = delivery.c.done_at.is_(None) & delivery.c.dead_at.is_(None)
Index(
    "ix_outbox_delivery_open",
    delivery.c.subscriber,
    delivery.c.aggregate,
    delivery.c.event_id,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)
Index("ix_outbox_delivery_due", delivery.c.due_at, sqlite_where=OPEN, postgresql_where=OPEN)
Index(
    "ix_outbox_delivery_dead",
    delivery.c.dead_at,
    sqlite_where=delivery.c.dead_at.is_not(None),
    postgresql_where=delivery.c.dead_at.is_not(None),
)

job_schedule = Table(
    "job_schedule",
    metadata,
    Column("plugin", String(60), primary_key=True),
    Column("job", String(60), primary_key=True),
    Column("programme_id", Uuid, ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True),
    Column("due_at", Instant, nullable=False),
)
