"""Many who want few seats, over two servers that are killed again and again: never one too many, nobody passed over.

A few hundred requests in the ordinary run. The whole campaign, repeatable by its seed:

    LMS_TEST_REQUESTS=10000 LMS_TEST_SEED=1 pytest -n0 -s tests/faults/test_racing_seats.py
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, insert, select, update

from lms_core.enrolment.moves import HOLDING
from lms_core.enrolment.tables import enrolment_change, run_enrolment
from lms_core.modules.tables import run
from lms_core.outbox.tables import outbox
from lms_core.types import new_id, now
from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from content_store import StoreSettings
    from lms_core.db import Database
    from tests.support.world import Actor, World

REQUESTS = int(os.environ.get("LMS_TEST_REQUESTS", "300"))
SEED = int(os.environ.get("LMS_TEST_SEED", "1"))
RUNS = max(6, REQUESTS // 50)
CAPACITY, CONNECTIONS, STUDENTS = 3, 8, 40
READING = {"key": "intro", "kind": "reading", "title": "Introduction"}

pytestmark = pytest.mark.timeout(300 + REQUESTS // 5)


@pytest.fixture
async def servers(world: World, store_settings: StoreSettings, tmp_path: Path) -> AsyncIterator[list[Serving]]:
    made = [
        Serving(environment(world.database.url, store_settings, free_port()), tmp_path / f"server-{number}.log")
        for number in range(2)
    ]
    for server in made:
        await asyncio.to_thread(server.start)
    yield made
    for server in made:
        await asyncio.to_thread(server.stop)


async def many_runs(world: World, programme: dict[str, Any], count: int) -> list[str]:
    """Open runs like a first one, with a few seats each."""
    first = await world.run(programme, await world.module(programme, [READING]), CAPACITY)
    async with world.database.write() as connection:
        row = dict((await connection.execute(select(run).where(run.c.id == UUID(first["id"])))).one()._mapping)
        others = [{**row, "id": new_id()} for _ in range(count - 1)]
        await connection.execute(insert(run), others)
    return [first["id"], *(str(other["id"]) for other in others)]


async def wrong(database: Database) -> list[str]:
    """Say what is wrong with the seats of all runs, their records and what was told of them."""
    async with database.read() as connection:
        places = (await connection.execute(select(run))).all()
        rows = (await connection.execute(select(run_enrolment))).all()
        lines = (await connection.execute(select(enrolment_change).order_by(enrolment_change.c.id))).all()
        told = dict(
            (
                await connection.execute(
                    select(outbox.c.aggregate, func.count())
                    .where(outbox.c.name.in_(["enrolment_created", "enrolment_ended"]))
                    .group_by(outbox.c.aggregate)
                )
            ).all()
        )
    found = []
    by_run, by_person = defaultdict(list), defaultdict(list)
    for row in rows:
        by_run[row.run_id].append(row)
    for line in lines:
        by_person[line.run_id, line.person_id].append(line)
    for place in places:
        seated = [row for row in by_run[place.id] if row.state in HOLDING]
        waiting = [row for row in by_run[place.id] if row.state == "waiting"]
        if len(seated) > place.capacity or len(seated) != place.seats_taken:
            found.append(f"{place.id}: {len(seated)} seated, {place.seats_taken} counted, {place.capacity} seats")
        if waiting and len(seated) < place.capacity:
            found.append(f"{place.id}: {len(waiting)} wait for {place.capacity - len(seated)} free seats")
        if len({row.turn for row in by_run[place.id]}) < len(by_run[place.id]):
            found.append(f"{place.id}: two have the same turn")
        if any(late.turn > row.turn for late in seated for row in waiting):
            found.append(f"{place.id}: somebody was passed over")
        written = sum(line.run_id == place.id for line in lines)
        if told.get(f"run:{place.id}", 0) != written:
            found.append(f"{place.id}: {written} changes, {told.get(f'run:{place.id}', 0)} events")
    for row in rows:
        story: Any = by_person[row.run_id, row.person_id]
        states = [None, *(line.after for line in story)]
        if [line.before for line in story] != states[:-1] or states[-1] != row.state:
            found.append(f"{row.person_id} in {row.run_id}: {states}, but is {row.state}")
    return found


async def test_ten_thousand_want_a_seat_while_servers_are_killed(world: World, servers: list[Serving]) -> None:
    chance = random.Random(SEED)
    programme = await world.programme()
    runs = await many_runs(world, programme, RUNS)
    students = [await world.student(f"Student {number}", programme) for number in range(STUDENTS)]
    todo = [
        (chance.choice(students), chance.choice(runs), "DELETE" if chance.random() < 0.35 else "PUT")
        for _ in range(REQUESTS)
    ]
    answers: Counter[int] = Counter()
    kills = 0
    done = asyncio.Event()

    async def ask(http: httpx.AsyncClient, student: Actor, run_id: str, method: str) -> None:
        """Ask until answered: whoever loses her connection tries again, with either server."""
        while True:
            server = chance.choice(servers)
            try:
                answer = await http.request(
                    method,
                    f"{server.url}/runs/{run_id}/enrolment",
                    json={} if method == "PUT" else None,
                    headers={"Authorization": f"Bearer {student.token}"},
                )
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code < 500:
                assert answer.status_code in {200, 204, 404}, answer.text
                answers[answer.status_code] += 1
                return
            await asyncio.sleep(0.05)

    async def connection() -> None:
        async with httpx.AsyncClient(timeout=30) as http:
            while todo:
                await ask(http, *todo.pop())

    async def killer() -> None:
        nonlocal kills
        while not done.is_set():
            await asyncio.sleep(chance.uniform(1, 4))
            victim = chance.choice(servers)
            await asyncio.to_thread(victim.kill)
            kills += 1
            await asyncio.to_thread(victim.start)

    killing = asyncio.create_task(killer())
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    done.set()
    await killing
    print(f"\n{REQUESTS} requests over {RUNS} runs, seed {SEED}: {dict(answers)}, {kills} kills")
    assert sum(answers.values()) == REQUESTS
    assert kills
    assert await wrong(world.database) == []


async def test_counting_and_then_writing_does_not_stand_the_same_check(world: World) -> None:
    """What many systems do: the check above must find it out."""
    programme = await world.programme()
    run_id, _ = await many_runs(world, programme, 2)
    students = [await world.student(f"Student {number}", programme) for number in range(CONNECTIONS)]

    all_have_counted = asyncio.Barrier(CONNECTIONS)

    async def naively(student: Actor) -> None:
        of = run_enrolment.c.run_id == UUID(run_id)
        async with world.database.read() as connection:
            seated = select(func.count()).where(of, run_enrolment.c.state == "enrolled")
            free = (await connection.execute(seated)).scalar_one() < CAPACITY
            turn = (await connection.execute(select(func.count()).where(of))).scalar_one() + 1
        await all_have_counted.wait()
        person_id, state = UUID(student.id), "enrolled" if free else "waiting"
        async with world.database.write() as connection:
            row = {"person_id": person_id, "run_id": UUID(run_id), "state": state, "turn": turn, "since": now()}
            await connection.execute(insert(run_enrolment), row)

    await asyncio.gather(*(naively(student) for student in students))
    async with world.database.write() as connection:
        await connection.execute(update(run).where(run.c.id == UUID(run_id)).values(seats_taken=CAPACITY))
    told = " ".join(await wrong(world.database))
    assert f"{CONNECTIONS} seated" in told
    assert "two have the same turn" in told
