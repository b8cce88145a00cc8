"""A device that was offline sends what happened, of all runs, in one request; nothing blocks anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from lms_core.outbox.tables import outbox
from lms_core.people.tables import role
from lms_core.progress.tables import progress_event
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

UNITS = [
    {"key": "intro", "kind": "reading", "title": "Introduction"},
    {"key": "film", "kind": "video", "title": "Film"},
    {"key": "quiz", "kind": "quiz", "title": "Quiz", "maxScore": "10", "required": False},
]
NOON = "2026-11-02T12:00:00Z"
UNKNOWN = {
    "outcome": "refused", "code": "unknown-unit",
    "reason": "There is no such unit in a run in which this person is enrolled.",
}  # fmt: skip
TAKEN = {
    "outcome": "refused", "code": "id-taken",
    "reason": "This id belongs to another event; every event needs an id of its own.",
}  # fmt: skip


class Study:
    """A student with two runs of one module."""

    def __init__(self, world: World, programme: dict[str, Any], runs: list[dict[str, Any]], student: Actor) -> None:
        self.world, self.programme, self.student = world, programme, student
        self.first, self.second = (run["id"] for run in runs)

    async def send(self, *events: dict[str, Any], status: int = 200, actor: Actor | None = None) -> Any:
        return await (actor or self.student).post("/me/progress", {"events": list(events)}, status)

    async def states(self, run: str) -> dict[str, tuple[Any, ...]]:
        outline = await self.student.get(f"/runs/{run}/outline")
        return {unit["key"]: (unit["completedAt"], unit["position"]) for unit in outline["units"]}


@pytest.fixture
async def study(world: World) -> Study:
    programme = await world.programme()
    module = await world.module(programme, UNITS)
    runs = [await world.run(programme, module) for _ in range(2)]
    student = await world.student("Anna", programme)
    for run in runs:
        await student.put(f"/runs/{run['id']}/enrolment", {})
    return Study(world, programme, runs, student)


def event(run: str, unit: str, **told: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "at": NOON, "runId": run, "unitKey": unit, **(told or {"completed": True})}


def outcome(of: dict[str, Any], outcome: str, code: str | None = None, reason: str | None = None) -> dict[str, Any]:
    return {"id": of["id"], "outcome": outcome, "code": code, "reason": reason}


async def kept(world: World) -> set[str]:
    async with world.database.read() as connection:
        return {str(found) for found in (await connection.execute(select(progress_event.c.id))).scalars()}


async def test_what_happened_offline_is_recorded_for_all_runs_at_once(study: Study) -> None:
    events = [
        event(study.first, "film", position=40, at="2026-11-02T12:01:00Z"),
        event(study.second, "intro"),
        event(study.first, "film", position=20),
        event(study.first, "film", at="2026-11-02T12:03:00Z", completed=True),
        event(study.first, "intro"),
    ]
    told = [outcome(one, "recorded") for one in events]
    assert await study.send(*events) == {"outcomes": told, "completed": [study.first]}
    assert await study.states(study.first) == {
        "intro": (NOON, None), "film": ("2026-11-02T12:03:00Z", 40), "quiz": (None, None),
    }  # fmt: skip
    assert await study.states(study.second) == {"intro": (NOON, None), "film": (None, None), "quiz": (None, None)}
    again = [outcome(one, "known") for one in events]
    assert await study.send(*events) == {"outcomes": again, "completed": []}
    async with study.world.database.read() as connection:
        query = select(outbox.c.name, func.count()).group_by(outbox.c.name).order_by(outbox.c.name)
        assert [tuple(row) for row in await connection.execute(query)] == [
            ("enrolment_created", 2), ("module_completed", 1),
        ]  # fmt: skip


async def test_an_impossible_event_blocks_no_other(study: Study) -> None:
    other = await study.world.student("Bea", study.programme)
    await other.put(f"/runs/{study.first}/enrolment", {})
    hers = event(study.first, "intro")
    assert (await study.send(hers, actor=other))["outcomes"] == [outcome(hers, "recorded")]
    elsewhere = await study.world.programme("other")
    closed = await study.world.run(elsewhere, await study.world.module(elsewhere, UNITS))

    good, last = event(study.first, "intro"), event(study.first, "film", position=5)
    reasons = {
        "assessed-by-others": "a unit of kind quiz is recorded by those who assess it",
        "impossible-score": "this unit has no score",
    }
    sent = [
        (good, outcome(good, "recorded")),
        (one := event(study.first, "gone"), outcome(one, **UNKNOWN)),
        (one := event(closed["id"], "intro"), outcome(one, **UNKNOWN)),
        (one := event(str(uuid4()), "intro"), outcome(one, **UNKNOWN)),
        *((one := event(study.first, "quiz" if code.startswith("assessed") else "film", score="9"),
           outcome(one, "refused", code, reason)) for code, reason in reasons.items()),
        (hers, outcome(hers, **TAKEN)),
        (one := {**event(study.second, "intro"), "id": hers["id"]}, outcome(one, **TAKEN)),
        (one := {**good, "unitKey": "film"}, outcome(one, **TAKEN)),
        (good, outcome(good, "known")),
        (one := event(study.first, "film", score="0.001"),
         outcome(one, "refused", "malformed", "body.events[10].score: at most 2 decimal places, and no exponent")),
        (one := event(study.first, "film", position=-1),
         outcome(one, "refused", "malformed", "body.events[11].position: Expected `int` >= 0")),
        (one := event(study.first, "film", at="1969-12-31T23:00:00Z", completed=True),
         outcome(one, "refused", "malformed", "body.events[12].at: must lie between the years 1970 and 2200")),
        (one := event(study.first, "a\0b"), None),
        (one := event(study.first, "film", completed=False), None),
        (last, outcome(last, "recorded")),
    ]  # fmt: skip
    answer = await study.send(*(one for one, _ in sent))
    assert [told for told in answer["outcomes"] if told["code"] != "malformed"] == [
        told for _, told in sent if told and told["code"] != "malformed"
    ]
    for told, (_, expected) in zip(answer["outcomes"], sent, strict=True):
        assert expected in (told, None)
        assert expected or told["code"] == "malformed"
    assert await kept(study.world) == {hers["id"], good["id"], last["id"]}
    assert await study.states(study.first) == {"intro": (NOON, None), "film": (None, 5), "quiz": (None, None)}


async def test_a_batch_that_is_no_batch_changes_nothing(study: Study) -> None:
    good = event(study.first, "intro")
    problem = await study.send(good, {**good, "position": "5"}, status=400)
    assert problem["errors"] == [{"where": "body.events[1].position", "reason": "Expected `int | null`, got `str`"}]
    problem = await study.send(*[good] * 1_001, status=400)
    assert problem["errors"] == [{"where": "body.events", "reason": "Expected `array` of length <= 1000"}]
    assert await study.send() == {"outcomes": [], "completed": []}
    assert await kept(study.world) == set()


async def test_who_left_sends_late(study: Study) -> None:
    """What was recorded stays known; what comes after she left is refused."""
    before, after = event(study.first, "intro"), event(study.first, "film")
    await study.send(before)
    await study.student.delete(f"/runs/{study.first}/enrolment")
    assert (await study.send(before, after))["outcomes"] == [outcome(before, "known"), outcome(after, **UNKNOWN)]


async def test_where_participants_may_not_record_they_may_not_in_a_batch(study: Study) -> None:
    mine = event(study.first, "intro")
    participants = role.c.name == "participant"
    async with study.world.database.write() as connection:
        await connection.execute(update(role).where(participants).values(permissions=["runs.read", "runs.study"]))
    reason = "Participants may not record their own progress here."
    assert (await study.send(mine))["outcomes"] == [outcome(mine, "refused", "not-allowed", reason)]
    lecturer = await study.world.person("Lea", "lecturer", study.programme)
    path = f"/runs/{study.first}/participants/{study.student.id}/units/intro/progress"
    assert (await lecturer.post(path, {"id": mine["id"], "at": NOON, "completed": True}, 200))["new"] is True


@pytest.mark.parametrize("size", [5, 1_000])
async def test_the_number_of_statements_is_that_of_a_single_event(study: Study, size: int) -> None:
    await study.student.get("/me/dashboard")  # signs in, in this process's memory
    events = [event(run, unit) for run in (study.first, study.second) for unit in ("intro", "film")]
    moved = [event(study.first, "film", position=number) for number in range(size - 4)]
    with statements(study.world.database) as recorded:
        await study.send(*moved, events[0])
    with statements(study.world.database) as completing:
        answer = await study.send(*moved, *events)
    assert [len(recorded), len(completing)] == [3, 7], (recorded, completing)
    new = [outcome(one, "recorded") for one in events[1:]]
    assert answer["outcomes"] == [outcome(one, "known") for one in (*moved, events[0])] + new
    assert sorted(answer["completed"]) == sorted([study.first, study.second])
    assert await kept(study.world) == {one["id"] for one in (*moved, *events)}
