"""An installation full of hostile plugins: nobody who has not enabled them notices, and what was left out says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from lms_core.channels import channels
from lms_core.hooks.registry import HOOKS, declaration
from lms_core.outbox.work import settle
from tests.hostile.installed import ALL, HOOKED, OTHERS
from tests.support.calendars import read

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.world import World

CHECK = declaration("check_enrolment")
LEFT_OUT = {
    "clashing_routes": "PluginError: Hostile declares GET /here twice; give one of the two another address or name",
    "core_name": (
        "PluginError: Hostile.name 'modules' is a word of the core's own routes or tables; choose another `name`"
    ),
    "exits_at_import": "SystemExit: usage: exits_at_import [-h]",
    "gone": "ModuleNotFoundError: No module named 'tests.hostile.gone'",
    "misspelt_hook": (
        "PluginError: unknown hook 'check_enrollment' in plugin Hostile; the hooks are: " + ", ".join(sorted(HOOKS))
    ),
    "no_plugin": "PluginError: tests.hostile.installed:entry must be a class that inherits from lms_core.api.Plugin",
    "other_version": (
        "PluginError: Hostile.requires 'lms>=7', but this is version 0.2 of the plugin API; install a release of the "
        "plugin made for it"
    ),
    "raises_at_import": "RuntimeError: no licence",
    "sync_hook": f"PluginError: Hostile.check_enrolment must be declared as `{CHECK}`",
    "wrong_annotations": f"PluginError: Hostile.check_enrolment must be declared as `{CHECK}`",
}
UNREADY = "its tables are not there yet: run lms migrate"
READING = {"key": "intro", "kind": "reading", "title": "Introduction"}
QUIZ = {"key": "quiz", "kind": "quiz", "title": "Quiz", "maxScore": "10"}


@pytest.fixture
def plugins() -> list[Any]:
    return list(ALL)


async def test_each_one_left_out_is_named_with_its_reason(world: World) -> None:
    found = {plugin["name"]: plugin.get("failed") for plugin in (await world.admin.get("/plugins"))["items"]}
    usable = dict.fromkeys([*HOOKED, *OTHERS]) | {"drops_core": UNREADY, "half_migrated": UNREADY}
    assert found == {**usable, **LEFT_OUT}
    health = {plugin["name"]: plugin["reason"] for plugin in (await world.admin.get("/plugins/health"))["items"]}
    assert health == found


async def test_a_whole_day_of_the_core_with_all_of_them_installed_and_none_enabled(
    world: World, app_settings: Settings
) -> None:
    programme = await world.programme()
    lecturer = await world.person("Lea", "lecturer", programme)
    link = await world.admin.post(f"/persons/{lecturer.id}/password-links")
    secret = link["url"].partition("link=")[2]
    form = await world.http.post("/set-password", data={"link": secret, "password": "correct horse battery"})
    assert form.status_code == 200
    signed = await world.http.post("/sign-in", json={"email": lecturer.email, "password": "correct horse battery"})
    assert signed.status_code == 200
    lecturer.token = signed.json()["token"]

    # a module with a file, published and opened with one seat
    media = await world.upload(lecturer, programme, "notes.txt", b"We etched.", "text/plain")
    file = {"key": "notes.txt", "name": "notes.txt", "role": "attachment", "mediaId": media["id"], "language": "en"}
    module = await world.module(programme, [{**READING, "files": [file]}, QUIZ])
    run = await world.run(programme, module, capacity=1)
    soon = (datetime.now(UTC) + timedelta(days=30)).replace(tzinfo=None, microsecond=0)
    plan = {
        "title": "Lab day", "starts": soon.isoformat(), "ends": (soon + timedelta(hours=7)).isoformat(),
        "zone": "Europe/Berlin", "mode": "on_site", "place": "C 1.07",
    }  # fmt: skip
    day = await lecturer.post(f"/runs/{run['id']}/sessions", plan)

    # two students, one seat; who waited moves up
    anna, bea = await world.student("Anna", programme), await world.student("Bea", programme)
    seat = f"/runs/{run['id']}/enrolment"
    assert [(await student.put(seat, {}))["state"] for student in (bea, anna)] == ["enrolled", "waiting"]
    await bea.delete(seat)

    # she reads, downloads, is examined, and has completed the run
    shown = await anna.get(f"/runs/{run['id']}/units/intro")
    where = (await anna.call("GET", shown["files"][0]["href"])).headers["Location"]
    async with httpx.AsyncClient() as outside:
        assert (await outside.get(where)).content == b"We etched."
    event = {"id": str(uuid4()), "at": datetime.now(UTC).isoformat(), "completed": True}
    assert (await anna.post(f"/runs/{run['id']}/units/intro/progress", event, 200))["new"] is True
    examined = {**event, "id": str(uuid4()), "score": "9"}
    await lecturer.post(f"/runs/{run['id']}/participants/{anna.id}/units/quiz/progress", examined, 200)
    examiner = await world.person("Eva", "examiner", programme)
    await examiner.post(f"/runs/{run['id']}/participants/{anna.id}/credit", {"evidence": "Seen"})

    # her dashboard, her calendar, the programme's figures
    board = await anna.get("/me/dashboard")
    assert [(row["percent"], row["state"]) for row in board["runs"]] == [(100, "completed")]
    assert [total["ectsEarned"] for total in board["totals"]] == ["5"]
    assert (board["pending"], board["degraded"]) == ([], [])
    feed = await anna.post("/me/calendar-feeds", {"name": "Phone"})
    calendar = await world.http.get(feed["url"])
    assert (calendar.status_code, calendar.headers.get("X-Degraded")) == (200, None)
    assert list(read(calendar.content)) == [f"{day['id']}@localhost"]
    overview = await world.admin.get(f"/programmes/{programme['id']}/overview")
    assert (overview["seats"], overview["seatsTaken"], overview["waiting"]) == (1, 1, 0)

    # no plugin has heard of any of it
    await settle(world.database, channels(app_settings, world.database, world.app.state.store, world.app.state.hooks))
    health = (await world.admin.get("/plugins/health"))["items"]
    names = sorted([*HOOKED, *OTHERS, *LEFT_OUT])
    assert [(plugin["name"], plugin["hooks"]) for plugin in health] == [(name, []) for name in names]
