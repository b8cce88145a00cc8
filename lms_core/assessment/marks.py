"""The rules about results: every one is kept, and the latest holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, select, update

from lms_core.assessment import types as t
from lms_core.assessment.policy import policy_of, shown
from lms_core.assessment.registering import tell
from lms_core.assessment.tables import exam, mark, registration
from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import programme_enrolment
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound, PreconditionFailed
from lms_core.modules.tables import run, version
from lms_core.programmes.tables import regulation
from lms_core.progress.credits import booked
from lms_core.progress.reads import source_of
from lms_core.types import instant_of, now


async def read(connection: AsyncConnection, run_id: UUID, exam_id: UUID, person_id: UUID) -> tuple[t.Marks, int]:
    """Return all results of a person in an exam, and how many there are. Raises NotFound. Two statements."""
    held = (await connection.execute(_candidates(run_id, exam_id, person_id))).first()
    if held is None:
        raise NotFound(_UNKNOWN)
    query = select(mark).where(mark.c.exam_id == exam_id, mark.c.person_id == person_id).order_by(mark.c.number)
    rows = await connection.execute(query)
    found = [
        t.Mark(
            number=row.number, mark=shown(row.mark), outcome=row.outcome, reason=row.reason,
            recorded_by=row.recorded_by, recorded_at=row.recorded_at,
        )
        for row in rows
    ]  # fmt: skip
    return t.Marks(exam_id=exam_id, person_id=person_id, state=held.state, marks=found), held.marks


async def record(
    connection: AsyncConnection,
    run_id: UUID,
    exam_id: UUID,
    person_id: UUID,
    new: t.NewMark,
    expected: int,
    actor: UUID,
) -> None:
    """Give a person a result in an exam, beside the earlier ones, of which the highest number was `expected`.

    Raises NotFound, PreconditionFailed, InvalidInput (a mark that her regulation does not have, no reason for a
    change) and Conflict (not registered, the exam yet to come, ECTS booked on what is to be changed, the module passed
    or open elsewhere).
    Four statements, five where passing changes.
    """
    held = await hold(connection, run_id, exam_id, person_id)
    if held.marks != expected:
        told = f"You are changing state {expected}, but it is in state {held.marks} now; read it again."
        raise PreconditionFailed(told)
    if held.state == "deregistered":
        raise Conflict("She is not registered for this exam any more; register her first.")
    _check_begun(held, new)
    if held.marks and not new.reason.strip():
        raise InvalidInput("A result is changed for a reason.", errors=[FieldError("body.reason", "is required")])
    outcome = new.outcome if new.mark is None else _outcome(held.limits, new.mark)
    if outcome != held.state and "passed" in (outcome, held.state):
        await _check_passing(connection, held, passes=outcome == "passed")
    row = {
        "exam_id": exam_id, "person_id": person_id, "number": expected + 1, "mark": new.mark, "outcome": outcome,
        "reason": new.reason, "recorded_by": actor, "recorded_at": now(),
    }  # fmt: skip
    await connection.execute(insert(mark), row)
    same = (registration.c.exam_id == exam_id) & (registration.c.person_id == person_id)
    await connection.execute(update(registration).where(same).values(state=outcome, marks=expected + 1))
    await tell(connection, "mark_recorded", run_id, exam_id, person_id, held.programme_id)


def _check_begun(held: Any, new: t.NewMark) -> None:
    """Raise Conflict where the exam is yet to come: until then, somebody can be excused, and only a paper be marked."""
    if held.kind != "paper" and new.outcome != "excused" and now() < instant_of(held.starts, held.zone):
        begins = f"{held.starts:%Y-%m-%d %H:%M} ({held.zone})"
        raise Conflict(f"The exam begins at {begins}; before, nobody has a result but who is excused.")


def _outcome(limits: Any, given: Decimal) -> t.Outcome:
    policy = policy_of(limits)
    outcome = policy.outcome(given)
    if outcome is None:
        scale = ", ".join(str(shown(known)) for known in (*policy.marks.passed, *policy.marks.failed))
        where = FieldError("body.mark", f"must be one of {scale}")
        raise InvalidInput("The regulation that she follows has no such mark.", errors=[where])
    return outcome


async def _check_passing(connection: AsyncConnection, held: Any, *, passes: bool) -> None:
    """Raise Conflict where a result must not become, or stop to be, that of a passed module."""
    if not passes:
        if await booked(connection, held.person_id, source_of(held.module_id)):
            raise Conflict("ECTS are booked on this result; take them back by a decision before it changes.")
        return
    others = select(registration.c.state).where(
        registration.c.person_id == held.person_id,
        registration.c.module_id == held.module_id,
        registration.c.exam_id != held.exam_id,
        registration.c.state.in_(["registered", "passed"]),
    )
    match await connection.scalar(others):
        case "passed":
            raise Conflict("She has passed another exam of this module; a module is passed once.")
        case "registered":
            raise Conflict("She is registered for another exam of this module; take that registration back first.")


def _candidates(run_id: UUID, exam_id: UUID, person_id: UUID) -> Select[Any]:
    """Select a registration with the limits of the regulation she follows, and what is known of exam and run."""
    return (
        select(registration, regulation.c.limits, run.c.title, version.c.ects, exam.c.kind, exam.c.starts, exam.c.zone)
        .join_from(registration, exam, exam.c.id == registration.c.exam_id)
        .join(run, run.c.id == exam.c.run_id)
        .join(version, version.c.id == run.c.version_id)
        .outerjoin(
            programme_enrolment,
            (programme_enrolment.c.person_id == registration.c.person_id)
            & (programme_enrolment.c.programme_id == registration.c.programme_id),
        )
        .outerjoin(regulation, regulation.c.id == programme_enrolment.c.regulation_id)
        .where(registration.c.exam_id == exam_id, registration.c.person_id == person_id, exam.c.run_id == run_id)
    )


_UNKNOWN = "There is no such registration for an exam of this run."


async def hold(connection: AsyncConnection, run_id: UUID, exam_id: UUID, person_id: UUID) -> Any:
    """Hold a registration; return its row, with its exam's times. Raises NotFound. One statement."""
    query = _candidates(run_id, exam_id, person_id).with_for_update(of=registration)
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound(_UNKNOWN)
    return row
