"""The statements that write progress, built once; each takes a batch of any number of events as it takes one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BindParameter,
    FromClause,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from lms_core.db import Json
from lms_core.enrolment.tables import run_enrolment
from lms_core.media.tables import preparation
from lms_core.modules.tables import run, session, unit, unit_file, version
from lms_core.people.tables import person, role
from lms_core.progress.state import State
from lms_core.progress.tables import former_unit, progress_event, unit_state

MOST_PIECES = 2_000
"""So many pieces of a film, apart from each other, does nobody watch; a unit that has them takes no more."""

TOLD = [c for c in progress_event.c if c.name not in ("person_id", "received_at", "recorded_by")]
_WHO: BindParameter[Any] = bindparam("who", type_=progress_event.c.person_id.type)
TAKES_PART = run_enrolment.c.state.in_(["enrolled", "completed"])


def state_of_unit(who: Any) -> Any:
    """Join the state of a person to the units of a run."""
    return and_(unit_state.c.person_id == who, unit_state.c.run_id == run.c.id, unit_state.c.unit_key == unit.c.key)


def _told(dialect: Any) -> FromClause:
    """Return the events of a batch, which come as one parameter, as rows: the statement is the same for any number."""
    events: BindParameter[Any] = bindparam("events", type_=Json)
    if dialect is postgresql:
        rows = func.jsonb_to_recordset(events).table_valued(*(column(c.name, c.type) for c in TOLD), name="told")
        return rows.render_derived(with_types=True)
    each = func.json_each(events).table_valued("value", name="each")
    columns = (func.json_extract(each.c.value, f"$.{c.name}", type_=c.type).label(c.name) for c in TOLD)
    # otherwise SQLite reads the document once for each unit of the run
    return select(*columns).cte("told").prefix_with("MATERIALIZED")


def _insert(dialect: Any) -> Any:
    """Write the events that may be written: access check, rules and lock stand in the statement that writes.

    An event comes into being only if the person takes part in the run, the unit is or was in it, its kind is allowed
    and the score possible. What participants may is data: with `needs`, their role must have that permission.
    """
    told = _told(dialect)
    pieces = func.jsonb_array_length if dialect is postgresql else func.json_array_length
    allowed = (
        select(
            told.c.id, _WHO, run_enrolment.c.run_id, unit.c.key, told.c.completed, told.c.score, told.c.attempt,
            told.c.position, told.c.watched, told.c.facts, told.c.session_id, told.c.attended, told.c.at,
            bindparam("received_at", type_=progress_event.c.received_at.type),
            bindparam("recorded_by", type_=progress_event.c.recorded_by.type),
        )
        .select_from(told)
        .join(run_enrolment, and_(run_enrolment.c.person_id == _WHO, run_enrolment.c.run_id == told.c.run_id))
        .join(person, person.c.id == run_enrolment.c.person_id)
        .join(run, run.c.id == run_enrolment.c.run_id)
        .outerjoin(former_unit, and_(former_unit.c.run_id == run.c.id, former_unit.c.unit_key == told.c.unit_key))
        .join(
            unit,
            and_(
                unit.c.version_id == func.coalesce(former_unit.c.version_id, run.c.version_id),
                unit.c.key == told.c.unit_key,
            ),
        )
        .outerjoin(unit_state, state_of_unit(_WHO))
        .where(
            TAKES_PART,
            unit.c.kind.in_(bindparam("kinds", expanding=True)),
            or_(told.c.score.is_(None), told.c.score <= unit.c.max_score),
            or_(told.c.watched.is_(None), unit_state.c.watched.is_(None), pieces(unit_state.c.watched) < MOST_PIECES),
            or_(
                told.c.session_id.is_(None),
                exists().where(session.c.id == told.c.session_id, session.c.run_id == run_enrolment.c.run_id),
            ),
            exists().where(role.c.name == "participant", cast(role.c.permissions, Text).contains(bindparam("needs"))),
        )
        .with_for_update(key_share=True, of=[person, run_enrolment])
    )  # fmt: skip
    return (
        dialect.insert(progress_event)
        .from_select([c.name for c in progress_event.c], allowed)
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(progress_event)
    )


_STATE = [unit_state.c[name] for name in State.__struct_fields__]


def _write(dialect: Any) -> Any:
    statement = dialect.insert(unit_state)
    return statement.on_conflict_do_update(
        index_elements=["person_id", "run_id", "unit_key"],
        set_={c.name: statement.excluded[c.name] for c in (*_STATE, unit_state.c.changed)},
    ).returning(unit_state.c.unit_key)  # with it, all rows go in one statement


_DIALECTS = {"sqlite": sqlite, "postgresql": postgresql}
INSERT_EVENTS = {name: _insert(dialect) for name, dialect in _DIALECTS.items()}
WRITE_STATES = {name: _write(dialect) for name, dialect in _DIALECTS.items()}


def _lacking(of_run: Any, who: Any) -> Any:
    """Select the required units of a run's version that a person has not completed."""
    return (
        select(literal(1))
        .select_from(run)
        .join(unit, unit.c.version_id == run.c.version_id)
        .outerjoin(unit_state, state_of_unit(who))
        .where(of_run, unit.c.required, unit_state.c.completed_at.is_(None))
    )


_RUNS: BindParameter[Any] = bindparam("runs", expanding=True)
_lacking_by_run = (
    _lacking(run.c.id.in_(_RUNS), _WHO)
    .with_only_columns(run.c.id, func.count().label("count"))
    .group_by(run.c.id)
    .subquery()
)
_films = (
    select(func.max(preparation.c.duration_ms))
    .join_from(unit_file, preparation, preparation.c.media_id == unit_file.c.media_id)
    .where(unit_file.c.version_id == unit.c.version_id, unit_file.c.unit_key == unit.c.key)
    .correlate(unit)
    .scalar_subquery()
)
DURATION = case((unit.c.completion.is_not(None), _films))
"""How long the film of a unit is, in milliseconds; asked only where the unit has a rule that may want to know."""

_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_places = union_all(
    select(run.c.id, run.c.version_id, unit.c.key)
    .join(unit, unit.c.version_id == run.c.version_id)
    .where(run.c.id.in_(_RUNS), unit.c.key.in_(_KEYS)),
    select(former_unit.c.run_id, former_unit.c.version_id, former_unit.c.unit_key).where(
        former_unit.c.run_id.in_(_RUNS), former_unit.c.unit_key.in_(_KEYS)
    ),
).subquery()
_mine = unit_state.alias()
_newest = select(func.coalesce(func.max(_mine.c.changed), 0)).where(_mine.c.person_id == _WHO).scalar_subquery()
UNITS = (
    select(
        run.c.id.label("run_id"), run_enrolment.c.state, unit.c.key, unit.c.title, unit.c.kind, unit.c.completion,
        DURATION.label("duration_ms"), version.c.completion.label("of_run"), unit.c.max_score,
        and_(unit.c.required, unit.c.version_id == run.c.version_id).label("required"),
        func.coalesce(_lacking_by_run.c.count, 0).label("lacking"), _newest.label("newest"), *_STATE,
    )
    .select_from(run_enrolment)
    .join(run, run.c.id == run_enrolment.c.run_id)
    .join(version, version.c.id == run.c.version_id)
    .join(_places, _places.c.id == run.c.id)
    .join(unit, and_(unit.c.version_id == _places.c.version_id, unit.c.key == _places.c.key))
    .outerjoin(unit_state, state_of_unit(_WHO))
    .outerjoin(_lacking_by_run, _lacking_by_run.c.id == run.c.id)
    .where(run_enrolment.c.person_id == _WHO, TAKES_PART)
)  # fmt: skip


def _complete(*where: Any) -> Any:
    """Complete the runs of those who take part and are not through."""
    return (
        update(run_enrolment)
        .where(*where, run_enrolment.c.state == "enrolled")
        .values(state="completed", completed_at=bindparam("moment"))
        .returning(run_enrolment.c.person_id, run_enrolment.c.run_id, run_enrolment.c.programme_id)
    )


_lacks = exists(_lacking(run.c.id == run_enrolment.c.run_id, run_enrolment.c.person_id).correlate(run_enrolment))
_of_run = select(literal(1)).where(run.c.id == run_enrolment.c.run_id).correlate(run_enrolment)
_ruled = exists(
    _of_run.join_from(run, version, version.c.id == run.c.version_id).where(version.c.completion.is_not(None))
)
_requires = exists(_of_run.join_from(run, unit, unit.c.version_id == run.c.version_id).where(unit.c.required))
_RUN: BindParameter[Any] = bindparam("of_run", type_=run_enrolment.c.run_id.type)

COMPLETE_RUNS = _complete(run_enrolment.c.person_id == _WHO, run_enrolment.c.run_id.in_(_RUNS), or_(_ruled, ~_lacks))
"""Complete runs of a person: of those whose version has a rule of its own it must be known that it is fulfilled."""

COMPLETE_ALL = _complete(run_enrolment.c.run_id == _RUN, ~_lacks, _requires)
"""Complete a run without such a rule for everybody, if anything is required: nobody is through by doing nothing."""

COMPLETE_THESE = _complete(
    run_enrolment.c.run_id == _RUN, run_enrolment.c.person_id.in_(bindparam("people", expanding=True))
)
