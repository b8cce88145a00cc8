"""Uploads through a way to the store that fails, loses and spoils."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from content_store import StoreSettings
from lms_core.client.digests import digest
from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.client.progress import Progress
from lms_core.client.upload import upload
from lms_core.settings import Settings
from tests.support.flaky_store import FlakyStore, flaky_store
from tests.support.line import Line
from tests.support.world import World


@pytest.fixture
async def flaky(store_settings: StoreSettings) -> AsyncIterator[FlakyStore]:
    async with flaky_store(store_settings) as made:
        yield made


@pytest.fixture
def app_settings(database_url: str, flaky: FlakyStore) -> Settings:
    return Settings(database_url=database_url, store=flaky.settings, public_url="http://localhost:8000")


async def stored(world: World, media: UUID) -> bytes:
    answer: httpx.Response = await world.admin.call("GET", f"/media/{media}/file")
    async with httpx.AsyncClient() as outside:
        return (await outside.get(answer.headers["Location"])).content


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("error", 403, "AccessDenied"),  # how an address that has expired is refused
        ("error", 503, "SlowDown"),
        ("error", 400, "BadDigest"),
        ("garbage", 0, ""),
        ("cut", 0, ""),
        ("lost", 0, ""),
    ],
)
async def test_each_try_has_an_address_of_its_own(
    world: World, client: LmsClient, flaky: FlakyStore, line: Line, tmp_path: Path, kind, status, code
):
    programme = UUID((await world.programme())["id"])
    content = os.urandom(3_000_000)
    (tmp_path / "sheet").write_bytes(content)
    flaky.fail(kind, times=3, methods=["PUT"], status=status, code=code)

    seen: list[Progress] = []
    media = (await upload(client, programme, {"sheet": digest(tmp_path / "sheet")}, seen.append))["sheet"]

    assert media.state == "ready"
    assert await stored(world, media.id) == content
    assert [request.split()[0] for request in flaky.seen].count("PUT") == 4
    assert line.seen.count(f"POST /media/{media.id}/parts") == 3  # the first came with the announcement
    assert seen[-1].bytes == len(content)  # what was sent in vain does not count


async def test_a_store_that_never_takes_anything_ends_the_patience(
    world: World, flaky: FlakyStore, line: Line, tmp_path: Path
):
    programme = UUID((await world.programme())["id"])
    (tmp_path / "sheet").write_bytes(b"sheet")
    file = digest(tmp_path / "sheet")
    flaky.fail("error", methods=["PUT"], status=507, code="XMinioStorageFull")

    async with LmsClient(
        "http://localhost:8000", world.admin.token, transport=line, pause=0.01, patience=0.5
    ) as impatient:
        with pytest.raises(ClientError, match="answers 507: As the test asked for") as raised:
            await upload(impatient, programme, {"sheet": file})

        assert type(raised.value) is ClientError
        await flaky.recover()
        media = (await upload(impatient, programme, {"sheet": file}))["sheet"]
    assert media.state == "ready"


async def test_bytes_that_changed_in_secret_are_noticed_by_the_store_and_told(
    world: World, client: LmsClient, flaky: FlakyStore, tmp_path: Path
):
    """A program that sets back the time of change, such as one that writes tags into films."""
    programme = UUID((await world.programme())["id"])
    place = tmp_path / "sheet"
    place.write_bytes(b"before")
    file = digest(place)
    place.write_bytes(b"after!")
    os.utime(place, ns=(file.modified_ns, file.modified_ns))

    with pytest.raises(ClientError, match=r"sheet has other bytes than when it was read, .*; touch it and push again"):
        await upload(client, programme, {"sheet": file})
