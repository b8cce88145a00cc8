"""Hand-ins: several versions until the deadline, the last one counts, and nobody else ever sees them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select, update

from lms_core.assessment import uploads
from lms_core.media.sweep import sweep
from lms_core.media.tables import media
from lms_core.types import now
from tests.support.exams import Faculty, at, told
from tests.support.handins import bring, hand_in
from tests.support.world import sha256, statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

UNITS = [
    {"key": "essay", "kind": "assignment", "title": "Essay", "maxScore": "10"},
    {"key": "lab", "kind": "assignment", "title": "Lab report", "required": False},
    {"key": "film", "kind": "video", "title": "Film", "required": False},
]
SECRET = b"What Anna thinks of etching"


class Course:
    """A run with two assignments, Anna and Bea who study in it, and who teaches it."""

    def __init__(self, faculty: Faculty, run: dict[str, Any], anna: Actor, bea: Actor) -> None:
        self.faculty, self.run, self.anna, self.bea = faculty, run, anna, bea
        self.essay = f"/runs/{run['id']}/units/essay"
        self.theirs = f"{self.essay}/hand-ins/{anna.id}"

    async def due(self, wall: str = "2099-01-10T23:59:00") -> None:
        deadline = {"due": wall, "zone": "Europe/Berlin"}
        await self.faculty.lecturer.put(f"{self.essay}/deadline", deadline, If_Match='"0"')


@pytest.fixture
async def course(world: World) -> Course:
    faculty = await Faculty.of(world)
    run = await world.run(faculty.programme, await world.module(faculty.programme, UNITS))
    anna, bea = [await world.student(name, faculty.programme) for name in ("Anna", "Bea")]
    for person in (anna, bea):
        await person.put(f"/runs/{run['id']}/enrolment", {})
    return Course(faculty, run, anna, bea)


def short(found: dict[str, Any]) -> list[tuple[int, bool, bool, str | None]]:
    return [
        (one["number"], one["late"], one["counts"], one["verdict"] and one["verdict"]["outcome"])
        for one in found["versions"]
    ]


async def text_at(actor: Actor, address: str) -> bytes:
    lead = await actor.call("GET", address)
    assert lead.status_code == 307, lead.text
    async with httpx.AsyncClient() as outside:
        return (await outside.get(lead.headers["Location"])).content


async def test_the_last_version_before_the_deadline_counts(world: World, course: Course) -> None:
    await course.due()
    before = len(await told(world))
    with at("2099-01-01T12:00:00Z"):
        first = await hand_in(course.anna, course.essay, b"Draft", SECRET)
    file = first["versions"][0]["files"][1]
    assert first == {
        "runId": course.run["id"], "unitKey": "essay", "personId": course.anna.id,
        "deadline": {"due": "2099-01-10T23:59:00", "zone": "Europe/Berlin", "dueAt": "2099-01-10T22:59:00Z"},
        "versions": [{
            "number": 1, "at": "2099-01-01T12:00:00Z", "late": False, "counts": True, "verdict": None, "earlier": [],
            "files": [
                first["versions"][0]["files"][0],
                {
                    "id": file["id"], "name": "essay.txt", "size": len(SECRET), "contentType": "text/plain",
                    "sha256": sha256(SECRET), "state": "ready",
                    "href": f"{course.essay}/hand-in/files/{file['id']}",
                },
            ],
        }],
    }  # fmt: skip
    with at("2099-01-10T22:59:00Z"):
        await hand_in(course.anna, course.essay, SECRET)
    with at("2099-01-10T22:59:00.000001Z"):
        found = await hand_in(course.anna, course.essay, b"Too late")
    assert short(found) == [(1, False, False, None), (2, False, True, None), (3, True, False, None)]
    assert await course.anna.get(f"{course.essay}/hand-in") == found
    assert await text_at(course.anna, file["href"]) == SECRET

    longer = {"due": "2099-01-12T12:00:00", "zone": "Asia/Kathmandu", "reason": "illness", "note": "Flu"}
    await course.faculty.examiner.put(f"{course.essay}/extensions/{course.anna.id}", longer, If_Match='"0"')
    seen = await course.faculty.lecturer.get(course.theirs)
    own = {"due": "2099-01-12T12:00:00", "zone": "Asia/Kathmandu", "dueAt": "2099-01-12T06:15:00Z"}
    assert seen["deadline"] == own
    assert short(seen) == [(1, False, False, None), (2, False, False, None), (3, False, True, None)]
    of = {
        "person_id": course.anna.id, "run_id": course.run["id"], "unit_key": "essay",
        "programme_id": course.faculty.programme["id"],
    }  # fmt: skip
    made = [event for event in await told(world, before) if event[0] == "hand_in_made"]
    assert made == [("hand_in_made", {**of, "number": number}) for number in (1, 2, 3)]


async def test_without_a_deadline_nothing_is_late_and_none_counts_if_all_are(course: Course) -> None:
    found = await hand_in(course.anna, course.essay, SECRET)
    assert (found["deadline"], short(found)) == (None, [(1, False, True, None)])
    await course.due("2026-01-01T12:00:00")
    assert short(await course.anna.get(f"{course.essay}/hand-in")) == [(1, True, False, None)]


async def test_many_at_once_are_versions_one_after_the_other(course: Course) -> None:
    file = await bring(course.anna, course.essay, SECRET)
    new = {"files": [file["id"]]}
    answers = await asyncio.gather(*(course.anna.call("POST", f"{course.essay}/hand-in", new) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    found = await course.anna.get(f"{course.essay}/hand-in")
    assert [one["number"] for one in found["versions"]] == [1, 2, 3, 4, 5]


async def test_nobody_else_sees_what_was_brought_or_handed_in(world: World, course: Course) -> None:
    """Not another participant, not one who brings the same bytes, not who edits modules of the programme."""
    lecturer, anna, bea = course.faculty.lecturer, course.anna, course.bea
    draft = await bring(anna, course.essay, b"Not handed in")
    await hand_in(anna, course.essay, SECRET)
    (file,) = (await anna.get(f"{course.essay}/hand-in"))["versions"][0]["files"]
    for person in (bea, await world.student("Stranger", course.faculty.programme)):
        status = 404 if person is bea else 403
        await person.get(f"{course.essay}/hand-in/files/{file['id']}", status)
        await person.post(f"{course.essay}/hand-in", {"files": [file["id"]]}, 422 if person is bea else 403)
        await person.get(course.theirs, 403)
        await person.get(f"{course.theirs}/files/{file['id']}", 403)
    assert (await bea.get(f"{course.essay}/hand-in"))["versions"] == []
    programme = f"/programmes/{course.faculty.programme['id']}"
    for path in (f"/media/{file['id']}", f"/media/{file['id']}/file", f"/media/{file['id']}/preparation"):
        await lecturer.get(path, 404)
        await world.admin.get(path, 404)
    await lecturer.delete(f"/media/{file['id']}", 404)
    assert (await lecturer.get(f"{programme}/media"))["items"] == []
    assert (await lecturer.get(f"{programme}/media?sha256={sha256(SECRET)}"))["items"] == []
    unit = {**UNITS[0], "files": [{"key": "f", "name": "f", "role": "attachment", "mediaId": file["id"]}]}
    content = {"title": "M", "ects": "5", "workloadHours": 1, "units": [unit]}
    await lecturer.put(f"/modules/{course.run['moduleId']}/draft", content, 422, If_Match='"3"')

    # the same bytes by others: nobody is told that they are there, each has a file of her own
    copies = [await bring(bea, course.essay, SECRET), await bring(anna, course.essay, SECRET)]
    public = await world.upload(lecturer, course.faculty.programme, "etching.txt", SECRET, "text/plain")
    assert len({file["id"], copies[0]["id"], public["id"]}) == 3
    assert copies[1]["id"] == file["id"]
    assert [row["id"] for row in (await lecturer.get(f"{programme}/media"))["items"]] == [public["id"]]
    # who assesses gets what was handed in, and not what was merely brought
    assert await text_at(lecturer, f"{course.theirs}/files/{file['id']}") == SECRET
    await lecturer.get(f"{course.theirs}/files/{draft['id']}", 404)
    await lecturer.get(f"{course.essay}/hand-ins/{bea.id}/files/{file['id']}", 404)


async def test_only_own_files_for_this_unit_are_handed_in(course: Course) -> None:
    lab = course.essay.replace("essay", "lab")
    here, there = await bring(course.anna, course.essay, SECRET), await bring(course.anna, lab, b"For the lab")
    announced = {"name": "a.txt", "size": 3, "contentType": "text/plain", "sha256": sha256(b"abc")}
    unsent = await course.anna.post(f"{course.essay}/hand-in/files", announced)
    files = [here["id"], there["id"], unsent["id"], course.anna.id]
    problem = await course.anna.post(f"{course.essay}/hand-in", {"files": files}, 422)
    reason = "must be a file that you brought for this unit and have sent completely"
    assert problem["errors"] == [{"where": f"body.files[{place}]", "reason": reason} for place in (1, 2, 3)]
    assert (await course.anna.get(f"{course.essay}/hand-in"))["versions"] == []
    await bring(course.anna, lab, SECRET)  # her own bytes again: now for both
    await course.anna.post(f"{lab}/hand-in", {"files": [here["id"]]})
    film = course.essay.replace("essay", "film")
    problem = await course.anna.post(f"{film}/hand-in/files", announced, 422)
    assert problem["detail"].endswith("of the kind video; it must be an assignment.")


async def test_there_is_a_limit_to_what_one_brings(
    world: World, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 10)
    await bring(course.anna, course.essay, b"12345678")
    await bring(course.anna, course.essay, b"12345678")  # no more than before
    new = {"name": "a.txt", "size": 3, "contentType": "text/plain", "sha256": sha256(b"abc")}
    problem = await course.anna.post(f"{course.essay}/hand-in/files", new, 409)
    assert problem["detail"] == "For one unit you may bring 10 bytes of files, and 8 are there already."
    await bring(course.bea, course.essay, b"12345678")
    path = f"/programmes/{course.faculty.programme['id']}/media-quota"
    await world.admin.put(path, {"programmeBytes": 17, "personBytes": None}, If_Match='"0"')
    problem = await course.bea.post(f"{course.essay}/hand-in/files", {**new, "size": 2}, 409)
    assert problem["detail"].startswith("The programme may hold 17 bytes of files")


async def test_a_score_completes_the_unit_and_a_return_does_not(world: World, course: Course) -> None:
    lecturer, anna = course.faculty.lecturer, course.anna
    await hand_in(anna, course.essay, b"First")
    await hand_in(anna, course.essay, b"Second")
    before = len(await told(world))
    first, second = f"{course.theirs}/1/verdict", f"{course.theirs}/2/verdict"
    remarks = "The second chapter is missing"
    returned = await lecturer.post(first, {"outcome": "returned", "remarks": remarks})
    verdict = returned["versions"][0]["verdict"]
    assert verdict == {
        "outcome": "returned", "score": None, "remarks": remarks, "assessedBy": lecturer.id,
        "assessedAt": verdict["assessedAt"],
    }  # fmt: skip
    outline = await anna.get(f"/runs/{course.run['id']}/outline")
    assert outline["units"][0]["completedAt"] is None
    for wrong, where in (
        ({"outcome": "returned"}, "body.remarks"), ({"outcome": "returned", "score": "1"}, "body.score"),
    ):  # fmt: skip
        problem = await lecturer.post(second, wrong, 400)
        assert [error["where"] for error in problem["errors"]] == [where]
    problem = await lecturer.post(second, {"outcome": "accepted", "score": "10.5"}, 422)
    assert problem["errors"] == [{"where": "body.score", "reason": "this unit has at most 10"}]
    await lecturer.post(f"{course.theirs}/3/verdict", {"outcome": "accepted"}, 404)
    await course.bea.post(second, {"outcome": "accepted"}, 403)
    await lecturer.post(second, {"outcome": "accepted", "score": "7.5"})
    found = await anna.get(f"{course.essay}/hand-in")
    assert short(found) == [(1, False, False, "returned"), (2, False, True, "accepted")]
    outline = await anna.get(f"/runs/{course.run['id']}/outline")
    essay = outline["units"][0]
    assert (outline["state"], essay["score"], essay["completedAt"] is not None) == ("completed", "7.5", True)
    (summary,) = (await lecturer.get(f"{course.essay}/hand-ins"))["items"]
    assert summary == {
        "personId": anna.id, "name": "Anna", "versions": 2, "lastAt": found["versions"][1]["at"], "assessed": 2,
    }  # fmt: skip
    events = await told(world, before)
    assert [name for name, _ in events] == ["hand_in_assessed", "module_completed", "hand_in_assessed"]
    assert "chapter" not in str(events)


async def test_what_was_handed_in_is_not_swept_away(world: World, course: Course) -> None:
    await hand_in(course.anna, course.essay, SECRET)
    left = await bring(course.anna, course.essay, b"Left behind")
    async with world.database.write() as connection:
        await connection.execute(update(media).values(used_at=now() - timedelta(days=31)))
    assert (await sweep(world.database, world.app.state.store)).files == 1
    async with world.database.read() as connection:
        rows = (await connection.execute(select(media.c.id, media.c.state))).all()
    assert {str(row.id): row.state for row in rows if row.state == "deleting"} == {left["id"]: "deleting"}
    (version,) = (await course.anna.get(f"{course.essay}/hand-in"))["versions"]
    assert await text_at(course.anna, version["files"][0]["href"]) == SECRET


async def test_the_number_of_statements_is_known(world: World, course: Course) -> None:
    lecturer, anna = course.faculty.lecturer, course.anna
    for text in (b"First", b"Second", b"Third"):
        await hand_in(anna, course.essay, text)
    file = await bring(anna, course.essay, SECRET)
    await lecturer.get(course.theirs)
    counts = {}
    for name, act in (
        ("mine", lambda: anna.get(f"{course.essay}/hand-in")),
        ("theirs", lambda: lecturer.get(course.theirs)),
        ("list", lambda: lecturer.get(f"{course.essay}/hand-ins")),
        ("hand in", lambda: anna.post(f"{course.essay}/hand-in", {"files": [file["id"]]})),
        ("return", lambda: lecturer.post(f"{course.theirs}/4/verdict", {"outcome": "returned", "remarks": "Why?"})),
    ):
        with statements(world.database) as seen:
            await act()
        counts[name] = len(seen)
    assert counts == {
        "mine": 4,
        "theirs": 4,
        "list": 1,
        "hand in": 13,
        "return": 10,
    }  # of writing, four read the answer
