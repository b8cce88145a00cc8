"""Childcare that is offered while sessions take place: entered, changed, called off, and found."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select, update

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    FieldError,
    InvalidInput,
    NotFound,
    changed_or_raise,
    new_id,
    now,
    read_run,
    read_sessions,
)
from lms_family_sessions import childcare_mail as mail
from lms_family_sessions.childcare_places import fill, hold
from lms_family_sessions.childcare_terms import NewOffers, Offer, OfferContent, Offers, Terms, at, instant
from lms_family_sessions.tables_childcare import booking, offer, offer_run

PAGE = 100
SUPPRESSED_BELOW = 5
"""Smaller groups are not told in figures: who is meant could be guessed."""


async def places_for(connection: AsyncConnection, programme_id: UUID, starts: datetime, ends: datetime) -> int:
    """Return for how many children there is childcare all the time between two aware moments, taken or not.

    One statement.
    """
    lasting = (offer.c.starts_at <= starts) & (offer.c.ends_at >= ends) & offer.c.cancelled_at.is_(None)
    query = select(func.coalesce(func.sum(offer.c.places), 0)).where(offer.c.programme_id == programme_id, lasting)
    return int((await connection.execute(query)).scalar_one())


async def create(context: Context, connection: AsyncConnection, new: NewOffers) -> Offers:
    """Offer childcare on the days of sessions. Raises NotFound for a run that is not the programme's, and InvalidInput.

    Six statements, and one for each run.
    """
    runs = sorted(set(new.runs))
    for run_id in runs:
        if (await read_run(connection, run_id)).programme_id != context.programme_id:
            raise NotFound(f"The programme has no run {run_id}.")
    days = set(new.days)
    if not new.every_day:
        zone = ZoneInfo(new.zone)
        sessions = [one for one in await read_sessions(connection, runs) if one.cancelled_at is None]
        days &= {instant(one.starts, one.zone).astimezone(zone).date() for one in sessions}
        if not days:
            where = [FieldError("body.runs", "have no session between these days; `everyDay` is for days without")]
            raise InvalidInput("There is no day to offer childcare on.", errors=where)
    terms = {name: getattr(new, name) for name in Terms.__struct_fields__}
    made = [
        {"id": new_id(), "programme_id": context.programme_id, "revision": 1, **_kept(OfferContent(day=day, **terms))}
        for day in sorted(days)
    ]
    await connection.execute(insert(offer), made)
    pairs = [(row["id"], run_id) for row in made for run_id in runs]
    mine = context.programme_id
    links = [{"offer_id": offer_id, "run_id": run_id, "programme_id": mine} for offer_id, run_id in pairs]
    await connection.execute(insert(offer_run), links)
    return Offers(await _read(connection, offer.c.id.in_([row["id"] for row in made])), None)


def _kept(content: OfferContent) -> dict[str, Any]:
    return {
        **{name: getattr(content, name) for name in OfferContent.__struct_fields__},
        "starts_at": instant(at(content.day, content.begins), content.zone),
        "ends_at": instant(at(content.day, content.ends), content.zone),
        "changed_at": now(),
    }


async def read(context: Context, connection: AsyncConnection, offer_id: UUID) -> Offer:
    """Return an offer of the programme, one that was called off as well. Raises NotFound. Three statements."""
    found = await _read(connection, (offer.c.id == offer_id) & (offer.c.programme_id == context.programme_id))
    if not found:
        raise NotFound("There is no such offer.")
    return found[0]


async def read_all(context: Context, connection: AsyncConnection, cursor: UUID | None) -> Offers:
    """Return a page of what is offered and not over yet. Three statements."""
    wanted = (offer.c.programme_id == context.programme_id) & (offer.c.ends_at > now())
    if cursor:
        wanted &= offer.c.id > cursor
    items = await _read(connection, wanted & offer.c.cancelled_at.is_(None), PAGE + 1)
    return Offers(items[:PAGE], items[PAGE - 1].id if len(items) > PAGE else None)


async def change(
    context: Context, connection: AsyncConnection, offer_id: UUID, content: OfferContent, expected: int
) -> Offer:
    """Put another content in an offer's place; further places go to those who wait, and a move is told to all.

    What is booked costs what it cost then. Raises NotFound, PreconditionFailed, and Conflict when it is called off, or
    when more is booked than there would be places.
    """
    before = await hold(context, connection, offer_id)
    if before.cancelled_at is not None:
        raise Conflict("This offer was called off, and people may have been told so already; enter a new one.")
    active = (booking.c.offer_id == offer_id) & booking.c.state.in_(["booked", "waiting"])
    query = select(booking.c.state, booking.c.person_id).where(active)
    rows = (await connection.execute(query)).all()
    booked = sum(row.state == "booked" for row in rows)
    if content.places < booked:
        reason = "must be at least as many as are booked; the family office can cancel some before"
        raise Conflict(
            "There are more bookings than there would be places.", errors=[FieldError("body.places", reason)]
        )
    await _write(context, connection, offer_id, expected, _kept(content))
    present = await hold(context, connection, offer_id)
    if (before.starts_at, before.ends_at, before.place) != (present.starts_at, present.ends_at, present.place):
        await mail.moved(context, connection, {row.person_id for row in rows}, before, present)
    await fill(context, connection, present)
    return await read(context, connection, offer_id)


async def call_off(context: Context, connection: AsyncConnection, offer_id: UUID, expected: int) -> None:
    """Call an offer off: nobody has to pay, and each who has a place or waits is told. Again changes nothing.

    Raises NotFound, PreconditionFailed, and Conflict when it has begun.
    """
    before = await hold(context, connection, offer_id)
    if before.cancelled_at is not None:
        return
    if before.starts_at <= now():
        raise Conflict("It has begun already.")
    await _write(context, connection, offer_id, expected, {"cancelled_at": now(), "changed_at": now()})
    active = (booking.c.offer_id == offer_id) & booking.c.state.in_(["booked", "waiting"])
    people = (await connection.execute(select(booking.c.person_id).where(active))).scalars().all()
    owed = booking.c.offer_id == offer_id
    gone = {"revision": booking.c.revision + 1, "changed_at": now()}
    await connection.execute(update(booking).where(active).values(state="cancelled", **gone))
    await connection.execute(update(booking).where(owed, booking.c.cost == "due").values(cost="none"))
    await connection.execute(update(booking).where(owed, booking.c.cost == "paid").values(cost="refund"))
    await mail.called_off(context, connection, set(people), before)


async def _write(
    context: Context, connection: AsyncConnection, offer_id: UUID, expected: int, values: dict[str, Any]
) -> None:
    mine = (offer.c.id == offer_id) & (offer.c.programme_id == context.programme_id)
    change = update(offer).where(mine, offer.c.revision == expected).values(**values, revision=expected + 1)
    if not (await connection.execute(change)).rowcount:
        await changed_or_raise(connection, offer, mine, expected)


async def _read(connection: AsyncConnection, wanted: Any, limit: int | None = None) -> list[Offer]:
    rows = (await connection.execute(select(offer).where(wanted).order_by(offer.c.id).limit(limit))).all()
    ids = [row.id for row in rows]
    runs: dict[UUID, list[UUID]] = {}
    query = select(offer_run.c.offer_id, offer_run.c.run_id).where(offer_run.c.offer_id.in_(ids))
    for offer_id, run_id in await connection.execute(query.order_by(offer_run.c.run_id)):
        runs.setdefault(offer_id, []).append(run_id)
    counts = await _counts(connection, ids)
    return [_shape(row, runs.get(row.id, []), counts) for row in rows]


async def _counts(connection: AsyncConnection, ids: Collection[UUID]) -> dict[tuple[UUID, str], int]:
    """Count what is booked and waited for, where there are enough of them."""
    number = func.count()
    query = (
        select(booking.c.offer_id, booking.c.state, number)
        .where(booking.c.offer_id.in_(ids))
        .group_by(booking.c.offer_id, booking.c.state)
        .having(number >= SUPPRESSED_BELOW)
    )
    return {(offer_id, state): count for offer_id, state, count in await connection.execute(query)}


def _shape(row: Any, runs: list[UUID], counts: dict[tuple[UUID, str], int]) -> Offer:
    known = {name: getattr(row, name) for name in Offer.__struct_fields__ if hasattr(row, name)}
    closes_at = instant(row.closes, row.zone)
    return Offer(
        **known,
        closes_at=closes_at,
        free_until_at=instant(row.free_until, row.zone),
        runs=runs,
        open=row.cancelled_at is None and now() <= closes_at,
        booked=counts.get((row.id, "booked")),
        waiting=counts.get((row.id, "waiting")),
    )
