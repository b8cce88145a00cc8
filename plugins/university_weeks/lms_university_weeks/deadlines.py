"""What falls due for a week, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from lms_core.api import AsyncConnection, Context, View, read_minimum
from lms_university_weeks import answers, weeks
from lms_university_weeks.companies import due_on, visit_days, visits_of
from lms_university_weeks.publishing import Publication, latest
from lms_university_weeks.tables import assignment
from lms_university_weeks.week import WeekContent


class WeekDeadline(View, frozen=True, kw_only=True):
    """Something that falls due on a day, if one is known yet, in the week's zone; `at` where there is a time as well.

    `choice`: it closes, and then its places are to be given. `participants`: a company wants to know who comes to the
    visit. `run`: it is decided whether the run of the week takes place. `lecturer`: she has not said when she can come.
    """

    kind: Literal["choice", "participants", "run", "lecturer"]
    key: str
    title: str
    on: date | None = None
    at: datetime | None = None
    done: bool = False


class WeekDeadlines(View, frozen=True):
    """What falls due, in the order of time; what has no day yet comes last."""

    items: list[WeekDeadline]


async def read_deadlines(context: Context, connection: AsyncConnection, week_id: UUID) -> WeekDeadlines:
    """Return what falls due for a week. Raises NotFound. Six statements."""
    content = (await weeks.read(context, connection, week_id)).content
    published = await latest(connection, week_id)
    missing = (await answers.answers(context, connection, week_id)).missing
    assigned = (await connection.execute(select(assignment.c.choice).where(assignment.c.week_id == week_id))).scalars()
    zone = ZoneInfo(content.zone)
    found = [*_choices(content, set(assigned)), *_visits(content, published)]
    run = await read_minimum(connection, content.run_id)
    if run.decide_at:
        at = run.decide_at.astimezone(zone)
        title = f"at least {run.minimum} seats taken"
        found.append(
            WeekDeadline(kind="run", key=str(content.run_id), title=title, on=at.date(), at=at, done=bool(run.decision))
        )
    names = {one.key: one.name for one in content.lecturers}
    found += [WeekDeadline(kind="lecturer", key=key, title=names[key]) for key in missing]
    found.sort(key=lambda one: (one.on or date.max, one.at.timestamp() if one.at else float("inf"), one.kind, one.key))
    return WeekDeadlines(found)


def _choices(content: WeekContent, assigned: set[str]) -> Iterator[WeekDeadline]:
    for one in content.choices:
        at = one.closes.replace(tzinfo=ZoneInfo(content.zone))
        yield WeekDeadline(kind="choice", key=one.key, title=one.title, on=at.date(), at=at, done=one.key in assigned)


def _visits(content: WeekContent, published: Publication | None) -> Iterator[WeekDeadline]:
    """Yield when lists are due for the visits as they are published, or those that are only entered."""
    days = visit_days(published)
    for company, visit in visits_of(published.content if published else content):
        title = f"{company.name}: {visit.title}"
        yield WeekDeadline(kind="participants", key=visit.key, title=title, on=due_on(company, visit, days))
