"""A student's calendar over a term: she subscribes once, and it follows what happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.support.calendars import read

if TYPE_CHECKING:
    from tests.support.world import World

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}
SATURDAY = datetime.now(UTC).replace(tzinfo=None, hour=9, minute=0, second=0, microsecond=0) + timedelta(days=30)


async def test_a_student_subscribes_and_her_calendar_follows(world: World) -> None:
    programme = await world.programme()
    mems = await world.run(programme, await world.module(programme, [UNIT]))
    optics = await world.run(programme, await world.module(programme, [UNIT], "optics"))
    anna = await world.student("Anna", programme)
    for run in (mems, optics):
        await anna.put(f"/runs/{run['id']}/enrolment", {})
    plan = {
        "title": "Lab day", "starts": SATURDAY.isoformat(), "ends": (SATURDAY + timedelta(hours=7)).isoformat(),
        "zone": "America/New_York", "mode": "on_site", "place": "C 1.07",
    }  # fmt: skip
    sessions = {run["id"]: f"/runs/{run['id']}/sessions" for run in (mems, optics)}
    day = await world.admin.post(sessions[mems["id"]], plan)
    await world.admin.post(sessions[optics["id"]], plan)
    uid, path = f"{day['id']}@localhost", f"{sessions[mems['id']]}/{day['id']}"

    feed = await anna.post("/me/calendar-feeds", {"name": "Phone"})
    etag = ""

    async def look() -> dict[str, dict[str, Any]]:
        """Ask as her phone does each hour: something must have changed, and nothing more until the next time."""
        nonlocal etag
        answer = await world.http.get(feed["url"], headers={"If-None-Match": etag})
        assert answer.status_code == 200
        etag = answer.headers["ETag"]
        assert (await world.http.get(feed["url"], headers={"If-None-Match": etag})).status_code == 304
        return read(answer.content)

    first = await look()
    assert sorted(entry["title"] for entry in first.values()) == ["Mems: Lab day", "Optics: Lab day"]

    # the lecturer moves the day by a week and to another room
    week = timedelta(days=7)
    moved = {"starts": (SATURDAY + week).isoformat(), "ends": (SATURDAY + week + timedelta(hours=7)).isoformat()}
    changed = await world.admin.put(path, {**plan, **moved, "place": "C 2.11"}, If_Match='"1"')
    second = await look()
    assert second == {
        **first,
        uid: {
            **first[uid],
            "starts": datetime.fromisoformat(changed["startsAt"]),
            "ends": datetime.fromisoformat(changed["endsAt"]),
            "place": "C 2.11",
            "sequence": 2,
            "changed": datetime.fromisoformat(changed["changedAt"]).replace(microsecond=0),
        },
    }

    # it will not take place at all
    await world.admin.delete(path, If_Match='"2"')
    cancelled = (await world.admin.get(path))["changedAt"]
    third = await look()
    told = {"status": "CANCELLED", "sequence": 3, "changed": datetime.fromisoformat(cancelled).replace(microsecond=0)}
    assert third == {**second, uid: {**second[uid], **told}}

    # the other module is too much beside her job
    await anna.delete(f"/runs/{optics['id']}/enrolment")
    assert await look() == {uid: third[uid]}

    # she loses her phone
    await anna.delete(f"/me/calendar-feeds/{feed['id']}")
    assert (await world.http.get(feed["url"])).status_code == 404
