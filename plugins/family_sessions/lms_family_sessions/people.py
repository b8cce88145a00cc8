"""Who has to come, with reason-free needs: the search sees single people, reports never do."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, union

from lms_core.api import AsyncConnection, Context, now
from lms_family_sessions.calendars import Calendar, read_calendars, read_movable, united
from lms_family_sessions.constraints import Constraint, read_constraints
from lms_family_sessions.holidays_of import FreeDays
from lms_family_sessions.scores import Person, Policy
from lms_family_sessions.tables_care import child_land, constraint
from lms_family_sessions.tables_holidays import calendar

FEW = timedelta(days=14)


def policy_of(settings: Any, announced: datetime | None = None) -> Policy:
    """Return the policy that a programme has set, for a plan that is announced now or at another moment."""
    return Policy(
        core_from=time.fromisoformat(settings.core_from),
        core_to=time.fromisoformat(settings.core_to),
        notice_weeks=settings.notice_weeks,
        zone=settings.zone,
        land=settings.land,
        announced=announced or now(),
    )


async def read_people(
    connection: AsyncConnection, programme_id: UUID, persons: Collection[UUID], starts: datetime, ends: datetime
) -> list[Person]:
    """Return persons with what they need between two moments, those without needs as well. Two statements."""
    constraints: dict[UUID, list[Constraint]] = {}
    for one in await read_constraints(connection, programme_id, persons, starts, ends):
        constraints.setdefault(one.person_id, []).append(one)
    calendars = await read_calendars(connection, programme_id, persons)
    return [Person(str(one), tuple(constraints.get(one, ())), calendars.get(one, ())) for one in sorted(persons)]


async def read_everybody(
    connection: AsyncConnection, programme_id: UUID, starts: datetime, ends: datetime
) -> list[Person]:
    """Return all people of a programme who need anything. Three statements."""
    with_needs = union(
        *(
            select(table.c.person_id).where(table.c.programme_id == programme_id)
            for table in (constraint, calendar, child_land)
        )
    )
    persons = [row.person_id for row in await connection.execute(with_needs)]
    return await read_people(connection, programme_id, persons, starts, ends)


async def read_schools(
    context: Context, connection: AsyncConnection, people: Iterable[Person], starts: datetime, ends: datetime
) -> dict[Calendar, FreeDays]:
    """Return the free days of all calendars that matter to people, some days more than asked for. One statement."""
    first, last = _around(starts, ends)
    movable = await read_movable(connection, context.programme_id, first, last)
    wanted = sorted({one for person in people for one in person.calendars})
    return await asyncio.to_thread(lambda: {one: united(one, movable, first, last) for one in wanted})


def _around(starts: datetime, ends: datetime) -> tuple[date, date]:
    return (starts - FEW).date(), (ends + FEW).date()
