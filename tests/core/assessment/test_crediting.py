"""ECTS of a completed run are booked on passing, by who may, with one event; whoever is still examined waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lms_core.assessment.tables import exam as exam_table
from tests.support.exams import READING, Faculty, told

if TYPE_CHECKING:
    from tests.support.world import Actor, World

DONE = {"id": "01999999-0000-7000-8000-000000000001", "at": "2026-11-02T12:00:00Z", "completed": True}


async def finished(world: World, faculty: Faculty) -> tuple[dict[str, Any], Actor, str]:
    """Let a student complete a run; return it, her, and the address at which its ECTS are booked for her."""
    run = await world.run(faculty.programme, await world.module(faculty.programme, [READING]))
    anna = await world.student("Anna", faculty.programme)
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    await anna.post(f"/runs/{run['id']}/units/intro/progress", DONE, 200)
    return run, anna, f"/runs/{run['id']}/participants/{anna.id}/credit"


async def test_one_booking_is_one_event(world: World) -> None:
    faculty = await Faculty.of(world)
    _, anna, booking = await finished(world, faculty)
    before = len(await told(world))
    await faculty.lecturer.post(booking, {"evidence": "list 7"}, 403)
    problem = await faculty.examiner.post(booking, {"evidence": ""}, 400)
    assert [error["where"] for error in problem["errors"]] == ["body.evidence"]
    once = {"Idempotency_Key": "book-anna"}
    booked = await faculty.examiner.post(booking, {"evidence": "list 7"}, **once)
    assert await faculty.examiner.post(booking, {"evidence": "list 7"}, **once) == booked
    await faculty.examiner.post(booking, {"evidence": "list 7"}, 409)
    of = {"person_id": anna.id, "credit_id": booked["id"], "programme_id": faculty.programme["id"]}
    assert await told(world, before) == [("credit_booked", of)]


async def test_who_is_still_examined_or_has_failed_has_no_ects_by_completing(world: World) -> None:
    faculty = await Faculty.of(world)
    run, anna, booking = await finished(world, faculty)
    exam = await faculty.exam(run)
    await anna.put(f"{exam}/registration")
    problem = await faculty.examiner.post(booking, {"evidence": "list 7"}, 409)
    assert problem["detail"] == "Her exam of this module is yet to come; ECTS are booked whole, on passing."
    await faculty.result(exam, anna, mark="5.0")
    problem = await faculty.examiner.post(booking, {"evidence": "list 7"}, 409)
    assert problem["detail"] == "Her exam of this module is failed; ECTS are booked whole, on passing."
    await faculty.result(exam, anna, known=1, mark="4.0", reason="Objection upheld")
    assert (await faculty.examiner.post(booking, {"evidence": "list 7"}))["ects"] == "5"


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_an_exam_that_is_cancelled_while_she_registers(world: World) -> None:
    faculty = await Faculty.of(world)
    run, anna, _ = await finished(world, faculty)
    exam = await faculty.exam(run)
    async with world.database.write() as connection:
        held = select(exam_table).where(exam_table.c.id == UUID(exam[-36:])).with_for_update()
        await connection.execute(held)
        registering = asyncio.create_task(anna.call("PUT", f"{exam}/registration"))
        await asyncio.wait([registering], timeout=0.3)
        assert not registering.done()
        await connection.execute(exam_table.update().values(cancelled_at=exam_table.c.starts))
    answer = await registering
    assert (answer.status_code, answer.json()["detail"]) == (409, "This exam is cancelled; register for another one.")
