"""What plugins that plan sessions ask of the core and of the other plugins, and how their plans become real."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select

from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import Conflict, FieldError, NotFound
from lms_core.facts import PersonFacts
from lms_core.hooks.context import Context
from lms_core.hooks.types import (
    ConstraintsRequest,
    SessionConstraint,
    SessionPlan,
    SessionRemark,
    SlotScore,
    SlotsRequest,
)
from lms_core.modules.attendees import SessionPeople, is_for, name_people, named_for
from lms_core.modules.schedule import PlannedSession, SessionChange, publish
from lms_core.modules.tables import module, run, session, unit
from lms_core.modules.types import SessionContent
from lms_core.people.tables import person
from lms_core.progress import ledger
from lms_core.progress.types import Attendance, PlacedEvent
from lms_core.types import new_id, now


class SessionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A session of a run as it is planned now; `cancelled_at` unless it is to take place.

    One that is `for_named` is for some of the participants only, who are named.
    """

    session_id: UUID
    run_id: UUID
    revision: int
    title: str
    starts: datetime
    ends: datetime
    zone: str
    mode: str
    place: str
    cancelled_at: datetime | None
    for_named: bool


class Participant(msgspec.Struct, frozen=True):
    """Who has a seat in a run."""

    run_id: UUID
    person: PersonFacts


async def judge_sessions(
    context: Context, planned: Sequence[PlannedSession], people: Mapping[UUID, SessionPeople] | None = None
) -> list[SessionRemark]:
    """Ask all plugins of the programme what speaks against planned sessions (`check_session`); return the warnings.

    Call it before the transaction that publishes them, with those that are new or changed, and say in `people` for whom
    those will be that are not for all in their run; otherwise it is for whom they are now. Raises Conflict with every
    remark that blocks, under `sessions.ID`, and Unavailable when a plugin cannot tell.
    """
    async with context.read() as connection:
        query = select(run.c.id, run.c.module_id).where(run.c.id.in_({one.run_id for one in planned}))
        modules = {row.id: row.module_id for row in await connection.execute(query)}
        named = await named_for(connection, [one.session_id for one in planned])
    for session_id, who in (people or {}).items():
        if who.attend is None:
            named.pop(session_id, None)
        else:
            named[session_id] = tuple(sorted(who.attend))
    warnings, blocking = [], []
    for one in planned:
        if one.run_id not in modules:
            continue  # publishing says so
        content = {name: getattr(one, name) for name in SessionContent.__struct_fields__}
        plan = SessionPlan(
            run_id=one.run_id,
            module_id=modules[one.run_id],
            programme_id=context.programme_id,
            **content,
            persons=named.get(one.session_id),
            session_id=one.session_id,
        )
        for remark in await context.decide("check_session", plan):
            if remark.severity == "block":
                blocking.append(FieldError(f"sessions.{one.session_id}", f"{one.title}: {remark.reason}"))
            else:
                warnings.append(remark)
    if blocking:
        raise Conflict("Other plugins object to the plan.", errors=blocking)
    return warnings


async def publish_sessions(
    context: Context,
    connection: AsyncConnection,
    planned: Sequence[PlannedSession],
    dropped: dict[UUID, int] | None = None,
) -> list[SessionChange]:
    """Make, change and cancel sessions of the programme's runs in the caller's transaction: all or none.

    `dropped` are sessions to be cancelled, with the revision that you knew. Each real change is told to plugins,
    calendars and webhooks; what stays as it is, is not. Participants get no mail for each: write them one yourself. At
    most six statements. Raises NotFound for a run or session that is not the programme's, and Conflict that names
    those which somebody else has changed meanwhile.
    """
    return await publish(connection, context.programme_id, planned, dropped or {})


async def name_session_people(
    context: Context, connection: AsyncConnection, wanted: Mapping[UUID, SessionPeople]
) -> None:
    """Say for whom sessions of the programme's runs are, and who teaches them, in place of what was said before.

    Without it a session is for all who have a seat in its run. Those for whom it is not do not find it in their
    calendars, and rules about attendance do not count it for them; who teaches it, finds it. Nobody is told. Four
    statements at most. Raises NotFound for a session that is not the programme's.
    """
    await name_people(connection, context.programme_id, wanted)


async def note_attendance(
    context: Context, connection: AsyncConnection, session_id: UUID, minutes: Mapping[UUID, int]
) -> None:
    """Tell the progress of participants how many minutes each was at a session of one of the programme's runs.

    It counts in every unit of the run that is about attendance, by its rule; the latest word on a session holds. Who
    has no seat in the run is passed over. One statement, and up to six for each person where the run has such units.
    Raises NotFound for a session that is not the programme's.
    """
    assert context.person_id, "somebody notes attendance"
    query = (
        select(session.c.run_id, unit.c.key)
        .join_from(session, run, run.c.id == session.c.run_id)
        .join(module, module.c.id == run.c.module_id)
        .outerjoin(unit, (unit.c.version_id == run.c.version_id) & (unit.c.kind == "attendance"))
        .where(session.c.id == session_id, module.c.programme_id == context.programme_id)
    )
    units = (await connection.execute(query)).all()
    if not units:
        raise NotFound(f"The programme has no session {session_id}.")
    moment = now()
    for person_id in sorted(minutes):
        attended = Attendance(session_id=session_id, minutes=minutes[person_id])
        events = [
            PlacedEvent(id=new_id(), at=moment, run_id=row.run_id, unit_key=row.key, attended=attended)
            for row in units
            if row.key is not None
        ]
        await ledger.write(connection, person_id, events, context.person_id, ledger.ASSESSED)


async def session_constraints(context: Context, request: ConstraintsRequest) -> list[SessionConstraint]:
    """Ask all plugins of the programme when persons cannot come, or would rather not. Never why.

    Raises Unavailable when one cannot tell: a plan that overlooks a protection must not be made.
    """
    found: list[SessionConstraint] = await context.decide("session_constraints", request)
    return found


async def score_slots(context: Context, request: SlotsRequest) -> tuple[list[SlotScore], list[str]]:
    """Ask all plugins of the programme how good slots are; return that, and the names of those that could not tell."""
    answers, failed = await context.shape("score_slots", request)
    return [score for _, score in answers], failed


async def read_sessions(
    connection: AsyncConnection, runs: Collection[UUID], person_id: UUID | None = None
) -> list[SessionFacts]:
    """Return the sessions of runs in the order of their ids, cancelled ones as well. One statement.

    Of a person only those that are for her where she has a seat: for all, or for some among whom she is named.
    """
    columns = [session.c.id.label("session_id"), *(session.c[n] for n in SessionFacts.__struct_fields__[1:])]
    query = select(*columns).where(session.c.run_id.in_(runs)).order_by(session.c.id)
    if person_id:
        query = query.where(is_for(person_id))
    return [SessionFacts(**row._mapping) for row in await connection.execute(query)]


async def read_participants(connection: AsyncConnection, runs: Collection[UUID]) -> list[Participant]:
    """Return who has a seat in runs, in the order of names; show them only to those who may know. One statement."""
    query = (
        select(run_enrolment.c.run_id, person.c.id, person.c.name, person.c.email, person.c.language)
        .join(person, person.c.id == run_enrolment.c.person_id)
        .where(run_enrolment.c.run_id.in_(runs), run_enrolment.c.state.in_(["enrolled", "completed"]))
    )
    rows = await connection.execute(query.order_by(person.c.name, person.c.id))
    return [Participant(run_id, PersonFacts(*who)) for run_id, *who in rows]
