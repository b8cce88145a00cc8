"""The job that computes a plan: in a process of its own, which this one watches, and which dies with it."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import func, insert, select, update

from lms_core.api import (
    AsyncConnection,
    ConstraintsRequest,
    Context,
    Later,
    SessionConstraint,
    Unavailable,
    now,
    read_participants,
    session_constraints,
)
from lms_university_weeks.attendance import read_attendance
from lms_university_weeks.engine.burden import burdens_of
from lms_university_weeks.engine.checker import verdict
from lms_university_weeks.engine.plan import Plan, Status
from lms_university_weeks.plans import HEARD, Solving
from lms_university_weeks.publishing import published_places
from lms_university_weeks.tables import plan, progress
from lms_university_weeks.tasks import Proposal, Reasons, Result, Task
from lms_university_weeks.translate import Translated, changed, moments, placed, told, translate
from lms_university_weeks.week import WeekContent

BEAT = 1.0
"""Seconds after which a search tells how far it is."""

SPARE = 120.0
"""Seconds beyond its time after which a search is ended that does not end by itself."""

AGAIN = timedelta(seconds=30)
"""After so long a plan is begun that has to know what a plugin cannot tell now."""

TRIES = 5
"""So often a plan is begun anew whose worker died: less often than the host hands it over, or nobody would say so."""

DIED = f"whoever computed the plan died or gave up {TRIES} times; ask for it again, and tell your operator"

LARGEST = 64 * 1024 * 1024


class _Said(msgspec.Struct, frozen=True):
    text: str


class _Alternative(msgspec.Struct, frozen=True):
    plan: Plan
    differences: tuple[_Said, ...]


class _Answer(msgspec.Struct, frozen=True):
    """The result of any task, as far as it has these."""

    status: Literal[Status, "explained", "impossible"]
    bound: int | None = None
    alternatives: tuple[_Alternative, ...] = ()
    fewest: bool = False
    shortages: tuple[str, ...] = ()
    drop: tuple[_Said, ...] = ()
    conflict: tuple[_Said, ...] = ()
    minimal: bool = False


class _Line(msgspec.Struct, frozen=True):
    """A line that the process says."""

    best: int | None = None
    bound: int | None = None
    seconds: float = 0.0
    result: msgspec.Raw = msgspec.Raw()
    faults: tuple[dict[str, str], ...] | None = None


async def solve(context: Context, payload: Solving) -> None:
    """Compute a plan; one whose worker died is computed anew, and has failed after some times.

    Raises Later where enough others are being computed, and while another plugin cannot tell when people can come.
    """
    row = await _take(context, payload.plan_id)
    if row is None:
        return
    content, task = msgspec.convert(row.content, WeekContent), msgspec.convert(row.task, Task)
    try:
        people = await _constraints(context, content)
    except Unavailable as error:
        await _wait(context, payload.plan_id)
        raise Later(now() + AGAIN, "a plugin cannot tell when people can come") from error
    async with context.read() as connection:
        wheres = await published_places(connection, row.week_id)
        attendance = await read_attendance(connection, row.week_id, content)
    translated = await asyncio.to_thread(translate, content, attendance.members(), people, attendance.chosen)
    places = placed(content, translated, wheres)
    request: dict[str, Any] = {
        "do": "solve" if task.do == "plan" else task.do,
        "problem": translated.problem,
        "seconds": task.seconds,
        "workers": context.settings.workers,
    }
    if task.do == "plan":
        request |= {"seed": task.seed, "fair": task.fair, "hint": places}
    else:
        gone = changed(
            content, translated, cancelled=task.cancelled, lecturers=task.lecturers, rooms=task.rooms,
            tracks=task.tracks, moment=task.moment,
        )  # fmt: skip
        request |= {"published": places, "change": gone}
    if task.do == "replan":
        request |= {"seed": task.seed, "alternatives": task.alternatives}
    search = _Search(context, payload.plan_id, task.seconds + SPARE)
    line = await search.run(msgspec.json.encode(request))
    if line is None:
        await _end(context, payload.plan_id, "failed", reason=search.failure)
    elif line.faults is not None:
        reason = "; ".join(f"{fault['where']}: {fault['reason']}" for fault in line.faults)
        await _end(context, payload.plan_id, "failed", reason=reason)
    else:
        result = await asyncio.to_thread(_result, content, translated, bytes(line.result))
        state = "cancelled" if search.stopped and not result.proposals else "done"
        await _end(context, payload.plan_id, state, result=msgspec.to_builtins(result))


async def _take(context: Context, plan_id: UUID) -> Any:
    """Return the plan that is to be computed now, or None if there is none any more."""
    async with context.write(more=True) as connection:
        mine = (plan.c.id == plan_id) & (plan.c.programme_id == context.programme_id)
        row: Any = (await connection.execute(select(plan).where(mine).with_for_update())).first()
        if row is None or row.state not in ("queued", "running"):
            return None
        if row.tries >= TRIES:
            given_up = {"state": "failed", "reason": DIED, "ended_at": now()}
            await connection.execute(update(plan).where(mine).values(**given_up))
            return None
        others = select(func.count()).where(
            plan.c.programme_id == context.programme_id,
            plan.c.state == "running",
            plan.c.id != plan_id,
            plan.c.heard_at > now() - HEARD,
        )
        if (await connection.scalar(others) or 0) >= context.settings.at_once:
            raise Later(now() + timedelta(seconds=2), "as many plans as the programme allows are being computed")
        await connection.execute(progress.delete().where(progress.c.plan_id == plan_id))
        begun = {"state": "running", "heard_at": now(), "tries": row.tries + 1}
        await connection.execute(update(plan).where(mine).values(**begun))
        return row


async def _wait(context: Context, plan_id: UUID) -> None:
    """Put a plan back among those that nobody works on; this was no try."""
    ours = (plan.c.id == plan_id) & (plan.c.state == "running")
    async with context.write(more=True) as connection:
        waiting = {"state": "queued", "heard_at": now(), "tries": plan.c.tries - 1}
        await connection.execute(update(plan).where(ours).values(**waiting))


async def _constraints(context: Context, content: WeekContent) -> list[SessionConstraint]:
    """Ask the other plugins when the participants cannot come."""
    async with context.read() as connection:
        people = [one.person.id for one in await read_participants(connection, [content.run_id])]
    if not people:
        return []
    starts, _ = moments(content, content.days[0], 1, 1)
    _, ends = moments(content, content.days[-1], len(content.slots), 1)
    return await session_constraints(context, ConstraintsRequest(starts, ends, tuple(people)))


class _Search:
    """The process that searches: fed once, listened to, told to stop, and never left behind."""

    def __init__(self, context: Context, plan_id: UUID, most: float) -> None:
        self.context = context
        self.plan_id = plan_id
        self.most = most
        self.stopped = False
        self.failure = ""
        self._number = 0
        self._best: int | None = None
        self._bound: int | None = None
        self._seconds = 0.0

    async def run(self, request: bytes) -> _Line | None:
        """Return the last line that the process says; None when it ends without, and then `failure` says how."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lms_university_weeks.engine.process",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LARGEST,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(request + b"\n")
            await process.stdin.drain()
            async with asyncio.timeout(self.most):
                return await self._listen(process)
        except TimeoutError:
            self.failure = f"the search did not end within {self.most:g} seconds"
            return None
        except (BrokenPipeError, ConnectionResetError):
            self.failure = "the search ended before it began"
            return None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _listen(self, process: asyncio.subprocess.Process) -> _Line | None:
        assert process.stdout
        reading = asyncio.create_task(process.stdout.readline())
        news: _Line | None = None
        try:
            while True:
                await asyncio.wait({reading}, timeout=BEAT)
                if reading.done():
                    said = reading.result()
                    if not said:
                        self.failure = f"the search was ended (exit code {await process.wait()})"
                        return None
                    news = msgspec.json.decode(said, type=_Line)
                    if bytes(news.result) or news.faults is not None:
                        return news
                    reading = asyncio.create_task(process.stdout.readline())
                if await self._beat(news) and not self.stopped:
                    self.stopped = True
                    process.terminate()
                news = None
        finally:
            reading.cancel()

    async def _beat(self, news: _Line | None) -> bool:
        """Tell that the search is alive, and how far it is; return whether it is to stop."""
        async with self.context.write(more=True) as connection:
            if news and self._learn(news):
                self._number += 1
                row: dict[str, Any] = {"best": self._best, "bound": self._bound, "seconds": self._seconds}
                row |= {"programme_id": self.context.programme_id}
                await connection.execute(insert(progress), {"plan_id": self.plan_id, "number": self._number, **row})
            beat = update(plan).where(plan.c.id == self.plan_id).values(heard_at=now()).returning(plan.c.stop)
            return (await connection.scalar(beat)) is not False  # a plan that was removed is not wanted any more

    def _learn(self, news: _Line) -> bool:
        """Take in what a line says; return whether it says anything new. Each way to search tells what it found."""
        known = self._best, self._bound
        self._best = self._best if news.best is None else news.best
        self._bound = self._bound if news.bound is None else news.bound
        self._seconds = max(self._seconds, news.seconds)
        return (self._best, self._bound) != known


async def _end(context: Context, plan_id: UUID, state: str, *, result: Any = None, reason: str | None = None) -> None:
    async with context.write() as connection:
        await _close(connection, plan_id, state, result, reason)


async def _close(connection: AsyncConnection, plan_id: UUID, state: str, result: Any, reason: str | None) -> None:
    values = {"state": state, "result": result, "reason": reason, "ended_at": now(), "heard_at": now()}
    await connection.execute(update(plan).where(plan.c.id == plan_id, plan.c.state == "running").values(**values))


def _result(content: WeekContent, translated: Translated, answer: bytes) -> Result:
    """Return what came of a task in the planner's words, each plan with the verdict of the independent check."""
    found = msgspec.json.decode(answer, type=_Answer)
    alternatives = found.alternatives
    bound = found.bound
    if not alternatives and found.status in ("optimal", "feasible"):
        single = msgspec.json.decode(answer, type=Plan)
        alternatives, bound = (_Alternative(single, ()),), single.bound
    reasons = None
    if found.status in ("explained", "impossible"):
        reasons = Reasons(
            shortages=found.shortages,
            give_up=tuple(one.text for one in found.drop),
            fewest=found.fewest,
            conflict=tuple(one.text for one in found.conflict),
            minimal=found.minimal,
        )
    proposals = []
    for one in alternatives:
        checked = verdict(translated.problem, one.plan.sessions)
        proposals.append(
            Proposal(
                cost=checked.cost,
                sessions=tuple(told(content, translated, one.plan.sessions)),
                parts=one.plan.parts,
                burdens=burdens_of(translated.problem, one.plan.sessions),
                fairest=one.plan.fairest,
                cheapest=one.plan.cheapest,
                violations=checked.violations,
                differences=tuple(said.text for said in one.differences),
            )
        )
    return Result(status=found.status, bound=bound, proposals=tuple(proposals), fewest=found.fewest, reasons=reasons)
