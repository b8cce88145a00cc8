"""Objects as this process writes, reads and lists them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from content_store import ContentStore, ObjectInfo, StoreSettings, UnknownObject, UploadRefused, s3
from content_store.s3 import S3Store

HOUR = timedelta(hours=1)
PART = 5 << 20  # the smallest that a store takes
DATA = random.Random(1).randbytes(3_000_000)


async def test_an_object_is_written_described_read_and_removed(store: ContentStore) -> None:
    info = await store.put("captions/de.vtt", b"WEBVTT\n", "text/vtt")
    assert info == ObjectInfo(7, info.etag, "text/vtt", info.sha256)
    assert await store.stat("captions/de.vtt") == info
    assert [chunk async for chunk in store.read("captions/de.vtt")] == [b"WEBVTT\n"]

    await store.delete("captions/de.vtt")
    await store.delete("captions/de.vtt")
    assert await store.stat("captions/de.vtt") is None


async def test_what_was_never_stored_is_unknown(store: ContentStore) -> None:
    assert await store.stat("nothing") is None
    with pytest.raises(UnknownObject):
        await anext(store.read("nothing"))


async def test_a_large_object_is_read_in_chunks_and_may_be_left_early(store: ContentStore) -> None:
    await store.put("video", DATA, "video/mp4")
    chunks = [chunk async for chunk in store.read("video")]
    assert [len(chunk) for chunk in chunks] == [1 << 20, 1 << 20, len(DATA) - (2 << 20)]
    assert b"".join(chunks) == DATA

    for _ in range(20):  # more readers than there are connections
        reader = store.read("video")
        assert await anext(reader) == chunks[0]
        await reader.aclose()
    assert await store.stat("video") is not None


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, None, DATA),
        (1_000_000, 100, DATA[1_000_000:1_000_100]),
        (2_999_990, None, DATA[-10:]),
        (2_999_990, 100, DATA[-10:]),
        (500, 2 << 20, DATA[500 : 500 + (2 << 20)]),
        (3_000_000, None, b""),
        (4_000_000, 10, b""),
        (0, 0, b""),
    ],
)
async def test_a_range_is_read_as_far_as_the_object_goes(
    store: ContentStore, start: int, length: int | None, expected: bytes
) -> None:
    await store.put("video", DATA, "video/mp4")
    chunks = [chunk async for chunk in store.read("video", start, length)]
    assert b"".join(chunks) == expected
    assert max(map(len, chunks), default=0) <= 1 << 20


async def test_a_range_of_nothing_is_unknown_too(store: ContentStore) -> None:
    with pytest.raises(UnknownObject):
        await anext(store.read("nothing", 5, 10))


async def pieces_of(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7])
async def test_an_object_of_any_size_is_written_from_pieces(
    store: ContentStore, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(s3, "PART", PART)
    data = random.Random(2).randbytes(size)
    info = await store.write("copy", pieces_of(data, 700_001), "video/mp4")
    assert info == ObjectInfo(size, info.etag, "video/mp4", info.sha256)
    assert await store.stat("copy") == info
    assert b"".join([chunk async for chunk in store.read("copy")]) == data
    assert await store.open_uploads("") == []


async def test_what_breaks_off_while_it_is_written_never_appears(
    store: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        async for piece in pieces_of(bytes(2 * PART), PART):
            yield piece
        raise RuntimeError("The source is gone.")

    monkeypatch.setattr(s3, "PART", PART)
    await store.put("video", b"as it was", "video/mp4")
    for key in ("video", "copy"):
        with pytest.raises(RuntimeError, match="source is gone"):
            await store.write(key, breaking(), "video/mp4")
    assert [found.key async for found in store.objects("")] == ["video"]
    assert [chunk async for chunk in store.read("video")] == [b"as it was"]
    assert await store.open_uploads("") == []


async def test_more_than_a_store_takes_is_refused(service: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "PART", PART)
    monkeypatch.setattr(s3, "MOST_PARTS", 2)
    with pytest.raises(UploadRefused, match="larger than 2 parts"):
        await service.write("copy", pieces_of(bytes(2 * PART + 1), PART), "video/mp4")
    assert (await service.stat("copy"), await service.open_uploads("")) == (None, [])


async def test_objects_are_listed_by_page(store: ContentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "PAGE", 3)
    before = datetime.now(UTC) - timedelta(seconds=2)
    keys = ["media/1/a b", "media/1/c+%", "media/1/Übung", "media/2/漢字", "media/2/d", "media/2/e", "media/3/f"]
    for key in ["elsewhere", "mediator", *keys]:
        await store.put(key, key.encode(), "text/plain")
    upload = await store.start_upload("media/1/unfinished", "text/plain")

    found = [item async for item in store.objects("media/")]
    assert [(item.key, item.size) for item in found] == sorted((key, len(key.encode())) for key in keys)
    assert all(before <= item.modified <= datetime.now(UTC) + timedelta(seconds=2) for item in found)
    assert [item.key async for item in store.objects("media/2")] == ["media/2/d", "media/2/e", "media/2/漢字"]
    assert [item async for item in store.objects("nothing/")] == []
    await store.abort_upload("media/1/unfinished", upload)


async def test_more_objects_than_one_answer_holds_are_listed_once_each(store: ContentStore) -> None:
    keys = [f"many/{number:04}" for number in range(1005)]
    for start in range(0, len(keys), 15):
        await asyncio.gather(*(store.put(key, b"", "text/plain") for key in keys[start : start + 15]))
    assert [item.key async for item in store.objects("many/")] == keys


async def test_addresses_are_for_the_host_that_browsers_know() -> None:
    settings = StoreSettings("http://10.0.0.7:8333", "key", "secret", "media", public_url="https://media.example")
    store = S3Store(settings)
    url = store.download_address("a key", "a", "text/plain", HOUR)
    [part] = await store.part_addresses("a key", "upload", [(1, "00" * 32, 1)], HOUR)
    assert url.startswith("https://media.example/media/a%20key?")
    assert part.url.startswith("https://media.example/media/a%20key?")
    assert "secret" not in url + part.url
    await store.close()
