"""Uploads whose client, server or store is killed at a random moment, and which go on: not one byte is ever wrong.

Six in the ordinary run. The whole campaign, repeatable by its seed:

    LMS_TEST_UPLOADS=100 LMS_TEST_SEED=1 pytest -n0 -s tests/faults/test_killed_uploads.py
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from content_store import StoreUnavailable
from content_store.local import LocalStore
from lms_core.media import sweep
from lms_core.types import now
from tests.support.processes import LMS, Running, started
from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from content_store import StoreSettings
    from tests.support.world import World

UPLOADS = int(os.environ.get("LMS_TEST_UPLOADS", "3"))
SEED = int(os.environ.get("LMS_TEST_SEED", "1"))
MIB = 1 << 20
LARGEST = (300 if UPLOADS >= 100 else 40) * MIB
VICTIMS = ("client", "server", "store")

pytestmark = pytest.mark.timeout(300 + 60 * UPLOADS)


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store_directory(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store_settings(store_directory: Path) -> Iterator[StoreSettings]:
    """A store of the test's own, which is started again when it ends."""
    with LocalStore(store_directory) as settings:
        yield settings


@pytest.fixture
async def server(world: World, store_settings: StoreSettings, tmp_path: Path) -> AsyncIterator[Serving]:
    made = Serving(environment(world.database.url, store_settings, free_port()), tmp_path / "server.log")
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.stop)


def kill_store(directory: Path) -> None:
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "weed" and any(str(directory) in word for word in process.info["cmdline"] or []):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def write(place: Path, size: int, chance: random.Random) -> str:
    digest = hashlib.sha256()
    with place.open("wb") as file:
        for start in range(0, size, MIB):
            piece = chance.randbytes(min(MIB, size - start))
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


async def stored(world: World, key: str, tries: int = 60) -> str:
    """Return the SHA-256 of what the store holds; one that was killed may take a while to find its volumes again."""
    digest = hashlib.sha256()
    try:
        async for chunk in world.app.state.store.read(key):
            digest.update(chunk)
    except StoreUnavailable:
        if tries == 1:
            raise
        await asyncio.sleep(1)
        return await stored(world, key, tries - 1)
    return digest.hexdigest()


async def test_killed_at_any_moment_they_arrive_whole(
    world: World, server: Serving, store_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(SEED)
    programme = await world.programme()
    module = await world.module(programme, [{"key": "film", "kind": "video", "title": "Film"}])
    env = {"LMS_URL": server.url, "LMS_TOKEN": world.admin.token, "XDG_STATE_HOME": str(tmp_path / "state")}
    killed: Counter[str] = Counter()
    arrived: dict[str, str] = {}

    def push(place: Path) -> Any:
        words = ("push", place, "--programme", programme["key"], "--module", module["key"], "--unit", "film")
        return started(LMS, *words, "--no-wait", "--patience", "60", env=env)

    async def kill(victim: str, running: Running) -> None:
        if victim == "client":
            os.killpg(running.pid, signal.SIGKILL)
        elif victim == "server":
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        else:
            await asyncio.to_thread(kill_store, store_directory)

    for number in range(UPLOADS):
        victim = VICTIMS[number % len(VICTIMS)]
        place = tmp_path / f"film-{number}.bin"
        size = chance.randint(5 * MIB, LARGEST)
        digest = await asyncio.to_thread(write, place, size, chance)
        with push(place) as running:
            # a second until it has begun, then as long as the rest may take
            await asyncio.sleep(chance.uniform(0.5, 1.5 + size / (60 * MIB)))
            under_way = running._process.poll() is None
            await invisible(world, programme, digest)
            if under_way:
                await kill(victim, running)
                killed[victim] += 1
            code = await asyncio.to_thread(running.wait)
            assert victim == "client" or not code, running.errors
        with push(place) as running:
            assert not await asyncio.to_thread(running.wait), running.errors
        arrived[digest] = place.name
        place.unlink()

    for one in (await world.admin.get(f"/programmes/{programme['id']}/media?limit=200"))["items"]:
        digest = await stored(world, f"media/{programme['id']}/{one['id']}")
        media = await world.checked(world.admin, one)
        assert (media["state"], digest) == ("ready", media["sha256"]), one["name"]
        assert arrived.pop(media["sha256"]) == media["name"]
    assert arrived == {}
    print(f"\n{UPLOADS} uploads, seed {SEED}; killed under way: {dict(killed)}")

    for days in (8, 9):
        later = now() + timedelta(days=days)
        monkeypatch.setattr(sweep, "now", lambda later=later: later)
        await sweep.sweep(world.database, world.app.state.store)
    store, prefix = world.app.state.store, f"media/{programme['id']}/"
    there = {found.key.removeprefix(prefix) async for found in store.objects(prefix)}
    listed = (await world.admin.get(f"/programmes/{programme['id']}/media?limit=200"))["items"]
    assert there == {one["id"] for one in listed}
    assert await store.open_uploads("") == []


async def invisible(world: World, programme: dict[str, Any], digest: str) -> None:
    """What is not complete cannot be read."""
    for one in (await world.admin.get(f"/programmes/{programme['id']}/media?sha256={digest}"))["items"]:
        answer = await world.admin.call("GET", f"/media/{one['id']}/file")
        now = await world.admin.get(f"/media/{one['id']}")
        assert answer.status_code == 409 or now["state"] == "ready", (one, answer.text)
