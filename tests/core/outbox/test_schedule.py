"""Recurring jobs: one run for each time, whoever is at work, and none where the plugin is off."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from lms_core.db import AsyncConnection, Database
from lms_core.outbox import work
from lms_core.outbox.schedule import enqueue_due
from lms_core.outbox.tables import job_schedule, outbox
from lms_core.outbox.work import settle
from lms_core.programmes.tables import programme
from tests.support.outbox import Clock, Notes, deliveries, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOUR = timedelta(hours=1)


class Jobs:
    """Plugins with recurring jobs, and where they are enabled."""

    def __init__(self, where: dict[str, list[UUID]], *recurring: tuple[str, str, timedelta]) -> None:
        self.where = where
        self.jobs = list(recurring)

    def recurring(self) -> list[tuple[str, str, timedelta]]:
        return self.jobs

    async def where_due(self, plugin: str, job_name: str) -> list[UUID]:
        assert (plugin, job_name) in {(plugin, job) for plugin, job, _ in self.jobs}
        return self.where[plugin]


@pytest.fixture
async def programmes(database: Database) -> list[UUID]:
    """Two programmes."""
    ids = sorted(uuid4() for _ in range(2))
    new = {"title": "Microsystems", "degree": "M.Sc.", "language": "en", "revision": 1}
    async with database.write() as connection:
        await connection.execute(insert(programme), [{**new, "id": made, "key": f"p{made}"} for made in ids])
    return ids


async def runs(database: Database) -> list[tuple[str, str, UUID, str]]:
    """Who was told to run what, for which programme and with which payload, in order."""
    async with database.read() as connection:
        rows = {row.id: row for row in await connection.execute(select(outbox))}
    found = await deliveries(database, "event_id", "subscriber")
    return [(who, rows[event].name, rows[event].programme_id, rows[event].payload) for event, who in found]


async def test_a_job_runs_at_once_and_then_at_whole_intervals(
    database: Database, clock: Clock, programmes: list[UUID]
) -> None:
    first, second = programmes
    jobs = Jobs({"reports": [first, second], "mood": [second]}, ("reports", "remind", HOUR), ("mood", "ask", 2 * HOUR))
    plugin = Notes("plugin", [])
    hourly = [("plugin:reports", "job:remind", one, "null") for one in programmes]
    ask = ("plugin:mood", "job:ask", second, "null")

    expected = []
    timetable = {0: [*hourly, ask], 30: [], 70: hourly, 90: [], 120: [*hourly, ask]}  # being late shifts nothing
    for minutes, due in timetable.items():
        clock.at = clock.start + timedelta(minutes=minutes)
        await enqueue_due(database, jobs)
        expected += due
        assert await runs(database) == expected, minutes
        await settle(database, [plugin])
    assert len(plugin.told) == 8
    async with database.read() as connection:
        rows = await connection.execute(
            select(job_schedule).order_by(job_schedule.c.plugin, job_schedule.c.programme_id)
        )
        assert [tuple(row) for row in rows] == [
            ("mood", "ask", second, clock.start + 4 * HOUR),
            *(("reports", "remind", one, clock.start + 3 * HOUR) for one in programmes),
        ]


async def test_however_many_workers_there_are_a_time_is_one_run(
    database: Database, database_url: str, clock: Clock, programmes: list[UUID]
) -> None:
    jobs = Jobs({"reports": programmes}, ("reports", "remind", HOUR))
    others = [Database(database_url) for _ in range(4)]
    for number in range(1, 4):
        await asyncio.gather(*(enqueue_due(one, jobs) for one in (database, *others)))
        assert [run[2] for run in await runs(database)] == programmes * number
        await settle(database, [Notes("plugin", [])])
        clock.forward(hours=1)
    for one in others:
        await one.close()


async def test_whoever_has_read_the_timetable_too_early_adds_no_run(
    database: Database, database_url: str, clock: Clock, programmes: list[UUID]
) -> None:
    """Between her reading and her writing another worker enqueues the run and completes it."""
    jobs = Jobs({"reports": programmes[:1]}, ("reports", "remind", HOUR))
    plugin = Notes("plugin", [])

    class Late(Database):
        @asynccontextmanager
        async def write(self) -> AsyncIterator[AsyncConnection]:
            await settle(database, [plugin], jobs)
            async with super().write() as connection:
                yield connection

    late = Late(database_url)
    for number in range(1, 4):
        await enqueue_due(late, jobs)
        await settle(database, [plugin])
        assert plugin.told == [("reports", "job:remind")] * number
        clock.forward(hours=1)
    await late.close()


async def test_a_long_outage_is_made_up_for_by_one_run(
    database: Database, clock: Clock, programmes: list[UUID]
) -> None:
    jobs = Jobs({"reports": programmes[:1]}, ("reports", "remind", HOUR))
    plugin = Notes("plugin", [])
    for hours in (0, 100.5, 100.6, 101):
        clock.at = clock.start + hours * HOUR
        await enqueue_due(database, jobs)
        await settle(database, [plugin])
    assert plugin.told == [("reports", "job:remind")] * 3


async def test_a_run_that_fails_is_not_joined_by_others(
    database: Database, clock: Clock, programmes: list[UUID]
) -> None:
    """Nor does it stop the job in another programme."""
    first, second = programmes
    jobs = Jobs({"reports": [first, second]}, ("reports", "remind", HOUR))

    async def fails(_whom: str, _what: str) -> None:
        raise ConnectionError

    await enqueue_due(database, jobs)
    for hour in range(20):
        clock.at = clock.start + hour * HOUR
        await enqueue_due(database, jobs)
        await settle(database, [Notes("plugin", [], fails)])
    assert [run[2] for run in await runs(database)] == [first, second]
    clock.forward(days=1)
    await settle(database, [Notes("plugin", [])])
    await enqueue_due(database, jobs)
    assert [run[2] for run in await runs(database)] == [first, second] * 2


async def test_where_the_plugin_is_disabled_nothing_runs(
    database: Database, clock: Clock, programmes: list[UUID]
) -> None:
    first, second = programmes
    jobs = Jobs({"reports": [first, second]}, ("reports", "remind", HOUR))
    seen = []
    for enabled in ([], [first], [first, second], [second], [], [first, second]):
        jobs.where["reports"] = enabled
        before = len(await runs(database))
        await enqueue_due(database, jobs)
        await settle(database, [Notes("plugin", [])])
        seen.append([run[2] for run in (await runs(database))[before:]])
        clock.forward(hours=1)
    assert seen == [[], [first], [first, second], [second], [], [first, second]]


async def test_the_worker_looks_at_the_timetable(
    database: Database, programmes: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "SCHEDULE_EVERY", 0.01)
    plugin = Notes("plugin", [])
    jobs = Jobs({"reports": programmes}, ("reports", "remind", timedelta(seconds=0.2)))
    task = asyncio.create_task(work.work(database, [plugin], jobs, idle_seconds=0.01))
    await until(lambda: len(plugin.told) >= 6)
    task.cancel()
    await asyncio.wait([task])
    assert set(plugin.told) == {("reports", "job:remind")}
