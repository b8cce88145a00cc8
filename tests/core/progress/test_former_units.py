"""What somebody did offline with a unit that a correction has removed meanwhile is kept and counts as ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lms_core import migrations
from tests.support.corrections import move, publish
from tests.support.ledger import replayed, stored

if TYPE_CHECKING:
    from tests.support.world import World

INTRO, OLD, NEW = [{"key": key, "kind": "reading", "title": key.title()} for key in ("intro", "old", "new")]
FILM = {"key": "film", "kind": "video", "title": "Film"}
QUIZ = {"key": "new", "kind": "quiz", "title": "Quiz", "maxScore": "10"}


def told(run: dict[str, Any], key: str, **other: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "at": "2026-11-01T10:00:00Z",
        "completed": True,
        "runId": run["id"],
        "unitKey": key,
    } | other


async def test_on_the_train_while_the_lecturer_corrects(world: World) -> None:
    programme = await world.programme()
    module = await world.module(programme, [INTRO, FILM, OLD])
    run, other = await world.run(programme, module), await world.run(programme, module)
    anna = await world.student("Anna", programme)
    for one in (run, other):
        await anna.put(f"/runs/{one['id']}/enrolment", {})
    await publish(world, module, [INTRO, FILM, NEW])
    await move(world, run, 2)

    events = [told(run, "old"), told(run, "new"), told(run, "never"), told(other, "old"), told(other, "new")]
    answer = await anna.post("/me/progress", {"events": events}, 200)
    assert [(one["outcome"], one.get("code")) for one in answer["outcomes"]] == [
        ("recorded", None), ("recorded", None), ("refused", "unknown-unit"), ("recorded", None), ("refused", "unknown-unit"),
    ]  # fmt: skip
    items = (await anna.get("/me/progress"))["items"]
    assert {(one["runId"], one["unitKey"], one["completedAt"]) for one in items} == {
        (of["id"], key, "2026-11-01T10:00:00Z") for of, key in ((run, "old"), (run, "new"), (other, "old"))
    }
    outline = await anna.get(f"/runs/{run['id']}/outline")  # what is gone counts for nothing that is required now
    assert ([unit["key"] for unit in outline["units"]], outline["percent"]) == (["intro", "film", "new"], 33)

    await publish(world, module, [INTRO, FILM, OLD, QUIZ])
    await move(world, run, 3)  # the unit is back, and what was done of it meanwhile is done; the other is a quiz now
    outline = await anna.get(f"/runs/{run['id']}/outline")
    assert [unit["key"] for unit in outline["units"] if unit["completedAt"]] == ["old", "new"]
    answer = await anna.post("/me/progress", {"events": [told(run, "new")]}, 200)
    assert answer["outcomes"][0]["code"] == "assessed-by-others"
    assert await stored(world.database) == await replayed(world.database)


async def test_a_unit_that_is_gone_neither_completes_a_run_nor_keeps_it_from_that(world: World) -> None:
    programme = await world.programme()
    module = await world.module(programme, [INTRO, OLD])
    run = await world.run(programme, module)
    anna = await world.student("Anna", programme)
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    await publish(world, module, [INTRO, NEW])
    await move(world, run, 2)
    bea = await world.student("Bea", programme)
    await bea.put(f"/runs/{run['id']}/enrolment", {})
    for student in (anna, bea):
        answer = await student.post("/me/progress", {"events": [told(run, "intro")]}, 200)
        assert answer["completed"] == []
    assert (await bea.post("/me/progress", {"events": [told(run, "old")]}, 200))["completed"] == []
    answer = await anna.post("/me/progress", {"events": [told(run, "new"), told(run, "old")]}, 200)
    assert answer["completed"] == [run["id"]]


async def test_corrections_from_before_this_was_kept(world: World) -> None:
    programme = await world.programme()
    module = await world.module(programme, [INTRO, OLD, FILM])
    run = await world.run(programme, module)
    anna = await world.student("Anna", programme)
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    for number, units in enumerate(([INTRO, NEW], [INTRO, NEW, FILM]), 2):
        await publish(world, module, units)
        await move(world, run, number)
    await migrations.downgrade(world.database, "0009")
    await migrations.migrate(world.database)
    answer = await anna.post("/me/progress", {"events": [told(run, "old"), told(run, "film"), told(run, "new")]}, 200)
    assert [one["outcome"] for one in answer["outcomes"]] == ["recorded"] * 3
    assert await stored(world.database) == await replayed(world.database)
