"""Reads all that plans of students are made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from itertools import chain
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import select

from lms_core.api import (
    AsyncConnection,
    ConstraintsRequest,
    Context,
    NotFound,
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
from lms_part_time_tracks.meetings import meetings
from lms_part_time_tracks.tables import placed, track
from lms_part_time_tracks.tracks import Track, opened
from lms_part_time_tracks.translate import Facts


async def look_up(context: Context, persons: Collection[UUID]) -> dict[UUID, Facts]:
    """Return what is known of students of the programme, and when they cannot come; who is none is left out.

    Fourteen statements for up to 200 of them. Raises Unavailable when a plugin cannot tell when they can come.
    """
    async with context.read() as connection:
        known = await read_facts(context, connection, persons)
    constraints = await _constraints(context, known)
    return {one: replace(facts, constraints=tuple(constraints[one])) for one, facts in known.items()}


async def read_facts(context: Context, connection: AsyncConnection, persons: Collection[UUID]) -> dict[UUID, Facts]:
    """Return what the core and this plugin know of students of the programme, but not when they cannot come.

    Who is none is left out. Fourteen statements for up to 200 of them.
    """
    catalogue = await read_catalogue(connection, context.programme_id)
    standings = await read_standings(connection, context.programme_id, persons)
    said = await _by_person(context, connection, track, persons)
    holds = await _by_person(context, connection, placed, persons)
    day = today(context)
    coming = {one.number for one in catalogue.terms if one.ends_on >= day}
    rates = tuple(await read_pass_rates(connection, context.programme_id))
    rows: dict[UUID, list[SessionFacts]] = defaultdict(list)
    for row in await read_sessions(connection, [one.run_id for one in catalogue.runs if one.term in coming]):
        rows[row.run_id].append(row)
    sessions = {run_id: tuple(held) for run_id, held in rows.items()}
    met = meetings(chain.from_iterable(rows.values()), day)
    return {
        one.person_id: Facts(
            catalogue=catalogue,
            standing=one,
            track=opened(said[one.person_id][0].content) if said[one.person_id] else Track(),
            settings=context.settings,
            sessions=sessions,
            meetings=met,
            constraints=(),
            held=tuple(sorted((row.module_id, row.term, row.run_id) for row in holds[one.person_id])),
            rates=rates,
            today=day,
        )
        for one in standings
    }


async def read_own(context: Context, connection: AsyncConnection) -> Facts:
    """Return what is known of the person who asks, as `read_facts`. Raises NotFound if she does not study here."""
    assert context.person_id
    facts = (await read_facts(context, connection, [context.person_id])).get(context.person_id)
    if facts is None:
        raise NotFound("You do not study in this programme.")
    return facts


def today(context: Context) -> date:
    """Return what day it is where the programme is."""
    return now().astimezone(ZoneInfo(context.settings.zone)).date()


async def _constraints(context: Context, known: Mapping[UUID, Facts]) -> dict[UUID, list[SessionConstraint]]:
    """Ask the other plugins, from today until the last session that is planned."""
    found: dict[UUID, list[SessionConstraint]] = defaultdict(list)
    sessions = next((facts.sessions for facts in known.values()), {})  # the same of all
    ends = max((one.ends for held in sessions.values() for one in held if one.cancelled_at is None), default=None)
    if ends is None:
        return found
    last = datetime.combine(ends.date() + 2 * DAY, time(), ZoneInfo(context.settings.zone))
    if last <= now():
        return found
    for one in await session_constraints(context, ConstraintsRequest(now(), last, tuple(sorted(known)))):
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
