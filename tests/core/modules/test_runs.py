"""Runs of a version in a term, and their sessions: planned on the wall, at a place, in a zone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from lms_core.outbox.tables import outbox

if TYPE_CHECKING:
    from tests.support.world import World

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}
DAY = {
    "title": "Lab day", "starts": "2026-11-07T09:00:00", "ends": "2026-11-07T16:30:00", "zone": "Europe/Berlin",
    "mode": "on_site", "place": "C 1.07",
}  # fmt: skip


async def a_run(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    programme = await world.programme()
    return programme, await world.run(programme, await world.module(programme, [UNIT]))


async def test_a_run_is_pinned_to_a_version(world: World) -> None:
    programme, run = await a_run(world)
    path = f"/modules/{run['moduleId']}"
    content = {"title": "New", "ects": "6", "workloadHours": 180, "units": [UNIT]}
    await world.admin.put(f"{path}/draft", content, If_Match='"3"')
    await world.admin.post(f"{path}/publish", If_Match='"4"')
    second = await world.run(programme, {"id": run["moduleId"]})
    shown = [(r["version"], r["title"], r["ects"]) for r in (await listed(world, programme))]
    assert shown == [(1, "Mems", "5"), (2, "New", "6")]
    assert second["version"] == 2
    old = {"termId": programme["term"], "capacity": 1, "version": 1, "title": "Repeat"}
    assert (await world.admin.post(f"{path}/runs", old))["version"] == 1
    await world.admin.post(f"{path}/runs", {**old, "version": 9}, 409)
    foreign = await world.programme("other")
    problem = await world.admin.post(f"{path}/runs", {**old, "termId": foreign["term"]}, 422)
    reason = "must be a term of the programme that owns the module"
    assert problem["errors"] == [{"where": "body.termId", "reason": reason}]


async def listed(world: World, programme: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.admin.get(f"/programmes/{programme['id']}/runs"))["items"]
    return found


async def test_sessions_are_listed_by_time_whatever_their_zone(world: World) -> None:
    _, run = await a_run(world)
    path = f"/runs/{run['id']}/sessions"
    berlin = await world.admin.post(path, DAY)
    york = {**DAY, "zone": "America/New_York", "starts": "2026-11-07T02:30:00", "ends": "2026-11-07T04:00:00"}
    await world.admin.post(path, york)
    kathmandu = {**DAY, "zone": "Asia/Kathmandu", "starts": "2026-11-07T13:00:00", "ends": "2026-11-07T14:00:00"}
    await world.admin.post(path, kathmandu)
    shown = [(s["zone"], s["startsAt"]) for s in (await world.admin.get(path))["items"]]
    assert shown == [
        ("Asia/Kathmandu", "2026-11-07T07:15:00Z"),
        ("America/New_York", "2026-11-07T07:30:00Z"),
        ("Europe/Berlin", "2026-11-07T08:00:00Z"),
    ]
    assert berlin["starts"] == "2026-11-07T09:00:00"


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        (
            {"zone": "Europe/Freiburg"},
            "zone",
            "'Europe/Freiburg' is not a time zone of the IANA database, such as Europe/Berlin",
        ),
        ({"ends": "2026-11-07T09:00:00"}, "ends", "must be after starts"),
        (
            {"starts": "2027-03-28T02:30:00", "ends": "2027-03-28T05:00:00"},
            "starts",
            "2027-03-28 02:30:00 is skipped by the clock in Europe/Berlin that day",
        ),
        # the clock shows 02:30 twice that night; by the first, an hour passes until 02:30 again and 2 until 03:30
        ({"starts": "2026-10-25T02:30:00", "ends": "2026-10-25T02:30:00"}, "ends", "must be after starts"),
    ],
)
async def test_a_session_that_no_clock_can_show_is_refused(
    world: World, change: dict[str, str], field: str, reason: str
) -> None:
    _, run = await a_run(world)
    problem = await world.admin.post(f"/runs/{run['id']}/sessions", {**DAY, **change}, 400)
    assert problem["errors"] == [{"where": f"body.{field}", "reason": reason}]


async def test_the_night_with_25_hours_is_counted_right(world: World) -> None:
    _, run = await a_run(world)
    night = {**DAY, "starts": "2026-10-24T18:00:00", "ends": "2026-10-25T18:00:00"}
    session = await world.admin.post(f"/runs/{run['id']}/sessions", night)
    assert (session["startsAt"], session["endsAt"]) == ("2026-10-24T16:00:00Z", "2026-10-25T17:00:00Z")


async def test_a_session_is_replanned_and_says_when(world: World) -> None:
    _, run = await a_run(world)
    path = f"/runs/{run['id']}/sessions"
    made = await world.admin.post(path, DAY)
    moved = {**DAY, "place": "C 2.11", "mode": "hybrid"}
    changed = await world.admin.put(f"{path}/{made['id']}", moved, If_Match='"1"')
    assert changed == {**made, **moved, "revision": 2, "changedAt": changed["changedAt"]}
    assert made["changedAt"] < changed["changedAt"]
    assert await world.admin.get(path) == {"items": [changed]}
    problem = await world.admin.put(f"{path}/{made['id']}", DAY, 412, If_Match='"1"')
    assert problem["detail"] == "You are changing state 1, but it is in state 2 now; read it again."


async def test_a_cancelled_session_stays_to_be_seen_and_is_never_changed_again(world: World) -> None:
    _, run = await a_run(world)
    path = f"/runs/{run['id']}/sessions"
    made, other = await world.admin.post(path, DAY), await world.admin.post(path, {**DAY, "title": "Other"})
    await world.admin.delete(f"{path}/{made['id']}", 412, If_Match='"7"')
    await world.admin.delete(f"{path}/{made['id']}", If_Match='"1"')
    cancelled = await world.admin.get(f"{path}/{made['id']}")
    moment = cancelled["cancelledAt"]
    assert cancelled == {**made, "revision": 2, "cancelledAt": moment, "changedAt": cancelled["changedAt"]}
    assert made["changedAt"] < moment <= cancelled["changedAt"]
    assert await world.admin.get(path) == {"items": [cancelled, other]}

    problem = await world.admin.put(f"{path}/{made['id']}", DAY, 409, If_Match='"2"')
    assert problem["detail"] == "The session is cancelled, and calendars may have told so already; plan a new one."
    await world.admin.put(f"{path}/{made['id']}", DAY, 412, If_Match='"1"')
    await world.admin.delete(f"{path}/{made['id']}", 412, If_Match='"1"')
    await world.admin.delete(f"{path}/{made['id']}", If_Match='"2"')  # again: nothing changes
    assert await world.admin.get(path) == {"items": [cancelled, other]}


async def test_each_change_of_a_session_is_told_to_the_owner_s_plugins(world: World) -> None:
    programme, run = await a_run(world)
    adopter = await world.programme("adopter")  # its plugins are told nothing
    await world.admin.put(f"/programmes/{adopter['id']}/adoptions/{run['moduleId']}", None, 204)
    path = f"/runs/{run['id']}/sessions"
    made = await world.admin.post(path, DAY)
    moved = {**DAY, "starts": "2026-11-08T09:00:00", "ends": "2026-11-08T16:30:00"}
    await world.admin.put(f"{path}/{made['id']}", moved, If_Match='"1"')
    await world.admin.put(f"{path}/{made['id']}", DAY, 412, If_Match='"1"')
    await world.admin.delete(f"{path}/{made['id']}", If_Match='"2"')
    await world.admin.put(f"{path}/{made['id']}", DAY, 409, If_Match='"3"')
    await world.admin.delete(f"{path}/{made['id']}", If_Match='"3"')
    async with world.database.read() as connection:
        events = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
    assert {(event.aggregate, str(event.programme_id)) for event in events} == {(f"run:{run['id']}", programme["id"])}
    told = {"session_id": made["id"], "run_id": run["id"], "programme_id": programme["id"], "bundled": False}
    assert [(event.name, json.loads(event.payload)) for event in events] == [
        ("session_published", {**told, **DAY, "revision": 1}),
        ("session_changed", {**told, **moved, "revision": 2}),
        ("session_cancelled", {**told, **moved, "revision": 3}),
    ]


async def test_a_run_is_renamed_and_closed(world: World) -> None:
    _, run = await a_run(world)
    changed = await world.admin.patch(f"/runs/{run['id']}", {"title": "Winter", "open": False}, If_Match='"1"')
    assert changed == {**run, "title": "Winter", "open": False}
