"""Proposals of dates: asking for one, looking at it, and ending the search early."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    FieldError,
    InvalidInput,
    NotFound,
    Told,
    View,
    new_id,
    now,
    read_run,
    read_sessions,
)
from lms_family_sessions.checking import ENOUGH, tried_today
from lms_family_sessions.people import policy_of
from lms_family_sessions.tables_suggest import search_step, suggestion
from lms_family_sessions.tasks import Accepted, Result, State, Suggestion, Task
from lms_family_sessions.translate import check

PAGE = 50

HEARD = timedelta(seconds=30)
"""A search of which nothing was heard for so long has lost its process."""


class SuggestionLine(View, frozen=True):
    """A proposal in a list."""

    id: UUID
    title: str
    state: State
    made_by: UUID | None
    made_at: datetime
    ended_at: datetime | None


class SuggestionList(View, frozen=True):
    """Proposals of a programme, the oldest first; `next`, unless it is null, is the cursor of the next page."""

    items: list[SuggestionLine]
    next: UUID | None


class Finding(msgspec.Struct, frozen=True):
    """The payload of the job that finds dates."""

    suggestion_id: UUID


async def begin(context: Context, connection: AsyncConnection, task: Task) -> Suggestion:
    """Have dates found. Raises InvalidInput, and Conflict when somebody has asked for as many as a day allows.

    Nor is there any for a run of which too many times were refused today: a proposal that names a session that would
    be refused counts as one of them.

    Each proposal is made for single people, so each tells a little of them to whoever asks again and again with one
    thing changed; that is why they are few, and why it is kept who asked for what.
    """
    check(task, policy_of(context.settings))
    if task.seconds > context.settings.most_seconds:
        limit = FieldError("body.seconds", f"must be at most {context.settings.most_seconds} in this programme")
        raise InvalidInput("The search would take too long.", errors=[limit])
    await _check_runs(context, connection, task)
    if await tried_today(context, connection, {one.run_id for one in task.sessions}):
        raise Conflict(ENOUGH.reason)
    moment = now()
    mine = select(suggestion.c.id).where(
        suggestion.c.programme_id == context.programme_id,
        suggestion.c.made_by == context.person_id,
        suggestion.c.made_at > moment - timedelta(days=1),
        suggestion.c.state != "failed",  # it told nothing
    )
    most = context.settings.suggestions_per_day
    if len((await connection.execute(mine.with_for_update())).all()) >= most:
        raise Conflict(f"You have asked for {most} proposals within a day, which is as many as the programme allows.")
    row = {
        "id": new_id(), "programme_id": context.programme_id, "task": msgspec.to_builtins(task), "state": "queued",
        "stop": False, "tries": 0, "made_by": context.person_id, "made_at": moment, "heard_at": moment,
        "ended_at": None, "result": None, "reason": None, "basis": None, "accepted": None,
    }  # fmt: skip
    await connection.execute(insert(suggestion), row)
    await context.enqueue(connection, "suggest", Finding(row["id"]))
    return _shape(row)


async def _check_runs(context: Context, connection: AsyncConnection, task: Task) -> None:
    strange, wrong = set(), list[FieldError]()
    runs = sorted({one.run_id for one in task.sessions})
    for run_id in runs:
        try:
            known = (await read_run(connection, run_id)).programme_id == context.programme_id
        except NotFound:
            known = False
        if not known:
            strange.add(run_id)
    if strange:
        wrong = [
            FieldError(f"body.sessions[{number}].runId", "the programme has no such run")
            for number, one in enumerate(task.sessions)
            if one.run_id in strange
        ]
        raise InvalidInput("The programme has no such runs.", errors=wrong)
    held = {(one.run_id, one.session_id) for one in await read_sessions(connection, runs) if not one.cancelled_at}
    moved = [one for wanted in task.sessions for one in wanted.session_ids]
    for number, one in enumerate(task.sessions):
        where = f"body.sessions[{number}].sessionIds"
        if one.session_ids and len(one.session_ids) != one.days:
            wrong.append(FieldError(where, f"must be {one.days}, one for each day, or none"))
        wrong += [
            FieldError(f"{where}[{n}]", "is no session of the run" if found else "stands there twice")
            for n, session_id in enumerate(one.session_ids)
            if (found := (one.run_id, session_id) not in held) or moved.count(session_id) > 1
        ]
    if wrong:
        raise InvalidInput("These sessions cannot be moved.", errors=wrong)


async def read(context: Context, connection: AsyncConnection, suggestion_id: UUID) -> Suggestion:
    """Return a proposal of the programme. Raises NotFound. One statement."""
    row: Any = (await connection.execute(select(suggestion).where(_mine(context, suggestion_id)))).first()
    if row is None:
        raise NotFound("There is no such proposal.")
    return _shape(row._mapping)


async def read_all(context: Context, connection: AsyncConnection, cursor: UUID | None) -> SuggestionList:
    """Return a page of the proposals of the programme. One statement."""
    c = suggestion.c
    query = select(c.id, c.task["title"].as_string(), c.state, c.made_by, c.made_at, c.ended_at).where(
        c.programme_id == context.programme_id
    )
    if cursor:
        query = query.where(c.id > cursor)
    items = [SuggestionLine(*row) for row in await connection.execute(query.order_by(c.id).limit(PAGE + 1))]
    return SuggestionList(items[:PAGE], items[PAGE - 1].id if len(items) > PAGE else None)


async def stop(context: Context, connection: AsyncConnection, suggestion_id: UUID) -> Suggestion:
    """End a search with what it has found; one that has not begun never begins. Again changes nothing.

    One that has lost its process ends at once, with nothing.
    """
    moment, mine = now(), _mine(context, suggestion_id)
    lost = (suggestion.c.state == "running") & (suggestion.c.heard_at < moment - HEARD)
    idle = update(suggestion).where(mine, (suggestion.c.state == "queued") | lost)
    await connection.execute(idle.values(state="cancelled", stop=True, ended_at=moment))
    await connection.execute(update(suggestion).where(mine, suggestion.c.state == "running").values(stop=True))
    return await read(context, connection, suggestion_id)


async def look(context: Context, suggestion_id: UUID, after: str | None) -> tuple[Sequence[Told], bool]:
    """Return what has happened to a search after an event, and whether more may come. Two statements."""
    number = int(after) if after and after.isdecimal() else 0
    c = search_step.c
    news = select(c.number, c.stage, c.levels, c.seconds).where(c.suggestion_id == suggestion_id, c.number > number)
    async with context.read() as connection:
        state = await connection.scalar(select(suggestion.c.state).where(_mine(context, suggestion_id)))
        rows = (await connection.execute(news.order_by(c.number))).all()
    told = [
        Told(str(row.number), "progress", {"stage": row.stage, "levels": row.levels, "seconds": row.seconds})
        for row in rows
    ]
    if state in ("queued", "running"):
        return told, True
    return [*told, Told(told[-1].id if told else after or "0", "end", {"state": state})], False


def _shape(row: Any) -> Suggestion:
    return Suggestion(
        id=row["id"],
        task=msgspec.convert(row["task"], Task),
        state=row["state"],
        made_by=row["made_by"],
        made_at=row["made_at"],
        ended_at=row["ended_at"],
        reason=row["reason"],
        result=msgspec.convert(row["result"], Result) if row["result"] else None,
        accepted=msgspec.convert(row["accepted"], Accepted) if row["accepted"] else None,
    )


def _mine(context: Context, suggestion_id: UUID) -> Any:
    return (suggestion.c.id == suggestion_id) & (suggestion.c.programme_id == context.programme_id)
