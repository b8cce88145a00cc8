"""When people cannot come by the word of every plugin of the programme, this one among them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from lms_core.api import ConstraintsRequest, Context, SessionConstraint, session_constraints

SPAN = timedelta(weeks=1)
PEOPLE = 20
"""For so long and so many people one question is asked: an answer holds a thousand intervals at most."""


async def read_elsewhere(
    context: Context, persons: Collection[UUID], starts: datetime, ends: datetime
) -> dict[UUID, tuple[SessionConstraint, ...]]:
    """Return when persons cannot come, or would rather not, between two moments. Raises Unavailable."""
    everybody, found = sorted(persons), dict[UUID, list[SessionConstraint]]()
    groups = [tuple(everybody[n : n + PEOPLE]) for n in range(0, len(everybody), PEOPLE)]
    while starts < ends:
        until = min(starts + SPAN, ends)
        for some in groups:
            for one in await session_constraints(context, ConstraintsRequest(starts, until, some)):
                found.setdefault(one.person_id, []).append(one)
        starts = until
    return {one: tuple(sorted(own, key=lambda it: (it.starts, it.ends, it.strength))) for one, own in found.items()}
