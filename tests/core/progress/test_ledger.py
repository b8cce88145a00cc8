"""Whatever order, split or repetition devices choose, and whatever version the run has meanwhile: one state."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lms_core.progress.tables import progress_event
from lms_core.progress.versions import change_version
from tests.support.ledger import replayed, stored
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
UNITS = [
    {"key": "film", "kind": "video", "title": "Film"},
    {"key": "text", "kind": "reading", "title": "Text"},
]
MORE = {"key": "more", "kind": "file", "title": "More"}


class Study:
    """A run whose module has two versions; the second corrects the film and has a unit more."""

    def __init__(self, world: World, programme: dict[str, Any], run: dict[str, Any]) -> None:
        self.world, self.programme, self.run = world, programme, run["id"]
        self.numbers = count()

    async def student(self) -> Actor:
        made = await self.world.student(f"Student {next(self.numbers)}", self.programme)
        await made.put(f"/runs/{self.run}/enrolment", {})
        return made

    async def move(self, number: int) -> Any:
        etag = (await self.world.admin.call("GET", f"/runs/{self.run}")).headers["ETag"]
        return await self.world.admin.put(f"/runs/{self.run}/version", {"version": number}, If_Match=etag)


@pytest.fixture
async def study(world: World) -> Study:
    programme = await world.programme()
    module = await world.module(programme, UNITS)
    run = await world.run(programme, module, 1_000)
    content = await world.admin.call("GET", f"/modules/{module['id']}/content")
    corrected = [{**UNITS[0], "title": "Film, corrected"}, UNITS[1], MORE]
    new = content.json() | {"units": corrected}
    draft = await world.admin.put(f"/modules/{module['id']}/draft", new, If_Match=content.headers["ETag"])
    await world.admin.post(f"/modules/{module['id']}/publish", If_Match=f'"{draft["revision"]}"')
    return Study(world, programme, run)


piece = st.tuples(st.integers(0, 300), st.integers(1, 60)).map(lambda told: [told[0], told[0] + told[1]])
event = st.fixed_dictionaries(
    {
        "unitKey": st.sampled_from(["film", "text", "more"]),
        "at": st.integers(0, 9).map(lambda minutes: (NOON + timedelta(minutes=minutes)).isoformat()),
        "completed": st.booleans(),
        "position": st.integers(0, 400),
    },
    optional={"watched": st.lists(piece, min_size=1, max_size=4)},
)


@st.composite
def delivery(draw: st.DrawFn, events: int) -> list[list[int] | str]:
    """Say in what batches devices send the events, some twice; between batches the run may change its version."""
    order = draw(st.permutations([*range(events), *draw(st.lists(st.integers(0, events - 1), max_size=4))]))
    cuts = sorted({0, len(order), *draw(st.lists(st.integers(0, len(order)), max_size=4))})
    batches: list[list[int] | str] = [order[start:end] for start, end in pairwise(cuts)]
    for place in draw(st.lists(st.integers(0, len(batches)), max_size=2)):
        batches.insert(place, "version")
    return batches


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[list[list[int] | str]]]:
    events = draw(st.lists(event, min_size=1, max_size=12))
    return events, [draw(delivery(len(events))) for _ in range(2)]


@given(story=stories())
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_devices_in_any_order_lead_to_one_state(study: Study, story: Any) -> None:
    """The unit `more` is in one version only: what is told of it counts, whether the run has it at the moment or not."""
    events, deliveries = story
    seen = []
    if (await study.world.admin.get(f"/runs/{study.run}"))["version"] == 1:
        await study.move(2)
    for batches in deliveries:
        student = await study.student()
        # each delivery has ids of its own, which are ordered among each other in the same way
        ids = [str(UUID(int=(UUID(student.id).int << 8 | number) % (1 << 128))) for number in range(len(events))]
        told = [{"id": ids[number], "runId": study.run, **one} for number, one in enumerate(events)]
        for batch in batches:
            if isinstance(batch, str):
                present = (await student.get(f"/runs/{study.run}"))["version"]
                await study.move(3 - present)
            else:
                answer = await student.post("/me/progress", {"events": [told[number] for number in batch]}, 200)
                assert {one["outcome"] for one in answer["outcomes"]} <= {"recorded", "known"}
        states = await stored(study.world.database)
        assert states == await replayed(study.world.database)
        seen.append({unit: state for (person, _, unit), state in states.items() if person == student.person.id})
    assert seen[0] == seen[1]


async def test_five_devices_at_once_lose_nothing(study: Study) -> None:
    """Single events and batches, each sent by two devices; the run moves to another version and back meanwhile."""
    student = await study.student()

    def one(number: int) -> dict[str, Any]:
        at = (NOON + timedelta(seconds=number % 7)).isoformat()
        watched = [[number * 5 % 300, number * 5 % 300 + 8]]
        key = ("film", "text")[number % 2]
        return {
            "id": str(UUID(int=number + 1)), "at": at, "position": number, "watched": watched, "runId": study.run,
            "unitKey": key, "completed": number == 50,
        }  # fmt: skip

    async def device(first: int) -> None:
        for start in range(first, 200, 20):
            events = [one(number % 200) for number in range(start, start + 40)]
            answer = await student.post("/me/progress", {"events": events[:30]}, 200)
            assert {told["outcome"] for told in answer["outcomes"]} <= {"recorded", "known"}
            for told in events[30:]:
                single = {name: value for name, value in told.items() if name not in ("runId", "unitKey")}
                await student.post(f"/runs/{study.run}/units/{told['unitKey']}/progress", single, 200)

    async def lecturer() -> None:
        for number in (2, 1, 2):
            await study.move(number)

    await asyncio.gather(*(device(first) for first in range(0, 20, 4)), lecturer())
    async with study.world.database.read() as connection:
        kept = (await connection.execute(select(progress_event.c.id))).scalars().all()
    assert sorted(kept) == [UUID(int=number + 1) for number in range(200)]
    assert await stored(study.world.database) == await replayed(study.world.database)


async def test_a_run_moves_to_a_version_in_which_some_lack_nothing_any_more(study: Study) -> None:
    await study.move(2)
    done, half = await study.student(), await study.student()
    for student, keys in ((done, ["film", "text"]), (half, ["film"])):
        events = [
            {"id": str(UUID(int=UUID(student.id).int ^ number)), "at": NOON.isoformat(), "runId": study.run,
             "unitKey": key, "completed": True}
            for number, key in enumerate(keys, 1)
        ]  # fmt: skip
        assert (await student.post("/me/progress", {"events": events}, 200))["completed"] == []
    idle = await study.student()
    with statements(study.world.database) as moving:
        assert await study.move(1) == {"runId": study.run, "version": 1, "completed": [done.id], "notes": []}
    assert len(moving) <= 20, moving
    people = await study.world.admin.get(f"/runs/{study.run}/participants")
    assert [(one["personId"], one["state"], one["percent"]) for one in people["items"]] == [
        (done.id, "completed", 100), (half.id, "enrolled", 50), (idle.id, "enrolled", 0),
    ]  # fmt: skip
    assert (await study.move(2))["completed"] == []
    outline = await done.get(f"/runs/{study.run}/outline")
    assert (outline["state"], outline["percent"]) == ("completed", 66)


async def test_a_version_that_is_none(study: Study) -> None:
    path = f"/runs/{study.run}/version"
    problem = await study.world.admin.put(path, {"version": 3}, 409, If_Match='"1"')
    assert problem["detail"] == "The module has no such published version; publish its draft first."
    await study.world.admin.put(path, {"version": 2}, 412, If_Match='"7"')
    assert (await study.world.admin.get(f"/runs/{study.run}"))["version"] == 1


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_a_unit_that_goes_at_the_moment_of_recording(study: Study) -> None:
    """She waits for the run to move; her unit was there when she asked, and is gone when it is her turn."""
    await study.move(2)
    student = await study.student()
    event = {"id": str(UUID(int=7)), "at": NOON.isoformat(), "completed": True}
    path = f"/runs/{study.run}/units/more/progress"
    async with study.world.database.write() as connection:
        await change_version(connection, UUID(study.run), 1, 2, study.world.admin.person.id)
        waiting = asyncio.create_task(student.call("POST", path, event))
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done()
    answer = await waiting
    assert (answer.status_code, answer.json()["new"]) == (200, True)
    assert await stored(study.world.database) == await replayed(study.world.database) != {}
