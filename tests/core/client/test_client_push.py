"""`lms push` as a process of its own, against a server of its own: killed, left alone by the server, and told off."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from content_store import StoreSettings
from lms_core.media.checking import MediaChannel
from tests.support.flaky_store import FlakyStore, flaky_store
from tests.support.outbox import until, working
from tests.support.processes import LMS, Running, finished, started
from tests.support.serving import Serving, environment, free_port
from tests.support.world import MP4, World

MIB = 1024 * 1024
CONTENT = MP4 + os.urandom(48 * MIB)  # seven parts
PARTS = {1, 2, 3, 4, 5, 6, 7}


@pytest.fixture
async def flaky(store_settings: StoreSettings) -> AsyncIterator[FlakyStore]:
    async with flaky_store(store_settings) as made:
        yield made


@pytest.fixture
async def server(world: World, database_url: str, flaky: FlakyStore, tmp_path: Path) -> AsyncIterator[Serving]:
    """The server of the test's world as a process, with the store behind a line that can be slow."""
    made = Serving(environment(database_url, flaky.settings, free_port()), tmp_path / "server.log")
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.stop)


@pytest.fixture
async def module(world: World) -> dict[str, Any]:
    programme = await world.programme()
    units = [
        {"key": "film", "kind": "video", "title": "Film"},
        {"key": "text", "kind": "reading", "title": "Text", "body": "Words."},
    ]
    return {**await world.module(programme, units), "programme": programme}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    place = tmp_path / "film.mp4"
    place.write_bytes(CONTENT)
    return place


def words(path: Path, *more: str) -> list[str | Path]:
    return [LMS, "push", path, "--programme", "ms", "--module", "mems", *more]


def env(world: World, server: Serving, state_home: Path) -> Mapping[str, str]:
    return {"LMS_URL": server.url, "LMS_TOKEN": world.admin.token, "XDG_STATE_HOME": str(state_home), "COLUMNS": "200"}


def sent(flaky: FlakyStore) -> list[int]:
    """Return the numbers of the parts that the store was sent, in order."""
    puts = [urlsplit(request.split()[1]).query for request in flaky.seen if request.startswith("PUT")]
    return [int(parse_qs(query)["partNumber"][0]) for query in puts if "partNumber" in query]


async def arrived(world: World) -> set[int]:
    """Return the numbers of the parts of the only upload that the store has whole."""
    [media] = await all_media(world)
    return {part["number"] for part in (await world.admin.get(f"/media/{media['id']}/parts"))["parts"]}


async def all_media(world: World) -> list[dict[str, Any]]:
    [programme] = (await world.admin.get("/programmes"))["items"]
    found: list[dict[str, Any]] = (await world.admin.get(f"/programmes/{programme['id']}/media"))["items"]
    return found


async def stored(world: World, media: str) -> bytes:
    answer: httpx.Response = await world.admin.call("GET", f"/media/{media}/file")
    async with httpx.AsyncClient() as outside:
        return (await outside.get(answer.headers["Location"])).content


def kept(folder: Path) -> list[bytes]:
    """Return what pushes have left behind to go on from."""
    return [place.read_bytes() for place in folder.rglob("*") if place.is_file()]


async def ends(pushing: Running) -> int:
    return await asyncio.to_thread(pushing.wait)


async def test_a_push_that_is_killed_goes_on_where_it_was(
    world: World, module, server: Serving, flaky: FlakyStore, film: Path, state_home: Path
):
    surroundings = env(world, server, state_home)
    flaky.fail("slow", methods=["PUT"], seconds=0.3)
    with started(*words(film, "--unit", "film", "--parallel", "1"), env=surroundings) as pushing:
        await until(lambda: len(sent(flaky)) == 4)
        os.kill(pushing.pid, 9)
        assert await ends(pushing) == -9
    there, under_way = await arrived(world), set(sent(flaky)[3:])  # which still arrives, or does not
    assert 3 <= len(there | under_way) <= 4
    [state] = kept(state_home)
    assert world.admin.token.encode() not in state

    await flaky.recover()
    flaky.seen.clear()
    async with working(world.database, MediaChannel(world.database, world.app.state.store)):
        code, output, errors = await asyncio.to_thread(finished, *words(film, "--unit", "film"), env=surroundings)

    assert code == 0, errors
    assert len(sent(flaky)) == len(set(sent(flaky)))
    assert PARTS - there - under_way <= set(sent(flaky)) <= PARTS - there
    [media] = await all_media(world)
    assert (media["state"], media["uses"]) == ("ready", 1)
    assert await stored(world, media["id"]) == CONTENT
    assert kept(state_home) == []
    assert (
        "film.mp4 is in unit film of module mems now, as content; the unit's text calls it lms-file:film.mp4." in output
    )
    assert errors.splitlines()[-1] == "Checking: 50.3 MB of 50.3 MB, 1/1 files"


async def test_a_server_that_goes_away_for_a_while_is_waited_for(
    world: World, module, server: Serving, flaky: FlakyStore, film: Path, state_home: Path
):
    """The store goes away as well, as when somebody walks out of the hotel's Wi-Fi."""
    flaky.fail("slow", methods=["PUT"], seconds=0.2)
    with started(
        *words(film, "--unit", "film", "--parallel", "2", "--no-wait"), env=env(world, server, state_home)
    ) as pushing:
        await until(lambda: len(sent(flaky)) >= 3)
        server.kill()
        await flaky.shut_down()
        await until(lambda: "Trying again; nothing is lost." in pushing.errors)
        await flaky.recover()
        await asyncio.to_thread(server.start)
        assert await ends(pushing) == 0, pushing.errors

    assert set(sent(flaky)) == PARTS
    assert len(sent(flaky)) <= len(PARTS) + 2  # what was under way, and nothing else, was sent again
    [media] = await all_media(world)
    assert (media["state"], media["uses"]) == ("checking", 1)  # nobody waited for the check
    media = await world.checked(world.admin, media)
    assert (media["state"], await stored(world, media["id"]) == CONTENT) == ("ready", True)


async def test_a_film_that_is_exchanged_between_two_tries_starts_over(
    world: World, module, server: Serving, flaky: FlakyStore, film: Path, state_home: Path
):
    surroundings = env(world, server, state_home)
    flaky.fail("slow", methods=["PUT"], seconds=0.3)
    with started(*words(film, "--unit", "film", "--parallel", "1"), env=surroundings) as pushing:
        await until(lambda: len(sent(flaky)) == 2)
        os.kill(pushing.pid, 9)
        await ends(pushing)
    await asyncio.to_thread(film.write_bytes, MP4 + b"short")
    await flaky.recover()

    code, _, errors = await asyncio.to_thread(finished, *words(film, "--unit", "film"), env=surroundings)

    assert code == 0, errors
    assert f"{film} has changed since it was pushed last; it is sent from the beginning." in errors
    content = await world.admin.get(f"/modules/{module['id']}/content")
    [file] = content["units"][0]["files"]
    assert await stored(world, file["mediaId"]) == MP4 + b"short"


async def test_a_damaged_arrival_is_told_and_pushing_again_repairs_it(
    world: World, module, server: Serving, film: Path, state_home: Path
):
    surroundings = env(world, server, state_home)
    push = words(film, "--unit", "film")
    code, _, errors = await asyncio.to_thread(finished, *push, "--no-wait", env=surroundings)
    assert code == 0, errors
    [media] = await all_media(world)
    store, key = world.app.state.store, f"media/{module['programme']['id']}/{media['id']}"
    await store.put(key, MP4 + bytes(48 * MIB), "video/mp4")

    worker = working(world.database, MediaChannel(world.database, store))
    with started(*push, env=surroundings) as pushing:  # there is nothing left to send, only to wait for
        await until(lambda: "Uploading: " in pushing.errors)
        async with worker:
            assert await ends(pushing) == 1
            assert "pushing them again repairs them:" in pushing.errors
            assert f"  {film}: its SHA-256 is " in pushing.errors
            code, _, errors = await asyncio.to_thread(finished, *push, env=surroundings)

    assert code == 0, errors
    assert [(one["id"], one["state"]) for one in await all_media(world)] == [(media["id"], "ready")]
    assert await stored(world, media["id"]) == CONTENT


async def test_a_dry_run_changes_nothing_and_a_folder_is_pushed_as_it_said(
    world: World, module, server: Serving, state_home: Path, write_folder
):
    surroundings = env(world, server, state_home)
    await world.upload(world.admin, module["programme"], "known.csv", b"known", "text/csv")
    folder = write_folder(
        {"text.md": "# Text\n[a](known.csv) [b](fresh.csv)", "known.csv": "known", "fresh.csv": "new!"}
    )
    path = f"/modules/{module['id']}"
    before = [await all_media(world), await world.admin.get(path), await world.admin.get(f"{path}/content")]

    code, output, errors = await asyncio.to_thread(finished, *words(folder, "--dry-run"), env=surroundings)

    assert code == 0, errors
    told = [" ".join(line.split()) for line in output.splitlines() if line.strip() and "─" not in line]
    assert told[told.index("What would be sent") :][2:3] == ["fresh.csv 4 bytes"]
    assert "4 bytes would be sent; 1 of 2 files are there already." in told
    assert told[told.index("What would change") :][2:] == ["removed 1 film", "modified 1 text"]
    assert [await all_media(world), await world.admin.get(path), await world.admin.get(f"{path}/content")] == before

    code, _, errors = await asyncio.to_thread(finished, *words(folder), env=surroundings)

    assert code == 0, errors
    content = await world.admin.get(f"{path}/content")
    assert [(unit["key"], [file["name"] for file in unit["files"]]) for unit in content["units"]] == [
        ("text", ["known.csv", "fresh.csv"])
    ]
