"""A plugin that was uninstalled while it was enabled: what depends on it waits or is refused, everything else goes on."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from lms_core import migrations
from lms_core.app import create_app
from lms_core.channels import channels
from lms_core.hooks.registry import load
from lms_core.migrations.plugins import migrate_plugins
from lms_core.outbox.tables import OPEN, delivery
from lms_core.outbox.work import settle
from lms_core.types import now
from tests.conftest import living
from tests.hostile import witness
from tests.hostile.installed import entry, switch
from tests.support import board
from tests.support.board import Board
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lms_core.settings import Settings
    from tests.support.world import Actor

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}
PLAN = {
    "title": "Lab day", "starts": "2026-12-05T09:00:00", "ends": "2026-12-05T17:00:00", "zone": "Europe/Berlin",
    "mode": "on_site", "place": "C 1.07",
}  # fmt: skip
GONE = "PluginError: board is enabled but not installed, or could not be loaded: see GET /plugins"


@pytest.fixture
def plugins() -> list[Any]:
    board.NOTICES.clear()
    board.CALLED.clear()
    witness.SEEN.clear()
    return [Board(), entry("witness")]


@asynccontextmanager
async def restarted(world: World, settings: Settings) -> AsyncIterator[World]:
    """Run the same installation without the board."""
    app: Any = create_app(settings, [entry("witness")])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with living(app), httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
        made = World(app, http)
        made.admin = moved(world.admin, http)
        yield made


def moved(actor: Actor, http: httpx.AsyncClient) -> Actor:
    return type(actor)(http, actor.person, actor.token)


async def deliver(world: World, settings: Settings) -> None:
    """Do the work of a worker, which finds everything due that was tried before."""
    async with world.database.write() as connection:
        await connection.execute(update(delivery).where(OPEN).values(due_at=now()))
    await settle(world.database, channels(settings, world.database, world.app.state.store, world.app.state.hooks))


async def test_what_depends_on_it_waits_or_is_refused_and_all_else_goes_on(
    world: World, app_settings: Settings
) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}"
    run = await world.run(programme, await world.module(programme, [UNIT]))
    seat, sessions = f"/runs/{run['id']}/enrolment", f"/runs/{run['id']}/sessions"
    people = [await world.student(name, programme) for name in ("Anna", "Bea", "Cleo")]
    for name in ("board", "witness"):
        await switch(world, programme, name)
    for person in (people[0], people[2]):
        await person.put(seat, {})
    witness.SEEN.clear()

    async with restarted(world, app_settings) as later:
        admin, (anna, bea, cleo) = later.admin, (moved(person, later.http) for person in people)

        # what it would have been asked about is refused, what it would have shown is missing
        assert (await bea.put(seat, {}, 503))["plugin"] == "board"
        assert (await admin.post(sessions, PLAN, 503))["plugin"] == "board"
        assert (await anna.get("/me/dashboard"))["degraded"] == ["board"]
        feed = await anna.post("/me/calendar-feeds", {"name": "Phone"})
        assert (await later.http.get(feed["url"])).headers["X-Degraded"] == "board"
        await anna.get(f"{path}/board/notices", 404)

        # studying and leaving go on
        await anna.get(f"/runs/{run['id']}/outline")
        event = {"id": str(uuid4()), "at": "2026-11-01T10:00:00Z", "completed": True}
        await anna.post(f"/runs/{run['id']}/units/intro/progress", event, 200)
        await cleo.delete(seat)

        # its events wait, those of others arrive
        await deliver(later, app_settings)
        found = (await admin.get(f"{path}/deliveries?limit=200"))["items"]
        assert {(one["subscriber"], one["state"]) for one in found} == {
            ("plugin:board", "open"),
            ("plugin:witness", "done"),
        }
        assert {one["error"] for one in found if one["attempts"] and one["state"] == "open"} == {GONE}
        assert sorted(witness.SEEN) == [
            "calendar_entries", "check_enrolment", "check_session", "enrolment_created", "enrolment_created",
            "enrolment_ended", "module_completed", "plugin_enabled", "progress_credits",
        ]  # fmt: skip

        # what was kept is handed out; everybody sees what is missing
        exported = await admin.get(f"{path}/plugins/board/export")
        assert (exported["plugin"], exported["revision"]) == ("board", None)
        assert [row["enabled"] for row in exported["tables"]["programme_plugin"]] == [True]
        health = (await admin.get(f"{path}/plugins-health"))["items"]
        [missing] = [one for one in health if one["name"] == "board"]
        assert (missing["state"], {hook["lastError"] for hook in missing["hooks"]}) == ("missing", {GONE})
        await migrations.migrate(later.database)
        assert await migrate_plugins(later.database, load([entry("witness")])) == []

        # once it is disabled, everything goes on; what is not there cannot be enabled again
        await switch(later, programme, "board", False)
        await bea.put(seat, {})
        await admin.post(sessions, PLAN)
        await admin.put(f"{path}/plugins/board", {"enabled": True}, 404, If_Match='"2"')


async def test_its_events_arrive_when_it_is_back(world: World, app_settings: Settings) -> None:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, [UNIT]))
    anna = await world.student("Anna", programme)
    await switch(world, programme, "board")
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    board.CALLED.clear()
    async with restarted(world, app_settings) as later:
        await deliver(later, app_settings)
    assert board.CALLED == []

    await deliver(world, app_settings)
    assert sorted(board.CALLED) == ["enrolment_created", "plugin_enabled board 1"]
    states = (await world.admin.get(f"/programmes/{programme['id']}/deliveries"))["items"]
    assert {(one["subscriber"], one["state"]) for one in states} == {("plugin:board", "done")}


async def test_the_core_goes_down_and_up_again_without_it(world: World) -> None:
    programme = await world.programme()
    await switch(world, programme, "board")
    await migrations.downgrade(world.database, "0001")
    await migrations.migrate(world.database)
    assert (await world.admin.get(f"/programmes/{programme['id']}/plugins/board"))["enabled"]
