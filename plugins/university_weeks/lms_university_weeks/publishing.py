"""From a plan to the sessions of runs: a version of the week is published whole, and says what it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    FieldError,
    NotFound,
    PlannedSession,
    SessionPeople,
    SessionRemark,
    View,
    judge_sessions,
    new_id,
    now,
    publish_sessions,
)
from lms_university_weeks import plans, weeks
from lms_university_weeks.answers import changed_since
from lms_university_weeks.assigning import assigned_since
from lms_university_weeks.tables import publication
from lms_university_weeks.tasks import Proposal
from lms_university_weeks.translate import Where, walls
from lms_university_weeks.week import Company, Room, WeekContent, WeekSession


class Appointment(View, frozen=True, kw_only=True):
    """A session of a published week, and the session of a run that it has become, with its revision."""

    where: Where
    run_id: UUID
    session_id: UUID
    revision: int


class Publication(View, frozen=True, kw_only=True):
    """A version of a week as it was published: where everything is, and in words what is new against the one before."""

    week_id: UUID
    version: int
    plan_id: UUID | None
    changes: tuple[str, ...]
    made_by: UUID | None
    made_at: datetime
    content: WeekContent
    sessions: tuple[Appointment, ...]
    warnings: tuple[SessionRemark, ...] = ()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is about to be published."""

    content: WeekContent
    plan_id: UUID
    week_id: UUID
    previous: Publication | None
    wheres: tuple[Where, ...]
    planned: tuple[PlannedSession, ...]
    dropped: dict[UUID, int]


async def prepare(context: Context, plan_id: UUID, number: int) -> Draft:
    """Return the version that a proposal of a plan would make, compared with the present one.

    Raises NotFound, and Conflict when the plan has no such proposal, breaks a rule, or is for a week that was changed
    since.
    """
    async with context.read() as connection:
        found = await plans.read(context, connection, plan_id)
        present = await weeks.read(context, connection, found.week_id)
        previous = await latest(connection, found.week_id)
        later = await changed_since(connection, found.week_id, found.made_at)
        given = await assigned_since(connection, found.week_id, found.made_at)
    if later:
        people = {one.key: one.name for one in present.content.lecturers}
        names = ", ".join(people.get(key, key) for key in later)
        raise Conflict(f"Since the plan was asked for, {names} said anew when they can come; plan again.")
    if given:
        titles = {one.key: one.title for one in present.content.choices}
        names = ", ".join(titles.get(key, key) for key in given)
        raise Conflict(f"Since the plan was asked for, places were given in {names}; plan again.")
    proposal = _proposal(found.result.proposals if found.result else (), number)
    if present.revision != found.revision:
        raise Conflict(
            f"The plan is for state {found.revision} of the week, which is in state {present.revision} now; plan again."
        )
    before = {one.where.key: one for one in previous.sessions} if previous else {}
    sessions = {one.key: one for one in found.content.sessions}
    planned = [
        _planned(found.content, sessions[where.key.partition("/")[0]], where, before.get(where.key))
        for where in proposal.sessions
    ]
    kept = {one.session_id for one in planned}
    dropped = {one.session_id: one.revision for one in before.values() if one.session_id not in kept}
    return Draft(
        content=found.content,
        plan_id=plan_id,
        week_id=found.week_id,
        previous=previous,
        wheres=proposal.sessions,
        planned=tuple(planned),
        dropped=dropped,
    )


def _proposal(proposals: Sequence[Proposal], number: int) -> Proposal:
    if not 1 <= number <= len(proposals):
        raise Conflict(f"The plan has {len(proposals)} proposals, none with the number {number}.")
    proposal = proposals[number - 1]
    if proposal.violations:
        errors = [FieldError("plan", violation.text) for violation in proposal.violations]
        raise Conflict("The plan breaks rules and cannot be published.", errors=errors)
    return proposal


def _planned(content: WeekContent, one: WeekSession, where: Where, before: Appointment | None) -> PlannedSession:
    starts, ends = walls(content, where.day, where.slot, one.length)
    run_id = one.run_id or content.run_id
    if before and before.run_id != run_id:
        before = None  # it is a session of another run now
    part = where.key.partition("/")[2]
    title = f"{one.title} ({part})" if part else one.title
    return PlannedSession(
        run_id=run_id,
        session_id=before.session_id if before else new_id(),
        revision=before.revision if before else 0,
        title=title[:200],
        starts=starts,
        ends=ends,
        zone=content.zone,
        mode=one.mode,
        place=_place(content, one, where),
    )


def _place(content: WeekContent, one: WeekSession, where: Where) -> str:
    if one.mode == "online":
        return ""
    sites = {site.key: site for site in content.sites}
    firms: list[Company | Room] = [firm for firm in content.companies if firm.key == one.company]
    for found in [*firms, *(room for room in content.rooms if room.key == where.room)]:
        site = sites[found.site]
        return ", ".join(word for word in (found.name, site.name, site.address) if word)[:200]
    return ""


async def judge(context: Context, draft: Draft, people: Mapping[UUID, SessionPeople]) -> list[SessionRemark]:
    """Ask the other plugins about what is new or changed, and for whom. Raises Conflict with all they object to."""
    known = {one.session_id: one for one in draft.previous.sessions} if draft.previous else {}
    old = {where.key: where for where in (one.where for one in known.values())}
    fresh = [
        one
        for one, where in zip(draft.planned, draft.wheres, strict=True)
        if one.session_id not in known or old.get(where.key) != where
    ]
    return await judge_sessions(context, fresh, people)


async def publish(
    context: Context, connection: AsyncConnection, draft: Draft, warnings: Sequence[SessionRemark]
) -> Publication:
    """Make the draft the present version of its week, and its sessions those of the runs: all of it or nothing.

    Raises Conflict when somebody else has published, or changed one of the sessions, meanwhile.
    """
    present = await latest(connection, draft.week_id)
    before = draft.previous.version if draft.previous else 0
    if (present.version if present else 0) != before:
        raise Conflict("Somebody else has published this week meanwhile; look at it, and plan again.")
    done = await publish_sessions(context, connection, draft.planned, draft.dropped)
    revisions = {one.session_id: one.revision for one in done}
    made = Publication(
        week_id=draft.week_id,
        version=before + 1,
        plan_id=draft.plan_id,
        changes=tuple(differences(draft)),
        made_by=context.person_id,
        made_at=now(),
        content=draft.content,
        sessions=tuple(
            Appointment(where=where, run_id=one.run_id, session_id=one.session_id, revision=revisions[one.session_id])
            for one, where in zip(draft.planned, draft.wheres, strict=True)
        ),
        warnings=tuple(warnings),
    )
    await connection.execute(
        insert(publication),
        {
            "id": new_id(), "programme_id": context.programme_id, "week_id": made.week_id, "version": made.version,
            "plan_id": made.plan_id, "content": msgspec.to_builtins(made.content),
            "placed": msgspec.to_builtins(made.sessions), "changes": list(made.changes), "made_by": made.made_by,
            "made_at": made.made_at,
        },
    )  # fmt: skip
    return made


def differences(draft: Draft) -> list[str]:
    """Say in words what a version changes against the one before, session by session."""
    if draft.previous is None:
        return []
    before = {one.where.key: one.where for one in draft.previous.sessions}
    after = {where.key: where for where in draft.wheres}
    titles = {one.key: one.title for one in (*draft.previous.content.sessions, *draft.content.sessions)}

    def title(key: str) -> str:
        session, _, part = key.partition("/")
        return f"{titles[session]} ({part})" if part else titles[session]

    found = []
    for key, old in before.items():
        new = after.get(key)
        if new is None:
            found.append(f"{title(key)} does not take place any more.")
        elif new != old:
            found.append(f"{title(key)}: {', '.join(_moved(draft, old, new))}.")
    return found + [f"{title(key)} is new: {_said(where)}." for key, where in after.items() if key not in before]


def _moved(draft: Draft, old: Where, new: Where) -> list[str]:
    assert draft.previous
    rooms = {room.key: room.name for content in (draft.previous.content, draft.content) for room in content.rooms}
    people = {one.key: one.name for content in (draft.previous.content, draft.content) for one in content.lecturers}
    words = []
    if (old.day, old.slot) != (new.day, new.slot):
        words.append(f"{_said(new)} instead of {_said(old)}")
    if old.room != new.room:
        words.append(f"in {rooms.get(new.room, new.room)} instead of {rooms.get(old.room, old.room)}")
    if old.lecturers != new.lecturers:
        words.append(f"with {', '.join(people.get(key, key) for key in new.lecturers) or 'nobody'}")
    return words or ["for other groups"]


def _said(where: Where) -> str:
    return f"{where.day:%A} {where.day.isoformat()}, slot {where.slot}"


async def latest(connection: AsyncConnection, week_id: UUID) -> Publication | None:
    """Return the version of a week that is published now. One statement."""
    query = select(publication).where(publication.c.week_id == week_id).order_by(publication.c.version.desc()).limit(1)
    row: Any = (await connection.execute(query)).first()
    return _shape(row) if row else None


async def read(context: Context, connection: AsyncConnection, week_id: UUID, version: int | None) -> Publication:
    """Return a version of a week, or the present one. Raises NotFound."""
    query = select(publication).where(
        publication.c.week_id == week_id, publication.c.programme_id == context.programme_id
    )
    if version is not None:
        query = query.where(publication.c.version == version)
    row: Any = (await connection.execute(query.order_by(publication.c.version.desc()).limit(1))).first()
    if row is None:
        raise NotFound("This week was not published, or has no such version.")
    return _shape(row)


async def published_places(connection: AsyncConnection, week_id: UUID) -> list[Where]:
    """Return where the sessions of a week are published to be, if they are. One statement."""
    present = await latest(connection, week_id)
    return [one.where for one in present.sessions] if present else []


def _shape(row: Any) -> Publication:
    return Publication(
        week_id=row.week_id,
        version=row.version,
        plan_id=row.plan_id,
        changes=tuple(row.changes),
        made_by=row.made_by,
        made_at=row.made_at,
        content=msgspec.convert(row.content, WeekContent),
        sessions=tuple(msgspec.convert(row.placed, list[Appointment])),
    )
