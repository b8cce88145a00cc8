"""How long requests take while two weeks are planned: `pytest -m benchmark -n0 -s tests/benchmarks/test_api_while_planning.py`.

A server and a worker as in production, four clients one request after the other; first idle, then while two searches
take all that the machine has.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from lms_university_weeks.plugin import UniversityWeeks

from lms_core.db import Database
from lms_core.hooks.registry import load
from lms_core.migrations.plugins import migrate_plugins
from tests.support.clients import measured, told
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
