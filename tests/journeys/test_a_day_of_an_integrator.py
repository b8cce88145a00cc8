"""A day of an administrator and an integrator: a plugin is looked at, enabled, used, changed, reverted and taken away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import update

from lms_core.app import create_app
from lms_core.channels import channels
from lms_core.outbox import leases
from lms_core.outbox.tables import OPEN, delivery
from lms_core.outbox.work import settle
from lms_core.types import now
from tests.conftest import living
from tests.support import board
from tests.support.board import Board
from tests.support.receiver import Receiver, receiver
from tests.support.world import Actor, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lms_core.settings import Settings

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}


@pytest.fixture
def app_settings(app_settings: Settings) -> Settings:
    return replace(app_settings, webhook_allowed_hosts=("127.0.0.1",))


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(leases, "ATTEMPTS", 2)
    board.NOTICES.clear()
    board.CALLED.clear()
    return [Board()]


@pytest.fixture
async def elsewhere(world: World, app_settings: Settings) -> AsyncIterator[World]:
    """Another worker on the same database."""
    app: Any = create_app(app_settings, [Board()])
    transport = httpx.ASGITransport(app)
    async with living(app), httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
        yield World(app, http)


@pytest.fixture
async def told() -> AsyncIterator[Receiver]:
    """The student office, which wants to know what happens."""
    async with receiver() as made:
        yield made


async def deliver(world: World, settings: Settings) -> None:
    """Do the work of a worker, which finds everything due that was tried before."""
    async with world.database.write() as connection:
        await connection.execute(update(delivery).where(OPEN).values(due_at=now()))
    await settle(world.database, channels(settings, world.database, world.app.state.store, world.app.state.hooks))


async def test_from_the_first_look_to_the_export(
    world: World, elsewhere: World, app_settings: Settings, told: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}"
    plugin, notices = f"{path}/plugins/board", f"{path}/board/notices"
    run = await world.run(programme, await world.module(programme, [UNIT]))
    admin = await world.person("Mia Manager", "programme_administrator", programme)
    integrator = await world.person("Ina Integrator", "integrator", programme)
    anna = await world.student("Anna", programme)

    # what is there, and what would it do here?
    assert [(found["name"], found["failed"]) for found in (await admin.get("/plugins"))["items"]] == [("board", None)]
    shown = await admin.post(f"{plugin}/preview", {"enabled": True, "settings": {"prefix": "! "}}, 200)
    assert shown["effects"] == [{"code": "notices", "reason": "0 notices appear."}]
    assert len(shown["appears"]["routes"]) == 7
    await anna.get(notices, 404)

    # enabled, with somebody who looks after it; the integrator has the student office told
    await admin.put(plugin, {"enabled": True, "settings": {"prefix": "! "}}, If_Match='"0"')
    keeper = {"role": "board.keeper", "scope": "programme", "scopeId": programme["id"]}
    await world.admin.post(f"/persons/{integrator.id}/grants", keeper)
    pinned = await integrator.post(notices, {"text": "Exam moved"})
    assert await anna.get(notices) == {"items": [{"id": pinned["id"], "text": "! Exam moved"}]}
    await anna.post(notices, {"text": "Party"}, 403)
    hook = {"url": f"http://127.0.0.1:{told.port}/lms", "events": ["enrolment_created", "plugin_disabled"]}
    await integrator.post(f"{path}/webhooks", hook)

    # other settings were a mistake, and are taken back; the other worker follows
    await admin.put(plugin, {"enabled": True, "settings": {"prefix": "? "}}, If_Match='"1"')
    await admin.post(f"{plugin}/revert", {"revision": 1}, 200, If_Match='"2"')
    history = (await admin.get(f"{plugin}/history"))["items"]
    assert [(found["revision"], found["settings"], found["changedBy"]) for found in history] == [
        (3, {"prefix": "! "}, admin.id),
        (2, {"prefix": "? "}, admin.id),
        (1, {"prefix": "! "}, admin.id),
    ]
    await asyncio.sleep(2)  # what is promised
    there = Actor(elsewhere.http, integrator.person, integrator.token)
    assert (await there.post(notices, {"text": "Room changed"}))["text"] == "! Room changed"

    # a day on which the plugin fails: its event becomes a dead letter, the student office is told all the same
    async def fails(*_arguments: Any) -> None:
        raise ConnectionError("the printer does not answer")

    await deliver(world, app_settings)
    assert {"announce ! Exam moved", "plugin_enabled board 1", "plugin_enabled board 3"} <= set(board.CALLED)
    registry = world.app.state.hooks.registry
    working = registry.implementations["enrolment_created"]
    monkeypatch.setitem(registry.implementations, "enrolment_created", [("board", fails)])
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    for _ in range(2):
        await deliver(world, app_settings)
    [dead] = (await admin.get(f"{path}/deliveries?state=dead"))["items"]
    assert (dead["event"], dead["subscriber"], dead["attempts"], dead["error"]) == (
        "enrolment_created", "plugin:board", 2, "ConnectionError: the printer does not answer",
    )  # fmt: skip
    assert [(request.event["type"], request.event["data"]["personId"]) for request in told.requests] == [
        ("lms.enrolment_created", anna.id)
    ]
    [health] = (await admin.get(f"{path}/plugins-health"))["items"]
    [figure] = [one for one in health["hooks"] if one["hook"] == "enrolment_created"]
    assert (figure["failures"], figure["lastError"]) == (2, "ConnectionError: the printer does not answer")

    # it is mended, and the letter is tried again
    monkeypatch.setitem(registry.implementations, "enrolment_created", working)
    event, _, subscriber = dead["id"].partition(":")
    await anna.post(f"{path}/deliveries/{event}/{subscriber}/replay", None, 403)
    await integrator.post(f"{path}/deliveries/{event}/{subscriber}/replay", None, 200)
    await deliver(world, app_settings)
    assert "enrolment_created" in board.CALLED
    assert (await admin.get(f"{path}/deliveries?state=dead"))["items"] == []

    # taken away: nothing of it is left to see, and what is kept is handed out
    shown = await admin.post(f"{plugin}/preview", {"enabled": False}, 200)
    assert shown["effects"] == [{"code": "notices", "reason": "2 notices are kept, unseen."}]
    await admin.put(plugin, {"enabled": False}, If_Match='"3"')
    await anna.get(notices, 404)
    assert "/board" not in str((await anna.get(f"{path}/openapi.json"))["paths"])
    await deliver(world, app_settings)
    assert told.requests[-1].event["data"] == {"plugin": "board", "programmeId": programme["id"], "revision": 4}
    exported = await admin.get(f"{plugin}/export")
    assert [row["settings"] for row in exported["tables"]["programme_plugin"]] == [{"prefix": "! "}]
    assert len(exported["tables"]["programme_plugin_change"]) == 4
    assert len(board.NOTICES[UUID(programme["id"])]) == 2
