"""Many sessions of many runs at once: a plan is published whole or not at all, in a constant number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, insert, select, update

from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, FieldError, NotFound
from lms_core.hooks.types import SessionEvent
from lms_core.modules.tables import module, run, session
from lms_core.modules.types import SessionContent
from lms_core.outbox.events import Emitted, emit_all
from lms_core.types import now


class PlannedSession(SessionContent, frozen=True, kw_only=True):
    """A session as it is to be: of which run, under which id (the planner's own choice), planned how.

    `revision` is that of the session as the planner last knew it, 0 for one that does not exist yet.
    """

    run_id: UUID
    session_id: UUID
    revision: int = 0


class SessionChange(msgspec.Struct, frozen=True):
    """What publishing did to a session, and the revision that it has now."""

    session_id: UUID
    run_id: UUID
    revision: int
    change: str  # published, changed, unchanged or cancelled


_CONTENT = SessionContent.__struct_fields__


async def publish(
    connection: AsyncConnection, programme_id: UUID, planned: Sequence[PlannedSession], dropped: dict[UUID, int]
) -> list[SessionChange]:
    """Make, change and cancel sessions of runs that the programme owns; each real change is one event.

    `dropped` are the sessions to be cancelled, with the revision that the planner knew. What stays as it is, stays
    untouched. Six statements at most. Raises NotFound for a run that is not the programme's, and Conflict that
    names every session that was changed or cancelled by somebody else meanwhile.
    """
    await _check_runs(connection, programme_id, {one.run_id for one in planned})
    found = await _held(connection, programme_id, [*(one.session_id for one in planned), *dropped])
    _check_revisions({one.session_id: one.revision for one in planned} | dropped, found)
    moment = now()
    rows = [
        {name: getattr(one, name) for name in _CONTENT}
        | {"id": one.session_id, "run_id": one.run_id, "revision": one.revision + 1, "changed_at": moment}
        for one in planned
    ]
    new = [row for row in rows if row["id"] not in found]
    other = [row for row in rows if row["id"] in found and _differs(row, found[row["id"]])]
    gone = [
        {**_as_row(found[one]), "revision": known + 1, "changed_at": moment, "cancelled_at": moment}
        for one, known in dropped.items()
    ]
    if new:
        await connection.execute(insert(session), new)
    if changed := [*other, *gone]:
        await connection.execute(_REPLACE, [{"cancelled_at": None, **row, "this": row["id"]} for row in changed])
    done: dict[UUID, SessionChange] = {}
    events: list[Emitted] = []
    for kind, these in (("published", new), ("changed", other), ("cancelled", gone)):
        for row in these:
            done[row["id"]] = SessionChange(row["id"], row["run_id"], row["revision"], kind)
            events.append(_event(kind, row, programme_id))
    await emit_all(connection, events)
    for one in planned:
        done.setdefault(one.session_id, SessionChange(one.session_id, one.run_id, one.revision, "unchanged"))
    return list(done.values())


_REPLACE = (
    update(session)
    .where(session.c.id == bindparam("this"))
    .values({name: bindparam(name) for name in (*_CONTENT, "run_id", "revision", "changed_at", "cancelled_at")})
)


async def _check_runs(connection: AsyncConnection, programme_id: UUID, runs: set[UUID]) -> None:
    if not runs:
        return
    query = select(run.c.id).join_from(run, module).where(module.c.programme_id == programme_id, run.c.id.in_(runs))
    if strangers := runs - set((await connection.execute(query)).scalars()):
        raise NotFound(f"The programme has no run {', '.join(sorted(map(str, strangers)))}.")


async def _held(connection: AsyncConnection, programme_id: UUID, wanted: list[UUID]) -> dict[UUID, Any]:
    """Return those of the sessions that exist, and let nobody else change them until the transaction ends."""
    query = select(session).where(session.c.id.in_(wanted)).order_by(session.c.id).with_for_update()
    found = {row.id: row for row in await connection.execute(query)}
    await _check_runs(connection, programme_id, {row.run_id for row in found.values()})
    return found


def _check_revisions(known: dict[UUID, int], found: dict[UUID, Any]) -> None:
    wrong = []
    for one, revision in known.items():
        row = found.get(one)
        if row is None and revision:
            wrong.append(FieldError(f"sessions.{one}", "does not exist any more"))
        elif row is not None and row.cancelled_at:
            wrong.append(FieldError(f"sessions.{one}", f"{row.title!r} was cancelled; plan a new one"))
        elif row is not None and row.revision != revision:
            reason = f"{row.title!r} was changed by somebody else: it is in state {row.revision}, you know {revision}"
            wrong.append(FieldError(f"sessions.{one}", reason))
    if wrong:
        raise Conflict("Sessions were changed since the plan was made; look at them and plan again.", errors=wrong)


def _differs(row: dict[str, Any], present: Any) -> bool:
    return any(row[name] != getattr(present, name) for name in (*_CONTENT, "run_id"))


def _as_row(present: Any) -> dict[str, Any]:
    return dict(present._mapping)


def _event(kind: str, row: dict[str, Any], programme_id: UUID) -> Emitted:
    payload = SessionEvent(
        session_id=row["id"],
        run_id=row["run_id"],
        programme_id=programme_id,
        revision=row["revision"],
        **{name: row[name] for name in _CONTENT},
        bundled=True,
    )
    return Emitted(f"session_{kind}", f"run:{row['run_id']}", programme_id, payload)
