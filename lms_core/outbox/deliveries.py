"""What administrators do with deliveries: look at them, and have those tried again that were given up.

Each of these is about one programme, or about what belongs to none (None).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, tuple_, update

from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, NotFound
from lms_core.outbox import types as t
from lms_core.outbox.tables import OPEN, delivery, outbox
from lms_core.types import now

_STATES = {"open": OPEN, "done": delivery.c.done_at.is_not(None), "dead": delivery.c.dead_at.is_not(None)}
_AGAIN = {"dead_at": None, "attempts": 0}
_shown = select(delivery, outbox.c.name, outbox.c.at).join_from(delivery, outbox, outbox.c.id == delivery.c.event_id)


def _view(row: Any) -> t.Delivery:
    return t.Delivery(
        id=f"{row.event_id}:{row.subscriber}",
        event_id=row.event_id,
        event=row.name,
        subscriber=row.subscriber,
        aggregate=row.aggregate,
        state="done" if row.done_at else "dead" if row.dead_at else "open",
        attempts=row.attempts,
        error=row.error,
        at=row.at,
        due_at=row.due_at,
        done_at=row.done_at,
        dead_at=row.dead_at,
    )


async def list_deliveries(
    connection: AsyncConnection, programme_id: UUID | None, state: t.State | None, after: str | None, limit: int
) -> list[t.Delivery]:
    """Return up to limit + 1 deliveries after the one with this id, in a state or in any. One statement."""
    query = _shown.where(outbox.c.programme_id == programme_id)
    if state is not None:
        query = query.where(_STATES[state])
    if after is not None:
        event_id, _, subscriber = after.partition(":")
        query = query.where(tuple_(delivery.c.event_id, delivery.c.subscriber) > (UUID(event_id), subscriber))
    rows = await connection.execute(query.order_by(delivery.c.event_id, delivery.c.subscriber).limit(limit + 1))
    return [_view(row) for row in rows]


async def replay(connection: AsyncConnection, programme_id: UUID | None, event_id: UUID, subscriber: str) -> t.Delivery:
    """Make a dead letter due again, as if it had never been tried. Raises NotFound and Conflict. Two statements.

    What came after it has not waited for it, so it may arrive out of order.
    """
    this = (delivery.c.event_id == event_id) & (delivery.c.subscriber == subscriber)
    held = _shown.where(this, outbox.c.programme_id == programme_id).with_for_update(of=delivery)
    row = (await connection.execute(held)).first()
    if row is None:
        raise NotFound("There is no such delivery, or no longer.")
    found = _view(row)
    if found.state != "dead":
        raise Conflict(f"This delivery is {found.state}; only one that is dead can be tried again.")
    await connection.execute(update(delivery).where(this).values(**_AGAIN, due_at=(due := now())))
    return msgspec.structs.replace(found, state="open", dead_at=None, attempts=0, due_at=due)


async def replay_all(connection: AsyncConnection, programme_id: UUID | None, subscriber: str) -> int:
    """Make all dead letters of a subscriber due again; return how many. One statement."""
    ours = select(outbox.c.id).where(outbox.c.programme_id == programme_id)
    these = _STATES["dead"] & (delivery.c.subscriber == subscriber) & delivery.c.event_id.in_(ours)
    done = await connection.execute(update(delivery).where(these).values(**_AGAIN, due_at=now()))
    return done.rowcount
