"""Who is in which track of a week."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select

from lms_core.api import AsyncConnection, Context, FieldError, InvalidInput, Payload, View, read_participants
from lms_university_weeks.tables import member
from lms_university_weeks.week import Key
from lms_university_weeks.weeks import read


class Membership(Payload, frozen=True):
    """A participant of the week's run, and her track."""

    person_id: UUID
    track: Key


class Members(Payload, frozen=True):
    """All who are in a track. Participants who are in none have to come to what is for everybody."""

    items: Annotated[tuple[Membership, ...], msgspec.Meta(max_length=2000)]


class MemberList(View, frozen=True):
    """All who are in a track, in the order of their ids, and the participants who are in none."""

    items: list[Membership]
    without: list[UUID]


async def put(context: Context, connection: AsyncConnection, week_id: UUID, wanted: Members) -> MemberList:
    """Keep who is in which track, in place of what was kept. Raises NotFound, and InvalidInput for strangers."""
    content = (await read(context, connection, week_id)).content
    tracks = {one.key for one in content.tracks}
    people = {one.person.id for one in await read_participants(connection, [content.run_id])}
    wrong = []
    seen: set[UUID] = set()
    for i, one in enumerate(wanted.items):
        if one.track not in tracks:
            wrong.append(FieldError(f"body.items[{i}].track", f"the week has no track {one.track}"))
        if one.person_id not in people:
            wrong.append(FieldError(f"body.items[{i}].personId", "has no seat in the week's run"))
        if one.person_id in seen:
            wrong.append(FieldError(f"body.items[{i}].personId", "is in a track already"))
        seen.add(one.person_id)
    if wrong:
        raise InvalidInput("These cannot be the members of the tracks.", errors=wrong)
    await connection.execute(delete(member).where(member.c.week_id == week_id))
    rows: list[dict[str, Any]] = [
        {
            "week_id": week_id, "person_id": one.person_id, "programme_id": context.programme_id, "track": one.track,
        }
        for one in wanted.items
    ]  # fmt: skip
    if rows:
        await connection.execute(insert(member), rows)
    return MemberList(sorted(wanted.items, key=lambda one: one.person_id), sorted(people - seen))


async def read_all(context: Context, connection: AsyncConnection, week_id: UUID) -> MemberList:
    """Return who is in which track. Raises NotFound."""
    content = (await read(context, connection, week_id)).content
    tracks = await tracks_of(connection, week_id)
    people = {one.person.id for one in await read_participants(connection, [content.run_id])}
    found = [Membership(person_id, track) for person_id, track in sorted(tracks.items()) if person_id in people]
    return MemberList(found, sorted(people - set(tracks)))


async def tracks_of(connection: AsyncConnection, week_id: UUID) -> dict[UUID, str]:
    """Return the track of each member of a week. One statement."""
    query = select(member.c.person_id, member.c.track).where(member.c.week_id == week_id)
    return {row.person_id: row.track for row in await connection.execute(query)}
