"""A plugin whose migration fails is not usable and changes nothing; the core and the other plugins are brought on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lms_core import migrations
from lms_core.hooks.registry import load
from lms_core.migrations.plugins import Migrated, migrate_plugins
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


async def test_what_they_try_is_undone_told_and_keeps_them_out(world: World) -> None:
    programme = await world.programme()
    before = await rows(world.database)

    registry = load([entry(name) for name in ("drops_core", "half_migrated", "witness")])
    assert await migrations.migrate(world.database) == ("0002", "0002")
    assert await migrate_plugins(world.database, registry) == [
        Migrated("drops_core", None, None, f"its migration changes what is not its own: calendar_feed{OWN_ONLY}"),
        Migrated("half_migrated", None, None, "ZeroDivisionError: never tested"),
    ]
    assert await rows(world.database) == before

    unready = "its tables are not there yet: run lms migrate"
    found = {plugin["name"]: plugin.get("failed") for plugin in (await world.admin.get("/plugins"))["items"]}
    assert found == {"drops_core": unready, "half_migrated": unready, "witness": None}
    for name in ("drops_core", "half_migrated"):
        path = f"/programmes/{programme['id']}/plugins/{name}"
        refused = await world.admin.put(path, {"enabled": True}, 409, If_Match='"0"')
        assert (refused["plugin"], refused["detail"]) == (name, f"The plugin {name} cannot be enabled: {unready}")
    await switch(world, programme, "witness")
