"""What a planner is warned of: the policy of the programme, and whatever other parts know of a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from lms_core.api import Context, SessionPlan, SessionRemark, now, read_sessions
from lms_family_sessions.calendars import read_movable, read_shared, united
from lms_family_sessions.childcare import places_for
from lms_family_sessions.childcare_terms import instant
from lms_family_sessions.needs import minute
from lms_family_sessions.reports import FEWEST, people

Warner = Callable[[Context, SessionPlan], Awaitable[list[SessionRemark]]]


async def core_hours(context: Context, plan: SessionPlan) -> list[SessionRemark]:
    """Warn of what is outside the core hours, by the clock of the programme."""
    zone, there = ZoneInfo(context.settings.zone), ZoneInfo(plan.zone)
    starts, ends = (wall.replace(tzinfo=there).astimezone(zone) for wall in (plan.starts, plan.ends))
    begins, done = starts.hour * 60 + starts.minute, ends.hour * 60 + ends.minute
    core = (context.settings.core_from, context.settings.core_to)
    if starts.date() == ends.date() and minute(core[0]) <= begins and done <= minute(core[1]):
        return []
    return [SessionRemark("outside-core-hours", f"It is outside the core hours, {core[0]} to {core[1]}.", "warn")]


async def notice(context: Context, plan: SessionPlan) -> list[SessionRemark]:
    """Warn of what comes sooner than people can arrange for it."""
    weeks = context.settings.notice_weeks
    if plan.starts.replace(tzinfo=ZoneInfo(plan.zone)) >= now() + timedelta(weeks=weeks):
        return []
    return [SessionRemark("short-notice", f"It is less than {weeks} weeks ahead; care has to be arranged.", "warn")]


async def neighbours(context: Context, plan: SessionPlan) -> list[SessionRemark]:
    """Warn of sessions of the run on weekends one after another, and on site on days one after another. One statement.

    Who lives elsewhere stays overnight between these.
    """
    async with context.read() as connection:
        there = await read_sessions(connection, [plan.run_id])
    others = [one for one in there if one.cancelled_at is None and one.session_id != plan.session_id]
    found = []
    if plan.starts.weekday() >= 5:
        saturday = _saturday(plan.starts)
        taken = {_saturday(one.starts) for one in others if one.starts.weekday() >= 5}
        if taken & {saturday - timedelta(weeks=1), saturday + timedelta(weeks=1)}:
            reason = "The run has a session on the weekend before or after, too."
            found.append(SessionRemark("consecutive-weekends", reason, "warn"))
    if plan.mode == "on_site":
        first, last = plan.starts.date(), plan.ends.date()
        days = {day for one in others if one.mode == "on_site" for day in (one.starts.date(), one.ends.date())}
        if first < last or days & {first - timedelta(days=1), last + timedelta(days=1)}:
            reason = "There is more of it the day before or after: who lives elsewhere needs a night away from home."
            found.append(SessionRemark("overnight-stay", reason, "warn"))
    return found


def _saturday(wall: datetime) -> date:
    return wall.date() - timedelta(days=wall.weekday() - 5)


async def schools(context: Context, plan: SessionPlan) -> list[SessionRemark]:
    """Warn of days without school by a calendar that at least five people of the programme share. Two statements.

    Of several such calendars the one of most people is told, in classes: `reports` says why.
    """
    zone = ZoneInfo(context.settings.zone)
    first, last = (instant(wall, plan.zone).astimezone(zone).date() for wall in (plan.starts, plan.ends))
    async with context.read() as connection:
        shared = await read_shared(connection, context.programme_id, FEWEST)
        if not shared:
            return []
        movable = await read_movable(connection, context.programme_id, first, last)

    def closed() -> tuple[int, int]:
        """Return for how many people there is no school, and for how many nobody can tell."""
        found = [(many, united(one, movable, first, last)) for one, many in shared]
        return (
            max((many for many, days in found if days.free), default=0),
            max((many for many, days in found if days.unknown and not days.free), default=0),
        )

    sure, perhaps = await asyncio.to_thread(closed)
    if sure:
        reason = f"Schools that matter to {people(sure)} people are closed then."
        return [SessionRemark("school-holidays", reason, "warn")]
    if perhaps:
        reason = f"Nobody can tell yet whether schools that matter to {people(perhaps)} people are open then."
        return [SessionRemark("school-holidays-unknown", reason, "warn")]
    return []


async def childcare(context: Context, plan: SessionPlan) -> list[SessionRemark]:
    """Warn of a weekend on site on which nobody looks after children. One statement."""
    if plan.mode == "online" or (plan.starts.weekday() < 5 and plan.ends.weekday() < 5):
        return []
    starts, ends = (instant(wall, plan.zone) for wall in (plan.starts, plan.ends))
    async with context.read() as connection:
        if await places_for(connection, context.programme_id, starts, ends):
            return []
    return [SessionRemark("no-childcare", "There are no places in childcare at that time.", "warn")]


WARNERS: tuple[Warner, ...] = (core_hours, notice, neighbours, schools, childcare)
"""Each is asked about every plan."""


async def warn(context: Context, plan: SessionPlan) -> list[SessionRemark]:
    """Return all warnings about a plan."""
    return [remark for warner in WARNERS for remark in await warner(context, plan)]
