"""Calendars, keys that change, and a programme that turns the plugin off in the middle of a term."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from lms_family_sessions import commands
from lms_family_sessions.sealing import key_id, new_key
from lms_family_sessions.settings import Settings
from lms_family_sessions.tables_care import entry, reading
from sqlalchemy import select

from lms_core.api import Context, Unavailable
from lms_core.types import now
from tests.support.calendars import read
from tests.support.family_care import CARE, EVERY_KIND, entered, prepared, seated

if TYPE_CHECKING:
    from datetime import date

    from tests.support.world import Actor, World


rotate_keys: Any = commands.rotate_keys.callback  # what the host awaits, within its command


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


async def key_ids(world: World) -> set[str]:
    async with world.database.read() as connection:
        found = [set((await connection.execute(select(table.c.key_id))).scalars()) for table in (entry, reading)]
    return found[0] | found[1]


async def test_keys_are_exchanged_in_pieces_and_nothing_is_lost(
    world: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "BATCH", 2)
    setting, other = await prepared(world), await prepared(world, "beta")
    ada = await seated(world, setting, "Ada")
    office = await world.person("Olga Office", "family_sessions.office", setting.programme)
    made = [await entered(ada, setting, EVERY_KIND[kind]) for kind in ("maternity", "care_hours", "daily")]
    await office.post(f"{setting.path}/readings", {"personId": ada.id, "purpose": "A question"}, 200)
    stranger = await seated(world, other, "Zoe")
    await entered(stranger, other, CARE)
    fresh = new_key()
    monkeypatch.setenv("LMS_FAMILY_KEYS", f"{fresh}, {key}")
    old_id, new_id = (key_id(base64.b64decode(one)) for one in (key, fresh))
    context = Context("family_sessions", UUID(setting.programme["id"]), Settings(), world.database)

    rewrap, done = commands.sealing.rewrap, 0

    def interrupted(*given: Any) -> Any:
        nonlocal done
        done += 1
        if done == 4:
            raise KeyboardInterrupt
        return rewrap(*given)

    monkeypatch.setattr(commands.sealing, "rewrap", interrupted)
    with pytest.raises(KeyboardInterrupt):
        await rotate_keys(context)
    assert await key_ids(world) == {old_id, new_id}
    await rotate_keys(context)
    other_context = Context("family_sessions", UUID(other.programme["id"]), Settings(), world.database)
    assert done == 5, "what is under the new key is not wrapped again"
    assert await key_ids(world) == {old_id, new_id}, "another programme's are its own"
    await rotate_keys(other_context)
    assert await key_ids(world) == {new_id}
    monkeypatch.setenv("LMS_FAMILY_KEYS", fresh)
    in_order = sorted(made, key=lambda one: one["id"])
    assert (await ada.get(f"{setting.path}/me/entries"))["items"] == in_order
    [noted] = (await ada.get(f"{setting.path}/me/readings"))["items"]
    assert noted["purpose"] == "A question"
    monkeypatch.setenv("LMS_FAMILY_KEYS", "")
    with pytest.raises(Unavailable, match="new-key"):
        await rotate_keys(context)


def test_a_new_key_is_one_that_seals() -> None:
    done = CliRunner().invoke(commands.new_key)
    assert (done.exit_code, len(done.output.strip())) == (0, 44)


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
