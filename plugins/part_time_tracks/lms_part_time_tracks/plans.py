"""Plans of a student: asked for, made by a job, looked at, and accepted."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    Later,
    NotFound,
    Unavailable,
    View,
    new_id,
    now,
    read_catalogue,
    read_standings,
)
from lms_part_time_tracks import tracks
from lms_part_time_tracks.asking import Asked, check, possible, translated, written
from lms_part_time_tracks.calendar import Terms
from lms_part_time_tracks.chances import chances_of
from lms_part_time_tracks.engine.answer import Answer
from lms_part_time_tracks.engine.changes import changed
from lms_part_time_tracks.knowing import look_up, today
from lms_part_time_tracks.results import Plan, Result, told
from lms_part_time_tracks.solving import Failed, Solver, solver
from lms_part_time_tracks.tables import placed, plan
from lms_part_time_tracks.translate import Facts, Translated, translate

PAGE = 50
MOST_A_DAY = 200
SAMPLES = 2000
"""Lives that are drawn for each plan."""
SLACK = 5
"""Seconds in which it is looked how late the modules of a plan can be; most take a fifth of one."""
AGAIN = timedelta(seconds=30)
"""After so long a plan is tried again that has to know what a plugin cannot tell now."""

TRIES = 5
"""So often work is begun anew whose worker died: less often than the host hands it over, or nobody would say so."""
DIED = f"whoever worked on it died or gave up {TRIES} times; ask for it again, and tell your operator"


class Planning(msgspec.Struct, frozen=True):
    """The payload of the job that plans."""

    plan_id: UUID


class Plans(View, frozen=True):
    """A page of plans, the newest first; `next`, unless it is the last one, is the `cursor` of the next."""

    items: list[Plan]
    next: UUID | None


async def begin(context: Context, connection: AsyncConnection, asked: Asked) -> Plan:
    """Have a plan made for the person who asks. At most fourteen statements.

    Raises Conflict when she has asked for as many as a day allows, and InvalidInput for what cannot be asked.
    """
    if asked.what_if:
        catalogue = await read_catalogue(connection, context.programme_id)
        assert context.person_id
        standings = await read_standings(connection, context.programme_id, [context.person_id])
        check(asked, catalogue, context.settings, today(context), [place for one in standings for place in one.places])
    day = plan.c.made_at > now() - timedelta(days=1)
    earlier = await connection.execute(select(plan.c.id).where(_mine(context), day).limit(MOST_A_DAY))
    if len(earlier.all()) >= MOST_A_DAY:
        raise Conflict(f"You have asked for {MOST_A_DAY} plans within a day, which is as many as there can be.")
    made = new_id()
    row: dict[str, Any] = {
        "id": made, "programme_id": context.programme_id, "person_id": context.person_id,
        "asked": msgspec.to_builtins(asked), "state": "queued", "made_at": now(), "ended_at": None, "result": None,
        "reason": None, "basis": None, "accepted_at": None, "holds": False, "hypothetical": bool(asked.what_if),
        "tries": 0,
    }  # fmt: skip
    await connection.execute(insert(plan), row)
    await context.enqueue(connection, "plan", Planning(made))
    return _shape(row)


async def make(context: Context, payload: Planning) -> None:
    """Make a plan that was asked for; one whose worker died is made anew, and has failed after some times.

    Raises Later while another plugin cannot tell when she can come.
    """
    here = (plan.c.id == payload.plan_id) & (plan.c.programme_id == context.programme_id)
    row = await _take(context, here)
    if row is None:
        return
    try:
        known = await look_up(context, [row["person_id"]])
    except Unavailable as error:
        async with context.write(more=True) as connection:  # this was no try
            await connection.execute(update(plan).where(here).values(tries=plan.c.tries - 1))
        raise Later(now() + AGAIN, "a plugin cannot tell when people can come") from error
    values: dict[str, Any] = {"state": "failed", "reason": "You do not study in this programme any more."}
    if facts := known.get(row["person_id"]):
        async with solver() as engine:
            values = await solved(context, engine, facts, msgspec.convert(row["asked"], Asked))
    async with context.write() as connection:
        waiting = plan.c.state == "queued"  # nobody has given it up meanwhile
        await connection.execute(update(plan).where(here, waiting).values(**values, ended_at=now()))


async def _take(context: Context, here: Any) -> Any:
    """Return the plan that is to be made now, or None if there is none any more."""
    async with context.write(more=True) as connection:
        row = (await connection.execute(select(plan).where(here).with_for_update())).mappings().first()
        if row is None or row["state"] != "queued":
            return None
        given_up: dict[str, Any] = {"state": "failed", "reason": DIED, "ended_at": now()}
        values = given_up if row["tries"] >= TRIES else {"tries": row["tries"] + 1}
        await connection.execute(update(plan).where(here).values(**values))
        return None if values is given_up else row


async def accept(context: Context, plan_id: UUID) -> Plan:
    """Let a plan of hers be the one that holds; again changes nothing. What she asked about is from then on so.

    Raises NotFound, and Conflict while there is no plan, when what it was made from has changed since, and when she
    cannot decide what it was asked about (to fail, or when a run takes place).
    """
    async with context.read() as connection:
        found = await read(context, connection, plan_id)
        basis = await connection.scalar(select(plan.c.basis).where(_mine(context), plan.c.id == plan_id))
    if found.holds:
        return found
    if found.result is None or not found.result.terms:
        raise Conflict("There is no plan that could be accepted.")
    if not possible(found.asked):
        raise Conflict("This plan is for something that has not happened; ask for a new one when it has.")
    assert context.person_id
    facts = (await look_up(context, [context.person_id])).get(context.person_id)
    made = await asyncio.to_thread(problem_of, facts, found.asked) if facts else None
    if facts is None or made is None or digest(made) != basis:
        raise Conflict("Your study, your wishes or what is taught when has changed since; ask for a new plan.")
    rows = [
        {
            "person_id": context.person_id, "programme_id": context.programme_id, "module_id": one.module_id,
            "term": number, "run_id": one.run_id,
        }
        for number, term in enumerate(found.result.terms, made.first)
        for one in term.modules
    ]  # fmt: skip
    async with context.write() as connection:
        mine = (placed.c.person_id == context.person_id) & (placed.c.programme_id == context.programme_id)
        await connection.execute(update(plan).where(_mine(context), plan.c.holds).values(holds=False))
        await connection.execute(
            update(plan).where(_mine(context), plan.c.id == plan_id).values(holds=True, accepted_at=now())
        )
        await connection.execute(delete(placed).where(mine))
        if rows:
            await connection.execute(insert(placed), rows)
        if found.asked.what_if:
            kept = await tracks.read(context, connection)
            said = written(found.asked, kept.track, Terms(facts.catalogue.terms))
            await tracks.put(context, connection, said, kept.revision)
        return await read(context, connection, plan_id)


async def read(context: Context, connection: AsyncConnection, plan_id: UUID) -> Plan:
    """Return a plan of the person who asks. Raises NotFound. One statement."""
    row = (await connection.execute(select(plan).where(_mine(context), plan.c.id == plan_id))).mappings().first()
    if row is None:
        raise NotFound("You have no such plan.")
    return _shape(row)


async def read_result(context: Context, connection: AsyncConnection, plan_id: UUID) -> Result:
    """Return what came of a plan of the person who asks. One statement.

    Raises NotFound, and Conflict that says why where nothing is planned in it.
    """
    asked = await read(context, connection, plan_id)
    if asked.result is not None and asked.result.terms:
        return asked.result
    raise Conflict(f"Nothing is planned in plan {plan_id}: {_why_not(asked)}")


def _why_not(asked: Plan) -> str:
    if asked.state == "queued":
        return "it is still being made; ask again in a while."
    if asked.result is None:
        return f"it failed, because {asked.reason}"
    if asked.result.status == "unknown":
        return "no plan was found in time, nor that there is none."
    if asked.result.status == "infeasible":
        return asked.result.reason or "none is possible."
    return "there is nothing left to be taken."


async def read_all(context: Context, connection: AsyncConnection, cursor: UUID | None) -> Plans:
    """Return the plans of the person who asks. One statement."""
    query = select(plan).where(_mine(context)).order_by(plan.c.id.desc()).limit(PAGE)
    if cursor:
        query = query.where(plan.c.id < cursor)
    items = [_shape(row) for row in (await connection.execute(query)).mappings()]
    return Plans(items, items[-1].id if len(items) == PAGE else None)


def problem_of(facts: Facts, asked: Asked) -> Translated:
    """Return the problem of a student if what she asks about were so. Raises ValueError where that cannot be."""
    made = translate(facts)
    changes = translated(asked, made, facts.catalogue, facts.settings)
    return msgspec.structs.replace(made, problem=changed(made.problem, changes))


def digest(translated: Translated) -> str:
    """Return a digest of all that a plan is made from."""
    return hashlib.sha256(msgspec.json.encode(translated.problem)).hexdigest()


async def solved(
    context: Context, engine: Solver, facts: Facts, asked: Asked, *, quick: bool = False
) -> dict[str, Any]:
    """Return what is kept of a plan that was searched for; if `quick`, without its risk, slack or a reason."""
    try:
        translated = await asyncio.to_thread(problem_of, facts, asked)
        answer = await engine.ask(translated.problem, context.settings.seconds, explain=not quick)
        risk, latest = None, dict[str, int]()
        if not quick and isinstance(answer, Answer) and answer.plan:
            latest = await engine.latest(translated.problem, answer.plan, SLACK)
            if not translated.gap:  # who cannot be done is not told by when
                chances = chances_of(facts, translated)
                risk = await engine.forecast(translated.problem, answer.plan, chances, SAMPLES)
    except (ValueError, Failed) as error:
        return {"state": "failed", "reason": str(error)}
    result = await asyncio.to_thread(told, facts, translated, answer, risk, latest)
    return {"state": "done", "result": msgspec.to_builtins(result), "basis": digest(translated)}


def _shape(row: Any) -> Plan:
    names = [name for name in Plan.__struct_fields__ if name not in ("result", "asked")]
    result = None if row["result"] is None else msgspec.convert(row["result"], Result)
    return Plan(**{name: row[name] for name in names}, asked=msgspec.convert(row["asked"], Asked), result=result)


def _mine(context: Context) -> Any:
    return (plan.c.person_id == context.person_id) & (plan.c.programme_id == context.programme_id)
