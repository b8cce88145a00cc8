"""Progress: recorded once, joined from events in any order, never lost, and what people see of it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from lms_core.outbox.tables import outbox
from lms_core.progress.tables import progress_event
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

UNITS = [
    {"key": "intro", "kind": "reading", "title": "Introduction"},
    {"key": "film", "kind": "video", "title": "Film"},
    {"key": "extra", "kind": "file", "title": "Extra", "required": False},
    {"key": "quiz", "kind": "quiz", "title": "Quiz", "maxScore": "10", "required": False},
]
UNWATCHED: dict[str, Any] = {"watched": [], "watchedSeconds": 0}
NOON = "2026-11-02T12:00:00Z"


class Study:
    """A student in a run, and shortcuts for what she does there."""

    def __init__(self, world: World, programme: dict[str, Any], run: dict[str, Any], student: Actor) -> None:
        self.world, self.programme, self.run, self.student = world, programme, run, student
        self.path = f"/runs/{run['id']}"

    async def record(self, unit: str, status: int = 200, **event: Any) -> Any:
        event = {"id": str(uuid4()), "at": NOON, **event}
        return await self.student.post(f"{self.path}/units/{unit}/progress", event, status)


@pytest.fixture
async def study(world: World) -> Study:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, UNITS), 50)
    student = await world.student("Anna", programme)
    await student.put(f"/runs/{run['id']}/enrolment", {})
    return Study(world, programme, run, student)


async def events_kept(world: World) -> int:
    async with world.database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(progress_event)) or 0


async def test_the_same_event_counts_once(study: Study) -> None:
    event = {"id": str(uuid4()), "completed": True}
    unit = {"unitKey": "intro", "completedAt": NOON, "score": None, "position": None, **UNWATCHED}
    assert await study.record("intro", **event) == {"new": True, "runCompleted": False, "unit": unit}
    assert await study.record("intro", **event) == {"new": False, "runCompleted": False, "unit": unit}
    assert await events_kept(study.world) == 1
    problem = await study.record("film", 409, **event)
    assert problem["detail"] == "This id belongs to another event; every event needs an id of its own."


async def test_events_join_to_one_state_in_whatever_order_they_arrive(study: Study) -> None:
    events = [
        {"id": str(uuid4()), "at": "2026-11-02T12:00:00Z", "position": 300},
        {"id": str(uuid4()), "at": "2026-11-02T12:05:00Z", "position": 120},
        {"id": str(uuid4()), "at": "2026-11-02T12:04:00Z", "completed": True},
        {"id": str(uuid4()), "at": "2026-11-02T12:09:00Z", "completed": True},
    ]
    expected = {"unitKey": "film", "completedAt": "2026-11-02T12:04:00Z", "score": None, "position": 120, **UNWATCHED}
    for number, order in enumerate(permutations(events)):
        student = await study.world.student(f"Student {number}", study.programme)
        await student.put(f"{study.path}/enrolment", {})
        for event in (*order, order[0]):
            own = {**event, "id": str(UUID(int=UUID(event["id"]).int ^ (number << 64)))}
            answer = await student.post(f"{study.path}/units/film/progress", own, 200)
        assert answer["unit"] == expected, order


async def test_a_run_is_completed_with_its_last_required_unit_and_credited_once(study: Study) -> None:
    examiner = await study.world.person("Eva Examiner", "examiner", study.programme)
    booking = f"{study.path}/participants/{study.student.id}/credit"
    await study.record("intro", completed=True)
    problem = await examiner.post(booking, {"evidence": "protocol 7"}, 409)
    assert problem["detail"].startswith("The participant has not completed the run")
    assert (await study.record("film", completed=True))["runCompleted"] is True

    dashboard = await study.student.get("/me/dashboard")
    row = {
        "runId": study.run["id"], "programmeId": study.programme["id"], "title": "Mems", "state": "completed",
        "percent": 100, "ects": "5", "credited": False,
    }  # fmt: skip
    total = {
        "programmeId": study.programme["id"], "ectsTotal": "90", "ectsEarned": "0", "ectsInProgress": "5",
        "ectsOpen": "85",
    }  # fmt: skip
    nothing_more: dict[str, list[str]] = {"pending": [], "degraded": []}
    assert dashboard == {"runs": [row], "totals": [total], **nothing_more}

    credit = await examiner.post(booking, {"evidence": "protocol 7"})
    assert (credit["ects"], credit["authority"], credit["evidence"]) == ("5", examiner.id, "protocol 7")
    await examiner.post(booking, {"evidence": "protocol 7"}, 409)
    await study.student.post(booking, {"evidence": "I did it"}, 403)
    total |= {"ectsEarned": "5", "ectsInProgress": "0"}
    credited = {"runs": [{**row, "credited": True}], "totals": [total], **nothing_more}
    assert await study.student.get("/me/dashboard") == credited

    async with study.world.database.read() as connection:
        names = (await connection.execute(select(outbox.c.name).order_by(outbox.c.id))).scalars().all()
    assert names == ["enrolment_created", "module_completed", "credit_booked"]


async def test_the_outline_shows_my_state_and_the_lecturer_none(study: Study) -> None:
    await study.record("film", position=42)
    await study.record("intro", completed=True)
    outline = await study.student.get(f"{study.path}/outline")
    assert (outline["title"], outline["ects"], outline["version"], outline["percent"]) == ("Mems", "5", 1, 50)
    shown = [(u["key"], u["required"], u["completedAt"], u["position"], u["maxScore"]) for u in outline["units"]]
    assert shown == [
        ("intro", True, NOON, None, None),
        ("film", True, None, 42, None),
        ("extra", False, None, None, None),
        ("quiz", False, None, None, "10"),
    ]
    lecturer = await study.world.person("Lea", "lecturer", study.programme)
    seen = await lecturer.get(f"{study.path}/outline")
    assert (seen["state"], [u["completedAt"] for u in seen["units"]]) == (None, [None] * 4)
    people = await lecturer.get(f"{study.path}/participants")
    assert [(p["name"], p["state"], p["percent"]) for p in people["items"]] == [("Anna", "enrolled", 50)]


async def test_results_come_from_those_who_assess(study: Study) -> None:
    problem = await study.record("quiz", 422, score="9")
    reason = "a unit of kind quiz is recorded by those who assess it"
    assert problem["errors"] == [{"where": "path.unit_key", "reason": reason}]
    lecturer = await study.world.person("Lea", "lecturer", study.programme)
    path = f"{study.path}/participants/{study.student.id}/units/quiz/progress"
    for score in ("7.5", "6"):
        event = {"id": str(uuid4()), "at": NOON, "score": score, "completed": True}
        answer = await lecturer.post(path, event, 200)
    assert answer["unit"]["score"] == "7.5"  # the best one counts
    problem = await lecturer.post(path, {"id": str(uuid4()), "at": NOON, "score": "10.01"}, 422)
    assert problem["errors"] == [{"where": "body.score", "reason": "this unit has at most 10"}]
    await study.student.post(path, {"id": str(uuid4()), "at": NOON, "score": "10"}, 403)


async def test_only_who_is_enrolled_records(study: Study) -> None:
    other = await study.world.student("Bea", study.programme)
    event = {"id": str(uuid4()), "at": NOON, "completed": True}
    await other.post(f"{study.path}/units/intro/progress", event, 403)
    await study.record("missing", 404, completed=True)
    await study.student.delete(f"{study.path}/enrolment")
    await study.record("intro", 403, completed=True)
    assert await events_kept(study.world) == 0
    assert (await study.student.get("/me/dashboard"))["runs"] == []


async def test_the_number_of_statements_is_known(study: Study) -> None:
    database, student = study.world.database, study.student
    await student.get("/me/dashboard")  # signs in, in this process's memory
    with statements(database) as outline:
        await student.get(f"{study.path}/outline")
    with statements(database) as dashboard:
        await student.get("/me/dashboard")
    with statements(database) as recorded:
        await study.record("intro", completed=True)
    with statements(database) as positioned:
        await study.record("film", position=5)
    with statements(database) as completing:
        assert (await study.record("film", completed=True))["runCompleted"] is True
    counts = [len(seen) for seen in (outline, dashboard, recorded, positioned, completing)]
    assert counts == [1, 2, 3, 3, 6], (outline, dashboard, recorded, positioned, completing)


async def test_the_figures_of_a_programme(study: Study) -> None:
    await study.record("intro", completed=True)
    await study.record("film", completed=True)
    examiner = await study.world.person("Eva Examiner", "examiner", study.programme)
    await examiner.post(f"{study.path}/participants/{study.student.id}/credit", {"evidence": "protocol 7"})
    elsewhere = await study.world.programme("other")
    await study.world.run(elsewhere, await study.world.module(elsewhere, UNITS), 99)
    assert await study.world.admin.get(f"/programmes/{study.programme['id']}/overview") == {
        "programmeId": study.programme["id"], "students": 1, "modules": 1, "runs": 1, "seats": 50, "seatsTaken": 1,
        "waiting": 0, "completed": 1, "ectsBooked": "5",
    }  # fmt: skip


async def test_a_clock_that_is_ahead_does_not_outdo_what_comes_after(study: Study) -> None:
    ahead = await study.record("film", at="2199-01-01T00:00:00Z", position=3)
    assert ahead["unit"]["position"] == 3
    now = datetime.now(UTC).isoformat()
    assert (await study.record("film", at=now, position=9))["unit"]["position"] == 9
    completed = (await study.record("intro", at="2199-01-01T00:00:00Z", completed=True))["unit"]["completedAt"]
    assert datetime.fromisoformat(completed) <= datetime.now(UTC)
    async with study.world.database.read() as connection:
        told = (await connection.execute(select(progress_event.c.at).order_by(progress_event.c.at))).scalars().all()
    assert [at.year for at in told].count(2199) == 2  # the ledger keeps what the device said


async def test_a_module_that_is_repeated_is_in_progress_once(study: Study) -> None:
    again = await study.world.run(study.programme, {"id": study.run["moduleId"]})
    await study.student.put(f"/runs/{again['id']}/enrolment", {})
    dashboard = await study.student.get("/me/dashboard")
    assert [row["ects"] for row in dashboard["runs"]] == ["5", "5"]
    assert [total["ectsInProgress"] for total in dashboard["totals"]] == ["5"]
    (row,) = (await study.world.admin.get(f"/programmes/{study.programme['id']}/cohort"))["items"]
    assert (row["runs"], row["ectsInProgress"]) == (2, "5")
