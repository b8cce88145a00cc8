"""A search that is killed, or whose worker is: it is done again, or said to have failed, and never half."""

from __future__ import annotations

import os
import signal
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import psutil
import pytest
from lms_family_sessions.tables_suggest import search_step
from sqlalchemy import select, update

from lms_core.outbox.tables import delivery
from lms_core.types import now
from tests.support.family import days, family, leaves_state, need, needs, run_of, seated, task, worked
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


@needs_proc
@pytest.mark.parametrize("victim", ["worker", "search"])
async def test_killed_while_it_searches(
    world: World, database_url: str, store_settings: StoreSettings, victim: str
) -> None:
    alpha, chance = await family(world, workers=1), Random(7)
    run_id = await run_of(world, alpha)
    for n in range(10):
        student = await seated(world, alpha, run_id, f"Sam {n}")
        some = [date(2027, 3, 1) + timedelta(chance.randrange(120)) for _ in range(12)]
        wishes = [need("rather_not", first_day=day, last_day=day + timedelta(9), weekdays=127) for day in some]
        await needs(world, alpha, student.person.id, *wishes)
    seconds = {"worker": 5, "search": 100}[victim]  # the one is done again to its end, the other need not end at all
    asked = task(run_id, seconds=seconds)
    asked["sessions"] = [{**asked["sessions"][0], "key": f"k{n}"} for n in range(10)]
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
    async with world.database.write() as connection:  # its lease has run out
        await connection.execute(update(delivery).values(due_at=now()))
    await worked(world)
    found = await world.admin.get(path)
    assert (found["state"], len(days(found))) == ("done", 20)
    query = select(search_step.c.number).where(search_step.c.suggestion_id == UUID(begun["id"]))
    async with world.database.read() as connection:
        numbers = sorted((await connection.execute(query)).scalars())
    assert numbers == list(range(1, len(numbers) + 1)), "steps of the first search are not among them"
