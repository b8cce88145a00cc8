"""Weeks as they are entered and changed."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update

from lms_core.api import (
    AsyncConnection,
    Context,
    InvalidInput,
    NotFound,
    View,
    changed_or_raise,
    new_id,
    now,
    read_run,
)
from lms_university_weeks.faults import faults
from lms_university_weeks.tables import week
from lms_university_weeks.week import WeekContent


class Week(View, frozen=True, kw_only=True):
    """A week as it is entered now; each change counts `revision` up."""

    id: UUID
    revision: int
    changed_at: datetime
    changed_by: UUID | None
    content: WeekContent


class WeekLine(View, frozen=True):
    """A week in a list."""

    id: UUID
    title: str
    revision: int
    changed_at: datetime


class Weeks(View, frozen=True):
    """The weeks of the programme, the oldest first; `next`, unless it is null, is the cursor of the next page."""

    items: list[WeekLine]
    next: UUID | None


PAGE = 50

Hold = Literal["alone", "together"]


async def check(context: Context, content: WeekContent) -> None:
    """Raise InvalidInput that names all that cannot be, and NotFound for a run that is not the programme's."""
    if wrong := faults(content):
        raise InvalidInput("The week cannot be kept as it is.", errors=wrong)
    async with context.read() as connection:
        for run_id in sorted({content.run_id, *(one.run_id for one in content.sessions if one.run_id)}):
            if (await read_run(connection, run_id)).programme_id != context.programme_id:
                raise NotFound(f"The programme has no run {run_id}.")


async def create(context: Context, connection: AsyncConnection, content: WeekContent) -> Week:
    """Keep a new week."""
    made = Week(id=new_id(), revision=1, changed_at=now(), changed_by=context.person_id, content=content)
    values = {
        "id": made.id, "programme_id": context.programme_id, "title": content.title,
        "content": msgspec.to_builtins(content), "revision": 1, "changed_at": made.changed_at,
        "changed_by": context.person_id, "secret": secrets.token_urlsafe(32),
    }  # fmt: skip
    await connection.execute(insert(week), values)
    return made


async def read(context: Context, connection: AsyncConnection, week_id: UUID, *, hold: Hold | None = None) -> Week:
    """Return a week of the programme. Raises NotFound.

    Who holds it `alone` waits, until the end of a transaction, for all who hold it, and they for her.
    """
    query = select(week).where(_mine(context, week_id))
    if hold:
        query = query.with_for_update(read=hold == "together")
    row: Any = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such week.")
    content = msgspec.convert(row.content, WeekContent)
    return Week(id=row.id, revision=row.revision, changed_at=row.changed_at, changed_by=row.changed_by, content=content)


async def read_all(context: Context, connection: AsyncConnection, cursor: UUID | None) -> Weeks:
    """Return a page of the weeks of the programme."""
    query = select(week.c.id, week.c.title, week.c.revision, week.c.changed_at).where(
        week.c.programme_id == context.programme_id
    )
    if cursor:
        query = query.where(week.c.id > cursor)
    items = [WeekLine(*row) for row in await connection.execute(query.order_by(week.c.id).limit(PAGE + 1))]
    return Weeks(items[:PAGE], items[PAGE - 1].id if len(items) > PAGE else None)


async def change(
    context: Context, connection: AsyncConnection, week_id: UUID, content: WeekContent, expected: int
) -> Week:
    """Put other content in place of a week's. Raises NotFound and PreconditionFailed."""
    mine = _mine(context, week_id)
    made = Week(id=week_id, revision=expected + 1, changed_at=now(), changed_by=context.person_id, content=content)
    values = {"title": content.title, "content": msgspec.to_builtins(content), "revision": made.revision}
    done = await connection.execute(
        update(week)
        .where(mine, week.c.revision == expected)
        .values(**values, changed_at=made.changed_at, changed_by=context.person_id)
    )
    if not done.rowcount:
        await changed_or_raise(connection, week, mine, expected)
    return made


async def remove(context: Context, connection: AsyncConnection, week_id: UUID, expected: int) -> None:
    """Remove a week with its plans; sessions that were published stay. Raises NotFound and PreconditionFailed."""
    mine = _mine(context, week_id)
    done = await connection.execute(delete(week).where(mine, week.c.revision == expected))
    if not done.rowcount:
        await changed_or_raise(connection, week, mine, expected)


def _mine(context: Context, week_id: UUID) -> Any:
    return (week.c.id == week_id) & (week.c.programme_id == context.programme_id)
