"""How the seats of a run are given: its capacity, quotas, lots, minimum number, and whether it takes place."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace
from sqlalchemy import bindparam, delete, func, insert, select, update

from lms_core.db import AsyncConnection, insert_into
from lms_core.enrolment import types as t
from lms_core.enrolment.filling import Deciding, Held, fill, hold, moved, read_quotas
from lms_core.enrolment.jobs import DECIDE, DRAW, FILL, send_job
from lms_core.enrolment.moves import ACTIVE, apply, columns
from lms_core.enrolment.seats import last_turn
from lms_core.enrolment.tables import run_enrolment, seat_quota, seat_rules
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound
from lms_core.hooks.types import RunDecided
from lms_core.http import changed_or_raise
from lms_core.modules.tables import adoption, module, run
from lms_core.outbox.events import emit
from lms_core.programmes.tables import programme_plugin
from lms_core.types import instant_of, now


async def change_capacity(
    connection: AsyncConnection, run_id: UUID, capacity: int, expected: int, deciding: Deciding = ()
) -> None:
    """Set the number of seats; more seats promote. Raises Conflict below the seats taken, PreconditionFailed."""
    held = await hold(connection, run_id)
    await _check_revision(connection, held, expected)
    if capacity < held.seats_taken:
        where = FieldError("body.capacity", f"must be at least {held.seats_taken}, the seats taken")
        raise Conflict("Nobody loses a seat by a smaller capacity.", errors=[where])
    quotas = await read_quotas(connection, run_id) if held.ruled else []
    reserved = sum(quota.seats for quota in quotas if quota.released_at is None or quota.released_at > now())
    if capacity < reserved:
        where = FieldError("body.capacity", f"must be at least {reserved}, the seats that quotas reserve")
        raise Conflict("Quotas reserve more seats than that; change them first.", errors=[where])
    await connection.execute(update(run).where(run.c.id == run_id).values(capacity=capacity, revision=expected + 1))
    await fill(connection, replace(held, capacity=capacity), deciding)


async def _check_revision(connection: AsyncConnection, held: Held, expected: int) -> None:
    if held.revision != expected:
        await changed_or_raise(connection, run, run.c.id == held.id, expected)


async def read_rules(connection: AsyncConnection, run_id: UUID) -> tuple[t.SeatsOfRun, int]:
    """Return the rules of a run's seats and the run's revision. Raises NotFound."""
    query = select(run.c.revision, seat_rules).outerjoin_from(run, seat_rules).where(run.c.id == run_id)
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such run.")
    rules = msgspec.convert(row.planned or {}, t.SeatRules)
    names = ("drawn_at", "seed", "decision", "decided_by", "decided_at")
    return t.SeatsOfRun(rules=rules, **{name: getattr(row, name) for name in names}), row.revision


async def write_rules(
    connection: AsyncConnection, run_id: UUID, new: t.SeatRules, expected: int, deciding: Deciding = ()
) -> None:
    """Set the rules of a run's seats, and fill those that become free by it. Nobody loses what she has.

    Raises NotFound, PreconditionFailed, InvalidInput (quotas) and Conflict (lots are drawn already, or by then).
    """
    held = await hold(connection, run_id)
    await _check_revision(connection, held, expected)
    draw_at, decide_at = _instant(new.draw_at, new.zone), _instant(new.decide_at, new.zone)
    if draw_at != held.draw_at:
        if held.drawn_at is not None:
            raise Conflict("Lots were drawn already; their order stands.", errors=[FieldError("body.drawAt", "stands")])
        if draw_at is not None and draw_at <= now():
            raise Conflict("Lots are drawn in the future.", errors=[FieldError("body.drawAt", "is in the past")])
    await _check_quotas(connection, held, new)
    row = {
        "run_id": run_id, "approval": new.approval, "offer_hours": new.offer_hours, "minimum": new.minimum,
        "decide_at": decide_at, "draw_at": draw_at, "planned": msgspec.to_builtins(new),
    }  # fmt: skip
    insert_ = insert_into(connection, seat_rules)
    changed = {name: insert_.excluded[name] for name in row if name != "run_id"}
    await connection.execute(insert_.on_conflict_do_update(index_elements=["run_id"], set_=changed), row)
    await connection.execute(delete(seat_quota).where(seat_quota.c.run_id == run_id))
    quotas = [
        {
            "run_id": run_id, "key": quota.key, "seats": quota.seats, "programme_id": quota.programme_id,
            "plugin": quota.plugin, "released_at": _instant(quota.released_at, new.zone),
        }
        for quota in new.quotas
    ]  # fmt: skip
    if quotas:
        await connection.execute(insert(seat_quota), quotas)
    for column, keys in (
        (run_enrolment.c.quota, [quota.key for quota in new.quotas if quota.plugin is None]),
        (run_enrolment.c.claimed, [quota.key for quota in new.quotas if quota.plugin]),
    ):
        gone = (run_enrolment.c.run_id == run_id) & column.not_in(keys)
        await connection.execute(update(run_enrolment).where(gone).values({column: None}))
    await connection.execute(update(run).where(run.c.id == run_id).values(revision=expected + 1))
    timers = [(DRAW, draw_at), (DECIDE, decide_at)]
    timers += [(FILL, _instant(quota.released_at, new.zone)) for quota in new.quotas]
    for job, due in timers:
        if due is not None and due > now():
            await send_job(connection, job, run_id, held.programme_id, due)
    ruled = replace(held, ruled=True, approval=new.approval, offer_hours=new.offer_hours, draw_at=draw_at)
    await fill(connection, ruled, deciding)


def _instant(wall: datetime | None, zone: str) -> datetime | None:
    return None if wall is None else instant_of(wall, zone)


async def _check_quotas(connection: AsyncConnection, held: Held, new: t.SeatRules) -> None:
    reserved = sum(quota.seats for quota in new.quotas)
    if reserved > held.capacity:
        where = FieldError(
            "body.quotas", f"must reserve at most {held.capacity} seats, all that there are, not {reserved}"
        )
        raise InvalidInput("Quotas cannot reserve more seats than there are.", errors=[where])
    query = select(module.c.programme_id.label("owner"), run.c.module_id).join_from(run, module)
    row = (await connection.execute(query.where(run.c.id == held.id))).one()
    offering = select(adoption.c.programme_id).where(adoption.c.module_id == row.module_id)
    may = {row.owner, *(await connection.execute(offering)).scalars()}
    errors = [
        FieldError(f"body.quotas[{index}].programmeId", "must be a programme that owns the module or has adopted it")
        for index, quota in enumerate(new.quotas)
        if quota.programme_id not in may
    ]
    if errors:
        raise InvalidInput("Nobody enrols in this run under these programmes.", errors=errors)
    if any(quota.plugin for quota in new.quotas):
        await _check_plugins(connection, new)


async def _check_plugins(connection: AsyncConnection, new: t.SeatRules) -> None:
    """Refuse quotas that a plugin is to fill which is off in their programme; those that were made before stay."""
    c = programme_plugin.c
    query = select(c.programme_id, c.plugin).where(
        c.enabled, c.programme_id.in_([quota.programme_id for quota in new.quotas])
    )
    on = {(row.programme_id, row.plugin) for row in await connection.execute(query)}
    errors = [
        FieldError(f"body.quotas[{index}].plugin", "must be a plugin that is enabled for the programme of the quota")
        for index, quota in enumerate(new.quotas)
        if quota.plugin and (quota.programme_id, quota.plugin) not in on
    ]
    if errors:
        raise InvalidInput("Nobody says for whom these seats would be.", errors=errors)


def lot(seed: str, person_id: UUID) -> str:
    """Return a person's lot; the lowest is first. Anybody who knows the seed can draw it again."""
    return hashlib.sha256(f"{seed}:{person_id}".encode()).hexdigest()


async def draw(connection: AsyncConnection, run_id: UUID, deciding: Deciding) -> None:
    """Put those who wait in the order of lots and give the seats, once, when it is time for it."""
    held = await hold(connection, run_id)
    if held.draw_at is None or held.drawn_at is not None or held.draw_at > now():
        return
    seed, at = secrets.token_hex(16), now()
    waiting = select(run_enrolment.c.person_id).where(
        run_enrolment.c.run_id == run_id, run_enrolment.c.state == "waiting"
    )
    people = sorted((await connection.execute(waiting)).scalars(), key=lambda person_id: lot(seed, person_id))
    if people:
        first = await last_turn(connection, run_id) + 1
        same = (run_enrolment.c.run_id == run_id) & (run_enrolment.c.person_id == bindparam("of"))
        turns = [{"of": person_id, "turn": turn} for turn, person_id in enumerate(people, first)]
        await connection.execute(update(run_enrolment).where(same).values(turn=bindparam("turn")), turns)
    await connection.execute(update(seat_rules).where(seat_rules.c.run_id == run_id).values(drawn_at=at, seed=seed))
    await fill(connection, replace(held, drawn_at=at), deciding)


async def decide_when_due(connection: AsyncConnection, run_id: UUID) -> None:
    """At the date: decide that the run takes place if enough have a seat; else it is left to a human."""
    held = await hold(connection, run_id)
    row = (await connection.execute(select(seat_rules).where(seat_rules.c.run_id == run_id))).first()
    if row is None or row.decision is not None or row.decide_at is None or row.decide_at > now():
        return
    there = select(func.count()).where(
        run_enrolment.c.run_id == run_id, run_enrolment.c.state.in_(["enrolled", "completed"])
    )
    if (await connection.execute(there)).scalar_one() >= row.minimum:
        await _write_decision(connection, held, "go", None)
    else:
        await _tell(connection, held, "open")


async def decide(connection: AsyncConnection, run_id: UUID, decision: t.RunDecision, actor: UUID) -> None:
    """Decide whether a run takes place. A no withdraws everybody and closes the run; it cannot be taken back.

    Raises NotFound, and Conflict once it was decided otherwise or somebody has completed it.
    """
    held = await hold(connection, run_id)
    row = (await connection.execute(select(seat_rules.c.decision).where(seat_rules.c.run_id == run_id))).first()
    wanted: Literal["go", "no_go"] = "go" if decision.go else "no_go"
    if row is None:
        raise Conflict("This run has no minimum number and no date for a decision; set its seat rules first.")
    if row.decision == wanted:
        return
    if row.decision == "no_go":
        raise Conflict("It was decided that this run does not take place, and everybody was told; open another one.")
    await _write_decision(connection, held, wanted, actor)
    if decision.go:
        return
    query = select(*columns).where(run_enrolment.c.run_id == run_id)
    rows = (await connection.execute(query.order_by(run_enrolment.c.turn).with_for_update())).all()
    if any(row.state == "completed" for row in rows):
        raise Conflict("Participants have completed this run already.")
    why: Any = {"reason": decision.reason, "why": "cancelled"}
    moves = [moved(row, "withdrawn", actor, **why) for row in rows if row.state in ACTIVE]
    await apply(connection, run_id, moves)
    await connection.execute(update(run).where(run.c.id == run_id).values(open=False, revision=run.c.revision + 1))


async def _write_decision(
    connection: AsyncConnection, held: Held, decision: Literal["go", "no_go"], actor: UUID | None
) -> None:
    values = {"decision": decision, "decided_by": actor, "decided_at": now()}
    await connection.execute(update(seat_rules).where(seat_rules.c.run_id == held.id).values(**values))
    await _tell(connection, held, decision)


async def _tell(connection: AsyncConnection, held: Held, decision: Literal["go", "no_go", "open"]) -> None:
    event = RunDecided(held.id, held.programme_id, decision)
    await emit(connection, "run_decided", f"run:{held.id}", held.programme_id, event)
