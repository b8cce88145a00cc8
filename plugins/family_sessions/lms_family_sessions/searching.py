"""The job that finds dates: in a process of its own, which this one watches, and which dies with it."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, insert, select, update

from lms_core.api import Context, Later, Unavailable, now
from lms_family_sessions.checking import note_refused
from lms_family_sessions.knowing import look_up
from lms_family_sessions.suggest.problem import Suggestion as Found
from lms_family_sessions.suggest.problem import by_calendar, gap, possible
from lms_family_sessions.suggestions import HEARD, Finding
from lms_family_sessions.tables_suggest import search_step, suggestion
from lms_family_sessions.tasks import Result, Task
from lms_family_sessions.translate import refused_of, times_of

BEAT = 0.5
"""Seconds after which a search tells how far it is."""

SPARE = 30.0
"""Seconds beyond its time after which a search is ended that does not end by itself."""

AGAIN = timedelta(seconds=30)
"""After so long a search begins that has to know what a plugin cannot tell now."""

TRIES = 5
"""So often a search is begun anew whose worker died: less often than the host hands it over, or nobody would say so."""

DIED = f"whoever ran the search died or gave up {TRIES} times; ask for it again, and tell your operator"

LARGEST = 16 * 1024 * 1024


class _Line(msgspec.Struct, frozen=True):
    """A line that the process says."""

    stage: str = ""
    levels: int = 0
    seconds: float = 0.0
    result: Found | None = None
    fault: str | None = None


async def suggest(context: Context, payload: Finding) -> None:
    """Find dates; a search whose worker died begins anew, and has failed after some times.

    Raises Later where enough others are running.
    """
    row = await _take(context, payload.suggestion_id)
    if row is None:
        return
    task = msgspec.convert(row.task, Task)
    try:
        known = await look_up(context, task, row.made_at)
    except Unavailable as error:
        await _wait(context, payload.suggestion_id)
        raise Later(now() + AGAIN, "a plugin cannot tell when people can come") from error
    problem = known.problem
    search = _Search(context, payload.suggestion_id, task.seconds + SPARE)
    request = {"problem": problem, "seconds": task.seconds, "workers": context.settings.workers, "seed": task.seed}
    found = await search.run(msgspec.json.encode(request))
    if found is None:
        await _end(context, payload.suggestion_id, "failed", reason=search.failure)
        return

    def told() -> Result:
        by_hand = by_calendar(problem)
        proposal = known.told(task, found.chosen) if found.chosen else None
        return Result(
            status=found.status,
            stage=found.stage,
            worst_off_gap=_per_cent(gap(problem, found)),
            proposal=proposal,
            by_calendar=known.told(task, by_hand) if by_hand and possible(problem, by_hand) else None,
            refused=refused_of(task, problem, found.chosen, proposal) if found.chosen and proposal else (),
        )

    result = await asyncio.to_thread(told)
    state = "cancelled" if search.stopped and result.proposal is None else "done"
    await _end(
        context,
        payload.suggestion_id,
        state,
        result=msgspec.to_builtins(result),
        basis=known.basis(),
        refused=_refused(context, task, result),
    )


def _refused(context: Context, task: Task, result: Result) -> list[tuple[UUID, datetime, datetime]]:
    """Return the times of which a planner learns that they would be refused, one for each session."""
    if result.proposal is None:
        return []
    named = {one.session for one in result.refused}
    return [(one.run_id, *times_of(one, context.settings.zone)) for one in result.proposal.sessions if one.key in named]


def _per_cent(share: float | None) -> int | None:
    return None if share is None else math.ceil(100 * share)


async def _take(context: Context, suggestion_id: UUID) -> Any:
    """Return the task that is to be worked on now, or None if there is none any more."""
    c = suggestion.c
    async with context.write(more=True) as connection:
        mine = (c.id == suggestion_id) & (c.programme_id == context.programme_id)
        row: Any = (await connection.execute(select(suggestion).where(mine).with_for_update())).first()
        if row is None or row.state not in ("queued", "running"):
            return None
        if row.tries >= TRIES:
            await connection.execute(update(suggestion).where(mine).values(state="failed", reason=DIED, ended_at=now()))
            return None
        others = select(func.count()).where(
            c.programme_id == context.programme_id,
            c.state == "running",
            c.id != suggestion_id,
            c.heard_at > now() - HEARD,
        )
        if (await connection.scalar(others) or 0) >= context.settings.at_once:
            raise Later(now() + timedelta(seconds=2), "as many searches as the programme allows are running")
        await connection.execute(delete(search_step).where(search_step.c.suggestion_id == suggestion_id))
        begun = {"state": "running", "heard_at": now(), "tries": row.tries + 1}
        await connection.execute(update(suggestion).where(mine).values(**begun))
        return row


class _Search:
    """The process that searches: fed once, listened to, told to stop, and never left behind."""

    def __init__(self, context: Context, suggestion_id: UUID, most: float) -> None:
        self.context = context
        self.suggestion_id = suggestion_id
        self.most = most
        self.stopped = False
        self.failure = ""
        self._number = 0

    async def run(self, request: bytes) -> Found | None:
        """Return what is found; None when the process ends without, and then `failure` says how."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lms_family_sessions.suggest.process",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LARGEST,
        )  # fmt: skip
        assert process.stdin
        try:
            process.stdin.write(request + b"\n")
            await process.stdin.drain()
            async with asyncio.timeout(self.most):
                return await self._listen(process)
        except TimeoutError:
            self.failure = f"the search did not end within {self.most:g} seconds"
        except (BrokenPipeError, ConnectionResetError):
            self.failure = "the search ended before it began"
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        return None

    async def _listen(self, process: asyncio.subprocess.Process) -> Found | None:
        assert process.stdout
        reading = asyncio.create_task(process.stdout.readline())
        news: list[_Line] = []
        loop = asyncio.get_running_loop()
        due = loop.time() + BEAT
        try:
            while True:
                await asyncio.wait({reading}, timeout=max(0, due - loop.time()))
                if reading.done():
                    said = reading.result()
                    if not said:
                        self.failure = f"the search was ended (exit code {await process.wait()})"
                        return None
                    line = msgspec.json.decode(said, type=_Line)
                    if line.fault is not None:
                        self.failure = line.fault
                        return None
                    reading = asyncio.create_task(process.stdout.readline())
                    if line.result is not None:
                        await self._beat(news)
                        return line.result
                    news.append(line)
                if loop.time() < due:
                    continue
                if await self._beat(news) and not self.stopped:
                    self.stopped = True
                    process.terminate()
                news, due = [], loop.time() + BEAT
        finally:
            reading.cancel()

    async def _beat(self, news: list[_Line]) -> bool:
        """Tell that the search is alive, and how far it is; return whether it is to stop."""
        async with self.context.write(more=True) as connection:
            rows: list[dict[str, Any]] = []
            for line in news:
                self._number += 1
                own = {"suggestion_id": self.suggestion_id, "programme_id": self.context.programme_id}
                said = {"stage": line.stage, "levels": line.levels, "seconds": line.seconds}
                rows.append({**own, "number": self._number, **said})
            if rows:
                await connection.execute(insert(search_step), rows)
            mine = suggestion.c.id == self.suggestion_id
            beat = update(suggestion).where(mine).values(heard_at=now()).returning(suggestion.c.stop)
            return (await connection.scalar(beat)) is not False  # one that is gone is not wanted any more


async def _wait(context: Context, suggestion_id: UUID) -> None:
    """Put a task back among those that nobody works on; this was no try."""
    ours = (suggestion.c.id == suggestion_id) & (suggestion.c.state == "running")
    async with context.write(more=True) as connection:
        waiting = {"state": "queued", "heard_at": now(), "tries": suggestion.c.tries - 1}
        await connection.execute(update(suggestion).where(ours).values(**waiting))


async def _end(
    context: Context,
    suggestion_id: UUID,
    state: str,
    *,
    result: Any = None,
    reason: str | None = None,
    basis: str | None = None,
    refused: Sequence[tuple[UUID, datetime, datetime]] = (),
) -> None:
    moment = now()
    values = {
        "state": state,
        "result": result,
        "reason": reason,
        "basis": basis,
        "ended_at": moment,
        "heard_at": moment,
    }
    ours = (suggestion.c.id == suggestion_id) & (suggestion.c.state == "running")
    async with context.write() as connection:
        await connection.execute(update(suggestion).where(ours).values(**values))
        if refused:
            await note_refused(context, connection, refused)
