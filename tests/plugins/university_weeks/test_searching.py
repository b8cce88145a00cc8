"""A search is followed, stopped, waits for its turn, and survives the death of whoever computes it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psutil
import pytest
from lms_university_weeks.plans import HEARD
from lms_university_weeks.tables import plan, progress
from sqlalchemy import select, update

from lms_core.hooks.channel import PluginChannel
from lms_core.outbox.tables import delivery
from lms_core.outbox.work import work
from lms_core.types import now
from tests.support.processes import LMS, needs_proc, started
from tests.support.serving import environment
from tests.support.weeks import busy_week, prepared, week

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from content_store import StoreSettings
    from tests.support.world import World


@asynccontextmanager
async def a_worker(world: World) -> AsyncIterator[None]:
    working = asyncio.create_task(work(world.database, [PluginChannel(world.app.state.hooks)], idle_seconds=0.05))
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def until(told: Callable[[], Any], seconds: float = 120) -> Any:
    """Ask again and again until there is an answer."""
    async with asyncio.timeout(seconds):
        while True:
            if found := await told():
                return found
            await asyncio.sleep(0.05)


async def steps(world: World, plan_id: str) -> list[tuple[int, int | None]]:
    query = select(progress.c.number, progress.c.best).where(progress.c.plan_id == UUID(plan_id))
    async with world.database.read() as connection:
        return [(row.number, row.best) for row in await connection.execute(query.order_by(progress.c.number))]


def searching() -> list[psutil.Process]:
    """Find the processes that search, wherever in the tree of this one."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "lms_university_weeks.engine.process" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


async def state(world: World, path: str, plan_id: str) -> str:
    found = await world.admin.get(f"{path}/plans/{plan_id}")
    return str(found["state"])


async def test_a_search_that_takes_long_is_followed_and_stopped_with_what_there_is(world: World) -> None:
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", busy_week(setting.run["id"]))
    begun = await world.admin.post(f"{setting.path}/weeks/{made['id']}/plans", {"seconds": 120})
    assert begun["state"] == "queued"
    async with a_worker(world):
        await until(lambda: _found_some(world, begun["id"]))
        assert await state(world, setting.path, begun["id"]) == "running"
        await world.admin.post(f"{setting.path}/plans/{begun['id']}/stop", None, 200)

        async def over() -> bool:
            return await state(world, setting.path, begun["id"]) == "done"

        await until(over)
    done = await world.admin.get(f"{setting.path}/plans/{begun['id']}")
    assert done["result"]["status"] == "feasible"
    assert [one["violations"] for one in done["result"]["proposals"]] == [[]]
    assert searching() == []
    again = await world.admin.post(f"{setting.path}/plans/{begun['id']}/stop", None, 200)
    assert again == done
    told = (await world.admin.call("GET", f"{setting.path}/plans/{begun['id']}/events")).text
    events = [part for part in told.split("\r\n\r\n") if "event: progress" in part]
    assert len(events) == len(await steps(world, begun["id"]))
    headers = {"Authorization": f"Bearer {world.admin.token}", "Last-Event-ID": str(len(events) - 1)}
    rest = await world.http.get(f"{setting.path}/plans/{begun['id']}/events", headers=headers)
    assert (rest.text.count("event: progress"), rest.text.count("event: end")) == (1, 1)


async def _found_some(world: World, plan_id: str) -> bool:
    return any(best is not None for _, best in await steps(world, plan_id))


async def test_one_that_has_not_begun_never_begins_when_it_is_stopped(world: World) -> None:
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    begun = await world.admin.post(f"{setting.path}/weeks/{made['id']}/plans", {"seconds": 5})
    stopped = await world.admin.post(f"{setting.path}/plans/{begun['id']}/stop", None, 200)
    assert stopped["state"] == "cancelled"
    async with a_worker(world):
        await asyncio.sleep(0.5)
    assert await world.admin.get(f"{setting.path}/plans/{begun['id']}") == stopped
    assert await steps(world, begun["id"]) == []


async def test_only_so_many_search_at_once_and_a_dead_one_keeps_nobody_waiting(world: World) -> None:
    setting, other = await prepared(world, at_once=1), await prepared(world, "beta", at_once=1)
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    plans = [await world.admin.post(f"{setting.path}/weeks/{made['id']}/plans", {"seconds": 5}) for _ in range(2)]
    busy = update(plan).where(plan.c.id == UUID(plans[0]["id"]))
    async with world.database.write() as connection:
        await connection.execute(busy.values(state="running", heard_at=now()))
        first = (
            delivery.c.event_id == select(delivery.c.event_id).order_by(delivery.c.event_id).limit(1).scalar_subquery()
        )
        await connection.execute(update(delivery).where(first).values(due_at=now() + HEARD * 100))
    async with a_worker(world):
        await asyncio.sleep(1)
        assert await state(world, setting.path, plans[1]["id"]) == "queued"
        theirs = await world.admin.post(f"{other.path}/weeks", week(other.run["id"]))
        elsewhere = await world.admin.post(f"{other.path}/weeks/{theirs['id']}/plans", {"seconds": 5})

        async def done(path: str, plan_id: str) -> bool:
            return await state(world, path, plan_id) == "done"

        await until(lambda: done(other.path, elsewhere["id"]))
        async with world.database.write() as connection:
            await connection.execute(busy.values(heard_at=now() - HEARD))
        await until(lambda: done(setting.path, plans[1]["id"]))


async def test_one_that_has_lost_its_process_for_good_can_be_ended(world: World) -> None:
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    begun = await world.admin.post(f"{setting.path}/weeks/{made['id']}/plans", {"seconds": 5})
    mine = update(plan).where(plan.c.id == UUID(begun["id"]))
    ends = []
    for heard_at in (now(), now() - HEARD):
        async with world.database.write() as connection:
            await connection.execute(mine.values(state="running", heard_at=heard_at))
        ends.append((await world.admin.post(f"{setting.path}/plans/{begun['id']}/stop", None, 200))["state"])
    assert ends == ["running", "cancelled"]


@needs_proc
@pytest.mark.parametrize("victim", ["worker", "search"])
async def test_killed_while_it_searches(
    world: World, database_url: str, store_settings: StoreSettings, victim: str
) -> None:
    """The plan of a worker that died is computed by the next one; that of a search that died alone says so."""
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", busy_week(setting.run["id"]))
    seconds = {"worker": 10, "search": 120}[victim]  # the one is done again to its end, the other need not end at all
    begun = await world.admin.post(f"{setting.path}/weeks/{made['id']}/plans", {"seconds": seconds})
    with started(LMS, "worker", env=environment(database_url, store_settings, 8000)):

        async def begins() -> bool:
            return searching() != [] if victim == "worker" else await _found_some(world, begun["id"])

        await until(begins)
        [search] = searching()
        worker = search.parent()
        assert worker
        os.kill((worker if victim == "worker" else search).pid, signal.SIGKILL)

        async def gone() -> bool:
            return searching() == []

        await until(gone, 5)
        if victim == "search":

            async def failed() -> bool:
                return await state(world, setting.path, begun["id"]) == "failed"

            await until(failed)
            found = await world.admin.get(f"{setting.path}/plans/{begun['id']}")
            assert (found["reason"], found["result"]) == ("the search was ended (exit code -9)", None)
            return
    assert await state(world, setting.path, begun["id"]) == "running"
    async with world.database.write() as connection:  # its lease has run out
        await connection.execute(update(delivery).values(due_at=now()))
    async with a_worker(world):

        async def done() -> bool:
            return await state(world, setting.path, begun["id"]) == "done"

        await until(done)
    numbers = [number for number, _ in await steps(world, begun["id"])]
    assert numbers == list(range(1, len(numbers) + 1))
    found = await world.admin.get(f"{setting.path}/plans/{begun['id']}")
    assert [one["violations"] for one in found["result"]["proposals"]] == [[]]
