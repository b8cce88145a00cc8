"""Moving a run to another version of its module: units keep their keys, so what was done of them stays done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select, update

from lms_core.db import AsyncConnection
from lms_core.enrolment.moves import tell_completed
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import Conflict, NotFound
from lms_core.http import changed_or_raise
from lms_core.modules.completion import Rule
from lms_core.modules.rulings import changed_rules
from lms_core.modules.tables import run, unit, version
from lms_core.people.tables import person
from lms_core.progress import statements as sql
from lms_core.progress import types as t
from lms_core.progress.corrections import write_correction
from lms_core.progress.rules import Sessions, Unit, asks_for, decided, missing_of_run
from lms_core.progress.sessions import held_for_each
from lms_core.progress.state import State
from lms_core.progress.tables import unit_state
from lms_core.types import now


async def change_version(
    connection: AsyncConnection, run_id: UUID, number: int, expected: int, actor: UUID
) -> t.VersionChanged:
    """Pin a run to another published version of its module, and complete it for those who thereby lack nothing.

    Nobody loses what she has completed. Raises NotFound, PreconditionFailed, and Conflict when there is no such
    published version. At most twenty statements for a thousand states, whatever the number of participants.
    """
    target = await _target(connection, run_id, number, expected)
    await connection.execute(update(run).where(run.c.id == run_id).values(version_id=target.id, revision=expected + 1))
    # Whoever is recording at this moment is waited for: her state counts in the new version.
    studying = (
        select(person.c.id)
        .join(run_enrolment, run_enrolment.c.person_id == person.c.id)
        .where(run_enrolment.c.run_id == run_id, sql.TAKES_PART)
        .order_by(person.c.id)
        .with_for_update(key_share=True, of=[person, run_enrolment])
    )
    await connection.execute(studying)
    await _decide_units(connection, run_id)
    done = await _complete(connection, run_id, target.completion)
    completed = sorted((row.person_id, row.programme_id) for row in done)
    await tell_completed(connection, [(who, run_id, programme_id) for who, programme_id in completed])
    notes = await changed_rules(connection, target.version_id, target.id)
    await write_correction(connection, run_id, target.version_id, target.id, notes, actor)
    return t.VersionChanged(run_id=run_id, version=number, completed=[who for who, _ in completed], notes=notes)


async def _target(connection: AsyncConnection, run_id: UUID, number: int, expected: int) -> Any:
    """Hold the run's row; return its version, and id and rule of the one it shall have."""
    same = (version.c.module_id == run.c.module_id) & (version.c.number == number)
    query = (
        select(run.c.revision, run.c.version_id, version.c.id, version.c.completion)
        .outerjoin_from(run, version, same & version.c.published_at.is_not(None))
        .where(run.c.id == run_id)
    )
    found = (await connection.execute(query.with_for_update(key_share=True, of=run))).first()
    if found is None:
        raise NotFound("There is no such run.")
    if found.revision != expected:
        await changed_or_raise(connection, run, run.c.id == run_id, expected)
    if found.id is None:
        raise Conflict("The module has no such published version; publish its draft first.")
    return found


async def _decide_units(connection: AsyncConnection, run_id: UUID) -> None:
    """Complete the units for those of whom the rules of the version ask no more than they have done."""
    others = unit_state.alias()
    newest = select(func.max(others.c.changed)).where(others.c.person_id == unit_state.c.person_id).scalar_subquery()
    query = (
        select(
            unit_state.c.person_id, unit.c.key, unit.c.title, unit.c.completion, sql.DURATION.label("duration_ms"),
            newest.label("newest"), *(unit_state.c[name] for name in State.__struct_fields__),
        )
        .select_from(run_enrolment)
        .join(run, run.c.id == run_enrolment.c.run_id)
        .join(unit, unit.c.version_id == run.c.version_id)
        .join(unit_state, sql.state_of_unit(run_enrolment.c.person_id))
        .where(run_enrolment.c.run_id == run_id, sql.TAKES_PART, unit_state.c.completed_at.is_(None))
    )  # fmt: skip
    rows = (await connection.execute(query)).all()
    units = {row.key: Unit.of(row) for row in {row.key: row for row in rows}.values()}
    attending = any(asks_for(one.rule, "attended") for one in units.values())
    sessions = await held_for_each(connection, run_id) if attending else _no_sessions
    # thousands of people with dozens of units each would hold everybody up
    changed = await asyncio.to_thread(_completed, run_id, rows, units, sessions)
    if changed:
        await connection.execute(sql.WRITE_STATES[connection.dialect.name], changed)


def _no_sessions(person_id: UUID) -> Sessions:
    return {}


def _completed(
    run_id: UUID, rows: Sequence[Any], units: dict[str, Unit], sessions: Callable[[UUID], Sessions]
) -> list[dict[str, Any]]:
    """Return the states, as they are written, in which nothing is missing any more."""
    moment = now()
    changed: list[dict[str, Any]] = []
    numbers: dict[UUID, int] = {}
    for row in rows:
        state = decided(units[row.key], State.stored(row), sessions(row.person_id), moment)
        if state.completed_at is not None:
            numbers[row.person_id] = numbers.get(row.person_id, row.newest) + 1
            place = {"person_id": row.person_id, "run_id": run_id, "unit_key": row.key}
            changed.append({**place, **msgspec.structs.asdict(state), "changed": numbers[row.person_id]})
    return changed


async def _complete(connection: AsyncConnection, run_id: UUID, rule: Any) -> Any:
    """Complete the run for those who lack nothing; return their rows."""
    values = {"of_run": run_id, "moment": now()}
    if rule is None:
        return (await connection.execute(sql.COMPLETE_ALL, values)).all()
    query = (
        select(unit_state.c.person_id, unit_state.c.unit_key)
        .join(
            run_enrolment,
            (run_enrolment.c.person_id == unit_state.c.person_id) & (run_enrolment.c.run_id == unit_state.c.run_id),
        )
        .where(
            unit_state.c.run_id == run_id,
            run_enrolment.c.state == "enrolled",
            unit_state.c.completed_at.is_not(None),
        )
    )
    done: dict[UUID, set[str]] = {}
    for row in await connection.execute(query):
        done.setdefault(row.person_id, set()).add(row.unit_key)
    wanted = msgspec.convert(rule, Rule)
    people = [who for who, keys in done.items() if not missing_of_run(wanted, keys)]
    return (await connection.execute(sql.COMPLETE_THESE, values | {"people": people})).all()
