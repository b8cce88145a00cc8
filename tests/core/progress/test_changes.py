"""A second device asks what changed since it last asked, and never misses anything."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from lms_core.people.tables import person
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

NOON = "2026-11-02T12:00:00Z"
KEYS = [f"film-{number}" for number in range(6)]
UNITS = [{"key": key, "kind": "video", "title": key} for key in KEYS]


class Phone:
    """A device that keeps what it was told, by run and unit, and where it stopped."""

    def __init__(self, student: Actor) -> None:
        self.student = student
        self.cursor: str | None = None
        self.known: dict[tuple[str, str], int | None] = {}

    async def ask(self, limit: int = 200) -> list[str]:
        after = "" if self.cursor is None else f"&cursor={self.cursor}"
        page = await self.student.get(f"/me/progress?limit={limit}{after}")
        self.cursor = page["cursor"]
        self.known |= {(item["runId"], item["unitKey"]): item["position"] for item in page["items"]}
        return [item["unitKey"] for item in page["items"]]


@pytest.fixture
async def programme(world: World) -> dict[str, Any]:
    return await world.programme()


@pytest.fixture
async def runs(world: World, programme: dict[str, Any]) -> list[str]:
    module = await world.module(programme, UNITS)
    return [(await world.run(programme, module))["id"] for _ in range(2)]


async def studying(world: World, programme: dict[str, Any], runs: list[str], name: str) -> Actor:
    student = await world.student(name, programme)
    for run in runs:
        await student.put(f"/runs/{run}/enrolment", {})
    return student


@pytest.fixture
async def student(world: World, programme: dict[str, Any], runs: list[str]) -> Actor:
    return await studying(world, programme, runs, "Anna")


def moved(run: str, key: str, position: int) -> dict[str, Any]:
    at = f"2026-11-02T12:{position // 60:02}:{position % 60:02}Z"
    return {"id": str(uuid4()), "at": at, "runId": run, "unitKey": key, "position": position}


async def send(student: Actor, *events: dict[str, Any]) -> None:
    answer = await student.post("/me/progress", {"events": list(events)}, 200)
    assert {told["outcome"] for told in answer["outcomes"]} <= {"recorded", "known"}


async def test_a_second_device_is_told_what_changed(
    world: World, programme: dict[str, Any], runs: list[str], student: Actor
) -> None:
    phone = Phone(student)
    assert (await phone.ask(), phone.cursor) == ([], "0")
    other = await studying(world, programme, runs, "Bea")
    await send(other, moved(runs[0], KEYS[5], 99))  # is nobody else's

    first = moved(runs[0], KEYS[0], 5)
    await send(student, first, moved(runs[1], KEYS[1], 7))
    with statements(world.database) as asked:
        told = await phone.ask()
    assert (sorted(told), len(asked)) == ([KEYS[0], KEYS[1]], 1)
    assert phone.known == {(runs[0], KEYS[0]): 5, (runs[1], KEYS[1]): 7}

    cursor = phone.cursor
    await send(student, first)  # was known
    await send(student, moved(runs[0], KEYS[0], 3))  # an earlier moment: changes nothing
    assert (await phone.ask(), phone.cursor) == ([], cursor)
    await send(student, moved(runs[0], KEYS[0], 8))
    assert await phone.ask() == [KEYS[0]]
    whole = await student.get("/me/progress")
    assert whole == {
        "items": [
            {
                "runId": run, "unitKey": key, "completedAt": None, "score": None, "position": position,
                "watched": [], "watchedSeconds": 0,
            }
            for run, key, position in ((runs[1], KEYS[1], 7), (runs[0], KEYS[0], 8))
        ],
        "cursor": phone.cursor,
    }  # fmt: skip


async def test_a_large_batch_comes_in_pages_while_it_goes_on(runs: list[str], student: Actor) -> None:
    await send(student, *(moved(run, key, 1) for run in runs for key in KEYS))
    phone = Phone(student)
    told = [*await phone.ask(5), *await phone.ask(5)]
    await send(
        student, moved(runs[0], KEYS[0], 2)
    )  # it was on the pages before, or is on the next: either way it comes
    told += [*await phone.ask(5), *await phone.ask(5)]
    assert phone.known == {(run, key): 1 for run in runs for key in KEYS} | {(runs[0], KEYS[0]): 2}
    assert len(told) in (12, 13)
    assert await phone.ask(5) == []


async def test_nothing_is_left_out_while_other_devices_commit_in_whatever_order(
    runs: list[str], student: Actor
) -> None:
    phone, over = Phone(student), asyncio.Event()

    async def poll() -> None:
        while not over.is_set():
            await phone.ask(3)

    async def device(number: int) -> None:
        for position in range(1, 13):
            await send(student, *(moved(runs[number % 2], key, position * 4 + number) for key in KEYS[number:]))

    polling = asyncio.create_task(poll())
    await asyncio.gather(*(device(number) for number in range(4)))
    over.set()
    await polling
    while await phone.ask(3):
        pass
    expected = Phone(student)
    await expected.ask()
    assert phone.known == expected.known
    assert len(phone.known) == 2 * len(KEYS) - 1


@pytest.mark.parametrize("backend", ["postgresql"])
async def test_a_number_is_given_when_all_lower_ones_are_committed(
    world: World, runs: list[str], student: Actor
) -> None:
    """Another transaction of hers holds her row: what comes meanwhile waits, and is not numbered before."""
    phone = Phone(student)
    async with world.database.write() as connection:
        mine = select(person.c.id).where(person.c.id == student.person.id).with_for_update(key_share=True)
        await connection.execute(mine)
        waiting = asyncio.create_task(send(student, moved(runs[0], KEYS[0], 1)))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert (done, await phone.ask()) == (set(), [])
    await waiting
    assert await phone.ask() == [KEYS[0]]


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "", "%00", str(10**30)])
async def test_a_cursor_that_was_never_given(student: Actor, cursor: str) -> None:
    problem = await student.get(f"/me/progress?cursor={cursor}", 400)
    assert [error["where"] for error in problem["errors"]] == ["query.cursor"]
