"""What is written in the transaction that causes it, and how those who deliver it are made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import insert

from lms_core.db import AsyncConnection
from lms_core.outbox.tables import delivery, outbox
from lms_core.types import new_id, now


class Event(msgspec.Struct, frozen=True):
    """Something that happened, as it waits in the outbox; `payload` is JSON."""

    id: UUID
    name: str
    aggregate: str
    programme_id: UUID | None
    payload: bytes
    at: datetime

    @classmethod
    def of(cls, row: Any) -> Event:
        """Read an event from its row."""
        return cls(row.id, row.name, row.aggregate, row.programme_id, row.payload.encode(), row.at)


class Channel(Protocol):
    """A way out of the outbox: plugins, mail, webhooks. Its subscribers are named `channel:whom`.

    A worker makes several deliveries at once, but only so many of one channel, and fewer to one subscriber.
    """

    name: str

    async def subscribers(self, event: Event) -> list[str]:
        """Name who must get this event, in full: `channel:whom`."""

    async def deliver(self, subscriber: str, event: Event, key: str) -> None:
        """Hand one event over, or raise: any exception is tried again later, and given up after a day.

        May take as long as it must, for its lease is renewed; but it must end. May run twice at the same time when a
        worker stood still for longer than a lease.

        `key` is the same at every repetition of this delivery. Raise Later to wait without counting an attempt,
        Undeliverable to give up at once, AlreadyDelivered when its effects are there already.
        """


class Later(Exception):
    """Delivering makes no sense before `until`; nothing was tried."""

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__(reason)
        self.until = until


class Undeliverable(Exception):
    """No repetition will help; the message says why."""


class AlreadyDelivered(Exception):
    """Another worker was first; its effects are committed."""


async def emit(
    connection: AsyncConnection, name: str, aggregate: str, programme_id: UUID | None, payload: msgspec.Struct
) -> None:
    """Write an event in the caller's transaction: it happens if and only if the transaction commits.

    `aggregate` names the thing whose events keep their order, such as run:UUID: the order in which they are emitted,
    where the caller holds the thing's row until she commits. One statement.
    """
    await emit_all(connection, [Emitted(name, aggregate, programme_id, payload)])


class Emitted(msgspec.Struct, frozen=True):
    """An event about to be written: its name, the thing whose events keep their order, and what it tells."""

    name: str
    aggregate: str
    programme_id: UUID | None
    payload: msgspec.Struct


async def emit_all(connection: AsyncConnection, events: Sequence[Emitted]) -> None:
    """Write several events in the caller's transaction, in their order. At most one statement."""
    rows = [_row(one.name, one.aggregate, one.programme_id, one.payload, fanned_out=False) for one in events]
    if rows:
        await connection.execute(insert(outbox), rows)


async def send(
    connection: AsyncConnection,
    subscriber: str,
    name: str,
    programme_id: UUID | None,
    payload: Any,
    *,
    due: datetime | None = None,
    aggregate: str | None = None,
) -> UUID:
    """Write something for one subscriber only, such as a job, in the caller's transaction; return its id.

    It is delivered at `due` (aware; at once if None), in order only with what has the same `aggregate`.
    """
    row = _row(name, aggregate or "", programme_id, payload, fanned_out=True)
    row["aggregate"] = aggregate or f"job:{row['id']}"
    await connection.execute(insert(outbox), row)
    await connection.execute(
        insert(delivery),
        {
            "event_id": row["id"],
            "subscriber": subscriber,
            "aggregate": row["aggregate"],
            "attempts": 0,
            "due_at": due or now(),
        },
    )
    made: UUID = row["id"]
    return made


def _row(name: str, aggregate: str, programme_id: UUID | None, payload: Any, *, fanned_out: bool) -> dict[str, Any]:
    return {
        "id": new_id(),
        "name": name,
        "aggregate": aggregate,
        "programme_id": programme_id,
        "payload": msgspec.json.encode(payload).decode(),
        "at": now(),
        "fanned_out": fanned_out,
    }
