"""When people cannot come or would rather not: days, weekdays and minutes of the day, without a reason."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import or_, select

from lms_core.api import AsyncConnection
from lms_family_sessions.tables_care import constraint

DAY = timedelta(days=1)

WHOLE_DAY = 24 * 60
EVERY_DAY = 0b1111111
SUNDAY = 0b1000000


class Constraint(msgspec.Struct, frozen=True, kw_only=True):
    """A person cannot come, or would rather not, on days from `first_day` to `last_day` (null: no end).

    Of these days it means those whose weekday is in the bits of `weekdays` (Monday is 1), from `from_minute` to
    `to_minute` of the day as the wall shows it in `zone`; 0 to 1440 is the whole day.
    """

    id: UUID
    programme_id: UUID
    person_id: UUID
    entry_id: UUID
    strength: Literal["cannot", "rather_not"]
    first_day: date
    last_day: date | None
    weekdays: int
    from_minute: int
    to_minute: int
    zone: str


def intervals(one: Constraint, starts: datetime, ends: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield when a constraint holds between two aware moments, in UTC and in order; what touches is one interval.

    Where clocks are changed it holds for the longer of the possible times: an hour that comes twice counts twice.
    """
    zone = ZoneInfo(one.zone)
    day = max(one.first_day, starts.astimezone(zone).date() - DAY)
    last = ends.astimezone(zone).date()
    if one.last_day is not None:
        last = min(last, one.last_day)
    held: tuple[datetime, datetime] | None = None
    while day <= last:
        if one.weekdays >> day.weekday() & 1:
            begin = max(min(_moments(day, one.from_minute, zone)), starts.astimezone(UTC))
            end = min(max(_moments(day, one.to_minute, zone)), ends.astimezone(UTC))
            if held and begin <= held[1]:
                held = (held[0], max(held[1], end))
            elif begin < end:
                if held:
                    yield held
                held = (begin, end)
        day += DAY
    if held:
        yield held


def _moments(day: date, minute: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return what the wall's time may mean; two moments where it comes twice or never."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    return wall.replace(tzinfo=zone).astimezone(UTC), wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


async def read_constraints(
    connection: AsyncConnection, programme_id: UUID, persons: Collection[UUID], starts: datetime, ends: datetime
) -> list[Constraint]:
    """Return the constraints of persons that may hold between two moments, in the order of their ids. One statement."""
    c = constraint.c
    query = select(*(c[name].label(name) for name in Constraint.__struct_fields__)).where(
        c.programme_id == programme_id,
        c.person_id.in_(persons),
        c.first_day <= ends.date() + DAY,
        or_(c.last_day.is_(None), c.last_day >= starts.date() - 2 * DAY),
    )
    return [Constraint(**row._mapping) for row in await connection.execute(query.order_by(c.id))]
