"""The rules about ECTS of a module: booked whole and once, by an authority on evidence; taken back by another row."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lms_core.assessment import types as t
from lms_core.assessment.marks import hold
from lms_core.assessment.tables import registration
from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import Conflict, NotFound
from lms_core.modules.tables import run, version
from lms_core.progress.credits import book_credit, reverse_credit
from lms_core.progress.reads import source_of
from lms_core.progress.types import Credit, CreditDecision


async def book_exam(
    connection: AsyncConnection, run_id: UUID, exam_id: UUID, person_id: UUID, decision: CreditDecision, authority: UUID
) -> Credit:
    """Book the ECTS of a module for a person who has passed an exam of it.

    Raises NotFound and Conflict (not passed, booked already). Four statements.
    """
    held = await hold(connection, run_id, exam_id, person_id)
    if held.state != "passed":
        raise Conflict("The exam is not passed; ECTS are booked whole, on passing.")
    return await book_credit(
        connection,
        person_id,
        source_of(held.module_id),
        held.ects,
        decision.evidence,
        authority,
        title=held.title,
        programme_id=held.programme_id,
    )


async def book_run(
    connection: AsyncConnection, run_id: UUID, person_id: UUID, decision: CreditDecision, authority: UUID
) -> Credit:
    """Book the ECTS of a module for a participant who has completed a run of it.

    Raises NotFound and Conflict (not completed, an exam failed or yet to come, booked already). Five statements.
    """
    query = (
        select(run_enrolment.c.state, run_enrolment.c.programme_id, run.c.module_id, run.c.title, version.c.ects)
        .join_from(run_enrolment, run, run.c.id == run_enrolment.c.run_id)
        .join(version, version.c.id == run.c.version_id)
        .where(run_enrolment.c.run_id == run_id, run_enrolment.c.person_id == person_id)
        .with_for_update(of=run_enrolment)  # so that she does not register for an exam meanwhile
    )
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such participant.")
    if row.state != "completed":
        raise Conflict("The participant has not completed the run; ECTS are booked whole, on completion.")
    exams = select(registration.c.state).where(
        registration.c.person_id == person_id, registration.c.module_id == row.module_id
    )
    states = set((await connection.execute(exams)).scalars())
    if "passed" not in states and not states.isdisjoint({"registered", "failed", "unexcused"}):
        what = "yet to come" if "registered" in states else "failed"
        raise Conflict(f"Her exam of this module is {what}; ECTS are booked whole, on passing.")
    return await book_credit(
        connection,
        person_id,
        source_of(row.module_id),
        row.ects,
        decision.evidence,
        authority,
        title=row.title,
        programme_id=row.programme_id,
    )


async def take_back(
    connection: AsyncConnection, run_id: UUID, person_id: UUID, decision: t.ReversalDecision, authority: UUID
) -> Credit:
    """Take the booked ECTS of a run's module back, by a second row that cancels the first.

    Raises NotFound when none are booked. Four statements.
    """
    module_id = await connection.scalar(select(run.c.module_id).where(run.c.id == run_id))
    if module_id is None:
        raise NotFound("There is no such run.")
    return await reverse_credit(connection, person_id, source_of(module_id), decision.evidence, authority)
