"""The rules about registering for exams: who may, until when, and how often.

Whoever changes a registration holds the person's seat in the run, so that her attempts are not counted twice; across
runs the database's own constraint stands guard.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from lms_core.assessment import types as t
from lms_core.assessment.policy import COUNTED, Attempt, Policy, policy_of, refusal, shown, term_number
from lms_core.assessment.tables import elsewhere, exam, mark, paused_term, registration
from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import programme_enrolment, run_enrolment
from lms_core.errors import Conflict, NotFound
from lms_core.hooks.types import CandidateEvent
from lms_core.modules.tables import run
from lms_core.outbox.events import emit
from lms_core.people.tables import person
from lms_core.programmes.tables import regulation, term
from lms_core.progress.credits import booked
from lms_core.progress.reads import source_of
from lms_core.types import instant_of, now


async def register(
    connection: AsyncConnection, run_id: UUID, exam_id: UUID, person_id: UUID, *, late: bool = False
) -> t.Registration:
    """Register a person for an exam; doing it again changes nothing. `late` is allowed to those who manage marks.

    Raises NotFound (no such exam), and Conflict that says why not: cancelled, too late, no seat in the run, the module
    is passed or credited, registered for another of its exams, no attempt or no time for a repeat left. Six
    statements, or seven where a repeat has to come in time.
    """
    planned = await _exam(connection, run_id, exam_id, hold=True)
    seat = await _seat(connection, planned, person_id)
    if planned.cancelled_at is not None:
        raise Conflict("This exam is cancelled; register for another one.")
    if seat is None or seat.state not in ("enrolled", "completed"):
        raise Conflict("Only who has a seat in the run is registered for its exams; enrol in the run first.")
    policy, term = policy_of(seat.limits), term_number(planned.season, planned.year)
    earlier = await _registrations(connection, planned.module_id, person_id)
    present = next((row for row in earlier if row.exam_id == exam_id), None)
    if present and present.state == "registered":
        return _shape(present, _used(earlier) + seat.elsewhere, policy)
    if not late and now() > instant_of(planned.register_by, planned.zone):
        raise Conflict(f"Registering was possible until {_told(planned.register_by, planned.zone)}.")
    if present and present.marks:
        raise Conflict("There is a result of this exam already; register for another date.")
    if any(row.state == "registered" for row in earlier):
        raise Conflict("There is a registration for another exam of this module; take that one back first.")
    if await booked(connection, person_id, source_of(planned.module_id)):
        raise Conflict("The ECTS of this module are booked already; nothing is left to be examined.")
    attempts = [Attempt(row.state, term_number(row.season, row.year)) for row in earlier]
    paused = await _paused(connection, seat.programme_id, person_id) if policy.repeat_within_terms is not None else []
    if reason := refusal(policy, attempts, term, seat.elsewhere, paused):
        raise Conflict(reason)
    values = {"state": "registered", "since": now(), "programme_id": seat.programme_id, "marks": 0}
    if present:
        await connection.execute(update(registration).where(_same(exam_id, person_id)).values(**values))
    else:
        row = {"exam_id": exam_id, "person_id": person_id, "module_id": planned.module_id, **values}
        await connection.execute(insert(registration), row)
    await tell(connection, "exam_registered", run_id, exam_id, person_id, seat.programme_id)
    used = _used(earlier) + seat.elsewhere
    return t.Registration(
        exam_id=exam_id, person_id=person_id, programme_id=seat.programme_id, state="registered",
        since=values["since"], attempt=used + 1, attempts_left=_left(policy, used + 1),
    )  # fmt: skip


async def deregister(
    connection: AsyncConnection, run_id: UUID, exam_id: UUID, person_id: UUID, *, late: bool = False
) -> None:
    """Take a registration back; doing it again changes nothing. `late` is allowed to those who manage marks.

    Raises NotFound, and Conflict after the deadline or once there is a result. Four statements.
    """
    planned = await _exam(connection, run_id, exam_id)
    query = select(registration.c.state, registration.c.programme_id).where(_same(exam_id, person_id))
    present = (await connection.execute(query.with_for_update())).first()
    if present is None:
        raise NotFound("There is no such registration.")
    if present.state == "deregistered":
        return
    if present.state != "registered":
        raise Conflict("There is a result of this exam already; who was absent with an excuse is marked so instead.")
    if not late and now() > instant_of(planned.deregister_by, planned.zone):
        until = _told(planned.deregister_by, planned.zone)
        raise Conflict(f"Taking the registration back was possible until {until}; ask the examination office.")
    change = update(registration).where(_same(exam_id, person_id)).values(state="deregistered", since=now())
    await connection.execute(change)
    await tell(connection, "exam_deregistered", run_id, exam_id, person_id, present.programme_id)


async def candidates(
    connection: AsyncConnection, run_id: UUID, exam_id: UUID, cursor: UUID | None, limit: int
) -> list[t.Candidate]:
    """Return up to limit + 1 of those who are or were registered for an exam, after the cursor. Two statements.

    Raises NotFound.
    """
    await _exam(connection, run_id, exam_id)
    query = (
        select(
            person.c.id.label("person_id"), person.c.name, person.c.email, registration.c.programme_id,
            registration.c.state, registration.c.since, mark.c.mark, registration.c.marks.label("revision"),
        )
        .join_from(registration, person)
        .outerjoin(mark, holding())
        .where(registration.c.exam_id == exam_id)
        .order_by(registration.c.person_id)
        .limit(limit + 1)
    )  # fmt: skip
    if cursor is not None:
        query = query.where(registration.c.person_id > cursor)
    rows = await connection.execute(query)
    return [t.Candidate(**{**row._mapping, "mark": shown(row.mark)}) for row in rows]


def holding() -> Any:
    """Join a registration to the mark that holds: the latest."""
    return (
        (mark.c.exam_id == registration.c.exam_id)
        & (mark.c.person_id == registration.c.person_id)
        & (mark.c.number == registration.c.marks)
    )


async def tell(
    connection: AsyncConnection, name: str, run_id: UUID, exam_id: UUID, person_id: UUID, programme_id: UUID | None
) -> None:
    """Emit an event about a candidate, without what came out of it or why."""
    event = CandidateEvent(person_id, exam_id, run_id, programme_id)
    await emit(connection, name, f"exam:{exam_id}:{person_id}", programme_id, event)


def _same(exam_id: UUID, person_id: UUID) -> Any:
    return (registration.c.exam_id == exam_id) & (registration.c.person_id == person_id)


async def _exam(connection: AsyncConnection, run_id: UUID, exam_id: UUID, *, hold: bool = False) -> Any:
    """Return an exam with the term of its run; `hold` it where it must not be cancelled or moved meanwhile."""
    query = (
        select(exam, run.c.module_id, term.c.season, term.c.year)
        .join_from(exam, run, run.c.id == exam.c.run_id)
        .join(term, term.c.id == run.c.term_id)
        .where(exam.c.id == exam_id, exam.c.run_id == run_id)
    )
    row = (await connection.execute(query.with_for_update(read=True, of=exam) if hold else query)).first()
    if row is None:
        raise NotFound("The run has no such exam.")
    return row


async def _seat(connection: AsyncConnection, planned: Any, person_id: UUID) -> Any:
    """Hold a person's seat in an exam's run; return its state and programme, and what counts for her.

    That is: the limits of the regulation she follows, and how many failures elsewhere.
    """
    failures = select(elsewhere.c.failures).where(
        elsewhere.c.person_id == person_id, elsewhere.c.module_id == planned.module_id
    )
    query = (
        select(
            run_enrolment.c.state,
            run_enrolment.c.programme_id,
            regulation.c.limits,
            func.coalesce(failures.scalar_subquery(), 0).label("elsewhere"),
        )
        .outerjoin_from(
            run_enrolment,
            programme_enrolment,
            (programme_enrolment.c.person_id == run_enrolment.c.person_id)
            & (programme_enrolment.c.programme_id == run_enrolment.c.programme_id),
        )
        .outerjoin(regulation, regulation.c.id == programme_enrolment.c.regulation_id)
        .where(run_enrolment.c.run_id == planned.run_id, run_enrolment.c.person_id == person_id)
        .with_for_update(of=run_enrolment)
    )
    return (await connection.execute(query)).first()


async def _paused(connection: AsyncConnection, programme_id: UUID | None, person_id: UUID) -> list[int]:
    """Return the numbers of the terms in which a person's time for repeating stands still under a programme."""
    query = select(paused_term.c.number).where(
        paused_term.c.person_id == person_id, paused_term.c.programme_id == programme_id
    )
    return list((await connection.execute(query)).scalars())


async def _registrations(connection: AsyncConnection, module_id: UUID, person_id: UUID) -> list[Any]:
    """Hold and return all registrations of a person for a module, whatever the run and programme, by age."""
    query = (
        select(registration, term.c.season, term.c.year)
        .join_from(registration, exam, exam.c.id == registration.c.exam_id)
        .join(run, run.c.id == exam.c.run_id)
        .join(term, term.c.id == run.c.term_id)
        .where(registration.c.person_id == person_id, registration.c.module_id == module_id)
        .order_by(registration.c.since)
        .with_for_update(of=registration)
    )
    return list(await connection.execute(query))


def _used(rows: list[Any]) -> int:
    return sum(row.state in COUNTED for row in rows)


def _left(policy: Policy, used: int) -> int | None:
    return None if policy.attempts is None else max(0, policy.attempts - used)


def _shape(row: Any, used: int, policy: Policy) -> t.Registration:
    number = used + 1
    return t.Registration(
        exam_id=row.exam_id, person_id=row.person_id, programme_id=row.programme_id, state=row.state,
        since=row.since, attempt=number, attempts_left=_left(policy, number),
    )  # fmt: skip


def _told(wall: datetime, zone: str) -> str:
    return f"{wall:%Y-%m-%d %H:%M} ({zone})"
