"""What people see of progress. Statements are built once and answer in one or two round trips."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BindParameter, Select, and_, bindparam, distinct, func, null, select
from sqlalchemy.sql.selectable import ScalarSelect

from lms_core.db import AsyncConnection, Hundredths
from lms_core.enrolment.tables import programme_enrolment, run_enrolment
from lms_core.errors import NotFound
from lms_core.modules.completion import Rule
from lms_core.modules.tables import module, run, unit, version
from lms_core.people.search import begins
from lms_core.people.tables import person
from lms_core.programmes.tables import programme, regulation
from lms_core.progress import types as t
from lms_core.progress.rules import Unit, asks_for, missing, missing_of_run
from lms_core.progress.sessions import held_sessions
from lms_core.progress.state import State, seconds
from lms_core.progress.statements import DURATION
from lms_core.progress.tables import COUNTING, credit, unit_state

_ME: BindParameter[Any] = bindparam("me")
_RUN: BindParameter[Any] = bindparam("of_run")

_outline = (
    select(
        run.c.id.label("run_id"), run.c.title.label("run_title"), version.c.ects, version.c.number,
        version.c.units_required, run_enrolment.c.state, unit.c.key, unit.c.parent, unit.c.kind, unit.c.title,
        unit.c.required, unit.c.minutes, unit.c.max_score,
        unit.c.completion, DURATION.label("duration_ms"), version.c.completion.label("of_run"),
        *(unit_state.c[name] for name in State.__struct_fields__),
    )
    .select_from(run)
    .join(version, version.c.id == run.c.version_id)
    .join(unit, unit.c.version_id == run.c.version_id)
    .outerjoin(run_enrolment, and_(run_enrolment.c.person_id == _ME, run_enrolment.c.run_id == run.c.id))
    .outerjoin(
        unit_state,
        and_(
            unit_state.c.person_id == _ME, unit_state.c.run_id == run.c.id, unit_state.c.unit_key == unit.c.key
        ),
    )
    .where(run.c.id == _RUN)
    .order_by(unit.c.position)
)  # fmt: skip

_UNIT_FIELDS = [name for name in t.OutlineUnit.__struct_fields__ if name not in ("watched_seconds", "missing")]


def percent(done: int, required: int) -> int:
    """Return how many of the required units are completed, in percent, rounded down; none required means all done."""
    return 100 if not required else done * 100 // required


async def outline(connection: AsyncConnection, run_id: UUID, person_id: UUID) -> t.Outline:
    """Return a run's units with a person's state. Raises NotFound. One statement, two with rules about attendance."""
    rows = (await connection.execute(_outline, {"me": person_id, "of_run": run_id})).all()
    if not rows:
        raise NotFound("There is no such run.")
    head = rows[0]
    done = sum(row.required and row.completed_at is not None for row in rows)
    asked = {row.key: Unit.of(row) for row in rows}
    attending = any(asks_for(unit.rule, "attended") for unit in asked.values())
    sessions = await held_sessions(connection, [run_id] if attending and head.state else [], person_id)
    lacking = {
        row.key: missing(asked[row.key], State.stored(row), sessions.get(run_id, {}))
        for row in rows
        if head.state and row.completed_at is None
    }
    return t.Outline(
        run_id=head.run_id,
        title=head.run_title,
        ects=head.ects,
        version=head.number,
        state=head.state,
        percent=percent(done, head.units_required),
        missing=_missing_of_run(rows) if head.state not in (None, "completed") else [],
        units=[_unit(row, lacking.get(row.key, [])) for row in rows],
    )


def _missing_of_run(rows: Sequence[Any]) -> list[t.Missing]:
    done = {row.key for row in rows if row.completed_at}
    if rows[0].of_run is None:
        needed = [row for row in rows if row.required and row.key not in done]
        return [t.Missing(code="unit", text=f"“{row.title}”", unit=row.key) for row in needed]
    return missing_of_run(msgspec.convert(rows[0].of_run, Rule), done, {row.key: row.title for row in rows})


def _unit(row: Any, lacking: list[t.Missing]) -> t.OutlineUnit:
    values = {name: getattr(row, name) for name in _UNIT_FIELDS}
    watched = row.watched or []
    return t.OutlineUnit(**values | {"watched": watched}, watched_seconds=seconds(watched), missing=lacking)


_changes = (
    select(
        unit_state.c.changed, unit_state.c.run_id, unit_state.c.unit_key, unit_state.c.completed_at,
        unit_state.c.score, unit_state.c.position, unit_state.c.watched,
    )
    .where(unit_state.c.person_id == _ME, unit_state.c.changed > bindparam("after"))
    .order_by(unit_state.c.changed)
    .limit(bindparam("most"))
)  # fmt: skip


async def changes(connection: AsyncConnection, person_id: UUID, after: int, limit: int) -> Sequence[Any]:
    """Return up to limit + 1 states of a person that changed after a number, by the number of their last change.

    The numbers are given under a lock that is held until the commit: whoever sees one sees all that are lower.
    """
    return (await connection.execute(_changes, {"me": person_id, "after": after, "most": limit + 1})).all()


def changed(row: Any) -> t.UnitChange:
    """Show a row of `changes`."""
    values = {name: getattr(row, name) for name in t.UnitChange.__struct_fields__ if name != "watched_seconds"}
    return t.UnitChange(**values, watched_seconds=seconds(row.watched))


def _done() -> ScalarSelect[Any]:
    """Count the required units of the run's version that the enrolled person has completed."""
    return (
        select(func.count())
        .select_from(unit_state)
        .join(unit, and_(unit.c.version_id == run.c.version_id, unit.c.key == unit_state.c.unit_key, unit.c.required))
        .where(
            unit_state.c.person_id == run_enrolment.c.person_id,
            unit_state.c.run_id == run_enrolment.c.run_id,
            unit_state.c.completed_at.is_not(None),
        )
        .correlate(run_enrolment, run)
        .scalar_subquery()
    )


SOURCE = "module:"
"""What a module's name as the source of a credit begins with."""


def source_of(module_id: UUID) -> str:
    """Name a module as the source of a credit: its ECTS are booked once, whichever run earned them."""
    return f"{SOURCE}{module_id}"


def kind_of(source: str) -> str:
    """Return what a source of credit is: `module`, or the name of the plugin with which it begins."""
    return source.partition(":")[0]


def module_of(source: str) -> UUID | None:
    """Return the module that a source of credit names; None for any other source."""
    try:
        return UUID(source.removeprefix(SOURCE)) if source.startswith(SOURCE) else None
    except ValueError:
        return None


_my_runs = (
    select(
        run.c.id.label("run_id"), run_enrolment.c.programme_id, run.c.title, run_enrolment.c.state, version.c.ects,
        version.c.units_required, run.c.module_id, _done().label("done"),
    )
    .select_from(run_enrolment)
    .join(run, run.c.id == run_enrolment.c.run_id)
    .join(version, version.c.id == run.c.version_id)
    .where(run_enrolment.c.person_id == _ME, run_enrolment.c.state.not_in(["withdrawn", "declined", "expired"]))
    .order_by(run.c.id)
)  # fmt: skip

# One row per programme that she studies, and one per booked credit; what is neither has no row.
_my_ects = (
    select(programme_enrolment.c.programme_id, regulation.c.ects_total.label("total"), credit.c.source, credit.c.ects)
    .select_from(programme_enrolment)
    .join(regulation, regulation.c.id == programme_enrolment.c.regulation_id)
    .outerjoin(
        credit, and_(credit.c.person_id == _ME, credit.c.programme_id == programme_enrolment.c.programme_id, COUNTING)
    )
    .where(programme_enrolment.c.person_id == _ME, programme_enrolment.c.state == "enrolled")
    .union_all(
        select(credit.c.programme_id, null(), credit.c.source, credit.c.ects).where(
            credit.c.person_id == _ME,
            COUNTING,
            credit.c.programme_id.is_(None)
            | credit.c.programme_id.not_in(
                select(programme_enrolment.c.programme_id).where(
                    programme_enrolment.c.person_id == _ME, programme_enrolment.c.state == "enrolled"
                )
            ),
        )
    )
)


async def dashboard(connection: AsyncConnection, person_id: UUID) -> t.Dashboard:
    """Return all runs of a person with percent, and her ECTS by programme. Two statements."""
    runs = (await connection.execute(_my_runs, {"me": person_id})).all()
    ects = (await connection.execute(_my_ects, {"me": person_id})).all()
    booked = {row.source for row in ects if row.source}
    totals: dict[UUID | None, Decimal | None] = {row.programme_id: row.total for row in ects}
    for row in runs:
        totals.setdefault(row.programme_id, None)
    nothing = Decimal(0)
    # a module that she repeats counts once, by its latest run
    open_runs = {
        (row.programme_id, row.module_id): row.ects
        for row in runs
        if row.state in ("enrolled", "completed") and source_of(row.module_id) not in booked
    }
    earned = {p: sum((r.ects for r in ects if r.programme_id == p and r.source), nothing) for p in totals}
    running = {p: sum((ects for (of, _), ects in open_runs.items() if of == p), nothing) for p in totals}
    return t.Dashboard(
        runs=[
            t.DashboardRun(
                run_id=row.run_id,
                programme_id=row.programme_id,
                title=row.title,
                state=row.state,
                percent=percent(row.done, row.units_required),
                ects=row.ects,
                credited=source_of(row.module_id) in booked,
            )
            for row in runs
        ],
        totals=[
            t.DashboardTotal(
                programme_id=programme_id,
                ects_total=total,
                ects_earned=earned[programme_id],
                ects_in_progress=running[programme_id],
                ects_open=None if total is None else max(nothing, total - earned[programme_id] - running[programme_id]),
            )
            for programme_id, total in sorted(totals.items(), key=lambda item: str(item[0]))
        ],
    )


def selected_participants(run_id: UUID, state: str | None = None, name: str | None = None) -> Select[Any]:
    """Select the participants of a run, withdrawn ones included, to be shaped by `participant`.

    Only those in a state, and those of whose name a word, or whose e-mail address, begins with `name`.
    """
    query = (
        select(
            person.c.id.label("person_id"), person.c.name, person.c.email, run_enrolment.c.state,
            run_enrolment.c.turn, _done().label("done"), version.c.units_required,
        )
        .select_from(run_enrolment)
        .join(person, person.c.id == run_enrolment.c.person_id)
        .join(run, run.c.id == run_enrolment.c.run_id)
        .join(version, version.c.id == run.c.version_id)
        .where(run_enrolment.c.run_id == run_id)
        .order_by(person.c.id)
    )  # fmt: skip
    if state is not None:
        query = query.where(run_enrolment.c.state == state)
    return query if name is None else query.where(begins(name))


async def participants(
    connection: AsyncConnection, chosen: Select[Any], cursor: UUID | None, limit: int
) -> list[t.Participant]:
    """Return up to limit + 1 of the participants selected, after the cursor. One statement."""
    query = chosen.limit(limit + 1)
    if cursor is not None:
        query = query.where(person.c.id > cursor)
    return [participant(row) for row in await connection.execute(query)]


def participant(row: Any) -> t.Participant:
    """Describe a participant of a run, with percent, by her row."""
    return t.Participant(
        person_id=row.person_id,
        name=row.name,
        email=row.email,
        state=row.state,
        turn=row.turn,
        percent=percent(row.done, row.units_required),
    )


async def overview(connection: AsyncConnection, programme_id: UUID) -> t.Overview:
    """Return the figures of a programme; runs are those of its own modules. Raises NotFound. Four statements."""
    if await connection.scalar(select(programme.c.id).where(programme.c.id == programme_id)) is None:
        raise NotFound("There is no such programme.")
    own = module.c.programme_id == programme_id
    seats = (
        await connection.execute(
            select(
                func.count(distinct(module.c.id)).label("modules"),
                func.count(run.c.id).label("runs"),
                func.coalesce(func.sum(run.c.capacity), 0).label("seats"),
                func.coalesce(func.sum(run.c.seats_taken), 0).label("seats_taken"),
            )
            .outerjoin_from(module, run, run.c.module_id == module.c.id)
            .where(own)
        )
    ).one()
    states = (
        select(run_enrolment.c.state, func.count().label("people"))
        .join_from(run_enrolment, run, run.c.id == run_enrolment.c.run_id)
        .join(module, module.c.id == run.c.module_id)
        .where(own)
        .group_by(run_enrolment.c.state)
    )
    counted = {row.state: row.people for row in await connection.execute(states)}
    students = (
        select(func.count())
        .where(programme_enrolment.c.programme_id == programme_id, programme_enrolment.c.state == "enrolled")
        .scalar_subquery()
    )
    ects = (
        select(func.coalesce(func.sum(credit.c.ects, type_=Hundredths), 0, type_=Hundredths))
        .where(credit.c.programme_id == programme_id)
        .scalar_subquery()
    )
    people = (await connection.execute(select(students, ects))).one()
    return t.Overview(
        programme_id=programme_id,
        students=people[0],
        waiting=counted.get("waiting", 0),
        completed=counted.get("completed", 0),
        ects_booked=people[1],
        **seats._mapping,
    )
