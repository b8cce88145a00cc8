"""How long a night's replanning takes, and requests meanwhile.

`STUDENTS=2000 pytest -m benchmark -n0 -s tests/benchmarks/test_nightly_tracks.py`: students of a programme of 90 ECTS
(15 modules and a thesis, 12 terms), each with hours, absences and an accepted plan that no longer fits. A server and a
worker as in production, four clients one request after the other: first idle, then while the worker plans.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest
from lms_part_time_tracks.plugin import PartTimeTracks
from lms_part_time_tracks.tables import placed, plan, track
from sqlalchemy import func, insert, select

from lms_core.db import Database
from lms_core.enrolment.tables import programme_enrolment
from lms_core.hooks.context import Context
from lms_core.hooks.registry import load
from lms_core.migrations.plugins import migrate_plugins
from lms_core.people.tables import person
from lms_core.types import new_id, now
from tests.support.clients import measured, told
from tests.support.processes import LMS, started
from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from content_store import StoreSettings
    from lms_core.settings import Settings
    from tests.support.world import Actor, World

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

STUDENTS = int(os.environ.get("STUDENTS", "200"))
SECONDS = 15
KEYS = [f"module-{n:02}" for n in range(15)]


@pytest.fixture
def plugins() -> list[Any]:
    return [PartTimeTracks()]


@pytest.fixture
async def app_settings(app_settings: Settings, plugins: list[Any]) -> Settings:
    database = Database(app_settings.database_url)
    await migrate_plugins(database, load(plugins))
    await database.close()
    return app_settings


async def a_programme(world: World) -> tuple[dict[str, Any], dict[str, UUID]]:
    """Return a programme of 90 ECTS with the plugin enabled, and its modules."""
    programme = await world.programme()
    where, modules = f"/programmes/{programme['id']}", {}
    rules = {
        "version": "part-time", "validFrom": "2026-06-01", "ectsTotal": "90", "hoursPerEcts": "30",
        "limits": {"maxTerms": 12, "milestones": [{"ects": 60, "byTerm": 6}]},
    }  # fmt: skip
    programme["regulation"] = (await world.admin.post(f"{where}/regulations", rules))["id"]
    for number, key in enumerate([*KEYS, "thesis"]):
        made = await world.admin.post(f"{where}/modules", {"key": key, "title": key.title()})
        thesis = key == "thesis"
        content = {
            "title": key.title(), "ects": "15" if thesis else "5", "workloadHours": 450 if thesis else 150,
            "units": [{"key": "intro", "kind": "reading", "title": "Introduction"}],
            "offered": ["winter", "summer"] if thesis else [("winter", "summer")[number % 2]],
            "prerequisites": [KEYS[number - 5]] if 5 <= number < 15 and number % 3 == 0 else [],
        }  # fmt: skip
        draft = await world.admin.put(f"/modules/{made['id']}/draft", content, If_Match='"1"')
        await world.admin.post(f"/modules/{made['id']}/publish", If_Match=f'"{draft["revision"]}"')
        modules[key] = UUID(made["id"])
    curriculum = {"version": "part-time", "required": KEYS, "thesis": "thesis", "thesis_after_ects": "60"}
    body = {"enabled": True, "settings": {"curricula": [curriculum]}}
    await world.admin.put(f"{where}/plugins/part_time_tracks", body, If_Match='"0"')
    return programme, modules


async def study(world: World, programme: dict[str, Any], modules: dict[str, UUID]) -> None:
    """Bring in students with hours, absences and plans; they began some terms ago or begin now."""
    rng, moment = Random(7), now()
    here, ids = UUID(programme["id"]), [new_id() for _ in range(STUDENTS)]
    first = 2 * moment.year + (moment.month >= 10)
    people = [
        {
            "id": one,
            "email": f"s{n}@example.org",
            "name": f"Student {n}",
            "language": "de",
            "revision": 1,
            "active": True,
            "created_at": moment,
        }
        for n, one in enumerate(ids)
    ]
    async with world.database.write() as connection:
        await connection.execute(insert(person), people)
        studies = {"programme_id": here, "regulation_id": UUID(programme["regulation"]), "state": "enrolled"}
        await connection.execute(
            insert(programme_enrolment), [{"person_id": one, "since": moment, **studies} for one in ids]
        )
        tracks = []
        for one in ids:
            away = moment.date() + timedelta(days=rng.randrange(30, 900))
            content = {
                "budgets": [{"firstDay": str(moment.date()), "hours": rng.choice([20, 21, 22, 24, 26])}],
                "blackouts": [{"firstDay": str(away), "lastDay": str(away + timedelta(days=rng.randrange(5, 40)))}],
            }
            tracks.append(
                {"person_id": one, "programme_id": here, "content": content, "revision": 1, "changed_at": moment}
            )
        await connection.execute(insert(track), tracks)
        rows = [
            {"person_id": one, "programme_id": here, "module_id": module, "term": first + 1 + rng.randrange(8), "run_id": None}
            for one in ids
            for module in modules.values()
        ]  # fmt: skip
        for start in range(0, len(rows), 5000):
            await connection.execute(insert(placed), rows[start : start + 5000])


async def outcomes(world: World) -> Counter[str]:
    """Return how many plans are proven, how many are not, and for how many students there is none."""
    async with world.database.read() as connection:
        results = (await connection.execute(select(plan.c.result))).scalars()
        return Counter(one["status"] for one in results)


async def until(world: World, plans: int) -> None:
    """Wait for so many plans."""
    async with asyncio.timeout(1800):
        while True:
            async with world.database.read() as connection:
                if (await connection.scalar(select(func.count()).select_from(plan)) or 0) >= plans:
                    return
            await asyncio.sleep(0.5)


async def a_reader(world: World, programme: dict[str, Any]) -> tuple[Actor, str]:
    """Return a student who is not planned for, and the outline of her run."""
    run = await world.run(
        programme, await world.module(programme, [{"key": "a", "kind": "reading", "title": "A"}], "extra")
    )
    student = await world.student("Ann", programme)
    await student.put(f"/runs/{run['id']}/enrolment", {})
    return student, f"/runs/{run['id']}/outline"


async def test_a_night(world: World, database_url: str, store_settings: StoreSettings, tmp_path: Path) -> None:
    programme, modules = await a_programme(world)
    student, outline = await a_reader(world, programme)
    await study(world, programme, modules)
    settings = msgspec.convert({}, PartTimeTracks.settings)
    context = Context("part_time_tracks", UUID(programme["id"]), settings, world.database)
    requests = [(student.token, path) for path in ("/me/dashboard", outline, "/me", "/me/deadlines")]
    env = environment(database_url, store_settings, free_port())
    server = Serving(env, tmp_path / "log")
    try:
        server.start()
        await measured(server, requests, 3)
        print(f"\n{STUDENTS} students, {date.today()}")
        told("idle", await measured(server, requests, SECONDS))
        async with world.database.write() as connection:
            await context.enqueue(connection, "replan")
        began = time.monotonic()
        with started(LMS, "worker", env=env):
            await until(world, 1)
            told("while planning", await measured(server, requests, SECONDS))
            await until(world, STUDENTS)
            print(f"all replanned after {time.monotonic() - began:.1f} s: {await outcomes(world)}")
    finally:
        server.stop()
