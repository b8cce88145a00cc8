"""Events written in the transaction that causes them, and delivered after commit, at least once.

An event is one row. A worker fans it out into one delivery per subscriber and hands each over, in order per
subscriber and aggregate; a delivery that fails is tried again later and holds back only its own successors.
Several workers may run: a delivery is leased, and a lease that runs out is taken over.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    exists,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy import update as sql_update
from sqlalchemy.exc import SQLAlchemyError

from lms_core.db import AsyncConnection, Database, Instant, metadata
from lms_core.hooks.dispatch import Dispatcher
from lms_core.types import new_id, now

log = logging.getLogger("lms.outbox")

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
_NEW = text("NOT fanned_out")  # the same words in index and queries, or SQLite does not use the index
Index(
    "ix_outbox_new",
    outbox.c.id,
    sqlite_where=_NEW,
    postgresql_where=_NEW,
)

delivery = Table(
    "outbox_delivery",
    metadata,
    Column("event_id", Uuid, ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True),
    Column("subscriber", String(120), primary_key=True),
    Column("aggregate", String(120), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("error", Text),
)
Index(
    "ix_outbox_delivery_open",
    delivery.c.subscriber,
    delivery.c.aggregate,
    delivery.c.event_id,
    sqlite_where=delivery.c.done_at.is_(None),
    postgresql_where=delivery.c.done_at.is_(None),
)

LEASE = timedelta(seconds=30)
OUTAGE_PAUSE = 5.0
BATCH = 50
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 3600.0
"""Seconds until a failed delivery is tried again: doubled with each attempt."""


async def emit(
    connection: AsyncConnection, name: str, aggregate: str, programme_id: UUID | None, payload: msgspec.Struct
) -> None:
    """Write an event in the caller's transaction: it happens if and only if the transaction commits.

    `aggregate` names the thing whose events keep their order, such as run:UUID. One statement.
    """
    await connection.execute(
        insert(outbox),
        {
            "id": new_id(),
            "name": name,
            "aggregate": aggregate,
            "programme_id": programme_id,
            "payload": msgspec.json.encode(payload).decode(),
            "at": now(),
            "fanned_out": False,
        },
    )


async def fan_out(database: Database, hooks: Dispatcher) -> int:
    """Make a delivery for each subscriber of each new event; return how many events were seen."""
    async with database.write() as connection:
        new = (
            select(outbox.c.id, outbox.c.name, outbox.c.aggregate, outbox.c.programme_id)
            .where(_NEW)
            .order_by(outbox.c.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        events = (await connection.execute(new)).all()
        rows = [
            {
                "event_id": event.id,
                "subscriber": subscriber,
                "aggregate": event.aggregate,
                "attempts": 0,
                "due_at": now(),
            }
            for event in events
            for subscriber in await hooks.subscribers(event.name, event.programme_id)
        ]
        if rows:
            await connection.execute(insert(delivery), rows)
        if events:
            seen = outbox.c.id.in_([event.id for event in events])
            await connection.execute(sql_update(outbox).where(seen).values(fanned_out=True))
    return len(events)


async def _lease(database: Database) -> list[Any]:
    """Take deliveries that are due and have no open predecessor, and postpone them by the lease."""
    earlier = delivery.alias()
    blocked = exists().where(
        earlier.c.subscriber == delivery.c.subscriber,
        earlier.c.aggregate == delivery.c.aggregate,
        earlier.c.event_id < delivery.c.event_id,
        earlier.c.done_at.is_(None),
    )
    due = (
        select(delivery.c.event_id, delivery.c.subscriber)
        .where(delivery.c.done_at.is_(None), delivery.c.due_at <= now(), ~blocked)
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
        events = select(outbox.c.id, outbox.c.name, outbox.c.programme_id, outbox.c.payload).where(
            outbox.c.id.in_({key.event_id for key in keys})
        )
        by_id = {event.id: event for event in (await connection.execute(events)).all()}
    return [(by_id[key.event_id], key.subscriber) for key in keys]


async def deliver(database: Database, hooks: Dispatcher) -> int:
    """Hand over what is due; return how many deliveries were tried."""
    taken = await _lease(database)
    for event, subscriber in taken:
        key = f"{event.id}:{subscriber}"
        change: dict[str, Any]
        try:
            await hooks.react(subscriber, event.name, event.programme_id, event.payload.encode(), key)
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
    new = exists(select(outbox.c.id).where(_NEW))
    due = exists(select(delivery.c.event_id).where(delivery.c.done_at.is_(None), delivery.c.due_at <= now()))
    async with database.read() as connection:
        return bool((await connection.execute(select(or_(new, due)))).scalar_one())


async def work(database: Database, hooks: Dispatcher, idle_seconds: float = 0.5) -> None:
    """Deliver until cancelled; a database that is away is waited for."""
    while True:
        try:
            busy = await _anything(database)
            if busy:
                await fan_out(database, hooks)
                await deliver(database, hooks)
        except (SQLAlchemyError, OSError) as error:
            log.error("the outbox cannot be read, trying again: %s", getattr(error, "orig", None) or error)
            await asyncio.sleep(OUTAGE_PAUSE)
            busy = False
        if not busy:
            await asyncio.sleep(idle_seconds)
