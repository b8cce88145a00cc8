"""Deadlines of units: named in a zone, extended for one person without telling why, shown to her and in her calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from dateutil import tz
from hypothesis import given
from hypothesis import strategies as st

from lms_core.modules.types import check_wall
from lms_core.types import BadValue, instant_of
from tests.support.calendars import read
from tests.support.corrections import move, publish
from tests.support.exams import Faculty, told
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

UNITS = [
    {"key": "essay", "kind": "assignment", "title": "Essay", "maxScore": "10"},
    {"key": "film", "kind": "video", "title": "Film"},
]
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kathmandu")
CHANGES = (datetime(2026, 10, 25), datetime(2027, 3, 28), datetime(2027, 3, 14), datetime(2027, 4, 4))
"""Days on which a clock changes: in Berlin twice, in New York, in Sydney."""


@given(st.sampled_from(CHANGES), st.integers(-3 * 24 * 60, 3 * 24 * 60), st.sampled_from(ZONES))
def test_every_clock_agrees_with_another_library_around_the_changes(day: datetime, minutes: int, zone: str) -> None:
    wall = day + timedelta(minutes=minutes)
    there = tz.gettz(zone)
    if tz.datetime_exists(wall, there):
        check_wall("due", wall, zone)
        assert instant_of(wall, zone) == wall.replace(tzinfo=there, fold=0).astimezone(UTC)
    else:
        with pytest.raises(BadValue, match="is skipped by the clock"):
            check_wall("due", wall, zone)


class Course:
    """A run with an assignment and a film, and those who study and teach it."""

    def __init__(self, faculty: Faculty, run: dict[str, Any], anna: Actor) -> None:
        self.faculty, self.run, self.anna = faculty, run, anna
        self.essay = f"/runs/{run['id']}/units/essay"

    async def due(self, wall: str, zone: str = "Europe/Berlin", known: int = 0, unit: str = "essay") -> Any:
        path = f"/runs/{self.run['id']}/units/{unit}/deadline"
        return await self.faculty.lecturer.put(path, {"due": wall, "zone": zone}, If_Match=f'"{known}"')

    async def extend(self, person: Actor, wall: str, status: int = 200, known: int = 0, **other: str) -> Any:
        new = {"due": wall, "zone": "Europe/Berlin", "reason": "illness", "note": "Broke her wrist", **other}
        path = f"{self.essay}/extensions/{person.id}"
        return await self.faculty.examiner.put(path, new, status, If_Match=f'"{known}"')


@pytest.fixture
async def course(world: World) -> Course:
    faculty = await Faculty.of(world)
    run = await world.run(faculty.programme, await world.module(faculty.programme, UNITS))
    anna = await world.student("Anna", faculty.programme)
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    return Course(faculty, run, anna)


async def dues(person: Actor) -> list[tuple[str, str, str, bool]]:
    found = (await person.get("/me/deadlines"))["items"]
    return [(one["due"], one["zone"], one["dueAt"], one["extended"]) for one in found]


@pytest.mark.parametrize(
    ("wall", "moment", "elsewhere"),
    [
        # the day before, on, and after the clocks of Berlin go back; New York is five hours behind for a week
        ("2026-10-24T23:59:00", "2026-10-24T21:59:00Z", ["17:59", "08:59", "03:44"]),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z", ["20:30", "11:30", "06:15"]),  # the first of two
        ("2026-10-25T23:59:00", "2026-10-25T22:59:00Z", ["18:59", "09:59", "04:44"]),
        ("2026-11-02T23:59:00", "2026-11-02T22:59:00Z", ["17:59", "09:59", "04:44"]),
        # and as they go forward, two weeks after those of New York, a week before those of Sydney go back
        ("2027-03-27T23:59:00", "2027-03-27T22:59:00Z", ["18:59", "09:59", "04:44"]),
        ("2027-03-28T23:59:00", "2027-03-28T21:59:00Z", ["17:59", "08:59", "03:44"]),
        ("2027-04-04T23:59:00", "2027-04-04T21:59:00Z", ["17:59", "07:59", "03:44"]),
    ],
)
async def test_a_deadline_in_berlin_as_students_elsewhere_see_it(
    course: Course, wall: str, moment: str, elsewhere: list[str]
) -> None:
    made = await course.due(wall)
    assert made == {
        "runId": course.run["id"], "unitKey": "essay", "due": wall, "zone": "Europe/Berlin", "dueAt": moment,
        "revision": 1, "removedAt": None,
    }  # fmt: skip
    assert await course.anna.get(f"{course.essay}/deadline") == made
    assert await dues(course.anna) == [(wall, "Europe/Berlin", moment, False)]
    at_home = [datetime.fromisoformat(moment).astimezone(tz.gettz(zone)).strftime("%H:%M") for zone in ZONES[1:]]
    assert at_home == elsewhere


async def test_deadlines_are_set_changed_and_removed(world: World, course: Course) -> None:
    lecturer, before = course.faculty.lecturer, len(await told(world))
    skipped = {"due": "2027-03-28T02:30:00", "zone": "Europe/Berlin"}
    problem = await lecturer.put(f"{course.essay}/deadline", skipped, 400, If_Match='"0"')
    assert problem["errors"] == [
        {"where": "body.due", "reason": "2027-03-28 02:30:00 is skipped by the clock in Europe/Berlin that day"}
    ]
    await course.due("2027-01-10T12:00:00")
    await lecturer.put(f"{course.essay}/deadline", {**skipped, "zone": "UTC"}, 412, If_Match='"0"')
    assert (await course.due("2027-01-17T12:00:00", known=1))["revision"] == 2
    nowhere = f"/runs/{course.run['id']}/units/nowhere/deadline"
    await lecturer.put(nowhere, {"due": "2027-01-10T12:00:00", "zone": "UTC"}, 404, If_Match='"0"')
    await course.anna.put(f"{course.essay}/deadline", {**skipped, "zone": "UTC"}, 403, If_Match='"2"')
    await lecturer.delete(f"{course.essay}/deadline", If_Match='"2"')
    await lecturer.delete(f"{course.essay}/deadline", If_Match='"3"')
    assert (await course.anna.get(f"{course.essay}/deadline"))["removedAt"] is not None
    assert await dues(course.anna) == []
    await course.extend(course.anna, "2027-01-24T23:59:00", 404)
    of = {"run_id": course.run["id"], "unit_key": "essay", "programme_id": course.faculty.programme["id"]}
    assert await told(world, before) == [("deadline_set", of), ("deadline_set", of), ("deadline_removed", of)]


async def test_an_extension_is_for_one_person_and_its_reason_for_those_who_decide(world: World, course: Course) -> None:
    faculty, anna = course.faculty, course.anna
    bea = await world.student("Bea", faculty.programme)
    await bea.put(f"/runs/{course.run['id']}/enrolment", {})
    await course.extend(anna, "2027-01-20T12:00:00", 404)  # of what
    await course.due("2027-01-10T23:59:00")
    before = len(await told(world))
    problem = await course.extend(anna, "2027-01-10T23:59:00", 422)
    reason = "must be after the deadline of all, 2027-01-10 23:59:00 (Europe/Berlin)"
    assert problem["errors"] == [{"where": "body.due", "reason": reason}]
    granted = await course.extend(anna, "2027-01-24T23:59:00", zone="Asia/Kathmandu")
    assert granted == {
        "personId": anna.id, "unitKey": "essay", "due": "2027-01-24T23:59:00", "zone": "Asia/Kathmandu",
        "dueAt": "2027-01-24T18:14:00Z", "reason": "illness", "note": "Broke her wrist",
        "decidedBy": faculty.examiner.id, "decidedAt": granted["decidedAt"], "withdrawnAt": None, "revision": 1,
    }  # fmt: skip
    stranger = await world.student("Stranger", faculty.programme)
    await course.extend(stranger, "2027-01-24T23:59:00", 404)

    common = ("2027-01-10T23:59:00", "Europe/Berlin", "2027-01-10T22:59:00Z", False)
    assert await dues(anna) == [("2027-01-24T23:59:00", "Asia/Kathmandu", "2027-01-24T18:14:00Z", True)]
    assert await dues(bea) == [common]
    own = f"{course.essay}/extensions"
    assert await faculty.examiner.get(own) == {"items": [granted]}
    for person in (anna, bea, faculty.lecturer):
        await person.get(own, 403)
        await person.get(f"{own}/{anna.id}", 403)
    for person in (anna, bea, faculty.lecturer):
        for path in ("/me/deadlines", f"{course.essay}/deadline", f"/runs/{course.run['id']}/outline"):
            seen = (await person.call("GET", path)).text
            assert "illness" not in seen
            assert "wrist" not in seen

    await course.due("2027-02-01T12:00:00", known=1)  # later than hers, and then it holds for her as well
    assert await dues(anna) == [("2027-02-01T12:00:00", "Europe/Berlin", "2027-02-01T11:00:00Z", False)]
    await course.due("2027-01-10T23:59:00", known=2)
    await faculty.examiner.delete(f"{own}/{anna.id}", If_Match='"1"')
    await faculty.examiner.delete(f"{own}/{anna.id}", If_Match='"2"')
    assert await dues(anna) == [common]
    await course.extend(anna, "2027-01-12T12:00:00", known=2, reason="work")
    assert [due for due, *_ in await dues(anna)] == ["2027-01-12T12:00:00"]
    person = {
        "person_id": anna.id, "run_id": course.run["id"], "unit_key": "essay", "programme_id": faculty.programme["id"]
    }  # fmt: skip
    names = [event for event in await told(world, before) if event[0] != "deadline_set"]
    assert names == [("extension_granted", person), ("extension_withdrawn", person), ("extension_granted", person)]


async def test_whose_deadlines_these_are(world: World, course: Course) -> None:
    """Of units in runs in which she has a seat, in the order of time whatever the zone; with what is done."""
    await course.due("2099-01-10T09:00:00", unit="film")
    await course.due("2099-01-10T10:00:00", "Asia/Kathmandu")
    waiting, withdrawn = [await world.student(name, course.faculty.programme) for name in ("Wanda", "Wilma")]
    await withdrawn.put(f"/runs/{course.run['id']}/enrolment", {})
    await withdrawn.delete(f"/runs/{course.run['id']}/enrolment")
    await world.admin.put(f"/runs/{course.run['id']}/capacity", {"capacity": 1}, If_Match='"1"')
    await waiting.put(f"/runs/{course.run['id']}/enrolment", {})
    event = {"id": "01999999-0000-7000-8000-000000000001", "at": "2026-11-02T12:00:00Z", "completed": True}
    await course.anna.post(f"/runs/{course.run['id']}/units/film/progress", event, 200)
    of = {"runId": course.run["id"], "runTitle": "Mems", "extended": False}
    assert await course.anna.get("/me/deadlines") == {"items": [
        {
            **of, "unitKey": "essay", "unitTitle": "Essay", "kind": "assignment", "due": "2099-01-10T10:00:00",
            "zone": "Asia/Kathmandu", "dueAt": "2099-01-10T04:15:00Z", "completedAt": None,
        },
        {
            **of, "unitKey": "film", "unitTitle": "Film", "kind": "video", "due": "2099-01-10T09:00:00",
            "zone": "Europe/Berlin", "dueAt": "2099-01-10T08:00:00Z", "completedAt": "2026-11-02T12:00:00Z",
        },
    ]}  # fmt: skip
    for person in (waiting, withdrawn, course.faculty.lecturer):
        assert await dues(person) == []
    await course.anna.get("/me/deadlines")
    with statements(world.database) as seen:
        await course.anna.get("/me/deadlines")
    assert len(seen) == 1


async def test_deadlines_stand_in_the_calendar_and_an_extension_looks_like_any(world: World, course: Course) -> None:
    year = datetime.now(UTC).year + 1
    await course.due(f"{year}-01-10T23:59:00")
    await course.extend(course.anna, f"{year}-01-24T23:59:00", zone="Asia/Kathmandu")
    feed = await course.anna.post("/me/calendar-feeds", {"name": "Phone"})
    answer = await world.http.get(feed["url"])
    ((uid, entry),) = read(answer.content).items()
    moment = datetime.fromisoformat(f"{year}-01-24T18:14:00Z")
    assert entry == {
        "starts": moment, "ends": moment, "zone": "Asia/Kathmandu", "title": "Mems: Essay", "place": "",
        "description": "Deadline", "status": "CONFIRMED", "sequence": 2, "changed": entry["changed"],
    }  # fmt: skip
    for secret in ("illness", "wrist", "xten"):
        assert secret not in answer.text
    await course.faculty.examiner.delete(f"{course.essay}/extensions/{course.anna.id}", If_Match='"1"')
    ((again, entry),) = read((await world.http.get(feed["url"])).content).items()
    assert (again, entry["zone"], entry["sequence"], entry["status"]) == (uid, "Europe/Berlin", 3, "CONFIRMED")
    await course.faculty.lecturer.delete(f"{course.essay}/deadline", If_Match='"1"')
    ((again, entry),) = read((await world.http.get(feed["url"])).content).items()
    assert (again, entry["sequence"], entry["status"]) == (uid, 4, "CANCELLED")


async def test_the_deadline_of_a_unit_that_a_correction_removes_is_cancelled_everywhere(
    world: World, course: Course
) -> None:
    await course.due(f"{datetime.now(UTC).year + 1}-01-10T23:59:00")
    feed = await course.anna.post("/me/calendar-feeds", {"name": "Phone"})
    await publish(world, {"id": course.run["moduleId"]}, [UNITS[1]])
    await move(world, course.run, 2)
    assert await dues(course.anna) == []
    ((_, entry),) = read((await world.http.get(feed["url"])).content).items()
    assert (entry["title"], entry["sequence"], entry["status"]) == ("Mems: Essay", 2, "CANCELLED")
    await course.faculty.lecturer.delete(f"{course.essay}/deadline", If_Match='"1"')
