"""A server that is killed while it publishes a week: the old or the new plan is there, never half, and told once.

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
from lms_university_weeks.tables import plan, publication
from sqlalchemy import select, update

from lms_core.modules.tables import session
from lms_core.outbox.tables import outbox
from tests.support.serving import Serving, environment, free_port
from tests.support.weeks import planned, prepared, week

if TYPE_CHECKING:
    from pathlib import Path

    from content_store import StoreSettings
    from tests.support.world import World

KILLS = int(os.environ.get("LMS_TEST_KILLS", "2"))
SEED = int(os.environ.get("LMS_TEST_SEED", "1"))

pytestmark = pytest.mark.timeout(120 + 20 * KILLS)


async def renamed(world: World, plan_id: str, word: str) -> None:
    """Give each session of a planned week another title, so that to publish it changes all of them."""
    mine = plan.c.id == UUID(plan_id)
    async with world.database.write() as connection:
        content = (await connection.execute(select(plan.c.content).where(mine))).scalar_one()
        for one in content["sessions"]:
            one["title"] = f"{one['title'].partition(' # ')[0]} # {word}"
        await connection.execute(update(plan).where(mine).values(content=content))


async def seen(world: World, week_id: str) -> tuple[int, set[str], dict[str, int], Counter[tuple[str, int]]]:
    """Return the published version, the sessions' words and revisions, and what was told of each revision."""
    latest = select(publication.c.version).where(publication.c.week_id == UUID(week_id))
    async with world.database.read() as connection:
        version = await connection.scalar(latest.order_by(publication.c.version.desc()).limit(1)) or 0
        rows = (await connection.execute(select(session.c.id, session.c.title, session.c.revision))).all()
        told = (await connection.execute(select(outbox.c.payload).where(outbox.c.name.like("session_%")))).scalars()
        events = Counter((found["session_id"], found["revision"]) for found in map(json.loads, told))
    words = {row.title.partition(" # ")[2].partition(" (")[0] for row in rows}
    return version, words, {str(row.id): row.revision for row in rows}, events


async def test_the_old_plan_or_the_new_one(
    world: World, database_url: str, store_settings: StoreSettings, tmp_path: Path
) -> None:
    setting, chance = await prepared(world), Random(SEED)
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    found = await planned(world, setting.path, made["id"])
    count = len(found["result"]["proposals"][0]["sessions"])
    server = Serving(environment(database_url, store_settings, free_port()), tmp_path / "log")
    headers = {"Authorization": f"Bearer {world.admin.token}"}

    async def publish(key: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client:
            body = {"planId": found["id"]}
            return await client.post(f"{setting.path}/publications", json=body, headers={"Idempotency-Key": key})

    try:
        server.start()
        await renamed(world, found["id"], "1")
        began = asyncio.get_running_loop().time()
        assert (await publish("1")).status_code == 201
        lasted = asyncio.get_running_loop().time() - began
        outcomes: list[bool] = []
        for number in range(2, KILLS + 2):
            await renamed(world, found["id"], str(number))
            publishing = asyncio.create_task(publish(str(number)))
            await asyncio.sleep(chance.uniform(0.1, 1.2) * lasted)
            server.kill()
            answered = (await asyncio.gather(publishing, return_exceptions=True))[0]
            version, words, revisions, events = await seen(world, made["id"])
            assert (version, words) in [(number - 1, {str(number - 1)}), (number, {str(number)})]
            assert set(revisions.values()) == {version}
            assert events == Counter((one, step) for one in revisions for step in range(1, version + 1))
            outcomes.append(version == number)
            assert version == number or not isinstance(answered, httpx.Response)
            server.start()
            again: Any = await publish(str(number))
            assert (again.status_code, again.json()["version"]) == (201, number), again.text
            assert (await seen(world, made["id"]))[:2] == (number, {str(number)})
    finally:
        server.stop()
    assert len(revisions) == count
    print(f"{sum(outcomes)} of {KILLS} were published when the server was killed")
