"""Transcripts: what a person was examined in and credited with, by the programme under which it counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Integer, Row, Select, cast, func, select, type_coerce

from lms_core.assessment import types as t
from lms_core.assessment.policy import average, average_of_sums, shown
from lms_core.assessment.registering import holding
from lms_core.assessment.tables import exam, mark, registration
from lms_core.db import AsyncConnection, Hundredths
from lms_core.enrolment.tables import programme_enrolment, run_enrolment
from lms_core.errors import NotFound
from lms_core.modules.tables import run, version
from lms_core.people.tables import person
from lms_core.programmes.tables import programme, regulation
from lms_core.progress.reads import kind_of, module_of, source_of
from lms_core.progress.tables import COUNTING, credit
from lms_core.types import instant_of

_NONE = Decimal(0)


async def read(connection: AsyncConnection, person_id: UUID, programme_id: UUID | None = None) -> t.Transcript:
    """Return a person's transcript: what counts under one programme, or (None) all of it. Five statements.

    Raises NotFound when she never was a student of the programme.
    """
    studied = await _studied(connection, person_id, programme_id)
    if programme_id is not None and not studied:
        raise NotFound("This person is not a student of the programme.")
    name = (await connection.execute(select(person.c.name).where(person.c.id == person_id))).scalar_one()
    attempts = await _attempts(connection, person_id, programme_id)
    bookings = await _credits(connection, person_id, programme_id)
    completed = await _completed(connection, person_id)
    found = {row.programme_id for row in (*attempts, *bookings)} - {row.programme_id for row in studied}
    names = {row.programme_id: row for row in studied}
    return t.Transcript(
        person_id=person_id,
        name=name,
        programmes=[
            _programme(
                one,
                names.get(one),
                [row for row in attempts if row.programme_id == one],
                [row for row in bookings if row.programme_id == one],
                completed,
            )
            for one in (*names, *sorted(found, key=str))
        ],
    )


def _programme(
    programme_id: UUID | None, head: Any, attempts: list[Row[Any]], bookings: list[Row[Any]], completed: set[UUID]
) -> t.TranscriptProgramme:
    by_module: dict[UUID, list[Row[Any]]] = {}
    for row in sorted(attempts, key=lambda row: instant_of(row.starts, row.zone)):
        by_module.setdefault(row.module_id, []).append(row)
    booked = {module_of(row.source): row for row in bookings}
    modules = [_examined(module_id, rows, booked.get(module_id)) for module_id, rows in by_module.items()]
    for row in bookings:
        module_id = module_of(row.source)
        if module_id not in by_module:
            elsewhere = row.recognised or (module_id is not None and module_id not in completed)
            modules.append(_credited(row, module_id, recognised=elsewhere))
    return t.TranscriptProgramme(
        programme_id=programme_id,
        title=head.title if head else None,
        regulation=head.version if head else None,
        ects_total=head.ects_total if head else None,
        ects_earned=sum((row.ects for row in bookings), _NONE),
        average=average((found.mark, found.ects) for found in modules if found.mark is not None),
        modules=sorted(modules, key=lambda found: (found.title, str(found.module_id))),
    )


def _examined(module_id: UUID, rows: list[Row[Any]], booked: Row[Any] | None) -> t.TranscriptModule:
    """Describe a module by its attempts; title and ECTS are those of the passed one, or else of the latest."""
    passed = next((row for row in rows if row.state == "passed"), None)
    chosen = passed or rows[-1]
    return t.TranscriptModule(
        module_id=module_id,
        kind=kind_of(source_of(module_id)),
        title=chosen.module_title,
        ects=chosen.ects,
        mark=shown(passed.mark) if passed else None,
        passed=passed is not None,
        credited=booked is not None,
        recognised=booked is not None and booked.recognised,
        attempts=[
            t.TranscriptAttempt(
                exam_id=row.exam_id, run_id=row.run_id, title=row.title, starts=row.starts, zone=row.zone,
                state=row.state, mark=shown(row.mark),
            )
            for row in rows
        ],
    )  # fmt: skip


def _credited(row: Row[Any], module_id: UUID | None, *, recognised: bool) -> t.TranscriptModule:
    return t.TranscriptModule(
        module_id=module_id, kind=kind_of(row.source), title=row.title, ects=row.ects, mark=None, passed=False,
        credited=True, recognised=recognised, attempts=[],
    )  # fmt: skip


async def _studied(connection: AsyncConnection, person_id: UUID, programme_id: UUID | None) -> list[Row[Any]]:
    query = (
        select(programme.c.id.label("programme_id"), programme.c.title, regulation.c.version, regulation.c.ects_total)
        .join_from(programme_enrolment, programme, programme.c.id == programme_enrolment.c.programme_id)
        .join(regulation, regulation.c.id == programme_enrolment.c.regulation_id)
        .where(programme_enrolment.c.person_id == person_id)
        .order_by(programme.c.title, programme.c.id)
    )
    if programme_id is not None:
        query = query.where(programme.c.id == programme_id)
    return list(await connection.execute(query))


async def _attempts(connection: AsyncConnection, person_id: UUID, programme_id: UUID | None) -> list[Row[Any]]:
    query = (
        select(
            registration.c.programme_id, registration.c.module_id, registration.c.exam_id, exam.c.run_id,
            exam.c.title, exam.c.starts, exam.c.zone, registration.c.state, mark.c.mark,
            version.c.title.label("module_title"), version.c.ects,
        )
        .join_from(registration, exam, exam.c.id == registration.c.exam_id)
        .join(run, run.c.id == exam.c.run_id)
        .join(version, version.c.id == run.c.version_id)
        .outerjoin(mark, holding())
        .where(registration.c.person_id == person_id, registration.c.state != "deregistered")
    )  # fmt: skip
    if programme_id is not None:
        query = query.where(registration.c.programme_id == programme_id)
    return list(await connection.execute(query))


async def _credits(connection: AsyncConnection, person_id: UUID, programme_id: UUID | None) -> list[Row[Any]]:
    query = select(credit.c.programme_id, credit.c.source, credit.c.title, credit.c.ects, credit.c.recognised).where(
        credit.c.person_id == person_id, COUNTING
    )
    if programme_id is not None:
        query = query.where(credit.c.programme_id == programme_id)
    return list(await connection.execute(query))


async def _completed(connection: AsyncConnection, person_id: UUID) -> set[UUID]:
    query = (
        select(run.c.module_id)
        .join_from(run_enrolment, run, run.c.id == run_enrolment.c.run_id)
        .where(run_enrolment.c.person_id == person_id, run_enrolment.c.state == "completed")
    )
    return set((await connection.execute(query)).scalars())


async def heads(
    connection: AsyncConnection, programme_id: UUID, cursor: UUID | None, limit: int
) -> list[t.TranscriptHead]:
    """Return the sums of up to limit + 1 students' transcripts in a programme, after the cursor. One statement."""
    query = of_students(programme_id).order_by(person.c.id).limit(limit + 1)
    if cursor is not None:
        query = query.where(person.c.id > cursor)
    return [
        t.TranscriptHead(
            person_id=row.id, name=row.name, email=row.email, state=row.state, ects_earned=row.earned,
            average=average_of(row), passed=row.passed,
        )
        for row in await connection.execute(query)
    ]  # fmt: skip


def average_of(row: Any) -> Decimal | None:
    """Return the average of a row with the sums that `of_students` selects."""
    return average_of_sums(Decimal(row.points) / 10_000, Decimal(row.weight) / 100)


def of_students(programme_id: UUID) -> Select[Any]:
    """Select the students of a programme, former ones included, with the sums of their transcripts in it."""
    earned = (
        select(func.coalesce(func.sum(credit.c.ects), 0))
        .where(credit.c.person_id == person.c.id, credit.c.programme_id == programme_id, COUNTING)
        .scalar_subquery()
    )
    return (
        select(
            person.c.id, person.c.name, person.c.email, person.c.external_key, programme_enrolment.c.state,
            programme_enrolment.c.regulation_id,
            type_coerce(earned, Hundredths).label("earned"),
            _of_passed(programme_id, _points()).label("points"),
            _of_passed(programme_id, _weight()).label("weight"),
            _of_passed(programme_id, func.count()).label("passed"),
        )
        .join_from(programme_enrolment, person, person.c.id == programme_enrolment.c.person_id)
        .where(programme_enrolment.c.programme_id == programme_id)
    )  # fmt: skip


def _points() -> ColumnElement[Any]:
    """Sum marks times ECTS, both in hundredths."""
    product = cast(type_coerce(mark.c.mark, Integer), BigInteger) * type_coerce(version.c.ects, Integer)
    return func.coalesce(func.sum(product), 0)


def _weight() -> ColumnElement[Any]:
    """Sum the ECTS of what has a mark, in hundredths."""
    return func.coalesce(func.sum(type_coerce(version.c.ects, Integer)).filter(mark.c.mark.is_not(None)), 0)


def _of_passed(programme_id: UUID, value: ColumnElement[Any]) -> Any:
    """Compute something of the exams that a person of the outer query has passed."""
    return (
        select(value)
        .select_from(registration)
        .join(exam, exam.c.id == registration.c.exam_id)
        .join(run, run.c.id == exam.c.run_id)
        .join(version, version.c.id == run.c.version_id)
        .join(mark, holding())
        .where(
            registration.c.person_id == person.c.id,
            registration.c.programme_id == programme_id,
            registration.c.state == "passed",
        )
        .correlate(person)
        .scalar_subquery()
    )
