"""Who gets the free seats of a run. Whoever changes a seat holds the run's row, so that none is counted twice.

Plugins have a say before anybody gets a seat, and are asked outside of transactions: their verdict is written beside
the waiting place and counts for ten minutes. A seat that only somebody without a verdict could have is kept for her,
and a job asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import and_, func, select

from lms_core.db import AsyncConnection
from lms_core.enrolment import types as t
from lms_core.enrolment.jobs import EXPIRE, FILL, send_job
from lms_core.enrolment.moves import HOLDING, Move, apply, columns, note
from lms_core.enrolment.pools import Allocation, Candidate, Quota, allocate
from lms_core.enrolment.rules import Violation, violations
from lms_core.enrolment.tables import run_enrolment, seat_claim, seat_quota, seat_rules
from lms_core.errors import NotFound
from lms_core.modules.tables import module, run
from lms_core.people.tables import person
from lms_core.types import now

VERDICT_LASTS = timedelta(minutes=10)
HOOK = "check_enrolment"

Deciding = Collection[UUID]
"""The programmes whose plugins have a say about seats."""


def moved(row: Any, state: t.RunState, actor: UUID | None, **other: Any) -> Move:
    """Describe the change of an enrolment that there is."""
    known = {"person_id": row.person_id, "programme_id": row.programme_id, "before": row.state, "turn": row.turn}
    return Move(**{**known, "after": state, "actor": actor, "judged_at": row.judged_at, **other})


class Held(Struct, frozen=True, kw_only=True):
    """A run whose row is held: its seats and the rules about them."""

    id: UUID
    module_id: UUID
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
    # who records progress names the run, and need not wait
    locked = select(run.c.id).where(run.c.id == run_id).with_for_update(key_share=True)
    if await connection.scalar(locked) is None:
        raise NotFound(missing)
    # by a statement of its own: one that had to wait sees the rules as they were before
    query = (
        select(
            run.c.id, run.c.module_id, module.c.programme_id, run.c.capacity, run.c.seats_taken, run.c.revision,
            # what does not take place stays closed, whoever opens the run
            (run.c.open & (func.coalesce(seat_rules.c.decision, "go") == "go")).label("open"),
            seat_rules.c.run_id.is_not(None).label("ruled"), seat_rules.c.approval, seat_rules.c.offer_hours,
            seat_rules.c.draw_at, seat_rules.c.drawn_at,
        )
        .join_from(run, module, module.c.id == run.c.module_id)
        .outerjoin(seat_rules, seat_rules.c.run_id == run.c.id)
        .where(run.c.id == run_id)
    )  # fmt: skip
    row = (await connection.execute(query)).one()
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
    newcomers: Sequence[Move] = (),
    ask: bool = True,
) -> list[Candidate]:
    """Give the free seats to those who wait and to newcomers, in the order of their turns; newcomers wait else.

    Who moves up is checked by the core's rules again, and passed over while one stands against her. Returns those for
    whom a seat is kept until plugins have judged; unless `ask` is false, a job asks them.
    """
    at = now()
    drawing = held.draw_at is not None and held.drawn_at is None
    waiting: dict[UUID, Any] = {}
    quotas: list[Quota] = []
    found = Allocation([], [])
    if held.capacity > held.seats_taken and not drawing:
        waiting = await _waiting(connection, held.id)
        quotas = await read_quotas(connection, held.id) if held.ruled else []
        entrants = [(move.turn, Candidate(move.person_id, move.programme_id, ready=True)) for move in newcomers]
        for person_id, row in waiting.items():
            ready = _judged(row, deciding)
            if ready is not None:
                entrants.append((row.turn, Candidate(person_id, row.programme_id, ready)))
        candidates = [candidate for _, candidate in sorted(entrants, key=lambda entrant: entrant[0])]
        if any(quota.plugin for quota in quotas):
            candidates = await _with_claims(connection, candidates)
        found = await _allowed(connection, held, waiting, candidates, quotas)
    until = at + timedelta(hours=held.offer_hours) if held.offer_hours else None
    coming = {move.person_id: move for move in newcomers}
    moves: list[Move] = []
    by_plugin = {quota.key for quota in quotas if quota.plugin}
    for candidate, key in found.seats:
        newcomer = coming.pop(candidate.person_id, None)
        seat: Any = {"claimed" if key in by_plugin else "quota": key}
        if newcomer:
            moves.append(replace(newcomer, after="enrolled", **seat))
        else:
            state: t.RunState = "offered" if until else "enrolled"
            moves.append(moved(waiting[candidate.person_id], state, None, deadline=until, **seat))
    await apply(connection, held.id, [*moves, *(replace(move, after="waiting") for move in coming.values())])
    if until and any(move.deadline for move in moves):
        await send_job(connection, EXPIRE, held.id, held.programme_id, until)
    if found.kept and ask:
        await send_job(connection, FILL, held.id, held.programme_id)
    return found.kept


async def _allowed(
    connection: AsyncConnection,
    held: Held,
    waiting: Mapping[UUID, Any],
    candidates: list[Candidate],
    quotas: Sequence[Quota],
) -> Allocation:
    """Allocate the free seats so that no rule stands against who moves up; others are passed over, which is noted."""
    at = now()
    against: dict[UUID, list[Violation]] = {}
    unchecked = {c.person_id: c.programme_id for c in candidates if c.person_id in waiting}
    passed: list[Move] = []
    further = 0
    while True:
        found = allocate(held.capacity, held.seats_taken, quotas, candidates, at)
        up = [c.person_id for c, _ in found.seats if c.person_id in waiting]
        if any(person_id in unchecked for person_id in up):
            # each time ten times as many behind them too, so that a list full of clashes does not cost a round each
            chosen = dict.fromkeys([i for i in up if i in unchecked] + list(unchecked)[:further])
            further = 10 * len(chosen)
            people = [(person_id, unchecked.pop(person_id)) for person_id in chosen]
            await lock_persons(connection, chosen)
            against |= await violations(connection, held.id, people)
        bad = {person_id for person_id in up if person_id in against}
        if not bad:
            await note(connection, held.id, passed)
            return found
        for person_id in bad:
            reason = " ".join(one.reason for one in against[person_id])
            passed.append(moved(waiting[person_id], "waiting", None, reason=reason))
        candidates = [c for c in candidates if c.person_id not in bad]


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


async def _with_claims(connection: AsyncConnection, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates with the plugins that have named them for seats in the programme of theirs."""
    c = seat_claim.c
    wanted = c.person_id.in_([one.person_id for one in candidates]) & (c.until > now())
    claims: dict[tuple[UUID, UUID | None], set[str]] = {}
    for row in await connection.execute(select(c.person_id, c.programme_id, c.plugin).where(wanted)):
        claims.setdefault((row.person_id, row.programme_id), set()).add(row.plugin)
    return [replace(one, claims=frozenset(claims.get((one.person_id, one.programme_id), ()))) for one in candidates]


async def read_quotas(connection: AsyncConnection, run_id: UUID) -> list[Quota]:
    """Return the quotas of a run and how many of their seats are held."""
    query = (
        select(
            seat_quota.c.key, seat_quota.c.seats, func.count(run_enrolment.c.person_id).label("held"),
            seat_quota.c.programme_id, seat_quota.c.released_at, seat_quota.c.plugin,
        )
        .outerjoin_from(
            seat_quota,
            run_enrolment,
            and_(
                run_enrolment.c.run_id == seat_quota.c.run_id,
                func.coalesce(run_enrolment.c.claimed, run_enrolment.c.quota) == seat_quota.c.key,
                run_enrolment.c.state.in_(HOLDING),
            ),
        )
        .where(seat_quota.c.run_id == run_id)
        .group_by(*seat_quota.c)
        .order_by(seat_quota.c.key)
    )  # fmt: skip
    return [Quota(**row._mapping) for row in await connection.execute(query)]
