"""A mistake in a plugin's route is told as the plugin's own, and holds nobody up for long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lms_core.hooks import context
from tests.hostile import routes
from tests.hostile.installed import entry, switch

if TYPE_CHECKING:
    from tests.support.world import World

MISTAKE = {
    "type": "urn:lms:problem:internal",
    "title": "Internal error",
    "status": 500,
    "detail": "The plugin routes made a mistake; it was logged.",
    "plugin": "routes",
}


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(context, "WRITE_LIMIT", 0.5)
    routes.LEAKED.clear()
    return [entry("routes")]


@pytest.fixture
async def programme(world: World) -> dict[str, Any]:
    made = await world.programme()
    await switch(world, made, "routes")
    return made


async def core_works(world: World, programme: dict[str, Any]) -> None:
    """Change what the plugin has tried to change; fail rather than wait for it."""
    path = f"/programmes/{programme['id']}"
    async with asyncio.timeout(10):
        answer = await world.admin.call("GET", path)
        assert answer.json()["title"] == "Programme ms"
        new = {"title": "Programme ms", "degree": "M.Sc.", "language": "en"}
        await world.admin.patch(path, new, If_Match=answer.headers["ETag"])


@pytest.mark.parametrize("name", ["raises", "lies", "exits", "interrupts", "cancels"])
async def test_a_mistake_is_told_as_the_plugin_s_own(world: World, programme: dict[str, Any], name: str) -> None:
    try:
        answer = await world.admin.get(f"/programmes/{programme['id']}/routes/{name}", 500)
    except BaseException as escaped:  # what would end the server's process here ends the tests
        if task := asyncio.current_task():
            task.uncancel()
        pytest.fail(f"{escaped!r} escaped to the server")
    assert answer == MISTAKE
    await core_works(world, programme)


async def test_a_write_that_fails_half_way_is_undone(world: World, programme: dict[str, Any]) -> None:
    path = f"/programmes/{programme['id']}/routes/half"
    for _ in range(2):
        assert await world.admin.post(path, {"name": "x"}, 500, Idempotency_Key="k1") == MISTAKE
    await core_works(world, programme)


@pytest.mark.parametrize("name", ["leaks", "leaks-reading"])
async def test_connections_that_a_route_leaves_open_are_taken_from_it(
    world: World, programme: dict[str, Any], name: str
) -> None:
    for _ in range(10 if name == "leaks-reading" else 1):  # more than there are for reading on SQLite
        async with asyncio.timeout(10):
            await world.admin.call("GET", f"/programmes/{programme['id']}/routes/{name}")
    await core_works(world, programme)
