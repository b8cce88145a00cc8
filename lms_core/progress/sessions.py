"""The minutes of a run's sessions, for rules that ask for attendance."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from lms_core.db import AsyncConnection
from lms_core.modules.tables import session
from lms_core.progress.rules import Held
from lms_core.types import instant_of


async def held_sessions(connection: AsyncConnection, runs: Collection[UUID]) -> dict[UUID, dict[str, Held]]:
    """Return the sessions of runs that were not cancelled, by run and by id. One statement, none for no runs.

    Those to come count as well: otherwise everybody would have attended everything after the first.
    """
    found: dict[UUID, dict[str, Held]] = {run_id: {} for run_id in runs}
    if not runs:
        return found
    query = select(session).where(session.c.run_id.in_(list(runs)), session.c.cancelled_at.is_(None))
    for row in await connection.execute(query):
        lasts = instant_of(row.ends, row.zone) - instant_of(row.starts, row.zone)
        minutes = int(lasts.total_seconds()) // 60
        found[row.run_id][row.id.hex] = Held(minutes, row.mode in ("online", "hybrid"))
    return found
