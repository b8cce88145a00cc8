"""A store that fails on the way: each failure has its name, leaves nothing half done, and can be repeated."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
import urllib3
from minio import time as sdk_clock

from content_store import CompletedPart, ContentStore, StoreRefused, StoreSettings, StoreUnavailable, s3
from content_store.s3 import S3Store
from tests.support.flaky_store import FlakyStore, flaky_store

HOUR = timedelta(hours=1)
PART = 5 << 20
DATA = random.Random(4).randbytes(2 * PART + 100)
SHORT = b"short"
SHA256 = hashlib.sha256(SHORT).hexdigest()

Call = Callable[[ContentStore, str], Awaitable[object]]


async def pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(DATA), 1 << 20):
        yield DATA[start : start + (1 << 20)]


@pytest.fixture
async def flaky(settings: StoreSettings) -> AsyncIterator[FlakyStore]:
    async with flaky_store(settings) as flaky:
        yield flaky


@pytest.fixture
async def store(flaky: FlakyStore, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[S3Store]:
    monkeypatch.setattr(s3, "PART", PART)
    store = S3Store(flaky.settings)
    yield store
    await store.close()


async def everything(store: ContentStore, key: str) -> bytes:
    return b"".join([chunk async for chunk in store.read(key)])


async def listing(store: ContentStore, prefix: str) -> list[str]:
    return [found.key async for found in store.objects(prefix)]


async def upload_of_one_part(store: ContentStore, key: str) -> tuple[str, list[CompletedPart]]:
    upload = await store.start_upload(key, "text/plain")
    [address] = await store.part_addresses(key, upload, [(1, SHA256, len(SHORT))], HOUR)
    async with httpx.AsyncClient() as browser:
        assert (await browser.put(address.url, headers=address.headers, content=SHORT)).status_code == 200
    [arrived] = await store.arrived_parts(key, upload)
    return upload, [CompletedPart(1, arrived.etag, SHA256)]


CALLS: dict[str, Call] = {
    "check": lambda store, _: store.check(),
    "start an upload": lambda store, _: store.start_upload("new", "text/plain"),
    "list its parts": lambda store, upload: store.arrived_parts("film", upload),
    "complete it": lambda store, upload: store.complete_upload("film", upload, [CompletedPart(1, "tag", SHA256)]),
    "abort it": lambda store, upload: store.abort_upload("film", upload),
    "list uploads": lambda store, _: store.open_uploads(""),
    "describe": lambda store, _: store.stat("film"),
    "put": lambda store, _: store.put("film", SHORT, "text/plain"),
    "write": lambda store, _: store.write("film", pieces(), "text/plain"),
    "read": lambda store, _: everything(store, "film"),
    "list objects": lambda store, _: listing(store, ""),
    "delete": lambda store, _: store.delete("film"),
}


@pytest.mark.parametrize("fault", ["down", "busy", "garbage"])
async def test_whatever_is_asked_of_a_store_that_fails_ends_as_unavailable_and_changes_nothing(
    store: S3Store, flaky: FlakyStore, fault: str
) -> None:
    await store.check()
    before = await store.put("film", b"as it was", "text/plain")
    upload = await store.start_upload("film", "text/plain")
    if fault == "down":
        await flaky.shut_down()
    else:
        flaky.fail("garbage" if fault == "garbage" else "error")

    async def failure(call: Call) -> str:
        try:
            return f"answered {await call(store, upload)!r}"
        except StoreUnavailable as error:
            return str(error)

    failures = dict(zip(CALLS, await asyncio.gather(*map(failure, CALLS.values())), strict=True))
    url = flaky.settings.url
    why = "answers with status 503." if fault == "busy" else "cannot be reached or answers too late."
    assert failures == dict.fromkeys(CALLS, f"The object store at {url} {why}")

    await flaky.recover()
    assert await store.stat("film") == before
    assert await everything(store, "film") == b"as it was"
    assert [found.upload_id for found in await store.open_uploads("")] == [upload]
    await store.write("film", pieces(), "video/mp4")
    assert await everything(store, "film") == DATA


async def test_a_moment_of_overload_is_slept_over_where_repeating_is_harmless(
    store: S3Store, flaky: FlakyStore
) -> None:
    bucket = f"/{flaky.settings.bucket}"
    flaky.seen.clear()
    flaky.fail("error", times=2)
    await store.put("film", SHORT, "text/plain")
    assert flaky.seen == [f"PUT {bucket}/film"] * 3
    flaky.fail("error", times=1)
    with pytest.raises(StoreUnavailable):  # it might have opened one
        await store.start_upload("film", "text/plain")
    assert flaky.seen[3:] == [f"POST {bucket}/film?uploads="]


async def test_a_download_that_breaks_off_is_never_the_whole(store: S3Store, flaky: FlakyStore) -> None:
    await store.write("film", pieces(), "video/mp4")
    flaky.fail("cut", methods=["GET"])
    got = bytearray()

    async def download() -> None:
        async for chunk in store.read("film"):
            got.extend(chunk)

    with pytest.raises(StoreUnavailable):
        await download()
    assert 0 < len(got) < len(DATA)
    assert DATA.startswith(got)
    await flaky.recover()
    rest = b"".join([chunk async for chunk in store.read("film", len(got))])
    assert got + rest == DATA


async def test_what_breaks_off_while_it_is_sent_is_not_stored(store: S3Store, flaky: FlakyStore) -> None:
    flaky.fail("cut", methods=["PUT"])
    with pytest.raises(StoreUnavailable):
        await store.put("film", SHORT, "text/plain")
    with pytest.raises(StoreUnavailable):
        await store.write("film", pieces(), "video/mp4")
    assert (await store.stat("film"), await store.open_uploads(""), await listing(store, "")) == (None, [], [])

    flaky.fail("cut", methods=["PUT"], times=1)  # a single break is repaired by itself
    await store.write("film", pieces(), "video/mp4")
    assert await everything(store, "film") == DATA


async def test_a_part_that_breaks_off_has_not_arrived_and_one_whose_answer_got_lost_has(
    store: S3Store, flaky: FlakyStore
) -> None:
    upload = await store.start_upload("film", "video/mp4")
    digest = hashlib.sha256(DATA).hexdigest()
    [address] = await store.part_addresses("film", upload, [(1, digest, len(DATA))], HOUR)
    async with httpx.AsyncClient() as browser:
        flaky.fail("cut", methods=["PUT"])
        with pytest.raises(httpx.TransportError):
            await browser.put(address.url, headers=address.headers, content=DATA)
        assert await store.arrived_parts("film", upload) == []
        flaky.fail("lost", methods=["PUT"])
        with pytest.raises(httpx.TransportError):
            await browser.put(address.url, headers=address.headers, content=DATA)
    [part] = await store.arrived_parts("film", upload)
    info = await store.complete_upload("film", upload, [CompletedPart(1, part.etag, digest)])
    assert (info.size, await everything(store, "film")) == (len(DATA), DATA)


async def test_answers_that_get_lost_are_asked_for_again(store: S3Store, flaky: FlakyStore) -> None:
    upload, parts = await upload_of_one_part(store, "film")
    flaky.fail("lost", methods=["POST"])
    with pytest.raises(StoreUnavailable):
        await store.complete_upload("film", upload, parts)
    await flaky.recover()
    info = await store.stat("film")
    assert info is not None
    assert await store.complete_upload("film", upload, parts) == info

    forgotten = await upload_of_one_part(store, "film")
    flaky.fail("lost", times=1, methods=["DELETE"])
    await store.abort_upload("film", forgotten[0])
    flaky.fail("lost", times=1, methods=["DELETE"])
    await store.delete("film")
    flaky.fail("lost", times=1, methods=["PUT"])
    await store.put("notes", SHORT, "text/plain")
    assert (await store.open_uploads(""), await listing(store, "")) == ([], ["notes"])


async def test_an_upload_whose_id_got_lost_is_found_in_the_list(store: S3Store, flaky: FlakyStore) -> None:
    flaky.fail("lost", methods=["POST"])
    with pytest.raises(StoreUnavailable):
        await store.start_upload("film", "video/mp4")
    await flaky.recover()
    [lost] = await store.open_uploads("film")
    await store.abort_upload(lost.key, lost.upload_id)
    assert await store.open_uploads("") == []


async def test_a_full_store_keeps_what_it_has_and_is_unavailable_for_more(store: S3Store, flaky: FlakyStore) -> None:
    await store.put("film", b"as it was", "text/plain")
    upload, parts = await upload_of_one_part(store, "film")
    flaky.fill_up()
    for refused in (
        store.put("film", SHORT, "text/plain"),
        store.write("film", pieces(), "video/mp4"),
        store.start_upload("film", "video/mp4"),
        store.complete_upload("film", upload, parts),
    ):
        with pytest.raises(StoreUnavailable, match="status 507"):
            await refused
    assert await everything(store, "film") == b"as it was"
    await flaky.recover()
    await store.complete_upload("film", upload, parts)
    assert await everything(store, "film") == SHORT


async def test_a_store_that_fills_up_in_the_middle_leaves_nothing_of_a_large_object(
    store: S3Store, flaky: FlakyStore
) -> None:
    async def filling() -> AsyncIterator[bytes]:
        async for piece in pieces():
            yield piece
        flaky.fill_up()  # for the last part

    with pytest.raises(StoreUnavailable, match="status 507"):
        await store.write("film", filling(), "video/mp4")
    assert (await store.stat("film"), await store.open_uploads("")) == (None, [])


async def test_who_gives_up_a_large_object_leaves_nothing_of_it(store: S3Store, flaky: FlakyStore) -> None:
    half_way = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield DATA[: PART + 1]
        half_way.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(store.write("film", stalling(), "video/mp4"))
    await half_way.wait()
    assert [found.key for found in await store.open_uploads("")] == ["film"]
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert (await store.stat("film"), await store.open_uploads("")) == (None, [])


async def test_a_slow_store_holds_up_nobody_else_and_is_given_up_at_last(
    flaky: FlakyStore, store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.put("film", SHORT, "text/plain")
    flaky.fail("slow", seconds=0.5)
    reading = asyncio.create_task(everything(store, "film"))
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0.01)
    assert reading.result() == SHORT
    assert turns > 5

    monkeypatch.setattr(s3, "TIMEOUT", urllib3.Timeout(connect=3, read=0.1))
    impatient = S3Store(flaky.settings)
    with pytest.raises(StoreUnavailable, match="answers too late"):
        await everything(impatient, "film")
    await impatient.close()


@pytest.mark.parametrize("wrong_by", [HOUR, -HOUR], ids=["ahead", "behind"])
async def test_a_wrong_clock_is_named_as_what_is_wrong(
    store: S3Store, monkeypatch: pytest.MonkeyPatch, wrong_by: timedelta
) -> None:
    right = sdk_clock.utcnow
    await store.put("film", SHORT, "text/plain")
    with monkeypatch.context() as patched:
        patched.setattr(sdk_clock, "utcnow", lambda: right() + wrong_by)
        for call in (
            store.put("film", b"other", "text/plain"),
            store.stat("film"),
            store.check(),
            store.delete("film"),
        ):
            with pytest.raises(StoreRefused, match=r"its clock and ours are \S+ apart: set both by a time server"):
                await call
    assert await everything(store, "film") == SHORT
