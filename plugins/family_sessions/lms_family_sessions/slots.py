"""How hard slots are, for plugins that plan: by what at least five people of the programme share."""

from __future__ import annotations

import asyncio

from lms_core.api import Context, SlotScore, SlotsRequest
from lms_family_sessions.people import policy_of, read_everybody, read_schools
from lms_family_sessions.reports import common, slot_cost
from lms_family_sessions.scores import Meeting


async def score(context: Context, request: SlotsRequest) -> list[SlotScore]:
    """Return what each slot costs; those that cost nothing are left out. Four statements, however many slots.

    Who would have to be there decides only whether they are five: costs are those of the programme, so that leaving
    somebody out of a question tells nothing of her.
    """
    if not request.slots:
        return []
    policy = policy_of(context.settings)
    starts, ends = min(one.starts for one in request.slots), max(one.ends for one in request.slots)
    async with context.read() as connection:
        everybody = await read_everybody(connection, context.programme_id, starts, ends)
        schools = await read_schools(context, connection, everybody, starts, ends)

    def scored() -> list[SlotScore]:
        shared = common(everybody)
        found = []
        for one in request.slots:
            meeting = Meeting(key=one.key, times=((one.starts, one.ends),))
            found.append(SlotScore(one.key, slot_cost(shared, meeting, policy, schools, len(set(one.persons)))))
        return [one for one in found if one.cost]

    return await asyncio.to_thread(scored)
