"""A worker is killed at each step of a delivery: nothing is lost, nothing is written twice, the order stays."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from lms_core.api import EnrolmentCreated
from lms_core.db import Database
from lms_core.outbox.events import emit, send
from lms_core.outbox.tables import delivery
from lms_core.programmes.tables import programme, programme_plugin
from lms_core.types import now
from tests.support.dying_worker import ONCE, STEPS, call, letter, tables, worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]
PROGRAMME = uuid4()
RUNS = {uuid4(): [uuid4() for _ in range(5)] for _ in range(3)}
JOBS = ["farewell", "greeting"]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with a programme that has enabled the plugin, where much has happened that nobody was told yet."""
    database = Database(database_url)
    async with database.write() as connection:
        await connection.run_sync(tables.create_all)
        new = {"title": "Microsystems", "degree": "M.Sc.", "language": "en", "revision": 1}
        await connection.execute(insert(programme), {**new, "id": PROGRAMME, "key": "ms"})
        row = {"programme_id": PROGRAMME, "plugin": "letters", "enabled": True, "settings": {}, "revision": 1}
        await connection.execute(insert(programme_plugin), {**row, "changed_at": now()})
        for number in range(5):
            for run_id, persons in RUNS.items():
                event = EnrolmentCreated(persons[number], run_id, PROGRAMME, "enrolled")
                await emit(connection, "enrolment_created", f"run:{run_id}", PROGRAMME, event)
        for job in JOBS:
            await send(connection, "plugin:letters", "job:write", PROGRAMME, job)
    yield database
    await database.close()


async def killed(database_url: str, step: str) -> int:
    """Run a worker until it has killed itself; return how it ended."""
    command = (sys.executable, "-m", "tests.support.dying_worker", database_url, step)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        async with asyncio.timeout(60):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


async def finished(database: Database) -> None:
    """Run a worker until everything is delivered."""
    task = asyncio.ensure_future(worker(database))
    async with asyncio.timeout(60):
        done: list[bool] = []
        while not (len(done) == 5 * len(RUNS) + len(JOBS) + 1 and all(done)):
            await asyncio.sleep(0.1)
            async with database.read() as connection:
                rows = await connection.execute(select(delivery.c.done_at.is_not(None)))
                done = [bool(found) for found in rows.scalars()]
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_is_killed_when_it_has(step: str, database: Database, database_url: str) -> None:
    for _ in range(1 if step == ONCE else 2):
        assert await killed(database_url, step) == -signal.SIGKILL
    await finished(database)

    async with database.read() as connection:
        letters = list((await connection.execute(select(letter.c.about).order_by(letter.c.number))).scalars())
        calls = list((await connection.execute(select(call.c.about))).scalars())
        ends = (await connection.execute(select(delivery.c.dead_at, delivery.c.error).distinct())).all()
    written = {run_id: [about[37:] for about in letters if about.startswith(str(run_id))] for run_id in RUNS}
    assert written == {run_id: [str(person) for person in persons] for run_id, persons in RUNS.items()}
    expected = sorted([*JOBS, "the year", *(f"{run} {person}" for run, persons in RUNS.items() for person in persons)])
    assert sorted(letters) == expected
    assert sorted(set(calls)) == expected
    assert [tuple(end) for end in ends] == [(None, None)]
