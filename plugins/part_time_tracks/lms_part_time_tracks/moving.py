"""The job that plans every student twice, as things are and as they would be if a module moved, and counts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select, update

from lms_core.api import AsyncConnection, Context, Later, Unavailable, now
from lms_part_time_tracks import counts
from lms_part_time_tracks.engine.answer import Answer
from lms_part_time_tracks.engine.changes import Offer, changed
from lms_part_time_tracks.engine.problem import Problem
from lms_part_time_tracks.knowing import look_up
from lms_part_time_tracks.moves import CELLS, MOST_TERMS, Effect, Graduations, Moving, Outcome
from lms_part_time_tracks.plans import AGAIN, DIED, TRIES
from lms_part_time_tracks.solving import Failed, Solver, solver
from lms_part_time_tracks.tables import move, placed
from lms_part_time_tracks.translate import Facts, translate

AT_ONCE = 100
"""Students that are looked up together."""

BEAT = 2.0
"""Seconds after which it is told how far it is."""

HEARD = timedelta(minutes=5)
"""A move of which nothing was heard for so long has lost its worker: two searches take nearly as long at most."""

Cell = tuple[Effect, int | None]


async def work(context: Context, payload: Moving) -> None:
    """Find out what a move would do; one whose worker died begins anew, and has failed after some times.

    Raises Later while another move is worked on, or another plugin cannot tell when people can come.
    """
    row = await _take(context, payload.move_id)
    if row is None:
        return
    async with context.read() as connection:
        here = select(placed.c.person_id).distinct().where(placed.c.programme_id == context.programme_id)
        ids = sorted((await connection.execute(here)).scalars())
    try:
        found = await _count(context, row, ids)
    except Unavailable as error:
        await _wait(context, payload.move_id)
        raise Later(now() + AGAIN, "a plugin cannot tell when people can come") from error
    except Failed as error:
        await _end(context, payload.move_id, {"state": "failed", "reason": str(error)})
        return
    async with context.write() as connection:
        result = tell(found, await _kept(connection, row))
        values = {"state": "done", "share": 100, "result": msgspec.to_builtins(result)}
        await connection.execute(update(move).where(_running(payload.move_id)).values(**values, **_ended()))


def tell(found: Mapping[Cell, int], kept: Sequence[Graduations]) -> Graduations:
    """Return what is told of how many students meet which fate, as near to what was told before as it can be."""
    before = [{(one.effect, one.terms): one.students for one in said.outcomes} for said in kept]
    return Graduations(
        students=counts.told(sum(found.values()), [said.students for said in kept]),
        outcomes=[
            Outcome(
                effect=effect, terms=terms,
                students=counts.told(found.get((effect, terms), 0), [said[effect, terms] for said in before]),
            )
            for effect, terms in CELLS
        ],
    )  # fmt: skip


async def _count(context: Context, row: Any, ids: Sequence[UUID]) -> Counter[Cell]:
    found: Counter[Cell] = Counter()
    loop = asyncio.get_running_loop()
    due = loop.time() + BEAT
    async with solver() as engine:
        for begin in range(0, len(ids), AT_ONCE):
            for number, facts in enumerate((await look_up(context, ids[begin : begin + AT_ONCE])).values(), begin):
                found[await _fate(engine, facts, row, context.settings.seconds)] += 1
                if loop.time() > due:
                    async with context.write(more=True) as connection:
                        beat = {"heard_at": now(), "share": 100 * number // len(ids)}
                        await connection.execute(update(move).where(_running(row.id)).values(**beat))
                    due = loop.time() + BEAT
    return found


async def _fate(engine: Solver, facts: Facts, row: Any, seconds: float) -> Cell:
    """Return what would become of a student. Raises Failed."""
    try:
        made = await asyncio.to_thread(translate, facts)
    except ValueError:  # the policy of the programme contradicts itself; whoever asks for a plan is told so
        return "unclear", None
    if made.gap:  # who cannot reach the degree yet has no graduation that could move
        return "unclear", None
    replace = msgspec.structs.replace
    # when she wants to be done is what may change; all else that she has said holds
    problem = replace(made.problem, levels=("finish",), current=None, wishes=replace(made.problem.wishes, done_by=None))
    before = await _ends(engine, problem, seconds)
    if not isinstance(before, int):
        return "unclear", None
    then = _moved(problem, made.first, row)
    after = before if then == problem else await _ends(engine, then, seconds)
    if after == "infeasible":
        return "lost", None
    if not isinstance(after, int):
        return "unclear", None
    if after > before:
        return "later", min(MOST_TERMS, after - before)
    return ("same" if after == before else "earlier"), None


def _moved(problem: Problem, first: int, row: Any) -> Problem:
    """Return the problem with the module moved, if it is part of the study; `first` is the number of its first term."""
    key, seasons = str(row.module_id), row.offered.split(",")
    if all(one.key != key for one in problem.modules):
        return problem
    terms = tuple(n for n, term in enumerate(problem.terms) if term.season in seasons)
    return changed(problem, [Offer(key, row.first - first, terms)])


async def _ends(engine: Solver, problem: Problem, seconds: float) -> int | str:
    """Return the last term of the earliest plan, or why it is not known."""
    answer = await engine.ask(problem, seconds, explain=False)
    assert isinstance(answer, Answer)  # nothing was to be explained
    if answer.status != "optimal" or answer.plan is None:
        return answer.status
    return max((one.term for one in answer.plan), default=0)


async def _take(context: Context, move_id: UUID) -> Any:
    """Return the move that is to be worked on now, or None if there is none any more."""
    mine = (move.c.id == move_id) & (move.c.programme_id == context.programme_id)
    async with context.write(more=True) as connection:
        row: Any = (await connection.execute(select(move).where(mine).with_for_update())).first()
        if row is None or row.state not in ("queued", "running"):
            return None
        if row.tries >= TRIES:
            await connection.execute(update(move).where(mine).values(state="failed", reason=DIED, **_ended()))
            return None
        # of any programme: there are few workers, and students wait for their plans
        others = select(func.count()).where(
            move.c.state == "running", move.c.id != move_id, move.c.heard_at > now() - HEARD
        )
        if await connection.scalar(others):
            raise Later(now() + AGAIN, "another move is worked on")
        begun = {"state": "running", "heard_at": now(), "tries": row.tries + 1, "share": 0}
        await connection.execute(update(move).where(mine).values(**begun))
        return row


async def _kept(connection: AsyncConnection, row: Any) -> list[Graduations]:
    """Return what was told of the same module before: of the same question first, then the newest first."""
    c = move.c
    query = (
        select(c.offered, c.first, c.result)
        .where(c.programme_id == row.programme_id, c.module_id == row.module_id, c.state == "done", c.id != row.id)
        .order_by(c.id.desc())
    )
    found = (await connection.execute(query)).all()
    found = sorted(found, key=lambda one: (one.offered, one.first) != (row.offered, row.first))
    return [msgspec.convert(one.result, Graduations) for one in found]


async def _wait(context: Context, move_id: UUID) -> None:
    """Put a move back among those that nobody works on; this was no try."""
    async with context.write(more=True) as connection:
        waiting = {"state": "queued", "heard_at": now(), "tries": move.c.tries - 1}
        await connection.execute(update(move).where(_running(move_id)).values(**waiting))


async def _end(context: Context, move_id: UUID, values: Mapping[str, Any]) -> None:
    async with context.write() as connection:
        await connection.execute(update(move).where(_running(move_id)).values(**values, **_ended()))


def _ended() -> dict[str, Any]:
    moment = now()
    return {"ended_at": moment, "heard_at": moment}


def _running(move_id: UUID) -> Any:
    return (move.c.id == move_id) & (move.c.state == "running")
