"""Plans: asking for one, looking at it, and ending the search early."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

from lms_core.api import AsyncConnection, Conflict, Context, InvalidInput, NotFound, Told, View, new_id, now
from lms_core.api import FieldError as Fault
from lms_university_weeks import weeks
from lms_university_weeks.answers import answered
from lms_university_weeks.faults import times_beyond
from lms_university_weeks.tables import plan, progress, publication
from lms_university_weeks.tasks import Plan, Result, Task
from lms_university_weeks.week import WeekContent

PAGE = 50

HEARD = timedelta(seconds=30)
"""A search of which nothing was heard for so long has lost its process, and keeps nobody waiting."""


class PlanLine(View, frozen=True):
    """A plan in a list."""

    id: UUID
    do: str
    state: Literal["queued", "running", "done", "cancelled", "failed"]
    revision: int
    made_at: datetime
    ended_at: datetime | None


class Plans(View, frozen=True):
    """The plans of a week, the oldest first; `next`, unless it is null, is the cursor of the next page."""

    items: list[PlanLine]
    next: UUID | None


class Solving(msgspec.Struct, frozen=True):
    """The payload of the job that computes a plan."""

    plan_id: UUID


async def begin(context: Context, connection: AsyncConnection, week_id: UUID, task: Task) -> Plan:
    """Have a plan computed. Raises NotFound, InvalidInput, and Conflict when there is nothing to plan anew."""
    found = await weeks.read(context, connection, week_id)
    content = await answered(connection, week_id, found.content)
    if task.seconds > context.settings.most_seconds:
        limit = Fault("body.seconds", f"must be at most {context.settings.most_seconds} in this programme")
        raise InvalidInput("The search would take too long.", errors=[limit])
    if task.do == "replan":
        shown = select(publication.c.content).where(publication.c.week_id == week_id)
        kept = await connection.scalar(shown.order_by(publication.c.version.desc()).limit(1))
        if kept is None:
            raise Conflict("Nothing of this week is published yet, so there is nothing to plan anew; make a plan.")
    if wrong := _strange(content, task):
        raise InvalidInput("The week has no such things.", errors=wrong)
    moment = now()
    row = {
        "id": new_id(), "programme_id": context.programme_id, "week_id": week_id, "revision": found.revision,
        "content": msgspec.to_builtins(content), "task": msgspec.to_builtins(task), "state": "queued", "stop": False,
        "tries": 0, "made_by": context.person_id, "made_at": moment, "heard_at": moment, "ended_at": None,
        "result": None, "reason": None,
    }  # fmt: skip
    await connection.execute(insert(plan), row)
    await context.enqueue(connection, "solve", Solving(row["id"]))
    return _shape(row)


def _strange(content: WeekContent, task: Task) -> list[Fault]:
    known = {
        "cancelled": {one.key for one in content.sessions},
        "lecturers": {one.key for one in content.lecturers},
        "rooms": {one.key for one in content.rooms},
        "tracks": {one.key for one in content.tracks},
    }
    wrong = [
        Fault(f"body.{field}", f"the week has no {key}")
        for field, keys in known.items()
        for key in getattr(task, field)
        if key not in keys
    ]
    for field in ("lecturers", "rooms", "tracks"):
        for key, times in getattr(task, field).items():
            wrong += [Fault(f"body.{field}.{key}", reason) for reason in times_beyond(content, times)]
    return wrong


async def read(context: Context, connection: AsyncConnection, plan_id: UUID) -> Plan:
    """Return a plan of the programme. Raises NotFound."""
    row: Any = (await connection.execute(select(plan).where(_mine(context, plan_id)))).first()
    if row is None:
        raise NotFound("There is no such plan.")
    return _shape(dict(row._mapping))


async def read_all(context: Context, connection: AsyncConnection, week_id: UUID, cursor: UUID | None) -> Plans:
    """Return a page of the plans of a week. Raises NotFound."""
    await weeks.read(context, connection, week_id)
    columns = (plan.c.id, plan.c.task, plan.c.state, plan.c.revision, plan.c.made_at, plan.c.ended_at)
    query = select(*columns).where(plan.c.week_id == week_id)
    if cursor:
        query = query.where(plan.c.id > cursor)
    rows = await connection.execute(query.order_by(plan.c.id).limit(PAGE + 1))
    items = [PlanLine(row[0], row[1].get("do", "plan"), *row[2:]) for row in rows]
    return Plans(items[:PAGE], items[PAGE - 1].id if len(items) > PAGE else None)


async def stop(context: Context, connection: AsyncConnection, plan_id: UUID) -> Plan:
    """End the search with what it has found so far; one that has not begun never begins. Again changes nothing.

    One that has lost its process ends at once, with nothing.
    """
    moment = now()
    mine = _mine(context, plan_id)
    lost = (plan.c.state == "running") & (plan.c.heard_at < moment - HEARD)
    idle = update(plan).where(mine, (plan.c.state == "queued") | lost)
    await connection.execute(idle.values(state="cancelled", stop=True, ended_at=moment))
    await connection.execute(update(plan).where(mine, plan.c.state == "running").values(stop=True))
    return await read(context, connection, plan_id)


async def look(context: Context, plan_id: UUID, after: str | None) -> tuple[Sequence[Told], bool]:
    """Return what has happened to a plan after an event, and whether more may come. Two statements."""
    number = int(after) if after and after.isdecimal() else 0
    news = select(progress).where(progress.c.plan_id == plan_id, progress.c.number > number)
    async with context.read() as connection:
        state = await connection.scalar(select(plan.c.state).where(_mine(context, plan_id)))
        rows = (await connection.execute(news.order_by(progress.c.number))).all()
    told = [
        Told(str(row.number), "progress", {"best": row.best, "bound": row.bound, "seconds": row.seconds})
        for row in rows
    ]
    if state in ("queued", "running"):
        return told, True
    return [*told, Told(after or "0" if not told else told[-1].id, "end", {"state": state})], False


def _shape(row: dict[str, Any]) -> Plan:
    return Plan(
        id=row["id"],
        week_id=row["week_id"],
        revision=row["revision"],
        task=msgspec.convert(row["task"], Task),
        state=row["state"],
        made_by=row["made_by"],
        made_at=row["made_at"],
        ended_at=row["ended_at"],
        reason=row["reason"],
        result=msgspec.convert(row["result"], Result) if row["result"] else None,
        content=msgspec.convert(row["content"], WeekContent),
    )


def _mine(context: Context, plan_id: UUID) -> Any:
    return (plan.c.id == plan_id) & (plan.c.programme_id == context.programme_id)
