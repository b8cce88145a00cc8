"""A run whose units have rules: the student is told what is missing, and nobody loses what is completed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from lms_core.media.tables import preparation
from lms_core.outbox.tables import outbox
from lms_core.types import now
from tests.support.world import MP4, statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

NOON = "2026-11-02T12:00:00Z"
FILM = {"key": "film", "kind": "video", "title": "Film", "completion": {"rule": "watched", "percent": 80}}
TEXT = {"key": "text", "kind": "reading", "title": "Text"}
DAYS = {"key": "days", "kind": "attendance", "title": "Days", "completion": {"rule": "attended", "percent": 75}}
TWO = {"rule": "nOf", "n": 2, "of": [{"rule": "unit", "unit": key} for key in ("film", "text", "days")]}


class Course:
    """A module in whose first version two of three units complete a run, each by a rule of its own but one."""

    def __init__(self, world: World, programme: dict[str, Any], media: str) -> None:
        self.world, self.programme = world, programme
        self.files = [{"key": "film.mp4", "name": "film.mp4", "role": "content", "mediaId": media}]
        self.module = self.run = ""

    async def publish(self, units: list[dict[str, Any]], completion: Any) -> Any:
        path = f"/modules/{self.module}"
        etag = (await self.world.admin.call("GET", path)).headers["ETag"]
        units = [one | ({"files": self.files} if one["key"] == "film" else {}) for one in units]
        content = {"title": "M", "ects": "5", "workloadHours": 1, "units": units, "completion": completion}
        draft = await self.world.admin.put(f"{path}/draft", content, If_Match=etag)
        return await self.world.admin.post(f"{path}/publish", If_Match=f'"{draft["revision"]}"')

    async def move(self, number: int) -> Any:
        etag = (await self.world.admin.call("GET", f"/runs/{self.run}")).headers["ETag"]
        return await self.world.admin.put(f"/runs/{self.run}/version", {"version": number}, If_Match=etag)

    async def student(self, name: str) -> Actor:
        made = await self.world.student(name, self.programme)
        await made.put(f"/runs/{self.run}/enrolment", {})
        return made

    async def tell(self, student: Actor, key: str, **event: Any) -> Any:
        event = {"id": str(uuid4()), "at": NOON, **event}
        return await student.post(f"/runs/{self.run}/units/{key}/progress", event, 200)

    async def assess(self, student: Actor, key: str, status: int = 200, **event: Any) -> Any:
        path = f"/runs/{self.run}/participants/{student.id}/units/{key}/progress"
        return await self.world.admin.post(path, {"id": str(uuid4()), "at": NOON, **event}, status)

    async def missing(self, student: Actor) -> tuple[list[str], list[str]]:
        """Say what is missing for the run, and in its units."""
        outline = await student.get(f"/runs/{self.run}/outline")
        units = [one for unit in outline["units"] for one in unit["missing"]]
        return [one["text"] for one in outline["missing"]], [one["text"] for one in units]


@pytest.fixture
async def course(world: World) -> Course:
    programme = await world.programme()
    media = await world.upload(world.admin, programme, "film.mp4", MP4, "video/mp4")
    made = Course(world, programme, media["id"])
    new = {"key": "m", "title": "M"}
    made.module = (await world.admin.post(f"/programmes/{programme['id']}/modules", new))["id"]
    await made.publish([FILM, TEXT, DAYS], TWO)
    made.run = (await world.run(programme, {"id": made.module}))["id"]
    return made


async def length(course: Course, seconds: int) -> None:
    async with course.world.database.write() as connection:
        row = {"media_id": UUID(course.files[0]["mediaId"]), "state": "done", "poster": False, "at": now()}
        await connection.execute(insert(preparation), {**row, "duration_ms": seconds * 1000 + 400})


async def test_a_student_is_told_what_is_missing_until_nothing_is(course: Course) -> None:
    anna = await course.student("Anna")
    of_run = ["2 of: “Film”; “Text”; “Days”"]
    told = [
        "“Film”: it is not known yet how long this film is",
        "completing “Text”",
        "“Days”: no session is planned yet",
    ]
    assert await course.missing(anna) == (of_run, told)
    await length(course, 1_500)
    await course.tell(anna, "film", completed=True)  # she says so, the rule does not
    await course.tell(anna, "film", watched=[[0, 480]])
    assert (await course.missing(anna))[1][0] == "12 minutes of “Film”"
    with statements(course.world.database) as watching:
        answer = await course.tell(anna, "film", watched=[[400, 1_200]])
    assert (answer["unit"]["completedAt"] is not None, answer["runCompleted"], len(watching)) == (True, False, 4)
    assert await course.missing(anna) == (["1 of: “Text”; “Days”"], told[1:])
    with statements(course.world.database) as completing:
        assert (await course.tell(anna, "text", completed=True))["runCompleted"] is True
    assert len(completing) == 7, completing
    assert await course.missing(anna) == ([], told[2:])
    async with course.world.database.read() as connection:
        names = (await connection.execute(select(outbox.c.name).order_by(outbox.c.id))).scalars().all()
    assert [name for name in names if name == "module_completed"] == ["module_completed"]


async def test_attendance_is_counted_in_minutes_of_what_was_held(course: Course) -> None:
    bea = await course.student("Bea")
    day = {"title": "Day", "zone": "Europe/Berlin", "place": "C 1.07"}
    sessions = []
    for number, mode in ((24, "on_site"), (25, "hybrid"), (31, "on_site")):  # the 25th of October has an hour more
        new = {**day, "starts": f"2026-10-{number}T00:00:00", "ends": f"2026-10-{number}T05:00:00", "mode": mode}
        sessions.append((await course.world.admin.post(f"/runs/{course.run}/sessions", new))["id"])
    site, hybrid, cancelled = sessions

    async def attended(session: str, minutes: int, at: str = NOON, **more: bool) -> Any:
        word = {"sessionId": session, "minutes": minutes, **more}
        return (await course.assess(bea, "days", at=at, attended=word))["unit"]["completedAt"]

    missing = (await course.missing(bea))[1]
    assert missing[2] == "720 minutes of attendance"  # 75 % of 300 + 360 + 300
    await course.world.admin.delete(f"/runs/{course.run}/sessions/{cancelled}", If_Match='"1"')
    assert (await course.missing(bea))[1][2] == "495 minutes of attendance"
    assert await attended(site, 300, remote=True) is None
    assert await attended(hybrid, 400, remote=True) is None
    assert (await course.missing(bea))[1][2] == "135 minutes of attendance"
    assert await attended(site, 300, at="2026-11-02T12:00:01Z", excused=True) is None
    assert await attended(site, 300, at="2026-11-02T11:00:00Z") is None  # came late, is not the latest word
    assert await attended(site, 134, at="2026-11-02T12:00:02Z") is None
    assert (await course.missing(bea))[1][2] == "1 minute of attendance"
    assert await attended(site, 135, at="2026-11-02T12:00:03Z") is not None

    other = await course.world.run(course.programme, {"id": course.module})
    new = {**day, "starts": "2026-10-24T09:00:00", "ends": "2026-10-24T10:00:00", "mode": "on_site"}
    elsewhere = (await course.world.admin.post(f"/runs/{other['id']}/sessions", new))["id"]
    for stranger in (elsewhere, str(uuid4())):
        problem = await course.assess(bea, "days", 422, attended={"sessionId": stranger, "minutes": 5})
        reason = "the run has no such session"
        assert problem["errors"] == [{"where": "body.attended.sessionId", "reason": reason}]
    word = {"id": str(uuid4()), "at": NOON, "attended": {"sessionId": site, "minutes": 300}}
    problem = await bea.post(f"/runs/{course.run}/units/text/progress", word, 400)
    assert problem["errors"] == [{"where": "body.attended", "reason": "is not known here"}]
    signed = {"id": str(uuid4()), "at": NOON, "facts": ["signedOff"]}
    problem = await bea.post(f"/runs/{course.run}/units/text/progress", signed, 400)
    assert problem["errors"] == [{"where": "body.facts[0]", "reason": "Invalid enum value 'signedOff'"}]


async def test_another_version_asks_for_other_things_and_takes_nothing_away(course: Course) -> None:
    await length(course, 1_000)
    done, half, idle = [await course.student(name) for name in ("Dana", "Hans", "Ida")]
    for student in (done, half):
        await course.tell(student, "film", watched=[[0, 500]])
        await course.tell(student, "text", completed=True)
    await course.tell(done, "film", watched=[[500, 800]])
    before = await done.get(f"/runs/{course.run}/outline")
    assert (before["state"], (await half.get(f"/runs/{course.run}/outline"))["state"]) == ("completed", "enrolled")

    stricter = {"rule": "all", "of": [{"rule": "watched", "percent": 100}, {"rule": "signedOff"}]}
    notes = ["Other rules decide about: film, text. What somebody has completed stays completed."]
    harder = [{**FILM, "completion": stricter}, {**TEXT, "completion": {"rule": "readToEnd"}}, DAYS]
    assert (await course.publish(harder, TWO))["notes"] == notes
    with statements(course.world.database) as moving:
        assert await course.move(2) == {"runId": course.run, "version": 2, "completed": [], "notes": notes}
    after = await done.get(f"/runs/{course.run}/outline")
    assert [unit["completedAt"] for unit in after["units"]] == [unit["completedAt"] for unit in before["units"]]
    assert (after["state"], len(moving) <= 18) == ("completed", True), moving
    hers = (await half.get(f"/runs/{course.run}/outline"))["units"][1]
    assert (hers["completedAt"], hers["missing"]) == (NOON, [])
    assert (await course.missing(half))[1][:2] == ["9 minutes of “Film”", "a lecturer's sign-off of “Film”"]

    easier = [{**FILM, "completion": {"rule": "watched", "percent": 50}}, TEXT, DAYS]
    whole = "Other rules decide about: the whole module, film, text. What somebody has completed stays completed."
    assert (await course.publish(easier, {**TWO, "n": 2, "of": TWO["of"][:2]}))["notes"] == [whole]
    cursor = (await half.get("/me/progress"))["cursor"]
    assert (await course.move(3))["completed"] == [half.id]
    changed = (await half.get(f"/me/progress?cursor={cursor}"))["items"]
    assert [(one["unitKey"], one["completedAt"] is not None) for one in changed] == [("film", True)]
    people = await course.world.admin.get(f"/runs/{course.run}/participants")
    assert [(one["personId"], one["state"]) for one in people["items"]] == [
        (done.id, "completed"), (half.id, "completed"), (idle.id, "enrolled"),
    ]  # fmt: skip
