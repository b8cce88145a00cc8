"""Who gets in, and how the store's failures are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from minio import Minio
from msgspec.structs import replace

from content_store import (
    CompletedPart,
    ContentStore,
    StoreError,
    StoreRefused,
    StoreSettings,
    StoreUnavailable,
    StoreUnsafe,
    UnknownUpload,
    s3,
)
from content_store.s3 import S3Store
from tests.support.objectstore import fresh_bucket

PAGES = "https://lms.example"


async def failure_of(settings: StoreSettings) -> StoreError | None:
    store = S3Store(settings)
    try:
        await store.check()
    except StoreError as error:
        return error
    finally:
        await store.close()
    return None


async def test_a_closed_bucket_passes(settings: StoreSettings) -> None:
    assert await failure_of(settings) is None


async def test_without_keys_nothing_is_read_or_written(
    service: ContentStore, settings: StoreSettings, web: httpx.AsyncClient
) -> None:
    await service.put("exam", b"secret", "text/plain")
    bucket = f"{settings.url}/{settings.bucket}"
    answers = [
        await web.get(bucket),
        await web.get(f"{bucket}/exam"),
        await web.put(f"{bucket}/exam", content=b"mine"),
        await web.delete(f"{bucket}/exam"),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 403]


@pytest.mark.parametrize(
    ("action", "resource"), [("s3:GetObject", "/*"), ("s3:ListBucket", "")], ids=["readable", "listable"]
)
async def test_a_bucket_open_to_the_public_is_unsafe(settings: StoreSettings, action: str, resource: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": action,
        "Resource": f"arn:aws:s3:::{settings.bucket}{resource}",
    }
    client = Minio(settings.url.removeprefix("http://"), settings.access_key, settings.secret_key, secure=False)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    await asyncio.to_thread(client.set_bucket_policy, settings.bucket, policy)
    failure = await failure_of(settings)
    assert isinstance(failure, StoreUnsafe)
    assert str(failure).startswith(f"Anybody can read {settings.url}/{settings.bucket}/")


async def test_wrong_settings_are_told_apart_from_a_store_that_is_down(settings: StoreSettings) -> None:
    failures = {
        "wrong secret": await failure_of(replace(settings, secret_key="wrong")),
        "unknown key": await failure_of(replace(settings, access_key="unknown")),
        "no bucket": await failure_of(replace(settings, bucket="elsewhere")),
        "down": await failure_of(replace(settings, url="http://127.0.0.1:1")),
    }
    assert {name: type(failure) for name, failure in failures.items()} == {
        "wrong secret": StoreRefused,
        "unknown key": StoreRefused,
        "no bucket": StoreRefused,
        "down": StoreUnavailable,
    }
    assert str(failures["no bucket"]) == f"The object store at {settings.url} has no bucket 'elsewhere'."
    assert str(failures["down"]) == "The object store at http://127.0.0.1:1 cannot be reached or answers too late."


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """Serve one answer to everything, as a broken proxy in front of the store does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"
LOST = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nlost"
GONE = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/xml\r\nContent-Length: 40\r\n\r\n"
GONE += b"<Error><Code>NoSuchUpload</Code></Error>"
TORN = b"HTTP/1.1 200 OK\r\nETag: tag\r\nContent-Type: application/xml\r\nContent-Length: 1000\r\n\r\n<half"


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (PAGE, StoreRefused),
        (BUSY, StoreUnavailable),
        (LOST, StoreRefused),
        (TORN, StoreUnavailable),
        (b"", StoreUnavailable),
    ],
    ids=["a page", "busy", "lost", "torn", "nothing"],
)
async def test_whatever_answers_in_place_of_the_store_is_a_store_error(
    answer: bytes, failure: type[StoreError]
) -> None:
    async with answering(answer) as url:
        store = S3Store(StoreSettings(url, "key", "secret", "media"))
        with pytest.raises(failure):
            await store.start_upload("key", "text/plain")
        with pytest.raises(failure):
            await store.complete_upload("key", "upload", [CompletedPart(1, "tag", "00" * 32)])
        await store.close()


async def test_an_upload_that_the_store_does_not_know_is_gone_already() -> None:
    async with answering(GONE) as url:
        store = S3Store(StoreSettings(url, "key", "secret", "media"))
        await store.abort_upload("key", "upload")
        with pytest.raises(UnknownUpload):
            await store.arrived_parts("key", "upload")
        await store.close()


async def test_nothing_is_stored_in_a_bucket_that_does_not_exist(settings: StoreSettings) -> None:
    store = S3Store(replace(settings, bucket="elsewhere"))
    with pytest.raises(StoreRefused, match="NoSuchBucket"):
        await store.put("key", b"data", "text/plain")
    with pytest.raises(StoreRefused, match="NoSuchBucket"):
        await store.start_upload("key", "text/plain")
    await store.close()


async def test_a_download_that_breaks_off_is_not_taken_for_the_whole() -> None:
    async with answering(TORN) as url:
        store = S3Store(StoreSettings(url, "key", "secret", "media"))
        with pytest.raises(StoreUnavailable):
            assert [chunk async for chunk in store.read("video")] == []
        await store.close()


async def test_a_page_that_answers_in_place_of_the_store_is_no_object() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield bytes(s3.PART + 1)

    async with answering(PAGE) as url:
        store = S3Store(StoreSettings(url, "key", "secret", "media"))
        for asking in (
            store.put("video", b"bytes", "video/mp4"),
            store.write("video", pieces(), "video/mp4"),
            store.stat("video"),
            anext(store.read("video")),
            anext(store.objects("")),
            store.open_uploads(""),
        ):
            with pytest.raises(StoreRefused, match="is no object store"):
                await asking
        await store.close()


async def test_a_store_that_ignores_ranges_gives_no_wrong_bytes() -> None:
    whole = b"HTTP/1.1 200 OK\r\nETag: tag\r\nContent-Length: 10\r\n\r\n0123456789"
    async with answering(whole) as url:
        store = S3Store(StoreSettings(url, "key", "secret", "media"))
        assert [chunk async for chunk in store.read("video")] == [b"0123456789"]
        for start, length in ((3, None), (0, 4)):
            with pytest.raises(StoreRefused, match="whole objects instead of ranges"):
                await anext(store.read("video", start, length))
        await store.close()


async def test_several_processes_prepare_the_bucket_at_once(store_server: StoreSettings) -> None:
    async with fresh_bucket(store_server) as settings:
        stores = [S3Store(replace(settings, bucket=f"{settings.bucket}-2")) for _ in range(4)]
        await asyncio.gather(*(store.prepare([PAGES]) for store in stores for _ in range(4)))
        await stores[0].check()
        for store in stores:
            await store.close()


async def test_only_pages_of_the_allowed_origins_may_use_the_bucket(
    service: ContentStore, settings: StoreSettings, web: httpx.AsyncClient
) -> None:
    async def preflight(origin: str, method: str) -> tuple[int, str | None]:
        asked = {"Origin": origin, "Access-Control-Request-Method": method}
        asked["Access-Control-Request-Headers"] = "x-amz-checksum-sha256,range"
        answer = await web.options(f"{settings.url}/{settings.bucket}/lecture", headers=asked)
        return answer.status_code, answer.headers.get("access-control-allow-methods")

    assert await preflight(PAGES, "PUT") == (200, "GET, HEAD, PUT")
    assert await preflight(PAGES, "GET") == (200, "GET, HEAD, PUT")
    assert await preflight("https://elsewhere.example", "PUT") == (403, None)

    await service.put("lecture", b"0123456789", "text/plain")
    url = service.download_address("lecture", "lecture.txt", "text/plain", timedelta(hours=1))
    ours = await web.get(url, headers={"Origin": PAGES, "Range": "bytes=2-4"})
    exposed = {name.lower() for name in ours.headers["access-control-expose-headers"].split(", ")}
    assert (ours.content, ours.headers["access-control-allow-origin"]) == (b"234", PAGES)
    assert exposed == {"etag", "content-length", "content-range", "accept-ranges", "x-amz-checksum-sha256"}

    theirs = await web.get(url, headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in theirs.headers


def test_settings_show_no_secret_and_accept_no_path() -> None:
    settings = StoreSettings("https://media.example", "key", "hidden", "media")
    assert repr(settings) == (
        "StoreSettings(url='https://media.example', access_key='key', secret_key='***', bucket='media', "
        "public_url='', region='us-east-1')"
    )
    assert "hidden" not in str(list(settings.__rich_repr__()))
    for wrong in ({"url": "media.example:80"}, {"public_url": "https://example/store"}, {"bucket": "Not_A_Bucket"}):
        with pytest.raises(ValueError, match=r"must look like|can be called"):
            replace(settings, **wrong)
