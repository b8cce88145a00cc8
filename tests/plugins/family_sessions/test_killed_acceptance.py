"""A server that is killed while it makes the sessions of a proposal: all are there or none, and each is told of once.

Two kills in the ordinary run; LMS_TEST_KILLS and LMS_TEST_SEED ask for more and others.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from lms_core.modules.tables import session
from lms_core.outbox.tables import outbox
from tests.support.family import family, run_of, seated, suggested, task
from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from content_store import StoreSettings
    from tests.support.world import World

KILLS = int(os.environ.get("LMS_TEST_KILLS", "2"))
SEED = int(os.environ.get("LMS_TEST_SEED", "1"))
MANY = 60

pytestmark = pytest.mark.timeout(60 + 20 * KILLS)


def evenings(run_id: str) -> dict[str, Any]:
    """Return what to ask for: as many sessions as a proposal may have."""
    asked = task(run_id, seconds=1)
    one = {**asked["sessions"][0], "days": 1, "weekdays": [1, 2, 3, 4, 5], "minutes": 60}
    return {**asked, "sessions": [{**one, "key": f"k{n}", "title": f"Evening {n}"} for n in range(MANY)]}


async def seen(world: World, run_id: str) -> tuple[set[str], Counter[str]]:
    """Return the sessions of a run, and which were told of how often."""
    async with world.database.read() as connection:
        made = (await connection.execute(select(session.c.id).where(session.c.run_id == UUID(run_id)))).scalars().all()
        told = (await connection.execute(select(outbox.c.payload).where(outbox.c.name.like("session_%")))).scalars()
        events = [json.loads(one) for one in told]
    return {str(one) for one in made}, Counter(one["session_id"] for one in events if one["run_id"] == run_id)


async def test_all_sessions_or_none(
    world: World, database_url: str, store_settings: StoreSettings, tmp_path: Path
) -> None:
    alpha, chance = await family(world, workers=1), Random(SEED)
    proposals = []
    for number in range(KILLS + 1):
        run_id = await run_of(world, alpha, f"module-{number}")
        await seated(world, alpha, run_id, f"Sam {number}")
        found = await suggested(world, alpha.path, evenings(run_id))
        proposals.append((run_id, f"{alpha.path}/suggestions/{found['id']}"))
    server = Serving(environment(database_url, store_settings, free_port()), tmp_path / "log")
    headers = {"Authorization": f"Bearer {world.admin.token}"}

    async def accept(path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client:
            return await client.post(f"{path}/acceptance", json={"place": "Aula"})

    try:
        server.start()
        (_, first), *others = proposals
        began = asyncio.get_running_loop().time()
        assert (await accept(first)).status_code == 200
        lasted = asyncio.get_running_loop().time() - began
        outcomes: list[bool] = []
        for run_id, path in others:
            accepting = asyncio.create_task(accept(path))
            await asyncio.sleep(chance.uniform(0.1, 1.2) * lasted)
            server.kill()
            answered = (await asyncio.gather(accepting, return_exceptions=True))[0]
            made, told = await seen(world, run_id)
            assert len(made) in (0, MANY)
            assert told == Counter(made)
            accepted = (await world.admin.get(path))["accepted"]
            assert {one["sessionId"] for one in accepted["sessions"]} == made if accepted else not made
            assert made or not isinstance(answered, httpx.Response)
            outcomes.append(bool(made))
            server.start()
            again, once_more = await accept(path), await accept(path)
            assert (again.status_code, again.json()) == (200, once_more.json()), again.text
            all_, told = await seen(world, run_id)
            assert {one["sessionId"] for one in again.json()["accepted"]["sessions"]} == all_
            assert (len(all_), told) == (MANY, Counter(all_))
            assert made in (set(), all_)
    finally:
        server.stop()
    print(f"{sum(outcomes)} of {KILLS} were there when the server was killed")
