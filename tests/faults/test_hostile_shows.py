"""What is shown is shown without those that fail, names them, and their health tells what each did."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from lms_core.hooks import dispatch, rounds
from tests.hostile import witness
from tests.hostile.installed import HOOKED, LIMIT, entry, switch
from tests.support.calendars import read

if TYPE_CHECKING:
    from tests.support.world import World

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}
HOSTILE = sorted([*HOOKED, "nonsense"])
PLAN = {
    "title": "Lab day", "starts": "2026-12-05T09:00:00", "ends": "2026-12-05T17:00:00", "zone": "Europe/Berlin",
    "mode": "on_site", "place": "C 1.07",
}  # fmt: skip


# what swallows everything does so even when it is collected
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(dispatch, "TIME_LIMIT", LIMIT)
    monkeypatch.setattr(rounds, "GRACE", 0.05)
    witness.SEEN.clear()
    return [entry(name) for name in (*HOSTILE, "witness")]


async def test_dashboard_and_calendar_go_on_without_all_of_them(world: World) -> None:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, [UNIT]))
    anna = await world.student("Anna", programme)
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    day = await world.admin.post(f"/runs/{run['id']}/sessions", PLAN)
    feed = await anna.post("/me/calendar-feeds", {"name": "Phone"})
    alone = await anna.get("/me/dashboard")
    for name in (*HOSTILE, "witness"):
        await switch(world, programme, name)

    assert await anna.get("/me/dashboard") == {**alone, "degraded": HOSTILE}
    calendar = await world.http.get(feed["url"])
    assert (calendar.status_code, calendar.headers["X-Degraded"]) == (200, ", ".join(HOSTILE))
    assert list(read(calendar.content)) == [f"{day['id']}@localhost"]
    assert witness.SEEN == ["progress_credits", "calendar_entries"]

    async with asyncio.timeout(10):  # nothing is held any more
        await switch(world, programme, "witness", False)
    assert (await world.admin.get(f"/programmes/{programme['id']}"))["title"] == "Programme ms"

    health = {plugin["name"]: plugin for plugin in (await world.admin.get("/plugins/health"))["items"]}
    assert {plugin["state"] for plugin in health.values()} == {"usable"}
    for hook in ("progress_credits", "calendar_entries"):
        told = {
            (name, one["lastError"], one["calls"], one["failures"], one["circuit"], one["programmeId"])
            for name, plugin in health.items()
            for one in plugin["hooks"]
            if one["hook"] == hook
        }
        assert told == {
            *((name, error, 1, 1, "closed", programme["id"]) for name, error in HOOKED.items()),
            ("nonsense", None, 1, 0, "closed", programme["id"]),  # it is the core that can make no sense of it
            ("witness", None, 1, 0, "closed", programme["id"]),
        }
        figures = {
            name: (one["abandoned"], one["leaked"])
            for name, plugin in health.items()
            for one in plugin["hooks"]
            if one["hook"] == hook and (one["abandoned"] or one["leaked"])
        }
        assert figures == {"holds": (1, 0), "keeps_reading": (0, 1), "leaks": (0, 1), "swallows": (1, 0)}
        blocked = {one["hook"]: one for one in health["blocks"]["hooks"]}[hook]
        assert blocked["blocked"] == 1
        assert blocked["longestBlock"] >= 500_000
        assert datetime.fromisoformat(blocked["lastErrorAt"])


async def test_a_preview_tells_that_the_plugin_failed_to_say_anything(world: World) -> None:
    programme = await world.programme()
    for name in HOSTILE:
        path = f"/programmes/{programme['id']}/plugins/{name}/preview"
        shown = await world.admin.post(path, {"enabled": True}, 200)
        assert (shown["degraded"], shown["effects"], shown["hindrances"]) == (True, [], [])
