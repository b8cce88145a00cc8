"""What is kept for thirty days: events that everybody has got, and what was created under an Idempotency-Key."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Column, MetaData, String, Table, Uuid, delete, exists, select, tuple_

from lms_core.db import Database, Instant
from lms_core.outbox.fan_out import CLEAN, alone
from lms_core.outbox.tables import delivery, outbox
from lms_core.types import now

KEPT = timedelta(days=30)
BATCH = 500
"""Rows that are removed at a time: on SQLite nobody else can write meanwhile."""

# the outbox's own view of a table that the HTTP layer above it declares
_idempotency = Table(
    "idempotency_key", MetaData(), Column("person_id", Uuid), Column("key", String(200)), Column("at", Instant)
)


async def clean(database: Database) -> int:
    """Remove up to BATCH events and as many keys that are old enough; return how many.

    An event stays for as long as one of its deliveries is open or was given up. What is old is looked for without a
    lock: nothing that is done becomes open again.
    """
    before = now() - KEPT
    waiting = exists().where(delivery.c.event_id == outbox.c.id, delivery.c.done_at.is_(None))
    events = select(outbox.c.id).where(outbox.c.id < _first_id(before), outbox.c.fanned_out, ~waiting)
    keys = select(_idempotency.c.person_id, _idempotency.c.key).where(_idempotency.c.at < before)
    async with database.read() as connection:
        old_events = (await connection.execute(events.order_by(outbox.c.id).limit(BATCH))).scalars().all()
        old_keys = (await connection.execute(keys.order_by(_idempotency.c.at).limit(BATCH))).all()
    if not old_events and not old_keys:
        return 0
    async with database.write() as connection:
        if not await alone(connection, CLEAN):
            return 0
        if old_events:
            await connection.execute(delete(outbox).where(outbox.c.id.in_(old_events)))
        if old_keys:
            these = tuple_(_idempotency.c.person_id, _idempotency.c.key).in_(
                [(row.person_id, row.key) for row in old_keys]
            )
            await connection.execute(delete(_idempotency).where(these))
    return len(old_events) + len(old_keys)


def _first_id(at: datetime) -> UUID:
    """Return the UUIDv7 that comes before all others of a moment: its first 48 bits are milliseconds."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
