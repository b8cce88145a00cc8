"""A store that is away, slow, full or spoils what passes: whoever asks is told, nothing is lost, and it goes on by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from content_store import StoreUnavailable
from lms_core.media.checking import check
from tests.support.flaky_store import FlakyStore, flaky_store
from tests.support.objectstore import fresh_bucket
from tests.support.world import MP4, sha256

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from content_store import StoreSettings
    from tests.support.world import World

BIG = MP4 + bytes(range(256)) * (9 * 4096)
NEW = {"name": "film.mp4", "size": len(BIG), "contentType": "video/mp4", "sha256": sha256(BIG)}


@pytest.fixture
async def flaky(store_server: StoreSettings) -> AsyncIterator[FlakyStore]:
    async with fresh_bucket(store_server) as settings, flaky_store(settings) as flaky:
        yield flaky


@pytest.fixture
def store_settings(flaky: FlakyStore) -> StoreSettings:
    return flaky.settings


async def begun(world: World) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    media = await world.admin.post(f"/programmes/{(await world.programme())['id']}/media", NEW)
    return media, await world.send(world.admin, media, BIG)


async def refused(world: World, method: str, path: str, body: Any = None) -> None:
    answer = await world.admin.call(method, path, body)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:lms:problem:store-unavailable"), answer.text
    assert answer.headers["Retry-After"] == "5"


FAULTS = {
    "away": lambda flaky: flaky.shut_down(),
    "broken": lambda flaky: flaky.fail("error", times=20, status=503),
    "nonsense": lambda flaky: flaky.fail("garbage", times=20),
    "cut": lambda flaky: flaky.fail("cut", times=20),
}


async def spoil(flaky: FlakyStore, fault: str) -> None:
    if (waiting := FAULTS[fault](flaky)) is not None:
        await waiting


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_needs_the_store_says_so_and_succeeds_when_it_is_back(
    world: World, flaky: FlakyStore, fault: str
) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}/media"
    await spoil(flaky, fault)
    await refused(world, "POST", path, NEW)
    assert (await world.admin.get(path)) == {"items": []}
    await flaky.recover()
    media = await world.admin.post(path, NEW)
    parts = await world.send(world.admin, media, BIG)

    await spoil(flaky, fault)
    await refused(world, "GET", f"/media/{media['id']}/parts")
    await refused(world, "POST", f"/media/{media['id']}/complete", {"parts": parts})
    assert (await world.admin.get(f"/media/{media['id']}"))["state"] == "uploading"
    await flaky.recover()
    done = await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    assert done["state"] == "checking"

    await spoil(flaky, fault)
    with pytest.raises(StoreUnavailable):
        await check(world.database, world.app.state.store, UUID(media["id"]))
    assert (await world.admin.get(f"/media/{media['id']}"))["state"] == "checking"  # no fault of the file's
    await flaky.recover()
    assert (await world.checked(world.admin, media))["state"] == "ready"


async def test_an_answer_that_is_lost_is_found_out(world: World, flaky: FlakyStore) -> None:
    media, parts = await begun(world)
    assert media.pop("begun") is False
    flaky.fail("lost", times=1, methods=["POST"])  # the parts are joined, and nobody hears of it
    await refused(world, "POST", f"/media/{media['id']}/complete", {"parts": parts})
    done = await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    assert done == {**media, "state": "checking"}
    assert await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200) == done
    assert await world.checked(world.admin, media) == {**media, "state": "ready"}


async def test_a_full_store_refuses_the_part_and_takes_it_when_there_is_room(world: World, flaky: FlakyStore) -> None:
    media = await world.admin.post(f"/programmes/{(await world.programme())['id']}/media", NEW)
    flaky.fill_up()
    with pytest.raises(AssertionError, match="StorageFull"):
        await world.send(world.admin, media, BIG)
    assert await world.admin.get(f"/media/{media['id']}/parts") == {"parts": []}
    await flaky.recover()
    parts = await world.send(world.admin, media, BIG)
    await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    assert (await world.checked(world.admin, media))["state"] == "ready"


async def test_a_slow_store_holds_up_nobody_else(world: World, flaky: FlakyStore) -> None:
    programme = await world.programme()
    flaky.fail("slow", times=1, seconds=1.0)
    waiting = asyncio.ensure_future(world.admin.post(f"/programmes/{programme['id']}/media", NEW))
    for _ in range(5):
        await world.admin.get(f"/programmes/{programme['id']}")
    assert not waiting.done()
    assert (await waiting)["state"] == "uploading"


async def test_the_server_runs_without_its_store_and_says_that_it_is_not_ready(world: World, flaky: FlakyStore) -> None:
    await flaky.shut_down()
    answer = await world.http.get("/health/ready")
    assert answer.status_code == 503
    assert {check["name"]: check["ok"] for check in answer.json()["checks"]} == {
        "database": True, "migrations": True, "content store": False,
    }  # fmt: skip
    programme = await world.programme()
    assert await world.admin.get(f"/programmes/{programme['id']}/media") == {"items": []}
    assert (await world.http.get("/health/live")).status_code == 200
    await flaky.recover()
    assert (await world.http.get("/health/ready")).status_code == 200


async def test_a_part_that_is_not_the_announced_one_never_gets_into_the_file(world: World) -> None:
    media, parts = await begun(world)
    swapped = [{"number": 1, "sha256": parts[1]["sha256"]}, {"number": 2, "sha256": parts[0]["sha256"]}]
    for wrong, status in ((swapped, 409), (parts[::-1], 422), (parts[:1], 422), ([*parts, parts[1]], 422)):
        answer = await world.admin.call("POST", f"/media/{media['id']}/complete", {"parts": wrong})
        assert answer.status_code == status, answer.text
    addresses = await world.admin.post(f"/media/{media['id']}/parts", {"parts": parts}, 200)
    async with httpx.AsyncClient() as outside:
        other = addresses["parts"][1]
        answer = await outside.put(
            other["url"], content=b"!" * int(other["headers"]["Content-Length"]), headers=other["headers"]
        )
        assert answer.status_code == 400
    assert (await world.admin.get(f"/media/{media['id']}"))["state"] == "uploading"
    done = await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    assert (await world.checked(world.admin, done))["state"] == "ready"
