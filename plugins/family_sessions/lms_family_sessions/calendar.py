"""A person's own calendar shows, if she wants it to, when she is not available; nothing says why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select

from lms_core.api import AsyncConnection, CalendarEntry, CalendarRequest, Context, View, insert_into, read_person
from lms_family_sessions.constraints import Constraint, read_constraints
from lms_family_sessions.hooks_care import joined
from lms_family_sessions.maternity import DAY, SIX, TWENTY
from lms_family_sessions.tables_care import entry, in_calendar

REACH = timedelta(weeks=52)
"""How far a calendar shows it, from the first day that it is asked for: half a year back."""

TITLES = {"en": "Not available", "de": "Nicht verfügbar"}


class InCalendar(View, frozen=True):
    """Whether her own calendar shows when she is not available."""

    shown: bool


async def wanted(context: Context, connection: AsyncConnection, person_id: UUID | None) -> bool:
    """Tell whether a person wants it in her calendar. One statement."""
    query = select(in_calendar.c.person_id).where(
        in_calendar.c.programme_id == context.programme_id, in_calendar.c.person_id == person_id
    )
    return (await connection.execute(query)).first() is not None


async def choose(context: Context, connection: AsyncConnection, *, shown: bool) -> None:
    """Keep whether she who asks wants it in her calendar. One statement."""
    mine = {"programme_id": context.programme_id, "person_id": context.person_id}
    change = (
        insert_into(connection, in_calendar).values(**mine).on_conflict_do_nothing()
        if shown
        else delete(in_calendar).where(*(in_calendar.c[name] == value for name, value in mine.items()))
    )
    await connection.execute(change)


async def show(context: Context, request: CalendarRequest) -> list[CalendarEntry]:
    """Return when a person cannot come, by the clock that she entered it by. Four statements.

    Hours of the night, in which hardly anybody is available, are left out.
    """
    until = request.since + REACH
    async with context.read() as connection:
        if not await wanted(context, connection, request.person_id):
            return []
        language = (await read_person(connection, request.person_id)).language
        found = await read_constraints(connection, context.programme_id, [request.person_id], request.since, until)
        changes = select(func.max(entry.c.changed_at)).where(
            entry.c.programme_id == context.programme_id, entry.c.person_id == request.person_id
        )
        changed = await connection.scalar(changes)
    title = TITLES.get(language, TITLES["en"])
    return await asyncio.to_thread(_entries, found, request.since, until, title, changed)


def _entries(
    found: Sequence[Constraint], since: datetime, until: datetime, title: str, changed: datetime
) -> list[CalendarEntry]:
    shown = []
    for name in sorted({one.zone for one in found}):
        zone = ZoneInfo(name)
        here = [one for one in found if one.zone == name and one.strength == "cannot"]
        for part in joined(here, since, until):
            starts, ends = (moment.astimezone(zone).replace(tzinfo=None) for moment in (part.starts, part.ends))
            if not _at_night(starts, ends):
                key = f"{starts:%Y%m%dT%H%M}-{ends:%Y%m%dT%H%M}-{name}"
                shown.append(
                    CalendarEntry(key=key, title=title, starts=starts, ends=ends, zone=name, changed_at=changed)
                )
    return shown


def _at_night(starts: datetime, ends: datetime) -> bool:
    evening = datetime.combine(starts.date() - (DAY if starts.hour < SIX // 60 else timedelta(0)), time(TWENTY // 60))
    return evening <= starts and ends <= evening + timedelta(hours=10)
