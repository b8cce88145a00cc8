"""Who has to come to which session: by track and, where places of a choice were given, by these."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import msgspec
from sqlalchemy import and_, select

from lms_core.api import AsyncConnection
from lms_university_weeks.members import tracks_of
from lms_university_weeks.tables import assignment, given
from lms_university_weeks.week import WeekContent, WeekSession


class Attendance(msgspec.Struct, frozen=True):
    """The track of each person, and who was given each session of the choices that are assigned.

    Where a week has one track only, whoever is in none counts as being in it.
    """

    content: WeekContent
    tracks: Mapping[UUID, str] = {}
    chosen: Mapping[str, frozenset[UUID]] = {}

    def track(self, person_id: UUID) -> str | None:
        """Return the track of a person, if she is in one."""
        only = self.content.tracks[0].key if len(self.content.tracks) == 1 else None
        return self.tracks.get(person_id, only)

    def comes(self, session: WeekSession, person_id: UUID) -> bool:
        """Tell whether a session is for a person; who is in no track comes to what is for everybody."""
        if session.key in self.chosen:
            return person_id in self.chosen[session.key]
        everybody = not session.tracks or len(set(session.tracks)) == len(self.content.tracks)
        return everybody or self.track(person_id) in session.tracks

    def members(self) -> dict[str, list[UUID]]:
        """Return the people of each track, as far as they are known."""
        found: dict[str, list[UUID]] = {one.key: [] for one in self.content.tracks}
        people: Collection[UUID] = set(self.tracks).union(*self.chosen.values())
        for person_id in sorted(people):
            if (track := self.track(person_id)) in found:
                found[track].append(person_id)
        return found


async def read_attendance(connection: AsyncConnection, week_id: UUID, content: WeekContent) -> Attendance:
    """Return who has to come to the sessions of a week. Two statements."""
    options = {choice.key: {one.key for one in choice.sessions} for choice in content.choices}
    same = and_(given.c.week_id == assignment.c.week_id, given.c.choice == assignment.c.choice)
    query = select(assignment.c.choice, given.c.person_id, given.c.options).join_from(
        assignment, given, same, isouter=True
    )
    chosen: dict[str, set[UUID]] = {}
    for choice, person_id, got in await connection.execute(query.where(assignment.c.week_id == week_id)):
        for key in options.get(choice, ()):
            chosen.setdefault(key, set()).update({person_id} if key in (got or ()) else ())
    return Attendance(
        content, await tracks_of(connection, week_id), {key: frozenset(people) for key, people in chosen.items()}
    )
