"""From a proposal to sessions of runs: all of them are made or moved, or none, and once."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import select, update

from lms_core.api import (
    Conflict,
    Context,
    FieldError,
    InvalidInput,
    Key,
    NotFound,
    Payload,
    PlannedSession,
    judge_sessions,
    new_id,
    now,
    publish_sessions,
    read_sessions,
)
from lms_family_sessions import suggestions
from lms_family_sessions.knowing import Known, look_up, state_of
from lms_family_sessions.tables_suggest import suggestion
from lms_family_sessions.tasks import Accepted, Appointment, Result, Suggestion, Task

STALE = "What this proposal was made from has changed since: people, what they need, or sessions. Ask for another one."


class Acceptance(Payload, frozen=True):
    """Where sessions on site take place, and which of them (by key) can be joined from elsewhere as well."""

    place: Annotated[str, msgspec.Meta(max_length=200)] = ""
    hybrid: Annotated[tuple[Key, ...], msgspec.Meta(max_length=60)] = ()


async def accept(context: Context, suggestion_id: UUID, wish: Acceptance) -> Suggestion:
    """Make the sessions of a proposal those of its runs, one for each day; again with the same wish changes nothing.

    A proposal that is stale is so for good: who asks again and again whether it still is would learn when somebody has
    entered something. Raises NotFound, InvalidInput, Conflict with whatever plugins object to, and Unavailable.
    """
    async with context.read() as connection:
        found = await suggestions.read(context, connection, suggestion_id)
        basis = await connection.scalar(select(suggestion.c.basis).where(suggestion.c.id == suggestion_id))
    if found.accepted:
        return _again(found, wish)
    result = _acceptable(found, wish)
    known = await look_up(context, found.task, found.made_at)
    if known.basis() != basis:
        await _outdate(context, suggestion_id)
        raise Conflict(STALE)
    planned, appointments = _planned(context, found.task, result, wish, known)
    warnings = await judge_sessions(context, planned)
    runs = {one.run_id for one in planned}
    async with context.write() as connection:
        # whoever accepts another proposal of the programme waits: it may be about the same runs
        rows: Any = await connection.execute(
            select(suggestion.c.id, suggestion.c.accepted)
            .where(suggestion.c.programme_id == context.programme_id)
            .order_by(suggestion.c.id)
            .with_for_update()
        )
        mine = next((row for row in rows.all() if row.id == suggestion_id), None)
        if mine is None:
            raise NotFound("There is no such proposal.")
        if mine.accepted:
            return _again(await suggestions.read(context, connection, suggestion_id), wish)
        if state_of(await read_sessions(connection, runs)) != state_of(known.sessions):
            raise Conflict(STALE)
        await publish_sessions(context, connection, planned)
        accepted = Accepted(
            at=now(), by=context.person_id, place=wish.place, hybrid=wish.hybrid, sessions=tuple(appointments),
            warnings=tuple(warnings),
        )  # fmt: skip
        this = update(suggestion).where(suggestion.c.id == suggestion_id)
        await connection.execute(this.values(accepted=msgspec.to_builtins(accepted)))
        return await suggestions.read(context, connection, suggestion_id)


def _again(found: Suggestion, wish: Acceptance) -> Suggestion:
    assert found.accepted
    if (found.accepted.place, set(found.accepted.hybrid)) != (wish.place, set(wish.hybrid)):
        raise Conflict("The proposal was accepted already, in another form; change the sessions themselves.")
    return found


def _acceptable(found: Suggestion, wish: Acceptance) -> Result:
    if found.state == "stale":
        raise Conflict(STALE)
    if found.state != "done" or found.result is None or found.result.proposal is None:
        raise Conflict(f"The search is {found.state} and there are no dates that could be accepted.")
    on_site = {one.key for one in found.task.sessions if one.mode == "on_site"}
    wrong = [
        FieldError(f"body.hybrid[{n}]", f"there is no session {key} that is on site")
        for n, key in enumerate(wish.hybrid)
        if key not in on_site
    ]
    if wrong:
        raise InvalidInput("The proposal has no such sessions.", errors=wrong)
    return found.result


def _planned(
    context: Context, task: Task, result: Result, wish: Acceptance, known: Known
) -> tuple[list[PlannedSession], list[Appointment]]:
    assert result.proposal
    revisions = {one.session_id: one.revision for one in known.sessions}
    planned, appointments = [], []
    for one, placed in zip(task.sessions, result.proposal.sessions, strict=True):
        mode = "hybrid" if one.key in wish.hybrid else one.mode
        ids = one.session_ids or tuple(new_id() for _ in placed.times)
        for number, (session_id, (starts, ends)) in enumerate(zip(ids, placed.times, strict=True), 1):
            part = f" ({number}/{len(ids)})" if len(ids) > 1 else ""
            planned.append(
                PlannedSession(
                    run_id=one.run_id,
                    session_id=session_id,
                    revision=revisions.get(session_id, 0),
                    title=one.title[: 200 - len(part)] + part,
                    starts=starts,
                    ends=ends,
                    zone=context.settings.zone,
                    mode=mode,
                    place="" if mode == "online" else wish.place,
                )
            )
            appointments.append(Appointment(one.key, one.run_id, session_id))
    return planned, appointments


async def _outdate(context: Context, suggestion_id: UUID) -> None:
    mine = (suggestion.c.id == suggestion_id) & (suggestion.c.programme_id == context.programme_id)
    async with context.write() as connection:
        await connection.execute(update(suggestion).where(mine, suggestion.c.state == "done").values(state="stale"))
