"""Exams are planned, and people register for them: until the deadline, once, and as often as the regulation allows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.support.calendars import read
from tests.support.exams import EXAM, READING, Faculty, at, told
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World


async def a_seat(faculty: Faculty, name: str = "Anna") -> tuple[dict[str, Any], Actor]:
    """Return a run and a student with a seat in it."""
    world, programme = faculty.world, faculty.programme
    run = await world.run(programme, await world.module(programme, [READING]))
    student = await world.student(name, programme)
    await student.put(f"/runs/{run['id']}/enrolment", {})
    return run, student


async def test_an_exam_is_planned_changed_and_cancelled(world: World) -> None:
    faculty = await Faculty.of(world)
    run, anna = await a_seat(faculty)
    before = len(await told(world))
    made = await faculty.lecturer.post(f"/runs/{run['id']}/exams", EXAM)
    exam = {
        **EXAM, "id": made["id"], "runId": run["id"], "startsAt": "2099-02-10T08:00:00Z",
        "endsAt": "2099-02-10T10:00:00Z", "registerByAt": "2099-01-20T22:59:00Z",
        "deregisterByAt": "2099-02-03T22:59:00Z", "revision": 1, "cancelledAt": None,
    }  # fmt: skip
    assert made == exam
    path = f"/runs/{run['id']}/exams/{made['id']}"
    earlier = await faculty.lecturer.post(
        f"/runs/{run['id']}/exams",
        {**EXAM, "title": "In Sydney", "kind": "oral", "zone": "Australia/Sydney"},
    )
    moved = {**EXAM, "place": "Hall 2"}
    changed = await faculty.lecturer.put(path, moved, If_Match='"1"')
    assert changed == {**exam, "place": "Hall 2", "revision": 2}
    assert (await anna.get(f"/runs/{run['id']}/exams"))["items"] == [earlier, changed]  # it is morning there first
    await anna.put(f"{path}/registration")
    await faculty.lecturer.delete(path, If_Match='"2"')
    await faculty.lecturer.delete(path, 412, If_Match='"2"')
    await faculty.lecturer.delete(path, If_Match='"3"')
    cancelled = await anna.get(path)
    assert cancelled == {**changed, "revision": 3, "cancelledAt": cancelled["cancelledAt"]}
    assert cancelled["cancelledAt"] is not None
    problem = await faculty.lecturer.put(path, EXAM, 409, If_Match='"3"')
    assert problem["detail"] == "The exam is cancelled, and people may have been told so already; plan a new one."
    (candidate,) = (await faculty.lecturer.get(f"{path}/registrations"))["items"]
    assert (candidate["name"], candidate["state"]) == ("Anna", "deregistered")
    of = {"exam_id": made["id"], "run_id": run["id"], "programme_id": faculty.programme["id"]}
    assert await told(world, before) == [
        ("exam_planned", {**of, "revision": 1}),
        ("exam_planned", {**of, "exam_id": earlier["id"], "revision": 1}),
        ("exam_changed", {**of, "revision": 2}),
        ("exam_registered", {"person_id": anna.id, **of}),
        ("exam_cancelled", {**of, "revision": 3}),
    ]


async def test_times_that_no_clock_shows_and_deadlines_after_the_beginning_are_refused(world: World) -> None:
    faculty = await Faculty.of(world)
    run, _ = await a_seat(faculty)
    refused = {
        "ends": {"ends": "2099-02-10T09:00:00"},
        "starts": {"starts": "2027-03-28T02:30:00", "ends": "2027-03-28T05:00:00"},
        "registerBy": {"registerBy": "2099-02-10T09:00:01"},
        "deregisterBy": {"deregisterBy": "2027-03-28T02:30:00"},
        "zone": {"zone": "Europe/Freiburg"},
    }
    for field, wrong in refused.items():
        problem = await faculty.lecturer.post(f"/runs/{run['id']}/exams", {**EXAM, **wrong}, 400)
        assert [error["where"] for error in problem["errors"]] == [f"body.{field}"], wrong
    on_the_dot = {"registerBy": EXAM["starts"], "deregisterBy": EXAM["starts"]}
    await faculty.lecturer.post(f"/runs/{run['id']}/exams", {**EXAM, **on_the_dot})


async def test_one_registers_until_the_deadline_in_the_zone_of_the_exam(world: World) -> None:
    faculty = await Faculty.of(world)
    run, anna = await a_seat(faculty)
    exam = await faculty.exam(run)
    with at("2099-01-20T22:59:00.000001Z"):
        problem = await anna.put(f"{exam}/registration", None, 409)
        assert problem["detail"] == "Registering was possible until 2099-01-20 23:59 (Europe/Berlin)."
    with at("2099-01-20T22:59:00Z"):
        made = await anna.put(f"{exam}/registration")
    assert made == {
        "examId": exam.rpartition("/")[2], "personId": anna.id, "programmeId": faculty.programme["id"],
        "state": "registered", "since": "2099-01-20T22:59:00Z", "attempt": 1, "attemptsLeft": None,
    }  # fmt: skip
    with at("2099-02-03T22:59:01Z"):
        assert await anna.put(f"{exam}/registration") == made  # she has it already
        problem = await anna.delete(f"{exam}/registration", 409)
        until = "2099-02-03 23:59 (Europe/Berlin); ask the examination office."
        assert problem["detail"] == f"Taking the registration back was possible until {until}"
    with at("2099-02-03T22:59:00Z"):
        await anna.delete(f"{exam}/registration")
        await anna.delete(f"{exam}/registration")
        await anna.put(f"{exam}/registration", None, 409)
        # those who manage the exam are not bound by deadlines
        await faculty.examiner.put(f"{exam}/registrations/{anna.id}")
    with at("2099-03-01T00:00:00Z"):
        await faculty.examiner.delete(f"{exam}/registrations/{anna.id}")
    of = {"person_id": anna.id, "exam_id": made["examId"], "run_id": run["id"], "programme_id": made["programmeId"]}
    assert (await told(world))[-4:] == [
        ("exam_registered", of), ("exam_deregistered", of), ("exam_registered", of), ("exam_deregistered", of),
    ]  # fmt: skip


async def test_only_who_has_a_seat_registers(world: World) -> None:
    faculty = await Faculty.of(world)
    run, anna = await a_seat(faculty)
    exam = await faculty.exam(run)
    bea, waiting = await world.student("Bea", faculty.programme), await world.student("Wanda", faculty.programme)
    await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 1}, If_Match='"1"')
    await waiting.put(f"/runs/{run['id']}/enrolment", {})
    for person in (bea, waiting):
        await person.put(f"{exam}/registration", None, 403)
        problem = await faculty.examiner.put(f"{exam}/registrations/{person.id}", None, 409)
        assert problem["detail"].endswith("enrol in the run first.")
    await anna.put(f"{exam}/registration")
    shown = (await faculty.examiner.get(f"{exam}/registrations"))["items"]
    assert [row["name"] for row in shown] == ["Anna"]


async def test_nobody_is_registered_twice(world: World) -> None:
    """Neither for one exam, nor for two dates of one module, however many requests come at once."""
    faculty = await Faculty.of(world)
    run, anna = await a_seat(faculty)
    again = await world.run(faculty.programme, {"id": run["moduleId"]})
    await anna.put(f"/runs/{again['id']}/enrolment", {})
    exams = [await faculty.exam(run), await faculty.exam(run), await faculty.exam(again)]
    answers = await asyncio.gather(*(anna.call("PUT", f"{exam}/registration") for exam in exams for _ in range(4)))
    taken = {str(answer.url).removesuffix("/registration")[-36:] for answer in answers if answer.status_code == 200}
    assert len(taken) == 1
    assert {answer.status_code for answer in answers} == {200, 409}
    assert [name for name, _ in await told(world)].count("exam_registered") == 1
    (other,) = [exam for exam in exams if exam[-36:] not in taken][:1]
    problem = await anna.put(f"{other}/registration", None, 409)
    assert problem["detail"] == "There is a registration for another exam of this module; take that one back first."


async def test_attempts_follow_the_person_across_runs_and_programmes(world: World) -> None:
    owner, adopter = await Faculty.of(world), await Faculty.of(world, "other", attempts=2)
    run, _ = await a_seat(owner)
    await world.admin.put(f"/programmes/{adopter.programme['id']}/adoptions/{run['moduleId']}", None, 204)
    carla = await world.student("Carla", owner.programme)
    await carla.put(f"/runs/{run['id']}/enrolment", {})
    await owner.attempt(run, carla, mark="5.0")
    # she goes on in the programme that adopted the module, whose regulation allows two attempts
    await world.admin.delete(f"/programmes/{owner.programme['id']}/enrolments/{carla.id}")
    await world.admin.post(f"/programmes/{adopter.programme['id']}/enrolments", {"email": carla.email})
    again = await world.run(owner.programme, {"id": run["moduleId"]})
    await carla.put(f"/runs/{again['id']}/enrolment", {})
    excused = await owner.exam(again)
    made = await carla.put(f"{excused}/registration")
    assert (made["programmeId"], made["attempt"], made["attemptsLeft"]) == (adopter.programme["id"], 2, 0)
    await owner.result(excused, carla, outcome="excused")
    await owner.attempt(again, carla, outcome="unexcused")
    problem = await carla.put(f"{await owner.exam(again)}/registration", None, 409)
    assert problem["detail"] == "No attempt is left: the regulation allows 2, and all are used."
    dora = await world.student("Dora", adopter.programme)  # of whom nothing of this counts
    await dora.put(f"/runs/{again['id']}/enrolment", {})
    assert (await dora.put(f"{await owner.exam(again)}/registration"))["attemptsLeft"] == 1


async def test_a_repeat_has_to_come_in_time(world: World) -> None:
    faculty = await Faculty.of(world, attempts=3, repeatWithinTerms=1)
    run, anna = await a_seat(faculty)
    await faculty.attempt(run, anna, mark="5.0")

    async def exam_in(season: str, year: int) -> str:
        new = {"termId": await faculty.term(season, year), "capacity": 9}
        later = await world.admin.post(f"/modules/{run['moduleId']}/runs", new)
        await anna.put(f"/runs/{later['id']}/enrolment", {})
        return await faculty.exam(later)

    too_late, in_time = await exam_in("winter", 2027), await exam_in("summer", 2027)
    problem = await anna.put(f"{too_late}/registration", None, 409)
    assert problem["detail"] == "The repeat was possible until the summer term 2027; ask the examination board."
    assert (await anna.put(f"{in_time}/registration"))["attempt"] == 2


async def test_limits_that_cannot_be_understood_stop_registering_and_nothing_else(world: World) -> None:
    faculty = await Faculty.of(world, attempts="three")
    run, anna = await a_seat(faculty)
    problem = await anna.put(f"{await faculty.exam(run)}/registration", None, 409)
    assert problem["detail"].startswith("The regulation's limits cannot be understood, so nothing was decided:")


async def test_the_number_of_statements_of_registering_is_known(world: World) -> None:
    faculty = await Faculty.of(world)
    run, anna = await a_seat(faculty)
    exam = await faculty.exam(run)
    await anna.get(f"/runs/{run['id']}/exams")  # signs in, in this process's memory
    counts = {}
    for name, act in (
        ("list", lambda: anna.get(f"/runs/{run['id']}/exams")),
        ("register", lambda: anna.put(f"{exam}/registration")),
        ("again", lambda: anna.put(f"{exam}/registration")),
        ("deregister", lambda: anna.delete(f"{exam}/registration")),
    ):
        with statements(world.database) as seen:
            await act()
        counts[name] = len(seen)
    assert counts == {"list": 1, "register": 6, "again": 3, "deregister": 4}


async def test_exams_stand_in_the_calendars_of_who_is_registered_and_who_teaches(world: World) -> None:
    faculty = await Faculty.of(world)
    run = await world.run(faculty.programme, await world.module(faculty.programme, [READING]))
    anna, bea = [await world.student(name, faculty.programme) for name in ("Anna", "Bea")]
    teacher = await world.person("Theo")
    grant = {"role": "lecturer", "scope": "run", "scopeId": run["id"]}
    await world.admin.post(f"/persons/{teacher.id}/grants", grant)
    await world.admin.patch(f"/persons/{teacher.id}", {"language": "de"}, If_Match='"1"')
    feeds = {}
    for person in (anna, bea, teacher, faculty.lecturer):
        feeds[person] = (await person.post("/me/calendar-feeds", {"name": "Phone"}))["url"]
    year = datetime.now(UTC).year + 1
    plan = {
        "starts": f"{year}-02-10T09:00:00", "ends": f"{year}-02-10T11:00:00", "registerBy": f"{year}-01-20T23:59:00",
        "deregisterBy": f"{year}-02-03T23:59:00",
    }  # fmt: skip
    exam = await faculty.exam(run, **plan)
    oral = await faculty.exam(run, **plan, title="Oral", kind="oral")
    for person in (anna, bea):
        await person.put(f"/runs/{run['id']}/enrolment", {})
        await person.put(f"{exam}/registration")
    await bea.delete(f"{exam}/registration")

    async def shown(person: Actor) -> list[tuple[str, str, str, int]]:
        entries = read((await world.http.get(feeds[person])).content).values()
        return sorted((e["title"], e["description"], e["status"], e["sequence"]) for e in entries)

    mine = ("Mems: Written exam", "Written exam", "CONFIRMED", 1)
    theirs = [("Mems: Oral", "Mündliche Prüfung"), ("Mems: Written exam", "Schriftliche Prüfung")]
    assert [await shown(person) for person in feeds] == [[mine], [], [(*one, "CONFIRMED", 1) for one in theirs], []]
    with statements(world.database) as seen:
        ((_, entry),) = read((await world.http.get(feeds[anna])).content).items()
    moment = datetime.fromisoformat(f"{year}-02-10T08:00:00Z")
    assert (entry["starts"], entry["ends"] - moment, entry["zone"], entry["place"]) == (
        moment, timedelta(hours=2), "Europe/Berlin", "Hall 1",
    )  # fmt: skip
    assert len(seen) == 5

    await faculty.lecturer.delete(exam, If_Match='"1"')
    await faculty.lecturer.delete(oral, If_Match='"1"')
    cancelled = ("Mems: Written exam", "Written exam", "CANCELLED", 2)
    assert [await shown(person) for person in feeds] == [
        [cancelled],
        [],
        [(*one, "CANCELLED", 2) for one in theirs],
        [],
    ]
