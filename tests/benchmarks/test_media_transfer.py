"""What the way by signed addresses costs against the plain SDK: `pytest -m benchmark -n0 -s tests/benchmarks/test_media_transfer.py`.

Ratios of one run. The client's own work, hashing included, is counted with it; the SDK hashes what it sends as well.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import psutil
import pytest
from minio import Minio

from lms_core.client.digests import digest
from lms_core.client.http import LmsClient
from lms_core.client.upload import upload
from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from content_store import StoreSettings
    from tests.support.world import World

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

MIB = 1 << 20
LARGE, SMALL, MANY = 1024 * MIB, 64 * 1024, 1000


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(world: World, store_settings: StoreSettings, tmp_path: Path) -> Iterator[Serving]:
    made = Serving(environment(world.database.url, store_settings, free_port()), tmp_path / "server.log")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def sdk(store_settings: StoreSettings) -> Minio:
    url, keys = urlsplit(store_settings.url), (store_settings.access_key, store_settings.secret_key)
    return Minio(url.netloc, *keys, secure=url.scheme == "https", region=store_settings.region)


def cpu_seconds(server: Serving) -> float:
    """Return the processor time that all processes of the server have used."""
    assert server.process
    parent = psutil.Process(server.process.pid)
    return sum(sum(one.cpu_times()[:2]) for one in [parent, *parent.children(recursive=True)])


def write(place: Path, size: int) -> Path:
    with place.open("wb") as file:
        for _ in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size)))
    return place


async def test_one_large_file(
    world: World, server: Serving, sdk: Minio, store_settings: StoreSettings, tmp_path: Path
) -> None:
    programme = await world.programme()
    place, bucket = write(tmp_path / "large.bin", LARGE), store_settings.bucket
    began = time.perf_counter()
    await asyncio.to_thread(sdk.fput_object, bucket, "plain", str(place))
    plain = time.perf_counter() - began

    used = cpu_seconds(server)
    async with LmsClient(server.url, world.admin.token) as client:
        began = time.perf_counter()
        file = await asyncio.to_thread(digest, place)
        hashed = time.perf_counter() - began
        media = await upload(client, UUID(programme["id"]), {"large.bin": file})
        ours = time.perf_counter() - began
    used = cpu_seconds(server) - used
    print(
        f"\n1 GiB up: SDK {LARGE / MIB / plain:.0f} MiB/s, ours {LARGE / MIB / (ours - hashed):.0f} MiB/s sending "
        f"({plain / (ours - hashed):.2f} of the SDK's rate; with the digest before it {plain / ours:.2f}); "
        f"the server used {used * 1000:.0f} ms"
    )

    await world.checked(world.admin, {"id": str(media["large.bin"].id)})
    began = time.perf_counter()
    with sdk.get_object(bucket, "plain") as answer:
        while answer.read(MIB):
            pass
    plain = time.perf_counter() - began
    address = (await world.admin.call("GET", f"/media/{media['large.bin'].id}/file")).headers["Location"]
    began = time.perf_counter()
    with httpx.stream("GET", address) as answer:
        for _ in answer.iter_raw(MIB):
            pass
    ours = time.perf_counter() - began
    print(f"1 GiB down: SDK {LARGE / MIB / plain:.0f} MiB/s, ours {LARGE / MIB / ours:.0f} MiB/s ({plain / ours:.2f})")


async def test_many_small_files(
    world: World, server: Serving, sdk: Minio, store_settings: StoreSettings, tmp_path: Path
) -> None:
    programme = await world.programme()
    places = [write(tmp_path / f"{number}.bin", SMALL) for number in range(MANY)]
    gate = asyncio.Semaphore(4)

    async def put(place: Path) -> None:
        async with gate:
            await asyncio.to_thread(sdk.fput_object, store_settings.bucket, place.name, str(place))

    began = time.perf_counter()
    await asyncio.gather(*(put(place) for place in places))
    plain = time.perf_counter() - began

    path = f"/programmes/{programme['id']}/media"
    sent = [await announced(world, path, place) for place in places]

    async def send(one: tuple[dict[str, Any], bytes], outside: httpx.AsyncClient) -> None:
        async with gate:
            [to], data = one[0]["parts"], one[1]
            assert (await outside.put(to["url"], content=data, headers=to["headers"])).is_success

    async with httpx.AsyncClient() as outside:
        began = time.perf_counter()
        await asyncio.gather(*(send(one, outside) for one in sent))
        alone = time.perf_counter() - began

    again = [write(tmp_path / f"again-{number}.bin", SMALL) for number in range(MANY)]
    used = cpu_seconds(server)
    async with LmsClient(server.url, world.admin.token) as client:
        files = {place.name: await asyncio.to_thread(digest, place) for place in again}
        began = time.perf_counter()
        await upload(client, UUID(programme["id"]), files)
        ours = time.perf_counter() - began
    used = cpu_seconds(server) - used
    print(
        f"\n{MANY} x 64 KiB up: SDK {plain:.1f} s, to signed addresses {alone:.1f} s ({plain / alone:.2f} of its rate); "
        f"with announcing, completing and looking into each {ours:.1f} s, for which the server used {used:.1f} s"
    )


async def announced(world: World, path: str, place: Path) -> tuple[dict[str, Any], bytes]:
    data = await asyncio.to_thread(place.read_bytes)
    digest = hashlib.sha256(data).hexdigest()
    part = {"number": 1, "sha256": digest}
    new = {"name": place.name, "size": len(data), "contentType": "application/octet-stream", "sha256": digest}
    return await world.admin.post(path, {**new, "parts": [part]}), data
