"""The students of a programme and how far each is, for those who administer it. One statement for a page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, String, and_, cast, exists, func, literal, select

from lms_core.db import AsyncConnection, Hundredths
from lms_core.enrolment.tables import programme_enrolment, run_enrolment
from lms_core.modules.tables import run, version
from lms_core.people.search import begins
from lms_core.people.tables import person
from lms_core.programmes.tables import regulation
from lms_core.progress import types as t
from lms_core.progress.reads import SOURCE
from lms_core.progress.tables import COUNTING, credit, unit_state

# What counts under the programme, of the person: runs of another programme, or single modules, are nobody's business.
_HERS = and_(
    run_enrolment.c.person_id == programme_enrolment.c.person_id,
    run_enrolment.c.programme_id == programme_enrolment.c.programme_id,
)


def source_column(module_id: ColumnElement[UUID]) -> ColumnElement[str]:
    """Name a module as the source of a credit, as `source_of` does: SQLite keeps ids without hyphens."""
    plain = func.replace(cast(module_id, String), "-", "")
    parts = [func.substr(plain, start, length) for start, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))]
    name: ColumnElement[Any] = literal(SOURCE)
    for hyphen, part in zip(("", "-", "-", "-", "-"), parts, strict=True):
        name = name + hyphen + part
    return name


def _runs(*states: str) -> ScalarSelect[Any]:
    counted = select(func.count()).select_from(run_enrolment).where(_HERS, run_enrolment.c.state.in_(states))
    return counted.correlate(programme_enrolment).scalar_subquery()


def _latest(moment: ColumnElement[Any]) -> ScalarSelect[Any]:
    joined = and_(unit_state.c.person_id == run_enrolment.c.person_id, unit_state.c.run_id == run_enrolment.c.run_id)
    found = select(func.max(moment)).select_from(run_enrolment).join(unit_state, joined).where(_HERS)
    return found.correlate(programme_enrolment).scalar_subquery()


def _sum(ects: ColumnElement[Any]) -> Any:
    return func.coalesce(func.sum(ects, type_=Hundredths), 0, type_=Hundredths)


_booked = (
    select(_sum(credit.c.ects))
    .where(
        credit.c.person_id == programme_enrolment.c.person_id,
        credit.c.programme_id == programme_enrolment.c.programme_id,
        COUNTING,
    )
    .correlate(programme_enrolment)
    .scalar_subquery()
)
_credited = exists().where(
    credit.c.person_id == run_enrolment.c.person_id, credit.c.source == source_column(run.c.module_id), COUNTING
)
_again, _later = run_enrolment.alias(), run.alias()
_repeated = (
    exists()
    .where(
        _again.c.person_id == run_enrolment.c.person_id,
        _again.c.programme_id == run_enrolment.c.programme_id,
        _again.c.state.in_(["enrolled", "completed"]),
        _later.c.id == _again.c.run_id,
        _later.c.module_id == run.c.module_id,
        _later.c.id > run.c.id,
    )
    .correlate(run_enrolment, run)
)
_in_progress = (
    select(_sum(version.c.ects))
    .select_from(run_enrolment)
    .join(run, run.c.id == run_enrolment.c.run_id)
    .join(version, version.c.id == run.c.version_id)
    .where(_HERS, run_enrolment.c.state.in_(["enrolled", "completed"]), ~_credited, ~_repeated)
    .correlate(programme_enrolment)
    .scalar_subquery()
)
_cohort = (
    select(
        person.c.id.label("person_id"), person.c.external_key, person.c.name, person.c.email,
        programme_enrolment.c.state, programme_enrolment.c.since, regulation.c.version.label("regulation"),
        regulation.c.ects_total, _booked.label("ects_booked"), _in_progress.label("ects_in_progress"),
        _runs("enrolled", "completed").label("runs"), _runs("completed").label("runs_completed"),
        _runs("waiting").label("waiting"), _latest(unit_state.c.completed_at).label("completed_at"),
        _latest(unit_state.c.position_at).label("position_at"),
    )
    .select_from(programme_enrolment)
    .join(person, person.c.id == programme_enrolment.c.person_id)
    .join(regulation, regulation.c.id == programme_enrolment.c.regulation_id)
    .order_by(programme_enrolment.c.person_id)
)  # fmt: skip


def selected(programme_id: UUID, state: str | None = None, name: str | None = None) -> Select[Any]:
    """Select the students of a programme, former ones included, to be shaped by `member`.

    ECTS, runs and activity are those that count under the programme. Only those in a state, and those of whose name a
    word, or whose e-mail address, begins with `name`.
    """
    query = _cohort.where(programme_enrolment.c.programme_id == programme_id)
    if state is not None:
        query = query.where(programme_enrolment.c.state == state)
    return query if name is None else query.where(begins(name))


async def cohort(
    connection: AsyncConnection, chosen: Select[Any], cursor: UUID | None, limit: int
) -> list[t.CohortMember]:
    """Return up to limit + 1 of the students selected, after the cursor."""
    query = chosen.limit(limit + 1)
    if cursor is not None:
        query = query.where(programme_enrolment.c.person_id > cursor)
    return [member(row) for row in await connection.execute(query)]


def member(row: Any) -> t.CohortMember:
    """Describe a student of a programme by her row."""
    values = dict(row._mapping)
    moments = [moment for moment in (values.pop("completed_at"), values.pop("position_at")) if moment]
    return t.CohortMember(**values, last_activity=max(moments, default=None))
