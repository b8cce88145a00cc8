"""Calendars, and a programme that turns the plugin off in the middle of a term."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from lms_core.types import now
from tests.support.calendars import read
from tests.support.family_care import CARE, EVERY_KIND, entered, prepared, seated

if TYPE_CHECKING:
    from datetime import date

    from tests.support.world import Actor, World


async def feed_of(world: World, who: Actor) -> list[tuple[str, datetime, datetime, str]]:
    feed = await who.post("/me/calendar-feeds", {"name": "Phone"})
    found = read((await world.http.get(feed["url"])).content)
    return sorted((one["title"], one["starts"], one["ends"], one["zone"]) for one in found.values())


async def test_her_calendar_shows_it_when_she_wants_that_and_nothing_says_why(world: World) -> None:
    setting = await prepared(world)
    ada, eve = await seated(world, setting, "Ada"), await seated(world, setting, "Eve")
    monday: date = now().date()
    need = {**CARE, "note": "Father", "firstDay": monday.isoformat(), "lastDay": monday.isoformat()}
    need["hours"] = [{"starts": "10:00", "ends": "12:00"}, {"starts": "11:00", "ends": "13:00"}]
    await entered(ada, setting, need, zone="Asia/Tokyo")
    await entered(ada, setting, {**need, "strength": "rather_not", "hours": [{"starts": "15:00", "ends": "16:00"}]})
    late = {"kind": "daily", "strength": "cannot", "firstDay": monday.isoformat(), "noLaterThan": "20:00"}
    await entered(ada, setting, {**late, "lastDay": monday.isoformat()})
    await entered(eve, setting, need)
    path = f"{setting.path}/me/calendar"
    assert (await ada.get(path), await feed_of(world, ada)) == ({"shown": False}, [])
    for _ in range(2):
        assert await ada.put(path) == {"shown": True}
    day = {"year": monday.year, "month": monday.month, "day": monday.day, "tzinfo": UTC}
    shown = [("Not available", datetime(**day, hour=1), datetime(**day, hour=4), "Asia/Tokyo")]
    assert await feed_of(world, ada) == shown
    await ada.put("/me/language", {"language": "de"}, 204)
    assert [one[0] for one in await feed_of(world, ada)] == ["Nicht verfügbar"]
    assert await feed_of(world, eve) == []
    await ada.delete(path)
    assert (await ada.get(path), await feed_of(world, ada)) == ({"shown": False}, [])


async def test_turned_off_in_the_middle_of_a_term_nothing_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = await prepared(world)
    plugin = f"/programmes/{setting.programme['id']}/plugins/family_sessions"
    block = {
        "title": "Block", "zone": "Europe/Berlin", "mode": "on_site", "place": "Room 1",
        "starts": "2027-03-02T10:00:00", "ends": "2027-03-02T12:00:00",
    }  # fmt: skip
    sessions = f"/runs/{setting.run['id']}/sessions"
    ada = await seated(world, setting, "Ada")
    made = await entered(ada, setting, EVERY_KIND["maternity"])

    async def effects(enabled: bool) -> list[tuple[str, str]]:
        found = await world.admin.post(f"{plugin}/preview", {"enabled": enabled, "settings": {}}, 200)
        return [(one["code"], one["reason"]) for one in found["effects"]]

    few = "fewer than 5 people, or nobody,"
    assert await effects(False) == [
        ("entries", f"What {few} have entered is kept, and counts for nothing: plans are checked no more.")
    ]
    with monkeypatch.context() as without:
        without.setenv("LMS_FAMILY_KEYS", "")
        assert [code for code, _ in await effects(True)] == ["entries", "no-key"]
    assert (await world.admin.call("POST", sessions, block)).status_code == 409
    await world.admin.put(plugin, {"enabled": False}, If_Match='"1"')
    assert (await world.admin.call("POST", sessions, block)).status_code == 201
    await ada.get(f"{setting.path}/me/entries", 404)
    await world.admin.put(plugin, {"enabled": True}, If_Match='"2"')
    assert (await world.admin.call("POST", sessions, block)).status_code == 409
    assert (await ada.get(f"{setting.path}/me/entries"))["items"] == [made]
