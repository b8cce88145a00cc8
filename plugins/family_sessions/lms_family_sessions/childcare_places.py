"""Who has a place in childcare, and who waits: given by the rules of the core, while the offer's row is held."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, insert, select, update

from lms_core.api import (
    AsyncConnection,
    Candidate,
    Conflict,
    Context,
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    allocate,
    new_id,
    now,
    read_participants,
)
from lms_family_sessions import childcare_mail as mail
from lms_family_sessions.childcare_terms import Booking, CostDecision, NewBooking, instant
from lms_family_sessions.tables_childcare import booking, offer, offer_run

MOST_CHILDREN = 10


async def hold(context: Context, connection: AsyncConnection, offer_id: UUID) -> Any:
    """Return an offer of the programme, locked until the transaction ends; whoever changes its places does so.

    Raises NotFound. One statement.
    """
    mine = (offer.c.id == offer_id) & (offer.c.programme_id == context.programme_id)
    row = (await connection.execute(select(offer).where(mine).with_for_update(key_share=True))).first()
    if row is None:
        raise NotFound("There is no such offer.")
    return row


async def book(context: Context, connection: AsyncConnection, offer_id: UUID, new: NewBooking) -> Booking:
    """Give the person who asks a place for a child, or one in the waiting list.

    Raises NotFound, Forbidden without a seat in one of the offer's runs, InvalidInput for another age, and Conflict
    when booking is over. Eight statements.
    """
    held = await hold(context, connection, offer_id)
    person_id = context.person_id
    assert person_id
    seated = await _seated(connection, offer_id)
    if person_id not in seated:
        raise Forbidden("This childcare is for participants of certain courses; you have no seat in one of them.")
    if held.cancelled_at is not None:
        raise Conflict("This offer was called off.")
    if now() > instant(held.closes, held.zone):
        raise Conflict(f"Booking was possible until {held.closes:%Y-%m-%d %H:%M} ({held.zone}).")
    if not held.age_from <= new.age <= held.age_to:
        reason = f"must be from {held.age_from} to {held.age_to}, for whom it is"
        raise InvalidInput("There is no childcare for this age.", errors=[FieldError("body.age", reason)])
    hers = (booking.c.person_id == person_id) & (booking.c.state != "cancelled")
    figures = select(func.count(case((hers, 1))), func.coalesce(func.max(booking.c.turn), 0))
    active, last = (await connection.execute(figures.where(booking.c.offer_id == offer_id))).one()
    if active >= MOST_CHILDREN:
        raise Conflict(f"You have {active} bookings of this offer already, which is the most.")
    values = {
        "id": new_id(), "programme_id": context.programme_id, "offer_id": offer_id, "person_id": person_id,
        "age": new.age, "state": "waiting", "turn": last + 1, "cost": "none", "cost_cents": held.cost_cents,
        "currency": held.currency, "revision": 1, "changed_at": now(),
    }  # fmt: skip
    await connection.execute(insert(booking), values)
    await fill(context, connection, held, newcomer=values["id"], seated=seated)
    return shape((await connection.execute(select(booking).where(booking.c.id == values["id"]))).one())


async def fill(
    context: Context,
    connection: AsyncConnection,
    held: Any,
    *,
    newcomer: UUID | None = None,
    seated: Collection[UUID] | None = None,
) -> None:
    """Give the free places to those who wait, in their turns, and write to them; the newcomer sees it in her answer.

    Who has no seat in the runs any more is passed over.
    """
    if held.cancelled_at is not None or held.starts_at <= now():
        return
    active = (booking.c.offer_id == held.id) & (booking.c.state != "cancelled")
    query = select(booking.c.id, booking.c.person_id, booking.c.state).where(active).order_by(booking.c.turn)
    rows = (await connection.execute(query)).all()
    waiting = [row for row in rows if row.state == "waiting"]
    taken = len(rows) - len(waiting)
    if not waiting or taken >= held.places:
        return
    if seated is None:
        seated = await _seated(connection, held.id)
    entrants = [row for row in waiting if row.person_id in seated]
    candidates = [Candidate(row.person_id, held.programme_id, ready=True) for row in entrants]
    found = allocate(held.places, taken, (), candidates, now())
    up = entrants[: len(found.seats)]  # there are no quotas, so the first ones get them
    for whose in ([row for row in up if row.id == newcomer], [row for row in up if row.id != newcomer]):
        if whose:
            moved = None if whose[0].id == newcomer else now()
            change = update(booking).where(booking.c.id.in_([row.id for row in whose]))
            cost = "due" if held.cost_cents else "none"
            values = {"state": "booked", "cost": cost, "moved_up_at": moved, "changed_at": now()}
            await connection.execute(change.values(**values, revision=booking.c.revision + 1))
    for row in up:
        if row.id != newcomer:
            await mail.moved_up(context, connection, row.person_id, held)


async def cancel(
    context: Context, connection: AsyncConnection, booking_id: UUID, *, offer_id: UUID | None = None
) -> Booking:
    """Cancel a booking of the person who asks, or of anybody if the offer is named; the next moves up at once.

    It costs nothing until `freeUntil`, nor does it cost who moved up only after that. Again changes nothing. Raises
    NotFound, and Conflict once it has begun.
    """
    mine = (booking.c.id == booking_id) & (booking.c.programme_id == context.programme_id)
    mine &= booking.c.person_id == context.person_id if offer_id is None else booking.c.offer_id == offer_id
    where = await connection.scalar(select(booking.c.offer_id).where(mine))
    if where is None:
        raise NotFound("There is no such booking.")
    held = await hold(context, connection, where)
    row = (await connection.execute(select(booking).where(mine))).one()
    if row.state == "cancelled":
        return shape(row)
    if held.starts_at <= now():
        raise Conflict("It has begun already, so that nothing can be cancelled any more.")
    free_until = instant(held.free_until, held.zone)
    free = offer_id is not None or now() <= free_until or (row.moved_up_at is not None and row.moved_up_at > free_until)
    cost = row.cost
    if free or row.state == "waiting":
        cost = "refund" if row.cost == "paid" else "none"
    values = {"state": "cancelled", "cost": cost, "revision": row.revision + 1, "changed_at": now()}
    change = update(booking).where(booking.c.id == booking_id).values(**values)
    done = (await connection.execute(change.returning(booking))).one()
    if row.state == "booked":
        await fill(context, connection, held)
    return shape(done)


async def decide_cost(
    context: Context, connection: AsyncConnection, offer_id: UUID, booking_id: UUID, decision: CostDecision
) -> Booking:
    """Say what is to be paid for a booking. Raises NotFound, and Conflict for one that waits. Three statements."""
    await hold(context, connection, offer_id)
    same = (booking.c.id == booking_id) & (booking.c.offer_id == offer_id)
    row = (await connection.execute(select(booking).where(same))).first()
    if row is None:
        raise NotFound("There is no such booking.")
    if row.state == "waiting":
        raise Conflict("There is nothing to be paid for a place that is waited for.")
    values = {"cost": decision.cost, "revision": row.revision + 1, "changed_at": now()}
    return shape((await connection.execute(update(booking).where(same).values(**values).returning(booking))).one())


async def _seated(connection: AsyncConnection, offer_id: UUID) -> set[UUID]:
    """Return who has a seat in one of the runs of an offer. Two statements."""
    runs = (
        (await connection.execute(select(offer_run.c.run_id).where(offer_run.c.offer_id == offer_id))).scalars().all()
    )
    return {one.person.id for one in await read_participants(connection, runs)}


def shape(row: Any) -> Booking:
    """Describe a booking by its row."""
    return Booking(**{name: getattr(row, name) for name in Booking.__struct_fields__})
