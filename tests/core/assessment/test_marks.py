"""Results: each is kept with who, when and why; ECTS are booked on a passed exam, once, and taken back by a decision."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from lms_core.progress.tables import credit
from tests.support.exams import AFTER, READING, Faculty, at, told
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World


class Sitting:
    """A candidate who is registered for an exam."""

    def __init__(self, faculty: Faculty, run: dict[str, Any], exam: str, anna: Actor) -> None:
        self.faculty, self.run, self.exam, self.anna = faculty, run, exam, anna
        self.marks = f"{exam}/marks/{anna.id}"

    async def trail(self) -> list[tuple[Any, ...]]:
        found = await self.faculty.examiner.get(self.marks)
        return [(m["number"], m["mark"], m["outcome"], m["reason"], m["recordedBy"]) for m in found["marks"]]


@pytest.fixture
async def sitting(world: World) -> Sitting:
    faculty = await Faculty.of(world, attempts=3)
    run = await world.run(faculty.programme, await world.module(faculty.programme, [READING]))
    exam = await faculty.exam(run)
    anna = await world.student("Anna", faculty.programme)
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    await anna.put(f"{exam}/registration")
    return Sitting(faculty, run, exam, anna)


async def test_a_mark_and_its_corrections_are_all_kept(world: World, sitting: Sitting) -> None:
    faculty, anna, before = sitting.faculty, sitting.anna, len(await told(world))
    with at(AFTER):
        recorded = await faculty.lecturer.put(sitting.marks, {"mark": "2.7"}, If_Match='"0"')
    (first,) = recorded["marks"]
    assert recorded == {
        "examId": sitting.exam[-36:], "personId": anna.id, "state": "passed",
        "marks": [{
            "number": 1, "mark": "2.7", "outcome": "passed", "reason": "", "recordedBy": faculty.lecturer.id,
            "recordedAt": first["recordedAt"],
        }],
    }  # fmt: skip
    problem = await faculty.result(sitting.exam, anna, 422, 1, mark="2.3")
    assert problem["errors"] == [{"where": "body.reason", "reason": "is required"}]
    await faculty.result(sitting.exam, anna, 412, 0, mark="2.3", reason="Question 3 was counted wrong")
    await faculty.result(sitting.exam, anna, 200, 1, mark="2.0", reason="Question 3 was counted wrong")
    corrected = await faculty.result(sitting.exam, anna, 200, 2, mark="5.0", reason="Deceived: cast out")
    assert corrected["marks"][0] == first  # nothing is overwritten
    assert await sitting.trail() == [
        (1, "2.7", "passed", "", faculty.lecturer.id),
        (2, "2.0", "passed", "Question 3 was counted wrong", faculty.examiner.id),
        (3, "5.0", "failed", "Deceived: cast out", faculty.examiner.id),
    ]
    of = {
        "person_id": anna.id, "exam_id": sitting.exam[-36:], "run_id": sitting.run["id"],
        "programme_id": faculty.programme["id"],
    }  # fmt: skip
    assert await told(world, before) == [("mark_recorded", of)] * 3  # not which, nor why
    (row,) = (await faculty.examiner.get(f"{sitting.exam}/registrations"))["items"]
    assert (row["state"], row["mark"], row["revision"]) == ("failed", "5.0", 3)


async def test_two_who_record_at_once_do_not_overwrite_each_other(sitting: Sitting) -> None:
    people = (sitting.faculty.examiner, sitting.faculty.lecturer)
    with at(AFTER):
        answers = await asyncio.gather(
            *(person.call("PUT", sitting.marks, {"mark": "1.0"}, If_Match='"0"') for person in people * 3)
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
    assert len(await sitting.trail()) == 1


async def test_nobody_has_a_result_before_the_exam_begins(sitting: Sitting) -> None:
    faculty, anna = sitting.faculty, sitting.anna
    early = "The exam begins at 2099-02-10 09:00 (Europe/Berlin); before, nobody has a result but who is excused."
    with at("2099-02-10T07:59:59Z"):
        for result in ({"mark": "1.0"}, {"outcome": "passed"}, {"outcome": "unexcused"}):
            problem = await faculty.lecturer.put(sitting.marks, result, 409, If_Match='"0"')
            assert problem["detail"] == early
    assert await sitting.trail() == []
    with at("2099-02-10T08:00:00Z"):
        await faculty.lecturer.put(sitting.marks, {"mark": "5.0"}, If_Match='"0"')
    with at("2099-02-01T08:00:00Z"):  # who is ill weeks before need not wait, and a paper is marked when it is there
        second = await faculty.exam(sitting.run)
        await faculty.examiner.put(f"{second}/registrations/{anna.id}")
        await faculty.lecturer.put(f"{second}/marks/{anna.id}", {"outcome": "excused"}, If_Match='"0"')
        paper = await faculty.exam(sitting.run, kind="paper")
        await faculty.examiner.put(f"{paper}/registrations/{anna.id}")
        await faculty.lecturer.put(f"{paper}/marks/{anna.id}", {"mark": "1.0"}, If_Match='"0"')


async def test_only_marks_of_the_regulation_exist(world: World, sitting: Sitting) -> None:
    problem = await sitting.faculty.result(sitting.exam, sitting.anna, 422, mark="1.5")
    scale = "1.0, 1.3, 1.7, 2.0, 2.3, 2.7, 3.0, 3.3, 3.7, 4.0, 5.0"
    assert problem["errors"] == [{"where": "body.mark", "reason": f"must be one of {scale}"}]
    swiss = await Faculty.of(world, "eth", marks={"passed": ["4", "5", "6"], "failed": ["1", "2", "3"]})
    run = await world.run(swiss.programme, await world.module(swiss.programme, [READING]))
    bea = await world.student("Bea", swiss.programme)
    await bea.put(f"/runs/{run['id']}/enrolment", {})
    exam = await swiss.exam(run)
    await bea.put(f"{exam}/registration")
    assert (await swiss.result(exam, bea, mark="6"))["marks"][0]["mark"] == "6.0"
    for wrong in ({}, {"mark": "1.0", "outcome": "passed"}):
        problem = await sitting.faculty.result(sitting.exam, sitting.anna, 400, **wrong)
        assert [error["where"] for error in problem["errors"]] == ["body.mark"]
    assert await sitting.trail() == []


async def test_marks_are_given_to_those_who_are_registered(world: World, sitting: Sitting) -> None:
    faculty = sitting.faculty
    bea = await world.student("Bea", faculty.programme)
    await bea.put(f"/runs/{sitting.run['id']}/enrolment", {})
    await faculty.result(sitting.exam, bea, 404, mark="1.0")
    await sitting.anna.delete(f"{sitting.exam}/registration")
    problem = await faculty.result(sitting.exam, sitting.anna, 409, mark="1.0")
    assert problem["detail"] == "She is not registered for this exam any more; register her first."
    await sitting.anna.put(f"{sitting.exam}/registration")
    await faculty.result(sitting.exam, sitting.anna, outcome="passed")
    for status, act in (
        (409, sitting.anna.delete(f"{sitting.exam}/registration", 409)),
        (409, sitting.anna.put(f"{sitting.exam}/registration", None, 409)),
        (409, faculty.examiner.delete(f"{sitting.exam}/registrations/{sitting.anna.id}", 409)),
        (403, sitting.anna.get(sitting.marks, 403)),
        (403, sitting.anna.put(sitting.marks, {"mark": "1.0"}, 403, If_Match='"1"')),
    ):
        assert (await act)["status"] == status


async def test_ects_are_booked_once_on_a_passed_exam_and_taken_back_by_a_decision(
    world: World, sitting: Sitting
) -> None:
    faculty, anna = sitting.faculty, sitting.anna
    booking, reversal = f"{sitting.marks}/credit", f"/runs/{sitting.run['id']}/participants/{anna.id}/credit/reversal"
    problem = await faculty.examiner.post(booking, {"evidence": "list 7"}, 409)
    assert problem["detail"] == "The exam is not passed; ECTS are booked whole, on passing."
    await faculty.result(sitting.exam, anna, mark="4.0")
    before = len(await told(world))
    await faculty.lecturer.post(booking, {"evidence": "list 7"}, 403)
    answers = await asyncio.gather(*(faculty.examiner.call("POST", booking, {"evidence": "list 7"}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    (booked,) = (answer.json() for answer in answers if answer.status_code == 201)
    assert (booked["ects"], booked["authority"], booked["source"]) == (
        "5", faculty.examiner.id, f"module:{sitting.run['moduleId']}",
    )  # fmt: skip
    assert await ects_of(anna) == "5"

    problem = await faculty.result(sitting.exam, anna, 409, 1, mark="5.0", reason="Recounted")
    assert problem["detail"] == "ECTS are booked on this result; take them back by a decision before it changes."
    await faculty.result(sitting.exam, anna, 200, 1, mark="3.7", reason="Recounted")  # passed as before
    await faculty.lecturer.post(reversal, {"evidence": "minutes 12"}, 403)
    back = await faculty.examiner.post(reversal, {"evidence": "minutes 12"})
    assert (back["ects"], back["source"], back["evidence"]) == ("-5", f"reversal:{booked['id']}", "minutes 12")
    await faculty.examiner.post(reversal, {"evidence": "minutes 12"}, 404)
    assert await ects_of(anna) == "0"
    await faculty.result(sitting.exam, anna, 200, 2, mark="5.0", reason="Recounted")
    await faculty.attempt(sitting.run, anna, mark="1.3")
    path = f"/runs/{sitting.run['id']}/exams"
    (_, second) = (await anna.get(path))["items"]
    again = await faculty.examiner.post(f"{path}/{second['id']}/marks/{anna.id}/credit", {"evidence": "list 9"})
    assert await ects_of(anna) == "5"

    async with world.database.read() as connection:
        rows = (await connection.execute(select(credit).order_by(credit.c.booked_at))).all()
    assert [(str(row.id), str(row.ects), row.reversed, str(row.reverses)) for row in rows] == [
        (booked["id"], "5", True, "None"), (back["id"], "-5", False, booked["id"]), (again["id"], "5", False, "None"),
    ]  # fmt: skip
    overview = await world.admin.get(f"/programmes/{faculty.programme['id']}/overview")
    assert overview["ectsBooked"] == "5"
    of = {"person_id": anna.id, "programme_id": faculty.programme["id"]}
    names = ("credit_booked", "credit_reversed")
    assert [event for event in await told(world, before) if event[0] in names] == [
        ("credit_booked", {**of, "credit_id": booked["id"]}),
        ("credit_reversed", {**of, "credit_id": back["id"]}),
        ("credit_booked", {**of, "credit_id": again["id"]}),
    ]


async def ects_of(person: Actor) -> str:
    (total,) = (await person.get("/me/dashboard"))["totals"]
    return str(total["ectsEarned"])


async def test_a_module_is_passed_once(sitting: Sitting) -> None:
    """Also where an objection turns a failed exam into a passed one, while another is open or passed."""
    faculty, anna = sitting.faculty, sitting.anna
    await faculty.result(sitting.exam, anna, mark="5.0")
    second = await faculty.exam(sitting.run)
    await anna.put(f"{second}/registration")
    appeal = {"mark": "4.0", "reason": "Objection upheld"}
    problem = await faculty.result(sitting.exam, anna, 409, 1, **appeal)
    assert problem["detail"].startswith("She is registered for another exam of this module;")
    await faculty.examiner.delete(f"{second}/registrations/{anna.id}")
    await faculty.result(sitting.exam, anna, 200, 1, **appeal)
    problem = await anna.put(f"{second}/registration", None, 409)
    assert problem["detail"] == "The module is passed; what is passed is not repeated."
    await faculty.result(sitting.exam, anna, 200, 2, outcome="excused", reason="It was another candidate's paper")
    await anna.put(f"{second}/registration")
    await faculty.result(second, anna, mark="1.0")
    problem = await faculty.result(sitting.exam, anna, 409, 3, **appeal)
    assert problem["detail"] == "She has passed another exam of this module; a module is passed once."


async def test_what_is_credited_already_is_not_examined(sitting: Sitting) -> None:
    faculty, anna, run = sitting.faculty, sitting.anna, sitting.run
    await anna.delete(f"{sitting.exam}/registration")
    done = {"id": "01999999-0000-7000-8000-000000000001", "at": "2026-11-02T12:00:00Z", "completed": True}
    await anna.post(f"/runs/{run['id']}/units/intro/progress", done, 200)
    await faculty.examiner.post(f"/runs/{run['id']}/participants/{anna.id}/credit", {"evidence": "recognised"})
    problem = await anna.put(f"{sitting.exam}/registration", None, 409)
    assert problem["detail"] == "The ECTS of this module are booked already; nothing is left to be examined."


async def test_the_number_of_statements_of_marks_is_known(world: World, sitting: Sitting) -> None:
    faculty, anna = sitting.faculty, sitting.anna
    await faculty.examiner.get(sitting.marks)  # signs in, in this process's memory
    counts = {}
    for name, act in (
        ("candidates", lambda: faculty.examiner.get(f"{sitting.exam}/registrations")),
        ("read", lambda: faculty.examiner.get(sitting.marks)),
        ("fail", lambda: faculty.result(sitting.exam, anna, mark="5.0")),
        ("pass", lambda: faculty.result(sitting.exam, anna, known=1, mark="1.0", reason="Recounted")),
        ("book", lambda: faculty.examiner.post(f"{sitting.marks}/credit", {"evidence": "list 7"})),
    ):
        with statements(world.database) as seen:
            await act()
        counts[name] = len(seen)
    assert counts == {"candidates": 2, "read": 2, "fail": 6, "pass": 7, "book": 4}  # of recording, two read the answer
