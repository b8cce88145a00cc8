"""Settings that raise oddly when they are read stop their plugin where it is enabled, and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lms_core.db import Database
from lms_core.hooks.registry import load
from lms_core.programmes.enablement import Enablement
from tests.hostile import odd_settings, witness
from tests.hostile.installed import entry, switch
from tests.support.dispatching import PROGRAMME, enable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.world import World

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}


@pytest.fixture
def plugins() -> list[Any]:
    witness.SEEN.clear()
    return [entry("odd_settings"), entry("witness")]


@pytest.fixture(
    params=[ValueError("expired"), KeyError("licence"), OSError("no such file"), RecursionError()],
    ids=lambda error: type(error).__name__,
)
def mood(request: pytest.FixtureRequest) -> Iterator[BaseException]:
    """What the settings begin to raise."""
    yield request.param
    odd_settings.MOOD.clear()


async def test_only_where_they_are_enabled_and_only_their_plugin_stops(world: World, mood: BaseException) -> None:
    on, off = await world.programme("on"), await world.programme("off")
    anna = await world.student("Anna", on)
    run = await world.run(on, await world.module(on, [UNIT]))
    await switch(world, on, "odd_settings")
    await switch(world, off, "witness")
    odd_settings.MOOD.append(mood)
    await switch(world, off, "witness")  # any change, and all that is enabled is read anew

    seat = f"/runs/{run['id']}/enrolment"
    assert (await anna.put(seat, {}, 503))["plugin"] == "odd_settings"
    bea = await world.student("Bea", off)
    there = await world.run(off, await world.module(off, [UNIT]))
    await bea.put(f"/runs/{there['id']}/enrolment", {})
    assert witness.SEEN == ["check_enrolment"]
    assert (await bea.get("/me/dashboard"))["degraded"] == []

    async with asyncio.timeout(10):
        await switch(world, on, "odd_settings", False)
    await anna.put(seat, {})


async def test_enabling_and_previewing_say_that_they_do_not_fit(world: World, mood: BaseException) -> None:
    programme = await world.programme()
    odd_settings.MOOD.append(mood)
    path = f"/programmes/{programme['id']}/plugins/odd_settings"
    change = {"enabled": True, "settings": {"licence": "2026"}}
    refused = await world.admin.put(path, change, 422, If_Match='"0"')
    assert [error["where"] for error in refused["errors"]] == ["body.settings"]
    shown = await world.admin.post(f"{path}/preview", change, 200)
    assert [hindrance["where"] for hindrance in shown["hindrances"]] == ["body.settings"]
    assert (await world.admin.get(path))["revision"] == 0


@pytest.mark.parametrize("mood", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()], indirect=True)
async def test_not_even_what_ends_a_process_ends_it(database_url: str, mood: BaseException) -> None:
    database, registry = Database(database_url), load([entry("odd_settings"), entry("witness")])
    await enable(database, {"odd_settings": {}, "witness": {}})
    odd_settings.MOOD.append(mood)
    try:
        found = await Enablement(database, registry)(PROGRAMME)
    except BaseException as escaped:  # what would end the server's process here ends the tests
        pytest.fail(f"{escaped!r} escaped to the server")
    finally:
        await database.close()
    assert isinstance(found["odd_settings"], Exception)
    assert not isinstance(found["witness"], Exception)
