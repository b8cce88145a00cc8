from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from content_store.s3 import S3Store
from lms_core.client.digests import LocalFile, digest
from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.client.progress import Progress
from lms_core.client.upload import upload, wait_until_checked
from lms_core.media.checking import MediaChannel
from lms_core.media.tables import media as media_table
from lms_core.media.types import Media, NewMedia, PartAddresses, PartRequest, PartsRequest
from lms_core.outbox.work import settle
from tests.support.line import Line
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


async def check_all(world: World) -> None:
    """Let a worker read what was put together."""
    store: S3Store = world.app.state.store
    await settle(world.database, [MediaChannel(world.database, store)])


async def test_files_arrive_whole_and_the_same_bytes_once(
    world: World, client: LmsClient, programme: UUID, tmp_path: Path
):
    big = os.urandom(17 * MIB)
    seen: list[Progress] = []
    found = files(tmp_path, big=big, small=b"small", twin=b"small", empty=b"")

    media = await upload(client, programme, found, seen.append)

    assert {path: one.state for path, one in media.items()} == {
        "big": "checking", "small": "ready", "twin": "ready", "empty": "ready"
    }  # fmt: skip
    await check_all(world)
    assert await stored(world, media["big"].id) == big
    assert await stored(world, media["small"].id) == b"small"
    assert await stored(world, media["empty"].id) == b""
    assert media["twin"] == media["small"]
    size = 17 * MIB + 5
    assert seen[-1] == Progress(what="Uploading", files=3, total_files=3, bytes=size, total_bytes=size, there=0)
    again = await upload(client, programme, found)
    assert {path: one.id for path, one in again.items()} == {path: one.id for path, one in media.items()}


async def begin(client: LmsClient, programme: UUID, content: bytes) -> Media:
    """Announce a file of three parts and send the second."""
    new = NewMedia(name="film", size=len(content), content_type="application/octet-stream", sha256=sha256(content))
    begun = await client.post(f"/programmes/{programme}/media", new, Media)
    second = content[8 * MIB : 16 * MIB]
    wanted = PartsRequest(parts=[PartRequest(number=2, sha256=sha256(second))])
    [address] = (await client.post(f"/media/{begun.id}/parts", wanted, PartAddresses)).parts
    async with httpx.AsyncClient() as outside:
        assert (await outside.put(address.url, content=second, headers=address.headers)).status_code == 200
    return begun


async def test_an_interrupted_upload_goes_on_with_what_is_missing(
    world: World, client: LmsClient, programme: UUID, tmp_path: Path, line: Line
):
    content = os.urandom(17 * MIB)
    found = files(tmp_path, film=content)
    begun = await begin(client, programme, content)
    line.seen.clear()

    seen: list[Progress] = []
    media = await upload(client, programme, found, seen.append)
    await check_all(world)

    assert media["film"].id == begun.id
    assert await stored(world, begun.id) == content
    assert seen[1].bytes == 8 * MIB  # what had arrived counts at once
    assert (seen[-1].bytes, seen[-1].total_bytes, seen[-1].there) == (17 * MIB, 17 * MIB, 8 * MIB)
    assert line.seen == [
        f"POST /programmes/{programme}/media",
        f"GET /media/{begun.id}/parts",
        f"POST /media/{begun.id}/complete",
    ]


@pytest.mark.parametrize("lost", ["GET /media/.*/parts", "POST /media/.*/parts", "POST /media/.*/complete"])
async def test_what_the_store_loses_is_sent_again(
    world: World, client: LmsClient, programme: UUID, tmp_path: Path, line: Line, lost: str
):
    content = os.urandom(17 * MIB)
    found = files(tmp_path, film=content)
    begun = await begin(client, programme, content)

    async def lose() -> None:
        query = select(media_table.c.upload_id).where(media_table.c.id == begun.id)
        async with world.database.read() as connection:
            upload_id = await connection.scalar(query)
        await world.app.state.store.abort_upload(f"media/{programme}/{begun.id}", upload_id)

    line.before_the_first(lost, lose)
    seen: list[Progress] = []
    media = await upload(client, programme, found, seen.append)
    await check_all(world)

    assert media["film"].id == begun.id
    assert await stored(world, begun.id) == content
    assert seen[-1].bytes == seen[-1].total_bytes == 17 * MIB


async def test_a_file_that_somebody_else_brings_meanwhile_is_not_missed(
    world: World, client: LmsClient, programme: UUID, tmp_path: Path, line: Line
):
    """The same person pushes the same file from another window."""
    content = os.urandom(9 * MIB)
    found = files(tmp_path, film=content)
    await begin(client, programme, content)
    other: dict[str, Media] = {}

    async def be_quicker() -> None:
        other.update(await upload(client, programme, found))

    line.before_the_first("GET /media/.*/parts", be_quicker)
    seen: list[Progress] = []
    media = await upload(client, programme, found, seen.append)

    assert media == other
    assert seen[-1].bytes == seen[-1].total_bytes == 9 * MIB


async def test_parts_of_another_size_than_expected_are_read_again(
    world: World, client: LmsClient, programme: UUID, tmp_path: Path
):
    content = os.urandom(17 * MIB)
    found = files(tmp_path, film=content)
    film = replace(found["film"], part_size=6 * MIB, parts=["0" * 64] * 3)

    media = await upload(client, programme, {"film": film})
    await check_all(world)

    assert await stored(world, media["film"].id) == content


async def test_a_check_is_waited_for_and_its_verdict_told(
    world: World, client: LmsClient, programme: UUID, tmp_path: Path, line: Line
):
    content = os.urandom(9 * MIB)
    found = files(tmp_path, film=content, other=os.urandom(9 * MIB))
    media = await upload(client, programme, found)
    spoiled = bytes(9 * MIB)
    await world.app.state.store.put(f"media/{programme}/{media['other'].id}", spoiled, "application/octet-stream")

    with pytest.raises(ClientError, match=r"^film is still being checked; the server goes on without you\.$"):
        await wait_until_checked(client, media, patience=0)
    line.before_the_first("GET /media/.*", lambda: check_all(world))
    seen: list[Progress] = []
    with pytest.raises(ClientError, match=r"pushing them again repairs them:\n  other: .*SHA-256") as raised:
        await wait_until_checked(client, media, seen.append)

    assert "film" not in str(raised.value)
    assert seen[-1] == Progress(what="Checking", files=2, total_files=2, bytes=18 * MIB, total_bytes=18 * MIB)

    repaired = await upload(client, programme, found)
    await check_all(world)
    assert {path: one.id for path, one in repaired.items()} == {path: one.id for path, one in media.items()}
    assert await stored(world, media["film"].id) == content
    await wait_until_checked(client, repaired)


async def test_what_a_name_says_and_the_bytes_deny_is_not_sent(
    client: LmsClient, programme: UUID, tmp_path: Path, line: Line
):
    found = files(tmp_path, **{"film.mp4": b"\x89PNG\r\n\x1a\n" + bytes(100), "notes.txt": b"fine"})
    line.seen.clear()

    with pytest.raises(ClientError, match=r"would not be accepted:\n  film\.mp4: .* begin like image/png$"):
        await upload(client, programme, found)

    assert line.seen == []


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
