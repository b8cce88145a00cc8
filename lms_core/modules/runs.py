"""The rules about runs of a module in a term, and their sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, insert, or_, select, update

from lms_core.db import AsyncConnection, Database
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.types import SessionEvent, SessionPlan, SessionRemark
from lms_core.http import changed_or_raise
from lms_core.modules import types as t
from lms_core.modules.attendees import named_for
from lms_core.modules.clashes import clashes
from lms_core.modules.tables import adoption, module, run, session, version
from lms_core.outbox.events import emit
from lms_core.programmes.tables import term
from lms_core.types import instant_of, new_id, now


def _runs() -> Select[Any]:
    return (
        select(
            run.c.id, run.c.module_id, module.c.programme_id, run.c.term_id, version.c.number.label("version"),
            run.c.title, version.c.ects, run.c.capacity, run.c.seats_taken, run.c.open,
        )
        .join_from(run, module, module.c.id == run.c.module_id)
        .join(version, version.c.id == run.c.version_id)
        .order_by(run.c.id)
    )  # fmt: skip


async def open_run(connection: AsyncConnection, module_id: UUID, new: t.NewRun) -> t.Run:
    """Open a run of a published version. Raises NotFound, Conflict (nothing published) and InvalidInput (term)."""
    owner = await connection.scalar(select(module.c.programme_id).where(module.c.id == module_id))
    if owner is None:
        raise NotFound("There is no such module.")
    query = select(version.c.id, version.c.title).where(
        version.c.module_id == module_id, version.c.published_at.is_not(None)
    )
    if new.version is not None:
        query = query.where(version.c.number == new.version)
    found = (await connection.execute(query.order_by(version.c.number.desc()).limit(1))).first()
    if found is None:
        raise Conflict("The module has no such published version; publish its draft first.")
    same_term = (term.c.id == new.term_id) & (term.c.programme_id == owner)
    if await connection.scalar(select(term.c.id).where(same_term)) is None:
        where = FieldError("body.termId", "must be a term of the programme that owns the module")
        raise InvalidInput("There is no such term.", errors=[where])
    made = new_id()
    row = {
        "id": made,
        "module_id": module_id,
        "version_id": found.id,
        "term_id": new.term_id,
        "title": new.title or found.title,
        "capacity": new.capacity,
        "seats_taken": 0,
        "open": new.open,
        "revision": 1,
    }
    await connection.execute(insert(run), row)
    return (await read_run(connection, made))[0]


async def read_run(connection: AsyncConnection, run_id: UUID) -> tuple[t.Run, int]:
    """Return a run and its revision. Raises NotFound."""
    row = (await connection.execute(_runs().add_columns(run.c.revision).where(run.c.id == run_id))).first()
    if row is None:
        raise NotFound("There is no such run.")
    values = dict(row._mapping)
    revision = values.pop("revision")
    return t.Run(**values), revision


async def list_runs(connection: AsyncConnection, programme_id: UUID, cursor: UUID | None, limit: int) -> list[t.Run]:
    """Return up to limit + 1 runs of modules that a programme owns or has adopted, after the cursor."""
    adopted = select(adoption.c.module_id).where(adoption.c.programme_id == programme_id)
    query = _runs().where(or_(module.c.programme_id == programme_id, module.c.id.in_(adopted))).limit(limit + 1)
    if cursor is not None:
        query = query.where(run.c.id > cursor)
    return [t.Run(**row._mapping) for row in await connection.execute(query)]


async def change_run(connection: AsyncConnection, run_id: UUID, change: t.RunChange, expected: int) -> None:
    """Rename a run, open or close it for enrolment. Raises NotFound, PreconditionFailed."""
    values = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
    same = run.c.id == run_id
    done = await connection.execute(
        update(run).where(same, run.c.revision == expected).values(**values, revision=expected + 1)
    )
    if not done.rowcount:
        await changed_or_raise(connection, run, same, expected)


def _session(row: Any) -> t.Session:
    values = dict(row._mapping)
    del values["run_id"], values["for_named"]
    return t.Session(**values, starts_at=instant_of(row.starts, row.zone), ends_at=instant_of(row.ends, row.zone))


async def judge_session(
    database: Database, hooks: Dispatcher, run_id: UUID, new: t.SessionContent, session_id: UUID | None = None
) -> list[SessionRemark]:
    """Ask the plugins of the programme that owns a run about a planned session, and return what warns the planner.

    It is a new one, or another plan of one that there is. Beside the warnings of plugins these are the participants'
    sessions elsewhere at the same time. Call it before the transaction that writes the plan. Three statements at most,
    and those of the plugins. Raises NotFound, Conflict when a plugin blocks the plan, and Unavailable when one cannot
    tell.
    """
    query = select(run.c.module_id, module.c.programme_id).join_from(run, module, module.c.id == run.c.module_id)
    async with database.read() as connection:
        place = (await connection.execute(query.where(run.c.id == run_id))).first()
        named = await named_for(connection, [session_id]) if session_id else {}
    if place is None:
        raise NotFound("There is no such run.")
    persons = named.get(session_id) if session_id else None
    content = msgspec.structs.asdict(new)
    plan = SessionPlan(run_id, place.module_id, place.programme_id, **content, persons=persons, session_id=session_id)
    remarks: list[SessionRemark] = await hooks.decide("check_session", place.programme_id, plan)
    blocking = [remark for remark in remarks if remark.severity == "block"]
    if blocking:
        errors = [FieldError(remark.code, remark.reason) for remark in blocking]
        raise Conflict(" ".join(remark.reason for remark in blocking), errors=errors)
    async with database.read() as connection:
        return [*remarks, *await clashes(connection, run_id, place.programme_id, new)]


async def add_session(
    connection: AsyncConnection, run_id: UUID, new: t.SessionContent, warnings: list[SessionRemark]
) -> t.Session:
    """Plan a session of a run; `warnings` are what was said about it. Raises NotFound."""
    if await connection.scalar(select(run.c.id).where(run.c.id == run_id)) is None:
        raise NotFound("There is no such run.")
    made = new_id()
    row = {**msgspec.structs.asdict(new), "id": made, "run_id": run_id, "revision": 1, "changed_at": now()}
    await connection.execute(insert(session), row)
    planned = await _tell(connection, "session_published", run_id, made)
    return msgspec.structs.replace(planned, warnings=warnings)


async def read_session(connection: AsyncConnection, run_id: UUID, session_id: UUID) -> t.Session:
    """Return a session of a run, a cancelled one as well. Raises NotFound."""
    row = (await connection.execute(select(session).where(_same(run_id, session_id)))).first()
    if row is None:
        raise NotFound("The run has no such session.")
    return _session(row)


async def list_sessions(connection: AsyncConnection, run_id: UUID) -> list[t.Session]:
    """Return the sessions of a run, cancelled ones as well, in the order of time, whatever their zones."""
    rows = await connection.execute(select(session).where(session.c.run_id == run_id).order_by(session.c.id))
    return sorted((_session(row) for row in rows), key=lambda s: s.starts_at)


async def change_session(
    connection: AsyncConnection,
    run_id: UUID,
    session_id: UUID,
    new: t.SessionContent,
    expected: int,
    warnings: list[SessionRemark],
) -> t.Session:
    """Replan a session; `warnings` are what was said about the new plan.

    Raises NotFound, PreconditionFailed, and Conflict when it is cancelled.
    """
    if not await _write_session(connection, run_id, session_id, expected, msgspec.structs.asdict(new)):
        raise Conflict("The session is cancelled, and calendars may have told so already; plan a new one.")
    changed = await _tell(connection, "session_changed", run_id, session_id)
    return msgspec.structs.replace(changed, warnings=warnings)


async def cancel_session(connection: AsyncConnection, run_id: UUID, session_id: UUID, expected: int) -> None:
    """Cancel a session. It stays to be seen, so that whoever knew of it learns; cancelling again changes nothing.

    Raises NotFound and PreconditionFailed.
    """
    if await _write_session(connection, run_id, session_id, expected, {"cancelled_at": now()}):
        await _tell(connection, "session_cancelled", run_id, session_id)


def _same(run_id: UUID, session_id: UUID) -> Any:
    return (session.c.id == session_id) & (session.c.run_id == run_id)


async def _write_session(
    connection: AsyncConnection, run_id: UUID, session_id: UUID, expected: int, values: dict[str, Any]
) -> bool:
    """Write into a session that is not cancelled; False if it is. Raises NotFound and PreconditionFailed."""
    same = _same(run_id, session_id)
    done = await connection.execute(
        update(session)
        .where(same, session.c.revision == expected, session.c.cancelled_at.is_(None))
        .values(**values, revision=expected + 1, changed_at=now())
    )
    if not done.rowcount:
        present = await read_session(connection, run_id, session_id)
        if present.revision != expected:
            await changed_or_raise(connection, session, same, expected)
    return bool(done.rowcount)


async def _tell(connection: AsyncConnection, event: str, run_id: UUID, session_id: UUID) -> t.Session:
    """Emit an event about a session as it is now, and return it."""
    told = await read_session(connection, run_id, session_id)
    owner = select(module.c.programme_id).join_from(run, module).where(run.c.id == run_id)
    programme_id = (await connection.execute(owner)).scalar_one()
    payload = SessionEvent(
        session_id=told.id,
        run_id=run_id,
        programme_id=programme_id,
        revision=told.revision,
        title=told.title,
        starts=told.starts,
        ends=told.ends,
        zone=told.zone,
        mode=told.mode,
        place=told.place,
    )
    await emit(connection, event, f"run:{run_id}", programme_id, payload)
    return told
