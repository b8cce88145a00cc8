"""Fanning out: a new event becomes one delivery for each of its subscribers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy import update as sql_update

from lms_core.db import AsyncConnection, Database
from lms_core.outbox.events import Channel, Event
from lms_core.outbox.tables import NEW, delivery, outbox
from lms_core.types import now

BATCH = 50
FAN_OUT, CLEAN = 0x6C6D7311, 0x6C6D7312
"""What only one worker does at a time; numbers of our own among PostgreSQL's advisory locks."""


async def alone(connection: AsyncConnection, work: int) -> bool:
    """Reserve a kind of work until the transaction ends; False when another worker is at it.

    On SQLite any transaction that writes is alone already.
    """
    if connection.dialect.name == "sqlite":
        return True
    return bool(await connection.scalar(select(func.pg_try_advisory_xact_lock(work))))


async def fan_out(database: Database, channels: Sequence[Channel]) -> int:
    """Make a delivery for each subscriber of each new event, the oldest first; return how many events were seen.

    One worker at a time: a second one could otherwise deliver an event of an aggregate whose predecessor the first
    has not committed yet.
    """
    async with database.write() as connection:
        if not await alone(connection, FAN_OUT):
            return 0
        new = select(outbox).where(NEW).order_by(outbox.c.id).limit(BATCH)
        events = [Event.of(row) for row in await connection.execute(new)]
        rows = [
            {
                "event_id": event.id,
                "subscriber": subscriber,
                "aggregate": event.aggregate,
                "attempts": 0,
                "due_at": now(),
            }
            for event in events
            for channel in channels
            for subscriber in await channel.subscribers(event)
        ]
        if rows:
            await connection.execute(insert(delivery), rows)
        if events:
            seen = outbox.c.id.in_([event.id for event in events])
            await connection.execute(sql_update(outbox).where(seen).values(fanned_out=True))
    return len(events)
