"""A search that nobody can do has failed, says so, and can be asked for again: it is neither queued nor runs for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from lms_university_weeks import solving, tidying
from lms_university_weeks.plans import Solving
from lms_university_weeks.settings import Settings

from lms_core.api import Context, Later, Unavailable
from tests.support.weeks import Setting, planned, prepared, week, worked

if TYPE_CHECKING:
    from tests.support.world import World


def context_of(world: World, setting: Setting) -> Context:
    """Return what the host hands to a job of the plugin."""
    programme, hooks = UUID(setting.programme["id"]), world.app.state.hooks
    return Context("university_weeks", programme, Settings(workers=1), world.database, hooks=hooks)


async def test_one_whose_worker_dies_each_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    begun = await world.admin.post(f"{setting.path}/weeks/{made['id']}/plans", {"seconds": 5})
    path, payload = f"{setting.path}/plans/{begun['id']}", Solving(UUID(begun["id"]))

    async def dies(*_: Any) -> Any:
        raise KeyboardInterrupt

    async def waits(*_: Any) -> Any:
        raise Unavailable("later")

    for happens, times, raised, state in (
        (waits, 9, Later, "queued"), (dies, solving.TRIES, KeyboardInterrupt, "running"),
    ):  # fmt: skip
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(solving, "_constraints", happens)
            for _ in range(times):
                with pytest.raises(raised):
                    await solving.solve(context_of(world, setting), payload)
        assert (await world.admin.get(path))["state"] == state
    await worked(world)
    found = await world.admin.get(path)
    assert (found["state"], found["reason"], found["result"]) == ("failed", solving.DIED, None)
    assert (await planned(world, setting.path, made["id"], seconds=5))["state"] == "done"


async def test_those_that_were_queued_or_running_when_the_plugin_was_turned_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    done = await planned(world, setting.path, made["id"], seconds=5)
    plans = [await world.admin.post(f"{setting.path}/weeks/{made['id']}/plans", {"seconds": 5}) for _ in range(2)]
    await solving._take(context_of(world, setting), UUID(plans[0]["id"]))
    plugin = f"/programmes/{setting.programme['id']}/plugins/university_weeks"
    await world.admin.put(plugin, {"enabled": False}, If_Match='"1"')
    await worked(world)
    await world.admin.put(plugin, {"enabled": True}, If_Match='"2"')
    await worked(world)
    seen = []
    for hours in (23, 25):
        moment = datetime.fromisoformat(plans[1]["madeAt"]) + timedelta(hours=hours)
        monkeypatch.setattr(tidying, "now", lambda at=moment: at)
        await tidying.tidy(context_of(world, setting))
        found = [await world.admin.get(f"{setting.path}/plans/{one['id']}") for one in plans]
        seen.append([(one["state"], one["reason"]) for one in found])
    assert seen == [[("running", None), ("queued", None)], [("failed", tidying.LOST)] * 2]
    assert await world.admin.get(f"{setting.path}/plans/{done['id']}") == done
