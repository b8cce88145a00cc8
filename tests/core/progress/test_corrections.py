"""A lecturer corrects a module in mid-term: progress stays, and participants are shown what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.corrections import move, publish
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World

INTRO = {"key": "intro", "kind": "reading", "title": "Introduction", "body": "Silicon melts at 1687 K."}
FILM = {"key": "film", "kind": "video", "title": "The clean room"}
OLD = {"key": "old", "kind": "reading", "title": "Germanium"}
NEW = {"key": "new", "kind": "reading", "title": "Gallium nitride"}


async def test_participants_are_shown_what_changed_and_keep_what_they_did(world: World) -> None:
    programme = await world.programme()
    module = await world.module(programme, [INTRO, FILM, OLD])
    run, other = await world.run(programme, module), await world.run(programme, module)
    anna = await world.student("Anna", programme)
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    event = {"id": "01999999-0000-7000-8000-000000000001", "at": "2026-11-01T10:00:00Z", "completed": True}
    await anna.post(f"/runs/{run['id']}/units/intro/progress", event, 200)
    assert await anna.get(f"/runs/{run['id']}/corrections") == {"items": []}

    corrected = {**INTRO, "title": "Introduction, corrected", "body": "Silicon melts at 1414 degrees Celsius."}
    await publish(world, module, [FILM, corrected, NEW], workloadHours=140)
    await move(world, run, 2)
    await publish(world, module, [FILM, corrected, {**NEW, "completion": {"rule": "opened"}}], workloadHours=140)
    await move(world, run, 3)
    await move(world, run, 3)  # to where it is: nothing changed

    last, first = (await anna.get(f"/runs/{run['id']}/corrections"))["items"]
    assert {name: first[name] for name in first if name not in {"id", "at"}} == {
        "before": 1,
        "after": 2,
        "added": [{"key": "new", "title": "Gallium nitride"}],
        "removed": [{"key": "old", "title": "Germanium"}],
        "modified": [{"key": "intro", "title": "Introduction, corrected"}],
        "moved": [{"key": "film", "title": "The clean room"}, {"key": "intro", "title": "Introduction, corrected"}],
        "details": ["workload_hours"],
        "notes": first["notes"],
    }
    assert (last["before"], last["after"], last["modified"]) == (2, 3, first["added"])
    assert len(last["notes"]) == 1
    units = {unit["key"]: unit for unit in (await anna.get(f"/runs/{run['id']}/outline"))["units"]}
    assert units["intro"]["completedAt"] == "2026-11-01T10:00:00Z"
    assert await world.admin.get(f"/runs/{other['id']}/corrections") == {"items": []}

    with statements(world.database) as seen:
        await anna.get(f"/runs/{run['id']}/corrections")
    assert len(seen) == 1, seen
