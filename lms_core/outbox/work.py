"""The worker: fans events out, and delivers them after commit, at least once.

An event is one row. A worker fans it out into one delivery per subscriber and hands each over, in order per
subscriber and aggregate; a delivery that fails is tried again later and holds back only its own successors.
Several workers may run: a delivery is leased, and a lease that runs out is taken over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, insert, or_, select
from sqlalchemy import update as sql_update
from sqlalchemy.exc import SQLAlchemyError

from lms_core.db import Database
from lms_core.outbox.events import AlreadyDelivered, Channel, Event
from lms_core.outbox.tables import NEW, OPEN, delivery, outbox
from lms_core.types import now

log = logging.getLogger("lms.outbox")

LEASE = timedelta(seconds=30)
OUTAGE_PAUSE = 5.0
BATCH = 50
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 3600.0
"""Seconds until a failed delivery is tried again: doubled with each attempt."""


async def fan_out(database: Database, channels: Sequence[Channel]) -> int:
    """Make a delivery for each subscriber of each new event; return how many events were seen."""
    async with database.write() as connection:
        new = select(outbox).where(NEW).order_by(outbox.c.id).limit(BATCH).with_for_update(skip_locked=True)
        events = [_event(row) for row in await connection.execute(new)]
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


def _event(row: Any) -> Event:
    return Event(row.id, row.name, row.aggregate, row.programme_id, row.payload.encode(), row.at)


async def _lease(database: Database) -> list[tuple[Event, str]]:
    """Take deliveries that are due and have no open predecessor, and postpone them by the lease."""
    earlier = delivery.alias()
    blocked = exists().where(
        earlier.c.subscriber == delivery.c.subscriber,
        earlier.c.aggregate == delivery.c.aggregate,
        earlier.c.event_id < delivery.c.event_id,
        earlier.c.done_at.is_(None),
        earlier.c.dead_at.is_(None),
    )
    due = (
        select(delivery.c.event_id, delivery.c.subscriber)
        .where(OPEN, delivery.c.due_at <= now(), ~blocked)
        .order_by(delivery.c.event_id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    async with database.write() as connection:
        keys = (await connection.execute(due)).all()
        if not keys:
            return []
        for key in keys:
            await connection.execute(
                sql_update(delivery)
                .where(delivery.c.event_id == key.event_id, delivery.c.subscriber == key.subscriber)
                .values(due_at=now() + LEASE, attempts=delivery.c.attempts + 1)
            )
        events = select(outbox).where(outbox.c.id.in_({key.event_id for key in keys}))
        by_id = {row.id: _event(row) for row in await connection.execute(events)}
    return [(by_id[key.event_id], key.subscriber) for key in keys]


async def deliver(database: Database, channels: Sequence[Channel]) -> int:
    """Hand over what is due; return how many deliveries were tried."""
    by_name = {channel.name: channel for channel in channels}
    taken = await _lease(database)
    for event, subscriber in taken:
        key = f"{event.id}:{subscriber}"
        change: dict[str, Any]
        try:
            with suppress(AlreadyDelivered):
                await by_name[subscriber.partition(":")[0]].deliver(subscriber, event, key)
            change = {"done_at": now(), "error": None}
        except Exception as error:  # a plugin may raise anything; the delivery stays due
            log.exception("delivery %s failed", key)
            change = {"error": f"{type(error).__name__}: {error}"[:2000]}
        this = (delivery.c.event_id == event.id) & (delivery.c.subscriber == subscriber)
        async with database.write() as connection:
            if "done_at" not in change:
                attempts = (await connection.execute(select(delivery.c.attempts).where(this))).scalar_one()
                change["due_at"] = now() + timedelta(seconds=min(FIRST_PAUSE * 2**attempts, LONGEST_PAUSE))
            await connection.execute(sql_update(delivery).where(this).values(**change))
    return len(taken)


async def _anything(database: Database) -> bool:
    """Look without locking, so that an idle worker never stands in a writer's way."""
    new = exists(select(outbox.c.id).where(NEW))
    due = exists(select(delivery.c.event_id).where(OPEN, delivery.c.due_at <= now()))
    async with database.read() as connection:
        return bool((await connection.execute(select(or_(new, due)))).scalar_one())


async def work(database: Database, channels: Sequence[Channel], idle_seconds: float = 0.5) -> None:
    """Deliver until cancelled; a database that is away is waited for."""
    while True:
        try:
            busy = await _anything(database)
            if busy:
                await fan_out(database, channels)
                await deliver(database, channels)
        except (SQLAlchemyError, OSError) as error:
            log.error("the outbox cannot be read, trying again: %s", getattr(error, "orig", None) or error)
            await asyncio.sleep(OUTAGE_PAUSE)
            busy = False
        if not busy:
            await asyncio.sleep(idle_seconds)
