"""What administrators see of the outbox, on the wire. Never what an event says: that may be personal."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from lms_core.types import END, Payload, View

State = Literal["open", "done", "dead"]

Subscriber = Annotated[str, Meta(min_length=3, max_length=120, pattern=rf"^[a-z]+:[^\x00-\x20/\x7f]+{END}")]
"""Who gets a delivery: its channel, a colon, and whom the channel serves."""

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
DeliveryId = Annotated[str, Meta(min_length=40, max_length=157, pattern=rf"^{_UUID}:[^\x00-\x20/\x7f]+{END}")]
"""The event's id, a colon, and the subscriber."""


class Delivery(View, frozen=True, kw_only=True):
    """An event or job on its way to one subscriber.

    It is open until it is done or, after many attempts, dead: given up, until somebody replays it. `dueAt` is when it
    is tried next, or when the worker that tries it now must have answered.
    """

    id: str
    event_id: UUID
    event: str
    subscriber: str
    aggregate: str
    state: State
    attempts: int
    error: str | None
    at: datetime
    due_at: datetime
    done_at: datetime | None
    dead_at: datetime | None


class Deliveries(View, frozen=True):
    """One page of deliveries, the oldest events first."""

    items: list[Delivery]


class Replay(Payload, frozen=True):
    """Whose dead letters are to be tried again."""

    subscriber: Subscriber


class Replayed(View, frozen=True):
    """How many dead letters are tried again."""

    count: int
