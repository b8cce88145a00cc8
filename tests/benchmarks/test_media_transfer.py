"""What the way by signed addresses costs against the plain SDK: `pytest -m benchmark -n0 -s tests/benchmarks/test_media_transfer.py`.

Ratios of one run. The client's own work, hashing included, is counted with it; the SDK hashes what it sends as well.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import statistics
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import psutil
import pytest
import urllib3
from minio import Minio

from lms_core.client.digests import LocalFile, digest
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
TURNS = 4
AT_ONCE = 3  # as many as the SDK sends by default


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
    """In turns, for whatever comes second finds the disk busy with what came first; medians of the ratios."""
    programme = await world.programme()
    up, whole, down, used, idle = [], [], [], [], []
    for turn in range(TURNS):
        place = write(tmp_path / "large.bin", LARGE)
        file = await asyncio.to_thread(digest, place)

        async def plainly(place: Path = place) -> float:
            began = time.perf_counter()
            await asyncio.to_thread(
                sdk.fput_object,
                store_settings.bucket,
                "plain",
                str(place),
                num_parallel_uploads=AT_ONCE,
                part_size=8 * MIB,
            )
            return time.perf_counter() - began

        async def signed(file: LocalFile = file) -> tuple[float, Any]:
            before = cpu_seconds(server)
            async with LmsClient(server.url, world.admin.token) as client:
                began = time.perf_counter()
                media = (await upload(client, UUID(programme["id"]), {"large.bin": file}, parallel=AT_ONCE))[
                    "large.bin"
                ]
                took = time.perf_counter() - began
            used.append(cpu_seconds(server) - before)
            await world.checked(world.admin, {"id": str(media.id)})
            before = cpu_seconds(server)
            await asyncio.sleep(took)
            idle.append(cpu_seconds(server) - before)
            return took, media

        if turn % 2:
            (ours, media), plain = await signed(), await plainly()
        else:
            plain, (ours, media) = await plainly(), await signed()
        began = time.perf_counter()
        await asyncio.to_thread(digest, place)
        up.append(plain / ours)
        whole.append(plain / (ours + time.perf_counter() - began))

        address = (await world.admin.call("GET", f"/media/{media.id}/file")).headers["Location"]
        with sdk.get_object(store_settings.bucket, "plain") as answer:
            plain = read_through(answer)
        with urllib3.PoolManager().request("GET", address, preload_content=False) as answer:
            down.append(plain / read_through(answer))
    print(
        f"\n1 GiB, of the SDK's rate: up {shown(up)}, with the digest before it {shown(whole)}, down {shown(down)}; "
        f"the server used {statistics.median(used) * 1000:.0f} ms, "
        f"and idle for as long {statistics.median(idle) * 1000:.0f} ms"
    )


def shown(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def read_through(answer: urllib3.BaseHTTPResponse) -> float:
    began = time.perf_counter()
    while answer.read(MIB):
        pass
    return time.perf_counter() - began


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
