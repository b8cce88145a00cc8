"""Who comes to each session of a plan: calendars, mails and one's own view follow it, and rules about attendance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from lms_core.api import AsyncConnection, Context, SessionPeople, name_session_people, read_participants
from lms_university_weeks.attendance import Attendance, read_attendance
from lms_university_weeks.publishing import Draft, latest
from lms_university_weeks.translate import Where


async def renew(context: Context, connection: AsyncConnection, week_id: UUID) -> None:
    """Name the people of a week's sessions, if it is published. Eight statements at most, however many they are."""
    published = await latest(connection, week_id)
    if published is None:
        return
    attendance = await read_attendance(connection, week_id, published.content)
    seated = [one.person.id for one in await read_participants(connection, [published.content.run_id])]
    people = people_of(attendance, [one.where for one in published.sessions], seated)
    await name_session_people(
        context, connection, {one.session_id: people[one.where.key] for one in published.sessions}
    )


async def coming(context: Context, draft: Draft) -> dict[UUID, SessionPeople]:
    """Return for whom the sessions of a draft would be. Three statements."""
    async with context.read() as connection:
        attendance = await read_attendance(connection, draft.week_id, draft.content)
        seated = [one.person.id for one in await read_participants(connection, [draft.content.run_id])]
    people = people_of(attendance, draft.wheres, seated)
    return {one.session_id: people[where.key] for one, where in zip(draft.planned, draft.wheres, strict=True)}


def people_of(attendance: Attendance, wheres: Sequence[Where], seated: Collection[UUID]) -> dict[str, SessionPeople]:
    """Return who attends and who teaches the sessions of a plan, by their keys.

    `seated` have a seat in the week's run. Whoever is in no track yet is shown what there is; of a session in parts,
    each comes to one. A session of another run is for all of that run.
    """
    content = attendance.content
    sessions = {one.key: one for one in content.sessions}
    accounts = {one.key: one.person_id for one in content.lecturers}
    parts: dict[str, list[Where]] = {}
    for where in wheres:
        parts.setdefault(where.key.partition("/")[0], []).append(where)
    found: dict[str, SessionPeople] = {}
    for where in wheres:
        session = sessions[where.key.partition("/")[0]]
        teach = frozenset(who for key in where.lecturers if (who := accounts[key]))
        attend = None
        if (session.run_id or content.run_id) == content.run_id:
            coming = {
                who
                for who in seated
                if attendance.comes(session, who)
                or (attendance.track(who) is None and session.key not in attendance.chosen)
            }
            coming -= _elsewhere(where, parts[session.key], attendance, coming)
            attend = None if len(coming) == len(seated) else frozenset(coming)
        found[where.key] = SessionPeople(attend, teach)
    return found


def _elsewhere(where: Where, parts: Sequence[Where], attendance: Attendance, coming: Collection[UUID]) -> set[UUID]:
    """Return who comes to another part of a session: each track is divided evenly among the parts that are for it."""
    found: set[UUID] = set()
    if len(parts) < 2:
        return found
    for track in {one.key for one in attendance.content.tracks}:
        people = sorted(who for who in coming if attendance.track(who) == track)
        turns = [part.key for part in parts for group in part.tracks if group.partition(" ")[0] == track]
        found |= {who for i, who in enumerate(people) if turns and turns[i * len(turns) // len(people)] != where.key}
    return found
