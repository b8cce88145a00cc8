"""Requests that somebody approves of or declines, and seats that are offered until a deadline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import select

from lms_core.db import AsyncConnection, Database
from lms_core.enrolment import seats
from lms_core.enrolment import types as t
from lms_core.enrolment.filling import HOOK, Deciding, fill, hold, moved
from lms_core.enrolment.moves import apply, columns
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import Conflict, NotFound
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.types import EnrolmentRequest
from lms_core.modules.tables import run
from lms_core.types import now


async def read(connection: AsyncConnection, run_id: UUID, person_id: UUID) -> Any:
    """Return the row of an enrolment. Raises NotFound."""
    same = (run_enrolment.c.run_id == run_id) & (run_enrolment.c.person_id == person_id)
    row = (await connection.execute(select(*columns).where(same))).first()
    if row is None:
        raise NotFound("There is no such enrolment.")
    return row


async def approve(
    database: Database, hooks: Dispatcher, run_id: UUID, person_id: UUID, approval: t.Approval, actor: UUID
) -> t.RunEnrolment:
    """Approve of a request, which then gets a seat or waits, or decline it; the same answer again changes nothing.

    Plugins are asked again before she gets a seat. Raises NotFound, Unavailable, and Conflict when it was answered
    otherwise before, or a rule or a plugin objects.
    """
    if approval.approved:
        async with database.read() as connection:
            row = await read(connection, run_id, person_id)
            module_id = await connection.scalar(select(run.c.module_id).where(run.c.id == run_id))
        if row.state == "requested" and row.programme_id is not None and module_id is not None:
            await seats.judge(hooks, EnrolmentRequest(person_id, run_id, module_id, row.programme_id))
    deciding = await hooks.deciding(HOOK)
    async with database.write() as connection:
        await hold(connection, run_id, missing="There is no such enrolment.")
        row = await read(connection, run_id, person_id)
        if row.state != "requested":
            if (row.state in ("waiting", "offered", "enrolled")) if approval.approved else (row.state == "declined"):
                return seats.shape(row)
            raise Conflict(f"There is no open request: this enrolment is {row.state}.")
        if approval.approved:
            people, why = [(person_id, row.programme_id)], approval.reason
            taken = seats.take_seats(connection, run_id, people, "run", deciding=deciding, actor=actor, reason=why)
            return await seats.only(taken)
        await apply(connection, run_id, [moved(row, "declined", actor, reason=approval.reason, why="declined")])
        return seats.shape(await read(connection, run_id, person_id))


async def accept(connection: AsyncConnection, run_id: UUID, person_id: UUID) -> t.RunEnrolment:
    """Take the seat that is offered; again changes nothing. Raises NotFound, and Conflict without an offer."""
    await hold(connection, run_id, missing="There is no such enrolment.")
    row = await read(connection, run_id, person_id)
    if row.state == "enrolled":
        return seats.shape(row)
    if row.state != "offered" or row.deadline <= now():
        since = f", it expired at {row.deadline:%Y-%m-%d %H:%M} UTC" if row.state == "offered" else ""
        raise Conflict(f"No seat is offered to you at the moment{since}.")
    await apply(connection, run_id, [moved(row, "enrolled", person_id, quota=row.quota, claimed=row.claimed)])
    return seats.shape(await read(connection, run_id, person_id))


async def expire(connection: AsyncConnection, run_id: UUID, deciding: Deciding) -> None:
    """Let the offers of a run go whose deadline has passed, and offer their seats to the next."""
    held = await hold(connection, run_id)
    late = select(*columns).where(
        run_enrolment.c.run_id == run_id, run_enrolment.c.state == "offered", run_enrolment.c.deadline <= now()
    )
    why: Any = {"reason": "The offer was not accepted in time.", "why": "expired"}
    rows = await connection.execute(late.order_by(run_enrolment.c.turn))
    expired = [moved(row, "expired", None, **why) for row in rows]
    if expired:
        await apply(connection, run_id, expired)
        await fill(connection, replace(held, seats_taken=held.seats_taken - len(expired)), deciding)
