"""What is shown of bookings: to those who care for the children, to the family office, and to who booked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from lms_core.api import AsyncConnection, CalendarEntry, CalendarRequest, Context, NotFound, read_person, read_persons
from lms_family_sessions.childcare_places import shape
from lms_family_sessions.childcare_terms import Bookings, CareTime, Families, Family, at
from lms_family_sessions.tables_childcare import booking, offer

TITLES = {"en": "Reservation", "de": "Reservierung"}
"""Whoever reads a calendar learns nothing else."""


async def mine(context: Context, connection: AsyncConnection) -> Bookings:
    """Return the bookings of the person who asks. One statement."""
    hers = (booking.c.person_id == context.person_id) & (booking.c.programme_id == context.programme_id)
    rows = await connection.execute(select(booking).where(hers).order_by(booking.c.id))
    return Bookings([shape(row) for row in rows])


async def care_time(context: Context, connection: AsyncConnection, offer_id: UUID) -> CareTime:
    """Return hours and ages of an offer, the youngest first. Raises NotFound. Two statements."""
    found = await _offer(context, connection, offer_id)
    booked = (booking.c.offer_id == offer_id) & (booking.c.state == "booked")
    ages = await connection.execute(select(booking.c.age).where(booked).order_by(booking.c.age))
    return CareTime(found.begins, found.ends, list(ages.scalars()))


async def families(context: Context, connection: AsyncConnection, offer_id: UUID) -> Families:
    """Return who booked an offer, or still has to do with its costs. Raises NotFound. Three statements."""
    await _offer(context, connection, offer_id)
    wanted = or_(booking.c.state != "cancelled", booking.c.cost != "none")
    query = select(booking).where(booking.c.offer_id == offer_id, wanted)
    rows = (await connection.execute(query.order_by(booking.c.state, booking.c.turn))).all()
    people = {one.id: one for one in await read_persons(connection, {row.person_id for row in rows})}
    found = [(shape(row), people[row.person_id]) for row in rows]
    return Families([Family(booking=one, person_id=who.id, name=who.name, email=who.email) for one, who in found])


async def calendar(context: Context, request: CalendarRequest) -> list[CalendarEntry]:
    """Return when a person has places in childcare, by a title that tells nothing. Two statements."""
    query = (
        select(offer, booking.c.state, booking.c.revision.label("own"), booking.c.changed_at.label("own_changed_at"))
        .join_from(booking, offer, offer.c.id == booking.c.offer_id)
        .where(booking.c.person_id == request.person_id, booking.c.programme_id == context.programme_id)
        .where(offer.c.ends_at > request.since)
        .order_by(offer.c.id)
    )
    by_offer: dict[UUID, list[Any]] = {}
    async with context.read() as connection:
        for row in await connection.execute(query):
            by_offer.setdefault(row.id, []).append(row)
        if not by_offer:
            return []
        language = (await read_person(connection, request.person_id)).language
    return [_entry(rows, TITLES[language]) for rows in by_offer.values() if any(row.state != "waiting" for row in rows)]


def _entry(rows: list[Any], title: str) -> CalendarEntry:
    one = rows[0]
    return CalendarEntry(
        key=str(one.id),
        title=title,
        starts=at(one.day, one.begins),
        ends=at(one.day, one.ends),
        zone=one.zone,
        changed_at=max(one.changed_at, *(row.own_changed_at for row in rows)),
        sequence=one.revision + sum(row.own for row in rows),
        cancelled=all(row.state != "booked" for row in rows),
    )


async def _offer(context: Context, connection: AsyncConnection, offer_id: UUID) -> Any:
    same = (offer.c.id == offer_id) & (offer.c.programme_id == context.programme_id)
    row = (await connection.execute(select(offer).where(same))).first()
    if row is None:
        raise NotFound("There is no such offer.")
    return row
