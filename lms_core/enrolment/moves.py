"""The states of an enrolment in a run, and the one place where they change: row, seats, event and record together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import bindparam, insert, select, update

from lms_core.db import AsyncConnection, insert_into
from lms_core.enrolment.tables import enrolment_change, run_enrolment
from lms_core.enrolment.types import RunState
from lms_core.hooks.types import EnrolmentCreated, EnrolmentEnded, ModuleCompleted
from lms_core.modules.tables import run
from lms_core.outbox.events import Emitted, emit_all
from lms_core.types import new_id, now

__all__ = ["ACTIVE", "HOLDING", "MOVES", "Move", "Why", "apply", "columns", "note", "tell_completed"]

HOLDING: tuple[RunState, ...] = ("offered", "enrolled", "completed")
"""The states in which a person holds a seat."""

Active = Literal["requested", "waiting", "offered", "enrolled"]
ACTIVE: tuple[RunState, ...] = get_args(Active)
"""The states that can end by withdrawing."""

_OVER: tuple[RunState | None, ...] = (None, "withdrawn", "expired")

MOVES: frozenset[tuple[RunState | None, RunState]] = frozenset(
    [
        *((before, after) for before in (*_OVER, "declined") for after in ("requested", "waiting", "enrolled")),
        ("requested", "waiting"), ("requested", "enrolled"), ("requested", "declined"), ("requested", "withdrawn"),
        ("waiting", "enrolled"), ("waiting", "offered"), ("waiting", "withdrawn"),
        ("offered", "enrolled"), ("offered", "expired"), ("offered", "withdrawn"),
        ("enrolled", "withdrawn"), ("enrolled", "completed"),
    ]
)  # fmt: skip
"""Every change of state that there is. Completing is the ledger's; who may do what is the routes' to say."""

Why = Literal["withdrawn", "declined", "expired", "cancelled"]
_ENDS = frozenset({"withdrawn", "declined", "expired"})

columns = (
    run_enrolment.c.person_id, run_enrolment.c.run_id, run_enrolment.c.programme_id, run_enrolment.c.state,
    run_enrolment.c.turn, run_enrolment.c.since, run_enrolment.c.quota, run_enrolment.c.claimed,
    run_enrolment.c.deadline, run_enrolment.c.judged_at, run_enrolment.c.objection,
)  # fmt: skip


class Move(Struct, frozen=True, kw_only=True):
    """One change of one person's enrolment in a run, by whom (null: the system) and why (words for those concerned)."""

    person_id: UUID
    programme_id: UUID | None
    before: RunState | None
    after: RunState
    turn: int
    actor: UUID | None
    reason: str = ""
    why: Why = "withdrawn"
    quota: str | None = None
    claimed: str | None = None
    deadline: datetime | None = None
    judged_at: datetime | None = None


async def apply(connection: AsyncConnection, run_id: UUID, moves: Sequence[Move]) -> None:
    """Write changes of a run's enrolments: the rows, the seats taken, an event and a line of record for each.

    The caller holds the run's row. Four statements, however many there are.
    """
    if not moves:
        return
    at = now()
    for move in moves:
        if (move.before, move.after) not in MOVES:
            raise AssertionError(f"an enrolment never goes from {move.before} to {move.after}")
    insert_ = insert_into(connection, run_enrolment)
    written = ("programme_id", "state", "turn", "since", "quota", "claimed", "deadline", "judged_at", "objection")
    upsert = insert_.on_conflict_do_update(
        index_elements=["person_id", "run_id"], set_={name: insert_.excluded[name] for name in written}
    )
    await connection.execute(upsert, [_row(run_id, move, at) for move in moves])
    gained = sum((move.after in HOLDING) - (move.before in HOLDING) for move in moves)
    if gained:
        change = update(run).where(run.c.id == bindparam("of")).values(seats_taken=run.c.seats_taken + gained)
        await connection.execute(change, {"of": run_id})
    await emit_all(connection, [_event(run_id, move) for move in moves])
    await connection.execute(insert(enrolment_change), [_line(run_id, move, at) for move in moves])


async def tell_completed(connection: AsyncConnection, done: Sequence[tuple[UUID, UUID, UUID | None]]) -> None:
    """Tell of runs that persons have just completed, each as (person, run, programme), and put it on record.

    At most two statements.
    """
    at = now()
    events = [Emitted("module_completed", f"run:{r}", p, ModuleCompleted(who, r, p)) for who, r, p in done]
    await emit_all(connection, events)
    lines = [
        {
            "id": new_id(), "run_id": run_id, "person_id": who, "before": "enrolled", "after": "completed",
            "actor_id": None, "reason": "", "at": at,
        }
        for who, run_id, _ in done
    ]  # fmt: skip
    if lines:
        await connection.execute(insert(enrolment_change), lines)


async def note(connection: AsyncConnection, run_id: UUID, passed: Sequence[Move]) -> None:
    """Write a line of record about each who was passed over, unless her last one says just that. Two statements."""
    if not passed:
        return
    query = select(enrolment_change).where(
        enrolment_change.c.run_id == run_id, enrolment_change.c.person_id.in_([move.person_id for move in passed])
    )
    last = {row.person_id: row for row in await connection.execute(query.order_by(enrolment_change.c.id))}
    said = {person_id: row.reason for person_id, row in last.items() if row.before == row.after}
    at = now()
    lines = [_line(run_id, move, at) for move in passed if said.get(move.person_id) != move.reason]
    if lines:
        await connection.execute(insert(enrolment_change), lines)


def _row(run_id: UUID, move: Move, at: datetime) -> dict[str, Any]:
    return {
        "person_id": move.person_id, "run_id": run_id, "programme_id": move.programme_id, "state": move.after,
        "turn": move.turn, "since": at, "quota": move.quota, "claimed": move.claimed, "deadline": move.deadline,
        "judged_at": move.judged_at, "objection": None,
    }  # fmt: skip


def _line(run_id: UUID, move: Move, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(), "run_id": run_id, "person_id": move.person_id, "before": move.before, "after": move.after,
        "actor_id": move.actor, "reason": move.reason, "at": at,
    }  # fmt: skip


def _event(run_id: UUID, move: Move) -> Emitted:
    if move.after in _ENDS:
        had = msgspec.convert(move.before, Active)
        ended = EnrolmentEnded(move.person_id, run_id, move.programme_id, had, move.why)
        return Emitted("enrolment_ended", f"run:{run_id}", move.programme_id, ended)
    has = msgspec.convert(move.after, Active)
    created = EnrolmentCreated(move.person_id, run_id, move.programme_id, has)
    return Emitted("enrolment_created", f"run:{run_id}", move.programme_id, created)
