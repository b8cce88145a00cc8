"""Whether a planned session may be mandatory for those who would have to come.

A planner learns that a protection of participants stands against a time: in the same words whichever it is, for one
participant or for ten. She could still look for the hours of somebody in a small group by trying one time after
another; so each time that was refused is kept for some weeks for the family office to see, and after a number of them
in a day everything that is planned for the run is refused until tomorrow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select

from lms_core.api import (
    AsyncConnection,
    Context,
    SessionPlan,
    SessionRemark,
    View,
    insert_into,
    new_id,
    now,
    read_participants,
)
from lms_family_sessions.constraints import Constraint, intervals, read_constraints
from lms_family_sessions.maternity import DAY, SIX, TWENTY
from lms_family_sessions.public import public_holidays
from lms_family_sessions.tables_care import refusal

TRIES = 20
"""Times of a run that are refused in a day before all others are."""

KEPT = timedelta(weeks=12)
"""For so long refused times are kept."""

PAGE = 100

PROTECTED = SessionRemark(
    "protected-time",
    "A protection of participants stands against this time. Choose another one; what is not at night and not on a "
    "Sunday or holiday can also be online, or on site and online.",
    "block",
)
ENOUGH = SessionRemark(
    "protected-time",
    "Too many times of this run were refused today. Ask the family office for times that suit everybody, or go on "
    "tomorrow.",
    "block",
)


class Refusal(View, frozen=True):
    """A time that was refused for a run; not for whom, nor why."""

    id: UUID
    run_id: UUID
    day: date
    starts: datetime
    ends: datetime


class Refusals(View, frozen=True):
    """A page of refused plans; `next`, unless it is the last one, is the `cursor` of the next."""

    items: list[Refusal]
    next: UUID | None


async def judge(context: Context, plan: SessionPlan) -> list[SessionRemark]:
    """Return what blocks a plan: at most one remark, which says neither whom it protects nor from what.

    Three statements, and two that note the refusal.
    """
    zone = ZoneInfo(plan.zone)
    starts, ends = (wall.replace(tzinfo=zone).astimezone(UTC) for wall in (plan.starts, plan.ends))
    async with context.read() as connection:
        seated = {one.person.id for one in await read_participants(connection, [plan.run_id])}
        coming = seated if plan.persons is None else seated.intersection(plan.persons)
        found = await read_constraints(connection, context.programme_id, coming, starts, ends)
        tried = await tried_today(context, connection, [plan.run_id])
    if tried:
        return [ENOUGH]
    if not await asyncio.to_thread(forbidden, found, starts, ends, plan.mode, Free(context.settings.land)):
        return []
    async with context.write() as connection:
        await note_refused(context, connection, [(plan.run_id, starts, ends)])
    return [PROTECTED]


async def tried_today(context: Context, connection: AsyncConnection, runs: Collection[UUID]) -> set[UUID]:
    """Return those of some runs of which enough times were refused today. One statement."""
    c = refusal.c
    query = select(c.run_id).where(c.run_id.in_(runs), c.day == _today(context)).group_by(c.run_id)
    return set((await connection.execute(query.having(func.count() >= TRIES))).scalars())


async def note_refused(
    context: Context, connection: AsyncConnection, times: Sequence[tuple[UUID, datetime, datetime]]
) -> None:
    """Keep times of runs that were refused, each once a day, and forget old ones. Two statements."""
    today = _today(context)
    rows = [
        {"id": new_id(), "programme_id": context.programme_id, "run_id": run_id, "day": today, "starts": a, "ends": b}
        for run_id, a, b in times
    ]
    await connection.execute(insert_into(connection, refusal).values(rows).on_conflict_do_nothing())
    over = (refusal.c.programme_id == context.programme_id) & (refusal.c.day < today - KEPT)
    await connection.execute(delete(refusal).where(over))


def _today(context: Context) -> date:
    return now().astimezone(ZoneInfo(context.settings.zone)).date()


class Free:
    """Says which days are Sundays or public holidays of a Land."""

    def __init__(self, land: Any) -> None:
        self.land = land

    def __call__(self, day: date) -> bool:
        """Tell whether nothing may be mandatory on a day for whom the law protects."""
        return day.weekday() == 6 or bool(public_holidays(self.land, day, day))


def forbidden(found: Iterable[Constraint], starts: datetime, ends: datetime, mode: str, free: Free) -> bool:
    """Tell whether a session must not be mandatory for those with these constraints.

    Who cannot come to the place may take part online; at night, on Sundays and on holidays that is forbidden as well.
    """
    return any(
        mode == "on_site" or any(_rests(part, one, free) for part in intervals(one, starts, ends))
        for one in found
        if one.strength == "cannot" and any(intervals(one, starts, ends))
    )


def _rests(part: tuple[datetime, datetime], one: Constraint, free: Free) -> bool:
    """Tell whether a part of a session is at night or on a free day, by the clock of her who is protected."""
    zone = ZoneInfo(one.zone)
    first, last = (moment.astimezone(zone) for moment in part)
    return any(free(day) for day in _days(first, last)) or any(
        begins < part[1] and part[0] < ends for day in _days(first - DAY, last) for begins, ends in [_night(day, zone)]
    )


def _night(evening: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    hour = timedelta(hours=1)
    begins = datetime.combine(evening, time(), zone) + TWENTY // 60 * hour
    ends = datetime.combine(evening + DAY, time(), zone) + SIX // 60 * hour
    return begins.astimezone(UTC), ends.astimezone(UTC)


def _days(first: datetime, last: datetime) -> Iterator[date]:
    day = first.date()
    while datetime.combine(day, time(), first.tzinfo) < last:
        yield day
        day += DAY


async def list_refusals(context: Context, connection: AsyncConnection, cursor: UUID | None) -> Refusals:
    """Return refused plans, the newest first. One statement."""
    names = Refusal.__struct_fields__
    query = select(*(refusal.c[name] for name in names)).where(refusal.c.programme_id == context.programme_id)
    if cursor:
        query = query.where(refusal.c.id < cursor)
    items = [Refusal(*row) for row in await connection.execute(query.order_by(refusal.c.id.desc()).limit(PAGE))]
    return Refusals(items, items[-1].id if len(items) == PAGE else None)
