"""Recording progress: an entry in the ledger, and the state that all entries join to.

The join commutes and repeats harmlessly, so devices may send late, twice and in any order.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, case, exists, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound
from lms_core.hooks.types import ModuleCompleted
from lms_core.modules.tables import run, unit
from lms_core.outbox.events import emit
from lms_core.progress import types as t
from lms_core.progress.tables import progress_event, unit_state
from lms_core.types import now

OWN = ("reading", "video", "file")
"""Kinds of units whose progress a participant records herself; the others are assessed by somebody else."""

_P = {name: bindparam(name, type_=progress_event.c[name].type) for name in progress_event.c.keys()}  # noqa: SIM118

# The access check, the rules and the lock in the statement that writes: the event exists only if the person is
# enrolled, the unit is in the run's version, its kind is allowed and the score possible.
_allowed = (
    select(
        _P["id"], _P["person_id"], _P["run_id"], unit.c.key, _P["completed"], _P["score"], _P["position"], _P["at"],
        _P["received_at"], _P["recorded_by"],
    )
    .select_from(run_enrolment)
    .join(run, run.c.id == run_enrolment.c.run_id)
    .join(unit, unit.c.version_id == run.c.version_id)
    .where(
        run_enrolment.c.person_id == _P["person_id"],
        run_enrolment.c.run_id == _P["run_id"],
        run_enrolment.c.state.in_(["enrolled", "completed"]),
        unit.c.key == _P["unit_key"],
        unit.c.kind.in_(bindparam("kinds", expanding=True)),
        or_(_P["score"].is_(None), _P["score"] <= unit.c.max_score),
    )
    .with_for_update(of=run_enrolment)
)  # fmt: skip

_columns = [c.name for c in progress_event.c]


def _insert(dialect: Any) -> Any:
    return (
        dialect.insert(progress_event)
        .from_select(_columns, _allowed)
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(progress_event.c.id)
    )


def _join(dialect: Any) -> Any:
    """Write the state after one event: earliest completion, best score, latest position (ties by event id)."""
    statement = dialect.insert(unit_state)
    new, old = statement.excluded, unit_state.c

    def better(condition: ColumnElement[bool], column: str) -> ColumnElement[Any]:
        return case((condition, new[column]), else_=old[column])

    later = and_(
        new.position_at.is_not(None),
        or_(
            old.position_at.is_(None),
            new.position_at > old.position_at,
            and_(new.position_at == old.position_at, new.position_event > old.position_event),
        ),
    )
    earlier = and_(new.completed_at.is_not(None), or_(old.completed_at.is_(None), new.completed_at < old.completed_at))
    higher = and_(new.score.is_not(None), or_(old.score.is_(None), new.score > old.score))
    return statement.on_conflict_do_update(
        index_elements=["person_id", "run_id", "unit_key"],
        set_={
            "completed_at": better(earlier, "completed_at"),
            "score": better(higher, "score"),
            "position": better(later, "position"),
            "position_at": better(later, "position_at"),
            "position_event": better(later, "position_event"),
        },
    ).returning(old.unit_key, old.completed_at, old.score, old.position)


_STATEMENTS = {
    name: (_insert(dialect), _join(dialect)) for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}

# A run is completed when no required unit of its version lacks a completion.
_missing = (
    select(literal(1))
    .select_from(run)
    .join(unit, unit.c.version_id == run.c.version_id)
    .outerjoin(
        unit_state,
        and_(
            unit_state.c.person_id == bindparam("person"),
            unit_state.c.run_id == run.c.id,
            unit_state.c.unit_key == unit.c.key,
        ),
    )
    .where(run.c.id == bindparam("of_run"), unit.c.required, unit_state.c.completed_at.is_(None))
)
_complete_run = (
    update(run_enrolment)
    .where(
        run_enrolment.c.person_id == bindparam("person"),
        run_enrolment.c.run_id == bindparam("of_run"),
        run_enrolment.c.state == "enrolled",
        ~exists(_missing),
    )
    .values(state="completed", completed_at=bindparam("moment"))
    .returning(run_enrolment.c.programme_id)
)


async def record(
    connection: AsyncConnection,
    run_id: UUID,
    unit_key: str,
    person_id: UUID,
    event: t.ProgressEvent,
    recorded_by: UUID,
    kinds: tuple[str, ...],
) -> t.Recorded:
    """Record one event of a person's progress in a run and return the unit's state after it.

    Three statements, four where it completes the run. Raises NotFound (no such unit, or not enrolled),
    InvalidInput (a kind of unit that is recorded by others, a score above the maximum) and Conflict (the id
    belongs to another event).
    """
    insert_event, join_state = _STATEMENTS[connection.dialect.name]
    received = now()
    row = {
        "id": event.id, "person_id": person_id, "run_id": run_id, "unit_key": unit_key, "completed": event.completed,
        "score": event.score, "position": event.position, "at": event.at, "received_at": received,
        "recorded_by": recorded_by, "kinds": kinds,
    }  # fmt: skip
    if (await connection.execute(insert_event, row)).first() is None:
        return await _explain(connection, run_id, unit_key, person_id, event, kinds)
    moved = event.position is not None
    at = min(event.at, received)  # a clock that is ahead must not outdo everything that comes until then
    state = {
        "person_id": person_id, "run_id": run_id, "unit_key": unit_key,
        "completed_at": at if event.completed else None, "score": event.score, "position": event.position,
        "position_at": at if moved else None, "position_event": event.id if moved else None,
    }  # fmt: skip
    joined = t.UnitState(**(await connection.execute(join_state, state)).one()._mapping)
    completed = event.completed and await _try_to_complete(connection, run_id, person_id)
    return t.Recorded(new=True, run_completed=completed, unit=joined)


async def _try_to_complete(connection: AsyncConnection, run_id: UUID, person_id: UUID) -> bool:
    moment = now()
    done = await connection.execute(_complete_run, {"person": person_id, "of_run": run_id, "moment": moment})
    row = done.first()
    if row is None:
        return False
    event = ModuleCompleted(person_id, run_id, row.programme_id)
    await emit(connection, "module_completed", f"run:{run_id}", row.programme_id, event)
    return True


async def _explain(
    connection: AsyncConnection,
    run_id: UUID,
    unit_key: str,
    person_id: UUID,
    event: t.ProgressEvent,
    kinds: tuple[str, ...],
) -> t.Recorded:
    """Say why an event was not written: known already (then answer with the state), or not possible."""
    known = (await connection.execute(select(progress_event).where(progress_event.c.id == event.id))).first()
    if known is not None:
        if (known.person_id, known.run_id, known.unit_key) != (person_id, run_id, unit_key):
            raise Conflict("This id belongs to another event; every event needs an id of its own.")
        same = and_(*(unit_state.c[name] == known._mapping[name] for name in ("person_id", "run_id", "unit_key")))
        columns = (unit_state.c.unit_key, unit_state.c.completed_at, unit_state.c.score, unit_state.c.position)
        state = (await connection.execute(select(*columns).where(same))).one()
        return t.Recorded(new=False, run_completed=False, unit=t.UnitState(**state._mapping))
    query = (
        select(unit.c.kind, unit.c.max_score)
        .select_from(run_enrolment)
        .join(run, run.c.id == run_enrolment.c.run_id)
        .join(unit, unit.c.version_id == run.c.version_id)
        .where(
            run_enrolment.c.person_id == person_id,
            run_enrolment.c.run_id == run_id,
            run_enrolment.c.state.in_(["enrolled", "completed"]),
            unit.c.key == unit_key,
        )
    )
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such unit in a run in which this person is enrolled.")
    if row.kind not in kinds:
        where = FieldError("path.unit_key", f"a unit of kind {row.kind} is recorded by those who assess it")
        raise InvalidInput("You cannot record this yourself.", errors=[where])
    limit = "has no score" if row.max_score is None else f"has at most {row.max_score}"
    raise InvalidInput("The score is not possible.", errors=[FieldError("body.score", f"this unit {limit}")])
