"""The minutes of a run's sessions, for rules that ask for attendance."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lms_core.db import AsyncConnection
from lms_core.modules.attendees import is_for
from lms_core.modules.tables import session, session_person
from lms_core.progress.rules import Held
from lms_core.types import instant_of


async def held_sessions(
    connection: AsyncConnection, runs: Collection[UUID], person_id: UUID
) -> dict[UUID, dict[str, Held]]:
    """Return the sessions of runs that were not cancelled and are for a person, by run and by id.

    Those to come count as well: otherwise everybody would have attended everything after the first. One statement,
    none for no runs.
    """
    found: dict[UUID, dict[str, Held]] = {run_id: {} for run_id in runs}
    if not runs:
        return found
    query = select(session).where(session.c.run_id.in_(list(runs)), session.c.cancelled_at.is_(None), is_for(person_id))
    for row in await connection.execute(query):
        found[row.run_id][row.id.hex] = _held(row)
    return found


async def held_for_each(connection: AsyncConnection, run_id: UUID) -> Callable[[UUID], dict[str, Held]]:
    """Return what tells, for any participant of a run, the sessions that `held_sessions` would. Two statements."""
    planned = (session.c.run_id == run_id) & session.c.cancelled_at.is_(None)
    rows = (await connection.execute(select(session).where(planned))).all()
    held = {row.id: _held(row) for row in rows}
    named: dict[UUID, set[UUID]] = {row.id: set() for row in rows if row.for_named}
    query = select(session_person.c.session_id, session_person.c.person_id).join_from(session_person, session)
    for row in await connection.execute(query.where(planned, session_person.c.teaches.is_(False))):
        if row.session_id in named:
            named[row.session_id].add(row.person_id)

    def of(person_id: UUID) -> dict[str, Held]:
        return {one.hex: its for one, its in held.items() if one not in named or person_id in named[one]}

    return of


def _held(row: Any) -> Held:
    lasts = instant_of(row.ends, row.zone) - instant_of(row.starts, row.zone)
    return Held(int(lasts.total_seconds()) // 60, row.mode in ("online", "hybrid"))
