"""A plugin says for whom sessions are and who teaches them: calendars, attendance and clashes follow."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from lms_core.api import (
    JSONBody,
    Payload,
    Permission,
    PlannedSession,
    Plugin,
    RouteContext,
    SessionPeople,
    name_session_people,
    new_id,
    note_attendance,
    post,
    publish_sessions,
    read_sessions,
)
from lms_core.types import now
from tests.support.calendars import read
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World


class Groups(Payload, frozen=True):
    planned: list[PlannedSession]
    attend: dict[UUID, list[UUID] | None]
    teach: dict[UUID, list[UUID]] = {}


class There(Payload, frozen=True):
    session_id: UUID
    minutes: dict[UUID, int]


@post("/groups", permission="groups.plan")
async def divide(context: RouteContext, data: JSONBody[Groups]) -> None:
    """Publish sessions, if there are any, and say for whom they are."""
    people = {
        one: SessionPeople(None if who is None else frozenset(who), frozenset(data.teach.get(one, ())))
        for one, who in data.attend.items()
    }
    async with context.write() as connection:
        await publish_sessions(context, connection, data.planned)
        await name_session_people(context, connection, people)


@post("/there", permission="groups.plan")
async def there(context: RouteContext, data: JSONBody[There]) -> None:
    """Note who was there."""
    async with context.write() as connection:
        await note_attendance(context, connection, data.session_id, data.minutes)


class Divides(Plugin):
    name = "groups"
    permissions = (Permission("groups.plan", "divide", roles=("programme_administrator",)),)
    routes = (divide, there)


@pytest.fixture
def plugins() -> list[Any]:
    return [Divides()]


DAY = (now() + timedelta(days=40)).strftime("%Y-%m-%d")


def session(run: dict[str, Any], title: str, hour: int) -> dict[str, Any]:
    return {
        "runId": run["id"], "sessionId": str(new_id()), "title": title, "zone": "Europe/Berlin", "mode": "on_site",
        "starts": f"{DAY}T{hour:02}:00:00", "ends": f"{DAY}T{hour + 1:02}:00:00", "place": "C 1.07",
    }  # fmt: skip


async def calendar(world: World, who: Actor) -> list[str]:
    feed = await who.post("/me/calendar-feeds", {"name": "Phone"})
    entries = read((await world.http.get(feed["url"])).content).values()
    return sorted(one["title"].partition(": ")[2] for one in entries)


async def test_each_sees_and_has_to_attend_what_is_for_her(world: World) -> None:
    programme = await world.programme()
    await world.admin.put(f"/programmes/{programme['id']}/plugins/groups", {"enabled": True}, If_Match='"0"')
    path = f"/programmes/{programme['id']}/groups"
    days = {"key": "days", "kind": "attendance", "title": "Days", "completion": {"rule": "attended", "percent": 75}}
    module = await world.module(programme, [days])
    run, other = (
        await world.run(programme, module),
        await world.run(programme, await world.module(programme, [days], "b")),
    )
    ann, bo, guest = [await world.student(name, programme) for name in ("Ann", "Bo", "Guest")]
    for student in (ann, bo):
        await student.put(f"/runs/{run['id']}/enrolment", {})
    both, mems, optics = session(run, "Opening", 8), session(run, "Etching", 10), session(run, "Lasers", 10)
    groups = {
        "planned": [both, mems, optics],
        "attend": {both["sessionId"]: None, mems["sessionId"]: [ann.id], optics["sessionId"]: [bo.id]},
        "teach": {both["sessionId"]: [guest.id]},
    }
    with statements(world.app.state.database) as sent:
        await world.admin.post(f"{path}/groups", groups)
    assert len(sent) == 9, sent
    assert await calendar(world, ann) == ["Etching", "Opening"]
    assert await calendar(world, bo) == ["Lasers", "Opening"]
    assert await calendar(world, guest) == ["Opening"]
    async with world.database.read() as connection:
        for who, titles in ((None, {"Opening", "Etching", "Lasers"}), (UUID(ann.id), {"Opening", "Etching"})):
            assert {one.title for one in await read_sessions(connection, [UUID(run["id"])], who)} == titles

    async def missing(who: Actor) -> list[str]:
        shown = await who.get(f"/runs/{run['id']}/outline")
        return [one["text"] for unit in shown["units"] for one in unit["missing"]]

    assert (await missing(ann), await missing(bo)) == (["90 minutes of attendance"], ["90 minutes of attendance"])
    for key, minutes in ((both["sessionId"], 50), (optics["sessionId"], 60)):
        there = {"sessionId": key, "minutes": {ann.id: minutes, bo.id: minutes, guest.id: minutes}}
        await world.admin.post(f"{path}/there", there)
    assert (await missing(ann), await missing(bo)) == (["40 minutes of attendance"], [])
    assert (await bo.get(f"/runs/{run['id']}/outline"))["state"] == "completed"
    # corrected downwards, it stays completed for Bo; Ann changes to the group of the lasers, where she was
    await world.admin.post(f"{path}/there", {"sessionId": optics["sessionId"], "minutes": {bo.id: 1}})
    change = {mems["sessionId"]: [], optics["sessionId"]: [ann.id, bo.id]}
    await world.admin.post(f"{path}/groups", {"planned": [], "attend": change})
    assert (await missing(ann), (await bo.get(f"/runs/{run['id']}/outline"))["state"]) == ([], "completed")
    assert await calendar(world, ann) == ["Lasers", "Opening"]

    # whoever is not in a group is free then; what may or may not be for her is no clash
    late = session(other, "Elsewhere", 10)
    await world.admin.post(f"{path}/groups", {"planned": [late], "attend": {}})
    await ann.put(f"/runs/{other['id']}/enrolment", {}, 409)
    await world.admin.post(f"{path}/groups", {"planned": [], "attend": {optics["sessionId"]: [bo.id]}})
    await ann.put(f"/runs/{other['id']}/enrolment", {})


async def test_no_group_and_no_attendance_of_another_programme(world: World) -> None:
    mine, theirs = await world.programme("mine"), await world.programme("theirs")
    for programme in (mine, theirs):
        await world.admin.put(f"/programmes/{programme['id']}/plugins/groups", {"enabled": True}, If_Match='"0"')
    unit = {"key": "days", "kind": "attendance", "title": "Days"}
    run = await world.run(theirs, await world.module(theirs, [unit]))
    day = session(run, "Theirs", 9)
    path = f"/programmes/{theirs['id']}/groups/groups"
    await world.admin.post(path, {"planned": [day], "attend": {day["sessionId"]: None}})
    ann = await world.student("Ann", theirs)
    await ann.put(f"/runs/{run['id']}/enrolment", {})
    before = await calendar(world, ann)
    wrong = f"/programmes/{mine['id']}/groups"
    problem = await world.admin.post(f"{wrong}/groups", {"planned": [], "attend": {day["sessionId"]: []}}, 404)
    assert problem["detail"] == f"The programme has no session {day['sessionId']}."
    there = {"sessionId": day["sessionId"], "minutes": {ann.id: 60}}
    assert (await world.admin.post(f"{wrong}/there", there, 404))["detail"] == problem["detail"]
    assert await calendar(world, ann) == before == ["Theirs"]
    assert (await ann.get(f"/runs/{run['id']}/outline"))["percent"] == 0


async def test_a_version_that_asks_for_less_asks_each_for_her_own_sessions(world: World) -> None:
    programme = await world.programme()
    await world.admin.put(f"/programmes/{programme['id']}/plugins/groups", {"enabled": True}, If_Match='"0"')
    path = f"/programmes/{programme['id']}/groups"
    days = {"key": "days", "kind": "attendance", "title": "Days"}
    module = await world.module(programme, [days | {"completion": {"rule": "attended", "percent": 100}}])
    run = await world.run(programme, module)
    ann, bo = [await world.student(name, programme) for name in ("Ann", "Bo")]
    mems, optics = session(run, "Etching", 10), session(run, "Lasers", 10)
    attend = {mems["sessionId"]: [ann.id, bo.id], optics["sessionId"]: [bo.id]}
    await world.admin.post(f"{path}/groups", {"planned": [mems, optics], "attend": attend})
    for student in (ann, bo):
        await student.put(f"/runs/{run['id']}/enrolment", {})
    await world.admin.post(f"{path}/there", {"sessionId": mems["sessionId"], "minutes": {ann.id: 50, bo.id: 50}})
    easier = {"title": "Mems", "ects": "5", "workloadHours": 150}
    easier["units"] = [days | {"completion": {"rule": "attended", "percent": 75}}]  # type: ignore[assignment]
    draft = await world.admin.put(f"/modules/{module['id']}/draft", easier, If_Match='"3"')
    await world.admin.post(f"/modules/{module['id']}/publish", If_Match=f'"{draft["revision"]}"')
    moved = await world.admin.put(f"/runs/{run['id']}/version", {"version": 2}, If_Match='"1"')
    assert moved["completed"] == [ann.id]
