from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.client.scan import LocalFile, Progress, digest
from lms_core.client.upload import upload
from lms_core.media.types import Media, NewMedia, PartAddresses, PartRequest, PartsRequest
from tests.support.world import World, sha256

MIB = 1024 * 1024


@pytest.fixture
async def programme(world: World) -> UUID:
    return UUID((await world.programme())["id"])


def files(folder: Path, **contents: bytes) -> dict[str, LocalFile]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: digest(folder / name) for name in contents}


async def stored(world: World, media: UUID) -> bytes:
    """Return the bytes that a reader gets."""
    answer: httpx.Response = await world.admin.call("GET", f"/media/{media}/file")
    async with httpx.AsyncClient() as outside:
        return (await outside.get(answer.headers["Location"])).content


async def test_files_arrive_whole_and_the_same_bytes_once(
    world: World, client: LmsClient, programme: UUID, tmp_path: Path
):
    big = os.urandom(17 * MIB)
    seen: list[Progress] = []
    found = files(tmp_path, big=big, small=b"small", twin=b"small", empty=b"")

    media = await upload(client, programme, found, seen.append)

    assert [await stored(world, media[name]) == content for name, content in [("big", big), ("empty", b"")]] == [
        True
    ] * 2
    assert await stored(world, media["small"]) == b"small"
    assert media["twin"] == media["small"]
    assert len(set(media.values())) == 3
    size = 17 * MIB + 5
    assert seen[-1] == Progress(what="Uploading", files=3, total_files=3, bytes=size, total_bytes=size)
    assert await upload(client, programme, found) == media


async def test_an_interrupted_upload_goes_on_with_what_is_missing(
    world: World, client: LmsClient, programme: UUID, tmp_path: Path
):
    content = os.urandom(17 * MIB)
    found = files(tmp_path, film=content)
    second = content[8 * MIB : 16 * MIB]
    new = NewMedia(name="film", size=len(content), content_type="application/octet-stream", sha256=sha256(content))
    begun = await client.post(f"/programmes/{programme}/media", new, Media)
    wanted = PartsRequest(parts=[PartRequest(number=2, sha256=sha256(second))])
    [address] = (await client.post(f"/media/{begun.id}/parts", wanted, PartAddresses)).parts
    async with httpx.AsyncClient() as outside:
        assert (await outside.put(address.url, content=second, headers=address.headers)).status_code == 200

    seen: list[Progress] = []
    media = await upload(client, programme, found, seen.append)

    assert media == {"film": begun.id}
    assert await stored(world, begun.id) == content
    assert seen[0].bytes == 8 * MIB  # what had arrived counts at once
    assert seen[-1].bytes == seen[-1].total_bytes == 17 * MIB


async def test_a_file_that_changes_before_it_is_sent_is_not_uploaded(
    client: LmsClient, programme: UUID, tmp_path: Path
):
    found = files(tmp_path, notes=b"first")
    (tmp_path / "notes").write_bytes(b"second")

    with pytest.raises(ClientError, match="notes changed while it was uploaded"):
        await upload(client, programme, found)


async def test_a_file_that_is_gone_is_told(client: LmsClient, programme: UUID, tmp_path: Path):
    found = files(tmp_path, notes=b"first")
    (tmp_path / "notes").unlink()

    with pytest.raises(ClientError, match="notes cannot be read: No such file or directory"):
        await upload(client, programme, found)
