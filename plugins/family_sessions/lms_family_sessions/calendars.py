"""School calendars: holidays of a Land with the movable days of its schools, and which of them matter to whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import CompoundSelect, delete, func, insert, literal, select, union

from lms_core.api import AsyncConnection, Context, FieldError, InvalidInput, Payload, View, new_id
from lms_family_sessions.day_files import NamedDays
from lms_family_sessions.holidays_of import DAY, FreeDays, Land, Span, free_days
from lms_family_sessions.tables_care import child_land
from lms_family_sessions.tables_holidays import calendar, movable_day

PAGE = 200

MOST_DAYS = 5 * 366
"""Days that can be asked about at once."""

School = Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[^\x00-\x1f]*(?!\n)$")]


class Calendar(Payload, frozen=True, order=True):
    """Holidays of the schools of a Land, and movable days of one of them by its name, as planners entered it."""

    land: Land
    school: School = ""


class MyCalendars(Payload, frozen=True):
    """The school calendars that matter to a person; whose child or work they are about is not asked."""

    calendars: Annotated[tuple[Calendar, ...], msgspec.Meta(max_length=10)]


class Holiday(View, frozen=True):
    """Days without school, from the first to the last; `movable` ones a school has chosen itself."""

    first: date
    last: date
    name: str
    kind: Literal["listed", "movable"]


class Holidays(View, frozen=True):
    """Days without school in a Land; of those in `unknown` nobody can tell yet whether there is school."""

    land: Land
    school: str
    items: list[Holiday]
    unknown: list[Span]


class MovableDays(View, frozen=True):
    """What a school has chosen itself."""

    id: UUID
    land: str
    school: str
    first_day: date
    last_day: date
    name: str


class MovableList(View, frozen=True):
    """Movable days of schools; `next`, unless it is null, is the cursor of the next page."""

    items: list[MovableDays]
    next: UUID | None


def check_span(first: date, last: date) -> None:
    """Raise InvalidInput unless days can be asked about."""
    wrong = []
    if last < first:
        wrong.append(FieldError("query.to", f"must not be before {first}"))
    elif last - first >= MOST_DAYS * DAY:
        wrong.append(FieldError("query.to", f"must be less than {MOST_DAYS} days after {first}"))
    for where, day in (("query.from", first), ("query.to", last)):
        if not 2000 <= day.year <= 2100:
            wrong.append(FieldError(where, "must be between 2000 and 2100"))
    if wrong:
        raise InvalidInput("These days cannot be asked about.", errors=wrong)


async def read_movable(
    connection: AsyncConnection, programme_id: UUID, first: date, last: date
) -> dict[Calendar, list[NamedDays]]:
    """Return the movable days between two days, by Land and school. One statement."""
    c = movable_day.c
    query = select(c.land, c.school, c.first_day, c.last_day, c.name).where(
        c.programme_id == programme_id, c.first_day <= last, c.last_day >= first
    )
    found: dict[Calendar, list[NamedDays]] = {}
    for land, school, *days in await connection.execute(query.order_by(c.first_day, c.id)):
        found.setdefault(Calendar(land, school), []).append(NamedDays(*days))
    return found


def movable_of(movable: dict[Calendar, list[NamedDays]], one: Calendar) -> list[NamedDays]:
    """Return the movable days of a school: its own, and those of all schools of the Land."""
    return [days for key in {one, Calendar(one.land)} for days in movable.get(key, [])]


def united(one: Calendar, movable: dict[Calendar, list[NamedDays]], first: date, last: date) -> FreeDays:
    """Return the free days of a calendar with its movable days, and what is unknown. Pure, but slow: use a thread."""
    listed = free_days(one.land, first, last)
    free = dict(listed.free)
    for days in movable_of(movable, one):
        for day in Span(max(days.first, first), min(days.last, last)).days():
            free.setdefault(day, days.name)
    return FreeDays(free, listed.unknown)


def shown(one: Calendar, movable: dict[Calendar, list[NamedDays]], first: date, last: date) -> Holidays:
    """Return the same as spans of days that have the same name."""
    listed = free_days(one.land, first, last)
    items: list[Holiday] = []
    for day, name in listed.free.items():
        if items and items[-1].name == name and items[-1].last + DAY == day:
            items[-1] = msgspec.structs.replace(items[-1], last=day)
        else:
            items.append(Holiday(day, day, name, "listed"))
    items += [
        Holiday(max(days.first, first), min(days.last, last), days.name, "movable") for days in movable_of(movable, one)
    ]
    return Holidays(one.land, one.school, sorted(items, key=lambda item: (item.first, item.kind)), list(listed.unknown))


async def replace_movable(
    context: Context, connection: AsyncConnection, one: Calendar, days: Sequence[NamedDays]
) -> None:
    """Put movable days of a school in place of those from before. Two statements."""
    where = (movable_day.c.programme_id == context.programme_id) & (movable_day.c.land == one.land)
    await connection.execute(delete(movable_day).where(where, movable_day.c.school == one.school))
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(), "programme_id": context.programme_id, "land": one.land, "school": one.school,
            "first_day": day.first, "last_day": day.last, "name": day.name,
        }
        for day in days
    ]  # fmt: skip
    if rows:
        await connection.execute(insert(movable_day), rows)


async def list_movable(context: Context, connection: AsyncConnection, cursor: UUID | None) -> MovableList:
    """Return a page of the movable days of the programme. One statement."""
    c = movable_day.c
    query = select(c.id, c.land, c.school, c.first_day, c.last_day, c.name).where(
        c.programme_id == context.programme_id
    )
    if cursor:
        query = query.where(c.id > cursor)
    items = [MovableDays(*row) for row in await connection.execute(query.order_by(c.id).limit(PAGE + 1))]
    return MovableList(items[:PAGE], items[PAGE - 1].id if len(items) > PAGE else None)


def _mattering(programme_id: UUID) -> CompoundSelect[Any]:
    """Select which calendars matter to whom in a programme, each once: those chosen, and those of children entered."""
    chosen, child = calendar.c, child_land.c
    return union(
        select(chosen.person_id, chosen.land, chosen.school).where(chosen.programme_id == programme_id),
        select(child.person_id, child.land, literal("")).where(child.programme_id == programme_id),
    )


async def read_calendars(
    connection: AsyncConnection, programme_id: UUID, persons: Collection[UUID]
) -> dict[UUID, tuple[Calendar, ...]]:
    """Return the school calendars that matter to persons, chosen or because of children that they entered.

    Those to whom none does are left out. One statement.
    """
    c = _mattering(programme_id).subquery().c
    query = select(c.person_id, c.land, c.school).where(c.person_id.in_(persons))
    found: dict[UUID, tuple[Calendar, ...]] = {}
    for person_id, land, school in await connection.execute(query.order_by(c.person_id, c.land, c.school)):
        found[person_id] = (*found.get(person_id, ()), Calendar(land, school))
    return found


async def read_shared(connection: AsyncConnection, programme_id: UUID, least: int) -> list[tuple[Calendar, int]]:
    """Return the calendars that matter to at least so many people of a programme, and to how many. One statement.

    Who has chosen the calendar of a Land, and has entered children there, is one person.
    """
    c, many = _mattering(programme_id).subquery().c, func.count()
    query = select(c.land, c.school, many).group_by(c.land, c.school)
    found = await connection.execute(query.having(many >= least).order_by(c.land, c.school))
    return [(Calendar(land, school), shared) for land, school, shared in found]


async def read_mine(context: Context, connection: AsyncConnection) -> MyCalendars:
    """Return the school calendars that whoever asks has chosen. One statement."""
    c = calendar.c
    query = select(c.land, c.school).where(c.programme_id == context.programme_id, c.person_id == context.person_id)
    found = await connection.execute(query.order_by(c.land, c.school))
    return MyCalendars(tuple(Calendar(*row) for row in found))


async def put_mine(context: Context, connection: AsyncConnection, mine: MyCalendars) -> MyCalendars:
    """Say which school calendars matter to whoever asks, in place of what she said before. Two statements."""
    assert context.person_id
    here = (calendar.c.programme_id == context.programme_id) & (calendar.c.person_id == context.person_id)
    await connection.execute(delete(calendar).where(here))
    own = {"programme_id": context.programme_id, "person_id": context.person_id}
    kept = sorted(set(mine.calendars))
    if kept:
        await connection.execute(insert(calendar), [{**own, "land": one.land, "school": one.school} for one in kept])
    return MyCalendars(tuple(kept))
