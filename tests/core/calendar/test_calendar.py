"""What stands in a person's calendar: the sessions of her runs, and what plugins of her programmes add."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from lms_core.api import CalendarEntry, CalendarRequest, Context, Plugin, hookimpl
from tests.support.calendars import read
from tests.support.world import Actor, World, statements

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}
TODAY = datetime.now(UTC).replace(tzinfo=None, hour=9, minute=0, second=0, microsecond=0)

SKIPPED = date(TODAY.year + 1, 9, 1 + (6 - date(TODAY.year + 1, 9, 1).weekday()) % 7)
"""A first Sunday in September, which begins at one o'clock in Chile."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the plugin below tells: `wrong` is the name of a mistake."""

    title: str = "Excursion"
    wrong: str = ""


class Trips(Plugin):
    """Tells of an excursion to come, and of one that was cancelled."""

    name = "trips"
    settings = Settings

    @hookimpl
    async def calendar_entries(self, context: Context, request: CalendarRequest) -> list[CalendarEntry]:
        wrong = context.settings.wrong
        if wrong == "raises":
            raise RuntimeError("no connection")
        trip = CalendarEntry(
            key="trip", title=context.settings.title, starts=TODAY + timedelta(days=3), zone="Asia/Kolkata",
            ends=TODAY + timedelta(days=3, hours=8), changed_at=TODAY.replace(tzinfo=UTC), place="Pune", sequence=4,
            description=f"for {request.person_id}\nthe whole day",
        )  # fmt: skip
        cancelled = msgspec.structs.replace(trip, key="old", cancelled=True, tentative=True, place="", description="")
        past = msgspec.structs.replace(trip, key="past", starts=days(-250), ends=days(-249))
        far = msgspec.structs.replace(trip, key="far", starts=days(6 * 366), ends=days(6 * 366 + 1))
        day = msgspec.structs.replace(
            trip, key="day", all_day=True, tentative=True, zone="America/Santiago", starts=datetime.combine(SKIPPED, time()),
            ends=datetime.combine(SKIPPED + timedelta(days=2), time()),
        )  # fmt: skip
        return [trip, cancelled, past, far, day, *(made(trip) for name, made in IMPOSSIBLE.items() if name == wrong)]


class Quiet(Plugin):
    """Has nothing to tell."""

    name = "quiet"
    settings = Settings

    @hookimpl
    async def calendar_entries(self, context: Context, request: CalendarRequest) -> list[CalendarEntry]:
        return []


def changed(**values: Any) -> Callable[[CalendarEntry], CalendarEntry]:
    return lambda trip: msgspec.structs.replace(trip, **{"key": "wrong", **values})


def days(number: int) -> datetime:
    return TODAY + timedelta(days=number)


IMPOSSIBLE: dict[str, Callable[[CalendarEntry], CalendarEntry]] = {
    "unknown zone": changed(zone="Europe/Freiburg"),
    "ends before it starts": changed(starts=days(3), ends=days(2)),
    "ends when it starts": changed(starts=days(3), ends=days(3)),
    "time that the clock skips": changed(zone="Europe/Berlin", starts=datetime(2027, 3, 28, 2, 30)),
    "time of no age of ours": changed(starts=datetime(1, 1, 1)),
    "time that is none on the wall": changed(starts=days(2).replace(tzinfo=UTC)),
    "change at no moment": changed(changed_at=TODAY),
    "change long ago": changed(changed_at=datetime(1, 1, 1, tzinfo=UTC)),
    "control character": changed(title="Trip\r\nSTATUS:CANCELLED"),
    "control character in the place": changed(place="Pune\n"),
    "control character in the description": changed(description="a\r\nb"),
    "control character in the key": changed(key="a\nb"),
    "half a character": changed(description="\ud800"),
    "no title": changed(title=""),
    "no text": changed(title=None),
    "no key": changed(key=""),
    "negative sequence": changed(sequence=-1),
    "immense sequence": changed(sequence=2**31),
    "the same key twice": changed(key="trip"),
    "no truth": changed(cancelled="no"),
    "whole days that begin in the morning": changed(all_day=True),
    "no whole day": changed(all_day=True, starts=days(3).replace(hour=0), ends=days(3).replace(hour=0)),
    "whole days of no age of ours": changed(all_day=True, starts=datetime(1, 1, 1), ends=datetime(1, 1, 2)),
    "whole days in no zone": changed(
        all_day=True, zone="Chile", starts=days(3).replace(hour=0), ends=days(4).replace(hour=0)
    ),
}


@pytest.fixture
def plugins() -> list[Any]:
    return [Trips(), Quiet()]


def a_day(title: str, number: int, **other: str) -> dict[str, str]:
    starts, ends = days(number), days(number) + timedelta(hours=7)
    plan = {"title": title, "starts": starts.isoformat(), "ends": ends.isoformat(), "zone": "UTC", "mode": "on_site"}
    return {**plan, "place": "C 1.07", **other}


async def plan(world: World, run: dict[str, Any], title: str, number: int = 1, **other: str) -> dict[str, Any]:
    made: dict[str, Any] = await world.admin.post(f"/runs/{run['id']}/sessions", a_day(title, number, **other))
    return made


async def enable(world: World, programme: dict[str, Any], revision: int = 0, **settings: str) -> None:
    path, wanted = f"/programmes/{programme['id']}/plugins/trips", {"enabled": True, "settings": settings}
    await world.admin.put(path, wanted, If_Match=f'"{revision}"')


async def calendar(actor: Actor) -> httpx.Response:
    feed = await actor.post("/me/calendar-feeds", {"name": "Mine"})
    answer = await actor.http.get(feed["url"])
    assert answer.status_code == 200, answer.text
    return answer


async def titles(actor: Actor) -> list[str]:
    return sorted(entry["title"] for entry in read((await calendar(actor)).content).values())


async def test_whose_sessions_these_are(world: World) -> None:
    """Of the runs in which she has a seat, or had one to the end, and of those that she teaches; of no others."""
    programme = await world.programme()
    module = await world.module(programme, [UNIT])
    anna, bea = await world.student("Anna", programme), await world.student("Bea", programme)
    runs = {}
    for number, title in enumerate(("Enrolled", "Completed", "Withdrawn", "Waiting", "Taught", "Foreign"), 1):
        capacity = 1 if title == "Waiting" else 10
        runs[title] = run = await world.run(programme, module, capacity)
        await world.admin.patch(f"/runs/{run['id']}", {"title": title}, If_Match='"1"')
        await plan(world, run, "Day", number)
    await bea.put(f"/runs/{runs['Waiting']['id']}/enrolment", {})
    for title in ("Enrolled", "Completed", "Withdrawn", "Waiting"):
        await anna.put(f"/runs/{runs[title]['id']}/enrolment", {})
    await anna.delete(f"/runs/{runs['Withdrawn']['id']}/enrolment")
    done = {"id": "01999999-0000-7000-8000-000000000001", "at": "2026-01-01T10:00:00Z", "completed": True}
    await anna.post(f"/runs/{runs['Completed']['id']}/units/intro/progress", done, 200)
    for role, title in (("lecturer", "Taught"), ("examiner", "Foreign")):
        grant = {"role": role, "scope": "run", "scopeId": runs[title]["id"]}
        await world.admin.post(f"/persons/{anna.id}/grants", grant)
    lecturer = await world.person("Lecturer", "lecturer", programme)

    assert await titles(anna) == ["Completed: Day", "Enrolled: Day", "Taught: Day"]
    assert await titles(bea) == ["Waiting: Day"]
    assert await titles(lecturer) == []  # she may look at all of them, but teaches none
    assert await titles(world.admin) == []
    await anna.delete(f"/runs/{runs['Enrolled']['id']}/enrolment")
    assert await titles(anna) == ["Completed: Day", "Taught: Day"]
    await bea.delete(f"/runs/{runs['Waiting']['id']}/enrolment")
    assert await titles(anna) == ["Completed: Day", "Taught: Day", "Waiting: Day"]


async def a_seat(world: World) -> tuple[dict[str, Any], dict[str, Any], Actor]:
    """Return a programme, a run called Mems in it, and a student with a seat."""
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, [UNIT]))
    anna = await world.student("Anna", programme)
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    return programme, run, anna


async def test_a_session_as_calendars_show_it(world: World) -> None:
    _, run, anna = await a_seat(world)
    year = TODAY.year + 1
    sunday = max(date(year, 3, day) for day in range(25, 32) if date(year, 3, day).weekday() == 6)
    night = {"starts": f"{sunday}T01:30:00", "ends": f"{sunday}T03:30:00", "zone": "Europe/Berlin"}  # of one hour
    berlin = await plan(world, run, "Ätzen; Spülen, 日本語", mode="hybrid", **night)
    online = await plan(world, run, "Online", mode="online", place="")
    assert read((await calendar(anna)).content) == {
        f"{berlin['id']}@localhost": {
            "starts": datetime.fromisoformat(f"{sunday}T00:30:00Z"),
            "ends": datetime.fromisoformat(f"{sunday}T01:30:00Z"),
            "zone": "Europe/Berlin",
            "title": "Mems: Ätzen; Spülen, 日本語",
            "place": "C 1.07",
            "description": "On site and online",
            "status": "CONFIRMED",
            "sequence": 1,
            "changed": datetime.fromisoformat(berlin["changedAt"]).replace(microsecond=0),
        },
        f"{online['id']}@localhost": {
            "starts": days(1).replace(tzinfo=UTC),
            "ends": (days(1) + timedelta(hours=7)).replace(tzinfo=UTC),
            "zone": "UTC",
            "title": "Mems: Online",
            "place": "",
            "description": "Online",
            "status": "CONFIRMED",
            "sequence": 1,
            "changed": datetime.fromisoformat(online["changedAt"]).replace(microsecond=0),
        },
    }
    await world.admin.patch(f"/persons/{anna.id}", {"language": "de"}, If_Match='"1"')
    told = [entry["description"] for entry in read((await calendar(anna)).content).values()]
    assert sorted(told) == ["In Präsenz und online", "Online"]


async def test_a_calendar_reaches_half_a_year_back_and_five_years_ahead(world: World) -> None:
    _, run, anna = await a_seat(world)
    for number in (-400, -190, -170, 0, 5 * 365, 6 * 366):
        await plan(world, run, f"{number}", number)
    expected = sorted(f"Mems: {number}" for number in (-170, 0, 5 * 365))
    assert await titles(anna) == expected


async def test_a_session_from_before_changes_were_dated_has_the_date_of_its_making(world: World) -> None:
    _, run, anna = await a_seat(world)
    made = await plan(world, run, "Old")
    async with world.database.write() as connection:
        await connection.exec_driver_sql("UPDATE session SET changed_at = NULL")
    (entry,) = read((await calendar(anna)).content).values()
    assert abs(entry["changed"] - datetime.fromisoformat(made["changedAt"])) < timedelta(minutes=1)


async def test_plugins_of_her_programmes_add_what_they_know(world: World) -> None:
    """Of the programmes that she studies, teaches in, or teaches a run of; each entry is told apart from all others."""
    studied, taught, of_run, left, foreign = [await world.programme(key) for key in ("a", "b", "c", "d", "e")]
    anna = await world.person("Anna", "lecturer", taught)
    run = await world.run(of_run, await world.module(of_run, [UNIT]))
    for role in ("lecturer", "examiner"):
        grant = {"role": role, "scope": "run", "scopeId": run["id"]}
        await world.admin.post(f"/persons/{anna.id}/grants", grant)
    grant = {"role": "examiner", "scope": "programme", "scopeId": foreign["id"]}
    await world.admin.post(f"/persons/{anna.id}/grants", grant)
    for programme in (studied, left):
        await world.admin.post(f"/programmes/{programme['id']}/enrolments", {"email": anna.email})
    await world.admin.delete(f"/programmes/{left['id']}/enrolments/{anna.id}")
    for programme in (studied, taught, of_run, left, foreign):
        await enable(world, programme, title=f"Excursion of {programme['key']}")

    answer = await calendar(anna)
    assert "X-Degraded" not in answer.headers
    starts = days(3).replace(tzinfo=UTC) - timedelta(hours=5, minutes=30)
    trip = {
        "starts": starts, "ends": starts + timedelta(hours=8), "zone": "Asia/Kolkata", "place": "Pune",
        "description": f"for {anna.id}\nthe whole day", "status": "CONFIRMED", "sequence": 4,
        "changed": TODAY.replace(tzinfo=UTC),
    }  # fmt: skip
    old = {**trip, "place": "", "description": "", "status": "CANCELLED"}
    # it may never be, and nobody's clock shows the midnight with which it begins
    day = {**trip, "starts": SKIPPED, "ends": SKIPPED + timedelta(days=2), "zone": "UTC", "status": "TENTATIVE"}
    assert read(answer.content) == {
        f"trips.{programme['id']}.{key}@localhost": {**entry, "title": f"Excursion of {programme['key']}"}
        for programme in (studied, taught, of_run)
        for key, entry in (("trip", trip), ("old", old), ("day", day))
    }
    assert answer.text.count("TRANSP:TRANSPARENT") == 3

    for programme in (taught, of_run):
        path = f"/programmes/{programme['id']}/plugins/trips"
        await world.admin.put(path, {"enabled": False}, If_Match='"1"')
    assert await titles(anna) == ["Excursion of a"] * 3


async def test_a_plugin_that_does_not_work_is_left_out_and_named(world: World) -> None:
    programme, run, anna = await a_seat(world)
    await plan(world, run, "Day")
    quiet = f"/programmes/{programme['id']}/plugins/quiet"
    await world.admin.put(quiet, {"enabled": True, "settings": {}}, If_Match='"0"')
    feed = await anna.post("/me/calendar-feeds", {"name": "Mine"})
    told = {}
    for revision, wrong in enumerate(("raises", *IMPOSSIBLE, "")):
        await enable(world, programme, revision, wrong=wrong)
        answer = await world.http.get(feed["url"])
        shown = sorted(entry["title"] for entry in read(answer.content).values())
        named = re.findall("(?<=\r\nX-LMS-DEGRADED:).*(?=\r\n)", answer.text)
        told[wrong] = (answer.headers.get("X-Degraded"), named, shown)
    without = ("trips", ["trips"], ["Mems: Day"])
    assert told == dict.fromkeys(["raises", *IMPOSSIBLE], without) | {"": (None, [], [*["Excursion"] * 3, "Mems: Day"])}


async def test_the_number_of_statements_does_not_depend_on_that_of_sessions(world: World) -> None:
    programme, run, anna = await a_seat(world)
    await enable(world, programme)
    await plan(world, run, "Day")
    feed = await anna.post("/me/calendar-feeds", {"name": "Mine"})
    await world.http.get(feed["url"])  # now the enabled plugins are known
    with statements(world.database) as few:
        assert len(read((await world.http.get(feed["url"])).content)) == 4
    for _ in range(3):
        more = await world.run(programme, {"id": run["moduleId"]})
        await anna.put(f"/runs/{more['id']}/enrolment", {})
        for number in range(4):
            await plan(world, more, "Day", number)
    with statements(world.database) as many:
        assert len(read((await world.http.get(feed["url"])).content)) == 16
    assert many == few
    assert len(many) == 5
