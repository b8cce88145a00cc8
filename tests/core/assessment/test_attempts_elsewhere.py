"""Attempts follow the person: failures at another university count here, by a decision on evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.exams import READING, Faculty

if TYPE_CHECKING:
    from tests.support.world import World


async def test_failures_elsewhere_use_up_attempts_here(world: World) -> None:
    faculty = await Faculty.of(world, attempts=2)
    run = await world.run(faculty.programme, await world.module(faculty.programme, [READING]))
    anna, stranger = [await world.student(name, faculty.programme) for name in ("Anna", "Stranger")]
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    path = f"/modules/{run['moduleId']}/attempts-elsewhere"
    one, two = [{"failures": number, "evidence": "Letter of the other university"} for number in (1, 2)]
    problem = await faculty.examiner.get(f"{path}/{anna.id}", 404)
    assert (
        problem["detail"] == 'Nothing of hers counts from elsewhere; the first decision is made with `If-Match: "0"`.'
    )
    await faculty.lecturer.put(f"{path}/{anna.id}", two, 403, If_Match='"0"')
    await faculty.examiner.put(f"{path}/{stranger.id}", two, 404, If_Match='"0"')
    decided = await faculty.examiner.put(f"{path}/{anna.id}", two, If_Match='"0"')
    assert decided == {
        **two, "personId": anna.id, "moduleId": run["moduleId"], "decidedBy": faculty.examiner.id,
        "decidedAt": decided["decidedAt"], "revision": 1,
    }  # fmt: skip
    exam = await faculty.exam(run)
    problem = await anna.put(f"{exam}/registration", None, 409)
    assert problem["detail"] == "No attempt is left: the regulation allows 2, and all are used."
    await faculty.examiner.put(f"{path}/{anna.id}", one, 412, If_Match='"0"')
    await faculty.examiner.put(f"{path}/{anna.id}", one, If_Match='"1"')
    for _ in range(2):
        registered = await anna.put(f"{exam}/registration")
        assert (registered["attempt"], registered["attemptsLeft"]) == (2, 0)
