"""Plugins of a programme: enabled with settings, asked where they should be, and refused where they fail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pytest

from lms_core.api import (
    Context,
    EnrolmentCreated,
    EnrolmentRequest,
    Objection,
    Plugin,
    SessionPlan,
    SessionRemark,
    hookimpl,
)
from lms_core.hooks.channel import PluginChannel
from lms_core.outbox import leases, work

if TYPE_CHECKING:
    from tests.support.world import World

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}
DAY = {
    "title": "Lab day", "starts": "2026-11-07T09:00:00", "ends": "2026-11-07T16:30:00", "zone": "Europe/Berlin",
    "mode": "on_site", "place": "C 1.07",
}  # fmt: skip


class GateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mood: str = "open"
    latest_hour: Annotated[int, msgspec.Meta(ge=0, le=24)] = 20


class Gate(Plugin):
    """Opens, closes or breaks, as its settings say; and remembers what it was told."""

    name = "gate"
    settings = GateSettings

    def __init__(self) -> None:
        self.told: list[tuple[EnrolmentCreated, str | None]] = []
        self.failures = 0

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        if context.settings.mood == "broken":
            raise RuntimeError("the gate is stuck")
        return [Objection("closed", "The gate is closed.")] if context.settings.mood == "closed" else []

    @hookimpl
    async def check_session(self, context: Context, session: SessionPlan) -> list[SessionRemark]:
        late = session.ends.hour > context.settings.latest_hour
        weekend = session.starts.weekday() >= 5
        return [
            *([SessionRemark("late", "It ends too late.", "block")] if late else []),
            *([SessionRemark("weekend", "It is on a weekend.", "warn")] if weekend else []),
        ]

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not now")
        self.told.append((event, context.idempotency_key))


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def plugins(gate: Gate) -> list[Any]:
    return [gate]


async def set_gate(world: World, programme: dict[str, Any], revision: int, **change: Any) -> Any:
    path = f"/programmes/{programme['id']}/plugins/gate"
    return await world.admin.put(path, {"enabled": True, **change}, If_Match=f'"{revision}"')


async def a_run(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    programme = await world.programme()
    return programme, await world.run(programme, await world.module(programme, [UNIT]))


async def test_a_plugin_is_enabled_with_settings_changed_and_disabled(world: World) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}/plugins"
    listed = (await world.admin.get("/plugins"))["items"]
    assert [(p["name"], p["contributes"]["hooks"]) for p in listed] == [
        ("gate", ["check_enrolment", "check_session", "enrolment_created"])
    ]
    assert (await world.admin.get(path))["items"][0]["enabled"] is False
    changed = await set_gate(world, programme, 0, settings={"mood": "closed"})
    shown = {name: changed[name] for name in ("name", "enabled", "settings", "revision", "changedBy")}
    assert shown == {
        "name": "gate", "enabled": True, "settings": {"mood": "closed"}, "revision": 1, "changedBy": world.admin.id,
    }  # fmt: skip
    problem = await world.admin.put(
        f"{path}/gate", {"enabled": True, "settings": {"latest_hour": 99}}, 422, If_Match='"1"'
    )
    assert problem["errors"] == [{"where": "body.settings.latest_hour", "reason": "Expected `int` <= 24"}]
    await world.admin.put(f"{path}/gate", {"enabled": False}, 412, If_Match='"0"')
    await world.admin.put(f"{path}/nothing", {"enabled": True}, 404, If_Match='"0"')
    off = await world.admin.put(f"{path}/gate", {"enabled": False}, If_Match='"1"')
    assert (off["enabled"], off["settings"]) == (False, {"mood": "closed"})  # kept for the day it is enabled again


async def test_a_plugin_objects_to_enrolments_under_its_programme_only(world: World) -> None:
    programme, run = await a_run(world)
    other = await world.programme("other")
    await world.admin.put(f"/programmes/{other['id']}/adoptions/{run['moduleId']}", None, 204)
    await set_gate(world, programme, 0, settings={"mood": "closed"})
    anna, bea = await world.student("Anna", programme), await world.student("Bea", other)
    path = f"/runs/{run['id']}/enrolment"
    problem = await anna.put(path, {}, 409)
    assert (problem["detail"], problem["errors"]) == (
        "The gate is closed.",
        [{"where": "closed", "reason": "The gate is closed."}],
    )
    assert (await bea.put(path, {}))["programmeId"] == other["id"]
    await set_gate(world, programme, 1, settings={"mood": "open"})
    assert (await anna.put(path, {}))["state"] == "enrolled"
    await set_gate(world, programme, 2, settings={"mood": "closed"})
    await anna.delete(path)  # leaving is nobody's to refuse


async def test_a_plugin_that_cannot_decide_refuses_and_is_named(world: World) -> None:
    programme, run = await a_run(world)
    await set_gate(world, programme, 0, settings={"mood": "broken"})
    anna = await world.student("Anna", programme)
    problem = await anna.put(f"/runs/{run['id']}/enrolment", {}, 503)
    assert (problem["type"], problem["plugin"]) == ("urn:lms:problem:unavailable", "gate")
    await world.admin.put(f"/programmes/{programme['id']}/plugins/gate", {"enabled": False}, If_Match='"1"')
    assert (await anna.put(f"/runs/{run['id']}/enrolment", {}))["state"] == "enrolled"


async def test_the_owners_plugins_judge_sessions(world: World) -> None:
    programme, run = await a_run(world)
    await set_gate(world, programme, 0)
    path = f"/runs/{run['id']}/sessions"
    weekend = {"code": "weekend", "reason": "It is on a weekend.", "severity": "warn"}
    session = await world.admin.post(path, DAY)
    assert session["warnings"] == [weekend]
    late = {**DAY, "ends": "2026-11-07T21:00:00"}
    problem = await world.admin.post(path, late, 409)
    assert problem["errors"] == [{"where": "late", "reason": "It ends too late."}]
    await world.admin.put(f"{path}/{session['id']}", late, 409, If_Match='"1"')
    friday = {**DAY, "starts": "2026-11-06T09:00:00", "ends": "2026-11-06T12:00:00"}
    assert (await world.admin.put(f"{path}/{session['id']}", friday, If_Match='"1"'))["warnings"] == []
    assert [s["starts"] for s in (await world.admin.get(path))["items"]] == ["2026-11-06T09:00:00"]


async def test_an_event_reaches_the_plugin_until_it_succeeds_and_in_order(
    world: World, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme, run = await a_run(world)
    await set_gate(world, programme, 0)
    people = [await world.student(name, programme) for name in ("Anna", "Bea")]
    for student in people:
        await student.put(f"/runs/{run['id']}/enrolment", {})
    gate.failures = 2
    monkeypatch.setattr(leases, "FIRST_PAUSE", 0.01)
    worker = asyncio.create_task(work.work(world.database, [PluginChannel(world.app.state.hooks)], idle_seconds=0.01))
    for _ in range(500):
        if len(gate.told) == 2:
            break
        await asyncio.sleep(0.02)
    worker.cancel()
    assert [str(event.person_id) for event, _ in gate.told] == [student.id for student in people]
    keys = [key for _, key in gate.told]
    assert all(key and key.endswith(":gate") for key in keys)
    assert len(set(keys)) == 2
