"""What was watched of a film is the union of all that devices tell, whatever they tell first, late or twice."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from lms_core.progress import statements as sql
from lms_core.progress.state import seconds, union
from lms_core.progress.tables import unit_state

if TYPE_CHECKING:
    from tests.support.world import Actor, World

NOON = "2026-11-02T12:00:00Z"
FILM = [{"key": "film", "kind": "video", "title": "Film"}]

piece = st.tuples(st.integers(0, 120), st.integers(1, 40)).map(lambda told: [told[0], told[0] + told[1]])
pieces = st.lists(piece, max_size=12)


def covered(told: list[list[int]]) -> set[int]:
    return {second for start, end in told for second in range(start, end)}


@given(pieces)
def test_the_union_covers_exactly_what_was_watched(told: list[list[int]]) -> None:
    found = union(told)
    assert covered(found) == covered(told)
    assert seconds(found) == len(covered(told))
    assert all(start < end for start, end in found)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(found))


@given(pieces, pieces, pieces)
def test_the_union_is_a_join(one: list[list[int]], two: list[list[int]], three: list[list[int]]) -> None:
    assert union([*union([*one, *two]), *three]) == union([*three, *union([*two, *one]), *one])


@pytest.fixture
async def run(world: World) -> dict[str, Any]:
    programme = await world.programme()
    made = await world.run(programme, await world.module(programme, FILM))
    return {**made, "programme": programme}


@pytest.fixture
async def student(world: World, run: dict[str, Any]) -> Actor:
    actor = await world.student("Anna", run["programme"])
    await actor.put(f"/runs/{run['id']}/enrolment", {})
    return actor


def told(watched: Any, **more: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "at": NOON, "watched": watched, **more}


async def test_several_devices_watch_at_once_and_no_second_is_lost(student: Actor, run: dict[str, Any]) -> None:
    path = f"/runs/{run['id']}/units/film/progress"
    singles = [student.call("POST", path, told([[start, start + 7]])) for start in range(0, 200, 10)]
    batches = [
        student.call("POST", "/me/progress", {"events": [told([[start, start + 4]], runId=run["id"], unitKey="film")]})
        for start in range(5, 200, 10)
    ]
    answers = await asyncio.gather(*(call for pair in zip(singles, batches, strict=True) for call in pair))
    assert {answer.status_code for answer in answers} == {200}
    (unit,) = (await student.get(f"/runs/{run['id']}/outline"))["units"]
    expected = [[start, start + 9] for start in range(0, 200, 10)]
    assert (unit["watched"], unit["watchedSeconds"], unit["completedAt"]) == (expected, 180, None)


async def test_pieces_that_cannot_be_are_refused(student: Actor, run: dict[str, Any]) -> None:
    path = f"/runs/{run['id']}/units/film/progress"
    reason = "each piece must be [from, to] with 0 <= from < to <= 1000000 seconds"
    for wrong in ([[5, 5]], [[9, 5]], [[-1, 5]], [[0, 1_000_001]], [[0, 9], [5, 4]], [[0, 10**30]]):
        problem = await student.post(path, told(wrong), 400)
        assert problem["errors"] == [{"where": "body.watched", "reason": reason}]
    for wrong in ([], [[1]], [[1, 2, 3]], [[0.5, 2]], [["0", 2]], [[0, 1]] * 101, "0-9"):
        problem = await student.post(path, told(wrong), 400)
        assert problem["errors"][0]["where"].startswith("body.watched"), wrong
    (unit,) = (await student.get(f"/runs/{run['id']}/outline"))["units"]
    assert (unit["watched"], unit["watchedSeconds"]) == ([], 0)


async def test_nobody_makes_a_film_of_crumbs(world: World, student: Actor, run: dict[str, Any]) -> None:
    path = f"/runs/{run['id']}/units/film/progress"
    await student.post(path, told([[0, 1]]), 200)
    crumbs = [[second, second + 1] for second in range(0, 2 * sql.MOST_PIECES, 2)]
    async with world.database.write() as connection:
        await connection.execute(update(unit_state).values(watched=crumbs))
    problem = await student.post(path, told([[1, 2]]), 422)
    reason = "this film was watched in 2000 separate pieces already; it takes no more"
    assert problem["errors"] == [{"where": "body.watched", "reason": reason}]
    event = told([[1, 2]], runId=run["id"], unitKey="film")
    answer = await student.post("/me/progress", {"events": [event]}, 200)
    assert [(one["code"], one["reason"]) for one in answer["outcomes"]] == [("too-many-pieces", reason)]
    recorded = await student.post(path, told(None, completed=True), 200)
    assert recorded["unit"]["watchedSeconds"] == sql.MOST_PIECES
