"""Seats in runs: taking, giving up, moving up. Whoever changes a seat holds the run's row, so none is counted twice.

Plugins have a say before anybody gets a seat, and are asked outside of transactions: their verdict is written beside
the waiting place and counts for ten minutes. A seat that only somebody without a verdict could have is kept for her,
and a job asks. Giving up a seat asks nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import and_, func, select

from lms_core.db import AsyncConnection, Database
from lms_core.enrolment import types as t
from lms_core.enrolment.jobs import EXPIRE, FILL, send_job
from lms_core.enrolment.moves import ACTIVE, HOLDING, Move, apply, columns, note
from lms_core.enrolment.places import counting_programme
from lms_core.enrolment.pools import Candidate, Quota, allocate
from lms_core.enrolment.rules import Violation, violations
from lms_core.enrolment.tables import run_enrolment, seat_quota, seat_rules
from lms_core.errors import Conflict, FieldError, NotFound
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.types import EnrolmentRequest
from lms_core.modules.tables import module, run
from lms_core.people.tables import person
from lms_core.programmes.tables import programme
from lms_core.types import now

VERDICT_LASTS = timedelta(minutes=10)
HOOK = "check_enrolment"

Deciding = Collection[UUID]
"""The programmes whose plugins have a say about seats."""


def _of(person_id: UUID, run_id: UUID) -> Any:
    return (run_enrolment.c.person_id == person_id) & (run_enrolment.c.run_id == run_id)


def shape(row: Any) -> t.RunEnrolment:
    """Describe an enrolment by its row."""
    return t.RunEnrolment(**{name: getattr(row, name) for name in t.RunEnrolment.__struct_fields__})


async def enrol(
    database: Database,
    hooks: Dispatcher,
    run_id: UUID,
    person_id: UUID,
    wanted: UUID | None,
    *,
    single: bool,
    actor: UUID,
) -> t.RunEnrolment:
    """Give a person a seat in a run, or a place in its waiting list when it is full, or ask for approval first.

    The plugins of the programme under which it counts are asked first, outside the transaction. Enrolling again
    changes nothing. Raises NotFound, InvalidInput, Unavailable (a plugin could not check), and Conflict when the
    run is closed, or a rule or a plugin objects.
    """
    async with database.read() as connection:
        if await connection.scalar(select(person.c.id).where(person.c.id == person_id)) is None:
            raise NotFound("There is no such person.")
        module_id, programme_id = await counting_programme(connection, person_id, run_id, wanted, single=single)
        present = (await connection.execute(select(*columns).where(_of(person_id, run_id)))).first()
    if present and present.state in (*ACTIVE, "completed"):
        if wanted not in (None, present.programme_id):
            raise Conflict(
                "The person is enrolled already, counted under another programme or none; withdraw her first."
            )
        return shape(present)
    await judge(hooks, EnrolmentRequest(person_id, run_id, module_id, programme_id) if programme_id else None)
    deciding = await hooks.deciding(HOOK)
    async with database.write() as connection:
        return await take_seat(connection, run_id, person_id, programme_id, deciding=deciding, actor=actor)


async def judge(hooks: Dispatcher, request: EnrolmentRequest | None) -> None:
    """Ask the plugins about a seat. Raises Conflict with their objections, and Unavailable."""
    if request is None:
        return
    objections = await hooks.decide(HOOK, request.programme_id, request)
    if objections:
        reasons = [FieldError(objection.code, objection.reason) for objection in objections]
        raise Conflict(" ".join(objection.reason for objection in objections), errors=reasons)


async def take_seat(
    connection: AsyncConnection,
    run_id: UUID,
    person_id: UUID,
    programme_id: UUID | None,
    *,
    deciding: Deciding = (),
    actor: UUID | None = None,
) -> t.RunEnrolment:
    """Hold the run's row, then give a seat or a waiting place, or take down a request, with one event.

    Plugins agreed just before. Whoever enrols somebody else approves of it. Raises Conflict when the run is closed,
    she was declined before, or a rule stands against it.
    """
    held = await hold(connection, run_id)
    present = (await connection.execute(select(*columns).where(_of(person_id, run_id)))).first()
    before = present.state if present else None
    if before in (*ACTIVE, "completed"):
        return shape(present)
    if not held.open:
        raise Conflict("This run takes no enrolments at the moment.")
    if before == "declined" and actor == person_id:
        raise Conflict("Your request was declined; an administrator can still enrol you.")
    await lock_persons(connection, [person_id])
    refuse((await violations(connection, run_id, [(person_id, programme_id)])).get(person_id, ()))
    turns = select(func.coalesce(func.max(run_enrolment.c.turn), 0)).where(run_enrolment.c.run_id == run_id)
    move = Move(
        person_id=person_id,
        programme_id=programme_id,
        before=before,
        after="requested",
        turn=(await connection.execute(turns)).scalar_one() + 1,
        actor=actor,
        judged_at=now(),
    )
    if actor == person_id and await _wants_approval(connection, held, programme_id):
        await apply(connection, run_id, [move])
    else:
        await fill(connection, held, deciding, newcomer=move)
    return shape((await connection.execute(select(*columns).where(_of(person_id, run_id)))).one())


def refuse(found: Iterable[Violation]) -> None:
    """Raise Conflict if a rule stands against a seat."""
    violated = list(found)
    if violated:
        errors = [FieldError(one.rule, one.reason) for one in violated]
        raise Conflict(" ".join(one.reason for one in violated), errors=errors)


async def _wants_approval(connection: AsyncConnection, held: Any, programme_id: UUID | None) -> bool:
    query = select(programme.c.approval).where(programme.c.id == programme_id)
    return bool(held.approval or (programme_id and await connection.scalar(query)))


async def withdraw(
    connection: AsyncConnection, run_id: UUID, person_id: UUID, *, deciding: Deciding = (), actor: UUID | None = None
) -> None:
    """Give up a seat, an offer, a request or a waiting place; a freed seat is filled in the same transaction.

    No plugin is asked. Withdrawing again changes nothing. Raises NotFound, and Conflict once the run is completed.
    """
    held = await hold(connection, run_id, missing="There is no such enrolment.")  # a stranger learns of no run
    # held, too: whoever records progress may be completing the run at this moment
    query = select(*columns).where(_of(person_id, run_id)).with_for_update()
    present = (await connection.execute(query)).first()
    if present is None:
        raise NotFound("There is no such enrolment.")
    if present.state == "completed":
        raise Conflict("The run is completed; nobody can withdraw from it any more.")
    if present.state in ACTIVE:
        await apply(connection, run_id, [moved(present, "withdrawn", actor)])
        if present.state in HOLDING:
            await fill(connection, replace(held, seats_taken=held.seats_taken - 1), deciding)


def moved(row: Any, state: t.RunState, actor: UUID | None, **other: Any) -> Move:
    """Describe the change of an enrolment that there is."""
    known = {"person_id": row.person_id, "programme_id": row.programme_id, "before": row.state, "turn": row.turn}
    return Move(**{**known, "after": state, "actor": actor, "judged_at": row.judged_at, **other})


class Held(Struct, frozen=True, kw_only=True):
    """A run whose row is held: its seats and the rules about them."""

    id: UUID
    programme_id: UUID
    capacity: int
    seats_taken: int
    open: bool
    revision: int
    ruled: bool
    approval: bool | None
    offer_hours: int | None
    draw_at: Any
    drawn_at: Any


async def hold(connection: AsyncConnection, run_id: UUID, missing: str = "There is no such run.") -> Held:
    """Lock the run's row until the transaction ends (on SQLite the transaction has the whole database)."""
    query = (
        select(
            run.c.id, module.c.programme_id, run.c.capacity, run.c.seats_taken, run.c.open, run.c.revision,
            seat_rules.c.run_id.is_not(None).label("ruled"), seat_rules.c.approval, seat_rules.c.offer_hours,
            seat_rules.c.draw_at, seat_rules.c.drawn_at,
        )
        .join_from(run, module, module.c.id == run.c.module_id)
        .outerjoin(seat_rules, seat_rules.c.run_id == run.c.id)
        .where(run.c.id == run_id)
        .with_for_update(of=run, key_share=True)  # who records progress names the run, and need not wait
    )  # fmt: skip
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound(missing)
    return Held(**row._mapping)


async def lock_persons(connection: AsyncConnection, ids: Iterable[UUID]) -> None:
    """Hold persons' rows, so that what they have in other runs stays as it is found; always in the same order."""
    query = select(person.c.id).where(person.c.id.in_(list(ids))).order_by(person.c.id)
    await connection.execute(query.with_for_update(key_share=True))


async def fill(
    connection: AsyncConnection,
    held: Held,
    deciding: Deciding,
    *,
    newcomer: Move | None = None,
    ask: bool = True,
) -> list[Candidate]:
    """Give the free seats to those who wait, in their order, and then to a newcomer, who waits where none is left.

    Who moves up is checked by the core's rules again, and passed over while one stands against her. Returns those for
    whom a seat is kept until plugins have judged; unless `ask` is false, a job asks them.
    """
    at = now()
    free = held.capacity - held.seats_taken
    drawing = held.draw_at is not None and held.drawn_at is None
    waiting, quotas, kept = {}, [], []
    moves: list[Move] = []
    if free > 0 and not drawing:
        waiting = await _waiting(connection, held.id)
        quotas = await read_quotas(connection, held.id) if held.ruled else []
        ready = {person_id: _judged(row, deciding) for person_id, row in waiting.items()}
        candidates = [Candidate(i, waiting[i].programme_id, fit) for i, fit in ready.items() if fit is not None]
        if newcomer:
            before = sum(waiting[c.person_id].turn < newcomer.turn for c in candidates)
            candidates.insert(before, Candidate(newcomer.person_id, newcomer.programme_id, ready=True))
        while True:
            found = allocate(held.capacity, held.seats_taken, quotas, candidates, at)
            up = [(c.person_id, c.programme_id) for c, _ in found.seats if c.person_id in waiting]
            if not up:
                break
            await lock_persons(connection, [person_id for person_id, _ in up])
            against = await violations(connection, held.id, up)
            if not against:
                break
            for person_id, reasons in against.items():
                passed = moved(waiting[person_id], "waiting", None, reason=" ".join(one.reason for one in reasons))
                await note(connection, held.id, passed)
            candidates = [c for c in candidates if c.person_id not in against]
        kept = found.kept
        until = at + timedelta(hours=held.offer_hours) if held.offer_hours else None
        for candidate, quota in found.seats:
            if candidate.person_id in waiting:
                state: t.RunState = "offered" if until else "enrolled"
                moves.append(moved(waiting[candidate.person_id], state, None, quota=quota, deadline=until))
            elif newcomer:
                moves.append(replace(newcomer, after="enrolled", quota=quota))
    if newcomer and not any(move.person_id == newcomer.person_id for move in moves):
        moves.append(replace(newcomer, after="waiting"))
    await apply(connection, held.id, moves)
    for move in moves:
        if move.deadline:
            await send_job(connection, EXPIRE, held.id, held.programme_id, move.deadline, move.person_id)
    if kept and ask:
        await send_job(connection, FILL, held.id, held.programme_id)
    return kept


def _judged(row: Any, deciding: Deciding) -> bool | None:
    """Tell whether plugins agree to a seat for a waiting person; None when they objected lately."""
    if row.programme_id is None or row.programme_id not in deciding:
        return True
    if row.judged_at is None or row.judged_at < now() - VERDICT_LASTS:
        return False
    return True if row.objection is None else None


async def _waiting(connection: AsyncConnection, run_id: UUID) -> dict[UUID, Any]:
    query = select(*columns).where(run_enrolment.c.run_id == run_id, run_enrolment.c.state == "waiting")
    return {row.person_id: row for row in await connection.execute(query.order_by(run_enrolment.c.turn))}


async def read_quotas(connection: AsyncConnection, run_id: UUID) -> list[Quota]:
    """Return the quotas of a run and how many of their seats are held."""
    query = (
        select(
            seat_quota.c.key, seat_quota.c.seats, func.count(run_enrolment.c.person_id).label("held"),
            seat_quota.c.programme_id, seat_quota.c.released_at,
        )
        .outerjoin_from(
            seat_quota,
            run_enrolment,
            and_(
                run_enrolment.c.run_id == seat_quota.c.run_id,
                run_enrolment.c.quota == seat_quota.c.key,
                run_enrolment.c.state.in_(HOLDING),
            ),
        )
        .where(seat_quota.c.run_id == run_id)
        .group_by(*seat_quota.c)
        .order_by(seat_quota.c.key)
    )  # fmt: skip
    return [Quota(**row._mapping) for row in await connection.execute(query)]
