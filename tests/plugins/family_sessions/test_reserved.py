"""Seats kept for those whom the family office names: they get them, nobody else does, and no list tells whose they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lms_core.enrolment.channel import SeatsChannel
from lms_core.outbox.work import settle
from tests.support.family_care import Setting, prepared

if TYPE_CHECKING:
    from tests.support.world import Actor, World

LAST = str(datetime.now(UTC).date() + timedelta(days=100))


async def ruled(world: World, setting: Setting, capacity: int, **quota: Any) -> str:
    """Let a run have so many seats, some of them reserved; return where its seats are."""
    module = await world.module(
        setting.programme, [{"key": "intro", "kind": "reading", "title": "Introduction"}], "optics"
    )
    run = await world.run(setting.programme, module, capacity)
    kept = {"key": "early", "seats": 1, "programmeId": setting.programme["id"], "plugin": "family_sessions", **quota}
    await world.admin.put(f"/runs/{run['id']}/seat-rules", {"quotas": [kept]}, If_Match='"1"')
    return f"/runs/{run['id']}"


async def office_of(world: World, setting: Setting) -> Actor:
    return await world.person(f"Olga Office {setting.programme['key']}", "family_sessions.office", setting.programme)


async def reserve(office: Actor, setting: Setting, who: Actor, last: str | None = LAST, status: int = 200) -> Any:
    return await office.put(f"{setting.path}/reserved-seats", {"personId": who.id, "lastDay": last}, status)


async def states(world: World, run: str) -> dict[str, str]:
    return {p["name"]: p["state"] for p in (await world.admin.get(f"{run}/participants?limit=200"))["items"]}


async def work(world: World) -> None:
    await settle(world.database, [SeatsChannel(world.database, world.app.state.hooks)])


async def test_a_reserved_seat_is_hers_whom_the_office_names_and_no_list_shows_it(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    office = await office_of(world, setting)
    anna, bea, cem = [await world.student(name, setting.programme) for name in ("Anna", "Bea", "Cem")]
    run = await ruled(world, setting, 2)
    for who, state in ((anna, "enrolled"), (bea, "waiting"), (cem, "waiting")):
        assert (await who.put(f"{run}/enrolment", {}))["state"] == state
    assert await reserve(office, setting, cem) == {"lastDay": LAST}
    await work(world)
    assert await states(world, run) == {"Anna": "enrolled", "Bea": "waiting", "Cem": "enrolled"}
    # who reads lists, records and exports learns of no quota, and neither do the events
    seen = [
        await world.admin.get(f"{run}/participants?limit=200"),
        await world.admin.get(f"/programmes/{setting.programme['id']}/runs{run.removeprefix('/runs')}/enrolments"),
        await world.admin.get(f"{run}/enrolment-changes"),
    ]
    assert "early" not in str(seen)
    assert "family" not in str(seen)
    assert (await cem.get(f"{run}/enrolment"))["enrolment"].get("quota") is None
    # the seat stays counted among the reserved ones: who is named later waits
    dan = await world.student("Dan", setting.programme)
    await reserve(office, setting, dan)
    assert (await dan.put(f"{run}/enrolment", {}))["state"] == "waiting"
    # given up, it goes to the next who is named, not to who waits longest
    await cem.delete(f"{run}/enrolment")
    assert await states(world, run) == {"Anna": "enrolled", "Bea": "waiting", "Cem": "withdrawn", "Dan": "enrolled"}

    listed = await office.get(f"{setting.path}/reserved-seats")
    assert listed == {
        "items": [{"personId": who.id, "name": name, "lastDay": LAST} for who, name in ((cem, "Cem"), (dan, "Dan"))]
    }
    assert await cem.get(f"{setting.path}/me/reserved-seats") == {"lastDay": LAST}
    assert await anna.get(f"{setting.path}/me/reserved-seats") == {"lastDay": None}
    elsewhere = await office_of(world, other)
    assert await elsewhere.get(f"{other.path}/reserved-seats") == {"items": []}
    await reserve(elsewhere, other, cem, status=404)
    for who in (cem, world.admin):
        await reserve(who, setting, cem, status=403)
        await who.get(f"{setting.path}/reserved-seats", 403)


async def test_a_claim_that_is_over_or_taken_back_counts_no_more_and_takes_no_seat_away(world: World) -> None:
    setting = await prepared(world)
    office = await office_of(world, setting)
    anna, bea, cem = [await world.student(name, setting.programme) for name in ("Anna", "Bea", "Cem")]
    run = await ruled(world, setting, 2, seats=2)
    await reserve(office, setting, anna)
    await reserve(office, setting, bea, str(datetime.now(UTC).date() - timedelta(days=2)))
    await reserve(office, setting, cem)
    assert await reserve(office, setting, cem, None) == {"lastDay": None}
    for who, state in ((anna, "enrolled"), (bea, "waiting"), (cem, "waiting")):
        assert (await who.put(f"{run}/enrolment", {}))["state"] == state
    await reserve(office, setting, anna, None)
    assert (await office.get(f"{setting.path}/reserved-seats"))["items"] == []
    await work(world)
    assert await states(world, run) == {"Anna": "enrolled", "Bea": "waiting", "Cem": "waiting"}


async def test_what_was_granted_goes_on_when_the_plugin_is_off_and_nobody_is_named_any_more(world: World) -> None:
    setting = await prepared(world)
    office = await office_of(world, setting)
    ada, bea = [await world.student(name, setting.programme) for name in ("Ada", "Bea")]
    run = await ruled(world, setting, 1)
    await reserve(office, setting, ada)
    plugin = f"/programmes/{setting.programme['id']}/plugins/family_sessions"
    told = await world.admin.post(f"{plugin}/preview", {"enabled": False}, 200)
    assert "reserved-seats" in [one["code"] for one in told["effects"]]
    await world.admin.put(plugin, {"enabled": False, "settings": {}}, If_Match='"1"')
    await reserve(office, setting, bea, status=404)
    assert (await bea.put(f"{run}/enrolment", {}))["state"] == "waiting"
    assert (await ada.put(f"{run}/enrolment", {}))["state"] == "enrolled"
    # rules that ask for it anew are refused
    rules = {
        "quotas": [{"key": "early", "seats": 1, "programmeId": setting.programme["id"], "plugin": "family_sessions"}]
    }
    problem = await world.admin.put(f"{run}/seat-rules", rules, 422, If_Match='"2"')
    assert problem["errors"] == [
        {
            "where": "body.quotas[0].plugin",
            "reason": "must be a plugin that is enabled for the programme of the quota",
        }
    ]


@pytest.mark.parametrize("day", ["1999-01-01", "9999-12-31", "soon"])
async def test_days_that_nobody_plans_are_refused(world: World, day: str) -> None:
    setting = await prepared(world)
    office = await office_of(world, setting)
    ada = await world.student("Ada", setting.programme)
    await reserve(office, setting, ada, day, 400)
    assert (await office.get(f"{setting.path}/reserved-seats"))["items"] == []
