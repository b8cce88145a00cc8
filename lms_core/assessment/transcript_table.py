"""The transcripts of a programme as one table: a line for each attempt, and for what is credited without one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, literal, null, select

from lms_core.assessment import types as t
from lms_core.assessment.policy import shown
from lms_core.assessment.registering import holding
from lms_core.assessment.tables import exam, mark, registration
from lms_core.assessment.transcripts import average_of, of_students
from lms_core.enrolment.tables import run_enrolment
from lms_core.modules.tables import run, version
from lms_core.programmes.tables import regulation
from lms_core.progress.cohort import source_column
from lms_core.progress.reads import SOURCE, kind_of
from lms_core.progress.tables import COUNTING, credit


def selected(programme_id: UUID) -> Select[Any]:
    """Select the lines, to be shaped by `line`: those of a student together, by module and time."""
    # once for each student, and not for each of her lines
    student = of_students(programme_id).cte("student").prefix_with("MATERIALIZED")
    entry = _attempts(programme_id).union_all(_credits(programme_id)).subquery("entry")
    told = [c for c in entry.c if c.name not in ("person_id", "exam_id")]
    return (
        select(student, regulation.c.version.label("regulation"), *told)
        .join(regulation, regulation.c.id == student.c.regulation_id)
        .outerjoin(entry, entry.c.person_id == student.c.id)
        .order_by(student.c.id, entry.c.module, entry.c.starts, entry.c.exam_id)
    )


def line(row: Any) -> t.TranscriptLine:
    """Describe a line by its row."""
    return t.TranscriptLine(
        person_id=row.id, external_key=row.external_key, name=row.name, email=row.email, state=row.state,
        regulation=row.regulation, ects_earned=row.earned, average=average_of(row), module=row.module,
        kind=kind_of(row.source) if row.source else None, ects=row.ects,
        exam=row.exam, exam_on=row.starts.date() if row.starts else None, result=row.result, mark=shown(row.mark),
        credited=bool(row.credited), recognised=bool(row.recognised),
    )  # fmt: skip


def _attempts(programme_id: UUID) -> Select[Any]:
    booked = and_(
        credit.c.person_id == registration.c.person_id,
        credit.c.programme_id == programme_id,
        credit.c.source == source_column(registration.c.module_id),
        COUNTING,
    )
    return (
        select(
            registration.c.person_id, version.c.title.label("module"), literal(SOURCE).label("source"),
            version.c.ects, exam.c.title.label("exam"), exam.c.id.label("exam_id"), exam.c.starts,
            registration.c.state.label("result"), mark.c.mark, exists().where(booked).label("credited"),
            exists().where(booked, credit.c.recognised).label("recognised"),
        )
        .select_from(registration)
        .join(exam, exam.c.id == registration.c.exam_id)
        .join(run, run.c.id == exam.c.run_id)
        .join(version, version.c.id == run.c.version_id)
        .outerjoin(mark, holding())
        .where(_of(programme_id))
    )  # fmt: skip


def _credits(programme_id: UUID) -> Select[Any]:
    examined = exists().where(
        _of(programme_id),
        registration.c.person_id == credit.c.person_id,
        source_column(registration.c.module_id) == credit.c.source,
    )
    completed = exists(
        select(literal(1))
        .select_from(run_enrolment)
        .join(run, run.c.id == run_enrolment.c.run_id)
        .where(
            run_enrolment.c.person_id == credit.c.person_id,
            run_enrolment.c.state == "completed",
            source_column(run.c.module_id) == credit.c.source,
        )
    )
    elsewhere = credit.c.recognised | (credit.c.source.startswith(SOURCE) & ~completed)
    columns = (credit.c.person_id, credit.c.title, credit.c.source, credit.c.ects)
    return select(*columns, *[null()] * 5, literal(1) == 1, elsewhere).where(
        credit.c.programme_id == programme_id, COUNTING, ~examined
    )


def _of(programme_id: UUID) -> Any:
    return and_(registration.c.programme_id == programme_id, registration.c.state != "deregistered")
