"""The rules about seats in runs. Whoever changes a seat holds the run's row, so nothing is ever counted twice."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, insert, select, update

from lms_core.db import AsyncConnection, Database
from lms_core.enrolment import types as t
from lms_core.enrolment.tables import programme_enrolment, run_enrolment
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.types import EnrolmentCreated, EnrolmentEnded, EnrolmentRequest
from lms_core.http import changed_or_raise
from lms_core.modules.tables import adoption, module, run
from lms_core.outbox.events import emit
from lms_core.people.tables import person
from lms_core.types import now

_columns = (
    run_enrolment.c.person_id, run_enrolment.c.run_id, run_enrolment.c.programme_id, run_enrolment.c.state,
    run_enrolment.c.turn, run_enrolment.c.since,
)  # fmt: skip


def _of(person_id: UUID, run_id: UUID) -> Any:
    return (run_enrolment.c.person_id == person_id) & (run_enrolment.c.run_id == run_id)


async def counting_programme(
    connection: AsyncConnection, person_id: UUID, run_id: UUID, wanted: UUID | None, *, single: bool
) -> tuple[UUID, UUID | None]:
    """Return the run's module and the programme under which a person's enrolment would count.

    It must be one that the person studies and that owns or has adopted the module. With `single`, a person who
    studies none of them takes a single module, which counts under none. Raises NotFound and InvalidInput.
    """
    place = (
        await connection.execute(
            select(run.c.module_id, module.c.programme_id)
            .join_from(run, module, module.c.id == run.c.module_id)
            .where(run.c.id == run_id)
        )
    ).first()
    if place is None:
        raise NotFound("There is no such run.")
    adopters = select(adoption.c.programme_id).where(adoption.c.module_id == place.module_id)
    studied = select(programme_enrolment.c.programme_id).where(
        programme_enrolment.c.person_id == person_id,
        programme_enrolment.c.state == "enrolled",
        (programme_enrolment.c.programme_id == place.programme_id) | programme_enrolment.c.programme_id.in_(adopters),
    )
    possible = sorted((await connection.execute(studied)).scalars())
    if wanted is None and len(possible) <= 1:
        if not possible and not single:
            raise InvalidInput(
                "You study no programme that offers this module.",
                errors=[FieldError("body.programmeId", "enrol in a programme first, or ask an administrator")],
            )
        return place.module_id, possible[0] if possible else None
    if wanted not in possible:
        choices = ", ".join(map(str, possible)) or "none"
        where = FieldError("body.programmeId", f"must be one that the person studies and that offers this: {choices}")
        raise InvalidInput("The enrolment cannot count under this programme.", errors=[where])
    return place.module_id, wanted


async def enrol(
    database: Database,
    hooks: Dispatcher,
    run_id: UUID,
    person_id: UUID,
    wanted: UUID | None,
    *,
    single: bool,
) -> t.RunEnrolment:
    """Give a person a seat in a run, or a place in its waiting list when it is full.

    The plugins of the programme under which it counts are asked first, outside the transaction. Enrolling again
    changes nothing. Raises NotFound, InvalidInput, Unavailable (a plugin could not check), and Conflict when the
    run is closed or a plugin objects.
    """
    async with database.read() as connection:
        if await connection.scalar(select(person.c.id).where(person.c.id == person_id)) is None:
            raise NotFound("There is no such person.")
        module_id, programme_id = await counting_programme(connection, person_id, run_id, wanted, single=single)
        present = (await connection.execute(select(*_columns).where(_of(person_id, run_id)))).first()
    if present and present.state != "withdrawn":
        if wanted not in (None, present.programme_id):
            raise Conflict(
                "The person is enrolled already, counted under another programme or none; withdraw her first."
            )
        return t.RunEnrolment(**present._mapping)
    if programme_id is not None:
        request = EnrolmentRequest(person_id, run_id, module_id, programme_id)
        objections = await hooks.decide("check_enrolment", programme_id, request)
        if objections:
            reasons = [FieldError(objection.code, objection.reason) for objection in objections]
            raise Conflict(" ".join(objection.reason for objection in objections), errors=reasons)
    async with database.write() as connection:
        return await take_seat(connection, run_id, person_id, programme_id)


async def take_seat(
    connection: AsyncConnection, run_id: UUID, person_id: UUID, programme_id: UUID | None
) -> t.RunEnrolment:
    """Hold the run's row, then give a seat or a waiting place, with one event. Raises Conflict when it is closed."""
    held = await _hold(connection, run_id)
    present = (await connection.execute(select(*_columns).where(_of(person_id, run_id)))).first()
    if present and present.state != "withdrawn":
        return t.RunEnrolment(**present._mapping)
    if not held.open:
        raise Conflict("This run takes no enrolments at the moment.")
    turns = select(func.coalesce(func.max(run_enrolment.c.turn), 0)).where(run_enrolment.c.run_id == run_id)
    turn = (await connection.execute(turns)).scalar_one() + 1
    free = held.seats_taken < held.capacity
    values = {"programme_id": programme_id, "state": "enrolled" if free else "waiting", "turn": turn, "since": now()}
    if present:
        await connection.execute(update(run_enrolment).where(_of(person_id, run_id)).values(**values))
    else:
        await connection.execute(insert(run_enrolment), {"person_id": person_id, "run_id": run_id, **values})
    if free:
        await connection.execute(update(run).where(run.c.id == run_id).values(seats_taken=run.c.seats_taken + 1))
    made = t.RunEnrolment(person_id=person_id, run_id=run_id, **values)
    await _tell(connection, made)
    return made


async def withdraw(connection: AsyncConnection, run_id: UUID, person_id: UUID) -> None:
    """Give up a seat or waiting place; a freed seat promotes from the waiting list in the same transaction.

    No plugin is asked. Withdrawing again changes nothing. Raises NotFound, and Conflict once the run is completed.
    """
    held = await _hold(connection, run_id, missing="There is no such enrolment.")  # a stranger learns of no run
    query = select(run_enrolment.c.state, run_enrolment.c.programme_id).where(_of(person_id, run_id))
    present = (await connection.execute(query)).first()
    if present is None:
        raise NotFound("There is no such enrolment.")
    if present.state == "completed":
        raise Conflict("The run is completed; nobody can withdraw from it any more.")
    if present.state == "withdrawn":
        return
    await connection.execute(update(run_enrolment).where(_of(person_id, run_id)).values(state="withdrawn", since=now()))
    ended = EnrolmentEnded(person_id, run_id, present.programme_id, present.state)
    await emit(connection, "enrolment_ended", f"run:{run_id}", present.programme_id, ended)
    if present.state == "enrolled":
        await _promote(connection, run_id, held.seats_taken - 1, held.capacity)


async def change_capacity(connection: AsyncConnection, run_id: UUID, capacity: int, expected: int) -> None:
    """Set the number of seats; more seats promote. Raises Conflict below the seats taken, PreconditionFailed."""
    held = await _hold(connection, run_id)
    if held.revision != expected:
        await changed_or_raise(connection, run, run.c.id == run_id, expected)
    if capacity < held.seats_taken:
        where = FieldError("body.capacity", f"must be at least {held.seats_taken}, the seats taken")
        raise Conflict("Nobody loses a seat by a smaller capacity.", errors=[where])
    await connection.execute(update(run).where(run.c.id == run_id).values(capacity=capacity, revision=expected + 1))
    await _promote(connection, run_id, held.seats_taken, capacity)


async def _hold(connection: AsyncConnection, run_id: UUID, missing: str = "There is no such run.") -> Any:
    """Lock the run's row until the transaction ends (on SQLite the transaction has the whole database)."""
    query = select(run.c.capacity, run.c.seats_taken, run.c.open, run.c.revision).where(run.c.id == run_id)
    held = (await connection.execute(query.with_for_update())).first()
    if held is None:
        raise NotFound(missing)
    return held


async def _promote(connection: AsyncConnection, run_id: UUID, seats_taken: int, capacity: int) -> None:
    """Fill free seats from the waiting list in the order of arrival, and set the seats taken."""
    first = (
        select(run_enrolment.c.person_id)
        .where(run_enrolment.c.run_id == run_id, run_enrolment.c.state == "waiting")
        .order_by(run_enrolment.c.turn)
        .limit(capacity - seats_taken)
    )
    promoted = await connection.execute(
        update(run_enrolment)
        .where(run_enrolment.c.run_id == run_id, run_enrolment.c.person_id.in_(first.scalar_subquery()))
        .values(state="enrolled", since=now())
        .returning(*_columns)
    )
    rows = sorted(promoted.all(), key=lambda row: row.turn)
    await connection.execute(update(run).where(run.c.id == run_id).values(seats_taken=seats_taken + len(rows)))
    for row in rows:
        await _tell(connection, t.RunEnrolment(**row._mapping))


async def _tell(connection: AsyncConnection, made: t.RunEnrolment) -> None:
    state: Literal["enrolled", "waiting"] = "waiting" if made.state == "waiting" else "enrolled"
    event = EnrolmentCreated(made.person_id, made.run_id, made.programme_id, state)
    await emit(connection, "enrolment_created", f"run:{made.run_id}", made.programme_id, event)
