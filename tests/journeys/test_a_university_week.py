"""A University Week from the empty workbook to the ECTS: planner, lecturers, students and an examiner, over HTTP."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import openpyxl
import pytest
from click.testing import CliRunner
from lms_university_weeks import presences
from lms_university_weeks.commands import university_weeks
from lms_university_weeks.files import XLSX
from lms_university_weeks.plugin import UniversityWeeks
from lms_university_weeks.sheets import tables_of
from lms_university_weeks.week import WeekContent
from sqlalchemy import select

from lms_core.db import Database
from lms_core.hooks.registry import load
from lms_core.migrations.plugins import migrate_plugins
from lms_core.outbox.tables import delivery
from tests.support.calendars import read
from tests.support.forty import CLOCKS, DAYS, LECTURERS, TRACKS, days_of, forty
from tests.support.weeks import Setting, planned, prepared, worked

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.world import Actor, World

HERE = "http://localhost:8000"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def plugins() -> list[Any]:
    return [UniversityWeeks()]


@pytest.fixture
async def app_settings(app_settings: Settings, plugins: list[Any]) -> Settings:
    database = Database(app_settings.database_url)
    await migrate_plugins(database, load(plugins))
    await database.close()
    return app_settings


def filled(content: dict[str, Any], folder: Path) -> bytes:
    """Fill the workbook that the command writes, as a planner does who looks at its headers."""
    made = CliRunner().invoke(university_weeks, ["template", str(folder / "week.xlsx")])
    assert made.exit_code == 0, made.output
    book = openpyxl.load_workbook(folder / "week.xlsx")
    for sheet, (_, *rows) in tables_of(msgspec.convert(content, WeekContent)).items():
        for number, row in enumerate(rows, 2):
            for place, cell in enumerate(row, 1):
                book[sheet].cell(number, place, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class Students:
    """Students with seats in the run, four in each track, and their calendars."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tracks: dict[str, str] = {}
        self.people: list[Actor] = []
        self.feeds: dict[str, str] = {}

    async def come(self, setting: Setting, path: str) -> None:
        await self.world.admin.put(f"/runs/{setting.run['id']}/capacity", {"capacity": 16}, If_Match='"1"')
        for number in range(16):
            student = await self.world.student(f"Student {number}", setting.programme)
            await student.put(f"/runs/{setting.run['id']}/enrolment", {})
            self.people.append(student)
            self.tracks[student.id] = list(TRACKS)[number % 4]
        items = [{"personId": who.id, "track": self.tracks[who.id]} for who in self.people]
        await self.world.admin.put(f"{path}/members", {"items": items})

    async def calendar(self, who: Actor) -> dict[str, dict[str, Any]]:
        if who.id not in self.feeds:
            self.feeds[who.id] = (await who.post("/me/calendar-feeds", {"name": "Phone"}))["url"]
        return read((await self.world.http.get(self.feeds[who.id])).content)


def moments(where: dict[str, Any], length: int) -> tuple[datetime, datetime]:
    clocks = CLOCKS[where["slot"] - 1][0], CLOCKS[where["slot"] + length - 2][1]
    starts, ends = (datetime.fromisoformat(f"{where['day']}T{clock}").replace(tzinfo=BERLIN) for clock in clocks)
    return starts, ends


async def mailed(world: World) -> list[str]:
    """Return to whom a mail of the plugin was sent, in the order of sending."""
    query = select(delivery.c.subscriber).where(delivery.c.subscriber.like("mail:%")).order_by(delivery.c.event_id)
    async with world.database.read() as connection:
        return [found.removeprefix("mail:") for found in (await connection.execute(query)).scalars()]


async def test_a_week_of_forty_sessions(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = await prepared(world, at_once=2)
    lea = await world.person("Lea", "lecturer", setting.programme)
    examiner = await world.person("Erik", "examiner", setting.programme)
    content = forty(setting.run["id"], lea.id)
    workbook = filled(content, tmp_path)
    headers = {"Authorization": f"Bearer {world.admin.token}", "Content-Type": XLSX}
    entered = await world.http.post(f"{setting.path}/workbook", content=workbook, headers=headers)
    assert entered.status_code == 201, entered.text
    week = entered.json()
    at, sessions = f"{setting.path}/weeks/{week['id']}", {one["key"]: one for one in content["sessions"]}
    assert len(week["content"]["sessions"]) == 40
    students = Students(world)
    await students.come(setting, at)
    ann = students.people[0]

    # twenty-five lecturers say when they can come, each by her own link
    chance = Random(1)
    days = {f"l{n}": days_of(n, chance) for n in range(LECTURERS)}
    links = (await world.admin.post(f"{at}/invitations", {}))["items"]
    assert {one["lecturer"] for one in links} == set(days)
    for one in links:
        times = {"available": [{"day": day} for day in days[one["lecturer"]]]}
        assert (await world.http.put(one["url"].removeprefix(HERE), json=times)).status_code == 200

    plan = await planned(world, setting.path, week["id"], seconds=6, seed=1)
    assert plan["state"] == "done", plan["reason"]
    [proposal] = plan["result"]["proposals"]
    assert proposal["violations"] == []
    for one in proposal["sessions"]:
        assert all(one["day"] in days[who] for who in one["lecturers"])
    must = {key for key, one in sessions.items() if one.get("must", True)}
    assert must <= {one["key"].partition("/")[0] for one in proposal["sessions"]}
    await world.admin.post(f"{setting.path}/publications", {"planId": plan["id"]})
    await worked(world)
    everybody = {who.id for who in students.people} | {lea.id}
    assert sorted(await mailed(world)) == sorted(everybody)

    # three programs read the same in each calendar: what is for her, and nothing that is for others
    published = (await world.admin.get(f"{at}/publication"))["sessions"]
    wheres = {one["sessionId"]: one["where"] for one in published}

    def hers(track: str) -> dict[str, tuple[datetime, datetime]]:
        found = {}
        for key, where in wheres.items():
            if track in {name.partition(" ")[0] for name in where["tracks"]}:
                starts, ends = moments(where, sessions[where["key"].partition("/")[0]].get("length", 1))
                found[f"{key}@localhost"] = starts.astimezone(UTC), ends.astimezone(UTC)
        return found

    async def agree() -> None:
        for who in students.people:
            seen = {uid: (one["starts"], one["ends"]) for uid, one in (await students.calendar(who)).items()
                    if one["status"] == "CONFIRMED"}  # fmt: skip
            whole = hers(students.tracks[who.id])
            parts = {uid for uid in whole if "/" in wheres[session_of(uid)]["key"]}
            assert seen.items() <= whole.items()
            assert len(whole) - len(seen) == max(0, len(parts) - 1)  # she is in one part of the laboratory

    await agree()
    lea_s = {uid for uid, one in (await students.calendar(lea)).items() if one["status"] == "CONFIRMED"}
    assert lea_s == {f"{key}@localhost" for key, where in wheres.items() if "l5" in where["lecturers"]}
    before = {who.id: await students.calendar(who) for who in students.people}

    # a lecturer of Ann's track is ill on a day on which she teaches
    ill = next(one["where"] for one in published if one["where"]["tracks"] == [students.tracks[ann.id]]
               and one["where"]["lecturers"] and int(one["where"]["lecturers"][0][1:]) > 4)  # fmt: skip
    [who] = ill["lecturers"]
    gone = {"lecturers": {who: [{"day": ill["day"]}]}, "alternatives": 2, "seconds": 6}
    again = await planned(world, setting.path, week["id"], do="replan", **gone)
    assert again["result"]["proposals"], again["reason"]
    page = await world.admin.call("GET", f"{setting.path}/plans/{again['id']}/comparison")
    assert (page.status_code, "Where they differ" in page.text) == (200, True)
    fewest = again["result"]["proposals"][0]
    assert not [one for one in fewest["sessions"] if who in one["lecturers"] and one["day"] == ill["day"]]
    told = len(await mailed(world))
    second = await world.admin.post(f"{setting.path}/publications", {"planId": again["id"], "proposal": 1})
    await worked(world)
    assert len(second["changes"]) == len(fewest["differences"]) > 0
    published = (await world.admin.get(f"{at}/publication"))["sessions"]
    wheres = {one["sessionId"]: one["where"] for one in published}
    await agree()
    changed = set()
    for one in students.people:
        after = await students.calendar(one)
        if {u: (e["starts"], e["place"]) for u, e in after.items()} != {
            u: (e["starts"], e["place"]) for u, e in before[one.id].items()
        }:
            changed.add(one.id)
    assert ann.id in changed
    assert changed <= set((await mailed(world))[told:]) <= everybody

    # she scans the codes at the doors; another leaves early; a list notes a third
    async def scan(who: Actor, where: dict[str, Any], minutes: int, **leaving: bool) -> None:
        door = await world.admin.get(f"{at}/door?key={where['key']}")
        starts, _ = moments(where, 1)
        monkeypatch.setattr(presences, "now", lambda: starts + timedelta(minutes=minutes))
        body = {"weekId": week["id"], "key": where["key"], "code": door["code"], **leaving}
        await who.post(f"{setting.path}/check-in", body, 200)

    bea, cem = students.people[4], students.people[8]  # of the same track as Ann
    for where in wheres.values():
        if students.tracks[ann.id] in {name.partition(" ")[0] for name in where["tracks"]}:
            await scan(ann, where, -5)
            await scan(bea, where, -5)
            await scan(bea, where, 20, leaving=True)
            starts, ends = moments(where, sessions[where["key"].partition("/")[0]].get("length", 1))
            noted = {"items": [{"personId": cem.id, "minutes": int((ends - starts).total_seconds()) // 60 - 15}]}
            await world.admin.put(f"{at}/presences?key={where['key']}", noted)
    there = {one["personId"]: one for one in (await world.admin.get(f"{at}/presences"))["items"]}
    assert (there[ann.id]["percent"], there[ann.id]["enough"], there[bea.id]["enough"]) == (100, True, False)
    await examiner.post(f"{at}/credits", None, 409)  # as long as the week is not over
    monkeypatch.setattr(presences, "now", lambda: moments({"day": DAYS[4], "slot": 6}, 1)[1] + timedelta(days=1))
    booked = await examiner.post(f"{at}/credits", None, 200)
    assert (sorted(booked["booked"]), booked["already"]) == (sorted([ann.id, cem.id]), [])
    once = await examiner.post(f"{at}/credits", None, 200)
    assert (once["booked"], sorted(once["already"])) == ([], sorted([ann.id, cem.id]))
    totals = (await ann.get("/me/dashboard"))["totals"]
    assert [one["ectsEarned"] for one in totals] == ["3"]
    assert [one["ectsEarned"] for one in (await bea.get("/me/dashboard"))["totals"]] == ["0"]


def session_of(uid: str) -> str:
    return uid.partition("@")[0]
