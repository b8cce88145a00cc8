"""A job that ends plans and moves that nobody has worked on, and forgets old answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update

from lms_core.api import Context, now
from lms_part_time_tracks.moves import KEPT
from lms_part_time_tracks.tables import move, plan

PATIENCE = timedelta(days=1)
"""What nobody has worked on for so long, nobody will."""

LOST = "nobody worked on it within a day, for the plugin was turned off when it was its turn, or no worker was there"


async def tidy(context: Context, _: None = None) -> None:
    """End what nobody has worked on for a day, so that it can be asked for again, and forget old moves."""
    moment = now()
    ended: dict[str, Any] = {"state": "failed", "reason": LOST, "ended_at": moment}
    queued = (plan.c.programme_id == context.programme_id) & (plan.c.state == "queued")
    here = move.c.programme_id == context.programme_id
    idle = move.c.state.in_(["queued", "running"]) & (move.c.heard_at < moment - PATIENCE)
    async with context.write() as connection:
        await connection.execute(update(plan).where(queued, plan.c.made_at < moment - PATIENCE).values(**ended))
        await connection.execute(update(move).where(here, idle).values(**ended))
        await connection.execute(delete(move).where(here, move.c.made_at < moment - KEPT))
