"""How long requests take while two weeks are planned: `pytest -m benchmark -n0 -s tests/benchmarks/test_api_while_planning.py`.

A server and a worker as in production, four clients one request after the other; first idle, then while two searches
take all that the machine has.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from itertools import cycle
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from lms_university_weeks.plugin import UniversityWeeks

from lms_core.db import Database
from lms_core.hooks.registry import load
from lms_core.migrations.plugins import migrate_plugins
from tests.support.processes import LMS, started
from tests.support.serving import Serving, environment, free_port
from tests.support.weeks import busy_week, prepared, seated

if TYPE_CHECKING:
    from pathlib import Path

    from content_store import StoreSettings
    from lms_core.settings import Settings
    from tests.support.world import World

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(300)]

SECONDS = 15


@pytest.fixture
def plugins() -> list[Any]:
    return [UniversityWeeks()]


@pytest.fixture
async def app_settings(app_settings: Settings, plugins: list[Any]) -> Settings:
    database = Database(app_settings.database_url)
    await migrate_plugins(database, load(plugins))
    await database.close()
    return app_settings


async def measured(server: Serving, requests: list[tuple[str, str]], seconds: float) -> list[float]:
    """Send requests (a token and a path) again and again; return how many milliseconds each took."""
    until, took = time.monotonic() + seconds, []

    async def ask(client: httpx.AsyncClient, offset: int) -> None:
        for token, path in cycle(requests[offset:] + requests[:offset]):
            began = time.monotonic()
            if began > until:
                return
            answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200, answer.text
            took.append((time.monotonic() - began) * 1000)

    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        await asyncio.gather(*(ask(client, n) for n in range(4)))
    return took


def told(name: str, took: list[float]) -> None:
    cuts = statistics.quantiles(took, n=100)
    print(f"{name:16} {len(took):6} requests, ms: median {cuts[49]:6.1f}  p95 {cuts[94]:6.1f}  p99 {cuts[98]:6.1f}")


async def test_requests_while_two_weeks_are_planned(
    world: World, database_url: str, store_settings: StoreSettings, tmp_path: Path
) -> None:
    setting = await prepared(world, at_once=2)
    student = await seated(world, setting, "Ann")
    made = await world.admin.post(f"{setting.path}/weeks", busy_week(setting.run["id"]))
    requests = [
        (student.token, "/me/dashboard"), (student.token, f"/runs/{setting.run['id']}/outline"),
        (student.token, "/me"), (world.admin.token, f"{setting.path}/weeks/{made['id']}"),
        (world.admin.token, f"/runs/{setting.run['id']}/participants"),
    ]  # fmt: skip
    env = environment(database_url, store_settings, free_port())
    server = Serving(env, tmp_path / "log")
    try:
        server.start()
        await measured(server, requests, 3)
        print()
        told("idle", await measured(server, requests, SECONDS))
        with started(LMS, "worker", env=env):
            plans = [
                await world.admin.post(f"{setting.path}/weeks/{made['id']}/plans", {"seconds": 120}) for _ in range(2)
            ]
            while True:
                found = [await world.admin.get(f"{setting.path}/plans/{one['id']}") for one in plans]
                if [one["state"] for one in found] == ["running", "running"]:
                    break
                await asyncio.sleep(0.5)
            await asyncio.sleep(5)
            told("two searches", await measured(server, requests, SECONDS))
            found = [await world.admin.get(f"{setting.path}/plans/{one['id']}") for one in plans]
            assert [one["state"] for one in found] == ["running", "running"]
    finally:
        server.stop()
