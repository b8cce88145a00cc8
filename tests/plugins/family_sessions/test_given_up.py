"""A search whose turn came while the plugin was off has failed, says so, and can be asked for again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from lms_family_sessions import searching, tidying
from lms_family_sessions.settings import Settings

from lms_core.api import Context
from tests.support.family import family, run_of, suggested, task, worked

if TYPE_CHECKING:
    import pytest

    from tests.support.world import World


async def test_those_that_were_queued_or_running_when_the_plugin_was_turned_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha = await family(world, workers=1, suggestions_per_day=3)
    run_id = await run_of(world, alpha)
    context = Context("family_sessions", UUID(alpha.programme["id"]), Settings(), world.database)
    done = await suggested(world, alpha.path, task(run_id, seconds=1))
    asked = [await world.admin.post(f"{alpha.path}/suggestions", task(run_id, seconds=1)) for _ in range(2)]
    await searching._take(context, UUID(asked[0]["id"]))
    plugin = f"/programmes/{alpha.programme['id']}/plugins/family_sessions"
    await world.admin.put(plugin, {"enabled": False}, If_Match='"1"')
    await worked(world)
    await world.admin.put(plugin, {"enabled": True}, If_Match='"2"')
    await worked(world)
    seen = []
    for hours in (23, 25):
        moment = datetime.fromisoformat(asked[1]["madeAt"]) + timedelta(hours=hours)
        monkeypatch.setattr(tidying, "now", lambda at=moment: at)
        await tidying.tidy(context)
        found = [await world.admin.get(f"{alpha.path}/suggestions/{one['id']}") for one in asked]
        seen.append([(one["state"], one["reason"]) for one in found])
    assert seen == [[("running", None), ("queued", None)], [("failed", tidying.LOST)] * 2]
    assert await world.admin.get(f"{alpha.path}/suggestions/{done['id']}") == done
    # what failed told nothing, so it can be asked for again
    assert (await suggested(world, alpha.path, task(run_id, seconds=1)))["state"] == "done"
