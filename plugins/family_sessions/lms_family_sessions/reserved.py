"""For whom seats of runs are reserved: the family office says so; whether it is a hardship is never reckoned."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from lms_core.api import (
    AsyncConnection,
    BadValue,
    Context,
    Payload,
    View,
    claim_seats,
    read_persons,
    read_seat_claims,
)
from lms_family_sessions.needs import FIRST, LAST
from lms_family_sessions.reckoning import DAY


class ReservedSeat(Payload, frozen=True, kw_only=True):
    """For whom seats are reserved until the end of a day (null: no more)."""

    person_id: UUID
    last_day: date | None

    def __post_init__(self) -> None:
        """Refuse days nobody plans."""
        if self.last_day and not FIRST <= self.last_day <= LAST:
            raise BadValue("lastDay", f"must be from {FIRST} to {LAST}")


class Reserved(View, frozen=True):
    """Through which day seats are reserved for a person; null if they are not."""

    last_day: date | None


class SomeoneReserved(View, frozen=True, kw_only=True):
    """A person for whom seats are reserved, through a day."""

    person_id: UUID
    name: str
    last_day: date


class ReservedSeats(View, frozen=True):
    """All for whom seats are reserved."""

    items: list[SomeoneReserved]


async def put(context: Context, connection: AsyncConnection, new: ReservedSeat) -> Reserved:
    """Reserve seats for a person, or no more. Raises NotFound if she does not study the programme.

    At most three statements, and one for each run in which she waits for such a seat.
    """
    until = None
    if new.last_day:
        until = datetime.combine(new.last_day + DAY, time(), ZoneInfo(context.settings.zone)).astimezone(UTC)
    await claim_seats(context, connection, new.person_id, until)
    return Reserved(new.last_day)


async def read(context: Context, connection: AsyncConnection, person_id: UUID) -> Reserved:
    """Return through which day seats are reserved for a person. One statement."""
    found = await read_seat_claims(context, connection, person_id)
    return Reserved(_last_day(context, found[0].until) if found else None)


async def read_all(context: Context, connection: AsyncConnection) -> ReservedSeats:
    """Return for whom seats are reserved, in the order of names. Two statements."""
    until = {one.person_id: one.until for one in await read_seat_claims(context, connection)}
    people = sorted(await read_persons(connection, list(until)), key=lambda one: (one.name, one.id))
    return ReservedSeats(
        [SomeoneReserved(person_id=p.id, name=p.name, last_day=_last_day(context, until[p.id])) for p in people]
    )


def _last_day(context: Context, until: datetime) -> date:
    return (until.astimezone(ZoneInfo(context.settings.zone)) - timedelta(microseconds=1)).date()
