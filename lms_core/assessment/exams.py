"""The rules about exams of a run: planned, changed, cancelled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, insert, select, update

from lms_core.assessment import types as t
from lms_core.assessment.tables import exam, registration
from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, NotFound
from lms_core.hooks.types import ExamEvent
from lms_core.http import changed_or_raise
from lms_core.modules.tables import module, run
from lms_core.outbox.events import emit
from lms_core.types import instant_of, new_id, now


def _same(run_id: UUID, exam_id: UUID) -> Any:
    return (exam.c.id == exam_id) & (exam.c.run_id == run_id)


def shape(row: Any) -> t.Exam:
    """Describe an exam by its row."""
    return t.Exam(
        **{name: value for name, value in row._mapping.items() if name != "changed_at"},
        starts_at=instant_of(row.starts, row.zone),
        ends_at=instant_of(row.ends, row.zone),
        register_by_at=instant_of(row.register_by, row.zone),
        deregister_by_at=instant_of(row.deregister_by, row.zone),
    )


def _owner(run_id: UUID) -> Select[Any]:
    return select(module.c.programme_id).join_from(run, module).where(run.c.id == run_id)


async def add(connection: AsyncConnection, run_id: UUID, new: t.ExamContent) -> t.Exam:
    """Plan an exam of a run. Raises NotFound. Four statements."""
    if await connection.scalar(select(run.c.id).where(run.c.id == run_id)) is None:
        raise NotFound("There is no such run.")
    row = {**msgspec.structs.asdict(new), "id": new_id(), "run_id": run_id, "revision": 1, "changed_at": now()}
    made = (await connection.execute(insert(exam).returning(exam), row)).one()
    return await _tell(connection, "exam_planned", made)


async def read(connection: AsyncConnection, run_id: UUID, exam_id: UUID) -> t.Exam:
    """Return an exam of a run, a cancelled one as well. Raises NotFound."""
    row = (await connection.execute(select(exam).where(_same(run_id, exam_id)))).first()
    if row is None:
        raise NotFound("The run has no such exam.")
    return shape(row)


async def list_all(connection: AsyncConnection, run_id: UUID) -> list[t.Exam]:
    """Return the exams of a run, cancelled ones as well, in the order of time, whatever their zones. One statement."""
    rows = await connection.execute(select(exam).where(exam.c.run_id == run_id).order_by(exam.c.id))
    return sorted(map(shape, rows), key=lambda found: found.starts_at)


async def change(connection: AsyncConnection, run_id: UUID, exam_id: UUID, new: t.ExamContent, expected: int) -> t.Exam:
    """Replan an exam; those registered stay so. Raises NotFound, PreconditionFailed and Conflict (it is cancelled)."""
    row = await _write(connection, run_id, exam_id, expected, msgspec.structs.asdict(new))
    if row is None:
        raise Conflict("The exam is cancelled, and people may have been told so already; plan a new one.")
    return await _tell(connection, "exam_changed", row)


async def cancel(connection: AsyncConnection, run_id: UUID, exam_id: UUID, expected: int) -> None:
    """Cancel an exam and the registrations for it; results that were recorded stay. Cancelling again changes nothing.

    Raises NotFound and PreconditionFailed. Four statements.
    """
    moment = now()
    row = await _write(connection, run_id, exam_id, expected, {"cancelled_at": moment})
    if row is None:
        return
    open_ones = (registration.c.exam_id == exam_id) & (registration.c.state == "registered")
    await connection.execute(update(registration).where(open_ones).values(state="deregistered", since=moment))
    await _tell(connection, "exam_cancelled", row)


async def _write(
    connection: AsyncConnection, run_id: UUID, exam_id: UUID, expected: int, values: dict[str, Any]
) -> Any:
    """Write into an exam that is not cancelled and return its row; None if it is.

    Raises NotFound and PreconditionFailed.
    """
    same = _same(run_id, exam_id)
    row = (
        await connection.execute(
            update(exam)
            .where(same, exam.c.revision == expected, exam.c.cancelled_at.is_(None))
            .values(**values, revision=expected + 1, changed_at=now())
            .returning(exam)
        )
    ).first()
    if row is None:
        present = await read(connection, run_id, exam_id)
        if present.revision != expected:
            await changed_or_raise(connection, exam, same, expected)
    return row


async def _tell(connection: AsyncConnection, name: str, row: Any) -> t.Exam:
    programme_id = (await connection.execute(_owner(row.run_id))).scalar_one()
    event = ExamEvent(row.id, row.run_id, programme_id, row.revision)
    await emit(connection, name, f"exam:{row.id}", programme_id, event)
    return shape(row)
