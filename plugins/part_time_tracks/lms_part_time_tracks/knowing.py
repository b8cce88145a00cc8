"""Reads all that plans of students are made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from lms_core.api import (
    AsyncConnection,
    Catalogue,
    ConstraintsRequest,
    Context,
    SessionConstraint,
    SessionFacts,
    now,
    read_catalogue,
    read_pass_rates,
    read_sessions,
    read_standings,
    session_constraints,
)
from lms_part_time_tracks.calendar import DAY
from lms_part_time_tracks.tables import placed, track
from lms_part_time_tracks.tracks import Track, opened
from lms_part_time_tracks.translate import Facts


async def look_up(context: Context, persons: Collection[UUID]) -> dict[UUID, Facts]:
    """Return what is known of students of the programme; who is none is left out.

    Fourteen statements for up to 200 of them. Raises Unavailable when a plugin cannot tell when they can come.
    """
    async with context.read() as connection:
        catalogue = await read_catalogue(connection, context.programme_id)
        standings = await read_standings(connection, context.programme_id, persons)
        said = await _by_person(context, connection, track, persons)
        holds = await _by_person(context, connection, placed, persons)
        day = today(context)
        last = [one for one in catalogue.terms if one.ends_on >= day]
        coming = {one.number for one in last}
        rates = tuple(await read_pass_rates(connection, context.programme_id))
        rows = await read_sessions(connection, [one.run_id for one in catalogue.runs if one.term in coming])
    sessions: dict[UUID, list[SessionFacts]] = defaultdict(list)
    for row in rows:
        sessions[row.run_id].append(row)
    constraints = await _constraints(context, catalogue, [one.person_id for one in standings], rows)
    return {
        one.person_id: Facts(
            catalogue=catalogue,
            standing=one,
            track=opened(said[one.person_id][0].content) if said[one.person_id] else Track(),
            settings=context.settings,
            sessions={run_id: tuple(held) for run_id, held in sessions.items()},
            constraints=tuple(constraints[one.person_id]),
            held=tuple(sorted((row.module_id, row.term, row.run_id) for row in holds[one.person_id])),
            rates=rates,
            today=day,
        )
        for one in standings
    }


def today(context: Context) -> date:
    """Return what day it is where the programme is."""
    return now().astimezone(ZoneInfo(context.settings.zone)).date()


async def _constraints(
    context: Context, catalogue: Catalogue, persons: Collection[UUID], sessions: list[SessionFacts]
) -> dict[UUID, list[SessionConstraint]]:
    """Ask the other plugins, from today until the last session that is planned."""
    found: dict[UUID, list[SessionConstraint]] = defaultdict(list)
    ends = max((one.ends for one in sessions if one.cancelled_at is None), default=None)
    if ends is None or not persons:
        return found
    last = datetime.combine(ends.date() + 2 * DAY, time(), ZoneInfo(context.settings.zone))
    if last <= now():
        return found
    for one in await session_constraints(context, ConstraintsRequest(now(), last, tuple(sorted(persons)))):
        found[one.person_id].append(one)
    return found


async def _by_person(
    context: Context, connection: AsyncConnection, table: Any, persons: Collection[UUID]
) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    query = select(table).where(table.c.programme_id == context.programme_id, table.c.person_id.in_(persons))
    for row in await connection.execute(query):
        found[row.person_id].append(row)
    return found
