"""What planners and other plugins learn of people: when they cannot come, and never why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from lms_core.api import ConstraintsRequest, Context, SessionConstraint
from lms_family_sessions.constraints import Constraint, intervals, read_constraints


async def constraints(context: Context, request: ConstraintsRequest) -> list[SessionConstraint]:
    """Return when persons cannot come, or would rather not. One statement.

    What overlaps or touches is one interval: how many entries there are, and where one ends, is not to be told.
    """
    async with context.read() as connection:
        found = await read_constraints(connection, context.programme_id, request.persons, request.starts, request.ends)
    return await asyncio.to_thread(joined, found, request.starts, request.ends)


def joined(found: Sequence[Constraint], starts: datetime, ends: datetime) -> list[SessionConstraint]:
    """Return the intervals of constraints, joined for each person and strength."""
    parts: dict[tuple[UUID, Literal["cannot", "rather_not"]], list[tuple[datetime, datetime]]] = {}
    for one in found:
        parts.setdefault((one.person_id, one.strength), []).extend(intervals(one, starts, ends))
    result: list[SessionConstraint] = []
    for (person_id, strength), pieces in sorted(parts.items()):
        held: tuple[datetime, datetime] | None = None
        for begins, done in sorted(pieces):
            if held and begins <= held[1]:
                held = (held[0], max(held[1], done))
                continue
            if held:
                result.append(SessionConstraint(person_id, *held, strength))
            held = (begins, done)
        if held:
            result.append(SessionConstraint(person_id, *held, strength))
    return result
