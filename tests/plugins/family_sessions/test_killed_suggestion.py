"""A search that is killed, or whose worker is: it is done again, or said to have failed, and never half."""

from __future__ import annotations

import os
import signal
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psutil
import pytest
from lms_family_sessions.searching import DIED, TRIES
from lms_family_sessions.tables_suggest import search_step, suggestion
from sqlalchemy import select, update

from lms_core.outbox.tables import delivery, outbox
from lms_core.types import now
from tests.support.family import Family, days, family, leaves_state, need, needs, run_of, seated, task, worked
from tests.support.outbox import until
from tests.support.processes import LMS, needs_proc, started
from tests.support.serving import environment

if TYPE_CHECKING:
    from content_store import StoreSettings
    from tests.support.world import World


def searching() -> list[psutil.Process]:
    """Find the processes that search, wherever in the tree of this one."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "lms_family_sessions.suggest.process" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


async def hard(world: World, seconds: int, **settings: Any) -> tuple[Family, dict[str, Any]]:
    """Return what to ask for that takes long."""
    alpha, chance = await family(world, workers=1, **settings), Random(7)
    run_id = await run_of(world, alpha)
    for n in range(10):
        student = await seated(world, alpha, run_id, f"Sam {n}")
        some = [date(2027, 3, 1) + timedelta(chance.randrange(120)) for _ in range(12)]
        wishes = [need("rather_not", first_day=day, last_day=day + timedelta(9), weekdays=127) for day in some]
        await needs(world, alpha, student.person.id, *wishes)
    asked = task(run_id, seconds=seconds)
    asked["sessions"] = [{**asked["sessions"][0], "key": f"k{n}"} for n in range(10)]
    return alpha, asked


async def lapsed(world: World) -> None:
    """Let the leases of workers that are gone run out."""
    async with world.database.write() as connection:
        await connection.execute(update(delivery).values(due_at=now()))


@needs_proc
@pytest.mark.parametrize("victim", ["worker", "search"])
async def test_killed_while_it_searches(
    world: World, database_url: str, store_settings: StoreSettings, victim: str
) -> None:
    # the one is done again to its end, the other need not end at all
    alpha, asked = await hard(world, {"worker": 5, "search": 100}[victim])
    begun = await world.admin.post(f"{alpha.path}/suggestions", asked)
    path = f"{alpha.path}/suggestions/{begun['id']}"
    with started(LMS, "worker", env=environment(database_url, store_settings, 8000)):
        await until(lambda: bool(searching()))
        [search] = searching()
        worker = search.parent()
        assert worker
        os.kill((worker if victim == "worker" else search).pid, signal.SIGKILL)
        await until(lambda: not searching())
        if victim == "search":
            await leaves_state(world, path, "running")
    found = await world.admin.get(path)
    if victim == "search":
        assert (found["state"], found["result"]) == ("failed", None)
        assert found["reason"] == "the search was ended (exit code -9)"
        await world.admin.post(f"{path}/acceptance", {}, 409)
        return
    assert (found["state"], found["result"]) == ("running", None)
    await lapsed(world)
    await worked(world)
    found = await world.admin.get(path)
    assert (found["state"], len(days(found))) == ("done", 20)
    query = select(search_step.c.number).where(search_step.c.suggestion_id == UUID(begun["id"]))
    async with world.database.read() as connection:
        numbers = sorted((await connection.execute(query)).scalars())
    assert numbers == list(range(1, len(numbers) + 1)), "steps of the first search are not among them"


@needs_proc
async def test_a_search_whose_worker_dies_each_time_has_failed_and_can_be_asked_for_again(
    world: World, database_url: str, store_settings: StoreSettings
) -> None:
    alpha, asked = await hard(world, 5, suggestions_per_day=1)
    begun = await world.admin.post(f"{alpha.path}/suggestions", asked)
    path = f"{alpha.path}/suggestions/{begun['id']}"
    async with world.database.write() as connection:  # it has died before, as often as may be but for once
        await connection.execute(update(suggestion).values(tries=TRIES - 1, state="running"))
    with started(LMS, "worker", env=environment(database_url, store_settings, 8000)):
        await until(lambda: bool(searching()))
        worker = searching()[0].parent()
        assert worker
        os.kill(worker.pid, signal.SIGKILL)
        await until(lambda: not searching())
    await world.admin.post(f"{alpha.path}/suggestions", asked, 409)
    await lapsed(world)
    await worked(world)
    found = await world.admin.get(path)
    assert (found["state"], found["reason"], found["result"]) == ("failed", DIED, None)
    assert found["endedAt"] is not None
    async with world.database.read() as connection:
        ours = select(delivery.c.done_at, delivery.c.dead_at).join(outbox, outbox.c.id == delivery.c.event_id)
        [handed] = (await connection.execute(ours.where(outbox.c.name == "job:suggest"))).all()
    assert (handed.done_at is not None, handed.dead_at) == (True, None), "the host has nothing to give up"
    again = await world.admin.post(f"{alpha.path}/suggestions", {**asked, "seconds": 1})
    await worked(world)
    assert (await world.admin.get(f"{alpha.path}/suggestions/{again['id']}"))["state"] == "done"
