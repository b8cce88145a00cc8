"""A job that ends searches that nobody has worked on."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from lms_core.api import Context, now
from lms_family_sessions.tables_suggest import suggestion

PATIENCE = timedelta(days=1)
"""What nobody has worked on for so long, nobody will."""

LOST = "nobody worked on it within a day, for the plugin was turned off when it was its turn, or no worker was there"


async def tidy(context: Context, _: None = None) -> None:
    """End searches that nobody has worked on for a day, so that they can be asked for again."""
    moment = now()
    idle = suggestion.c.state.in_(["queued", "running"]) & (suggestion.c.heard_at < moment - PATIENCE)
    ended = {"state": "failed", "reason": LOST, "ended_at": moment}
    async with context.write() as connection:
        here = suggestion.c.programme_id == context.programme_id
        await connection.execute(update(suggestion).where(here, idle).values(**ended))
