"""A plugin whose migration fails is not usable and changes nothing; the core and the other plugins are brought on."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from lms_core import migrations
from lms_core.db import Database
from lms_core.hooks.registry import load
from lms_core.migrations.plugins import Migrated, migrate_plugins, unready
from lms_core.programmes.enablement import Enablement
from tests.hostile.installed import entry, switch
from tests.support.diary import rows

if TYPE_CHECKING:
    from tests.support.world import World

OWN_ONLY = (
    "; a plugin creates, alters and drops only tables whose names begin with drops_core_, and makes no views, types or "
    "functions"
)


@pytest.fixture
def plugins() -> list[Any]:
    return [entry(name) for name in ("drops_core", "half_migrated", "witness")]


async def test_a_server_tells_of_them_before_it_first_looked_by_itself(database_url: str) -> None:
    database, registry = Database(database_url), load([entry(name) for name in ("drops_core", "witness")])
    enablement = Enablement(database, registry, partial(unready, database, registry))
    try:
        assert await enablement.unready() == {"drops_core": "its tables are not there yet: run lms migrate"}
    finally:
        await database.close()


async def failed(world: World) -> dict[str, str | None]:
    return {plugin["name"]: plugin.get("failed") for plugin in (await world.admin.get("/plugins"))["items"]}


async def test_what_they_try_is_undone_told_and_keeps_them_out(world: World) -> None:
    programme = await world.programme()
    before = await rows(world.database)

    registry = load([entry(name) for name in ("drops_core", "half_migrated", "witness")])
    assert await migrations.migrate(world.database) == (migrations.head_revision(), migrations.head_revision())
    reasons = {
        "drops_core": f"its migration changes what is not its own: calendar_feed{OWN_ONLY}",
        "half_migrated": "ZeroDivisionError: never tested",
    }
    assert await migrate_plugins(world.database, registry) == [
        Migrated(name, None, None, reason) for name, reason in reasons.items()
    ]
    after = await rows(world.database)
    assert (len(after.pop("plugin_failure")), before.pop("plugin_failure")) == (2, [])
    assert after == before

    told = {name: f"its tables are not there yet, for its migration failed: {why}" for name, why in reasons.items()}
    for _ in range(100):  # the server looks now and then
        if (found := await failed(world)) == {**told, "witness": None}:
            break
        await asyncio.sleep(0.1)
    assert found == {**told, "witness": None}
    for name, reason in told.items():
        path = f"/programmes/{programme['id']}/plugins/{name}"
        refused = await world.admin.put(path, {"enabled": True}, 409, If_Match='"0"')
        assert (refused["plugin"], refused["detail"]) == (name, f"The plugin {name} cannot be enabled: {reason}")
    await switch(world, programme, "witness")
