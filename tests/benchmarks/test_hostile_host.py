"""What plugins cost those who have not enabled them, and what a plugin's route costs beside a core's.

`pytest -m benchmark -n0 -s tests/benchmarks`. Ratios of one run, never compared with others.
"""

# No `from __future__ import annotations`: what the plugin's route declares must resolve at run time.
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from litestar import Response

from lms_core.api import Plugin, RouteContext, get
from lms_core.app import create_app
from lms_core.http import LmsRequest, paged
from lms_core.programmes import actions
from lms_core.programmes import types as t
from tests.conftest import living
from tests.hostile.installed import ALL, switch
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lms_core.settings import Settings

pytestmark = pytest.mark.benchmark

ROUNDS = 100
UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}


@get("/organisations", permission="self")
async def list_organisations(context: RouteContext, request: LmsRequest) -> Response[t.Organisations]:
    """Do what the core's route of the same name does."""
    async with context.read() as connection:
        rows = await actions.list_organisations(connection, None, 50)
    return paged(request, t.Organisations, rows, 50)


class Same(Plugin):
    """Has a route that the core has, too."""

    name = "same"
    routes = (list_organisations,)


async def compared(
    first: "Callable[[], Awaitable[Any]]", second: "Callable[[], Awaitable[Any]]"
) -> tuple[float, float]:
    """Return the best of nine means of each in microseconds, measured in turns: others want the processor, too."""
    means: tuple[list[float], list[float]] = ([], [])
    for _ in range(9):
        for act, found in zip((first, second), means, strict=True):
            began = time.perf_counter()
            for _ in range(ROUNDS):
                await act()
            found.append((time.perf_counter() - began) / ROUNDS * 1e6)
    return min(means[0]), min(means[1])


async def test_what_those_cost_that_are_not_enabled(app_settings: "Settings") -> None:
    async with AsyncExitStack() as stack:
        worlds = []
        for plugins in ([], list(ALL)):
            app: Any = create_app(app_settings, plugins)
            await stack.enter_async_context(living(app))
            transport = httpx.ASGITransport(app)
            http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://lms"))
            worlds.append(World(app, http))
        bare, full = worlds
        bare.admin = await bare.person("Ada Admin", "administrator")
        programme = await bare.programme()
        run = await bare.run(programme, await bare.module(programme, [UNIT]))
        anna = await bare.student("Anna", programme)
        await anna.put(f"/runs/{run['id']}/enrolment", {})
        there = type(anna)(full.http, anna.person, anna.token)
        for path in (f"/runs/{run['id']}/outline", "/me/dashboard"):
            without, within = await compared(partial(anna.get, path), partial(there.get, path))
            print(
                f"\n{path[-9:]}: {without:.0f} µs without plugins, {within / without:.2f} with {len(ALL)} not enabled"
            )


async def test_what_a_plugin_s_route_costs_beside_a_core_s(app_settings: "Settings") -> None:
    app: Any = create_app(app_settings, [Same()])
    async with living(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lms") as http:
        world = World(app, http)
        world.admin = await world.person("Ada Admin", "administrator")
        programme = await world.programme()
        await switch(world, programme, "same")
        path = f"/programmes/{programme['id']}/same/organisations"
        core, plugin = await compared(lambda: world.admin.get("/organisations"), lambda: world.admin.get(path))
        print(f"\na core's route: {core:.0f} µs, the same as a plugin's: {plugin / core:.2f}, {plugin - core:+.0f} µs")
