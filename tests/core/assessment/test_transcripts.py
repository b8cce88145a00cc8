"""Transcripts: all marks, attempts and ECTS by programme, with averages cut off; nobody sees more than is hers to see."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import insert

from lms_core.assessment import transcript_table
from lms_core.assessment.tables import exam, mark, registration
from lms_core.assessment.types import TranscriptLine
from lms_core.enrolment.tables import programme_enrolment
from lms_core.exports import exported
from lms_core.people.tables import person
from lms_core.progress.credits import book_credit
from lms_core.progress.reads import source_of
from lms_core.types import new_id, now
from tests.support.exams import EXAM, READING, Faculty
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World


async def a_run(faculty: Faculty, student: Actor, key: str, ects: str = "5") -> dict[str, Any]:
    """Open a run of a new module, with the student in it."""
    world, programme = faculty.world, faculty.programme
    run = await world.run(programme, await world.module(programme, [READING], key, ects))
    await student.put(f"/runs/{run['id']}/enrolment", {})
    return run


def attempt(path: str, run: dict[str, Any], state: str, result: str | None) -> dict[str, Any]:
    return {
        "examId": path[-36:], "runId": run["id"], "title": EXAM["title"], "starts": EXAM["starts"],
        "zone": EXAM["zone"], "state": state, "mark": result,
    }  # fmt: skip


def module(run: dict[str, Any], title: str, ects: str, **other: Any) -> dict[str, Any]:
    nothing = {"kind": "module", "mark": None, "passed": False, "credited": False, "recognised": False, "attempts": []}
    return {"moduleId": run["moduleId"], "title": title, "ects": ects, **nothing, **other}


async def test_a_transcript_by_programme(world: World) -> None:
    """Two programmes and a single module; each examiner sees what counts under hers, and nothing else."""
    first, second = await Faculty.of(world, "first"), await Faculty.of(world, "second")
    anna = await world.student("Anna", first.programme)
    await world.admin.post(f"/programmes/{second.programme['id']}/enrolments", {"email": anna.email})
    other = await world.student("Bea", first.programme)
    optics, lasers = await a_run(first, anna, "optics"), await a_run(first, anna, "lasers", "2.5")
    ethics, essay = await a_run(first, anna, "ethics"), await a_run(first, anna, "essay")
    await other.put(f"/runs/{optics['id']}/enrolment", {})
    await first.attempt(optics, other, mark="1.0")
    failed = await first.attempt(optics, anna, mark="5.0")
    again = await first.exam(optics)
    await anna.put(f"{again}/registration")
    await anna.delete(f"{again}/registration")  # leaves no trace here
    passed = await first.attempt(optics, anna, mark="1.3")
    await first.examiner.post(f"{passed}/marks/{anna.id}/credit", {"evidence": "list 7"})
    laser = await first.attempt(lasers, anna, mark="2.7")
    ungraded = await first.attempt(ethics, anna, outcome="passed")
    ill = await first.attempt(essay, anna, outcome="excused")
    secret = await a_run(second, anna, "secret")
    hidden = await second.attempt(secret, anna, mark="1.7")
    await book_apart(world, anna, first, second, essay)
    await world.admin.post(f"/programmes/{second.programme['id']}/modules", {"key": "single", "title": "Single"})

    here = {
        "programmeId": first.programme["id"], "title": "Programme first", "regulation": "po-2026", "ectsTotal": "90",
        "ectsEarned": "22.5", "average": "1.7",  # (5 x 1.3 + 2.5 x 2.7) / 7.5 = 1.766...
        "modules": [
            module(essay, "Essay", "5", credited=True, recognised=True, attempts=[attempt(ill, essay, "excused", None)]),
            module(ethics, "Ethics", "5", passed=True, attempts=[attempt(ungraded, ethics, "passed", None)]),
            module({"moduleId": None}, "Internship", "12.5", kind="internship_credit", credited=True),
            module(lasers, "Lasers", "2.5", mark="2.7", passed=True, attempts=[attempt(laser, lasers, "passed", "2.7")]),
            module(
                optics, "Optics", "5", mark="1.3", passed=True, credited=True,
                attempts=[attempt(failed, optics, "failed", "5.0"), attempt(passed, optics, "passed", "1.3")],
            ),
        ],
    }  # fmt: skip
    there = {
        "programmeId": second.programme["id"], "title": "Programme second", "regulation": "po-2026",
        "ectsTotal": "90", "ectsEarned": "3", "average": "1.7",
        "modules": [
            module({"moduleId": None}, "Summer school", "3", kind="schools", credited=True, recognised=True),
            module(secret, "Secret", "5", mark="1.7", passed=True, attempts=[attempt(hidden, secret, "passed", "1.7")]),
        ],
    }  # fmt: skip
    there["modules"].sort(key=lambda found: found["title"])
    of_anna = {"personId": anna.id, "name": "Anna"}
    assert await anna.get("/me/transcript") == {**of_anna, "programmes": [here, there]}
    path = f"/programmes/{first.programme['id']}/transcripts"
    assert await first.examiner.get(f"{path}/{anna.id}") == {**of_anna, "programmes": [here]}
    await second.examiner.get(f"{path}/{anna.id}", 404)
    await first.lecturer.get(f"{path}/{anna.id}", 403)
    await other.get(f"{path}/{anna.id}", 403)
    head = {"personId": anna.id, "name": "Anna", "email": anna.email, "state": "enrolled"}
    heads = (await first.examiner.get(path))["items"]
    assert heads == [
        {**head, "ectsEarned": "22.5", "average": "1.7", "passed": 3},
        {
            "personId": other.id, "name": "Bea", "email": other.email, "state": "enrolled", "ectsEarned": "0",
            "average": "1.0", "passed": 1,
        },
    ]  # fmt: skip
    nil = await world.student("Cem", first.programme)
    table = f"/programmes/{first.programme['id']}/exports/transcripts"
    text = (await first.examiner.call("GET", table)).text.removeprefix("\ufeff")
    assert text.splitlines() == [
        "personId,externalKey,name,email,state,regulation,ectsEarned,average,module,kind,ects,exam,examOn,result,mark,"
        "credited,recognised",
        *(
            f"{anna.id},,Anna,{anna.email},enrolled,po-2026,22.5,1.7,{line}"
            for line in (
                "Essay,module,5,Written exam,2099-02-10,excused,,True,True",
                "Ethics,module,5,Written exam,2099-02-10,passed,,False,False",
                "Internship,internship_credit,12.5,,,,,True,False",
                "Lasers,module,2.5,Written exam,2099-02-10,passed,2.7,False,False",
                "Optics,module,5,Written exam,2099-02-10,failed,5.0,True,False",
                "Optics,module,5,Written exam,2099-02-10,passed,1.3,True,False",
            )
        ),
        f"{other.id},,Bea,{other.email},enrolled,po-2026,0,1.0,Optics,module,5,Written exam,2099-02-10,passed,1.0,False,False",
        f"{nil.id},,Cem,{nil.email},enrolled,po-2026,0,,,,,,,,,False,False",
    ]
    last = (await first.examiner.get(f"{table}?format=json"))["lines"][-1]
    assert {name: last[name] for name in ("name", "average", "module", "mark", "credited")} == {
        "name": "Cem", "average": None, "module": None, "mark": None, "credited": False,
    }  # fmt: skip
    await first.lecturer.get(table, 403)
    await second.examiner.get(table, 404)


async def book_apart(world: World, student: Actor, first: Faculty, second: Faculty, essay: dict[str, Any]) -> None:
    """Book what plugins would: an internship and an essay from elsewhere, and in the other programme a summer school."""
    async with world.database.write() as connection:
        for faculty, source, title, ects, recognised in (
            (first, "internship_credit:main", "Internship", "12.5", False),
            (first, source_of(UUID(essay["moduleId"])), "Essay", "5", True),
            (second, "schools:1", "Summer school", "3", True),
        ):
            await book_credit(
                connection, UUID(student.id), source, Decimal(ects), "certificate", UUID(faculty.examiner.id),
                title=title, programme_id=UUID(faculty.programme["id"]), recognised=recognised,
            )  # fmt: skip


async def test_a_completed_run_without_an_exam_is_credited_but_not_recognised(world: World) -> None:
    faculty = await Faculty.of(world)
    anna = await world.student("Anna", faculty.programme)
    run = await a_run(faculty, anna, "optics")
    done = {"id": "01999999-0000-7000-8000-000000000001", "at": "2026-11-02T12:00:00Z", "completed": True}
    await anna.post(f"/runs/{run['id']}/units/intro/progress", done, 200)
    await faculty.examiner.post(f"/runs/{run['id']}/participants/{anna.id}/credit", {"evidence": "list 7"})
    (programme,) = (await anna.get("/me/transcript"))["programmes"]
    assert (programme["ectsEarned"], programme["average"]) == ("5", None)
    assert programme["modules"] == [module(run, "Optics", "5", credited=True)]
    taken_back = {"evidence": "booked for the wrong person"}
    await faculty.examiner.post(f"/runs/{run['id']}/participants/{anna.id}/credit/reversal", taken_back)
    (programme,) = (await anna.get("/me/transcript"))["programmes"]
    assert (programme["ectsEarned"], programme["modules"]) == ("0", [])


async def test_single_modules_stand_for_themselves_and_outsiders_have_none(world: World) -> None:
    faculty = await Faculty.of(world)
    guest = await world.person("Guest")
    run = await world.run(faculty.programme, await world.module(faculty.programme, [READING]))
    await world.admin.put(f"/runs/{run['id']}/enrolments/{guest.id}", {})
    taken = await faculty.attempt(run, guest, mark="2.0")
    single = {
        "programmeId": None, "title": None, "regulation": None, "ectsTotal": None, "ectsEarned": "0",
        "average": "2.0",
        "modules": [module(run, "Mems", "5", mark="2.0", passed=True, attempts=[attempt(taken, run, "passed", "2.0")])],
    }  # fmt: skip
    assert (await guest.get("/me/transcript"))["programmes"] == [single]
    await faculty.examiner.get(f"/programmes/{faculty.programme['id']}/transcripts/{guest.id}", 404)
    assert (await world.admin.get("/me/transcript"))["programmes"] == []


async def test_the_number_of_statements_does_not_grow(world: World) -> None:
    faculty = await Faculty.of(world)
    run = await world.run(faculty.programme, await world.module(faculty.programme, [READING]))
    path = f"/programmes/{faculty.programme['id']}/transcripts"
    await faculty.examiner.get(path)  # signs in, in this process's memory
    counts = []
    for many in (2, 150):
        people = await crowd(world, faculty, run, many)
        with statements(world.database) as seen:
            shown = (await faculty.examiner.get(f"{path}?limit=200"))["items"]
        counts.append(len(seen))
        assert {(row["passed"], row["average"]) for row in shown} == {(1, "1.3")}
        with statements(world.database) as seen:
            await faculty.examiner.get(f"{path}/{people[0]}")
        counts.append(len(seen))
    assert counts == [1, 5, 1, 5]


async def test_the_table_of_five_thousand_costs_one_statement_and_no_more_memory(world: World) -> None:
    faculty = await Faculty.of(world)
    run = await world.run(faculty.programme, await world.module(faculty.programme, [READING]))
    programme_id = UUID(faculty.programme["id"])

    async def peak() -> tuple[int, int]:
        size = 0
        tracemalloc.start()
        try:
            query, shape = transcript_table.selected(programme_id), transcript_table.line
            answer = await exported(world.database, query, TranscriptLine, "csv", "transcripts", shape=shape)
            async for piece in answer.iterator:  # type: ignore[union-attr]  # it is a function, if one was given
                size += piece.count(b"\n")
            return size, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    await crowd(world, faculty, run, 500)
    await peak()  # what is made once is made now
    few, little = await peak()
    await crowd(world, faculty, run, 4_500)
    with statements(world.database) as seen:
        many, much = await peak()
    assert (few, many, len(seen)) == (501, 5_001, 1)
    assert much < 2 * little


async def crowd(world: World, faculty: Faculty, run: dict[str, Any], many: int) -> list[UUID]:
    """Bring in so many students who have passed an exam of the run."""
    programme_id, people, made, since = UUID(faculty.programme["id"]), [new_id() for _ in range(many)], new_id(), now()
    columns = {name: EXAM[name] for name in ("title", "kind", "zone", "place")}
    async with world.database.write() as connection:
        times = dict.fromkeys(("starts", "ends", "register_by", "deregister_by"), since.replace(tzinfo=None))
        await connection.execute(
            insert(exam), {"id": made, "run_id": UUID(run["id"]), "revision": 1, **columns, **times}
        )
        of = [{"person_id": one} for one in people]
        known = {"name": "N", "active": True, "language": "en", "revision": 1, "created_at": since}
        new = [{"id": one, "email": f"{one}@example.org", **known} for one in people]
        await connection.execute(insert(person), new)
        studies = {
            "programme_id": programme_id, "regulation_id": UUID(faculty.programme["regulation"]), "state": "enrolled",
            "since": since,
        }  # fmt: skip
        await connection.execute(insert(programme_enrolment), [{**one, **studies} for one in of])
        sits = {
            "exam_id": made, "module_id": UUID(run["moduleId"]), "programme_id": programme_id, "state": "passed",
            "marks": 1, "since": since,
        }  # fmt: skip
        await connection.execute(insert(registration), [{**one, **sits} for one in of])
        given = {
            "exam_id": made, "number": 1, "mark": Decimal("1.3"), "outcome": "passed", "reason": "",
            "recorded_by": UUID(faculty.examiner.id), "recorded_at": since,
        }  # fmt: skip
        await connection.execute(insert(mark), [{**one, **given} for one in of])
    return people
