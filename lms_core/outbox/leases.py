"""Leases: of many workers one has a delivery, and another takes it over when that one dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import and_, exists, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from lms_core.db import Database
from lms_core.outbox.events import Event
from lms_core.outbox.tables import NEW, OPEN, delivery, outbox
from lms_core.types import now

LEASE = timedelta(seconds=30)
"""How long a delivery belongs to the worker that took it; renewed for as long as it runs, so it may run longer."""

FOR_CHANNEL, FOR_ONE = 8, 3
"""Deliveries of one channel, and to one subscriber, at once: what hangs must leave room for the others."""

ATTEMPTS = 12
FIRST_PAUSE = 1.0
"""Seconds until a failed delivery is tried again, three times as long after each attempt: ATTEMPTS take a day."""


class Lease(msgspec.Struct, frozen=True):
    """A delivery that is this worker's to make; `attempt` counts from 1 and tells this lease from others of it."""

    event: Event
    subscriber: str
    attempt: int

    @property
    def key(self) -> str:
        """Name the delivery: the same at every repetition."""
        return f"{self.event.id}:{self.subscriber}"

    def failed(self, reason: str) -> dict[str, Any]:
        """Return what to write after a failure: when to try again, or that it is given up."""
        if self.attempt >= ATTEMPTS:
            return self.given_up(reason)
        pause = timedelta(seconds=FIRST_PAUSE * 3 ** (self.attempt - 1))
        return {"due_at": now() + pause, "error": reason}

    def given_up(self, reason: str) -> dict[str, Any]:
        """Return what to write when no more is tried."""
        return {"dead_at": now(), "error": reason}

    def untried(self, until: datetime) -> dict[str, Any]:
        """Return what to write when this was no attempt."""
        return {"due_at": until, "attempts": self.attempt - 1}


class Load:
    """Counts the deliveries under way, by channel and by subscriber."""

    def __init__(self, subscribers: Iterable[str]) -> None:
        self._subscribers = Counter(subscribers)
        self._channels = Counter(_channel(subscriber) for subscriber in self._subscribers.elements())

    def full_subscribers(self) -> list[str]:
        """List the subscribers that get no more for now."""
        return [name for name, count in self._subscribers.items() if count >= FOR_ONE]

    def full_channels(self) -> list[str]:
        """List the channels that get no more for now."""
        return [name for name, count in self._channels.items() if count >= FOR_CHANNEL]

    def add(self, subscriber: str) -> bool:
        """Count one more, if there is room for it."""
        channel = _channel(subscriber)
        if self._subscribers[subscriber] >= FOR_ONE or self._channels[channel] >= FOR_CHANNEL:
            return False
        self._subscribers[subscriber] += 1
        self._channels[channel] += 1
        return True


def _channel(subscriber: str) -> str:
    return subscriber.partition(":")[0]


_earlier = delivery.alias()
_first = ~exists().where(
    _earlier.c.subscriber == delivery.c.subscriber,
    _earlier.c.aggregate == delivery.c.aggregate,
    _earlier.c.event_id < delivery.c.event_id,
    _earlier.c.done_at.is_(None),
    _earlier.c.dead_at.is_(None),
)
_key = tuple_(delivery.c.event_id, delivery.c.subscriber)


def _due(load: Load) -> ColumnElement[bool]:
    """Tell what may be taken: it is due, has no open predecessor, and there is room."""
    channels = [~delivery.c.subscriber.startswith(f"{name}:", autoescape=True) for name in load.full_channels()]
    return and_(
        OPEN, delivery.c.due_at <= now(), _first, delivery.c.subscriber.not_in(load.full_subscribers()), *channels
    )


async def look(database: Database, load: Load) -> tuple[bool, bool]:
    """Tell whether there is something to fan out, and something to take: one statement, which locks nothing."""
    new = exists(select(outbox.c.id).where(NEW))
    due = exists(select(delivery.c.event_id).where(_due(load)))
    async with database.read() as connection:
        found = (await connection.execute(select(new, due))).one()
    return bool(found[0]), bool(found[1])


async def take(database: Database, load: Load) -> list[Lease]:
    """Lease some deliveries for which there is room beside the present load, those due for the longest time first.

    What was tried ATTEMPTS times without anybody living to tell how it went is given up instead: it may be what kills
    the workers.
    """
    due = (
        select(delivery.c.event_id, delivery.c.subscriber, delivery.c.attempts)
        .where(_due(load))
        .order_by(delivery.c.due_at, delivery.c.event_id)
        .limit(FOR_CHANNEL)
        .with_for_update(skip_locked=True)
    )
    taken: list[Any] = []
    deadly: list[Any] = []
    async with database.write() as connection:
        for row in await connection.execute(due):
            if row.attempts >= ATTEMPTS:
                deadly.append(row)
            elif load.add(row.subscriber):
                taken.append(row)
        if deadly:
            told = {"dead_at": now(), "error": f"the worker died at each of {ATTEMPTS} attempts"}
            await connection.execute(update(delivery).where(_these(deadly)).values(**told))
        if not taken:
            return []
        leased = {"due_at": now() + LEASE, "attempts": delivery.c.attempts + 1}
        await connection.execute(update(delivery).where(_these(taken)).values(**leased))
        events = select(outbox).where(outbox.c.id.in_({row.event_id for row in taken}))
        by_id = {row.id: Event.of(row) for row in await connection.execute(events)}
    return [Lease(by_id[row.event_id], row.subscriber, row.attempts + 1) for row in taken]


def _these(rows: Collection[Any]) -> ColumnElement[bool]:
    return _key.in_([(row.event_id, row.subscriber) for row in rows])


async def renew(database: Database, leases: Collection[Lease]) -> None:
    """Prolong leases, unless they were lost.

    One that its handler's transaction has locked right now is left as it is: waiting would hold everybody up, and
    such a transaction ends long before the lease.
    """
    if not leases:
        return
    same = tuple_(delivery.c.event_id, delivery.c.subscriber, delivery.c.attempts)
    mine = same.in_([(lease.event.id, lease.subscriber, lease.attempt) for lease in leases])
    held = select(delivery.c.event_id, delivery.c.subscriber).where(OPEN, mine).with_for_update(skip_locked=True)
    async with database.write() as connection:
        if rows := (await connection.execute(held)).all():
            await connection.execute(update(delivery).where(_these(rows)).values(due_at=now() + LEASE))


async def mark(database: Database, lease: Lease, outcome: dict[str, Any]) -> None:
    """Write how a delivery went, in one statement.

    Success counts whoever reports it. Anything else counts only as long as the lease was not lost, or it would
    call the delivery due that another worker is making.
    """
    this = OPEN & (delivery.c.event_id == lease.event.id) & (delivery.c.subscriber == lease.subscriber)
    if "done_at" not in outcome:
        this &= delivery.c.attempts == lease.attempt
    async with database.write() as connection:
        await connection.execute(update(delivery).where(this).values(**outcome))
