"""Who was at a week, by the codes at the doors or a list, and the ECTS that it counts: once, and for minutes."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from lms_university_weeks import presences

from tests.support.weeks import DAYS, Setting, planned, prepared, seated, week
from tests.support.world import statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.world import Actor, World


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Set the clock at the doors to a time in Berlin; tokens would not last that long."""

    def put(day: str, time: str) -> None:
        moment = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZoneInfo("Europe/Berlin"))
        monkeypatch.setattr(presences, "now", lambda: moment)

    return put


async def published(world: World, setting: Setting, **other: Any) -> tuple[str, dict[str, dict[str, Any]]]:
    """Publish a week of an opening, two parts of a laboratory, a talk and an evening that nobody must come to."""
    content = week(setting.run["id"], credit={"ects": "2.5", "percent": 70}, **other)
    wanted = {"opening": 1, "bench": 2, "lasers": 3, "evening": 5}
    content["sessions"] = [
        {**one, "after": [], "only": [{"day": DAYS[1 if one["key"] == "lasers" else 0]}]}
        for one in content["sessions"]
        if one["key"] in wanted
    ]
    content["sessions"][-1]["only"] = [{"day": DAYS[0], "slots": [5]}]
    content["sessions"][-1]["must"] = True
    content["sessions"][-1] |= {"must": False}
    made = await world.admin.post(f"{setting.path}/weeks", content)
    plan = await planned(world, setting.path, made["id"])
    await world.admin.post(f"{setting.path}/publications", {"planId": plan["id"]})
    shown = await world.admin.get(f"{setting.path}/weeks/{made['id']}/publication")
    return made["id"], {one["where"]["key"]: one["where"] for one in shown["sessions"]}


def begin(content: dict[str, Any], where: dict[str, Any], minutes: int) -> str:
    starts = datetime.fromisoformat(f"2027-01-01T{content['slots'][where['slot'] - 1]['starts']}:00")
    return f"{starts + timedelta(minutes=minutes):%H:%M:%S}"


async def test_minutes_at_the_door_and_what_they_count(world: World, clock: Callable[[str, str], None]) -> None:
    setting, content = await prepared(world), week("")
    ann, bo, cy = [await seated(world, setting, name) for name in ("Ann", "Bo", "Cy")]
    week_id, where = await published(world, setting)
    at = f"{setting.path}/weeks/{week_id}"
    tracks = [{"personId": ann.id, "track": "mems"}, {"personId": bo.id, "track": "optics"}]
    members = await world.admin.put(f"{at}/members", {"items": tracks})
    assert (len(members["items"]), members["without"]) == (2, [cy.id])
    doors = {key: await world.admin.get(f"{at}/door?key={key}") for key in where}
    assert len({one["code"] for one in doors.values()}) == len(where)
    picture = await world.admin.call("GET", f"{at}/door/qr?key=opening")
    assert (picture.headers["content-type"], picture.content[:5]) == ("image/svg+xml", b"<?xml")

    async def scan(who: Actor, key: str, minutes: int, status: int = 200, **other: Any) -> Any:
        clock(where[key]["day"], begin(content, where[key], minutes))
        body = {"weekId": week_id, "key": key, "code": doors[key]["code"], **other}
        return await who.post(f"{setting.path}/check-in", body, status)

    assert await scan(ann, "opening", -20) == {"key": "opening", "minutes": 90, "of": 90}
    assert await scan(ann, "opening", 5) == {"key": "opening", "minutes": 90, "of": 90}  # scanned twice
    assert (await scan(bo, "opening", 30))["minutes"] == 60
    assert (await scan(bo, "opening", 50, leaving=True))["minutes"] == 20
    assert (await scan(bo, "opening", 80, leaving=True))["minutes"] == 50  # she came back
    early = await scan(cy, "opening", -31, 409)
    assert early["detail"].startswith("The code of this session is taken from ")
    await scan(cy, "opening", 10, 404, code=doors["lasers"]["code"])
    stranger = await world.student("Dee", setting.programme)
    refused = await scan(stranger, "opening", 10, 409)
    assert refused["detail"] == "You have no seat in the run of this session; ask whoever leads it to note you."
    part = "bench/1" if "mems 1/2" in where["bench/1"]["tracks"] else "bench/2"
    assert (await scan(ann, part, 0))["minutes"] == 90

    noted = {"items": [{"personId": bo.id, "minutes": 500}, {"personId": cy.id, "minutes": 9}]}
    told = await world.admin.put(f"{at}/presences?key=lasers", noted)
    assert [(one["name"], one["minutes"], one["of"], one["percent"], one["enough"]) for one in told["items"]] == [
        ("Ann", 180, 180, 100, True),
        ("Bo", 140, 180, 77, True),
        ("Cy", 0, 90, 0, False),  # in no track: she had to come to what is for everybody
    ]
    examiner = await world.person("Eva", "examiner", setting.programme)
    soon = await examiner.post(f"{at}/credits", None, 409)
    assert soon["detail"] == "This week is not over; what it counts is booked when it is."
    clock("2027-03-04", "08:00:00")
    first = await examiner.post(f"{at}/credits", None, 200)
    again = await examiner.post(f"{at}/credits", None, 200)
    assert first == {"booked": [ann.id, bo.id], "already": [], "notEnough": [cy.id]}
    assert again == {"booked": [], "already": [ann.id, bo.id], "notEnough": [cy.id]}
    await ann.post(f"{at}/credits", None, 403)


async def test_who_may_not_and_what_cannot_be(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    ann = await seated(world, setting, "Ann")
    dee = await seated(world, other, "Dee")
    week_id, _ = await published(world, setting)
    at, elsewhere = f"{setting.path}/weeks/{week_id}", f"{other.path}/weeks/{week_id}"
    for path in ("/door?key=opening", "/door/qr?key=opening", "/presences", "/members"):
        await ann.get(f"{at}{path}", 403)
        await dee.get(f"{at}{path}", 404)
        await world.admin.get(f"{elsewhere}{path}", 404)
    await world.admin.get(f"{at}/door?key=nothing", 404)
    strangers = {"items": [{"personId": dee.id, "track": "moon"}, *[{"personId": ann.id, "track": "mems"}] * 2]}
    wrong = await world.admin.put(f"{at}/members", strangers, 422)
    assert wrong["errors"] == [
        {"where": "body.items[0].track", "reason": "the week has no track moon"},
        {"where": "body.items[0].personId", "reason": "has no seat in the week's run"},
        {"where": "body.items[2].personId", "reason": "is in a track already"},
    ]
    noted = {"items": [{"personId": dee.id, "minutes": 5}]}
    wrong = await world.admin.put(f"{at}/presences?key=opening", noted, 422)
    assert wrong["errors"] == [{"where": "body.items[0].personId", "reason": "has no seat in the run of this session"}]
    assert [one["minutes"] for one in (await world.admin.get(f"{at}/presences"))["items"]] == [0]
    await world.admin.post(f"{elsewhere}/credits", None, 404)


async def test_a_list_is_as_much_work_as_it_has_to_be_and_reaches_the_rules_of_the_run(
    world: World, clock: Callable[[str, str], None]
) -> None:
    days = {"key": "days", "kind": "attendance", "title": "Days", "completion": {"rule": "attended", "percent": 50}}
    setting, plain = await prepared(world, unit=days), await prepared(world, "plain")
    counts = []
    for number, names in enumerate((["Ann"], ["Bo", "Cy", "Di", "Ed"])):
        for name in names:
            await seated(world, plain, f"{name} {number}")
        week_id, _ = await published(world, plain)
        seats = (await world.admin.get(f"{plain.path}/weeks/{week_id}/presences"))["items"]
        noted = {"items": [{"personId": one["personId"], "minutes": 500} for one in seats]}
        with statements(world.database) as sent:
            await world.admin.put(f"{plain.path}/weeks/{week_id}/presences?key=opening", noted)
        counts.append(len(sent))
    assert counts[0] == counts[1] == 12

    ann = await seated(world, setting, "Ann")
    week_id, where = await published(world, setting)
    at = f"{setting.path}/weeks/{week_id}"

    async def missing() -> list[str]:
        return [one["text"] for one in (await ann.get(f"/runs/{setting.run['id']}/outline"))["units"][0]["missing"]]

    door, content = await world.admin.get(f"{at}/door?key=opening"), week("")
    body = {"weekId": week_id, "key": "opening", "code": door["code"]}
    before = await missing()
    clock(where["opening"]["day"], begin(content, where["opening"], 10))
    # her phone sends it twice at once
    done = await asyncio.gather(*(ann.post(f"{setting.path}/check-in", body, 200) for _ in range(4)))
    assert done == [{"key": "opening", "minutes": 80, "of": 90}] * 4
    total = 90 * (len(where) - 1) + 120  # the evening is longer
    assert (before, await missing()) == (
        [f"{total // 2} minutes of attendance"], [f"{total // 2 - 80} minutes of attendance"],
    )  # fmt: skip
    clock(where["opening"]["day"], begin(content, where["opening"], 30))
    await ann.post(f"{setting.path}/check-in", {**body, "leaving": True}, 200)
    assert await missing() == [f"{total // 2 - 20} minutes of attendance"]
    for key in where:
        await world.admin.put(f"{at}/presences?key={key}", {"items": [{"personId": ann.id, "minutes": 200}]})
    assert (await ann.get(f"/runs/{setting.run['id']}/outline"))["state"] == "completed"
