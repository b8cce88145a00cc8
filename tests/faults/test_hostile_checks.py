"""A check that does not work refuses, names its plugin, and leaves nothing behind; without it the same request goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lms_core.hooks import dispatch, rounds
from tests.hostile.installed import HOOKED, LIMIT, entry, switch
from tests.support.campus import contents

if TYPE_CHECKING:
    from tests.support.world import World

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}
PLAN = {
    "title": "Lab day", "starts": "2026-12-05T09:00:00", "ends": "2026-12-05T17:00:00", "zone": "Europe/Berlin",
    "mode": "on_site", "place": "C 1.07",
}  # fmt: skip
HOSTILE = sorted([*HOOKED, "nonsense"])


# what swallows everything does so even when it is collected
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(dispatch, "TIME_LIMIT", LIMIT)
    monkeypatch.setattr(rounds, "GRACE", 0.05)
    return [entry(name) for name in (*HOSTILE, "witness")]


async def everything(world: World) -> dict[str, list[str]]:
    """Read what the database holds, besides the host's own figures."""
    found = await contents(world.database)
    del found["plugin_call"]
    return found


async def core_writes(world: World, programme: dict[str, Any]) -> None:
    """Change the row that hostile plugins try to keep; fail rather than wait for it."""
    path = f"/programmes/{programme['id']}"
    etag = (await world.admin.call("GET", path)).headers["ETag"]
    async with asyncio.timeout(10):
        await world.admin.patch(path, {"title": "The core's", "degree": "M.Sc.", "language": "en"}, If_Match=etag)


def refusal(name: str) -> dict[str, Any]:
    return {
        "type": "urn:lms:problem:unavailable",
        "title": "Not available at the moment",
        "status": 503,
        "detail": f"The plugin {name} could not check this, so it is refused for now. Try again later.",
        "plugin": name,
    }


async def test_each_refuses_whatever_it_does_until_it_is_disabled(world: World) -> None:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, [UNIT]), capacity=1)
    anna, bea = await world.student("Anna", programme), await world.student("Bea", programme)
    seat, sessions = f"/runs/{run['id']}/enrolment", f"/runs/{run['id']}/sessions"
    await switch(world, programme, "witness")
    for name in HOSTILE:
        await bea.put(seat, {})
        await switch(world, programme, name)

        before = await everything(world)
        assert await anna.put(seat, {}, 503) == refusal(name)
        assert await everything(world) == before
        await core_writes(world, programme)

        before = await everything(world)
        assert await world.admin.post(sessions, PLAN, 503) == refusal(name)
        assert await everything(world) == before
        await core_writes(world, programme)

        await bea.delete(seat)  # whoever wants to go may go, without anybody being asked
        await switch(world, programme, name, False)
        assert (await anna.put(seat, {}))["state"] == "enrolled"
        day = await world.admin.post(sessions, PLAN)
        assert day["warnings"] == []
        await anna.delete(seat)


async def test_with_all_of_them_the_first_refuses_and_the_others_are_not_asked(world: World) -> None:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, [UNIT]))
    anna = await world.student("Anna", programme)
    for name in HOSTILE:
        await switch(world, programme, name)
    seat = f"/runs/{run['id']}/enrolment"
    assert await anna.put(seat, {}, 503) == refusal(HOSTILE[0])
    health = (await world.admin.get(f"/programmes/{programme['id']}/plugins-health"))["items"]
    assert [(plugin["name"], [hook["hook"] for hook in plugin["hooks"] if hook["calls"]]) for plugin in health] == [
        (HOSTILE[0], ["check_enrolment"]),
        *((name, []) for name in HOSTILE[1:]),
    ]
