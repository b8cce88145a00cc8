"""An outbox to look into, a clock that is set by hand, and a channel that does as it is told."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct, json
from sqlalchemy import select

from lms_core.outbox.events import emit
from lms_core.outbox.tables import delivery, outbox
from lms_core.outbox.work import work
from lms_core.types import now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from uuid import UUID

    from lms_core.db import Database
    from lms_core.outbox.events import Channel, Event


class Clock:
    """The present moment, which passes by hand only."""

    def __init__(self) -> None:
        self.start = self.at = now()

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **duration: float) -> None:
        self.at += timedelta(**duration)


class Happened(Struct, frozen=True):
    """What an event says."""

    what: str


async def happened(database: Database, aggregate: str, *whats: str, programme_id: UUID | None = None) -> None:
    """Emit events of an aggregate, each in a transaction of its own."""
    for what in whats:
        async with database.write() as connection:
            await emit(connection, "happened", aggregate, programme_id, Happened(what))


class Notes:
    """A channel that notes what it delivers; `handle(whom, what)`, if there is one, decides how that goes."""

    def __init__(
        self,
        name: str = "notes",
        whom: Sequence[str] = ("anna",),
        handle: Callable[[str, str], Awaitable[None]] | None = None,
    ) -> None:
        self.name = name
        self.whom = whom
        self.handle = handle
        self.told: list[tuple[str, str]] = []

    async def subscribers(self, event: Event) -> list[str]:
        return [f"{self.name}:{whom}" for whom in self.whom]

    async def deliver(self, subscriber: str, event: Event, key: str) -> None:
        assert key == f"{event.id}:{subscriber}"
        whom = subscriber.removeprefix(f"{self.name}:")
        payload = json.decode(event.payload)
        what = payload["what"] if isinstance(payload, dict) else event.name
        if self.handle:
            await self.handle(whom, what)
        self.told.append((whom, what))


@asynccontextmanager
async def working(database: Database, *channels: Channel) -> AsyncIterator[asyncio.Task[None]]:
    """Have a worker at work, which never idles for long."""
    task = asyncio.create_task(work(database, channels, idle_seconds=0.01))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fail when it takes absurdly long."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # most conditions are about what a plain function has seen
            await asyncio.sleep(0.01)


async def deliveries(database: Database, *columns: str) -> list[Any]:
    """Read these columns of all deliveries, in the order of their events and subscribers."""
    wanted = [delivery.c[name] if name in delivery.c else outbox.c[name] for name in columns]
    query = select(*wanted).join_from(delivery, outbox).order_by(delivery.c.event_id, delivery.c.subscriber)
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(query)]
