"""When lecturers can come: each says so herself by a link, without an account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec.structs import replace
from sqlalchemy import delete, insert, select

from lms_core.api import (
    AsyncConnection,
    Context,
    FieldError,
    InvalidInput,
    Invitation,
    NotFound,
    Payload,
    View,
    invite_guests,
    now,
)
from lms_university_weeks.faults import times_beyond
from lms_university_weeks.tables import availability
from lms_university_weeks.week import Key, Lecturer, SlotTime, WeekContent, When
from lms_university_weeks.weeks import read

GUEST = "university_weeks.lecturer"


class Asked(Payload, frozen=True, kw_only=True):
    """Which lecturers are to say when they can come (those named, or all who have not said so), until when."""

    lecturers: tuple[Key, ...] = ()
    days: Annotated[int, msgspec.Meta(ge=1, le=180)] = 21


class InvitedLecturer(View, frozen=True):
    """A lecturer's own link. It is shown this once; a new one can be made."""

    lecturer: str
    name: str
    url: str
    expires_at: datetime


class InvitedLecturers(View, frozen=True):
    """Links, in the order of the lecturers of the week."""

    items: list[InvitedLecturer]


class Times(Payload, frozen=True):
    """When a lecturer can come, and of these times those that she dislikes."""

    available: Annotated[tuple[When, ...], msgspec.Meta(max_length=400)]
    disliked: Annotated[tuple[When, ...], msgspec.Meta(max_length=400)] = ()


class Teaching(View, frozen=True):
    """A session that a lecturer teaches, as it is published: when, on the clocks of the week, and where."""

    title: str
    day: date
    starts: str
    ends: str
    place: str


class Question(View, frozen=True, kw_only=True):
    """What a lecturer is asked: the days and slots of the week, and what she said last; and what she is to teach."""

    title: str
    name: str
    zone: str
    days: tuple[Any, ...]
    slots: tuple[SlotTime, ...]
    times: Times | None
    said_at: datetime | None
    sessions: tuple[Teaching, ...] = ()


class Answer(View, frozen=True):
    """When a lecturer has said that she can come."""

    lecturer: str
    times: Times
    at: datetime


class Answers(View, frozen=True):
    """What the lecturers of a week have said, in the order of their keys; `missing` have not said anything."""

    items: list[Answer]
    missing: tuple[str, ...]


async def invite(context: Context, connection: AsyncConnection, week_id: UUID, asked: Asked) -> InvitedLecturers:
    """Make links for lecturers of a week. Raises NotFound, and InvalidInput for a lecturer whom the week has not."""
    content = (await read(context, connection, week_id)).content
    known = {one.key for one in content.lecturers}
    if wrong := [FieldError("body.lecturers", f"the week has no {key}") for key in asked.lecturers if key not in known]:
        raise InvalidInput("The week has no such lecturers.", errors=wrong)
    said = {one.lecturer for one in await _rows(connection, week_id)}
    wanted = [
        one for one in content.lecturers if (one.key in asked.lecturers if asked.lecturers else one.key not in said)
    ]
    links = await invite_guests(
        context,
        connection,
        [
            Invitation(
                role=GUEST,
                about=f"{week_id.hex}:{one.key}",
                title=f"{one.name}: {content.title}"[:200],
                path="availability",
                valid=timedelta(days=asked.days),
            )
            for one in wanted
        ],
    )
    return InvitedLecturers(
        [InvitedLecturer(one.key, one.name, link.url, link.expires_at) for one, link in zip(wanted, links, strict=True)]
    )


async def question(context: Context, connection: AsyncConnection) -> Question:
    """Return what the lecturer whose link this is can answer. Raises NotFound when she is not asked any more."""
    week_id, key = about(context)
    content, lecturer = await _lecturer(context, connection, week_id, key)
    said = {one.lecturer: one for one in await _rows(connection, week_id)}.get(key)
    times = None if lecturer.available is None else Times(lecturer.available, lecturer.disliked)
    return Question(
        title=content.title,
        name=lecturer.name,
        zone=content.zone,
        days=content.days,
        slots=content.slots,
        times=said.times if said else times,
        said_at=said.at if said else None,
    )


async def answer(context: Context, connection: AsyncConnection, times: Times) -> None:
    """Keep when the lecturer whose link this is can come, in place of what she said before.

    Raises NotFound, and InvalidInput for times that the week does not have.
    """
    week_id, key = about(context)
    content, _ = await _lecturer(context, connection, week_id, key)
    wrong = [
        FieldError(f"body.{field}", reason)
        for field in ("available", "disliked")
        for reason in times_beyond(content, getattr(times, field))
    ]
    if wrong:
        raise InvalidInput("The week has no such times.", errors=wrong)
    same = (availability.c.week_id == week_id) & (availability.c.lecturer == key)
    await connection.execute(delete(availability).where(same))
    row = {"week_id": week_id, "lecturer": key, "programme_id": context.programme_id, "at": now()}
    await connection.execute(insert(availability), row | msgspec.to_builtins(times))


async def answers(context: Context, connection: AsyncConnection, week_id: UUID) -> Answers:
    """Return what the lecturers of a week have said. Raises NotFound."""
    content = (await read(context, connection, week_id)).content
    said = await _rows(connection, week_id)
    known = {one.lecturer for one in said}
    return Answers(said, tuple(one.key for one in content.lecturers if one.key not in known))


async def answered(connection: AsyncConnection, week_id: UUID, content: WeekContent) -> WeekContent:
    """Return a week in which each lecturer's times are those that she said, if she did. One statement."""
    said = {one.lecturer: one.times for one in await _rows(connection, week_id)}
    lecturers = tuple(_with(one, said.get(one.key)) for one in content.lecturers)
    return replace(content, lecturers=lecturers)


async def changed_since(connection: AsyncConnection, week_id: UUID, moment: datetime) -> Sequence[str]:
    """Return the lecturers who have said something since. One statement."""
    return [one.lecturer for one in await _rows(connection, week_id) if one.at > moment]


def _with(lecturer: Lecturer, times: Times | None) -> Lecturer:
    return lecturer if times is None else replace(lecturer, available=times.available, disliked=times.disliked)


async def _lecturer(
    context: Context, connection: AsyncConnection, week_id: UUID, key: str
) -> tuple[WeekContent, Lecturer]:
    content = (await read(context, connection, week_id)).content
    for one in content.lecturers:
        if one.key == key:
            return content, one
    raise NotFound("You are not asked to come in this week any more; whoever sent the link knows why.")


def about(context: Context) -> tuple[UUID, str]:
    """Return the week of the link with which somebody came, and the key of the lecturer whose it is."""
    assert context.guest
    week_id, _, key = context.guest.about.partition(":")
    return UUID(week_id), key


async def _rows(connection: AsyncConnection, week_id: UUID) -> list[Answer]:
    columns = (availability.c.lecturer, availability.c.available, availability.c.disliked, availability.c.at)
    query = select(*columns).where(availability.c.week_id == week_id).order_by(availability.c.lecturer)
    return [
        Answer(row.lecturer, msgspec.convert({"available": row.available, "disliked": row.disliked}, Times), row.at)
        for row in await connection.execute(query)
    ]
