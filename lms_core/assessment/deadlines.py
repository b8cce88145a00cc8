"""The rules about deadlines of units in a run, and about extensions for one person."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, and_, func, insert, or_, select, update

from lms_core.assessment import work_types as t
from lms_core.assessment.tables import deadline, extension
from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import FieldError, InvalidInput, NotFound, PreconditionFailed
from lms_core.hooks.types import DeadlineEvent, ExtensionEvent
from lms_core.http import changed_or_raise
from lms_core.modules.tables import module, run, unit
from lms_core.outbox.events import emit
from lms_core.progress.tables import former_unit, unit_state
from lms_core.types import instant_of, new_id, now

SEATED = ("enrolled", "completed")


def _same(run_id: UUID, unit_key: str) -> Any:
    return (deadline.c.run_id == run_id) & (deadline.c.unit_key == unit_key)


async def read(connection: AsyncConnection, run_id: UUID, unit_key: str) -> t.Deadline:
    """Return the deadline of a unit, as it is for everybody, a removed one as well. Raises NotFound. One statement."""
    row = (await connection.execute(select(deadline).where(_same(run_id, unit_key)))).first()
    if row is None:
        raise NotFound('There is no deadline of such a unit; the first one is set with `If-Match: "0"`.')
    return t.Deadline(
        run_id=run_id, unit_key=unit_key, due=row.due, zone=row.zone, due_at=instant_of(row.due, row.zone),
        revision=row.revision, removed_at=row.removed_at,
    )  # fmt: skip


async def put(
    connection: AsyncConnection, run_id: UUID, unit_key: str, new: t.DeadlineContent, expected: int
) -> t.Deadline:
    """Set the deadline of a unit; there was none before if `expected` is 0. Four statements.

    Raises NotFound (the run has no such unit) and PreconditionFailed.
    """
    owner = await _owner(connection, run_id, unit_key)
    values = {**msgspec.structs.asdict(new), "revision": expected + 1, "changed_at": now(), "removed_at": None}
    if expected:
        await _change(connection, run_id, unit_key, expected, values)
    else:
        present = await connection.scalar(select(deadline.c.revision).where(_same(run_id, unit_key)))
        if present:
            raise PreconditionFailed(f"You are setting a first deadline, but it is in state {present}; read it again.")
        await connection.execute(insert(deadline), {"id": new_id(), "run_id": run_id, "unit_key": unit_key, **values})
    await _tell(connection, "deadline_set", run_id, unit_key, owner)
    return await read(connection, run_id, unit_key)


async def remove(connection: AsyncConnection, run_id: UUID, unit_key: str, expected: int) -> None:
    """Let a unit have no deadline any more; doing so again changes nothing. Four statements.

    Raises NotFound and PreconditionFailed.
    """
    present = await read(connection, run_id, unit_key)
    if present.revision == expected and present.removed_at is not None:
        return
    values = {"revision": expected + 1, "changed_at": now(), "removed_at": now()}
    await _change(connection, run_id, unit_key, expected, values)
    owner = select(module.c.programme_id).join_from(run, module).where(run.c.id == run_id)
    programme_id = (await connection.execute(owner)).scalar_one()  # of a unit that is gone from the run as well
    await _tell(connection, "deadline_removed", run_id, unit_key, programme_id)


async def _change(
    connection: AsyncConnection, run_id: UUID, unit_key: str, expected: int, values: dict[str, Any]
) -> None:
    same = _same(run_id, unit_key)
    done = await connection.execute(update(deadline).where(same, deadline.c.revision == expected).values(**values))
    if not done.rowcount:
        await changed_or_raise(connection, deadline, same, expected)


async def _owner(connection: AsyncConnection, run_id: UUID, unit_key: str) -> UUID:
    query = (
        select(module.c.programme_id)
        .join_from(run, module, module.c.id == run.c.module_id)
        .join(unit, unit.c.version_id == run.c.version_id)
        .where(run.c.id == run_id, unit.c.key == unit_key)
    )
    found: UUID | None = await connection.scalar(query)
    if found is None:
        raise NotFound("The run has no such unit.")
    return found


async def _tell(connection: AsyncConnection, name: str, run_id: UUID, unit_key: str, programme_id: UUID) -> None:
    await emit(connection, name, f"run:{run_id}", programme_id, DeadlineEvent(run_id, unit_key, programme_id))


def _of(run_id: UUID, unit_key: str, person_id: UUID) -> Any:
    same = (extension.c.run_id == run_id) & (extension.c.unit_key == unit_key)
    return same & (extension.c.person_id == person_id)


def _shape(row: Any) -> t.Extension:
    values = dict(row._mapping)
    del values["run_id"]
    return t.Extension(**values, due_at=instant_of(row.due, row.zone))


async def read_extension(connection: AsyncConnection, run_id: UUID, unit_key: str, person_id: UUID) -> t.Extension:
    """Return a person's extension, a withdrawn one as well. Raises NotFound. One statement."""
    row = (await connection.execute(select(extension).where(_of(run_id, unit_key, person_id)))).first()
    if row is None:
        raise NotFound('She has no extension of such a deadline; the first one is granted with `If-Match: "0"`.')
    return _shape(row)


async def list_extensions(
    connection: AsyncConnection, run_id: UUID, unit_key: str, cursor: UUID | None, limit: int
) -> list[t.Extension]:
    """Return up to limit + 1 extensions of a unit's deadline, after the cursor. One statement."""
    same = (extension.c.run_id == run_id) & (extension.c.unit_key == unit_key)
    query = select(extension).where(same).order_by(extension.c.person_id).limit(limit + 1)
    if cursor is not None:
        query = query.where(extension.c.person_id > cursor)
    return [_shape(row) for row in await connection.execute(query)]


async def extend(
    connection: AsyncConnection,
    run_id: UUID,
    unit_key: str,
    person_id: UUID,
    new: t.NewExtension,
    expected: int,
    actor: UUID,
) -> t.Extension:
    """Give a person a later deadline; she had none of her own before if `expected` is 0. Six statements.

    Raises NotFound (no deadline, or no seat in the run), PreconditionFailed, and InvalidInput when it is not later
    than everybody's.
    """
    present = await read(connection, run_id, unit_key)
    if present.removed_at is not None:
        raise NotFound("There is no deadline of this unit any more.")
    seat = await _seat(connection, run_id, person_id)
    if seat is None or seat.state not in SEATED:
        raise NotFound("There is no such participant.")
    if instant_of(new.due, new.zone) <= present.due_at:
        where = FieldError("body.due", f"must be after the deadline of all, {present.due} ({present.zone})")
        raise InvalidInput("An extension is later than the deadline.", errors=[where])
    values = {
        **msgspec.structs.asdict(new), "revision": expected + 1, "decided_by": actor, "decided_at": now(),
        "withdrawn_at": None,
    }  # fmt: skip
    if expected:
        await _write(connection, run_id, unit_key, person_id, expected, values)
    else:
        known = await connection.scalar(select(extension.c.revision).where(_of(run_id, unit_key, person_id)))
        if known:
            raise PreconditionFailed(f"You are making a first extension, but it is in state {known}; read it again.")
        row = {"run_id": run_id, "unit_key": unit_key, "person_id": person_id, **values}
        await connection.execute(insert(extension), row)
    await _tell_person(connection, "extension_granted", run_id, unit_key, person_id, seat.programme_id)
    return await read_extension(connection, run_id, unit_key, person_id)


async def withdraw_extension(
    connection: AsyncConnection, run_id: UUID, unit_key: str, person_id: UUID, expected: int, actor: UUID
) -> None:
    """Let everybody's deadline hold for a person again; doing so again changes nothing.

    Raises NotFound and PreconditionFailed. Four statements.
    """
    present = await read_extension(connection, run_id, unit_key, person_id)
    if present.revision == expected and present.withdrawn_at is not None:
        return
    values = {"revision": expected + 1, "decided_by": actor, "decided_at": now(), "withdrawn_at": now()}
    await _write(connection, run_id, unit_key, person_id, expected, values)
    seat = await _seat(connection, run_id, person_id)
    await _tell_person(connection, "extension_withdrawn", run_id, unit_key, person_id, seat.programme_id)


async def _write(
    connection: AsyncConnection, run_id: UUID, unit_key: str, person_id: UUID, expected: int, values: dict[str, Any]
) -> None:
    same = _of(run_id, unit_key, person_id)
    done = await connection.execute(update(extension).where(same, extension.c.revision == expected).values(**values))
    if not done.rowcount:
        await changed_or_raise(connection, extension, same, expected)


async def _seat(connection: AsyncConnection, run_id: UUID, person_id: UUID) -> Any:
    query = select(run_enrolment.c.state, run_enrolment.c.programme_id).where(
        run_enrolment.c.run_id == run_id, run_enrolment.c.person_id == person_id
    )
    return (await connection.execute(query)).first()


async def _tell_person(
    connection: AsyncConnection, name: str, run_id: UUID, unit_key: str, person_id: UUID, programme_id: UUID | None
) -> None:
    event = ExtensionEvent(person_id, run_id, unit_key, programme_id)
    await emit(connection, name, f"run:{run_id}", programme_id, event)


def of_person(person_id: UUID) -> Select[Any]:
    """Select the deadlines of the units in runs in which a person has a seat, with her extensions.

    Removed ones are among them, and those of units that are `gone` from the run. Which one holds tells `holding`.
    """
    return (
        select(
            deadline.c.id, deadline.c.run_id, run.c.title.label("run_title"), deadline.c.unit_key,
            unit.c.title.label("unit_title"), unit.c.kind, deadline.c.due, deadline.c.zone, deadline.c.revision,
            deadline.c.changed_at, deadline.c.removed_at, extension.c.due.label("own_due"),
            extension.c.zone.label("own_zone"), extension.c.revision.label("own_revision"),
            extension.c.decided_at, extension.c.withdrawn_at, unit_state.c.completed_at,
            former_unit.c.version_id.is_not(None).label("gone"),
        )
        .select_from(run_enrolment)
        .join(run, run.c.id == run_enrolment.c.run_id)
        .join(deadline, deadline.c.run_id == run.c.id)
        .outerjoin(
            former_unit, and_(former_unit.c.run_id == run.c.id, former_unit.c.unit_key == deadline.c.unit_key)
        )
        .join(
            unit,
            and_(
                unit.c.version_id == func.coalesce(former_unit.c.version_id, run.c.version_id),
                unit.c.key == deadline.c.unit_key,
            ),
        )
        .outerjoin(extension, _own(extension, person_id))
        .outerjoin(unit_state, _own(unit_state, person_id))
        .where(run_enrolment.c.person_id == person_id, run_enrolment.c.state.in_(SEATED))
        .order_by(deadline.c.id)
    )  # fmt: skip


def _own(table: Any, person_id: UUID) -> Any:
    of_unit = and_(table.c.run_id == deadline.c.run_id, table.c.unit_key == deadline.c.unit_key)
    return and_(table.c.person_id == person_id, of_unit)


def between(first: datetime, last: datetime) -> Any:
    """Keep the deadlines from one wall time to another; extensions as well. Right to a day, as zones are left out."""
    return and_(deadline.c.due < last, or_(deadline.c.due > first, extension.c.due > first))


def holding(row: Any) -> tuple[datetime, str, bool]:
    """Return the deadline that holds for a person: wall time, zone, and whether it is hers alone.

    An extension never shortens: where everybody's deadline was moved behind it, that one holds.
    """
    granted = row.own_due is not None and row.withdrawn_at is None
    if granted and instant_of(row.own_due, row.own_zone) > instant_of(row.due, row.zone):
        return row.own_due, row.own_zone, True
    return row.due, row.zone, False


async def mine(connection: AsyncConnection, person_id: UUID) -> list[t.MyDeadline]:
    """Return a person's deadlines in the order of time, whatever their zones. One statement."""
    found = []
    current = deadline.c.removed_at.is_(None), former_unit.c.version_id.is_(None)
    for row in await connection.execute(of_person(person_id).where(*current)):
        due, zone, extended = holding(row)
        found.append(
            t.MyDeadline(
                run_id=row.run_id, run_title=row.run_title, unit_key=row.unit_key, unit_title=row.unit_title,
                kind=row.kind, due=due, zone=zone, due_at=instant_of(due, zone), extended=extended,
                completed_at=row.completed_at,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.due_at, str(one.run_id), one.unit_key))
