"""What is to be done about seats later: filling those kept or released, expiring offers, drawing lots, deciding."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from lms_core.db import AsyncConnection
from lms_core.outbox.events import send

__all__ = ["DECIDE", "DRAW", "EXPIRE", "FILL", "SeatJob", "send_job"]

FILL, EXPIRE, DRAW, DECIDE = "seats:fill", "seats:expire", "seats:draw", "seats:decide"


class SeatJob(Struct, frozen=True):
    """A run whose seats are to be looked at."""

    run_id: UUID


async def send_job(
    connection: AsyncConnection, job: str, run_id: UUID, programme_id: UUID, due: datetime | None = None
) -> None:
    """Have something done about a run's seats, at once or when it is due, if this transaction commits."""
    await send(connection, job, job.replace(":", "_"), programme_id, SeatJob(run_id), due=due)
