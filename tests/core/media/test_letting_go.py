"""What nobody needs goes, and nothing else; who still reads it reads it to the end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from lms_core.media import actions, sweep, uploads
from lms_core.media.sweep import Swept
from lms_core.types import now
from tests.support.objectstore import fresh_bucket
from tests.support.world import MP4, sha256

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from content_store import ContentStore, StoreSettings
    from tests.support.world import World

BIG = MP4 + bytes(9 * 1024 * 1024)
DAY = timedelta(days=1)


@pytest.fixture
async def store_settings(store_server: StoreSettings) -> AsyncIterator[StoreSettings]:
    """A bucket of the test's own: the sweep looks at all that is in it."""
    async with fresh_bucket(store_server) as settings:
        yield settings


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Let time pass for files: for who announces and uses them as for the sweep."""

    def passes(by: timedelta) -> None:
        moment = now() + by
        for place in (sweep, uploads, actions):
            monkeypatch.setattr(place, "now", lambda: moment)

    return passes


async def swept(world: World) -> Swept:
    return await sweep.sweep(world.database, world.app.state.store)


async def objects(world: World, programme: dict[str, Any]) -> list[str]:
    store: ContentStore = world.app.state.store
    prefix = f"media/{programme['id']}/"
    return [found.key.removeprefix(prefix) async for found in store.objects(prefix)]


async def begin(world: World, programme: dict[str, Any], data: bytes, name: str = "film.mp4") -> dict[str, Any]:
    kind = "video/mp4" if name.endswith("mp4") else "text/plain"
    new = {"name": name, "size": len(data), "contentType": kind, "sha256": sha256(data)}
    media: dict[str, Any] = await world.admin.post(f"/programmes/{programme['id']}/media", new)
    return media


async def test_an_upload_waits_a_week_for_its_next_part(world: World, later: Callable[[timedelta], None]) -> None:
    programme = await world.programme()
    media = await begin(world, programme, BIG)
    await world.send(world.admin, media, BIG, 1)
    store, key = world.app.state.store, f"media/{programme['id']}/{media['id']}"
    later(6 * DAY)
    assert (await swept(world)).uploads == 0
    later(8 * DAY)
    assert (await swept(world)).uploads == 1
    await world.admin.get(f"/media/{media['id']}", 404)
    assert len(await store.open_uploads(key)) == 1
    later(9 * DAY)
    await swept(world)
    assert await store.open_uploads(key) == []
    again = await begin(world, programme, BIG)
    assert (again["id"] != media["id"], again["state"]) == (True, "uploading")


async def test_files_that_no_unit_needs_go_after_a_month_and_versions_keep_theirs(
    world: World, later: Callable[[timedelta], None]
) -> None:
    programme = await world.programme()
    old, new, spare = [
        await world.upload(world.admin, programme, f"{name}.txt", name.encode(), "text/plain")
        for name in ("old", "new", "spare")
    ]
    file = {"key": "slides", "name": "slides.txt", "role": "attachment"}
    unit = {"key": "light", "kind": "reading", "title": "Light"}
    module = await world.module(programme, [{**unit, "files": [{**file, "mediaId": old["id"]}]}])
    content = {"title": "Optics", "ects": "5", "workloadHours": 150}
    corrected = {**content, "units": [{**unit, "files": [{**file, "mediaId": new["id"]}]}]}
    await world.admin.put(f"/modules/{module['id']}/draft", corrected, If_Match='"3"')
    listed = await world.admin.get(f"/programmes/{programme['id']}/media")
    assert [(one["name"], one["uses"]) for one in listed["items"]] == [("old.txt", 1), ("new.txt", 1), ("spare.txt", 0)]

    later(31 * DAY)
    assert (await swept(world)).files == 1
    assert sorted(await objects(world, programme)) == sorted([old["id"], new["id"], spare["id"]])
    later(32 * DAY)
    await swept(world)
    assert sorted(await objects(world, programme)) == sorted([old["id"], new["id"]])
    await world.admin.get(f"/media/{spare['id']}", 404)


async def test_a_deleted_file_is_read_to_the_end_by_who_was_reading(
    world: World, later: Callable[[timedelta], None]
) -> None:
    programme = await world.programme()
    media = await world.upload(world.admin, programme, "notes.txt", b"notes", "text/plain")
    address = (await world.admin.call("GET", f"/media/{media['id']}/file")).headers["Location"]
    await world.admin.delete(f"/media/{media['id']}")
    await world.admin.delete(f"/media/{media['id']}", 404)
    await world.admin.get(f"/media/{media['id']}/file", 404)
    await swept(world)
    async with httpx.AsyncClient() as outside:
        assert (await outside.get(address)).content == b"notes"
    later(timedelta(hours=2))
    await swept(world)
    assert await objects(world, programme) == []
    again = await world.upload(world.admin, programme, "notes.txt", b"notes", "text/plain")
    assert again["id"] != media["id"]


async def test_a_file_in_use_is_not_deleted(world: World) -> None:
    programme = await world.programme()
    media = await world.upload(world.admin, programme, "notes.txt", b"notes", "text/plain")
    file = {"key": "notes", "name": "notes.txt", "role": "attachment", "mediaId": media["id"]}
    await world.module(programme, [{"key": "light", "kind": "reading", "title": "Light", "files": [file]}])
    problem = await world.admin.call("DELETE", f"/media/{media['id']}")
    assert (problem.status_code, problem.json()["detail"]) == (
        409, "Units need this file: drafts or published versions of modules. Take it out of them first.",
    )  # fmt: skip
    assert (await world.admin.get(f"/media/{media['id']}"))["state"] == "ready"


async def test_uploads_that_nobody_wrote_down_are_thrown_away(world: World, later: Callable[[timedelta], None]) -> None:
    programme = await world.programme()
    known = await begin(world, programme, BIG)
    store, key = world.app.state.store, f"media/{programme['id']}/stray"
    await store.start_upload(key, "video/mp4")
    assert (await swept(world)).strays == 0
    await begin(world, programme, BIG)  # goes on with the one that is known
    later(6 * DAY)
    await swept(world)
    assert len(await store.open_uploads(f"media/{programme['id']}/")) == 2
    later(8 * DAY)
    assert await swept(world) == Swept(1, 0, 1)
    assert await store.open_uploads(key) == []
    await world.admin.get(f"/media/{known['id']}", 404)


async def test_a_file_announced_or_used_while_the_sweep_is_at_it_stays_or_is_sent_anew(
    world: World, later: Callable[[timedelta], None]
) -> None:
    """Never is there a file that counts as ready and has no bytes, nor a unit without its file."""
    programme = await world.programme()
    module = await world.admin.post(f"/programmes/{programme['id']}/modules", {"key": "optics", "title": "Optics"})
    names = [f"{number}.txt" for number in range(8)]
    files = [await world.upload(world.admin, programme, name, name.encode(), "text/plain") for name in names]
    later(31 * DAY)

    async def announce(number: int) -> Any:
        return await begin(world, programme, names[number].encode(), names[number])

    async def use(numbers: list[int]) -> int:
        described = [
            {"key": f"f{number}", "name": names[number], "role": "attachment", "mediaId": files[number]["id"]}
            for number in numbers
        ]
        unit = {"key": "light", "kind": "reading", "title": "Light", "files": described}
        content = {"title": "Optics", "ects": "5", "workloadHours": 150, "units": [unit]}
        return (await world.admin.call("PUT", f"/modules/{module['id']}/draft", content, If_Match='"1"')).status_code

    told = await asyncio.gather(
        announce(0), swept(world), announce(1), use([4, 5]), announce(2), swept(world), announce(3)
    )
    drafted = told[3]
    later(33 * DAY)
    await asyncio.gather(swept(world), swept(world))
    there = await objects(world, programme)
    for media in (told[0], told[2], told[4], told[6]):
        assert media["state"] == "uploading" or media["id"] in there, media
    assert drafted in (200, 422)
    if drafted == 200:
        assert {files[4]["id"], files[5]["id"]} <= set(there)
    listed = await world.admin.get(f"/programmes/{programme['id']}/media?state=ready")
    assert {one["id"] for one in listed["items"]} == set(there)


async def test_who_announces_again_is_told_that_parts_may_be_there(world: World) -> None:
    programme = await world.programme()
    first, again = [await begin(world, programme, BIG) for _ in range(2)]
    assert (first["begun"], again.get("begun", True), again["id"]) == (False, True, first["id"])
