"""Who was there, for how many minutes, and what that counts.

A code hangs at the door of each session; whoever scans it when she comes and when she goes was there in between. A
list that somebody keeps counts before the door. Minutes outside of the session do not count, and of a session that is
repeated for parts of a track each counts only for those who are in it, so that nobody has to be at two places.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select, update

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    FieldError,
    InvalidInput,
    NotFound,
    Payload,
    View,
    book_credit,
    insert_into,
    note_attendance,
    now,
    read_participants,
)
from lms_university_weeks.attendance import Attendance, read_attendance
from lms_university_weeks.publishing import Appointment, Publication, read
from lms_university_weeks.tables import presence, week
from lms_university_weeks.translate import moments
from lms_university_weeks.week import WeekContent

EARLY = timedelta(minutes=30)
"""So long before a session its code is taken."""

LATE = timedelta(minutes=15)
"""And so long after it, from those who go."""


class Door(View, frozen=True):
    """What hangs at the door of a session: the code, and until when it is taken."""

    key: str
    title: str
    code: str
    opens_at: datetime
    closes_at: datetime


class Scan(Payload, frozen=True, kw_only=True):
    """A student has scanned the code of a session when she came or, `leaving`, when she goes."""

    week_id: UUID
    key: Annotated[str, msgspec.Meta(max_length=80)]
    code: Annotated[str, msgspec.Meta(max_length=40)]
    leaving: bool = False


class Presence(View, frozen=True):
    """How long somebody was at a session: minutes that count, of all that it had."""

    key: str
    minutes: int
    of: int


class Minutes(Payload, frozen=True):
    """How many minutes a participant was at a session."""

    person_id: UUID
    minutes: Annotated[int, msgspec.Meta(ge=0, le=24 * 60)]


class AttendanceList(Payload, frozen=True):
    """Who was at a session, as somebody has noted it; those it does not name stay as they are."""

    items: Annotated[tuple[Minutes, ...], msgspec.Meta(max_length=2000)]


class Attender(View, frozen=True, kw_only=True):
    """A participant: minutes that count, of those that she had to be there, and whether that is enough."""

    person_id: UUID
    name: str
    track: str | None
    minutes: int
    of: int
    percent: int
    enough: bool


class Attenders(View, frozen=True):
    """The participants of a week, in the order of their names."""

    items: list[Attender]


class Booked(View, frozen=True):
    """For whom the ECTS of a week were booked now, for whom they were already, and whose minutes are not enough."""

    booked: list[UUID]
    already: list[UUID]
    not_enough: list[UUID]


async def show_door(context: Context, connection: AsyncConnection, week_id: UUID, key: str) -> Door:
    """Return what hangs at the door of a published session. Raises NotFound."""
    published = await read(context, connection, week_id, None)
    one = _appointment(published, key)
    code = await _code(connection, week_id, key)
    starts, ends = _moments(published.content, one)
    return Door(key, _title(published.content, key), code, starts - EARLY, ends + LATE)


async def scan(context: Context, connection: AsyncConnection, scanned: Scan) -> Presence:
    """Note that the person who asks is there, or goes; the first time that she comes and the last that she goes count.

    Raises NotFound for a code that hangs nowhere, and Conflict outside of the session's time or for somebody who has no
    seat in its run.
    """
    assert context.person_id
    published = await read(context, connection, scanned.week_id, None)
    if not hmac.compare_digest(await _code(connection, scanned.week_id, scanned.key), scanned.code):
        raise NotFound("This code hangs at no door of this week.")
    one = _appointment(published, scanned.key)
    people = {who.person.id for who in await read_participants(connection, [one.run_id, published.content.run_id])}
    if context.person_id not in people:
        raise Conflict("You have no seat in the run of this session; ask whoever leads it to note you.")
    starts, ends = _moments(published.content, one)
    moment = now()
    if not starts - EARLY <= moment <= ends + LATE:
        times = f"{starts - EARLY:%H:%M} to {ends + LATE:%H:%M} on {starts:%Y-%m-%d} ({published.content.zone})"
        raise Conflict(f"The code of this session is taken from {times}.")
    [row] = await _rows(context, connection, scanned.week_id, scanned.key, [context.person_id])
    changed: dict[str, Any] = {"noted_at": moment}
    if scanned.leaving:
        changed["left_at"] = moment
    if row["arrived_at"] is None:
        changed["arrived_at"] = moment
    await _change(connection, scanned.week_id, scanned.key, [{"person_id": context.person_id, **changed}])
    minutes = _minutes(published.content, one, row | changed)
    await note_attendance(context, connection, one.session_id, {context.person_id: minutes})
    return Presence(scanned.key, minutes, _length(published.content, one))


async def note(
    context: Context, connection: AsyncConnection, week_id: UUID, key: str, noted: AttendanceList
) -> Attenders:
    """Note who was at a session, in place of what was noted before. Raises NotFound and InvalidInput for strangers."""
    published = await read(context, connection, week_id, None)
    one = _appointment(published, key)
    people = {who.person.id for who in await read_participants(connection, [one.run_id, published.content.run_id])}
    wrong = [
        FieldError(f"body.items[{i}].personId", "has no seat in the run of this session")
        for i, said in enumerate(noted.items)
        if said.person_id not in people
    ]
    if wrong:
        raise InvalidInput("Not all of these can have been there.", errors=wrong)
    minutes = {said.person_id: min(said.minutes, _length(published.content, one)) for said in noted.items}
    if minutes:
        await _rows(context, connection, week_id, key, list(minutes))
        told = {"noted_at": now(), "noted_by": context.person_id}
        rows = [{"person_id": who, "minutes": count, **told} for who, count in minutes.items()]
        await _change(connection, week_id, key, rows)
        await note_attendance(context, connection, one.session_id, minutes)
    return await attenders(context, connection, week_id)


async def attenders(context: Context, connection: AsyncConnection, week_id: UUID) -> Attenders:
    """Return for each participant how long she was there, of how long she had to be. Five statements."""
    published = await read(context, connection, week_id, None)
    content = published.content
    attendance = await read_attendance(connection, week_id, content)
    noted: dict[UUID, dict[str, Mapping[str, Any]]] = {}
    for row in await connection.execute(select(presence).where(presence.c.week_id == week_id)):
        noted.setdefault(row.person_id, {})[row.key] = dict(row._mapping)
    found = []
    for who in await read_participants(connection, [content.run_id]):
        there = noted.get(who.person.id, {})
        minutes = of = 0
        for group in _asked(published, attendance, who.person.id):
            best = max(group, key=lambda one: _minutes(content, one, there.get(one.where.key)))
            minutes += _minutes(content, best, there.get(best.where.key))
            of += _length(content, best)
        percent = 100 * minutes // of if of else 0
        enough = content.credit is not None and of > 0 and minutes * 100 >= content.credit.percent * of
        found.append(
            Attender(
                person_id=who.person.id, name=who.person.name, track=attendance.track(who.person.id), minutes=minutes,
                of=of, percent=percent, enough=enough,
            )
        )  # fmt: skip
    return Attenders(found)


async def book(context: Context, connection: AsyncConnection, week_id: UUID) -> Booked:
    """Book the ECTS of a week for all whose minutes are enough; again books nothing twice.

    Raises NotFound, and Conflict when the week has no credit or is not over.
    """
    assert context.person_id
    published = await read(context, connection, week_id, None)
    content = published.content
    if content.credit is None:
        raise Conflict("This week counts no ECTS; enter its credit, plan and publish it.")
    last = max((_moments(content, one)[1] for one in published.sessions), default=None)
    if last is None or last > now():
        raise Conflict("This week is not over; what it counts is booked when it is.")
    done = Booked([], [], [])
    for who in (await attenders(context, connection, week_id)).items:
        if not who.enough:
            done.not_enough.append(who.person_id)
            continue
        evidence = f"{who.minutes} of {who.of} minutes ({who.percent} %), version {published.version} of the week"
        try:
            await book_credit(
                connection, who.person_id, f"university_weeks:{week_id}", Decimal(content.credit.ects), evidence,
                context.person_id, title=content.title, programme_id=context.programme_id,
            )  # fmt: skip
            done.booked.append(who.person_id)
        except Conflict:
            done.already.append(who.person_id)
    return done


async def _code(connection: AsyncConnection, week_id: UUID, key: str) -> str:
    """Return the code of a session: it stays the same, and none can be told from another."""
    secret = (await connection.execute(select(week.c.secret).where(week.c.id == week_id))).scalar_one()
    return hmac.new(secret.encode(), key.encode(), hashlib.sha256).hexdigest()[:20]


def _asked(published: Publication, attendance: Attendance, person_id: UUID) -> list[list[Appointment]]:
    """Return what somebody has to attend; of a session in parts, all parts that are for her track."""
    must = {one.key for one in published.content.sessions if one.must and attendance.comes(one, person_id)}
    track = attendance.track(person_id)
    groups: dict[str, list[Appointment]] = {}
    for one in published.sessions:
        session, _, part = one.where.key.partition("/")
        tracks = {name.partition(" ")[0] for name in one.where.tracks}
        if session in must and (not part or track is None or track in tracks):
            groups.setdefault(session, []).append(one)
    return list(groups.values())


def _appointment(published: Publication, key: str) -> Appointment:
    for one in published.sessions:
        if one.where.key == key:
            return one
    raise NotFound("The week as it is published has no such session.")


def _title(content: WeekContent, key: str) -> str:
    return next(one.title for one in content.sessions if one.key == key.partition("/")[0])


def _moments(content: WeekContent, one: Appointment) -> tuple[datetime, datetime]:
    session = one.where.key.partition("/")[0]
    length = next(asked.length for asked in content.sessions if asked.key == session)
    return moments(content, one.where.day, one.where.slot, length)


def _length(content: WeekContent, one: Appointment) -> int:
    starts, ends = _moments(content, one)
    return int((ends.timestamp() - starts.timestamp()) // 60)


def _minutes(content: WeekContent, one: Appointment, row: Mapping[str, Any] | None) -> int:
    """Return the minutes of a session that count for what is noted of somebody."""
    if row is None:
        return 0
    length = _length(content, one)
    if row["minutes"] is not None:
        return min(int(row["minutes"]), length)
    if row["arrived_at"] is None:
        return 0
    starts, ends = _moments(content, one)
    until = min(ends, row["left_at"]) if row["left_at"] else ends
    return max(0, int((until - max(starts, row["arrived_at"])).total_seconds()) // 60)


async def _rows(
    context: Context, connection: AsyncConnection, week_id: UUID, key: str, people: Sequence[UUID]
) -> list[dict[str, Any]]:
    """Return what is noted of people at a session, held until the end; nothing, for those who are new."""
    new = {
        "week_id": week_id, "key": key, "programme_id": context.programme_id, "arrived_at": None, "left_at": None,
        "minutes": None, "noted_by": None, "noted_at": now(),
    }  # fmt: skip
    make = insert_into(connection, presence).on_conflict_do_nothing()
    await connection.execute(make, [{**new, "person_id": person_id} for person_id in sorted(people)])
    same = (presence.c.week_id == week_id) & (presence.c.key == key) & presence.c.person_id.in_(people)
    held = select(presence).where(same).order_by(presence.c.person_id).with_for_update()
    return [dict(row._mapping) for row in await connection.execute(held)]


async def _change(connection: AsyncConnection, week_id: UUID, key: str, rows: Sequence[dict[str, Any]]) -> None:
    mine = (presence.c.week_id == week_id) & (presence.c.key == key) & (presence.c.person_id == bindparam("who"))
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name != "person_id"}
    told = [
        {"who": row["person_id"], **{f"new_{name}": value for name, value in row.items() if name != "person_id"}}
        for row in rows
    ]
    await connection.execute(update(presence).where(mine).values(values), told)
