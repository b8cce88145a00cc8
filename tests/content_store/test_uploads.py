"""Uploads in parts, as a browser makes them: with nothing but signed addresses."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from content_store import (
    ArrivedPart,
    CompletedPart,
    ContentStore,
    ObjectInfo,
    UnknownUpload,
    UploadRefused,
    s3,
)

HOUR = timedelta(hours=1)
Elapse = Callable[[float], Awaitable[None]]
MIB = 1 << 20
PARTS = [random.Random(number).randbytes(size) for number, size in ((1, 5 * MIB), (2, 5 * MIB), (3, 12345))]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def send(
    store: ContentStore, browser: httpx.AsyncClient, upload: str, parts: dict[int, bytes]
) -> list[httpx.Response]:
    numbered = [(number, sha256(data), len(data)) for number, data in parts.items()]
    addresses = await store.part_addresses("lecture", upload, numbered, HOUR)
    sending = (browser.put(to.url, headers=to.headers, content=parts[to.number]) for to in addresses)
    return await asyncio.gather(*sending)


async def completed(store: ContentStore, upload: str, parts: dict[int, bytes]) -> list[CompletedPart]:
    arrived = await store.arrived_parts("lecture", upload)
    return [CompletedPart(part.number, part.etag, sha256(parts[part.number])) for part in arrived]


async def test_a_lecture_is_uploaded_in_three_parts_and_read_back(
    store: ContentStore, browser: httpx.AsyncClient
) -> None:
    parts = dict(enumerate(PARTS, start=1))
    upload = await store.start_upload("lecture", "video/mp4")
    answers = await send(store, browser, upload, parts)
    assert [answer.status_code for answer in answers] == [200, 200, 200]

    arrived = await store.arrived_parts("lecture", upload)
    assert [(part.number, part.size) for part in arrived] == [(1, 5 * MIB), (2, 5 * MIB), (3, 12345)]
    assert await store.stat("lecture") is None

    info = await store.complete_upload("lecture", upload, await completed(store, upload, parts))
    assert info == ObjectInfo(10 * MIB + 12345, info.etag, "video/mp4")
    assert await store.stat("lecture") == info
    assert b"".join([chunk async for chunk in store.read("lecture")]) == b"".join(PARTS)


async def test_the_store_refuses_other_bytes_than_those_announced(
    store: ContentStore, browser: httpx.AsyncClient
) -> None:
    upload = await store.start_upload("lecture", "video/mp4")
    [address] = await store.part_addresses("lecture", upload, [(1, sha256(b"announced"), 9)], HOUR)
    [other] = await store.part_addresses("lecture", upload, [(1, sha256(b"other"), 5)], HOUR)

    wrong_bytes = await browser.put(address.url, headers=address.headers, content=b"ANNOUNCED")
    no_checksum = await browser.put(address.url, content=b"other")
    own_checksum = await browser.put(address.url, headers=other.headers, content=b"other")
    checksum = {name: value for name, value in address.headers.items() if name != "Content-Length"}
    longer = await browser.put(address.url, headers=checksum, content=b"announced!")
    shorter = await browser.put(address.url, headers=checksum, content=b"announce")
    other_part = await browser.put(
        address.url.replace("partNumber=1", "partNumber=2"), headers=address.headers, content=b"announced"
    )
    refusals = (wrong_bytes, no_checksum, own_checksum, longer, shorter, other_part)
    assert [answer.status_code for answer in refusals] == [400, 403, 403, 403, 403, 403]
    assert await store.arrived_parts("lecture", upload) == []

    right_bytes = await browser.put(address.url, headers=checksum, content=b"announced")  # as a browser does
    assert right_bytes.status_code == 200
    assert [part.size for part in await store.arrived_parts("lecture", upload)] == [9]


async def test_an_address_for_a_part_ends_with_its_time(
    store: ContentStore, browser: httpx.AsyncClient, elapse: Elapse
) -> None:
    upload = await store.start_upload("lecture", "video/mp4")
    [address] = await store.part_addresses("lecture", upload, [(1, sha256(b"late"), 4)], timedelta(seconds=1))
    await elapse(2.1)
    answer = await browser.put(address.url, headers=address.headers, content=b"late")
    assert (answer.status_code, await store.arrived_parts("lecture", upload)) == (403, [])


async def test_an_interrupted_upload_goes_on_where_it_stopped(store: ContentStore, browser: httpx.AsyncClient) -> None:
    parts = dict(enumerate(PARTS, start=1))
    upload = await store.start_upload("lecture", "video/mp4")
    await send(store, browser, upload, {3: parts[3], 1: parts[1]})
    arrived = {part.number for part in await store.arrived_parts("lecture", upload)}
    assert arrived == {1, 3}

    await send(store, browser, upload, {number: parts[number] for number in parts.keys() - arrived})
    await send(store, browser, upload, {1: parts[1]})  # the answer got lost, so the client sends it again
    info = await store.complete_upload("lecture", upload, await completed(store, upload, parts))
    assert info.size == sum(map(len, PARTS))


async def test_of_a_part_sent_twice_the_last_counts(
    store: ContentStore, browser: httpx.AsyncClient, elapse: Elapse
) -> None:
    upload = await store.start_upload("lecture", "text/plain")
    await send(store, browser, upload, {1: b"first thought"})
    await elapse(1.1)  # the store tells the order by seconds
    await send(store, browser, upload, {1: b"second"})
    tag = hashlib.md5(b"second").hexdigest()
    assert await store.arrived_parts("lecture", upload) == [ArrivedPart(1, 6, tag)]

    await store.complete_upload("lecture", upload, [CompletedPart(1, tag, sha256(b"second"))])
    assert [chunk async for chunk in store.read("lecture")] == [b"second"]


async def test_parts_are_all_listed_however_many_pages_they_fill(
    store: ContentStore, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "PAGE", 3)
    parts = {number: b"%d" % number for number in (1, 2, 3, 5, 8, 9, 10)}
    upload = await store.start_upload("lecture", "video/mp4")
    await send(store, browser, upload, parts)
    arrived = await store.arrived_parts("lecture", upload)
    assert [(part.number, part.size) for part in arrived] == [(n, len(data)) for n, data in parts.items()]


async def test_completing_again_gives_the_same_answer(store: ContentStore, browser: httpx.AsyncClient) -> None:
    upload = await store.start_upload("lecture", "text/plain")
    await send(store, browser, upload, {1: b"short"})
    parts = await completed(store, upload, {1: b"short"})
    info = await store.complete_upload("lecture", upload, parts)
    assert await store.complete_upload("lecture", upload, parts) == info

    # Also when the store itself has forgotten the upload.
    assert await store.complete_upload("lecture", "forgotten", parts) == info
    with pytest.raises(UnknownUpload):
        await store.complete_upload("lecture", "forgotten", [CompletedPart(1, "tag", sha256(b"something else"))])


async def test_parts_that_do_not_fit_are_refused_and_the_upload_stays_open(
    store: ContentStore, browser: httpx.AsyncClient
) -> None:
    upload = await store.start_upload("lecture", "text/plain")
    await send(store, browser, upload, {1: b"small", 2: b"end"})
    first, second = await completed(store, upload, {1: b"small", 2: b"end"})
    for parts in (
        [],
        [second, first],
        [first, second],  # all but the last need 5 MiB
        [first, CompletedPart(3, first.etag, first.sha256)],
        [CompletedPart(1, first.etag, second.sha256)],
        [CompletedPart(1, '"<&', first.sha256)],
    ):
        with pytest.raises(UploadRefused):
            await store.complete_upload("lecture", upload, parts)
    assert await store.stat("lecture") is None
    assert (await store.complete_upload("lecture", upload, [first])).size == 5


async def test_an_aborted_upload_is_gone(store: ContentStore, browser: httpx.AsyncClient) -> None:
    upload = await store.start_upload("lecture", "text/plain")
    await send(store, browser, upload, {1: b"never mind"})
    parts = await completed(store, upload, {1: b"never mind"})
    await store.abort_upload("lecture", upload)
    await store.abort_upload("lecture", upload)
    with pytest.raises(UnknownUpload):
        await store.arrived_parts("lecture", upload)
    with pytest.raises(UnknownUpload):
        await store.complete_upload("lecture", upload, parts)
    [late] = await send(store, browser, upload, {1: b"never mind"})
    assert late.status_code == 404


async def test_malformed_checksums_and_periods_are_the_callers_mistake(store: ContentStore) -> None:
    for checksum, period in (
        ("no hex", HOUR),
        ("00", HOUR),
        ("00" * 32, timedelta(days=8)),
        ("00" * 32, timedelta(0)),
    ):
        with pytest.raises(ValueError, match=r"64 hex digits|expires"):
            await store.part_addresses("lecture", "upload", [(1, checksum, 1)], period)


async def test_uploads_that_nobody_remembers_are_found(
    store: ContentStore, browser: httpx.AsyncClient, elapse: Elapse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "PAGE", 2)
    began = datetime.now(UTC) - timedelta(seconds=1)
    first = await store.start_upload("media/1/lecture", "video/mp4")
    await elapse(1.1)  # the store tells their age by seconds
    second = await store.start_upload("media/1/lecture", "video/mp4")
    others = [
        (key, await store.start_upload(key, "text/plain")) for key in ("media/1/Übung 1", "media/2/a", "media/2/b")
    ]
    await store.start_upload("elsewhere", "text/plain")
    done = await store.start_upload("lecture", "text/plain")
    await send(store, browser, done, {1: b"short"})
    await store.complete_upload("lecture", done, await completed(store, done, {1: b"short"}))
    await store.abort_upload("media/2/a", others[1][1])

    found = await store.open_uploads("media/")
    assert [(upload.key, upload.upload_id) for upload in found] == [
        ("media/1/lecture", first),
        ("media/1/lecture", second),
        others[0],
        others[2],
    ]
    assert all(began <= upload.started <= datetime.now(UTC) + timedelta(seconds=5) for upload in found)
    assert [upload.key for upload in await store.open_uploads("media/2/")] == ["media/2/b"]
    assert [await store.open_uploads(prefix) for prefix in ("lecture", "nothing/")] == [[], []]


async def test_an_id_opens_no_upload_of_another_key(store: ContentStore, browser: httpx.AsyncClient) -> None:
    upload = await store.start_upload("lecture", "text/plain")
    await send(store, browser, upload, {1: b"short"})
    parts = await completed(store, upload, {1: b"short"})
    with pytest.raises(UnknownUpload):
        await store.arrived_parts("another", upload)
    with pytest.raises(UnknownUpload):
        await store.complete_upload("another", upload, parts)
    await store.abort_upload("another", upload)
    assert (await store.complete_upload("lecture", upload, parts)).size == 5


async def test_a_small_file_travels_in_one_request_and_as_no_other(
    store: ContentStore, browser: httpx.AsyncClient
) -> None:
    data, other = b"a page of notes", b"a page of notEs"
    to = store.whole_address("notes", sha256(data), len(data), "text/plain", HOUR)
    assert to.number == 1
    for wrong in (other, data + b"!"):
        headers = {**to.headers, "Content-Length": str(len(wrong))}
        assert (await browser.put(to.url, headers=headers, content=wrong)).status_code in (400, 403)
    assert await store.stat("notes") is None
    assert (await browser.put(to.url, headers=to.headers, content=data)).status_code == 200
    info = await store.stat("notes")
    assert info == ObjectInfo(len(data), info.etag if info else "", "text/plain", sha256(data))
    with pytest.raises(ValueError, match="SHA-256"):
        store.whole_address("notes", "12", 1, "text/plain", HOUR)
