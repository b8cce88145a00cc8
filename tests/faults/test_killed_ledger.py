"""Progress that was acknowledged is there, once, however often server and database are killed while it arrives.

Some hundred events in the ordinary run. The whole campaign, repeatable by its seed:

    LMS_TEST_EVENTS=100000 LMS_TEST_SEED=1 pytest -n0 -s tests/faults/test_killed_ledger.py
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from lms_core import migrations
from lms_core.db import Database
from lms_core.enrolment.tables import run_enrolment
from lms_core.outbox.tables import outbox
from lms_core.progress.tables import progress_event
from tests.support.ledger import replayed, stored
from tests.support.postgres import KillablePostgres, create_database
from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from content_store import StoreSettings
    from tests.support.world import Actor, World

EVENTS = int(os.environ.get("LMS_TEST_EVENTS", "600"))
SEED = int(os.environ.get("LMS_TEST_SEED", "1"))
KILLS = max(2, EVENTS // 2_000)
STUDENTS, DEVICES = 3, 2
LARGEST = max(20, EVENTS // 500)
UNITS = [{"key": f"film-{number}", "kind": "video", "title": "Film"} for number in range(8)]
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

pytestmark = pytest.mark.timeout(300 + EVENTS // 20)


@pytest.fixture
def postgres_of_its_own(backend: str) -> Iterator[KillablePostgres | None]:
    if backend == "sqlite":
        yield None
        return
    with TemporaryDirectory(prefix="lms-postgres-") as directory:  # where another user than root may go
        made = KillablePostgres(Path(directory))
        made.start()
        yield made
        made.kill()


@pytest.fixture
async def database_url(
    postgres_of_its_own: KillablePostgres | None, tmp_path: Path, sqlite_template: Path
) -> AsyncIterator[str]:
    """A migrated database whose server can be killed."""
    if postgres_of_its_own is None:
        shutil.copy(sqlite_template, tmp_path / "lms.sqlite3")
        yield f"sqlite:///{tmp_path / 'lms.sqlite3'}"
        return
    url = await create_database(postgres_of_its_own.url)
    database = Database(url)
    await migrations.migrate(database)
    await database.close()
    yield url


@pytest.fixture
async def server(world: World, store_settings: StoreSettings, tmp_path: Path) -> AsyncIterator[Serving]:
    made = Serving(environment(world.database.url, store_settings, free_port()), tmp_path / "server.log")
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.stop)


def story(chance: random.Random, runs: list[str]) -> dict[str, Any]:
    """Make up an event of some unit; one in ten completes it."""
    start = chance.randrange(3_000)
    return {
        "id": str(UUID(int=chance.getrandbits(128), version=4)),
        "at": (NOON + timedelta(seconds=chance.randrange(100_000))).isoformat(),
        "runId": chance.choice(runs),
        "unitKey": chance.choice(UNITS)["key"],
        "completed": chance.random() < 0.1,
        "position": chance.randrange(3_000),
        "watched": [[start, start + chance.randrange(1, 90)]],
    }


class Device:
    """Sends its events singly and in batches, each until it is acknowledged, as a device that wants to forget them."""

    def __init__(self, student: Actor, events: list[dict[str, Any]], url: str, chance: random.Random) -> None:
        self.student, self.events, self.url, self.chance = student, events, url, chance
        self.told: Counter[str] = Counter()

    async def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.student.token}"}
        left = list(self.events)
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30, trust_env=False) as http:
            while left:
                size = self.chance.choice([1, self.chance.randint(1, LARGEST)])
                batch, left = left[:size], left[size:]
                while not await self.sent(http, batch):  # noqa: ASYNC110 - another process is what is waited for
                    await asyncio.sleep(0.05)

    async def sent(self, http: httpx.AsyncClient, batch: list[dict[str, Any]]) -> bool:
        try:
            if len(batch) > 1:
                answer = await http.post("/me/progress", json={"events": batch})
            else:
                (event,) = batch
                single = {name: value for name, value in event.items() if name not in ("runId", "unitKey")}
                answer = await http.post(f"/runs/{event['runId']}/units/{event['unitKey']}/progress", json=single)
        except httpx.TransportError:
            self.told["no answer"] += 1
            return False
        if answer.status_code == 503:
            self.told["unavailable"] += 1
            return False
        assert answer.status_code == 200, answer.text
        told = answer.json()
        if len(batch) > 1:
            self.told.update(one["outcome"] for one in told["outcomes"])
        else:
            self.told["recorded" if told["new"] else "known"] += 1
        return True

    @property
    def acknowledged(self) -> int:
        return self.told["recorded"] + self.told["known"]


async def watch(student: Actor, url: str, over: asyncio.Event) -> dict[tuple[str, str], dict[str, Any]]:
    """Ask for changes as another device does, until everything is over and nothing more comes."""
    known: dict[tuple[str, str], dict[str, Any]] = {}
    headers = {"Authorization": f"Bearer {student.token}"}
    cursor = "0"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as http:
        while True:
            last = over.is_set()
            try:
                answer = await http.get("/me/progress", params={"cursor": cursor, "limit": 7})
            except httpx.TransportError:
                continue
            if answer.status_code == 200:
                page = answer.json()
                known |= {(item["runId"], item["unitKey"]): item for item in page["items"]}
                cursor = page["cursor"]
                if last and not page["items"]:
                    return known
            await asyncio.sleep(0.02)


async def kills(
    chance: random.Random, acknowledged: Callable[[], int], server: Serving, database: KillablePostgres | None
) -> Counter[str]:
    """Kill the server, and the database where it is one, in the midst of what arrives; start them again."""
    killed: Counter[str] = Counter()
    for number, moment in enumerate(sorted(chance.sample(range(EVENTS * 9 // 10), KILLS))):
        while acknowledged() < moment:  # noqa: ASYNC110 - what many tasks do together
            await asyncio.sleep(0.005)
        await asyncio.sleep(chance.uniform(0, 0.05))
        if database and number % 2:
            database.kill()
            await asyncio.sleep(chance.uniform(0, 0.5))
            database.start()
            killed["database"] += 1
        else:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            killed["server"] += 1
    return killed


async def test_what_was_acknowledged_is_there_once(
    world: World, server: Serving, postgres_of_its_own: KillablePostgres | None
) -> None:
    chance = random.Random(SEED)
    programme = await world.programme()
    module = await world.module(programme, UNITS)
    runs = [(await world.run(programme, module))["id"] for _ in range(2)]
    students = [await world.student(f"Student {number}", programme) for number in range(STUDENTS)]
    for student in students:
        for run in runs:
            await student.put(f"/runs/{run}/enrolment", {})
    events: dict[str, tuple[Actor, dict[str, Any]]] = {}
    devices = []
    for number in range(STUDENTS * DEVICES):
        student = students[number % STUDENTS]
        mine = [story(chance, runs) for _ in range(EVENTS // (STUDENTS * DEVICES))]
        events |= {one["id"]: (student, one) for one in mine}
        # devices of one student know some of the same: what one synchronised from the other it sends as well
        twice = [one for owner, one in events.values() if owner is student and chance.random() < 0.05]
        devices.append(Device(student, mine + twice, server.url, random.Random(chance.random())))

    over = asyncio.Event()
    watching = [asyncio.create_task(watch(student, server.url, over)) for student in students]
    killing = asyncio.create_task(
        kills(chance, lambda: sum(device.acknowledged for device in devices), server, postgres_of_its_own)
    )
    await asyncio.gather(*(device.run() for device in devices))
    killed = await killing
    over.set()
    seen = await asyncio.gather(*watching)
    told = sum((device.told for device in devices), Counter[str]())
    print(f"\n{len(events)} events, seed {SEED}; killed: {dict(killed)}; told: {dict(told)}")
    assert told.keys() <= {"recorded", "known", "no answer", "unavailable"}

    database = Database(world.database.url)
    async with database.read() as connection:
        kept = {
            str(row.id): (
                row.person_id,
                str(row.run_id),
                row.unit_key,
                row.at,
                row.completed,
                row.position,
                row.watched,
            )
            for row in await connection.execute(select(progress_event))
        }
        completed = sorted(
            f"{row.run_id} {row.person_id}"
            for row in await connection.execute(select(run_enrolment).where(run_enrolment.c.state == "completed"))
        )
        names = await connection.execute(select(outbox).where(outbox.c.name == "module_completed"))
        emitted = sorted(f"{row.aggregate.removeprefix('run:')} {row.payload[14:50]}" for row in names)
    assert kept == {
        key: (
            student.person.id, one["runId"], one["unitKey"], datetime.fromisoformat(one["at"]), one["completed"],
            one["position"], one["watched"],
        )
        for key, (student, one) in events.items()
    }  # fmt: skip
    states = await stored(database)
    assert states == await replayed(database)
    assert emitted == completed
    for student, known in zip(students, seen, strict=True):
        own = {(str(run), key): state for (person, run, key), state in states.items() if person == student.person.id}
        assert known.keys() == own.keys()
        assert {place: item["watchedSeconds"] for place, item in known.items()} == {
            place: len(watched) for place, (*_, watched) in own.items()
        }
        assert {place: item["position"] for place, item in known.items()} == {
            place: position for place, (_, _, position, _) in own.items()
        }
    await database.close()
